//! Calls that are canceled: nothing is sent afterwards, and the connection is closed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gettickets::scan::FetchContext;
use gettickets::{Cancellation, Client, Credentials, ErrorKind, GetTickets};

use crate::server::{Answer, EMPTY, Server, json, reply};

const LONG: Duration = Duration::from_secs(60);

/// An answer that sends these bytes, reports that it did, and then reports when the client closes the connection.
fn hanging(begin: &'static str) -> (Answer, Receiver<&'static str>) {
    let (sender, receiver) = channel();
    let answer: Answer = Box::new(move |stream| {
        stream.write_all(begin.as_bytes()).unwrap();
        sender.send("waiting").unwrap();
        // A reset also closes the connection.
        while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
        sender.send("closed").unwrap();
    });
    (answer, receiver)
}

/// A client with the system clock.
fn client(server: &Server) -> Client {
    let credentials = Credentials::api("my-identifier", "my-secret");
    Client::builder(&server.address).credentials(credentials).build().unwrap()
}

#[test]
fn the_connection_is_closed_before_and_within_a_response() {
    for begin in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n\r\n{\"result\":",
        // As far as can be seen, the reply is whole.
        "HTTP/1.1 200 OK\r\n\r\n{\"result\":\"success\",\"totalresults\":0,\"tickets\":{\"ticket\":[]}}",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
    ] {
        let (answer, events) = hanging(begin);
        let server = Server::start(vec![answer, json(EMPTY)]);
        let client = client(&server);
        let cancellation = Cancellation::new();
        let context = FetchContext::new(cancellation.clone());
        let error = std::thread::scope(|scope| {
            let call = scope.spawn(|| client.fetch(&GetTickets::default(), &context));
            assert_eq!(events.recv_timeout(LONG), Ok("waiting"));
            cancellation.cancel();
            assert_eq!(events.recv_timeout(LONG), Ok("closed"), "{begin:?}");
            call.join().unwrap().unwrap_err()
        });
        assert!(matches!(error.kind(), ErrorKind::Cancelled), "{begin:?}: {error}");
        assert_eq!((error.code(), error.attempts(), error.is_retryable()), ("cancelled", 1, false));
        assert!(error.may_have_been_sent());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_connection_that_another_call_opened_is_closed_too() {
    let (sender, events) = channel();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{EMPTY}", EMPTY.len());
    let server = Server::start(vec![Box::new(move |stream| {
        stream.write_all(head.as_bytes()).unwrap();
        crate::server::read_request(stream);
        sender.send("waiting").unwrap();
        while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
        sender.send("closed").unwrap();
    })]);
    let client = client(&server);
    client.get_tickets(&GetTickets::default()).unwrap();
    let pending = client.start(GetTickets::default());
    assert_eq!(events.recv_timeout(LONG), Ok("waiting"));
    drop(pending);
    assert_eq!(events.recv_timeout(LONG), Ok("closed"));
}

#[test]
fn a_wait_ends_at_once_and_nothing_is_sent_after_it() {
    let server =
        Server::start(vec![reply("503 Service Unavailable", "retry-after: 50\r\n", ""), json(EMPTY)]);
    let cancellation = Cancellation::new();
    let (canceller, (sender, waits)) = (cancellation.clone(), channel());
    let mut context = FetchContext::new(cancellation);
    context.on_wait = Some(Arc::new(move |wait| {
        sender.send(wait).unwrap();
        canceller.cancel();
    }));
    let error = client(&server).fetch(&GetTickets::default(), &context).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    let wait = waits.recv().unwrap();
    assert_eq!(
        (wait.duration, wait.requested_by_server, wait.failed_attempts),
        (Duration::from_secs(50), true, 1)
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_call_that_was_canceled_before_it_began_sends_nothing() {
    let server = Server::start(vec![json(EMPTY)]);
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let error = client(&server).fetch(&GetTickets::default(), &FetchContext::new(cancellation)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled) && !error.may_have_been_sent(), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_failure_that_a_smaller_page_may_avoid_is_returned_at_once_on_request() {
    let failures: [fn() -> Answer; 4] = [
        || reply("500 Internal Server Error", "", "Allowed memory size of 134217728 bytes exhausted"),
        || reply("504 Gateway Timeout", "", ""),
        || reply("524 A Timeout Occurred", "", ""),
        || reply("200 OK", "", ""),
    ];
    for failure in failures {
        let server = Server::start(vec![failure(), failure(), failure()]);
        let mut context = FetchContext::default();
        context.retry_size_failures = false;
        let client = server.client().build().unwrap();
        let error = client.fetch(&GetTickets::default(), &context).unwrap_err();
        assert!(error.may_be_due_to_size(), "{error}");
        assert_eq!((error.attempts(), server.requests().len()), (1, 1), "{error}");
    }
    let server = Server::start(vec![reply("503 Service Unavailable", "", ""), json(EMPTY)]);
    let mut context = FetchContext::default();
    context.retry_size_failures = false;
    assert_eq!(server.client().build().unwrap().fetch(&GetTickets::default(), &context).unwrap().requests, 2);
}
