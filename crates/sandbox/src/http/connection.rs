//! Connections: accepts them, reads their requests, and sends the responses.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gettickets_protocol::GetTickets;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, USER_AGENT};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::deliver::{self, Body};
use super::parameters;
use super::respond::{self, Received};
use super::server::Server;
use crate::answer::Answer;

/// The maximum length of a body; the parameters take a few hundred bytes.
const MAX_BODY: usize = 1 << 20;
/// How long to wait before accepting again after the system refused a connection, for example because no descriptors
/// are left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves every connection until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, server: Arc<Server>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(tokio::spawn(connection(stream, peer, Arc::clone(&server)))),
            // The client has already disconnected.
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection. A client that does not send a complete request head in time is disconnected.
async fn connection(stream: TcpStream, peer: SocketAddr, server: Arc<Server>) {
    // A small reply must not wait for the client's acknowledgment.
    let _ = stream.set_nodelay(true);
    let peer = peer.ip().to_canonical();
    let timeout = server.request_timeout;
    let service = service_fn(move |request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(handle(server, peer, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(timeout);
    // Errors are caused by the client: it disconnected, was too slow, or does not speak HTTP.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn handle(server: Arc<Server>, peer: IpAddr, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if let Some(refused) = refuse_host(&server, &head) {
        return deliver::response(refused).await;
    }
    let path = head.uri.path();
    // The API is below any prefix that an install could have.
    let is_api = path.strip_suffix(GetTickets::PATH).is_some_and(|before| before.ends_with('/'));
    if !is_api {
        return deliver::response(elsewhere(path)).await;
    }
    let number = server.requests.fetch_add(1, Ordering::Relaxed);
    let body = match read(body, server.request_timeout).await {
        Ok(body) => body,
        Err(refused) => return deliver::response(refused).await,
    };
    let has_user_agent = head.headers.get(USER_AGENT).is_some_and(|agent| !agent.is_empty());
    let form = parameters::form(&head, body).await;
    let received = Received { number, peer, has_user_agent, form };
    let latency = server.latency;
    // A page of many tickets takes some time, and must not block other connections.
    let answered = tokio::task::spawn_blocking(move || respond::answer(&server, &received));
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let failed = || Answer::page(500, "Internal Server Error", "The sandbox failed.");
    deliver::response(answered.await.unwrap_or_else(|_| failed())).await
}

/// Reads a whole body, or returns the response to a client whose body is too long or too slow.
async fn read(body: Incoming, limit: Duration) -> Result<Bytes, Answer> {
    let refuse = |status, title, text| {
        // The rest of the body is not read, so the connection cannot be reused.
        Answer::page(status, title, text).with_header("connection", "close".to_owned())
    };
    match timeout(limit, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(refuse(413, "Request Entity Too Large", "The body of the request is too long."))
        }
        Ok(Err(_)) => Err(refuse(400, "Bad Request", "The body of the request is incomplete.")),
        Err(_) => Err(refuse(408, "Request Timeout", "The body of the request was sent too slowly.")),
    }
}

/// The response to a request for a host that is not one of the server's.
fn refuse_host(server: &Server, head: &Parts) -> Option<Answer> {
    let header = head.headers.get(HOST);
    let named = match (head.uri.authority(), header) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(header)) => header.to_str().unwrap_or_default(),
        // HTTP/1.0 has no such header, and browsers do not use it.
        (None, None) if head.version < Version::HTTP_11 => return None,
        (None, None) => return Some(Answer::page(400, "Bad Request", "The request has no Host header.")),
    };
    if server.hosts.accept(named) {
        return None;
    }
    let text = "The Host header names neither a loopback address nor a host that was allowed. To allow one, \
        start the sandbox with <code>--allow-host NAME</code> (in Rust, <code>SandboxBuilder::allow_host</code>).";
    Some(Answer::page(421, "Misdirected Request", text))
}

/// A page for people who open the address in a browser, and for clients with a wrong path.
fn elsewhere(path: &str) -> Answer {
    let (status, title) = if path == "/" { (200, "GetTickets sandbox") } else { (404, "404 Not Found") };
    Answer::page(status, title, &format!("The API is at <code>/{}</code>.", GetTickets::PATH))
}
