//! Servers that repeat the credentials of a request, in every encoding and at every place that is shown.

use super::reply::response;
use crate::fault::Fault;
use crate::mark;
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    let about = "An error of the API repeats the credentials in this encoding.";
    let message = |text: &str| {
        let text = serde_json::to_string(&format!("You sent {text} and more.")).unwrap();
        response("200 OK", "", format!("{{\"result\":\"error\",\"message\":{text}}}"))
    };
    let secrets = [mark::IDENTIFIER, mark::SECRET, mark::ACCESS_KEY];
    for (number, (name, _)) in mark::encodings("").into_iter().enumerate() {
        let spelled = secrets.map(|secret| mark::encodings(secret).swap_remove(number).1);
        let outcome = Outcome::replied("other", 200);
        faults.push(Fault::new(format!("echo/{name}"), about, outcome).sends(message(&spelled.join(" | "))));
    }
    let md5 = mark::md5(mark::PASSWORD);
    for (number, (name, _)) in mark::encodings("").into_iter().enumerate() {
        let about = "An error of the API repeats the MD5 of an admin's password in this encoding.";
        let outcome = Outcome::replied("other", 200);
        let spelled = mark::encodings(&md5).swap_remove(number).1;
        let fault = Fault::new(format!("echo-password/{name}"), about, outcome).sends(message(&spelled));
        faults.push(Fault { admin: true, ..fault });
    }
    let raw = secrets.join(" ");
    let form = secrets.map(mark::form).join("&");
    let html = mark::html(&raw);
    let cut = format!("{}{raw}", "x".repeat(70));
    let unexpected = |status| Outcome::replied("unexpected-response", status);
    let protocol = || Outcome::error("protocol").sent();
    let about = "The credentials are repeated at this place.";
    for (name, outcome, reply) in [
        (
            "title",
            unexpected(403),
            response(
                "403 Forbidden",
                "content-type: text/html\r\n",
                format!("<html><title>{html}</title></html>"),
            ),
        ),
        (
            "page",
            unexpected(200),
            response("200 OK", "content-type: text/html\r\n", format!("<html><body>{html}</body></html>")),
        ),
        (
            "text",
            unexpected(200),
            response("200 OK", "content-type: text/plain\r\n", format!("You sent {form}")),
        ),
        ("cut-text", unexpected(200), response("200 OK", "content-type: text/plain\r\n", cut)),
        (
            "rate-limit",
            Outcome::replied("rate-limited", 429).retryable(),
            response("429 Too Many", "", format!("You sent {form}")),
        ),
        (
            "broken-json",
            Outcome::replied("syntax", 200),
            response("200 OK", "", format!("{{\"result\":\"success\",\"tickets\":{{{form}}}}}")),
        ),
        (
            "unknown-result",
            Outcome::replied("unknown-result", 200),
            response("200 OK", "", format!("{{\"result\":{}}}", serde_json::to_string(&raw).unwrap())),
        ),
        (
            "content-type",
            unexpected(200),
            response("200 OK", &format!("content-type: text/{form}\r\n"), "<html>"),
        ),
        (
            "location",
            Outcome::replied("redirect", 302),
            response("302 Found", &format!("location: https://elsewhere.example/{form}?{form}\r\n"), ""),
        ),
        (
            "retry-after",
            Outcome::replied("rate-limited", 429).retryable(),
            response("429 Too Many", &format!("retry-after: {form}\r\n"), ""),
        ),
        ("reason", unexpected(500).retryable(), response(&format!("500 {raw}"), "", "<html>")),
        ("status-line", protocol(), format!("HTTP/1.1 {raw}\r\n\r\n").into_bytes()),
        ("header-line", protocol(), format!("HTTP/1.1 200 OK\r\n{raw}\r\n\r\n").into_bytes()),
        ("first-line", protocol(), format!("{raw}\r\n\r\n").into_bytes()),
        (
            "chunk-size",
            protocol(),
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{raw}\r\n").into_bytes(),
        ),
        ("encoding", protocol(), response("200 OK", &format!("content-encoding: {form}\r\n"), "x")),
        (
            "notice",
            Outcome::page(0),
            response("200 OK", "", format!("Notice: {raw} in api.php\n{}", super::reply::NONE)),
        ),
        (
            "xml",
            Outcome::replied("other", 200),
            response(
                "200 OK",
                "",
                format!("<whmcsapi><result>error</result><message>{html}</message></whmcsapi>"),
            ),
        ),
    ] {
        faults.push(Fault::new(format!("echo-place/{name}"), about, outcome).sends(reply));
    }
    faults
}
