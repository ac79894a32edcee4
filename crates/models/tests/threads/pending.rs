//! A request in progress (`crates/client/src/blocking/pending.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gettickets::sync::{mpsc, thread};
use gettickets::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use gettickets::{Client, Credentials, ErrorKind, GetTickets};

use crate::{Waits, explore};

const EMPTY: &str = r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}"#;

/// Replies at once, or waits until the request is canceled.
struct Server {
    waits: bool,
    sent: Arc<AtomicUsize>,
}

impl Transport for Server {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
        if self.waits {
            assert!(request.cancellation.wait(Duration::MAX));
            return Err(TransportError::new(TransportErrorKind::Interrupted));
        }
        Ok(http::Response::new(EMPTY.into()))
    }
}

fn client(waits: bool) -> (Client, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("IDENTIFIER", "SECRET"))
        .transport(Server { waits, sent: Arc::clone(&sent) })
        .build()
        .unwrap();
    (client, sent)
}

#[test]
fn the_outcome_is_available_when_ready_is_called_and_is_returned_once() {
    explore(Waits::TimeOut, || {
        let (client, sent) = client(false);
        let (sender, receiver) = mpsc::channel();
        let pending = client.start_then(GetTickets::default(), move || sender.send(()).unwrap());
        receiver.recv().unwrap();
        assert!(pending.wait_for(Duration::ZERO).unwrap().unwrap().is_empty());
        assert!(pending.wait_for(Duration::ZERO).is_none());
        assert_eq!(sent.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn cancellation_ends_the_request_and_its_thread() {
    explore(Waits::UntilNotified, || {
        let (client, sent) = client(true);
        let (sender, receiver) = mpsc::channel();
        let pending = client.start_then(GetTickets::default(), move || sender.send(()).unwrap());
        let cancellation = pending.cancellation().clone();
        let canceler = thread::spawn(move || cancellation.cancel());
        let outcome = pending.wait_for(Duration::MAX).unwrap();
        assert_eq!(*outcome.unwrap_err().kind(), ErrorKind::Cancelled);
        canceler.join().unwrap();
        receiver.recv().unwrap();
        assert!(sent.load(Ordering::Relaxed) <= 1);
    });
}

#[test]
fn a_request_that_is_dropped_ends_its_thread() {
    explore(Waits::UntilNotified, || {
        let (client, _) = client(true);
        let (sender, receiver) = mpsc::channel();
        drop(client.start_then(GetTickets::default(), move || sender.send(()).unwrap()));
        // If the thread does not end, this waits forever.
        receiver.recv().unwrap();
    });
}
