//! [`Scan`]: the scan on threads, as an iterator.
//!
//! A few worker threads fetch the pages that the machine asks for; the machine and what the consumer took are behind one
//! lock, which is held for moments only.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::Client;
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, TransportError, TransportErrorKind};
use crate::protocol::{GetTickets, Tickets};
use crate::scan::machine::{FetchPage, Metrics, Settings};
use crate::scan::{
    Available, Cursor, Delivery, Fetch, FetchContext, Fetched, InvalidCursor, Observed, ScanReport,
    ScanStatus, SharedTicket, settings_methods,
};

/// How long a consumer waits before it looks at the cancellation again.
const GLANCE: Duration = Duration::from_millis(50);

/// Every ticket that matches a request, each once, in the order of the server's list.
///
/// # The promise
///
/// **A scan that ends without an error yielded every ticket that matched the request from the scan's first request to its
/// last, and each ticket once.** Otherwise its last item is an error; where the list could not be read with certainty, the
/// error is of the kind [`ScanIncomplete`](crate::ErrorKind::ScanIncomplete). The list may change between any two requests:
/// tickets may be opened, answered, closed, reopened, merged, deleted and reassigned while it is read.
///
/// This rests on the following assumptions, and on nothing else. DESIGN.md has the argument.
///
/// 1. *A page is a snapshot.* The tickets on a page were at one moment neighbors in the list, in the order of the page. Some
///    between them may be hidden, and the page may have fewer tickets than were requested.
/// 2. *The place of a ticket follows from its fields.* Two tickets whose documented fields are the same at two moments are in the
///    same order at both. Nothing is assumed about what the order is.
/// 3. *Ids are unique and do not change.*
/// 4. *The end shows itself.* Where there are more tickets, the server does not send a page that is cut off, then the last
///    tickets of that page alone, and then an empty page behind them, one after the other. If `totalresults` is absent or
///    wrong, no more tickets in a row are hidden than fit on a page.
/// 5. *Moves do not cancel out.* If a ticket that was not yielded yet moves over the scan's position while the list is read
///    again, rows or `totalresults` show it, unless that reading takes a single page.
/// 6. *Only where the order is by last reply, newest first*, as every pair of neighbors in the whole list has confirmed: a
///    change that moves a ticket sets its last reply to the server's clock; that clock was not set back by more than three
///    hours; and no more than 16 tickets at the front (on a shorter page: half of them) are dated ahead of it. Then only the
///    front of the list is read again; in any other order the whole list is, unless it is by id or by opening.
///
/// [`updated_since`](Scan::updated_since) states what it assumes in addition.
///
/// `totalresults` is not trusted: it can only make the scan read more, or end in an error if the server lastingly counts more
/// tickets than it sends; see [`allow_count_mismatch`](Scan::allow_count_mismatch).
///
/// # Use
///
/// Nothing is sent before the first [`next`](Iterator::next). An error is the last item; what came before it is good, and
/// [`cursor`](Scan::cursor) continues from there. Dropping or [closing](Scan::close) a scan stops it: no further request is
/// sent, and connections in use are closed.
///
/// Up to [`concurrency`](Scan::concurrency) requests are in flight, and at most so many pages are read ahead. Of every ticket
/// met about 5 bytes are kept where most tickets of the install match, and at most about 130 where few do.
///
/// ```no_run
/// use gettickets::{Client, Credentials, GetTickets};
///
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .build()?;
/// let mut scan = client.scan(GetTickets::default());
/// for ticket in scan.by_ref() {
///     let ticket = ticket?;
///     println!("{} {}", ticket.tid(), ticket.subject_text());
/// }
/// println!("{:?}", scan.report());
/// # Ok::<(), gettickets::Error>(())
/// ```
pub struct Scan {
    shared: Arc<Shared>,
}

/// What a scan, its threads and its status handles share.
struct Shared {
    fetch: Box<dyn Fetch>,
    state: Mutex<State>,
    /// Something can be taken, or the scan has ended.
    arrived: Condvar,
    /// There is a page to fetch, or the scan has ended.
    work: Condvar,
    cancellation: Cancellation,
}

struct State {
    delivery: Delivery,
    /// ScanPages to fetch.
    queue: VecDeque<FetchPage>,
    workers: usize,
    idle: usize,
    started: bool,
}

