//! Wrong lengths, and chunks that are not valid.

use std::time::Duration;

use super::reply::{ONE, chunks, head, ok};
use crate::fault::{Fault, Step};
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let protocol = || Outcome::error("protocol").sent();
    let truncated = || Outcome::error("truncated").retryable().sent();
    let with = |headers: &str, body: &[u8]| [&head(headers)[..], body].concat();
    let length = |value: &str| with(&format!("content-length: {value}\r\n"), ONE.as_bytes());
    let chunked = |body: &[u8]| with("transfer-encoding: chunked\r\n", body);
    let one = ONE.as_bytes();
    let len = one.len();
    vec![
        Fault::new("length-too-long", "The stated length is longer than the body.", truncated())
            .sends(length(&(len + 1).to_string())),
        Fault::new(
            "length-too-long-and-open",
            "The stated length is longer than the body, and the connection stays open.",
            Outcome::error("timeout").retryable().sent(),
        )
        .steps([Step::Request, Step::Send(length(&(len + 1).to_string())), Step::Stall]),
        Fault::new(
            "length-too-short",
            "The stated length is shorter than the body.",
            Outcome::replied("truncated", 200).retryable(),
        )
        .sends(length(&(len - 1).to_string())),
        Fault::new(
            "length-zero",
            "The stated length is 0, and a body follows.",
            Outcome::replied("unexpected-response", 200),
        )
        .sends(length("0")),
        Fault::new("length-negative", "The stated length is negative.", protocol()).sends(length("-1")),
        Fault::new("length-not-a-number", "The stated length is not a number.", protocol())
            .sends(length("many")),
        Fault::new("length-overflow", "The stated length has 30 digits.", protocol())
            .sends(length("999999999999999999999999999999")),
        Fault::new("lengths-differ", "Two lengths are stated that differ.", protocol())
            .sends(with(&format!("content-length: {len}\r\ncontent-length: 10\r\n"), one)),
        Fault::new("lengths-equal", "The same length is stated twice.", Outcome::page(1))
            .sends(with(&format!("content-length: {len}\r\ncontent-length: {len}\r\n"), one)),
        Fault::new("length-and-chunks", "A body in chunks has a length too.", Outcome::page(1))
            .sends(with("content-length: 10\r\ntransfer-encoding: chunked\r\n", &chunks(one, 100))),
        Fault::new("chunks", "The body is in chunks of one byte.", Outcome::page(1))
            .sends(chunked(&chunks(one, 1))),
        Fault::new("chunk-size-garbage", "The size of a chunk is not a number.", protocol())
            .sends(chunked(b"xyz\r\nabc\r\n0\r\n\r\n")),
        Fault::new("chunk-size-overflow", "The size of a chunk has 30 digits.", protocol())
            .sends(chunked(b"ffffffffffffffffffffffffffffff\r\nabc")),
        Fault::new("chunk-size-too-short", "A chunk is longer than its size.", protocol())
            .sends(chunked(b"2\r\n{\"result\":\r\n0\r\n\r\n")),
        Fault::new("chunk-size-endless", "The size of a chunk has zeros without end.", protocol())
            .steps([
                Step::Request,
                Step::Send(head("transfer-encoding: chunked\r\n")),
                Step::Send(vec![b'0'; 1 << 20]),
                Step::Flood(vec![b'0'; 100], Duration::from_millis(20)),
            ])
            .asynchronous(Outcome::error("timeout").retryable().sent()),
        Fault::new("chunk-extension-endless", "The extension of a chunk does not end.", protocol()).steps([
            Step::Request,
            Step::Send(head("transfer-encoding: chunked\r\n")),
            Step::Send(b"1;x=".to_vec()),
            Step::Send(vec![b'x'; 1 << 20]),
            Step::Flood(vec![b'x'; 100], Duration::from_millis(20)),
        ]),
        Fault::new(
            "trailers-endless",
            "The trailers of a body in chunks do not end.",
            Outcome::error("timeout").retryable().sent(),
        )
        .steps([
            Step::Request,
            Step::Send(chunked(&chunks(one, 100)[..chunks(one, 100).len() - 2])),
            Step::Send(b"x-trailer: x\r\n".repeat(10_000)),
            Step::Flood(b"x-trailer: x\r\n".repeat(10), Duration::from_millis(20)),
        ])
        .asynchronous(protocol()),
        Fault::new("transfer-encoding-unknown", "The transfer encoding is unknown.", Outcome::page(1))
            .sends(with("transfer-encoding: shrunk\r\n", one)),
        Fault::new(
            "length-huge",
            "The stated length is 1 EiB, and the body goes on.",
            Outcome::error("too-large").sent(),
        )
        .steps([
            Step::Request,
            Step::Send(head("content-length: 1152921504606846976\r\n")),
            Step::Repeat(vec![b' '; 1 << 16]),
        ]),
        Fault::new("chunks-endless", "A body in chunks does not end.", Outcome::error("too-large").sent())
            .steps([
                Step::Request,
                Step::Send(head("transfer-encoding: chunked\r\n")),
                Step::Repeat([&b"8000\r\n"[..], &[b' '; 0x8000], b"\r\n"].concat()),
            ]),
        Fault::new(
            "body-endless",
            "A body that lasts until the connection is closed does not end.",
            Outcome::error("too-large").sent(),
        )
        .steps([Step::Request, Step::Send(head("")), Step::Repeat(vec![b' '; 1 << 16])]),
        Fault::new("two-responses", "Two responses arrive at once.", Outcome::page(1))
            .sends([ok(ONE), ok("{}")].concat()),
    ]
}
