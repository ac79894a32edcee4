//! [`AsyncTransport`]: asynchronous HTTP by reqwest, with the limits, the TLS settings and the proxy of the blocking one.

use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::redirect::Policy;
use reqwest::{Client, Error as ReqwestError, NoProxy, Proxy as ReqwestProxy};
use rustls::Error as RustlsError;

use super::body::BodyReader;
use super::io_error;
use super::message::{TransportRequest, TransportResponse, limit};
use super::proxy::Proxy;
use super::ureq::HttpSettings;
use crate::error::{ConfigError, InvalidProxy, TimeoutPhase, TlsReason, TransportError, TransportErrorKind};

/// Carries requests over HTTP. Connections are kept and reused; dropping a call closes its connection.
pub(crate) struct AsyncTransport {
    client: Client,
    /// The proxy as it may be shown.
    proxy: Option<String>,
}

impl AsyncTransport {
    pub(crate) fn new(settings: HttpSettings) -> Result<AsyncTransport, ConfigError> {
        let tls_problem = |problem: String| match io_error::no_socket_left() {
            // The root certificates could not be opened.
            Some(shortage) => ConfigError::LocalResources { problem: io_error::words(&shortage) },
            None => ConfigError::TlsSetup { problem },
        };
        let tls = settings.roots.client_config().map_err(|error| tls_problem(error.to_string()))?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .redirect(Policy::none())
            .referer(false)
            .http1_only()
            .user_agent(settings.user_agent)
            // The environment was read before.
            .no_proxy();
        if let Some(time) = limit(settings.connect_timeout) {
            builder = builder.connect_timeout(time);
        }
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(reqwest_proxy(proxy)?);
        }
        let client = builder.build().map_err(|error| tls_problem(words(&error)))?;
        Ok(AsyncTransport { client, proxy: settings.proxy.as_ref().map(Proxy::to_string) })
    }

    /// Sends the request and reads the whole response, whatever its status.
    pub(crate) async fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        // Wiped when the last part of reqwest is done with it.
        let body = Bytes::from_owner(Wiped(request.body.clone()));
        let (body, taken) = WatchedBody::new(body);
        let mut outgoing = self
            .client
            .post(request.uri.to_string())
            .headers(request.headers.clone())
            .body(reqwest::Body::wrap(body));
        if let Some(time) = limit(request.timeout) {
            outgoing = outgoing.timeout(time);
        }
        let mut response = outgoing.send().await.map_err(|error| {
            let phase = if taken.load(Ordering::Relaxed) { Phase::Exchange } else { Phase::Setup };
            self.failed(&error, phase)
        })?;
        let mut reader = BodyReader::new(response.headers(), request.max_response_len)?;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error, Phase::Body))? {
            reader.push(&chunk)?;
        }
        let mut whole = http::Response::new(reader.finish()?);
        *whole.status_mut() = response.status();
        std::mem::swap(whole.headers_mut(), response.headers_mut());
        Ok(whole)
    }

    /// What an error of reqwest means.
    fn failed(&self, error: &ReqwestError, phase: Phase) -> TransportError {
        let failed = failed(error, phase, self.proxy.is_some());
        match &self.proxy {
            Some(proxy) => failed.with_proxy(proxy.as_str()),
            None => failed,
        }
    }
}