impl Observed for Shared {
    fn observe(&self, look: &mut dyn FnMut(&mut Delivery)) {
        look(&mut self.lock().delivery);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to arrive. A source of the user's own may not heed the cancellation, so the wait is short.
    fn wait_a_little<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.arrived.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Queues the pages that the machine wants, and sees to it that there are threads to fetch them.
    fn pump(self: &Arc<Shared>, state: &mut State) {
        if state.delivery.is_closed() || !state.started {
            return;
        }
        if self.cancellation.is_cancelled() && state.delivery.series().outcome().is_none() {
            state.delivery.series().abort(Error::new(ErrorKind::Cancelled));
        }
        while let Some(fetch) = state.delivery.poll_fetch() {
            state.queue.push_back(fetch);
            if state.idle < state.queue.len() {
                self.start_worker(state);
            }
            self.work.notify_one();
        }
        if state.delivery.series().has_ended() {
            // ScanPages ahead are not needed any more.
            self.cancellation.cancel();
            state.queue.clear();
            self.work.notify_all();
        }
    }

    fn start_worker(self: &Arc<Shared>, state: &mut State) {
        let shared = Arc::clone(self);
        let name = "gettickets-scan".to_owned();
        match thread::Builder::new().name(name).spawn(move || shared.work()) {
            Ok(_) => state.workers += 1,
            Err(error) if state.workers == 0 => {
                let error = TransportError::new(TransportErrorKind::Thread).with_detail(error.to_string());
                state.delivery.series().abort(error.not_sent().into());
            }
            // Those that run do the work.
            Err(error) => log::warn!("a scan reads with fewer threads: {error}"),
        }
    }

    /// Runs a worker thread: fetches pages until the scan ends.
    fn work(self: Arc<Shared>) {
        let mut state = self.lock();
        loop {
            if state.delivery.is_closed() || state.delivery.series().has_ended() {
                state.workers -= 1;
                return;
            }
            let Some(fetch) = state.queue.pop_front() else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
                continue;
            };
            let Some(request) = state.delivery.series().request_of(&fetch) else { continue };
            drop(state);
            let outcome = self.fetch(&request, fetch);
            state = self.lock();
            if !state.delivery.is_closed() {
                match outcome {
                    Ok(Fetched { page, requests, elapsed }) => {
                        let requests = u64::from(requests.max(1));
                        let metrics = Metrics { elapsed, requests, retries: requests - 1 };
                        state.delivery.series().on_page(fetch.id, page, metrics);
                    }
                    Err(error) => {
                        // What a cancelled source returns need not say so.
                        let cancelled = self.cancellation.is_cancelled();
                        let error = if cancelled { Error::new(ErrorKind::Cancelled) } else { error };
                        state.delivery.series().on_error(fetch.id, error);
                    }
                }
                self.pump(&mut state);
            }
            self.arrived.notify_all();
        }
    }

    fn fetch(self: &Arc<Shared>, request: &GetTickets, fetch: FetchPage) -> Result<Fetched, Error> {
        let mut context = FetchContext::new(self.cancellation.clone());
        context.retry_size_failures = fetch.retry_size_failures;
        let shared = Arc::downgrade(self);
        context.on_wait = Some(Arc::new(move |wait: crate::scan::RetryWait| {
            if let Some(shared) = shared.upgrade() {
                let mut state = shared.lock();
                state.delivery.series().on_throttled(fetch.id, wait.duration, wait.requested_by_server);
            }
        }));
        // A source of the user's own may panic; the consumer would wait forever.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.fetch.fetch(request, &context)));
        outcome.unwrap_or_else(|_| {
            let detail = "the thread that reads a page panicked";
            Err(TransportError::new(TransportErrorKind::Other).with_detail(detail).into())
        })
    }

    fn close(&self) {
        self.cancellation.cancel();
        let mut state = self.lock();
        state.delivery.close();
        state.queue.clear();
        drop(state);
        self.work.notify_all();
        self.arrived.notify_all();
    }
}

impl Client {
    /// Every ticket that matches, over all pages; see [`Scan`].
    pub fn scan(&self, request: GetTickets) -> Scan {
        Scan::new(self.clone(), request)
    }
}

