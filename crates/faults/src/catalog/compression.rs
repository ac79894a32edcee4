//! Compressed bodies.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::reply::{ONE, response};
use crate::fault::Fault;
use crate::outcome::Outcome;

/// The text, compressed.
pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn faults() -> Vec<Fault> {
    let protocol = || Outcome::error("protocol").sent();
    // A wrong end may be a truncated one.
    let truncated = || Outcome::error("truncated").retryable().sent();
    let one = || gzip(ONE.as_bytes());
    let encoded =
        |encoding: &str, body: &[u8]| response("200 OK", &format!("content-encoding: {encoding}\r\n"), body);
    let flip = |from_end: usize| {
        let mut body = one();
        let at = body.len() - from_end;
        body[at] ^= 0x55;
        body
    };
    let halves = ONE.split_at(ONE.len() / 2);
    let members = [gzip(halves.0.as_bytes()), gzip(halves.1.as_bytes())].concat();
    let bomb = gzip(&vec![b' '; 2 << 20]);
    vec![
        Fault::new("gzip", "The body is compressed.", Outcome::page(1)).sends(encoded("gzip", &one())),
        Fault::new("gzip-claimed", "The body is said to be compressed and is not.", protocol())
            .sends(encoded("gzip", ONE.as_bytes())),
        Fault::new("gzip-damaged", "The checksum of the compressed body is wrong.", truncated())
            .sends(encoded("gzip", &flip(8))),
        Fault::new(
            "gzip-wrong-length",
            "The length at the end of the compressed body is wrong.",
            truncated(),
        )
        .sends(encoded("gzip", &flip(4))),
        Fault::new("gzip-members", "The compressed body has two members.", Outcome::page(1))
            .sends(encoded("gzip", &members)),
        Fault::new("gzip-trailing", "Other bytes follow the compressed body.", protocol())
            .sends(encoded("gzip", &[one(), b"<!-- cached -->".to_vec()].concat())),
        Fault::new("gzip-twice", "The body is compressed twice, as the header says.", protocol())
            .sends(encoded("gzip, gzip", &gzip(&one()))),
        Fault::new("gzip-bomb", "The body grows a thousandfold.", Outcome::error("compression-ratio").sent())
            .sends(encoded("gzip", &bomb)),
        Fault::new("brotli", "The body is compressed in a way that was not requested.", protocol())
            .sends(encoded("br", b"\x0b\x02\x80abc\x03")),
    ]
}
