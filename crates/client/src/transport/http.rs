//! HTTP by ureq: TLS always verified, everything bounded, redirects never followed.

use std::io::{self, Read};
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error as UreqError, Proxy, SendBody, Timeout};

use super::{
    TimeoutPhase, TlsReason, Transport, TransportError, TransportErrorKind, TransportRequest,
    TransportResponse,
};
use crate::error::ConfigError;

/// Headers beyond this are no reply of this API.
const MAX_HEADERS_LEN: usize = 64 << 10;

/// Which proxy to go through.
#[derive(Clone, Default)]
pub(crate) enum ProxyChoice {
    /// The environment's, as `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    None,
    /// Its address, which may hold a password.
    At(zeroize::Zeroizing<String>),
}

/// What an [`HttpTransport`] is built from.
pub(crate) struct HttpSettings<'a> {
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: &'a ProxyChoice,
    /// Requests to this machine itself go through no proxy of the environment's.
    pub(crate) is_loopback: bool,
    pub(crate) root_certificates: Option<&'a [u8]>,
    pub(crate) user_agent: &'a str,
}

/// The default transport. Connections are kept and used again.
pub(crate) struct HttpTransport {
    agent: Agent,
}

impl HttpTransport {
    pub(crate) fn new(settings: &HttpSettings<'_>) -> Result<HttpTransport, ConfigError> {
        let roots = match settings.root_certificates {
            Some(pem) => RootCerts::new_with_certs(&certificates(pem)?),
            None => RootCerts::PlatformVerifier,
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEADERS_LEN)
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_resolve(Some(settings.connect_timeout))
            .user_agent(settings.user_agent)
            .proxy(proxy(settings)?)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(HttpTransport { agent: config.new_agent() })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ConfigError> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(ConfigError::RootCertificates { problem: error.to_string() }),
        }
    }
    match certificates.is_empty() {
        true => Err(ConfigError::RootCertificates { problem: "there is none in it".to_owned() }),
        false => Ok(certificates),
    }
}

fn proxy(settings: &HttpSettings<'_>) -> Result<Option<Proxy>, ConfigError> {
    match settings.proxy {
        ProxyChoice::None => Ok(None),
        // A web server's CGI turns a visitor's `Proxy:` header into HTTP_PROXY, so there it is not believed.
        ProxyChoice::Environment if settings.is_loopback || std::env::var_os("REQUEST_METHOD").is_some() => {
            Ok(None)
        }
        ProxyChoice::Environment => Ok(Proxy::try_from_env()),
        // The error may quote the address, so it is not handed on.
        ProxyChoice::At(address) => Proxy::new(address).map(Some).map_err(|_| ConfigError::Proxy),
    }
}

/// The body, and whether any of it was taken to be sent: ureq reads it only once it is connected and the
/// headers are on their way.
struct Watched<'a> {
    rest: &'a [u8],
    taken: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.taken = true;
        self.rest.read(buffer)
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let mut body = Watched { rest: request.body.as_bytes(), taken: false };
        let mut builder =
            self.agent.post(&request.uri).config().timeout_global(Some(request.timeout)).build();
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        // With its length told, the body is not sent in chunks, which some servers in front of PHP refuse.
        builder = builder.header(::http::header::CONTENT_LENGTH, request.body.len());
        let sent = builder.send(SendBody::from_reader(&mut body));
        let response = match sent {
            Ok(response) => response,
            Err(error) if body.taken => return Err(failed(error, Phase::Exchange)),
            Err(error) => return Err(failed(error, Phase::Setup).not_sent()),
        };
        let (head, body) = response.into_parts();
        let limit = request.max_response_len;
        let mut body = body
            .into_with_config()
            .limit(limit as u64)
            .read_to_vec()
            .map_err(|error| failed(error, Phase::Body))?;
        // It grew by doubling, and a page keeps it.
        body.shrink_to_fit();
        Ok(::http::Response::from_parts(head, body))
    }
}

/// How far the exchange had come when it failed.
#[derive(Clone, Copy)]
enum Phase {
    Setup,
    Exchange,
    Body,
}

fn failed(error: UreqError, phase: Phase) -> TransportError {
    use TransportErrorKind::*;
    let plain =
        |kind, detail: &dyn std::fmt::Display| TransportError::new(kind).with_detail(detail.to_string());
    match error {
        UreqError::HostNotFound => TransportError::new(Dns),
        UreqError::ConnectionFailed => TransportError::new(Connect),
        UreqError::Timeout(timeout) => TransportError::new(Timeout(timeout_phase(timeout, phase))),
        UreqError::Rustls(error) => TransportError::new(Tls(TlsReason::from_rustls(&error))),
        UreqError::Tls(problem) => TransportError::new(Tls(TlsReason::Other { problem: problem.to_owned() })),
        UreqError::ConnectProxyFailed(problem) => plain(Proxy, &problem),
        UreqError::LargeResponseHeader(..) => TransportError::new(HeadersTooLarge),
        UreqError::BodyExceedsLimit(limit) => {
            TransportError::new(TooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) })
        }
        UreqError::Io(error) => io_failed(&error, phase),
        UreqError::Decompress(_, error) => match io_failed(&error, phase) {
            error if error.kind() == &Other => plain(Protocol, &error.detail().unwrap_or("bad compression")),
            error => error,
        },
        // A body in chunks that ends between them is told as a breach of the protocol.
        UreqError::BodyStalled => TransportError::new(Truncated),
        // Its type is not within reach, so its text has to tell.
        UreqError::Protocol(error) if error.to_string().contains("too many headers") => {
            TransportError::new(HeadersTooLarge)
        }
        UreqError::Protocol(error) => plain(Protocol, &error),
        other => plain(Other, &other),
    }
}

fn io_failed(error: &io::Error, phase: Phase) -> TransportError {
    use TransportErrorKind::*;
    if let Some(reason) = TlsReason::from_io(error) {
        return TransportError::new(Tls(reason));
    }
    let kind = match (error.kind(), phase) {
        (io::ErrorKind::TimedOut, phase) => Timeout(match phase {
            Phase::Setup => TimeoutPhase::Connect,
            Phase::Exchange => TimeoutPhase::Response,
            Phase::Body => TimeoutPhase::Body,
        }),
        (_, Phase::Setup) if is_lookup_failure(error) => Dns,
        (_, Phase::Setup) => Connect,
        (
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
            phase,
        ) => match phase {
            Phase::Body => Truncated,
            Phase::Setup | Phase::Exchange => Interrupted,
        },
        _ => Other,
    };
    TransportError::new(kind).with_detail(error.to_string())
}

/// The standard library has no kind of its own for this; its message has been the same since 1.0.
fn is_lookup_failure(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address information")
}

fn timeout_phase(timeout: Timeout, phase: Phase) -> TimeoutPhase {
    match (timeout, phase) {
        (Timeout::Resolve, _) => TimeoutPhase::Resolve,
        (Timeout::Connect, _) => TimeoutPhase::Connect,
        (Timeout::SendRequest | Timeout::SendBody, _) => TimeoutPhase::Send,
        (Timeout::RecvResponse, _) => TimeoutPhase::Response,
        (Timeout::RecvBody, _) | (_, Phase::Body) => TimeoutPhase::Body,
        (_, Phase::Exchange) => TimeoutPhase::Response,
        (_, Phase::Setup) => TimeoutPhase::Connect,
    }
}
