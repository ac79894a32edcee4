//! Broken and unusual responses, and how the client handles them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use gettickets::transport::{TimeoutPhase, TransportErrorKind};
use gettickets::{ErrorKind, GetTickets, ResponseType};

use crate::server::{Answer, EMPTY, Server, builder, json, kept_alive, raw, reply};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn transport_kind(answer: Answer) -> TransportErrorKind {
    let server = Server::start(vec![answer]);
    let error =
        server.client().no_retries().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert!(error.hint().is_some(), "{error}");
    assert!(error.may_have_been_sent(), "{error}");
    match error.kind() {
        ErrorKind::Transport(error) => error.kind().clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_is_one_form_with_its_length() {
    let server = Server::start(vec![json(EMPTY)]);
    let client = server.client().build().unwrap();
    let request = GetTickets { limitnum: Some(5), ..GetTickets::default() };
    assert!(client.get_tickets(&request).unwrap().is_empty());
    let sent = server.requests().remove(0);
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /includes/api.php http/1.1"), "{head}");
    for line in [
        format!("content-length: {}", body.len()),
        "content-type: application/x-www-form-urlencoded".into(),
        "accept-encoding: gzip".into(),
        format!("user-agent: gettickets/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(head.lines().filter(|other| **other == line).count(), 1, "{line}: {head}");
    }
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(
        body,
        "action=GetTickets&identifier=my-identifier&secret=my-secret&limitnum=5&responsetype=json"
    );
}

#[test]
fn compressed_replies_are_read() {
    let server = Server::start(vec![reply("200 OK", "content-encoding: gzip\r\n", gzip(EMPTY.as_bytes()))]);
    assert!(server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap().is_empty());
}

#[test]
fn a_gzip_bomb_is_bounded_after_decompression() {
    let bomb = gzip(&vec![b' '; 20 << 20]);
    assert!(bomb.len() < 100 << 10);
    let server = Server::start(vec![reply("200 OK", "content-encoding: gzip\r\n", bomb)]);
    let client = server.client().max_response_len(1 << 20).build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit, .. } if *limit == 1 << 20), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[test]
fn a_reply_of_exactly_the_limit_is_read_and_one_more_byte_is_not() {
    for (limit, fits) in [(EMPTY.len(), true), (EMPTY.len() - 1, false)] {
        let server = Server::start(vec![json(EMPTY)]);
        let client = server.client().max_response_len(limit).no_retries().build().unwrap();
        assert_eq!(client.get_tickets(&GetTickets::default()).is_ok(), fits, "{limit}");
    }
}

#[test]
fn each_way_to_break_a_response_has_its_kind() {
    let half_gzip = gzip(EMPTY.as_bytes());
    let half_gzip = &half_gzip[..half_gzip.len() / 2];
    let gzip_head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", half_gzip.len());
    for (what, answer, kind) in [
        ("closed at once", raw(""), TransportErrorKind::Interrupted),
        ("closed in the headers", raw("HTTP/1.1 200 OK\r\ncontent-le"), TransportErrorKind::Interrupted),
        (
            "cut body",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"result\":"),
            TransportErrorKind::Truncated,
        ),
        (
            "cut between chunks",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"result\"\r\n"),
            TransportErrorKind::Truncated,
        ),
        (
            "cut within the length of a chunk",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9"),
            TransportErrorKind::Truncated,
        ),
        (
            "a length of a chunk without an end",
            raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9;{}", "x".repeat(1 << 20))),
            TransportErrorKind::Protocol,
        ),
        ("cut gzip", raw([gzip_head.as_bytes(), half_gzip].concat()), TransportErrorKind::Truncated),
        (
            "bad gzip",
            reply("200 OK", "content-encoding: gzip\r\n", "this is not gzip, although the header says so"),
            TransportErrorKind::Protocol,
        ),
        ("no http", raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), TransportErrorKind::Protocol),
        (
            "header flood",
            raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-padding: 0123456789\r\n".repeat(10_000))),
            TransportErrorKind::HeadersTooLarge,
        ),
    ] {
        assert_eq!(transport_kind(answer), kind, "{what}");
    }
}

#[test]
fn a_body_that_ends_with_its_connection_is_reported_as_truncated() {
    let server =
        Server::start(vec![raw("HTTP/1.1 200 OK\r\n\r\n{\"result\":\"success\",\"tickets\":{\"tick")]);
    let client = server.client().no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(error) if error.is_truncated()), "{error}");
    assert!(error.is_retryable());
}

#[test]
fn a_reset_connection_is_interrupted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Closing a socket with unread bytes resets the connection.
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    });
    let error =
        builder(&address).no_retries().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    let ErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind(), &TransportErrorKind::Interrupted, "{error}");
}

#[test]
fn slow_servers_are_disconnected_and_the_error_has_the_stage() {
    let silent: Answer = Box::new(|stream| drop(stream.read(&mut [0; 1])));
    let drip: Answer = Box::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    for (answer, phase) in [(silent, TimeoutPhase::Response), (drip, TimeoutPhase::Body)] {
        let server = Server::start(vec![answer]);
        let client = server.client().timeout(Duration::from_millis(200)).no_retries().build().unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        let ErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
        assert_eq!(error.kind(), &TransportErrorKind::Timeout(phase), "{error}");
    }
}