/// The body of a request, which holds the credentials.
struct Wiped(zeroize::Zeroizing<String>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The body of a request, and whether it was taken to be sent: hyper reads it only after the connection is set up.
struct WatchedBody {
    rest: Option<Bytes>,
    taken: Arc<AtomicBool>,
}

impl WatchedBody {
    fn new(body: Bytes) -> (WatchedBody, Arc<AtomicBool>) {
        let taken = Arc::new(AtomicBool::new(false));
        (WatchedBody { rest: Some(body), taken: Arc::clone(&taken) }, taken)
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.store(true, Ordering::Relaxed);
        Poll::Ready(self.rest.take().map(|body| Ok(Frame::data(body))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.as_ref().map_or(0, |body| body.len() as u64))
    }
}

/// How far an exchange was when it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Setup,
    Exchange,
    Body,
}

fn reqwest_proxy(proxy: &Proxy) -> Result<ReqwestProxy, ConfigError> {
    let built = ReqwestProxy::all(proxy.to_string())
        .map_err(|_| ConfigError::Proxy { variable: None, problem: InvalidProxy::Malformed })?;
    let built = built.no_proxy(None::<NoProxy>);
    Ok(match &proxy.login {
        Some((user, password)) => built.basic_auth(user, password),
        None => built,
    })
}

fn failed(error: &ReqwestError, phase: Phase, by_proxy: bool) -> TransportError {
    use TransportErrorKind::*;
    let phase = if error.is_connect() { Phase::Setup } else { phase };
    let (in_setup, in_body) = (phase == Phase::Setup, phase == Phase::Body);
    let of = |kind| {
        let failed = TransportError::new(kind);
        if in_setup { failed.not_sent() } else { failed }
    };
    if let Some(reason) = tls_reason(error) {
        return of(Tls(reason));
    }
    if error.is_timeout() {
        return of(Timeout(match phase {
            Phase::Setup => TimeoutPhase::Connect,
            Phase::Exchange => TimeoutPhase::Response,
            Phase::Body => TimeoutPhase::Body,
        }));
    }
    let cause = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(cause) = cause.filter(|cause| io_error::is_local_resources(cause)) {
        return of(LocalResources).with_detail(io_error::words(cause));
    }
    let detail = words(error);
    if in_setup {
        if let Some(shortage) = io_error::no_socket_left() {
            return of(LocalResources).with_detail(io_error::words(&shortage));
        }
        // For SOCKS the cause is not passed on.
        let no_connection = detail.contains("failed to create underlying connection");
        let unreached = error.is_dns() || no_connection || cause.is_some_and(io_error::is_unreached);
        return match (by_proxy, error.is_dns()) {
            // Until the connection is set up, all that is heard of is the proxy.
            (true, _) if unreached => of(Proxy).with_detail(detail),
            (true, _) => of(Proxy).with_detail(detail).permanent(),
            (false, true) => of(Dns).with_detail(detail),
            (false, false) => of(Connect).with_detail(detail),
        };
    }
    let says = |words: &str| detail.contains(words);
    if says("too large") {
        return of(HeadersTooLarge);
    }
    // Other ends of a connection have an I/O error as their cause.
    let is_cut = says("before message completed");
    let kind = match cause {
        Some(cause) => io_error::classify(cause, false, in_body),
        None if is_cut && in_body => Truncated,
        None if is_cut => Interrupted,
        None => Protocol,
    };
    of(kind).with_detail(detail)
}

/// The causes of an error, outermost first.
fn causes(error: &ReqwestError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn tls_reason(error: &ReqwestError) -> Option<TlsReason> {
    causes(error).find_map(|cause| {
        let of_io = cause.downcast_ref::<io::Error>().and_then(TlsReason::from_io);
        of_io.or_else(|| cause.downcast_ref::<RustlsError>().map(TlsReason::from_rustls))
    })
}

/// The innermost cause in words: the outer ones repeat the address.
fn words(error: &ReqwestError) -> String {
    match causes(error).last() {
        Some(cause) => match cause.downcast_ref::<io::Error>() {
            Some(cause) => io_error::words(cause),
            None => cause.to_string(),
        },
        None => "the request could not be made".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;
    use crate::transport::tls::Roots;

    #[test]
    fn a_response_whose_runtime_ends_is_truncated() {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 64]).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").unwrap();
            // Until the client closes the connection.
            while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
        });
        // The connection belongs to the runtime in which it was opened.
        let first = runtime();
        let settings = HttpSettings {
            connect_timeout: Duration::MAX,
            proxy: None,
            roots: Roots::System,
            user_agent: "test".to_owned(),
        };
        let transport = AsyncTransport::new(settings).unwrap();
        let mut response = first.block_on(transport.client.get(address).send()).unwrap();
        drop(first);
        let error = runtime().block_on(async {
            loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the body is not complete"),
                    Err(error) => break error,
                }
            }
        });
        assert_eq!(failed(&error, Phase::Body, false).kind(), &TransportErrorKind::Truncated, "{error:?}");
        assert_eq!(failed(&error, Phase::Exchange, false).kind(), &TransportErrorKind::Interrupted);
        server.join().unwrap();
    }
}
