//! [`HttpTransport`]: blocking HTTP by ureq. TLS is always verified, everything is bounded, redirects are not followed.

use std::io::{self, Read};
use std::time::Duration;

use ureq::config::Config;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector, TcpConnector};
use ureq::{Agent, Error as UreqError, Proxy as UreqProxy, ProxyProtocol, SendBody, Timeout};

use super::body::BodyReader;
use super::connector::{Cancellable, CancellableResolver, SetupError, TlsConnector, has_ended, run};
use super::io_error;
use super::message::{Transport, TransportRequest, TransportResponse, limit};
use super::proxy::{Proxy, ProxyScheme};
use super::tls::Roots;
use crate::error::{ConfigError, InvalidProxy, TimeoutPhase, TlsReason, TransportError, TransportErrorKind};

/// The limit for the headers of a response, in bytes.
const MAX_HEADERS_LEN: usize = 64 << 10;
/// How many bytes of a body are read at a time.
const CHUNK_LEN: usize = 64 << 10;

/// Settings of a transport over HTTP.
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) roots: Roots,
    pub(crate) user_agent: String,
}

/// The default transport. Connections are kept and reused.
pub(crate) struct HttpTransport {
    agent: Agent,
    /// The proxy as it may be shown.
    proxy: Option<String>,
}

impl HttpTransport {
    pub(crate) fn new(settings: HttpSettings) -> Result<HttpTransport, ConfigError> {
        let connect_timeout = limit(settings.connect_timeout);
        let proxy = settings.proxy.as_ref();
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEADERS_LEN)
            .timeout_connect(connect_timeout)
            .timeout_resolve(connect_timeout)
            .user_agent(settings.user_agent)
            .proxy(proxy.map(ureq_proxy).transpose()?)
            .build();
        let connectors =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector::new(settings.roots));
        let resolver = CancellableResolver { proxy: proxy.map(|proxy| (proxy.host.clone(), proxy.port)) };
        let agent = Agent::with_parts(config, Cancellable(connectors), resolver);
        Ok(HttpTransport { agent, proxy: settings.proxy.as_ref().map(Proxy::to_string) })
    }

    fn exchange(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let mut body = WatchedBody { rest: request.body.as_bytes(), taken: false };
        let mut builder =
            self.agent.post(&request.uri).config().timeout_global(limit(request.timeout)).build();
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        // Without a length the body is sent in chunks, which some servers in front of PHP refuse.
        builder = builder.header(http::header::CONTENT_LENGTH, request.body.len());
        let sent = builder.send(SendBody::from_reader(&mut body));
        let response = match sent {
            Ok(response) => response,
            Err(error) if body.taken => return Err(self.failed(error, Phase::Exchange)),
            Err(error) => return Err(self.failed(error, Phase::Setup).not_sent()),
        };
        let (head, body) = response.into_parts();
        let mut reader = BodyReader::new(&head.headers, request.max_response_len)?;
        let mut body = body.into_reader();
        let mut chunk = vec![0; CHUNK_LEN];
        loop {
            let read = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => return Err(self.failed(UreqError::from(error), Phase::Body)),
            };
            reader.push(chunk.get(..read).unwrap_or_default())?;
        }
        Ok(http::Response::from_parts(head, reader.finish()?))
    }

    /// What an error of ureq means.
    fn failed(&self, error: UreqError, phase: Phase) -> TransportError {
        let error = failed(error, phase, self.proxy.is_some());
        match &self.proxy {
            Some(proxy) => error.with_proxy(proxy.as_str()),
            None => error,
        }
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let outcome = run(&request.cancellation, || self.exchange(request));
        // A body that lasts until its connection is closed looks whole when cancelling closed it.
        match outcome {
            Ok(_) if request.cancellation.is_cancelled() => {
                Err(TransportError::new(TransportErrorKind::Interrupted))
            }
            outcome => outcome,
        }
    }
}

fn ureq_proxy(proxy: &Proxy) -> Result<UreqProxy, ConfigError> {
    let protocol = match proxy.scheme {
        ProxyScheme::Http => ProxyProtocol::Http,
        ProxyScheme::Https => ProxyProtocol::Https,
        ProxyScheme::Socks4 => ProxyProtocol::Socks4,
        ProxyScheme::Socks4a => ProxyProtocol::Socks4A,
        ProxyScheme::Socks5 => ProxyProtocol::Socks5,
        ProxyScheme::Socks5h => ProxyProtocol::Socks5h,
    };
    let mut builder = UreqProxy::builder(protocol).host(&proxy.host).port(proxy.port);
    if let Some((user, password)) = &proxy.login {
        builder = builder.username(user).password(password);
    }
    // The error may quote the address, so it is not passed on.
    builder.build().map_err(|_| ConfigError::Proxy { variable: None, problem: InvalidProxy::Malformed })
}

