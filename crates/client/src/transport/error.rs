//! Why there is no response, and whether the server may have seen the request all the same.

use std::fmt;

use super::TlsReason;

/// A request that brought no whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    kind: TransportErrorKind,
    detail: Option<String>,
    may_have_been_sent: bool,
}

/// What went wrong between this machine and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name leads to no address.
    Dns,
    /// No connection came about.
    Connect,
    /// The proxy did not let the request through.
    Proxy,
    /// The server could not be trusted, or no encrypted connection came about.
    Tls(TlsReason),
    /// It took too long.
    Timeout(TimeoutPhase),
    /// The connection was closed or reset before the response began.
    Interrupted,
    /// The response broke off in the middle.
    Truncated,
    /// What answered does not speak HTTP, or speaks it wrongly.
    Protocol,
    /// The headers of the response are larger than is read.
    HeadersTooLarge,
    /// The body of the response, decompressed, is larger than is read.
    TooLarge {
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// Anything else.
    Other,
}

/// What was under way when the time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// The host's name was being looked up.
    Resolve,
    /// The connection, encryption included, was being set up.
    Connect,
    /// The request was being sent, and the server did not take it.
    Send,
    /// The request was sent, and the response had not begun.
    Response,
    /// The response had begun and was still coming.
    Body,
    /// It is not known what; the whole took longer than it may.
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
            TransportErrorKind::Other => "other",
        }
    }
}

impl TransportError {
    /// An error of this kind, where the request may have reached the server.
    pub fn new(kind: TransportErrorKind) -> TransportError {
        TransportError { kind, detail: None, may_have_been_sent: true }
    }

    /// Adds what the system said of it.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> TransportError {
        TransportError { detail: Some(detail.into()).filter(|detail| !detail.is_empty()), ..self }
    }

    /// Says that no part of the request's body was sent.
    #[must_use]
    pub fn not_sent(self) -> TransportError {
        TransportError { may_have_been_sent: false, ..self }
    }

    /// What went wrong.
    pub fn kind(&self) -> &TransportErrorKind {
        &self.kind
    }

    /// What the system said of it.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Whether the server may have seen the request. `false` only where it is certain that it did not.
    pub fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }

    /// Whether the same request may fare better in a moment.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind,
            TransportErrorKind::Dns
                | TransportErrorKind::Connect
                | TransportErrorKind::Timeout(_)
                | TransportErrorKind::Interrupted
                | TransportErrorKind::Truncated
        )
    }

    /// The same error with its detail passed through `change`; for a caller that has secrets to strike out.
    #[must_use]
    pub(crate) fn map_detail(self, change: impl FnOnce(&str) -> String) -> TransportError {
        TransportError { detail: self.detail.map(|detail| change(&detail)), ..self }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TransportErrorKind::Dns => "the host's name could not be looked up",
            TransportErrorKind::Connect => "no connection to the server came about",
            TransportErrorKind::Proxy => "the proxy did not let the request through",
            TransportErrorKind::Tls(reason) => {
                return write!(f, "the encrypted connection (TLS) was not set up, as {reason}");
            }
            TransportErrorKind::Timeout(phase) => match phase {
                TimeoutPhase::Resolve => "looking up the host's name took too long",
                TimeoutPhase::Connect => "the server did not accept a connection in time",
                TimeoutPhase::Send => "the server did not take the request in time",
                TimeoutPhase::Response => "the server did not begin its response in time",
                TimeoutPhase::Body => "the response was not complete in time",
                TimeoutPhase::Total => "the exchange took longer than it may",
            },
            TransportErrorKind::Interrupted => "the connection was closed before a response came",
            TransportErrorKind::Truncated => "the response broke off in the middle",
            TransportErrorKind::Protocol => "what answered does not speak HTTP as it should",
            TransportErrorKind::HeadersTooLarge => "the headers of the response are too large",
            TransportErrorKind::TooLarge { limit } => {
                return write!(f, "the response is larger than {limit} bytes");
            }
            TransportErrorKind::Other => "the request could not be made",
        })
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TransportError {}