impl Scan {
    /// A scan of any source of pages; [`Client::scan`](crate::Client::scan) is the usual way.
    ///
    /// `limitnum` of the request is the most tickets to request at a time (at least 4). Without it a scan begins with 100 and
    /// requests up to 1,000 where that is not slower. `limitstart` must not be set.
    pub fn new(fetch: impl Fetch, request: GetTickets) -> Scan {
        let settings = Settings { endpoint: fetch.endpoint(), ..Settings::new(request) };
        let state = State {
            delivery: Delivery::new(settings),
            queue: VecDeque::new(),
            workers: 0,
            idle: 0,
            started: false,
        };
        Scan {
            shared: Arc::new(Shared {
                fetch: Box::new(fetch),
                state: Mutex::new(state),
                arrived: Condvar::new(),
                work: Condvar::new(),
                cancellation: Cancellation::new(),
            }),
        }
    }

    /// Settings change nothing once the scan has begun.
    fn configure(self, change: impl FnOnce(&mut Settings)) -> Scan {
        let mut state = self.shared.lock();
        if !state.started {
            state.delivery.configure(change);
        }
        drop(state);
        self
    }

    settings_methods!();

    /// Continues where another scan of the same request was: what that one yielded is not yielded again, and the promise
    /// holds from its beginning to this one's end. The page size and the concurrency may differ. Set
    /// [`updated_since`](Scan::updated_since) first.
    ///
    /// # Errors
    ///
    /// If the cursor belongs to another endpoint, request or `updated_since`, or is of another version.
    pub fn resume(self, cursor: &Cursor) -> Result<Scan, InvalidCursor> {
        self.shared.lock().delivery.resume(cursor.clone())?;
        Ok(self)
    }

    /// Where the scan is: after the tickets yielded so far.
    pub fn cursor(&self) -> Cursor {
        self.shared.lock().delivery.cursor()
    }

    /// What the scan did and met so far; the reading may be ahead of what was yielded.
    pub fn report(&self) -> ScanReport {
        self.shared.lock().delivery.report()
    }

    /// A handle to read the scan's state with from anywhere.
    pub fn status(&self) -> ScanStatus {
        ScanStatus::new(Arc::clone(&self.shared))
    }

    /// The flag that cancels the scan: the next item is then an error of the kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled). It is also set when the scan has ended.
    pub fn cancellation(&self) -> Cancellation {
        self.shared.cancellation.clone()
    }

    /// How many tickets were yielded so far, those yielded before it was [resumed](Scan::resume) among them.
    pub fn yielded(&self) -> u64 {
        self.shared.lock().delivery.yielded()
    }

    /// How many tickets match, as the server counted them last. It may be wrong.
    pub fn total(&self) -> Option<u64> {
        self.shared.lock().delivery.total()
    }

    /// The error that the scan ended in, once it was yielded. A scan yields its error once, as iterators do; this distinguishes
    /// that end from one at which every ticket was yielded.
    pub fn failure(&self) -> Option<Error> {
        self.shared.lock().delivery.failure().cloned()
    }

    /// Stops the scan: no further request is sent, waits end, connections in use are closed, and the iterator is at its end.
    /// The report and the cursor stay readable.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// The scan as tickets page by page.
    pub fn pages(self) -> ScanPages {
        ScanPages { scan: self }
    }

    /// The next tickets, as they lie together on a page; or what is left of those that [`next`](Iterator::next) has begun.
    pub fn next_page(&mut self) -> Option<Result<Tickets, Error>> {
        let tickets = self.peek_page()?;
        if tickets.is_ok() {
            self.commit_page();
        }
        Some(tickets)
    }

    /// Waits for the next ticket and returns it, without counting it as yielded: the next call returns it again until
    /// [`commit`](Scan::commit) is called. For bindings, in which making the ticket's object may fail.
    pub fn peek(&mut self) -> Option<Result<SharedTicket, Error>> {
        self.wait(Delivery::peek)
    }

    /// Counts the ticket that [`peek`](Scan::peek) returned as yielded.
    pub fn commit(&mut self) {
        let mut state = self.shared.lock();
        if state.delivery.commit() {
            self.shared.pump(&mut state);
        }
    }

