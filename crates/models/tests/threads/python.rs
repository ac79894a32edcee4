//! The scan of the Python module (`bindings/python/src/scan/reading.rs`), read by Python threads, which share the
//! interpreter's lock, and by readers of Arrow streams, which do not need it.

use std::sync::Arc;
use std::time::Duration;

use gettickets::Tickets;

use crate::reading::{LOST, Reader, Step, look};
use crate::server::{Behavior, Server, Watcher};
use crate::signals::SIGNAL_INTERVAL;
use crate::sync::{Mutex, thread};
use crate::{Waits, explore};

/// Three pages.
const COUNT: u64 = 10;

/// A Python scan: the reader, the interpreter's lock, and what the module stores with that lock held.
struct Scan {
    reader: Reader,
    interpreter: Mutex<()>,
    making: Mutex<Option<Making>>,
}

/// The page from which tickets are made.
struct Making {
    generation: u64,
    tickets: Tickets,
    next: usize,
}

fn scan(behavior: fn(u64) -> Behavior) -> (Arc<Scan>, Watcher) {
    let (server, watcher) = Server::new(COUNT, behavior);
    let scan = Scan {
        reader: Reader::new(Box::new(server.scan(2))),
        interpreter: Mutex::new(()),
        making: Mutex::new(None),
    };
    (Arc::new(scan), watcher)
}

/// Why a Python thread gets no further ticket.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Finished,
    Closed,
    Lost,
}

impl Scan {
    /// `next(scan)` of a Python thread. What is done with the interpreter's lock follows `scan/mod.rs`.
    fn next(&self) -> Result<u64, End> {
        let mut interpreter = self.interpreter.lock().unwrap();
        loop {
            let Ok(mut making) = self.making.try_lock() else {
                // Waits without the interpreter's lock.
                drop(interpreter);
                thread::yield_now();
                interpreter = self.interpreter.lock().unwrap();
                continue;
            };
            loop {
                if let Some(id) = self.begun(&mut making) {
                    return Ok(id);
                }
                let step = self.reader.step(Duration::ZERO, Reader::reserve_page);
                let Step::Done(Some(Ok((tickets, generation)))) = step else { break };
                self.reader.settle(|_| ());
                *making = Some(Making { generation, tickets, next: 0 });
            }
            drop(making);
            drop(interpreter);
            let step = self.reader.step(SIGNAL_INTERVAL, look);
            interpreter = self.interpreter.lock().unwrap();
            match step {
                Step::Done(Some(Ok(()))) | Step::NotYet => {}
                Step::Done(Some(Err(error))) => panic!("{error}"),
                Step::Done(None) => return Err(End::Finished),
                Step::Closed => return Err(End::Closed),
                Step::Lost => return Err(End::Lost),
            }
        }
    }

    /// The next ticket of the current page. Python code may run, and let other threads run, while it is reserved.
    fn begun(&self, begun: &mut Option<Making>) -> Option<u64> {
        let making = begun.as_mut()?;
        let is_current = making.next < making.tickets.len()
            && !self.reader.is_closed()
            && self.reader.reserve_next(making.generation);
        if !is_current {
            *begun = None;
            return None;
        }
        thread::yield_now();
        let id = making.tickets.get(making.next).unwrap().id();
        making.next += 1;
        self.reader.settle(|source| source.commit());
        Some(id)
    }

    /// Reads on a Python thread until the end.
    fn read(&self) -> (Vec<u64>, End) {
        let mut ids = Vec::new();
        loop {
            match self.next() {
                Ok(id) => ids.push(id),
                Err(end) => return (ids, end),
            }
        }
    }

    /// Reads an Arrow stream until its end or its error.
    fn read_stream(&self) -> (Vec<u64>, Option<String>) {
        let mut ids = Vec::new();
        loop {
            match self.reader.wait_for_page() {
                Ok(Some(page)) => ids.extend(page.iter().map(|ticket| ticket.id())),
                Ok(None) => return (ids, None),
                Err(error) => return (ids, Some(error)),
            }
        }
    }
}

#[test]
fn two_python_threads_and_a_stream_share_the_tickets() {
    explore(Waits::TimeOut, || {
        let (scan, watcher) = scan(|_| Behavior::Reply);
        let python = [(); 2].map(|()| {
            let scan = Arc::clone(&scan);
            thread::spawn(move || scan.read())
        });
        let (mut ids, error) = scan.read_stream();
        assert_eq!(error, None);
        for thread in python {
            let (more, end) = thread.join().unwrap();
            assert_eq!(end, End::Finished);
            ids.extend(more);
        }
        ids.sort_unstable();
        assert_eq!(ids, (1..=COUNT).collect::<Vec<_>>());
        assert!(scan.reader.has_returned() && scan.reader.failure().is_none());
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn a_python_thread_is_notified_of_tickets() {
    explore(Waits::UntilNotified, || {
        let (scan, watcher) = scan(|_| Behavior::Reply);
        assert_eq!(scan.read(), ((1..=COUNT).collect(), End::Finished));
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn closing_ends_every_reader_and_does_not_look_like_the_end() {
    explore(Waits::TimeOut, || {
        let (scan, watcher) = scan(|offset| match offset {
            0 => Behavior::Reply,
            _ => Behavior::WaitForCancellation,
        });
        let python = {
            let scan = Arc::clone(&scan);
            thread::spawn(move || scan.read())
        };
        let stream = {
            let scan = Arc::clone(&scan);
            thread::spawn(move || scan.read_stream())
        };
        scan.reader.close();
        assert_eq!(python.join().unwrap().1, End::Closed);
        assert_eq!(stream.join().unwrap().1.as_deref(), Some("the scan is closed"));
        // Its requests end now, and not when the object is collected.
        watcher.wait_until_no_thread();
        drop(scan);
        watcher.wait_for_threads();
    });
}

#[test]
fn a_table_that_failed_ends_every_reader_at_its_cursor() {
    explore(Waits::TimeOut, || {
        let (scan, watcher) = scan(|_| Behavior::Reply);
        let python = {
            let scan = Arc::clone(&scan);
            thread::spawn(move || scan.read())
        };
        let begun_at = scan.reader.cursor();
        scan.reader.lose(begun_at.clone());
        assert_eq!(scan.reader.cursor(), begun_at);
        // The thread may have taken all tickets before.
        let (ids, end) = python.join().unwrap();
        assert!(end == End::Lost || ids.len() as u64 == COUNT, "{end:?}");
        assert_eq!(scan.read_stream(), (Vec::new(), Some(LOST.to_owned())));
        drop(scan);
        watcher.wait_for_threads();
    });
}
