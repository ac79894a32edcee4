//! Responses that end early: after every tenth byte.

use super::compression::gzip;
use super::reply::{NONE, ONE, chunks, head, ok};
use crate::fault::Fault;
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    let chunked = [head("transfer-encoding: chunked\r\n"), chunks(NONE.as_bytes(), 40)].concat();
    let compressed = gzip(NONE.as_bytes());
    let headers = format!("content-encoding: gzip\r\ncontent-length: {}\r\n", compressed.len());
    let compressed = [head(&headers), compressed].concat();
    let until_closed = [head("content-type: application/json\r\n"), ONE.into()].concat();
    for (family, about, response) in [
        ("cut-length", "A response with a length ends after every tenth byte.", ok(NONE)),
        ("cut-chunks", "A response in chunks ends after every tenth byte.", chunked),
        ("cut-gzip", "A compressed response ends after every tenth byte.", compressed),
        (
            "cut-until-closed",
            "A response that lasts until the connection is closed ends after every tenth byte.",
            until_closed,
        ),
    ] {
        let head_len = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
        for at in (0..response.len()).step_by(10) {
            let outcome = match at.checked_sub(head_len) {
                None => Outcome::error("interrupted").retryable().sent(),
                // The decoder notices.
                Some(_) if family == "cut-until-closed" => Outcome::replied("truncated", 200).retryable(),
                Some(_) => Outcome::error("truncated").retryable().sent(),
            };
            faults.push(Fault::new(format!("{family}/{at:03}"), about, outcome).sends(&response[..at]));
        }
    }
    faults
}
