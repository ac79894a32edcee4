//! The protocol crate with an HTTP library of your own; here, 20 lines on a TCP socket take its place.
//!
//! The crate makes the body of the request and decodes the body of the reply. An asynchronous program does the same around
//! its own HTTP client. The example sends its request to `http://127.0.0.1:PORT/includes/api.php`, where
//! `gettickets sandbox --port 41234` listens:
//!
//! ```sh
//! cargo run --example bring_your_own_http -- 41234
//! ```

use std::error::Error;
use std::io::{Read, Write, stdout};
use std::net::TcpStream;

use gettickets_protocol::{Credentials, GetTickets, ResponseType, StatusFilter, decode};

/// Posts a form over HTTP/1.0, where a response ends with its connection, and returns the body of the response.
fn post(port: u16, path: &str, content_type: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(response.len(), |at| at + 4);
    Ok(response.split_off(head))
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).ok_or("give the port as the argument")?.parse()?;
    let credentials = Credentials::api("sandbox-identifier", "sandbox-secret");
    let request =
        GetTickets { status: Some(StatusFilter::AwaitingReply), limitnum: Some(10), ..GetTickets::default() };

    let body = request.encode(&credentials, ResponseType::Json);
    let reply = post(port, GetTickets::PATH, GetTickets::CONTENT_TYPE, &body)?;
    let page = decode(reply)?.into_page()?;

    for ticket in &page {
        writeln!(
            stdout(),
            "#{:<8} {:<16} {}",
            ticket.tid(),
            ticket.status().as_str(),
            ticket.subject_text()
        )?;
    }
    Ok(())
}
