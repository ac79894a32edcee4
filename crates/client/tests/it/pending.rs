//! Requests that are polled, and canceled.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use gettickets::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use gettickets::{Client, Credentials, GetTickets};

use crate::server::EMPTY;

const MOMENT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(30);

/// Reports each request, and replies with what the test sends it.
struct Held {
    asked: Mutex<Sender<()>>,
    answers: Mutex<Receiver<Result<&'static str, TransportErrorKind>>>,
}

impl Transport for Held {
    fn send(&self, _: &TransportRequest) -> Result<TransportResponse, TransportError> {
        self.asked.lock().unwrap().send(()).unwrap();
        let answer = self.answers.lock().unwrap().recv().unwrap();
        answer.map(|body| http::Response::new(body.into())).map_err(TransportError::new)
    }
}

fn held() -> (Client, Receiver<()>, Sender<Result<&'static str, TransportErrorKind>>) {
    let (asked, was_asked) = channel();
    let (answer, answers) = channel();
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("identifier", "secret"))
        .transport(Held { asked: Mutex::new(asked), answers: Mutex::new(answers) })
        .clock(crate::server::FakeClock::default())
        .build()
        .unwrap();
    (client, was_asked, answer)
}

#[test]
fn a_request_can_be_waited_for_in_steps() {
    let (client, was_asked, answer) = held();
    let pending = client.start(GetTickets::default());
    was_asked.recv_timeout(LONG).unwrap();
    assert!(pending.wait_for(MOMENT).is_none());
    answer.send(Ok(EMPTY)).unwrap();
    assert!(pending.wait_for(LONG).unwrap().unwrap().is_empty());
    assert!(pending.wait_for(MOMENT).is_none(), "an outcome is given out once");
}

#[test]
fn an_abandoned_request_is_not_retried() {
    let (client, was_asked, answer) = held();
    let pending = client.start(GetTickets::default());
    was_asked.recv_timeout(LONG).unwrap();
    drop(pending);
    // A retryable error, which would be retried if the call were still waiting.
    answer.send(Err(TransportErrorKind::Connect)).unwrap();
    drop(client);
    // The last thread that uses the transport drops it.
    assert!(was_asked.recv_timeout(LONG).is_err());
}

#[test]
fn an_event_loop_is_woken_once_the_outcome_can_be_taken() {
    let (client, was_asked, answer) = held();
    let (wake, woken) = channel();
    let pending = client.start_then(GetTickets::default(), move || wake.send(()).unwrap());
    was_asked.recv_timeout(LONG).unwrap();
    assert!(woken.recv_timeout(MOMENT).is_err(), "not before");
    answer.send(Ok(EMPTY)).unwrap();
    woken.recv_timeout(LONG).unwrap();
    assert!(pending.wait_for(Duration::ZERO).unwrap().unwrap().is_empty());
}

#[test]
fn a_request_can_be_canceled_by_its_flag() {
    let (client, was_asked, answer) = held();
    let pending = client.start(GetTickets::default());
    was_asked.recv_timeout(LONG).unwrap();
    pending.cancellation().cancel();
    // It would be retried.
    answer.send(Err(TransportErrorKind::Interrupted)).unwrap();
    let error = pending.wait_for(LONG).unwrap().unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("cancelled", 1));
    assert!(was_asked.recv_timeout(MOMENT).is_err());
}

#[test]
fn a_reply_above_the_limit_is_refused_from_a_transport_that_has_none() {
    let (client, was_asked, answer) = held();
    let pending = client.start(GetTickets::default());
    was_asked.recv_timeout(LONG).unwrap();
    let long = format!("{EMPTY}{}", " ".repeat(1 << 10));
    answer.send(Ok(Box::leak(long.into_boxed_str()))).unwrap();
    assert!(pending.wait_for(LONG).unwrap().unwrap().is_empty());

    let (asked, _was_asked) = channel();
    let (answer, answers) = channel();
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("identifier", "secret"))
        .transport(Held { asked: Mutex::new(asked), answers: Mutex::new(answers) })
        .max_response_len(EMPTY.len() - 1)
        .build()
        .unwrap();
    answer.send(Ok(EMPTY)).unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("too-large", 1));
    assert!(matches!(error.kind(), gettickets::ErrorKind::TooLarge { .. }), "{error:?}");
    assert!(error.to_string().contains(&(EMPTY.len() - 1).to_string()), "{error}");
}

#[test]
fn a_scan_can_be_waited_for_in_steps() {
    let (client, was_asked, answer) = held();
    let mut scan = client.scan(GetTickets::default());
    assert!(!scan.wait_for(MOMENT), "nothing has come");
    was_asked.recv_timeout(LONG).unwrap();
    answer.send(Err(TransportErrorKind::Protocol)).unwrap();
    assert!(scan.wait_for(LONG) && scan.wait_for(MOMENT));
    assert!(scan.next().unwrap().is_err());
    assert!(scan.next().is_none() && scan.wait_for(MOMENT), "its end is something to give");
}

#[test]
fn a_panic_of_the_transport_ends_the_wait() {
    let (client, was_asked, answer) = held();
    // Without a reply the transport panics.
    drop(answer);
    let pending = client.start(GetTickets::default());
    was_asked.recv_timeout(LONG).unwrap();
    let error = pending.wait_for(LONG).unwrap().unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    assert!(pending.wait_for(MOMENT).is_none(), "it is taken once");
}
