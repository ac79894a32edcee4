//! The exact message of every error of a server that refuses a request.

use gettickets::{
    Client, ConfigError, Credentials, ErrorKind, GetTickets, InvalidCredentials, ResponseType, RetryPolicy,
};
use insta::assert_snapshot;

use crate::server::{Answer, Server, json, reply};

/// The error's text and its hint, with a constant address.
fn shown(answer: Answer) -> String {
    let server = Server::start(vec![answer]);
    let client = server.client().no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    format!("{error}\n{}", error.hint().unwrap_or_default()).replace(&server.address, "http://host/")
}

fn refused(message: &str) -> String {
    shown(reply("403 Forbidden", "", format!(r#"{{"result":"error","message":"{message}"}}"#)))
}

#[test]
fn errors_of_the_api_have_a_hint() {
    assert_snapshot!(refused("Authentication Failed"));
    assert_snapshot!(refused("Invalid IP 203.0.113.7"));
    assert_snapshot!(refused("Invalid IP 2001:db8::7"));
    assert_snapshot!(refused(r#"Invalid Permissions: API action \"gettickets\" is not allowed"#));
    assert_snapshot!(shown(json(r#"{"result":"error","message":"Action not found"}"#)));
    assert_snapshot!(shown(json(r#"{"result":"error"}"#)));
}

#[test]
fn unexpected_responses_show_status_type_and_title() {
    let page = |status: &str, title: &str| {
        let body = format!("<!DOCTYPE html><html><head><title>{title}</title></head>");
        shown(reply(status, "content-type: text/html; charset=utf-8\r\n", body))
    };
    assert_snapshot!(page("403 Forbidden", "Access denied by Imunify360 bot-protection"));
    assert_snapshot!(page("503 Service Unavailable", "Down for Maintenance"));
    assert_snapshot!(page("200 OK", "Client Area Login"));
    assert_snapshot!(page("404 Not Found", "Nothing here"));
    assert_snapshot!(shown(reply("200 OK", "", "")));
    assert_snapshot!(shown(reply(
        "500 Internal Server Error",
        "content-type: text/plain\r\n",
        "PHP \u{1b}[31mbroke"
    )));
}

#[test]
fn a_rate_limit_error_has_the_wait() {
    let limited = |headers: &str, body: &str| shown(reply("429 Too Many Requests", headers, body));
    assert_snapshot!(limited("retry-after: 30\r\n", "<!DOCTYPE html><title>Too \u{1b}[31mmany</title>"));
    assert_snapshot!(limited("", ""));
}

#[test]
fn invalid_settings_are_refused_before_anything_is_sent() {
    let api = || Credentials::api("IDENTIFIER", "SECRET");
    let with = || Client::builder("https://example.com").credentials(api());
    for (builder, problem) in [
        (Client::builder("https://example.com"), ConfigError::NoCredentials),
        (
            with().credentials(Credentials::api("IDENTIFIER", "")),
            ConfigError::EmptyCredentials(InvalidCredentials::Empty { what: "secret" }),
        ),
        (with().timeout(std::time::Duration::ZERO), ConfigError::ZeroTimeout),
        (with().retries(RetryPolicy::default().max_attempts(0)), ConfigError::ZeroAttempts),
        (with().response_type(ResponseType::Nvp), ConfigError::NoListInNvp),
        (with().user_agent("a\nb"), ConfigError::UserAgent),
        (
            with().root_certificates("nothing"),
            ConfigError::RootCertificates { problem: "there is no certificate in it".into() },
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Config(error) if *error == problem), "{error:?}");
        assert!(!error.may_have_been_sent() && !error.is_retryable() && error.hint().is_some());
    }
}

#[test]
fn clients_and_errors_are_shared_between_threads_and_errors_are_small() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Client>();
    shared::<gettickets::Error>();
    assert_eq!(size_of::<gettickets::Error>(), size_of::<usize>());
}

#[test]
fn a_filter_that_servers_ignore_is_refused_before_anything_is_sent() {
    let server = Server::start(Vec::new());
    let client = server.client().no_retries().build().unwrap();
    let request = |change: fn(&mut GetTickets)| {
        let mut request = GetTickets::default();
        change(&mut request);
        request
    };
    for (parameter, request) in [
        ("deptid", request(|request| request.deptid = Some(0))),
        ("clientid", request(|request| request.clientid = Some(0))),
        ("email", request(|request| request.email = Some(String::new()))),
        ("status", request(|request| request.status = Some(" ".into()))),
        ("subject", request(|request| request.subject = Some("\t".into()))),
    ] {
        let is_as_expected = |error: &gettickets::Error| {
            matches!(error.kind(), ErrorKind::Config(ConfigError::IgnoredFilter { parameter: named, .. }) if *named == parameter)
                && !error.may_have_been_sent()
        };
        let error = client.get_tickets(&request).unwrap_err();
        assert!(is_as_expected(&error) && error.hint().is_some(), "{error:?}");
        let error = client.scan(request).find_map(Result::err).unwrap();
        assert!(is_as_expected(&error), "{error:?}");
    }
}