#[test]
fn an_unreachable_server_received_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for (address, kind) in [
        (address.as_str(), TransportErrorKind::Connect),
        ("https://nowhere.invalid", TransportErrorKind::Dns),
    ] {
        let client = builder(address).proxy(None).no_retries().build().unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        assert!(!error.may_have_been_sent() && error.is_retryable(), "{error}");
        let ErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
        assert_eq!(error.kind(), &kind, "{error}");
    }
}

#[test]
fn redirects_are_reported_and_not_followed() {
    for (status, location, to) in [
        (
            "302 Found",
            "location: https://elsewhere.example/x?secret=1\r\n",
            Some("https://elsewhere.example/x"),
        ),
        ("307 Temporary Redirect", "location: /login.php\r\n", Some("/login.php")),
        ("301 Moved Permanently", "", None),
    ] {
        let server = Server::start(vec![reply(status, location, ""), json(EMPTY)]);
        let error = server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Redirect { to: target, .. } if target.as_deref() == to),
            "{error}"
        );
        assert_eq!((server.requests().len(), error.is_retryable()), (1, false));
    }
}

#[test]
fn a_page_that_json_cannot_represent_is_requested_as_xml() {
    let failed = "{\"result\":\"error\",\"message\":\"Error generating JSON encoded response: \
                  Malformed UTF-8 characters, possibly incorrectly encoded\"}";
    let xml = b"<?xml version=\"1.0\" encoding=\"utf-8\"?><whmcsapi version=\"8.13.1\"><action>gettickets</action>\
        <result>success</result><totalresults>1</totalresults><startnumber>0</startnumber>\
        <numreturned>1</numreturned><tickets><ticket><id>7</id><subject>caf\xE9</subject></ticket></tickets></whmcsapi>";
    let server = Server::start(vec![json(failed), reply("200 OK", "content-type: application/xml\r\n", xml)]);
    let page = server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap();
    assert_eq!(page.get(0).map(|ticket| (ticket.id(), ticket.subject())), Some((7, "caf\u{fffd}")));
    assert!(page.findings().iter().any(|finding| finding.kind.code() == "replaced-bytes"), "{page:?}");
    let requests = server.requests();
    assert!(requests[0].ends_with("responsetype=json") && requests[1].ends_with("responsetype=xml"));
    // If that fails too, the first error states the cause.
    let server = Server::start(vec![json(failed), json(failed)]);
    let error = server.client().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(error.api_class(), Some(gettickets::ApiErrorClass::Encoding));
    // A client that requests XML sends no second request.
    let server = Server::start(vec![json(failed)]);
    let client = server.client().response_type(ResponseType::Xml).build().unwrap();
    assert!(client.get_tickets(&GetTickets::default()).is_err());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn connections_are_reused() {
    let server = Server::start(vec![Box::new(|stream| {
        for _ in 0..3 {
            stream.write_all(kept_alive().as_bytes()).unwrap();
            crate::server::read_request(stream);
        }
    })]);
    let client = server.client().no_retries().build().unwrap();
    for _ in 0..3 {
        client.get_tickets(&GetTickets::default()).unwrap();
    }
    // All three requests use the one connection that the server accepts.
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_connection_that_the_server_has_closed_is_not_used_again() {
    let (sender, closed) = channel();
    // The server does not say that it closes them.
    let answer = || -> Answer {
        let sender = sender.clone();
        Box::new(move |stream| {
            stream.write_all(kept_alive().as_bytes()).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            sender.send(()).unwrap();
        })
    };
    let server = Server::start(vec![answer(), answer()]);
    let client = server.client().no_retries().build().unwrap();
    for _ in 0..2 {
        client.get_tickets(&GetTickets::default()).unwrap();
        closed.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn tickets_with_an_error_status_are_not_a_page() {
    for (status, code) in
        [("500 X", "unexpected-response"), ("404 X", "unexpected-response"), ("429 X", "rate-limited")]
    {
        let server = Server::start(vec![reply(status, "", EMPTY)]);
        let client = server.client().no_retries().build().unwrap();
        assert_eq!(client.get_tickets(&GetTickets::default()).unwrap_err().code(), code, "{status}");
    }
}

#[test]
fn a_host_that_is_not_found_is_reported_in_the_words_of_the_system() {
    let client = builder("https://nowhere.invalid").proxy(None).no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), &TransportErrorKind::Dns, "{error}");
    let detail = transport.detail().unwrap();
    assert!(detail.to_lowercase().contains("name") && !detail.contains("failed to lookup"), "{detail}");
}

#[test]
fn a_body_of_exactly_the_limit_is_read() {
    for (limit, fits) in [(EMPTY.len(), true), (EMPTY.len() - 1, false)] {
        for answer in [json(EMPTY), reply("200 OK", "content-encoding: gzip\r\n", gzip(EMPTY.as_bytes()))] {
            let server = Server::start(vec![answer]);
            let client = server.client().no_retries().max_response_len(limit).build().unwrap();
            match client.get_tickets(&GetTickets::default()) {
                Ok(page) => assert!(fits && page.is_empty()),
                Err(error) => {
                    assert!(!fits, "{error}");
                    assert!(
                        matches!(error.kind(), ErrorKind::TooLarge { limit: stated, .. } if *stated == limit)
                    );
                    assert!(error.to_string().contains(&limit.to_string()), "{error}");
                }
            }
        }
    }
}
