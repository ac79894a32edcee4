//! [`Scan`]: the scan on threads, as an iterator.
//!
//! Worker threads fetch the pages that the machine requests. One lock, which is held briefly, protects the machine and
//! the record of the tickets that the consumer took.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::client::Client;
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, TransportError, TransportErrorKind};
use crate::protocol::{GetTickets, Tickets};
use crate::scan::machine::{FetchPage, Metrics, Settings};
use crate::scan::{
    Available, Cursor, Delivery, Fetch, FetchContext, Fetched, InvalidCursor, Observed, ScanReport,
    ScanStatus, SharedTicket, settings_methods,
};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Instant, Mutex, MutexGuard};

/// How often a waiting consumer checks the cancellation.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How long dropping a scan that has ended waits for its threads.
const MAX_JOIN: Duration = Duration::from_millis(100);

/// Every ticket that matches a request, each once, in the order of the server's list.
///
/// # The guarantee
///
/// **A scan that ends without an error yielded every ticket that matched the filter all the time between the first and
/// the last HTTP request, and each ticket once.** Otherwise its last item is an error; if it is not certain that every
/// ticket was read, the error is of the kind [`ScanIncomplete`](crate::ErrorKind::ScanIncomplete). The list may change
/// between any two requests: tickets may be opened, answered, closed, reopened, merged, deleted and reassigned during
/// the scan.
///
/// The guarantee depends on the following assumptions. DESIGN.md has the argument, which is tested and not proven:
/// simulations of lists that change at nearly every request found gaps in it, in which a scan lost a ticket without an
/// error. These gaps are closed, and there may be others. The chapter "The adversary" there has the figures.
///
/// 1. *A page is a snapshot.* At one moment, the tickets of a page were neighbors in the list, in the order of the
///    page. Tickets between two of its tickets may be hidden, and the page may have fewer tickets than were requested.
/// 2. *The position of a ticket depends on its fields only.* Two tickets whose documented fields are the same at two
///    moments are in the same order at both. The order may be any.
/// 3. *Ids are unique and do not change.*
/// 4. *The end of the list is recognizable.* A page is cut off if it has fewer tickets than requested although the
///    server could send more. The server does not cut off a page, then one that has only the last tickets of that page,
///    and then send an empty page for the offset after them, unless `totalresults` counts more. It does not cut off the
///    first page, or a page and then one that has only the last tickets of it, while a `totalresults` that stays the
///    same counts exactly the tickets up to there. If `totalresults` is missing or wrong, fewer consecutive tickets are
///    hidden than fit on a page.
/// 5. *Moves do not cancel each other out.* If one page does not suffice to show what moved, the scan requires that
///    nothing changed while it read several pages. If a ticket that was not yielded yet then moves from the part that
///    is still to be read to the part that was read, a row or `totalresults` on one of these pages shows it.
/// 6. *Only if the list is ordered by the last reply, newest first*, which every pair of neighbors in the whole list
///    confirmed: a change that moves a ticket sets its last reply to the server's clock; that clock was not set back by
///    more than three hours; and at most 16 tickets at the front (if the first page has fewer than 32 tickets: half of
///    them) have later dates than the clock. Then only the front of the list is read again. With any other order the
///    whole list is read again, unless it is ordered by id or by opening.
/// 7. *The order is recognizable.* If at least eight pairs of neighbors agree with an order by id, opening or last
///    reply, and none contradicts it, the list is in such an order.
///
/// [`updated_since`](Scan::updated_since) states its additional assumptions.
///
/// Apart from assumption 4, `totalresults` is not trusted: it can only make the scan read more, or end in an error if
/// the server counts more tickets than it sends, and continues to do so; see
/// [`allow_count_mismatch`](Scan::allow_count_mismatch).
///
/// # Use
///
/// Nothing is sent before the first [`next`](Iterator::next). An error is the last item; the tickets before it are
/// valid, and [`cursor`](Scan::cursor) continues from there. Dropping or [closing](Scan::close) a scan stops it: no
/// further request is sent, and connections in use are closed.
///
/// Up to [`concurrency`](Scan::concurrency) requests are in flight. While tickets wait to be taken, up to twice as many
/// pages wait or are in flight. The scan stores about 5 bytes per ticket if most tickets of the install match, and at
/// most about 170 if few do.
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

