//! Heads of responses that are not valid HTTP, or too large.

use std::time::Duration;

use super::reply::{NONE, ONE, chunks, ok, response};
use crate::fault::{Fault, Step};
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let protocol = || Outcome::error("protocol").sent();
    let large = || Outcome::error("headers-too-large").sent();
    let page = || Outcome::page(1);
    // A response whose status line and headers are given, with a body in one chunk.
    let with = |head: &str| {
        [head.as_bytes(), b"transfer-encoding: chunked\r\n\r\n", &chunks(ONE.as_bytes(), 4096)].concat()
    };
    // First more than any client accepts, then slowly, so that a client that continues to read has little to do.
    let flood = |begin: &str, line: &str| {
        let (much, little) = (line.repeat((1 << 20) / line.len()), line.repeat(10));
        let begin = format!("{begin}{much}").into_bytes();
        [Step::Request, Step::Send(begin), Step::Flood(little.into_bytes(), Duration::from_millis(20))]
    };
    vec![
        Fault::new("not-http", "The server speaks another protocol.", protocol())
            .sends("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        Fault::new("binary", "The response is binary.", protocol())
            .sends((0..=255).rev().collect::<Vec<u8>>()),
        Fault::new("http-0.9", "The reply has no head.", protocol()).sends(ONE),
        Fault::new("http-2", "The response claims to be HTTP/2.", protocol()).sends(with("HTTP/2 200\r\n")),
        Fault::new("http-1.0", "The response is HTTP/1.0, and its body ends with the connection.", page())
            .sends(format!("HTTP/1.0 200 OK\r\n\r\n{ONE}")),
        Fault::new("no-reason", "The status line has no reason.", page()).sends(with("HTTP/1.1 200\r\n")),
        Fault::new("reason-not-ascii", "The reason is not ASCII.", page())
            .sends(with("HTTP/1.1 200 Größe\r\n")),
        Fault::new("status-of-two-digits", "The status has two digits.", protocol())
            .sends(with("HTTP/1.1 20 OK\r\n")),
        Fault::new("status-not-a-number", "The status is not a number.", protocol())
            .sends(with("HTTP/1.1 abc OK\r\n")),
        Fault::new("header-without-colon", "A line of the head has no colon.", protocol())
            .sends(with("HTTP/1.1 200 OK\r\nnot a header\r\n")),
        Fault::new("header-with-nul", "A header has a NUL.", protocol())
            .sends(with("HTTP/1.1 200 OK\r\nx-header: a\0b\r\n")),
        Fault::new("header-not-utf8", "A header is not UTF-8.", Outcome::page(0)).sends(
            [b"HTTP/1.1 200 OK\r\nx-header: caf\xe9\r\ncontent-length: 95\r\n\r\n", NONE.as_bytes()].concat(),
        ),
        Fault::new("header-huge", "A header has 1 MiB.", large())
            .sends(with(&format!("HTTP/1.1 200 OK\r\nx-header: {}\r\n", "x".repeat(1 << 20)))),
        Fault::new("header-endless", "A header does not end.", large())
            .steps(flood("HTTP/1.1 200 OK\r\nx-header: ", "x")),
        Fault::new("headers-endless", "The headers do not end.", large())
            .steps(flood("HTTP/1.1 200 OK\r\n", "x-header: x\r\n")),
        Fault::new("status-line-endless", "The status line does not end.", large())
            .steps(flood("HTTP/1.1 200 ", "x")),
        Fault::new("continue", "A status of 100 precedes the response.", page())
            .sends([b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), ok(ONE)].concat()),
        Fault::new("early-hints", "A status of 103 with headers precedes the response.", page())
            .sends([b"HTTP/1.1 103 Early Hints\r\nlink: </x.css>\r\n\r\n".to_vec(), ok(ONE)].concat()),
        Fault::new("continue-endless", "Statuses of 100 follow each other without end.", large())
            .steps(flood("", "HTTP/1.1 100 Continue\r\n\r\n"))
            .asynchronous(Outcome::error("timeout").retryable().sent()),
        Fault::new(
            "switching-protocols",
            "The response switches to another protocol.",
            Outcome::replied("unexpected-response", 101),
        )
        .sends(response(
            "101 Switching Protocols",
            "upgrade: websocket\r\nconnection: upgrade\r\n",
            "",
        )),
    ]
}
