//! Where the API lives, how it is asked, and how a sandbox starts and stops.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use gettickets_protocol::Ticket;
use gettickets_sandbox::{Sandbox, SandboxError};

use crate::client::{exchange, post_to};

const FORM: &str = "action=GetTickets&identifier=sandbox-identifier&secret=sandbox-secret&responsetype=json";

#[test]
fn the_api_lives_below_any_prefix_and_nothing_else_does() {
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
fn what_is_no_form_has_no_parameters() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    let requests = [
        format!("GET /includes/api.php?{FORM} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        format!(
            "POST /includes/api.php HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{FORM}",
            FORM.len()
        ),
    ];
    for request in requests {
        let response = exchange(&sandbox, &request, u64::MAX).unwrap();
        assert_eq!(response.status, 403);
        assert_eq!(response.error().message(), Some("Invalid or missing credentials"));
    }
}

#[test]
fn a_body_that_is_no_request_is_not_taken() {
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
            "POST /includes/api.php HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nContent-Length: 0\r\n\r\n"
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
fn a_port_that_is_taken_is_told() {
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
fn an_id_that_is_given_twice_is_told() {
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
