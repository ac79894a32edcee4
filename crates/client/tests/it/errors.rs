//! What an error of every kind says, and what a program can ask it.

use std::fmt::Write;

use gettickets::transport::{TimeoutPhase, TransportError, TransportErrorKind};
use gettickets::{Client, Credentials, Error, ErrorKind, GetTickets, error_examples};

fn line(out: &mut String, error: &Error) {
    let yes = |is: bool| if is { "yes" } else { "no" };
    let _ = writeln!(
        out,
        "{}: status {:?}, attempts {}, may have been sent {}, retryable {}, may be due to size {}, wait {:?}, class {:?}",
        error.code(),
        error.http_status(),
        error.attempts(),
        yes(error.may_have_been_sent()),
        yes(error.is_retryable()),
        yes(error.may_be_due_to_size()),
        error.retry_after(),
        error.api_class(),
    );
    match error.kind() {
        ErrorKind::Transport(error) => {
            let _ = writeln!(out, "  detail {:?}, proxy {:?}", error.detail(), error.proxy());
        }
        ErrorKind::Local(error) => {
            let parts = [error.message(), error.location(), error.output()];
            let called = yes(error.may_have_been_called());
            let _ = writeln!(
                out,
                "  {}, stage {:?}, called {called}, {parts:?}",
                error.kind().code(),
                error.stage()
            );
        }
        ErrorKind::ScanIncomplete(error) => {
            let _ = writeln!(out, "  {}", error.problem());
        }
        _ => {}
    }
    let _ = writeln!(out, "  {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let _ = writeln!(out, "  cause: {error}");
        cause = error.source();
    }
    let _ = writeln!(out, "  {}", error.hint().unwrap_or_default());
}

#[test]
fn every_kind_has_its_text_its_hint_and_its_answers() {
    let mut shown = String::new();
    for error in error_examples() {
        line(&mut shown, &error);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_source_of_its_own_can_describe_how_it_failed() {
    let mut shown = String::new();
    let failed = || TransportError::new(TransportErrorKind::Connect);
    for error in [
        failed().with_detail("no route"),
        failed().with_proxy("http://proxy.example.com:3128"),
        failed().with_detail("no route").with_proxy("http://proxy.example.com:3128"),
        failed().not_sent(),
        failed().permanent(),
        TransportError::new(TransportErrorKind::Timeout(TimeoutPhase::Connect))
            .with_proxy("http://proxy.example.com:3128"),
        TransportError::new(TransportErrorKind::Interrupted).permanent(),
        TransportError::new(TransportErrorKind::Interrupted).not_sent(),
    ] {
        line(&mut shown, &error.into());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_scheme_that_is_too_long_to_be_one_is_not_shown() {
    let error = Client::builder("hunter2hunter2://billing.example.com").build().unwrap_err();
    assert_eq!(error.to_string(), "the scheme of the address must be https or http");
    let error = Client::builder("ftp://billing.example.com").build().unwrap_err();
    assert_eq!(error.to_string(), "the scheme of the address is \"ftp\" and must be https or http");
}

#[test]
fn a_scan_that_is_refused_has_a_hint_of_its_own() {
    let client = Client::builder("https://billing.example.com").credentials(Credentials::api("a", "b"));
    let request = GetTickets { limitstart: Some(5), ..GetTickets::default() };
    let error = client.proxy(None).build().unwrap().scan(request).next().unwrap().unwrap_err();
    assert_eq!(error.code(), "scan-incomplete");
    assert_eq!(error.hint().as_deref(), Some("Leave limitstart out."));
}

#[test]
fn a_response_beyond_the_limit_is_one_error_whoever_finds_it() {
    let found = TransportError::new(TransportErrorKind::TooLarge { limit: 5 });
    assert_eq!((found.kind().code(), found.is_retryable()), ("too-large", false));
    assert_eq!(found.to_string(), "the response is larger than 5 bytes");
    let error = Error::from(found);
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 5, .. }), "{error:?}");
    assert_eq!(error.code(), "too-large");
}
