//! Complete responses whose bodies are not a valid reply.

use super::reply::{HTML, NONE, ONE, ok, response};
use crate::fault::Fault;
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let other = || Outcome::replied("unexpected-response", 200);
    let decode = |code| Outcome::replied(code, 200);
    let mut faults: Vec<Fault> = [
        ("body-empty", "The body is empty.", other(), Vec::new()),
        ("body-blank", "The body is white space.", other(), b" \r\n\t\r\n".to_vec()),
        ("body-html", "The body is a web page.", other(), HTML.into()),
        ("body-text", "The body is text.", other(), b"Down for Maintenance (Err 2)".to_vec()),
        ("body-nul", "The body is a thousand NUL bytes.", other(), vec![0; 1000]),
        ("body-binary", "The body is binary.", other(), (0..=255).collect()),
        ("body-bom", "A byte order mark precedes the reply.", Outcome::page(1), format!("\u{feff}{ONE}").into()),
        (
            "body-utf16",
            "The reply is in UTF-16.",
            decode("syntax"),
            ONE.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("body-notice", "A PHP notice precedes the reply.", Outcome::page(1), format!("Notice: x\n{ONE}").into()),
        ("body-number", "The body is a number.", other(), b"17".to_vec()),
        ("body-list", "The body is an empty list.", other(), b"[]".to_vec()),
        ("body-other-json", "The body is JSON of another program.", other(), b"{\"status\":\"up\"}".to_vec()),
        (
            "body-other-call",
            "The reply belongs to another call.",
            decode("other-call"),
            b"{\"result\":\"success\",\"clients\":{\"client\":[]}}".to_vec(),
        ),
        (
            "body-deep",
            "The reply is nested 100,000 levels deep.",
            decode("too-deep"),
            format!("{{\"result\":\"success\",\"x\":{}", "[".repeat(100_000)).into(),
        ),
        (
            "body-xml-bomb",
            "The reply is XML that defines entities.",
            decode("entity"),
            b"<?xml version=\"1.0\"?><!DOCTYPE whmcsapi [<!ENTITY a \"ha\">]><whmcsapi><result>&a;</result></whmcsapi>"
                .to_vec(),
        ),
        (
            "body-syntax",
            "The reply is not valid JSON.",
            decode("syntax"),
            ONE.replace("\"tickets\":", "\"tickets\"=").into(),
        ),
        (
            "body-id-missing",
            "A ticket has no id.",
            decode("missing-id"),
            ONE.replace("\"id\":\"1\",", "").into(),
        ),
        (
            "body-authentication",
            "The API refuses the credentials.",
            Outcome::replied("authentication", 200),
            b"{\"result\":\"error\",\"message\":\"Authentication Failed\"}".to_vec(),
        ),
    ]
    .into_iter()
    .map(|(name, about, outcome, body)| Fault::new(name, about, outcome).sends(ok(body)))
    .collect();
    faults.push(
        Fault::new("type-wrong", "The reply is said to be an image.", Outcome::page(0)).sends(response(
            "200 OK",
            "content-type: image/png\r\n",
            NONE,
        )),
    );
    faults
}