    /// As [`peek`](Scan::peek), for what [`next_page`](Scan::next_page) returns.
    pub fn peek_page(&mut self) -> Option<Result<Tickets, Error>> {
        self.wait(Delivery::peek_page)
    }

    /// Counts the tickets that [`peek_page`](Scan::peek_page) returned as yielded.
    pub fn commit_page(&mut self) {
        self.take(Delivery::commit_page);
    }

    /// Waits until the scan has something to yield, a ticket, an error or its end, for this time at most; returns whether it
    /// has. For callers that have other things to do meanwhile, such as handling Ctrl-C.
    pub fn wait_for(&mut self, time: Duration) -> bool {
        let deadline = Instant::now().checked_add(time);
        let mut state = self.shared.lock();
        loop {
            if state.delivery.is_closed() || !matches!(self.available(&mut state, false), Available::Nothing)
            {
                return true;
            }
            let left = deadline.map_or(GLANCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.shared.wait_a_little(state, left.min(GLANCE));
        }
    }

    /// What can be taken. The error of a scan that has ended is given out only if `take_error` is set.
    fn available(&self, state: &mut State, take_error: bool) -> Available {
        state.started = true;
        self.shared.pump(state);
        if take_error { state.delivery.available() } else { state.delivery.glance() }
    }

    fn wait<T>(&mut self, peek: impl Fn(&Delivery) -> Option<T>) -> Option<Result<T, Error>> {
        let mut state = self.shared.lock();
        loop {
            if state.delivery.is_closed() {
                return None;
            }
            match self.available(&mut state, true) {
                Available::Ticket => return peek(&state.delivery).map(Ok),
                Available::End(error) => return error.map(Err),
                Available::Nothing => {}
            }
            state = self.shared.wait_a_little(state, GLANCE);
        }
    }

    fn take(&mut self, commit: impl Fn(&mut Delivery)) {
        let mut state = self.shared.lock();
        commit(&mut state.delivery);
        // There may be room now to read further ahead.
        self.shared.pump(&mut state);
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Iterator for Scan {
    type Item = Result<SharedTicket, Error>;

    fn next(&mut self) -> Option<Result<SharedTicket, Error>> {
        let mut state = self.shared.lock();
        loop {
            if state.delivery.is_closed() {
                return None;
            }
            // Most tickets are taken from a batch that is there.
            if let Some(ticket) = state.delivery.peek() {
                let was_last = state.delivery.commit();
                if was_last {
                    self.shared.pump(&mut state);
                }
                return Some(Ok(ticket));
            }
            match self.available(&mut state, true) {
                Available::Ticket => continue,
                Available::End(error) => return error.map(Err),
                Available::Nothing => {}
            }
            state = self.shared.wait_a_little(state, GLANCE);
        }
    }
}

impl FusedIterator for Scan {}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("report", &self.report()).finish_non_exhaustive()
    }
}

/// A scan as tickets page by page; see [`Scan::pages`].
///
/// A page that has tickets which were yielded before comes in the parts between those. No part is empty.
#[derive(Debug)]
pub struct ScanPages {
    scan: Scan,
}

impl ScanPages {
    /// The scan, for its report, cursor and status.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// The scan, to go on ticket by ticket.
    pub fn into_scan(self) -> Scan {
        self.scan
    }

    /// See [`Scan::wait_for`].
    pub fn wait_for(&mut self, time: Duration) -> bool {
        self.scan.wait_for(time)
    }

    /// See [`Scan::close`].
    pub fn close(&mut self) {
        self.scan.close();
    }

    /// See [`Scan::report`].
    pub fn report(&self) -> ScanReport {
        self.scan.report()
    }

    /// See [`Scan::cursor`].
    pub fn cursor(&self) -> Cursor {
        self.scan.cursor()
    }

    /// See [`Scan::total`].
    pub fn total(&self) -> Option<u64> {
        self.scan.total()
    }

    /// See [`Scan::failure`].
    pub fn failure(&self) -> Option<Error> {
        self.scan.failure()
    }
}

impl Iterator for ScanPages {
    type Item = Result<Tickets, Error>;

    fn next(&mut self) -> Option<Result<Tickets, Error>> {
        self.scan.next_page()
    }
}

impl FusedIterator for ScanPages {}
