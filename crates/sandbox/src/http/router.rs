//! Where the call lives, and what else the server says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Response, header};
use gettickets_protocol::{GetTickets, Version};

use super::auth::Access;
use super::deliver;
use super::reply::{self, Answer, HTML, Incoming};
use crate::quirk::Quirks;
use crate::status::ConfiguredStatus;
use crate::store::Store;

/// The longest body that is read; the parameters take a few hundred bytes.
const LONGEST_BODY: usize = 1 << 20;

/// Everything that answers depend on.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) version: Version,
    pub(crate) access: Access,
    pub(crate) statuses: Vec<ConfiguredStatus>,
    pub(crate) quirks: Quirks,
    /// How many requests the API has had.
    pub(crate) requests: AtomicU64,
}

/// Every path below which an install could live leads to the API: that of the request decides.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(handle).with_state(server)
}

async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let path = request.uri().path();
    let is_api = path.strip_suffix(GetTickets::PATH).is_some_and(|before| before.ends_with('/'));
    if !is_api {
        return deliver::response(elsewhere(path)).await;
    }
    let number = server.requests.fetch_add(1, Ordering::Relaxed);
    let has_user_agent = request.headers().get(header::USER_AGENT).is_some_and(|agent| !agent.is_empty());
    let is_form = request.method() == Method::POST && has_form_type(&request);
    let Ok(body) = to_bytes(request.into_body(), LONGEST_BODY).await else {
        return deliver::response(Answer::new(413, HTML, "<title>Request Entity Too Large</title>".into()))
            .await;
    };
    // PHP reads no parameters from what is not declared to be a form.
    let form = if is_form { body.to_vec() } else { Vec::new() };
    let incoming = Incoming { number, peer: peer.ip().to_canonical(), has_user_agent, form };
    // A page of many tickets takes a while, and must not keep others waiting for their connection.
    let answered = tokio::task::spawn_blocking(move || reply::answer(&server, &incoming)).await;
    let failed = || Answer::new(500, HTML, "<title>Internal Server Error</title>".into());
    deliver::response(answered.unwrap_or_else(|_| failed())).await
}

fn has_form_type(request: &Request) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(GetTickets::CONTENT_TYPE)
}

/// A page for people who open the address in a browser, and for clients that miss the API's path.
fn elsewhere(path: &str) -> Answer {
    let (status, title) = if path == "/" { (200, "GetTickets sandbox") } else { (404, "404 Not Found") };
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p>The API is at <code>/{}</code>: a POST of a form.</p></body>\n</html>\n",
        GetTickets::PATH
    );
    Answer::new(status, HTML, html)
}
