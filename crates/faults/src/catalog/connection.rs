//! Connections that are not established, or end before there is a response.

use std::time::Duration;

use super::reply::{ONE, head, ok};
use crate::fault::{Fault, Port, Step};
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let interrupted = || Outcome::error("interrupted").retryable().sent();
    let timeout = || Outcome::error("timeout").retryable().sent();
    let partial_head = || Step::Send(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec());
    vec![
        Fault::new("none", "Nothing is wrong.", Outcome::page(1)).sends(ok(ONE)),
        Fault::new("refused", "No server listens on the port.", Outcome::error("connect").retryable())
            .port(Port::Refusing),
        Fault::new(
            "connect-stall",
            "The connection is not accepted: the queue of the port is full.",
            Outcome::error("timeout").retryable(),
        )
        .port(Port::Full),
        Fault::new("no-such-host", "The name of the host does not exist.", Outcome::error("dns").retryable())
            .port(Port::Nowhere),
        Fault::new(
            "close-at-first-byte",
            "The connection is closed after the first byte of the request.",
            interrupted(),
        )
        .steps([Step::Read(1), Step::Cut]),
        Fault::new(
            "reset-at-first-byte",
            "The connection is reset after the first byte of the request.",
            interrupted(),
        )
        .steps([Step::Read(1), Step::Reset]),
        Fault::new("close-after-request", "The connection is closed without a response.", interrupted())
            .steps([Step::Request]),
        Fault::new("reset-after-request", "The connection is reset without a response.", interrupted())
            .steps([Step::Request, Step::Reset]),
        Fault::new("reset-in-head", "The connection is reset in the head of the response.", interrupted())
            .steps([Step::Request, partial_head(), Step::Reset]),
        Fault::new(
            "reset-in-body",
            "The connection is reset in the body.",
            Outcome::error("truncated").retryable().sent(),
        )
        // A reset may discard what was sent before it, so the body is larger than the buffers of the sockets.
        .steps([
            Step::Request,
            Step::Send(head("content-length: 100000000\r\n")),
            Step::Send(vec![b' '; 2_000_000]),
            Step::Reset,
        ]),
        Fault::new(
            "reset-after-body",
            "The connection is reset after a body that lasts until it is closed, so it is unknown whether it is complete.",
            Outcome::error("truncated").retryable().sent(),
        )
        .steps([Step::Request, Step::Send([head(""), ONE.into()].concat()), Step::Reset]),
        Fault::new("stall-before-response", "The server reads the request and sends nothing.", timeout())
            .steps([Step::Request, Step::Stall]),
        Fault::new("stall-unread", "The server does not read the request.", timeout()).steps([Step::Stall]),
        Fault::new("stall-in-head", "The head of the response stops in the middle.", timeout()).steps([
            Step::Request,
            partial_head(),
            Step::Stall,
        ]),
        Fault::new("stall-in-body", "The body stops in the middle.", timeout()).steps([
            Step::Request,
            Step::Send(ok(ONE)[..200].to_vec()),
            Step::Stall,
        ]),
        Fault::new("drip-head", "The head arrives byte by byte, twenty in a second, without end.", timeout())
            .steps([
                Step::Request,
                Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Step::Drip(b"x-padding: 0\r\n".to_vec(), Duration::from_millis(50)),
            ]),
        Fault::new("drip-body", "The body arrives byte by byte, twenty in a second.", timeout()).steps([
            Step::Request,
            Step::Send(head("content-length: 100000\r\n")),
            Step::Drip(b" ".to_vec(), Duration::from_millis(50)),
        ]),
        Fault::new("drip-chunks", "The body arrives in chunks of one byte, some in a second.", timeout())
            .steps([
                Step::Request,
                Step::Send(head("transfer-encoding: chunked\r\n")),
                Step::Drip(b"1\r\n \r\n".to_vec(), Duration::from_millis(20)),
            ]),
    ]
}
