//! The scan on threads (`crates/client/src/blocking/scan.rs`).

use gettickets::sync::thread;
use gettickets::{ErrorKind, Scan, ScanStatus};
use shuttle::rand::{Rng, thread_rng};

use crate::server::{Behavior, Server, Watcher};
use crate::{Waits, explore};

/// Five pages.
const COUNT: u64 = 18;
const CONCURRENCY: usize = 2;

fn scan(behavior: fn(u64) -> Behavior) -> (Scan, Watcher) {
    let (server, watcher) = Server::new(COUNT, behavior);
    (server.scan(CONCURRENCY), watcher)
}

/// Takes the remaining tickets. Returns their ids, and the kind of the error that ended the scan.
fn take_all(scan: &mut Scan) -> (Vec<u64>, Option<ErrorKind>) {
    let mut ids = Vec::new();
    for ticket in scan.by_ref() {
        match ticket {
            Ok(ticket) => ids.push(ticket.id()),
            Err(error) => return (ids, Some(error.kind().clone())),
        }
    }
    (ids, None)
}

/// Reads the state of a scan while it runs: numbers do not decrease, and agree with each other.
fn observe(status: &ScanStatus) {
    let (mut requests, mut yielded) = (0, 0);
    for _ in 0..4 {
        let report = status.report();
        assert!(report.requests >= requests && report.pages <= report.requests, "{report:?}");
        assert!(report.tickets <= COUNT && report.concurrency <= CONCURRENCY, "{report:?}");
        assert!(status.in_flight() <= CONCURRENCY);
        let now = status.yielded();
        assert!(now >= yielded);
        // The report may be ahead of the tickets yielded, and the cursor is at one of the positions after them.
        assert!(status.report().tickets >= now);
        assert!(status.cursor().tickets() >= now);
        (requests, yielded) = (report.requests, now);
        thread::yield_now();
    }
}

#[test]
fn each_ticket_is_yielded_once_and_the_report_is_consistent_at_any_time() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|_| Behavior::Reply);
        let status = scan.status();
        let observer = thread::spawn(move || observe(&status));
        let (ids, failure) = take_all(&mut scan);
        assert_eq!(failure, None);
        assert_eq!(ids, (1..=COUNT).collect::<Vec<_>>());
        let report = scan.report();
        assert_eq!((report.tickets, scan.yielded()), (COUNT, COUNT));
        assert_eq!(report.requests, watcher.begun() as u64);
        assert!(watcher.most_in_flight() <= CONCURRENCY);
        observer.join().unwrap();
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn pages_have_each_ticket_once_also_if_waits_time_out() {
    explore(Waits::TimeOut, || {
        let (scan, watcher) = scan(|_| Behavior::Reply);
        let ids: Vec<u64> = scan
            .pages()
            .flat_map(|page| page.unwrap().iter().map(|ticket| ticket.id()).collect::<Vec<_>>())
            .collect();
        assert_eq!(ids, (1..=COUNT).collect::<Vec<_>>());
        watcher.wait_for_threads();
    });
}

#[test]
fn a_wait_before_a_retry_leaves_one_request_in_flight_and_loses_nothing() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            3..8 => Behavior::ReplyAfterRetry,
            _ => Behavior::Reply,
        });
        let (ids, failure) = take_all(&mut scan);
        assert_eq!((ids, failure), ((1..=COUNT).collect(), None));
        assert!(scan.report().waits > 0);
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn a_scan_that_is_dropped_ends_its_threads_and_sends_nothing_more() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            0..8 => Behavior::Reply,
            _ => Behavior::WaitForCancellation,
        });
        let taken = thread_rng().gen_range(0..=4);
        assert_eq!(scan.by_ref().take(taken).filter(Result::is_ok).count(), taken);
        // Without another thread, a schedule in which nothing is taken would have only one.
        thread::spawn(move || drop(scan)).join().unwrap();
        let begun = watcher.begun();
        watcher.wait_for_threads();
        assert_eq!(watcher.begun(), begun, "a request was sent after the drop");
    });
}

#[test]
fn a_scan_that_is_dropped_at_its_end_has_no_threads_left() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|_| Behavior::Reply);
        assert_eq!(take_all(&mut scan).0.len() as u64, COUNT);
        drop(scan);
        assert!(watcher.is_dropped(), "drop waits for the threads of a scan that has ended");
        assert_eq!(watcher.threads(), 0, "and until they have ended");
    });
}

#[test]
fn cancellation_ends_a_consumer_that_waits() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            0 => Behavior::Reply,
            _ => Behavior::WaitForCancellation,
        });
        let cancellation = scan.cancellation();
        let canceler = thread::spawn(move || cancellation.cancel());
        let (ids, failure) = take_all(&mut scan);
        assert_eq!(failure, Some(ErrorKind::Cancelled));
        assert!(ids.iter().copied().eq(1..=ids.len() as u64));
        assert!(scan.next().is_none(), "an error is the last item");
        canceler.join().unwrap();
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn cancellation_ends_a_consumer_although_the_source_ignores_it() {
    explore(Waits::TimeOut, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            0 => Behavior::Reply,
            _ => Behavior::IgnoreCancellation,
        });
        let (cancellation, observed) = (scan.cancellation(), watcher.clone());
        let canceler = thread::spawn(move || {
            observed.wait_until_ignoring();
            cancellation.cancel();
        });
        let (_, failure) = take_all(&mut scan);
        assert_eq!(failure, Some(ErrorKind::Cancelled));
        canceler.join().unwrap();
        // Does not wait for the thread that is still in the source.
        drop(scan);
        watcher.release();
        watcher.wait_for_threads();
    });
}

#[test]
fn a_source_that_panics_ends_the_scan_in_an_error() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            0..4 => Behavior::Reply,
            _ => Behavior::Panic,
        });
        let (_, failure) = take_all(&mut scan);
        assert!(failure.is_some());
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn an_error_cancels_the_requests_in_flight() {
    explore(Waits::UntilNotified, || {
        let (mut scan, watcher) = scan(|offset| match offset {
            0 => Behavior::Reply,
            // The page that is due fails while one that was read ahead waits.
            1..4 => Behavior::Panic,
            _ => Behavior::WaitForCancellation,
        });
        let (_, failure) = take_all(&mut scan);
        assert!(failure.is_some());
        // This waits for the threads before it cancels anything, so the error has to have ended their requests.
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn a_peeked_ticket_is_yielded_once_it_is_committed() {
    explore(Waits::TimeOut, || {
        let (mut scan, watcher) = scan(|_| Behavior::Reply);
        let status = scan.status();
        let observer = thread::spawn(move || observe(&status));
        let mut ids = Vec::new();
        loop {
            // As bindings read: short waits, between which they do other things.
            if !scan.wait_for(std::time::Duration::from_millis(50)) {
                continue;
            }
            let Some(ticket) = scan.peek() else { break };
            let id = ticket.unwrap().id();
            assert_eq!(scan.peek().unwrap().unwrap().id(), id);
            assert_eq!(scan.yielded(), ids.len() as u64);
            scan.commit();
            ids.push(id);
        }
        assert_eq!(ids, (1..=COUNT).collect::<Vec<_>>());
        observer.join().unwrap();
        drop(scan);
        watcher.wait_for_threads();
    });
}
