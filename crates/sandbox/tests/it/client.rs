//! A minimal HTTP client that sends and returns raw bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gettickets_protocol::{ApiError, Credentials, GetTickets, Page, ResponseType, Ticket, decode};
use gettickets_sandbox::Sandbox;

/// A response as it was received.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn page(&self) -> Page {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        decode(self.body.clone()).unwrap().into_page().unwrap()
    }

    pub(crate) fn error(&self) -> ApiError {
        decode(self.body.clone()).unwrap().into_page().unwrap_err()
    }
}

/// Sends bytes and reads until the server closes the connection, or up to a limit.
pub(crate) fn exchange(sandbox: &Sandbox, request: &str, limit: u64) -> Option<Response> {
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    // The bytes before a reset count.
    let _ = stream.take(limit).read_to_end(&mut reply);
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Response { status, head, body: reply[end + 4..].to_vec() })
}

/// Sends a request with a body of this type.
pub(crate) fn send(
    sandbox: &Sandbox,
    method: &str,
    target: &str,
    content_type: &str,
    body: &str,
) -> Response {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: it\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(sandbox, &request, u64::MAX).expect("a response")
}

pub(crate) fn post_to(sandbox: &Sandbox, path: &str, form: &str) -> Response {
    send(sandbox, "POST", path, "application/x-www-form-urlencoded; charset=utf-8", form)
}

pub(crate) fn post(sandbox: &Sandbox, form: &str) -> Response {
    post_to(sandbox, "/includes/api.php", form)
}

/// Sends a request with the sandbox's credentials.
pub(crate) fn ask_for(sandbox: &Sandbox, request: &GetTickets, format: ResponseType) -> Response {
    let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
    post(sandbox, &request.encode(&credentials, format))
}

pub(crate) fn ask(sandbox: &Sandbox, request: &GetTickets) -> Response {
    ask_for(sandbox, request, ResponseType::Json)
}

/// Sends a request with these parameters in form encoding.
pub(crate) fn ask_raw(sandbox: &Sandbox, parameters: &str) -> Response {
    let (identifier, secret) = (sandbox.identifier(), sandbox.secret());
    post(
        sandbox,
        &format!("action=GetTickets&identifier={identifier}&secret={secret}&responsetype=json&{parameters}"),
    )
}

pub(crate) fn ids(page: &Page) -> Vec<u64> {
    page.iter().map(|ticket| ticket.id()).collect()
}

/// The tickets of a default sandbox, in its order.
pub(crate) fn generated(count: u64) -> Vec<Ticket> {
    gettickets_sandbox::generate(1, count).collect()
}

/// The ids of the tickets that match, in order.
pub(crate) fn ids_where(tickets: &[Ticket], claim: impl Fn(&Ticket) -> bool) -> Vec<u64> {
    tickets.iter().filter(|ticket| claim(ticket)).map(|ticket| ticket.id).collect()
}
