//! [`Reader`]: takes tickets from a scan for several threads, with and without the interpreter's lock.
//!
//! Its lock is never held by code that waits for the interpreter's lock, so code that holds the interpreter's lock may
//! wait for it.
//!
//! A ticket counts as returned when its object exists. Until then it is reserved, so that an interrupt loses nothing
//! and no other thread takes it.

use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

use gettickets::scan::ScanStatus;
use gettickets::{Cancellation, Error, ErrorKind, Tickets};

use crate::signals::SIGNAL_INTERVAL;
use crate::source::Source;
use crate::sync::{AtomicBool, Instant, Mutex, MutexGuard, Ordering, TryLockError, thread};

/// How long a thread sleeps before it retries to use a value that another thread uses briefly.
const SHORT: Duration = Duration::from_millis(1);
/// How long an Arrow stream waits for a ticket that another thread has reserved.
const MAX_RESERVATION: Duration = Duration::from_secs(2);
/// The message for a scan whose table failed.
pub(super) const LOST: &str = "a table of this scan failed, and its tickets are lost";

/// A scan that several threads read.
pub(crate) struct Reader {
    reading: Mutex<Reading>,
    pub(super) status: ScanStatus,
    cancellation: Cancellation,
    is_closed: AtomicBool,
    /// The cursor at which a failed table began.
    lost_from: OnceLock<String>,
    /// The number of tickets that earlier scans returned, if this one continues them.
    returned_before: u64,
}

pub(crate) struct Reading {
    pub(super) source: Box<dyn Source>,
    /// Whether a ticket or a page is reserved: peeked at, while its object is not made yet.
    is_reserved: bool,
    /// Changes when a page is begun or taken.
    generation: u64,
}

/// The result of a short wait.
pub(super) enum Step<T> {
    /// An item, the end, or the error that ended the scan.
    Done(Option<Result<T, Error>>),
    NotYet,
    Closed,
    /// A table with tickets of this scan failed.
    Lost,
}

impl Reader {
    pub(super) fn new(source: Box<dyn Source>) -> Reader {
        let (status, cancellation) = (source.status(), source.cancellation());
        let returned_before = status.yielded();
        Reader {
            reading: Mutex::new(Reading { source, is_reserved: false, generation: 0 }),
            status,
            cancellation,
            is_closed: AtomicBool::new(false),
            lost_from: OnceLock::new(),
            returned_before,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Stops the scan: no further request is sent, and its connections are closed.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.cancellation.cancel();
    }

    /// The error that ended the scan, unless it was closed.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.status.failure().filter(|error| *error.kind() != ErrorKind::Cancelled)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at most this long for an item, and takes it. The caller must not hold the interpreter's lock, unless the
    /// time is zero.
    pub(super) fn step<T>(
        &self,
        time: Duration,
        take: impl FnOnce(&mut Reading) -> Option<Result<T, Error>>,
    ) -> Step<T> {
        match self.status.failure() {
            // A scan that was closed during a request ends in this way.
            Some(failure) if *failure.kind() == ErrorKind::Cancelled => return Step::Closed,
            Some(failure) => return Step::Done(Some(Err(failure))),
            None => {}
        }
        if self.is_lost() {
            return Step::Lost;
        }
        if self.is_closed() {
            return Step::Closed;
        }
        let mut reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::WouldBlock) if time.is_zero() => return Step::NotYet,
            Err(_) => self.lock(),
        };
        if reading.is_reserved {
            drop(reading);
            thread::sleep(time.min(SHORT));
            return Step::NotYet;
        }
        if !reading.source.wait_for(time) {
            drop(reading);
            // Lets other waiting threads run.
            thread::yield_now();
            return Step::NotYet;
        }
        // The scan may have been closed during the wait, which must not look like the end.
        match take(&mut reading) {
            Some(Err(error)) if *error.kind() == ErrorKind::Cancelled => Step::Closed,
            None if self.is_closed() => Step::Closed,
            taken => Step::Done(taken),
        }
    }

    /// Peeks at the next page, or at the rest of the current one, and reserves it. The number is that of the page, for
    /// [`reserve_next`](Reader::reserve_next).
    pub(super) fn reserve_page(reading: &mut Reading) -> Option<Result<(Tickets, u64), Error>> {
        let page = reading.source.peek_page()?;
        Some(page.map(|tickets| {
            reading.is_reserved = true;
            reading.generation += 1;
            (tickets, reading.generation)
        }))
    }

    /// Reserves the next ticket of the page with this number. Returns `false` if another thread took the rest of it.
    pub(super) fn reserve_next(&self, generation: u64) -> bool {
        let mut reading = self.lock();
        let is_current = reading.generation == generation;
        if is_current {
            reading.is_reserved = true;
        }
        is_current
    }

    /// Ends a reservation; `take` counts the reserved item as returned.
    pub(super) fn settle(&self, take: impl FnOnce(&mut dyn Source)) {
        let mut reading = self.lock();
        reading.is_reserved = false;
        take(&mut *reading.source);
    }

    pub(super) fn take_page(reading: &mut Reading) -> Option<Result<Tickets, Error>> {
        let page = reading.source.peek_page()?;
        if page.is_ok() {
            reading.source.commit_page();
            reading.generation += 1;
        }
        Some(page)
    }

    /// The cursor of the scan.
    pub(crate) fn cursor(&self) -> String {
        self.lost_from.get().cloned().unwrap_or_else(|| self.status.cursor().to_string())
    }

    /// Marks the tickets of the scan since this cursor as lost with a table.
    pub(crate) fn lose(&self, begun_at: String) {
        // If another table failed before, its cursor counts.
        let _ = self.lost_from.set(begun_at);
    }

    /// Whether a table with tickets of this scan failed.
    pub(super) fn is_lost(&self) -> bool {
        self.lost_from.get().is_some()
    }

    /// Whether this scan returned a ticket.
    pub(crate) fn has_returned(&self) -> bool {
        self.status.yielded() > self.returned_before
    }

    /// Waits for the next page without a time limit; for readers of Arrow streams on their own threads.
    pub(crate) fn wait_for_page(&self) -> Result<Option<Tickets>, String> {
        let mut reserved_since = None;
        loop {
            match self.step(SIGNAL_INTERVAL, Reader::take_page) {
                Step::Done(page) => return page.transpose().map_err(|error| error.to_string()),
                Step::NotYet => {
                    if !self.lock().is_reserved {
                        reserved_since = None;
                    } else if reserved_since.get_or_insert_with(Instant::now).elapsed() > MAX_RESERVATION {
                        return Err(
                            "another thread takes a ticket of the scan and does not finish".to_owned()
                        );
                    }
                }
                // Closing must not look like the end.
                Step::Closed => return Err("the scan is closed".to_owned()),
                Step::Lost => return Err(LOST.to_owned()),
            }
        }
    }
}

/// Whether an item is available, without taking it. The error of a scan is taken, because it is returned again.
pub(super) fn look(reading: &mut Reading) -> Option<Result<(), Error>> {
    Some(reading.source.peek_page()?.map(|_| ()))
}
