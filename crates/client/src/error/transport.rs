//! [`TransportError`]: why there is no response, and whether the server may have received the request.

use std::fmt;

use super::tls::TlsReason;

/// The error of a request without a complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    kind: TransportErrorKind,
    detail: Option<String>,
    proxy: Option<String>,
    may_have_been_sent: bool,
    is_permanent: bool,
}

/// What went wrong between this machine and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name could not be looked up.
    Dns,
    /// The connection could not be established.
    Connect,
    /// The proxy could not be reached, or refused to connect to the server.
    Proxy,
    /// The server is not trusted, or no encrypted connection could be established.
    Tls(TlsReason),
    /// A time limit was exceeded.
    Timeout(TimeoutPhase),
    /// The connection was closed or reset before the response began.
    Interrupted,
    /// The response ended in the middle.
    Truncated,
    /// The reply is not valid HTTP.
    Protocol,
    /// The headers of the response are larger than the limit.
    HeadersTooLarge,
    /// The body of the response, decompressed, is larger than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body of the response is compressed more than any page of tickets: more than 200 times, beyond its first
    /// MiB.
    CompressionRatio,
    /// This machine or process has no file descriptors, ports, buffers or memory left.
    LocalResources,
    /// A thread could not be started.
    Thread,
    /// Anything else.
    Other,
}

/// What was in progress when a time limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// The host's name was being looked up.
    Resolve,
    /// The connection, encryption included, was being established.
    Connect,
    /// The request was being sent, and the server did not read it.
    Send,
    /// The request was sent, and the response had not begun.
    Response,
    /// The response had begun and was not complete.
    Body,
    /// Not known; the whole exchange took longer than the limit.
    Total,
}

impl TransportErrorKind {
    /// A stable name for programs, such as `timeout`.
    pub const fn code(&self) -> &'static str {
        match self {
            TransportErrorKind::Dns => "dns",
            TransportErrorKind::Connect => "connect",
            TransportErrorKind::Proxy => "proxy",
            TransportErrorKind::Tls(_) => "tls",
            TransportErrorKind::Timeout(_) => "timeout",
            TransportErrorKind::Interrupted => "interrupted",
            TransportErrorKind::Truncated => "truncated",
            TransportErrorKind::Protocol => "protocol",
            TransportErrorKind::HeadersTooLarge => "headers-too-large",
            TransportErrorKind::TooLarge { .. } => "too-large",
            TransportErrorKind::CompressionRatio => "compression-ratio",
            TransportErrorKind::LocalResources => "local-resources",
            TransportErrorKind::Thread => "thread",
            TransportErrorKind::Other => "other",
        }
    }
}

impl TransportError {
    /// An error of this kind, where the request may have reached the server.
    pub fn new(kind: TransportErrorKind) -> TransportError {
        TransportError { kind, detail: None, proxy: None, may_have_been_sent: true, is_permanent: false }
    }

    /// Adds what the system reported.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> TransportError {
        TransportError { detail: Some(detail.into()).filter(|detail| !detail.is_empty()), ..self }
    }

    /// Adds the address of the proxy in use, without a password.
    #[must_use]
    pub fn with_proxy(self, proxy: impl Into<String>) -> TransportError {
        TransportError { proxy: Some(proxy.into()), ..self }
    }

    /// States that no part of the request's body was sent.
    #[must_use]
    pub fn not_sent(self) -> TransportError {
        TransportError { may_have_been_sent: false, ..self }
    }

    /// States that the same request will fail again.
    #[must_use]
    pub fn permanent(self) -> TransportError {
        TransportError { is_permanent: true, ..self }
    }

    /// What went wrong.
    pub fn kind(&self) -> &TransportErrorKind {
        &self.kind
    }

    /// What the system reported.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The address of the proxy that the request went through, without a password; `None` without a proxy.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// Whether the server may have received the request. `false` only if it certainly did not.
    pub fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        let passes = matches!(
            self.kind,
            TransportErrorKind::Dns
                | TransportErrorKind::Connect
                | TransportErrorKind::Proxy
                | TransportErrorKind::Timeout(_)
                | TransportErrorKind::Interrupted
                | TransportErrorKind::Truncated
                | TransportErrorKind::LocalResources
        );
        passes && !self.is_permanent
    }

    /// The same error with its detail passed through `change`, which removes secrets.
    #[must_use]
    pub(crate) fn map_detail(self, change: impl FnOnce(&str) -> String) -> TransportError {
        TransportError { detail: self.detail.map(|detail| change(&detail)), ..self }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TransportErrorKind::Dns => "could not look up the host",
            TransportErrorKind::Connect => "could not connect",
            TransportErrorKind::Proxy => "the proxy can't be used",
            TransportErrorKind::Tls(reason) => return write!(f, "no encrypted connection (TLS): {reason}"),
            TransportErrorKind::Timeout(phase) => match phase {
                TimeoutPhase::Resolve => "timed out while looking up the host",
                TimeoutPhase::Connect => "timed out while connecting",
                TimeoutPhase::Send => "timed out while sending the request",
                TimeoutPhase::Response => "timed out while waiting for the response",
                TimeoutPhase::Body => "timed out while reading the response",
                TimeoutPhase::Total => "timed out",
            },
            TransportErrorKind::Interrupted => "the connection was closed before the response began",
            TransportErrorKind::Truncated => "the response ended in the middle",
            TransportErrorKind::Protocol => "the reply is not valid HTTP",
            TransportErrorKind::HeadersTooLarge => "the headers of the response are too large",
            TransportErrorKind::TooLarge { limit } => {
                return write!(f, "the response is larger than {limit} bytes");
            }
            TransportErrorKind::CompressionRatio => {
                "the response is compressed more than 200 times, as an attack would be"
            }
            TransportErrorKind::LocalResources => "this machine is out of resources",
            TransportErrorKind::Thread => "a thread could not be started",
            TransportErrorKind::Other => "the request could not be made",
        })
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, &self.proxy) {
            (TransportErrorKind::Proxy, Some(proxy)) => write!(f, "the proxy {proxy} can't be used")?,
            (kind, Some(proxy)) => write!(f, "{kind}, through the proxy {proxy}")?,
            (kind, None) => kind.fmt(f)?,
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {}