/// The state shared by a scan, its threads and its status handles.
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
    /// Pages to fetch.
    queue: VecDeque<FetchPage>,
    /// The threads that run, and how many of them are fetching a page.
    workers: usize,
    busy: usize,
    started: bool,
    /// All threads that were started, and the process that they are in: a forked one does not have them.
    threads: Vec<JoinHandle<()>>,
    process: u32,
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

    /// Waits for something to arrive. The wait is short, because a user's own source may ignore the cancellation.
    fn wait_a_little<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.arrived.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Queues the pages that the machine requests, and starts threads to fetch them.
    fn pump(self: &Arc<Shared>, state: &mut State) {
        if state.delivery.is_closed() || !state.started {
            return;
        }
        if self.cancellation.is_cancelled() && state.delivery.series().outcome().is_none() {
            state.delivery.series().abort(Error::new(ErrorKind::Cancelled));
        }
        while let Some(fetch) = state.delivery.poll_fetch() {
            state.queue.push_back(fetch);
            if state.workers < state.busy + state.queue.len() {
                self.start_worker(state);
            }
            self.work.notify_one();
        }
        if state.delivery.series().has_ended() {
            // Pages that are being read ahead are no longer needed.
            self.cancellation.cancel();
            state.queue.clear();
            self.work.notify_all();
        }
    }

    fn start_worker(self: &Arc<Shared>, state: &mut State) {
        let shared = Arc::clone(self);
        let name = "gettickets-scan".to_owned();
        match thread::Builder::new().name(name).spawn(move || shared.work()) {
            Ok(thread) => {
                state.workers += 1;
                state.threads.push(thread);
            }
            Err(error) if state.workers == 0 => {
                let error = TransportError::new(TransportErrorKind::Thread).with_detail(error.to_string());
                state.delivery.series().abort(error.not_sent().into());
            }
            // The running threads do the work.
            Err(error) => log::warn!("a scan reads with fewer threads: {error}"),
        }
    }

    /// Runs a worker thread: fetches pages until the scan ends.
    fn work(self: Arc<Shared>) {
        let mut state = self.lock();
        loop {
            if state.delivery.is_closed() || state.delivery.series().has_ended() {
                state.workers -= 1;
                self.arrived.notify_all();
                return;
            }
            let Some(fetch) = state.queue.pop_front() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(request) = state.delivery.series().request_of(&fetch) else { continue };
            state.busy += 1;
            drop(state);
            let outcome = self.fetch(&request, fetch);
            state = self.lock();
            state.busy -= 1;
            if !state.delivery.is_closed() {
                match outcome {
                    Ok(Fetched { page, requests, elapsed }) => {
                        let requests = u64::from(requests.max(1));
                        let metrics = Metrics { elapsed, requests, retries: requests - 1 };
                        state.delivery.series().on_page(fetch.id, page, metrics);
                    }
                    Err(error) => {
                        // A canceled source may return any error.
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
        // A user's own source may panic. The consumer would then wait forever.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.fetch.fetch(request, &context)));
        outcome.unwrap_or_else(|_| {
            let detail = "the thread that reads a page panicked";
            Err(TransportError::new(TransportErrorKind::Other).with_detail(detail).into())
        })
    }

    /// Waits for the threads of a scan that has ended, so that a program that ends next has none of them left. They have
    /// nothing to do any more; a source that ignores its cancellation is not waited for.
    fn join(&self) {
        let mut state = self.lock();
        if !state.delivery.series().has_ended() || state.process != std::process::id() {
            return;
        }
        let start = Instant::now();
        while state.workers > 0 {
            let left = MAX_JOIN.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            state = self.wait_a_little(state, left);
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        for thread in threads {
            // A scan that is dropped by a thread of its own source cannot wait for that thread.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
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
    /// `limitnum` of the request is the most tickets per request (at least 4, and at most [`u32::MAX`]). If it is not
    /// set, the scan starts with 100 and increases up to 1,000 while that is not slower. `limitstart` must not be set.
    pub fn new(fetch: impl Fetch, request: GetTickets) -> Scan {
        let settings = Settings { endpoint: fetch.endpoint(), ..Settings::new(request) };
        let state = State {
            delivery: Delivery::new(settings),
            queue: VecDeque::new(),
            workers: 0,
            busy: 0,
            started: false,
            threads: Vec::new(),
            process: std::process::id(),
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

    /// Continues after the tickets that another scan of the same request yielded. They are not yielded again, and the
    /// guarantee holds from the beginning of that scan to the end of this one. The page size and the concurrency may
    /// differ. Set [`updated_since`](Scan::updated_since) first.
    ///
    /// # Errors
    ///
    /// If the cursor belongs to another endpoint, request or `updated_since`, or is of another version.
    pub fn resume(self, cursor: &Cursor) -> Result<Scan, InvalidCursor> {
        self.shared.lock().delivery.resume(cursor.clone())?;
        Ok(self)
    }

    /// The position of the scan: after the tickets yielded so far.
    pub fn cursor(&self) -> Cursor {
        self.shared.lock().delivery.cursor()
    }

    /// The progress and the findings of the scan so far. It may be ahead of the tickets yielded.
    pub fn report(&self) -> ScanReport {
        self.shared.lock().delivery.report()
    }

    /// A handle that reads the scan's state from any thread.
    pub fn status(&self) -> ScanStatus {
        ScanStatus::new(Arc::clone(&self.shared))
    }

    /// The flag that cancels the scan: the next item is then an error of the kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled). It is also set when the scan has ended.
    pub fn cancellation(&self) -> Cancellation {
        self.shared.cancellation.clone()
    }

    /// The number of tickets yielded so far, including those yielded before it was [resumed](Scan::resume).
    pub fn yielded(&self) -> u64 {
        self.shared.lock().delivery.yielded()
    }

    /// The number of matching tickets in the server's latest count. It may be wrong.
    pub fn total(&self) -> Option<u64> {
        self.shared.lock().delivery.total()
    }

    /// The error that ended the scan, after it was yielded. An iterator yields its error only once, so this
    /// distinguishes such an end from a complete scan.
    pub fn failure(&self) -> Option<Error> {
        self.shared.lock().delivery.failure().cloned()
    }

    /// Stops the scan: no further request is sent, waits end, connections in use are closed, and the iterator ends. The
    /// report and the cursor stay readable.
    pub fn close(&mut self) {
        self.shared.close();
    }

    /// An iterator over the pages of the scan.
    pub fn pages(self) -> ScanPages {
        ScanPages { scan: self }
    }

    /// The next tickets, as one page; or the rest of the page that [`next`](Iterator::next) has begun.
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

    /// Waits until the scan has something to yield, a ticket, an error or its end, for this time at most; returns
    /// whether it has. For callers that have other things to do meanwhile, such as handling Ctrl-C.
    pub fn wait_for(&mut self, time: Duration) -> bool {
        let deadline = Instant::now().checked_add(time);
        let mut state = self.shared.lock();
        loop {
            if state.delivery.is_closed() || !matches!(self.available(&mut state, false), Available::Nothing)
            {
                return true;
            }
            let left = deadline
                .map_or(CHECK_INTERVAL, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.shared.wait_a_little(state, left.min(CHECK_INTERVAL));
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
            state = self.shared.wait_a_little(state, CHECK_INTERVAL);
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
        self.shared.join();
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
            state = self.shared.wait_a_little(state, CHECK_INTERVAL);
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
    pub fn as_scan(&self) -> &Scan {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fmt::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A list of tickets, the newest first, that counts the threads which read it.
    #[derive(Clone, Default)]
    struct List {
        began: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
    }

    const COUNT: u64 = 600;

    /// Counts the end of a thread, which it delays.
    struct AtEnd(Arc<AtomicUsize>);

    impl Drop for AtEnd {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(500));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Fetch for List {
        fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
            thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });
            AT_END.with_borrow_mut(|at_end| {
                at_end.get_or_insert_with(|| {
                    self.began.fetch_add(1, Ordering::SeqCst);
                    AtEnd(Arc::clone(&self.ended))
                });
            });
            let start = request.limitstart.unwrap_or(0);
            let end = COUNT.min(start + request.limitnum.unwrap_or(25));
            let mut tickets = String::new();
            for id in (start..end).map(|index| COUNT - index) {
                let comma = if tickets.is_empty() { "" } else { "," };
                write!(tickets, r#"{comma}{{"id":{id},"subject":"S"}}"#).unwrap();
            }
            let body = format!(
                r#"{{"result":"success","totalresults":{COUNT},"startnumber":{start},"numreturned":{},"tickets":{{"ticket":[{tickets}]}}}}"#,
                end - start
            );
            let page = gettickets_protocol::decode(body)?.into_page()?;
            Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
        }
    }

    fn scan(list: &List, concurrency: usize) -> Scan {
        let request = GetTickets { limitnum: Some(20), ..GetTickets::default() };
        Scan::new(list.clone(), request).concurrency(concurrency)
    }

    #[test]
    fn a_scan_has_no_more_threads_than_requests_in_flight() {
        for concurrency in [1, 2, 4] {
            let mut scan = scan(&List::default(), concurrency);
            assert_eq!(scan.by_ref().filter(Result::is_ok).count() as u64, COUNT);
            let threads = scan.shared.lock().threads.len();
            assert!((1..=concurrency).contains(&threads), "{threads} threads, {concurrency} requests");
        }
    }

    #[test]
    fn dropping_a_scan_that_has_ended_waits_for_the_end_of_its_threads() {
        let list = List::default();
        let mut scan = scan(&list, 4);
        assert_eq!(scan.by_ref().filter(Result::is_ok).count() as u64, COUNT);
        // They end without the scan, and a busy machine may take longer for it than a drop waits.
        let begin = Instant::now();
        while scan.shared.lock().workers > 0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "a thread is still working");
            thread::sleep(Duration::from_millis(1));
        }
        drop(scan);
        let (began, ended) = (list.began.load(Ordering::SeqCst), list.ended.load(Ordering::SeqCst));
        assert!(began > 0 && began == ended, "{began} threads began, and {ended} have ended");
    }
}
