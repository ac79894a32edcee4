//! Which errors are retried, how often, and after which wait.

use std::time::Duration;

use gettickets::{ErrorKind, GetTickets, RetryPolicy};

use crate::server::{Answer, EMPTY, FakeClock, Server, json, raw, reply};

/// The status of each attempt's answer, and the number of requests.
fn asked(mut first: Vec<Answer>) -> (usize, bool, Vec<u128>) {
    first.push(json(EMPTY));
    let server = Server::start(first);
    let clock = FakeClock::default();
    let client = server.client().clock(clock.clone()).build().unwrap();
    let worked = client.get_tickets(&GetTickets::default()).is_ok();
    let slept = clock.slept.lock().unwrap().iter().map(Duration::as_millis).collect();
    (server.requests().len(), worked, slept)
}

#[test]
fn temporary_failures_are_retried_and_permanent_ones_are_not() {
    let busy = |status: &str| reply(status, "content-type: text/html\r\n", "<title>Busy</title>");
    for (what, answer, again) in [
        ("429", busy("429 Too Many Requests"), true),
        ("502", busy("502 Bad Gateway"), true),
        ("503", busy("503 Service Unavailable"), true),
        ("504", busy("504 Gateway Timeout"), true),
        ("429 in JSON", reply("429 X", "", r#"{"result":"error","message":"Too many requests"}"#), true),
        ("truncated", raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"), true),
        ("truncated without a length", raw("HTTP/1.1 200 OK\r\n\r\n{\"result\":\"succ"), true),
        ("interrupted", raw(""), true),
        ("400", busy("400 Bad Request"), false),
        ("401", busy("401 Unauthorized"), false),
        ("403", busy("403 Forbidden"), false),
        ("404", busy("404 Not Found"), false),
        ("500", busy("500 Internal Server Error"), true),
        ("408", busy("408 Request Timeout"), true),
        ("520", busy("520 Unknown"), true),
        ("524", busy("524 A Timeout Occurred"), true),
        ("525", busy("525 SSL Handshake Failed"), false),
        ("API error", json(r#"{"result":"error","message":"Authentication Failed"}"#), false),
        (
            "API error at 403",
            reply("403 X", "", r#"{"result":"error","message":"Invalid IP 1.2.3.4"}"#),
            false,
        ),
        ("API error at 503", reply("503 X", "", r#"{"result":"error","message":"Access Denied"}"#), false),
        ("not the API", reply("200 OK", "", "<html><title>Log in</title>"), false),
        ("no http", raw("SSH-2.0-x\r\n\r\n"), false),
    ] {
        let (requests, worked, slept) = asked(vec![answer]);
        assert_eq!(
            (requests, worked, slept.len()),
            if again { (2, true, 1) } else { (1, false, 0) },
            "{what}"
        );
    }
}

#[test]
fn the_error_after_three_attempts_has_their_number() {
    let server = Server::start((0..3).map(|_| reply("503 Service Unavailable", "", "")).collect());
    let error = server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!((error.attempts(), error.http_status(), server.requests().len()), (3, Some(503), 3));
    assert!(error.to_string().ends_with("includes/api.php; 3 attempts"), "{error}");
}

#[test]
fn retries_can_be_disabled() {
    let server = Server::start(vec![reply("503 Service Unavailable", "", ""), json(EMPTY)]);
    let client = server.client().no_retries().build().unwrap();
    assert!(client.get_tickets(&GetTickets::default()).is_err());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn waits_double_from_the_first_to_the_longest() {
    let mut answers: Vec<_> = (0..4).map(|_| reply("503 Service Unavailable", "", "")).collect();
    answers.push(json(EMPTY));
    let server = Server::start(answers);
    let clock = FakeClock::default();
    let policy = RetryPolicy::default().max_attempts(5).initial_backoff(Duration::from_secs(1));
    let client = server.client().clock(clock.clone()).retries(policy.max_backoff(Duration::from_secs(3)));
    client.build().unwrap().get_tickets(&GetTickets::default()).unwrap();
    assert_eq!(*clock.slept.lock().unwrap(), [1, 2, 3, 3].map(Duration::from_secs));
}

#[test]
fn a_scan_counts_retries_and_waits() {
    let retried = reply("503 Service Unavailable", "", "");
    let server = Server::start(vec![retried, json(EMPTY), json(EMPTY), json(EMPTY), json(EMPTY)]);
    let mut scan = server.client().build().unwrap().scan(GetTickets::default());
    assert!(scan.next().is_none());
    let report = scan.report();
    assert_eq!((report.retries, report.waits), (1, 1), "{report:?}");
    assert_eq!(report.requests, server.requests().len() as u64);
}

#[test]
fn retry_after_is_honored_as_seconds_and_as_a_date() {
    for (header, waited) in [
        ("retry-after: 7\r\n", 7_000),
        ("retry-after: Tue, 24 Nov 2026 13:00:11 GMT\r\n", 11_000),
        ("retry-after: 0\r\n", 500),
        ("retry-after: soon\r\n", 500),
        ("", 500),
    ] {
        let (requests, worked, slept) = asked(vec![reply("503 Service Unavailable", header, "")]);
        assert_eq!((requests, worked, slept), (2, true, vec![waited]), "{header}");
    }
}

#[test]
fn a_rate_limit_error_has_the_requested_wait() {
    let html = "<!DOCTYPE html><html><head><title>Slow down</title></head>";
    let json = r#"{"result":"error","message":"Too many requests"}"#;
    let year = 365 * 24 * 60 * 60;
    for (header, body, wait, says) in [
        ("retry-after: 7\r\n", html, Some(7), Some("Slow down")),
        ("retry-after: Tue, 24 Nov 2026 13:00:11 GMT\r\n", json, Some(11), Some("Too many requests")),
        ("retry-after: Tue, 24 Nov 2026 12:00:00 GMT\r\n", "", Some(0), None),
        ("retry-after: 18446744073709551615\r\n", "slow down", Some(year), Some("slow down")),
        ("retry-after: soon\r\n", EMPTY, None, None),
        ("", r#"{"result":"error"}"#, None, None),
        ("", "my-secret", None, Some("[redacted]")),
    ] {
        let server = Server::start(vec![reply("429 Too Many Requests", header, body)]);
        let client = server.client().no_retries().build().unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        let ErrorKind::RateLimited { retry_after, message, .. } = error.kind() else { panic!("{error:?}") };
        assert_eq!(*retry_after, wait.map(Duration::from_secs), "{header}");
        assert_eq!(message.as_deref(), says, "{body}");
        assert_eq!((error.code(), error.http_status()), ("rate-limited", Some(429)));
        assert!(error.is_retryable() && error.may_have_been_sent(), "{error}");
        assert!(error.hint().unwrap().contains("less often"), "{error}");
    }
}

#[test]
fn an_authentication_error_takes_precedence_over_a_rate_limit() {
    let server =
        Server::start(vec![reply("429 X", "", r#"{"result":"error","message":"Invalid IP 1.2.3.4"}"#)]);
    let error = server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)) && !error.is_retryable(), "{error}");
}

#[test]
fn the_total_timeout_ends_retries() {
    let server = Server::start((0..5).map(|_| reply("503 Service Unavailable", "", "")).collect());
    // Each reading of the clock advances it by ten seconds, and an attempt reads it twice.
    let client = server
        .client()
        .clock(FakeClock::ticking(Duration::from_secs(10)))
        .retries(RetryPolicy::default().max_attempts(50).total_timeout(Duration::from_secs(90)))
        .build()
        .unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedResponse { .. }));
    assert_eq!(error.attempts(), 3);
}

#[test]
fn a_wait_longer_than_allowed_is_not_retried() {
    for (limit, header, requests) in [
        (Duration::from_secs(60), "retry-after: 86400\r\n", 1),
        (Duration::from_secs(60), "retry-after: 99999999999999999999999999\r\n", 1),
        (Duration::from_secs(86_400), "retry-after: 3600\r\n", 2),
        (Duration::MAX, "retry-after: 3600\r\n", 2),
    ] {
        let server = Server::start(vec![reply("503 Service Unavailable", header, ""), json(EMPTY)]);
        let policy = RetryPolicy::default().max_retry_after(limit).total_timeout(Duration::MAX);
        let outcome = server.client().retries(policy).build().unwrap().get_tickets(&GetTickets::default());
        assert_eq!(server.requests().len(), requests, "{header}");
        if let Err(error) = outcome {
            assert!(error.retry_after().is_some_and(|wait| wait >= Duration::from_secs(86_400)), "{error:?}");
            assert!(error.to_string().contains("asks to wait"), "{error}");
            assert_eq!((error.http_status(), error.attempts()), (Some(503), 1));
        }
    }
}

#[test]
fn the_total_timeout_includes_waits() {
    let server =
        Server::start(vec![reply("503 Service Unavailable", "retry-after: 30\r\n", ""), json(EMPTY)]);
    let clock = FakeClock::default();
    let client = server.client().timeout(Duration::from_secs(5)).clock(clock.clone()).build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_secs(30))));
    assert!(clock.slept.lock().unwrap().is_empty(), "it did not wait");
}

#[test]
fn the_maximum_duration_means_no_limit() {
    let server = Server::start(vec![reply("503 Service Unavailable", "", ""), json(EMPTY)]);
    let policy = RetryPolicy::default()
        .max_backoff(Duration::MAX)
        .max_retry_after(Duration::MAX)
        .total_timeout(Duration::MAX);
    let client = server.client().timeout(Duration::MAX).connect_timeout(Duration::MAX).retries(policy);
    assert!(client.build().unwrap().get_tickets(&GetTickets::default()).is_ok());
    // The name is resolved without a proxy.
    let server = Server::start(vec![json(EMPTY)]);
    let address = server.address.replace("127.0.0.1", "localhost");
    let client = crate::server::builder(&address).timeout(Duration::MAX).connect_timeout(Duration::MAX);
    assert!(client.proxy(None).build().unwrap().get_tickets(&GetTickets::default()).is_ok());
}
