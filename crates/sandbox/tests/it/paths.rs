//! The address of the API, the form of requests, and the lifetime of a sandbox.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use gettickets_protocol::Ticket;
use gettickets_sandbox::{Sandbox, SandboxError};

use crate::client::{exchange, ids, post_to, send};

const FORM: &str = "action=GetTickets&identifier=sandbox-identifier&secret=sandbox-secret&responsetype=json";

#[test]
fn the_api_is_below_any_prefix() {
    let sandbox = Sandbox::builder().tickets(30).start().unwrap();
    for path in ["/includes/api.php", "/billing/includes/api.php", "/a/b/includes/api.php?x=y"] {
        assert_eq!(post_to(&sandbox, path, FORM).page().len(), 25, "{path}");
    }
    for (path, status) in [
        ("/", 200),
        ("/includes", 404),
        ("/includes/api.php5", 404),
        ("/xincludes/api.php", 404),
        ("/includes/api.php/", 404),
    ] {
        let response = post_to(&sandbox, path, FORM);
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().starts_with("<!DOCTYPE html>"), "{path}");
    }
    assert_eq!(sandbox.request_count(), 3);
}

#[test]
fn a_body_that_is_not_a_form_has_no_parameters() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    for content_type in
        ["application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=b"]
    {
        let response = send(&sandbox, "POST", "/includes/api.php", content_type, FORM);
        assert_eq!(response.status, 403, "{content_type}");
        assert_eq!(response.error().message(), Some("Invalid or missing credentials"), "{content_type}");
    }
    let response = send(&sandbox, "PUT", "/includes/api.php", "application/x-www-form-urlencoded", FORM);
    assert_eq!(response.error().message(), Some("Invalid or missing credentials"));
}

/// A multipart body with these fields in the form of curl's `-F`, and its content type.
fn multipart(fields: &[(&str, &str)]) -> (String, &'static str) {
    let field = |(name, value): &(&str, &str)| {
        format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = fields.iter().map(field).collect::<String>() + "--XyZ--\r\n";
    (body, "multipart/form-data; boundary=XyZ")
}

#[test]
fn a_multipart_body_is_read_like_a_form() {
    let sandbox = Sandbox::builder()
        .load(vec![
            Ticket { id: 1, subject: "Größe & Form".into(), ..Ticket::default() },
            Ticket { id: 2, ..Ticket::default() },
        ])
        .api_credentials("id 1", "s&=%25\u{e9}")
        .start()
        .unwrap();
    let (body, content_type) = multipart(&[
        ("action", "GetTickets"),
        ("identifier", "id 1"),
        ("secret", "s&=%25\u{e9}"),
        ("responsetype", "json"),
        ("subject", "größe & f"),
    ]);
    let page = send(&sandbox, "POST", "/includes/api.php", content_type, &body).page();
    assert_eq!(ids(&page), [1]);
    // An uploaded file is not a parameter.
    let file = body.replace("name=\"secret\"", "name=\"secret\"; filename=\"secret.txt\"");
    let refused = send(&sandbox, "POST", "/includes/api.php", content_type, &file);
    assert_eq!(refused.error().message(), Some("Invalid or missing credentials"));
}

#[test]
fn parameters_in_the_body_take_precedence_over_the_query() {
    let sandbox = Sandbox::builder().tickets(30).start().unwrap();
    let form = "application/x-www-form-urlencoded";
    let api = "/includes/api.php";
    let get = send(&sandbox, "GET", &format!("{api}?{FORM}&limitnum=3"), form, "");
    assert_eq!(get.page().len(), 3);
    let both = send(
        &sandbox,
        "POST",
        &format!("{api}?limitnum=3&limitstart=2"),
        form,
        &format!("{FORM}&limitnum=4"),
    );
    let page = both.page();
    assert_eq!((page.len(), page.startnumber()), (4, Some(2)));
    let (body, content_type) = multipart(&[("limitnum", "5")]);
    let with_multipart = send(&sandbox, "POST", &format!("{api}?{FORM}&limitnum=3"), content_type, &body);
    assert_eq!(with_multipart.page().len(), 5);
}

#[test]
fn only_allowed_hosts_are_served() {
    let sandbox = Sandbox::builder().tickets(1).allow_host("tickets.example").start().unwrap();
    let with_host = |line: &str| {
        let request = format!(
            "POST /includes/api.php HTTP/1.1\r\n{line}Connection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{FORM}",
            FORM.len()
        );
        exchange(&sandbox, &request, u64::MAX).unwrap()
    };
    for host in ["localhost", "127.0.0.1:8080", "[::1]", "tickets.example:80"] {
        assert_eq!(with_host(&format!("Host: {host}\r\n")).page().len(), 1, "{host}");
    }
    let served = sandbox.request_count();
    for host in ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", ""] {
        let refused = with_host(&format!("Host: {host}\r\n"));
        assert_eq!(refused.status, 421, "{host}");
        assert!(refused.text().contains("--allow-host"), "{host}");
    }
    assert_eq!(with_host("").status, 400, "a request without a Host header");
    assert_eq!(sandbox.request_count(), served, "what is refused does not reach the API");
}