/// The body of a request, and whether any of it was taken to be sent: ureq reads it only after it is connected and
/// the headers were sent.
struct WatchedBody<'a> {
    rest: &'a [u8],
    taken: bool,
}

impl Read for WatchedBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.taken = true;
        self.rest.read(buffer)
    }
}

/// How far an exchange was when it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Setup,
    Exchange,
    Body,
}

fn failed(error: UreqError, phase: Phase, by_proxy: bool) -> TransportError {
    use TransportErrorKind::*;
    let plain =
        |kind, detail: &dyn std::fmt::Display| TransportError::new(kind).with_detail(detail.to_string());
    match error {
        UreqError::HostNotFound => TransportError::new(Dns),
        UreqError::ConnectionFailed => TransportError::new(if by_proxy { Proxy } else { Connect }),
        UreqError::Timeout(timeout) => TransportError::new(Timeout(timeout_phase(timeout, phase))),
        UreqError::Rustls(error) => TransportError::new(Tls(TlsReason::from_rustls(&error))),
        UreqError::Tls(problem) => TransportError::new(Tls(TlsReason::Other { problem: problem.to_owned() })),
        // The proxy was reached and refused.
        UreqError::ConnectProxyFailed(problem) => plain(Proxy, &problem).permanent(),
        UreqError::LargeResponseHeader(..) => TransportError::new(HeadersTooLarge),
        UreqError::Io(error) => io_failed(&error, phase, by_proxy),
        UreqError::Other(error) => match error.downcast_ref::<SetupError>() {
            Some(SetupError::Lookup { error, .. } | SetupError::Thread(error))
                if io_error::is_local_resources(error) =>
            {
                plain(LocalResources, &io_error::words(error))
            }
            Some(SetupError::Lookup { of_proxy: true, error }) => {
                plain(Proxy, &format!("could not look up its host: {}", lookup_words(error)))
            }
            Some(SetupError::Lookup { error, .. }) => plain(Dns, &lookup_words(error)),
            Some(SetupError::Thread(error)) => plain(Thread, &io_error::words(error)),
            Some(SetupError::Cancelled) | None => plain(Other, &error),
        },
        // A body in chunks that ends between them, or whose framing is longer than the buffer.
        UreqError::BodyStalled if has_ended() => TransportError::new(Truncated),
        UreqError::BodyStalled => plain(Protocol, &"the framing of a chunk is too long"),
        // Its type is private, so its text decides.
        UreqError::Protocol(error) if error.to_string().contains("too many headers") => {
            TransportError::new(HeadersTooLarge)
        }
        // Until the connection is set up, all that replies is the proxy.
        UreqError::Protocol(error) if phase == Phase::Setup && by_proxy => plain(Proxy, &error).permanent(),
        UreqError::Protocol(error) => plain(Protocol, &error),
        other => plain(Other, &other),
    }
}

fn io_failed(error: &io::Error, phase: Phase, by_proxy: bool) -> TransportError {
    use TransportErrorKind::*;
    if let Some(reason) = TlsReason::from_io(error) {
        return TransportError::new(Tls(reason));
    }
    if error.kind() == io::ErrorKind::TimedOut {
        return TransportError::new(Timeout(match phase {
            Phase::Setup => TimeoutPhase::Connect,
            Phase::Exchange => TimeoutPhase::Response,
            Phase::Body => TimeoutPhase::Body,
        }));
    }
    let kind = io_error::classify(error, phase == Phase::Setup, phase == Phase::Body);
    let error_of = |kind| TransportError::new(kind).with_detail(io_error::words(error));
    match kind {
        // Until the connection is set up, all that is heard of is the proxy.
        Connect if by_proxy && io_error::is_unreached(error) => error_of(Proxy),
        Connect if by_proxy => error_of(Proxy).permanent(),
        kind => error_of(kind),
    }
}

/// A failed look-up in words, without what the standard library puts before them.
fn lookup_words(error: &io::Error) -> String {
    let words = io_error::words(error);
    words.strip_prefix("failed to lookup address information: ").unwrap_or(&words).to_owned()
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
