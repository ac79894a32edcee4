//! Every status with a page that is not from the API, redirects, and requests to wait.

use super::reply::{HTML, ONE, response};
use crate::fault::Fault;
use crate::outcome::Outcome;

/// The longest wait that is reported, in seconds: a year.
const YEAR: u64 = 365 * 24 * 60 * 60;

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    let about = "The response is a web page with this status.";
    for status in [
        200, 201, 202, 203, 206, 226, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406,
        407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 431,
        451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525,
        526, 527, 530, 599, 600, 999,
    ] {
        let outcome = match status {
            300..=399 => Outcome::replied("redirect", status),
            408 | 500 | 502..=504 | 520..=524 => Outcome::replied("unexpected-response", status).retryable(),
            _ => Outcome::replied("unexpected-response", status),
        };
        let reply = response(&format!("{status} Status"), "content-type: text/html\r\n", HTML);
        faults.push(Fault::new(format!("status/{status}"), about, outcome).sends(reply));
    }
    for status in [204, 205, 304] {
        let outcome = match status {
            304 => Outcome::replied("redirect", status),
            _ => Outcome::replied("unexpected-response", status),
        };
        let reply = format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\n\r\n");
        let about = "The response has this status and no body.";
        faults.push(Fault::new(format!("status-empty/{status}"), about, outcome).sends(reply));
    }
    for (name, location) in [
        ("elsewhere", "location: https://elsewhere.example/includes/api.php\r\n"),
        ("relative", "location: ../login.php\r\n"),
        ("itself", "location: /includes/api.php\r\n"),
        ("nowhere", ""),
        ("script", "location: javascript:alert(1)\r\n"),
        ("not-utf8", "location: /\u{e9}\u{20ac}\r\n"),
        ("twice", "location: /a\r\nlocation: /b\r\n"),
    ] {
        let about = "The response redirects with status 302.";
        let fault = Fault::new(format!("redirect/{name}"), about, Outcome::replied("redirect", 302));
        faults.push(fault.sends(response("302 Found", location, HTML)));
    }
    for (name, header, wait) in [
        ("seconds", "retry-after: 7\r\n", Some(7)),
        ("date-in-the-past", "retry-after: Tue, 24 Nov 2015 13:00:00 GMT\r\n", Some(0)),
        ("date-far-off", "retry-after: Sat, 24 Nov 2170 13:00:00 GMT\r\n", Some(YEAR)),
        ("overflow", "retry-after: 99999999999999999999999999\r\n", Some(YEAR)),
        ("negative", "retry-after: -7\r\n", None),
        ("garbage", "retry-after: soon\r\n", None),
        ("absent", "", None),
    ] {
        let limited = Outcome::replied("rate-limited", 429).retryable();
        let outcome = wait.map_or(limited.clone(), |wait| limited.clone().wait(wait));
        let reply = response("429 Too Many Requests", header, HTML);
        let about = "The response has status 429 and such a `Retry-After`.";
        faults.push(Fault::new(format!("retry-after/{name}"), about, outcome).sends(reply));
    }
    for status in [403, 404, 500, 503] {
        let outcome = Outcome::replied("unexpected-response", status);
        let outcome = if status >= 500 { outcome.retryable() } else { outcome };
        let about = "A page of tickets has a status of failure.";
        faults.push(Fault::new(format!("tickets-with-status/{status}"), about, outcome).sends(response(
            &format!("{status} Status"),
            "",
            ONE,
        )));
    }
    faults
}