#[test]
fn an_incomplete_request_is_disconnected() {
    use std::io::{Read, Write};
    use std::time::Duration;
    let sandbox = Sandbox::builder().tickets(1).request_timeout(Duration::from_millis(150)).start().unwrap();
    for (sent, status) in [
        ("", ""),
        ("POST /includes/api.php HTTP/1.1\r\nHost: loc", ""),
        (
            "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 408",
        ),
    ] {
        let mut stream = TcpStream::connect(sandbox.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut received = Vec::new();
        // The system may report the end of the connection as a reset.
        if let Err(error) = stream.read_to_end(&mut received) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{sent:?}");
        }
        assert!(String::from_utf8_lossy(&received).starts_with(status), "{sent:?}");
    }
    assert_eq!(post_to(&sandbox, "/includes/api.php", FORM).page().len(), 1);
}

#[test]
fn a_maximal_time_limit_is_no_limit() {
    let sandbox = Sandbox::builder().tickets(1).request_timeout(std::time::Duration::MAX).start().unwrap();
    assert_eq!(post_to(&sandbox, "/includes/api.php", FORM).page().len(), 1);
}

#[test]
fn latency_delays_every_response() {
    use std::time::{Duration, Instant};
    let latency = Duration::from_millis(40);
    let sandbox = Sandbox::builder().tickets(1).latency(latency).start().unwrap();
    let begin = Instant::now();
    post_to(&sandbox, "/includes/api.php", FORM).page();
    assert!(begin.elapsed() >= latency, "a response before its time");
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    assert_eq!(post_to(&sandbox, "/includes/api.php", &"x".repeat(2 << 20)).status, 413);
}

#[test]
fn one_connection_serves_many_requests() {
    use std::io::{Read, Write};
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    for last in [false, false, true] {
        let connection = if last { "close" } else { "keep-alive" };
        write!(
            stream,
            "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\nContent-Length: 0\r\n\r\n"
        )
        .unwrap();
    }
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    assert_eq!(replies.matches("Invalid or missing credentials").count(), 3);
}

#[test]
fn it_listens_on_loopback_and_stops_when_dropped() {
    let sandbox = Sandbox::start().unwrap();
    let address = sandbox.address();
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(sandbox.url(), format!("http://127.0.0.1:{}/", address.port()));
    let open = TcpStream::connect(address).unwrap();
    drop(sandbox);
    assert!(TcpStream::connect(address).is_err());
    drop(open);
}

#[test]
fn a_used_port_is_an_error() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Sandbox::builder().port(port).start().unwrap_err();
    assert!(matches!(error, SandboxError::Listen { .. }));
    assert!(
        error.to_string().starts_with(&format!("the sandbox cannot listen on 127.0.0.1:{port}: ")),
        "{error}"
    );
}

#[test]
fn a_repeated_id_is_an_error() {
    let ticket = Ticket { id: 7, ..Ticket::default() };
    let error = Sandbox::builder().load(vec![ticket.clone(), ticket]).start().unwrap_err();
    assert_eq!(error.to_string(), "the sandbox's tickets could not be stored: two tickets have the same id");
}

#[test]
fn an_empty_sandbox_serves_an_empty_page() {
    let sandbox = Sandbox::builder().tickets(0).start().unwrap();
    let response = post_to(&sandbox, "/includes/api.php", FORM);
    assert_eq!(
        response.text(),
        r#"{"result":"success","totalresults":"0","startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#
    );
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Sandbox>();
    shared::<gettickets_sandbox::SandboxBuilder>();
    shared::<gettickets_sandbox::Store>();
    shared::<SandboxError>();
}
