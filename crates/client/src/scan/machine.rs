//! [`ScanMachine`]: the scan of one list, without threads, sockets or clocks.
//!
//! The owner of a machine does the following, in any order:
//!
//! - fetches each page that [`poll_fetch`](ScanMachine::poll_fetch) returns, and reports its outcome with
//!   [`on_page`](ScanMachine::on_page) or [`on_error`](ScanMachine::on_error), and each wait before a retry with
//!   [`on_throttled`](ScanMachine::on_throttled);
//! - takes tickets with [`poll_batch`](ScanMachine::poll_batch), until [`outcome`](ScanMachine::outcome) returns how
//!   the scan ended;
//! - ends the scan with [`abort`](ScanMachine::abort) if it cannot go on.
//!
//! [`poll`](ScanMachine::poll) combines these into one [`Action`], for programs that build a shell of their own. The
//! shells of this crate, [`Scan`](crate::Scan) and `AsyncScan`, do not use it: they run a `Delivery`, which runs a
//! `Series` of machines and calls the other methods.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use super::cursor::{Cursor, InvalidCursor, Position};
use super::order::Order;
use super::pass::{Accepted, Context, Join, Kind, MARGIN, Need, Pass, Purpose, SharedRows, Stuck, Totals};
use super::report::{ScanFinding, ScanReport, UnreadableTicket};
pub use super::row::{Row, Stamp};
use super::seen::{IdSet, Known, Runs, Seen};
use super::unreadable::{MOST_UNREADABLE, MOST_UNREADABLE_AT_FRONT, is_unreadable};
use super::verify::{Facts, Next, Verify};
use super::window::{CONCURRENCY, Window};
use crate::error::{Error, ErrorKind, ScanIncomplete};
use crate::protocol::{DateTime, Finding, GetTickets, Page, StatusFilter, Tickets};

/// How many requests a scan may take unless the user says otherwise.
const MOST_REQUESTS: u64 = 1_000_000;
/// How many samples are read before a scan with `updated_since` ends early.
const SAMPLES: u64 = 8;
/// How many rows a sample has.
const SAMPLE_LIMIT: u64 = 10;
/// How many rows the sample of the end of the list has: tickets without a last reply are there.
const LAST_SAMPLE_LIMIT: u64 = 50;
/// How often the whole list is read again because of tickets that were only on discarded pages.
const MOST_SEARCHES: u32 = 2;
/// The most of these tickets that are remembered.
const MOST_DISCARDED: usize = 10_000;
/// A larger total is taken for this number, so that offsets computed from it do not overflow. No list is as long.
const LARGEST_TOTAL: u64 = u64::MAX / 16;
/// How many rows at the end of a page must be older than `updated_since`, by the margin, before the scan may end early.
const OLD_ROWS: usize = 4;

/// What the owner of a machine has to do.
#[derive(Debug)]
pub enum Action {
    /// Fetch this page and report the outcome under this id. Several may be in flight.
    Fetch(FetchPage),
    /// Hand these tickets to the consumer.
    Yield(Batch),
    /// Nothing, until the outcome of a fetch is reported.
    Pending,
    /// The scan has ended. It stays so.
    Done(Result<(), Error>),
}

/// A page to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchPage {
    /// Identifies the fetch.
    pub id: u64,
    /// The `limitstart` to send.
    pub offset: u64,
    /// The `limitnum` to send.
    pub limit: u64,
    /// Whether a failure that a smaller page may avoid is to be retried like any other: no smaller page will be
    /// requested.
    pub retry_size_failures: bool,
}

/// Tickets to yield, in the order of the list.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The tickets, grouped by page.
    pub tickets: Vec<Tickets>,
    /// Their ids, in the same order.
    pub ids: Vec<u64>,
    pub(super) position: Box<Position>,
}

/// What a fetch took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// How long the last request took.
    pub elapsed: Duration,
    /// Requests sent, at least one.
    pub requests: u64,
    /// Requests among them that repeated another.
    pub retries: u64,
}

/// What a scan is asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The request; `limitnum` is the most tickets to request at a time, and `limitstart` must be absent or 0. A
    /// `limitnum` below 4 counts as 4, and one above `u32::MAX` as that.
    pub request: GetTickets,
    /// Where several are given: the statuses to read one after the other, in place of the request's. A machine reads a
    /// single list and ignores them; [`Scan`](crate::Scan) runs one machine for each.
    pub statuses: Vec<StatusFilter>,
    /// The endpoint, which a cursor is bound to.
    pub endpoint: String,
    /// Yields only tickets that were opened or answered at this time or later, in the install's time zone.
    pub updated_since: Option<DateTime>,
    /// Reads the whole list even if `updated_since` would allow to end early.
    pub full: bool,
    /// The most requests in flight. 0 counts as 1, and a number above 64 as 64.
    pub concurrency: usize,
    /// The most requests in all.
    pub max_requests: u64,
    /// The most tickets to yield.
    pub max_tickets: Option<u64>,
    /// Ends with success although tickets are unreadable.
    pub skip_unreadable: bool,
    /// Ends with success although the server counts more tickets than it sends.
    pub allow_count_mismatch: bool,
}

impl Settings {
    /// The defaults for a request.
    pub fn new(request: GetTickets) -> Settings {
        Settings {
            request,
            statuses: Vec::new(),
            endpoint: String::new(),
            updated_since: None,
            full: false,
            concurrency: CONCURRENCY,
            max_requests: MOST_REQUESTS,
            max_tickets: None,
            skip_unreadable: false,
            allow_count_mismatch: false,
        }
    }
}

/// A fetch in flight.
#[derive(Clone, Copy, Debug)]
struct Flight {
    id: u64,
    purpose: Purpose,
    offset: u64,
    limit: u64,
    /// The pass asked for it. If not set, the page is read ahead.
    needed: bool,
    /// It waits before a retry.
    throttled: bool,
    /// The number of the pass that it belongs to.
    pass: u32,
}

/// The tickets of a page, and its findings.
#[derive(Clone, Debug, Default)]
struct Payload {
    tickets: Tickets,
    findings: Vec<Finding>,
}

/// A page that arrived.
#[derive(Debug)]
struct Arrived {
    offset: u64,
    /// How many tickets were requested.
    asked: u64,
    rows: Vec<Row>,
    payload: Payload,
}

/// The state of a scan; see the [module](self).
pub struct ScanMachine {
    settings: Settings,
    since: Option<Stamp>,
    window: Window,
    order: Order,
    seen: Seen,
    totals: Totals,
    report: ScanReport,
    pass: Pass,
    pass_number: u32,
    verify: Verify,
    /// See [`Position::mark`].
    mark: Option<Stamp>,
    /// See [`Position::region`].
    region: u64,
    /// The first pass has ended.
    verifying: bool,
    /// The first pass ended early, and the whole list was not read since.
    early: bool,
    /// The ids met since the last pass over the whole list began, if there was one after the first.
    again: Option<IdSet>,
    /// An earlier pass was unproven or joined weakly, or a scan that was resumed was.
    was_unproven: bool,
    /// A row contradicted the order by last reply, newest first.
    contradicted: bool,
    /// The scan continues another one.
    resumed: bool,
    flights: Vec<Flight>,
    next_id: u64,
    /// Pages that wait for the gap before them to be read.
    kept: Vec<Arrived>,
    /// Tickets of pages that were discarded because they joined nothing.
    discarded: HashSet<u64>,
    /// How often the whole list was read again because of them.
    searches: u32,
    ready: VecDeque<Batch>,
    outcome: Option<Result<(), Error>>,
    /// The most tickets that a page had.
    capacity: u64,
    /// The ids of the page at offset 0, and how many pages in a row were the same at other offsets.
    front: Vec<u64>,
    front_again: u32,
    started: bool,
    /// The position when the scan began or was resumed.
    start: Position,
    /// A ticket's last reply is older than its opening, so the last reply does not say how new it is.
    irregular: bool,
}

impl ScanMachine {
    /// A machine that has sent nothing yet.
    pub fn new(settings: Settings) -> ScanMachine {
        let window = Window::new(settings.request.limitnum, settings.concurrency);
        let report = ScanReport { endpoint: settings.endpoint.clone(), ..ScanReport::default() };
        ScanMachine {
            since: settings.updated_since.map(|time| super::row::stamp(Some(time))),
            window,
            order: Order::default(),
            seen: Seen::default(),
            totals: Totals::default(),
            report,
            pass: Pass::new(Kind::First),
            pass_number: 0,
            verify: Verify::default(),
            mark: None,
            region: 0,
            verifying: false,
            early: false,
            again: None,
            was_unproven: false,
            contradicted: false,
            resumed: false,
            flights: Vec::new(),
            next_id: 0,
            kept: Vec::new(),
            discarded: HashSet::new(),
            searches: 0,
            ready: VecDeque::new(),
            outcome: None,
            capacity: 0,
            front: Vec::new(),
            front_again: 0,
            started: false,
            start: Position::default(),
            irregular: false,
            settings,
        }
    }

    /// Continues where another scan of the same request was: what that one yielded is not yielded again.
    ///
    /// # Errors
    ///
    /// If the cursor belongs to another endpoint, request or `updated_since`, or is not sound.
    pub fn resume(&mut self, cursor: &Cursor) -> Result<(), InvalidCursor> {
        if !cursor.is_sound() {
            return Err(InvalidCursor::NotACursor);
        }
        if cursor.of != Cursor::digest(&self.settings.endpoint, &self.settings.request, self.since) {
            return Err(InvalidCursor::OfAnotherScan);
        }
        let runs = Runs::from_text(&cursor.ids).ok_or(InvalidCursor::NotACursor)?;
        if runs.len() > cursor.yielded {
            return Err(InvalidCursor::NotACursor);
        }
        self.seen.resume(runs);
        self.start = cursor.position.clone();
        self.pass = Pass::resume(&cursor.position);
        let Position { order, mark, region, verifying, early, doubtful, irregular, unreadable, .. } =
            cursor.position.clone();
        self.order = order;
        (self.mark, self.region, self.early) = (mark, region, early);
        (self.was_unproven, self.irregular) = (doubtful, irregular);
        self.report.unreadable = unreadable;
        self.resumed = true;
        if verifying {
            self.verifying = true;
            let next = {
                let facts = self.facts();
                let mut verify = Verify::default();
                let next = verify.resume(mark, !doubtful, &facts);
                self.verify = verify;
                next
            };
            self.begin_next_pass(next);
        }
        Ok(())
    }

    /// Where the scan is for a consumer that took `yielded` tickets in all: `last` is the last batch that it took as a
    /// whole, and `pending` are the ids of the tickets that were handed out and that it did not take.
    #[doc(hidden)]
    pub fn cursor(&self, yielded: u64, last: Option<&Batch>, pending: &[u64]) -> Cursor {
        let mut except: Vec<u64> = pending.to_vec();
        except.extend(self.ready.iter().flat_map(|batch| &batch.ids));
        let since = self.since;
        let keep = |stamp: Stamp| since.is_none_or(|since| stamp == 0 || stamp >= since);
        Cursor {
            gettickets_cursor: Cursor::VERSION,
            of: Cursor::digest(&self.settings.endpoint, &self.settings.request, self.since),
            yielded,
            ids: self.seen.to_runs(keep, &except).to_text(),
            position: last.map_or_else(|| self.start.clone(), |batch| (*batch.position).clone()),
            series: None,
        }
    }

    /// The position after everything that was yielded.
    pub(super) fn position(&self) -> Position {
        let verifying = self.verifying;
        Position {
            order: self.order.clone(),
            trail: if verifying {
                Vec::new()
            } else {
                self.pass.last_rows(Cursor::MAX_ROWS.min(self.pass.end as usize))
            },
            end: if verifying { 0 } else { self.pass.end },
            mark: if verifying { self.mark } else { self.pass.mark },
            region: if verifying { self.region } else { self.pass.region },
            verifying,
            early: self.early,
            doubtful: self.was_unproven || self.pass.unproven || self.contradicted,
            irregular: self.irregular,
            unreadable: self.report.unreadable.clone(),
        }
    }

    /// What the scan did and met so far.
    pub fn report(&self) -> &ScanReport {
        &self.report
    }

    /// How many fetches are in flight.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// What to do next. Call it again after each outcome that was reported.
    pub fn poll(&mut self) -> Action {
        if let Some(batch) = self.poll_batch() {
            return Action::Yield(batch);
        }
        if let Some(fetch) = self.poll_fetch() {
            return Action::Fetch(fetch);
        }
        match &self.outcome {
            // `poll_fetch` may have ended the scan, for example because all requests were used.
            Some(outcome) => Action::Done(outcome.clone()),
            None => Action::Pending,
        }
    }

    /// The next tickets to yield, if there are any.
    pub fn poll_batch(&mut self) -> Option<Batch> {
        self.ready.pop_front()
    }

    /// How the scan ended, once all batches were taken.
    pub fn outcome(&self) -> Option<&Result<(), Error>> {
        self.outcome.as_ref().filter(|_| self.ready.is_empty())
    }

    /// Whether the scan has ended, though batches may be left to take.
    pub fn has_ended(&self) -> bool {
        self.outcome.is_some()
    }

    /// Whether the scan has ended in an error, though batches may be left to take.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    /// The id of the last fetch.
    pub(super) fn last_fetch_id(&self) -> u64 {
        self.next_id
    }

    /// Numbers fetches from the one after this on. For a machine that has sent nothing yet.
    pub(super) fn number_fetches_after(&mut self, id: u64) {
        self.next_id = id;
    }

    /// The next page to fetch, if one can be fetched now.
    pub fn poll_fetch(&mut self) -> Option<FetchPage> {
        if self.outcome.is_some() || self.flights.iter().any(|flight| flight.throttled) {
            return None;
        }
        if !self.started {
            self.started = true;
            self.refuse_limitstart();
            if self.outcome.is_some() {
                return None;
            }
        }
        // The consumer is slower than the server: reads no further ahead.
        let ahead = self.ready.len() + self.kept.len() + self.flights.len();
        if !self.ready.is_empty() && ahead >= 2 * self.window.most_concurrency() {
            return None;
        }
        let flight = self.choose()?;
        if self.report.requests.saturating_add(self.flights.len() as u64) >= self.settings.max_requests {
            if self.flights.is_empty() {
                let requests = self.report.requests;
                self.fail_incomplete(Stuck {
                    problem: format!("its end was not reached in {requests} requests"),
                    hint: "Allow more requests (max_requests), request more tickets a page (limitnum), or scan when less is going on.",
                });
            }
            return None;
        }
        self.next_id += 1;
        let flight = Flight { id: self.next_id, ..flight };
        self.flights.push(flight);
        self.report.note_size(flight.limit);
        self.report.concurrency = self.report.concurrency.max(self.flights.len());
        Some(FetchPage {
            id: flight.id,
            offset: flight.offset,
            limit: flight.limit,
            retry_size_failures: self.window.is_smallest(flight.limit),
        })
    }

    fn choose(&self) -> Option<Flight> {
        let flight = |purpose, offset, limit, needed| {
            let (id, throttled, pass) = (0, false, self.pass_number);
            Some(Flight { id, purpose, offset, limit, needed, throttled, pass })
        };
        let mine = || self.flights.iter().filter(|flight| flight.pass == self.pass_number);
        let reads = || mine().filter(|flight| flight.purpose == Purpose::Read);
        let has_room = self.flights.len() < self.window.concurrency();
        let is_served = mine().any(|flight| flight.needed)
            || reads().any(|flight| self.pass.is_served_by(flight.offset, flight.limit));
        if !is_served {
            let ahead =
                self.kept.iter().map(|page| page.offset).filter(|offset| !self.pass.is_due(*offset)).min();
            let Need { purpose, offset, limit } = self.pass.need(&self.window, self.totals, ahead)?;
            return if has_room { flight(purpose, offset, limit, true) } else { None };
        }
        let may_end_early = self.since.is_some()
            && !self.settings.full
            && !self.pass.sampled
            && self.pass.kind == Kind::First;
        if !has_room
            || !self.pass.reads_ahead()
            || (may_end_early && self.order.may_be_newest_reply_first())
            || self.kept.len() >= 2 * self.window.most_concurrency()
        {
            return None;
        }
        let ends = reads().map(|flight| flight.offset + flight.limit);
        let kept_ends = self.kept.iter().map(|page| page.offset + page.rows.len() as u64);
        let last = ends.chain(kept_ends).max()?.max(self.pass.end);
        let total = self.totals.reliable().unwrap_or(u64::MAX);
        if last >= total {
            return None;
        }
        let offset = last.saturating_sub(self.pass.overlap(&self.window));
        flight(Purpose::Read, offset, self.window.limit(), false)
    }

    /// Reports a page.
    pub fn on_page(&mut self, id: u64, page: Page, metrics: Metrics) {
        let rows: Vec<Row> = page.iter().map(|ticket| Row::of(&ticket)).collect();
        let total = page.totalresults();
        let findings = page.findings().to_vec();
        self.receive_page(id, rows, total, metrics, Payload { tickets: page.into_tickets(), findings });
    }

    /// Reports the rows of a page, for a model that has no tickets.
    #[doc(hidden)]
    pub fn on_rows(&mut self, id: u64, rows: Vec<Row>, total: Option<u64>, metrics: Metrics) {
        self.receive_page(id, rows, total, metrics, Payload::default());
    }

    /// Reports that a fetch waits before its next attempt, and whether the server asked for it. Nothing new is started
    /// until the fetch is over.
    pub fn on_throttled(&mut self, id: u64, wait: Duration, requested_by_server: bool) {
        self.report.waits += 1;
        self.report.wait_time = self.report.wait_time.saturating_add(wait);
        if requested_by_server {
            self.window.on_throttled();
        } else {
            self.window.use_one_request();
        }
        for flight in self.flights.iter_mut().filter(|flight| flight.id == id) {
            flight.throttled = true;
        }
    }

    /// Reports an error. The machine retries with a smaller page where that may help.
    pub fn on_error(&mut self, id: u64, error: Error) {
        let attempts = u64::from(error.attempts().max(1));
        let Some(flight) = self
            .end_flight(id, Metrics { requests: attempts, retries: attempts - 1, elapsed: Duration::ZERO })
        else {
            return;
        };
        if self.outcome.is_some() {
            return;
        }
        if matches!(error.kind(), ErrorKind::Cancelled) {
            return self.end(Err(error));
        }
        if is_unreadable(&error) {
            // A page that was read ahead is fetched again when it is due.
            if flight.pass == self.pass_number && self.is_due(&flight) {
                self.unreadable(flight, error);
            } else {
                self.window.use_one_request();
            }
            return self.end_pass_if_over();
        }
        if error.may_be_due_to_size() && !self.window.is_smallest(flight.limit) {
            log::info!("a page of {} tickets failed, smaller ones follow: {error}", flight.limit);
            self.window.on_size_failure(flight.limit);
            if let Err(stuck) = self.pass.count_wasted_request(&self.window, self.capacity) {
                self.fail_incomplete(stuck);
            }
            return;
        }
        if flight.pass == self.pass_number && self.is_due(&flight) {
            self.end(Err(error.asked()));
        } else {
            // The page is fetched again when it is due. Only a failure then ends the scan.
            self.window.use_one_request();
        }
    }

    /// Whether the pass needs this page now.
    fn is_due(&self, flight: &Flight) -> bool {
        flight.needed || self.pass.is_due(flight.offset)
    }

    /// Removes a fetch that is over, and counts its requests.
    fn end_flight(&mut self, id: u64, metrics: Metrics) -> Option<Flight> {
        let index = self.flights.iter().position(|flight| flight.id == id)?;
        let flight = self.flights.swap_remove(index);
        self.report.requests = self.report.requests.saturating_add(metrics.requests.max(1));
        self.report.retries = self.report.retries.saturating_add(metrics.retries);
        Some(flight)
    }

    /// Learns from a page that arrived, and hands it to the pass if it belongs to it.
    fn receive_page(
        &mut self,
        id: u64,
        rows: Vec<Row>,
        total: Option<u64>,
        metrics: Metrics,
        payload: Payload,
    ) {
        let Some(flight) = self.end_flight(id, metrics) else { return };
        if self.outcome.is_some() {
            return;
        }
        self.window.on_page(flight.limit, rows.len() as u64, metrics.elapsed);
        self.order.observe(&rows);
        self.irregular |= rows.iter().any(|row| row.lastreply > 0 && row.lastreply < row.date);
        self.capacity = self.capacity.max(rows.len() as u64);
        self.note_total(&flight, total, rows.len() as u64);
        if let Err(stuck) = self.refuse_front_again(flight.offset, &rows) {
            return self.fail_incomplete(stuck);
        }
        if flight.pass != self.pass_number {
            return self.end_pass_if_over();
        }
        let arrived = Arrived { offset: flight.offset, asked: flight.limit, rows, payload };
        if let Err(stuck) = self.handle(flight, arrived) {
            return self.fail_incomplete(stuck);
        }
        self.end_pass_if_over();
    }

    fn note_total(&mut self, flight: &Flight, total: Option<u64>, rows: u64) {
        let Some(total) = total else { return };
        self.report.total = Some(total);
        let count = total.min(LARGEST_TOTAL);
        self.totals.last = Some(count);
        if rows > 0 && flight.offset + rows > count && !self.totals.contradicted {
            self.totals.contradicted = true;
            self.report.warn(format!(
                "totalresults does not fit the pages: the server counts {count} tickets and sends some at offset {}",
                flight.offset + rows - 1
            ));
        }
        if flight.pass == self.pass_number {
            self.pass.note_total(count);
            if self.pass.has_erratic_totals() && !self.totals.erratic {
                self.totals.erratic = true;
                self.report
                    .warn("totalresults changes from page to page while the list does not; it is ignored");
            }
        }
    }

    /// Refuses a server that ignores the offset: it sends the front of the list at one offset after another.
    fn refuse_front_again(&mut self, offset: u64, rows: &[Row]) -> Result<(), Stuck> {
        if offset == 0 {
            self.front = rows.iter().map(|row| row.id).collect();
        }
        if offset == 0 || rows.is_empty() || !rows.iter().map(|row| row.id).eq(self.front.iter().copied()) {
            self.front_again = 0;
            return Ok(());
        }
        self.front_again += 1;
        if self.front_again < 3 {
            return Ok(());
        }
        Err(Stuck {
            problem: format!(
                "the server sends the same page at offset {offset} as at offset 0: it ignores limitstart"
            ),
            hint: "Request one page that is large enough for all tickets (limitnum), and look for a plugin that changes the call.",
        })
    }

    fn handle(&mut self, flight: Flight, arrived: Arrived) -> Result<(), Stuck> {
        let empty = arrived.rows.is_empty();
        match flight.purpose {
            Purpose::Read if empty => {
                if self.is_due(&flight) {
                    self.pass.count_wasted_request(&self.window, self.capacity)?;
                    self.with_pass(|pass, context| pass.on_empty(context, flight.offset))?;
                }
            }
            Purpose::Read => {
                self.kept.push(arrived);
                self.kept.sort_by_key(|page| page.offset);
                self.join_kept()?;
            }
            Purpose::Probe if empty => self.with_pass(|pass, context| pass.on_probe_empty(context)),
            Purpose::Probe => {
                if !self.accept_if_joins(&arrived) {
                    self.pass.count_wasted_request(&self.window, self.capacity)?;
                    if self.pass.on_probe_rows() {
                        self.accept_unproven(&arrived)?;
                    } else {
                        self.kept.push(arrived);
                        self.kept.sort_by_key(|page| page.offset);
                    }
                }
            }
            Purpose::Gap if empty => self.pass.on_gap_empty(self.covered_by(&flight)),
            Purpose::Gap => match self.pass.join(&self.order, arrived.offset, &arrived.rows) {
                Join::Yes(shared) | Join::Weak(shared) if !self.pass.brings_rows(shared, &arrived.rows) => {
                    self.pass.on_gap_known(self.covered_by(&flight));
                }
                _ => {
                    if !self.accept_if_joins(&arrived) {
                        self.accept_unproven(&arrived)?;
                    }
                }
            },
            Purpose::Single => {
                self.pass.count_wasted_request(&self.window, self.capacity)?;
                self.pass.on_single_readable();
            }
            Purpose::Behind => {
                let rows = arrived.rows.clone();
                let accepted = self.with_pass(|pass, context| pass.on_behind(context, rows));
                match accepted {
                    Some(_) => self.accept_behind(arrived),
                    None if !empty => self.kept.push(arrived),
                    None => {}
                }
            }
            Purpose::Check => match self.pass.on_check(&arrived.rows) {
                Some(_) => {
                    if let Some(behind) = self.kept.pop() {
                        self.accept_behind(behind);
                    }
                }
                None => {
                    self.discard(|_, _| true);
                    self.pass.count_wasted_request(&self.window, self.capacity)?;
                }
            },
            Purpose::Sample => {
                let since = self.since.unwrap_or_default();
                let agrees = !self.irregular;
                self.with_pass(|pass, context| pass.on_sample(context, &arrived.rows, since, agrees));
                if self.pass.ended().is_some() {
                    self.early = true;
                }
            }
        }
        Ok(())
    }

    /// How many offsets a page covers if some of its rows may be hidden: no more than the server puts on a page.
    fn covered_by(&self, flight: &Flight) -> u64 {
        flight.limit.min(self.window.limit())
    }

    /// How many different tickets were met, unreadable ones included.
    fn met(&self) -> u64 {
        self.seen.len().saturating_add(self.report.unreadable.len() as u64)
    }

    fn with_pass<T>(&mut self, change: impl FnOnce(&mut Pass, &mut Context<'_>) -> T) -> T {
        let met = self.met();
        let mut context =
            Context { order: &mut self.order, window: &mut self.window, totals: self.totals, met };
        change(&mut self.pass, &mut context)
    }

    /// Accepts every page that joins, in the order of the list.
    fn join_kept(&mut self) -> Result<(), Stuck> {
        while self.pass.ended().is_none() {
            let mut joined = None;
            for (index, page) in self.kept.iter().enumerate() {
                match self.pass.join(&self.order, page.offset, &page.rows) {
                    Join::Yes(shared) => {
                        joined = Some((index, shared, false));
                        break;
                    }
                    Join::Weak(shared) if self.pass.is_due(page.offset) => {
                        joined = Some((index, shared, true));
                        break;
                    }
                    // A page that is not due yet waits for the gap before it to be read.
                    Join::Weak(_) | Join::No => {}
                }
            }
            let Some((index, shared, weak)) = joined else { break };
            let page = self.kept.remove(index);
            if weak && !self.order.is_weak() && self.pass.overlap_more(&self.window) {
                self.remember(&page);
                self.pass.count_wasted_request(&self.window, self.capacity)?;
                break;
            }
            if weak {
                self.order.note_weak(self.order.unresolved());
            }
            self.accept(page, shared)?;
        }
        if self.pass.ended().is_some() {
            self.discard(|_, _| true);
            return Ok(());
        }
        // A page that is due and does not join shows that the list has moved.
        let due = self.kept.iter().filter(|page| self.pass.is_due(page.offset)).count();
        if due > 0 {
            self.discard(|pass, page| pass.is_due(page.offset));
            let number = self.pass_number;
            let served = self.flights.iter().any(|flight| {
                flight.pass == number
                    && (flight.needed || self.pass.is_served_by(flight.offset, flight.limit))
            });
            if !served {
                self.pass.count_wasted_request(&self.window, self.capacity)?;
                self.report.shifts += 1;
                self.pass.step_back(&self.window);
            }
        }
        Ok(())
    }

    /// Discards pages. Their tickets have to be met elsewhere before the scan is complete.
    fn discard(&mut self, which: impl Fn(&Pass, &Arrived) -> bool) {
        let pass = &self.pass;
        let discarded: Vec<_> = self.kept.extract_if(.., |page| which(pass, page)).collect();
        discarded.iter().for_each(|page| self.remember(page));
    }

    /// Remembers the tickets of a discarded page that were not met yet.
    fn remember(&mut self, page: &Arrived) {
        let unseen = page.rows.iter().map(|row| row.id).filter(|id| !self.seen.contains(*id));
        self.discarded.extend(unseen.take(MOST_DISCARDED.saturating_sub(self.discarded.len())));
    }

    /// Whether there are tickets of discarded pages that were not met since.
    fn misses_discarded(&mut self) -> bool {
        let seen = &self.seen;
        self.discarded.retain(|id| !seen.contains(*id));
        !self.discarded.is_empty()
    }

    fn accept(&mut self, page: Arrived, shared: SharedRows) -> Result<(), Stuck> {
        let accepted =
            self.with_pass(|pass, context| pass.accept(context, page.offset, page.asked, &page.rows, shared));
        if accepted.shifted {
            self.report.shifts += 1;
        }
        if accepted.new_from >= page.rows.len() {
            self.pass.count_wasted_request(&self.window, self.capacity)?;
        }
        self.yield_new(&page, accepted);
        self.consider_early_end(&page);
        Ok(())
    }

    fn accept_if_joins(&mut self, page: &Arrived) -> bool {
        let Join::Yes(shared) = self.pass.join(&self.order, page.offset, &page.rows) else { return false };
        let accepted =
            self.with_pass(|pass, context| pass.accept(context, page.offset, page.asked, &page.rows, shared));
        if accepted.shifted {
            self.report.shifts += 1;
        }
        self.yield_new(page, accepted);
        true
    }

    fn accept_unproven(&mut self, page: &Arrived) -> Result<(), Stuck> {
        self.pass.count_wasted_request(&self.window, self.capacity)?;
        let accepted = self
            .with_pass(|pass, context| pass.accept_unproven(context, page.offset, page.asked, &page.rows));
        self.was_unproven = true;
        self.yield_new(page, accepted);
        Ok(())
    }

    fn accept_behind(&mut self, page: Arrived) {
        let accepted = self.with_pass(|pass, context| pass.accept_behind(context, &page.rows));
        self.yield_new(&page, accepted);
    }

    /// Yields the tickets of an accepted page that were not yielded before.
    fn yield_new(&mut self, page: &Arrived, accepted: Accepted) {
        let mut fresh = Vec::new();
        let most = self.settings.max_tickets.unwrap_or(u64::MAX);
        let is_first = self.pass.kind == Kind::First;
        for (index, row) in page.rows.iter().enumerate() {
            if let Some(again) = &mut self.again {
                again.insert(row.id);
            }
            let activity = row.activity();
            let wanted = self.since.is_none_or(|since| activity == 0 || activity >= since);
            match self.seen.insert(row.id, activity) {
                Known::New => {
                    self.pass.fresh += 1;
                    if let Kind::Front { below } = self.pass.kind {
                        // The first pass should have met it, so the order is another one.
                        self.contradicted |= row.lastreply < below;
                    }
                    if wanted {
                        self.report.undated += u64::from(activity == 0 && self.since.is_some());
                        fresh.push(index);
                    }
                }
                Known::Before(before) => {
                    let later = before.is_some_and(|before| before < activity);
                    let was_excluded = before
                        .is_some_and(|before| self.since.is_some_and(|since| before != 0 && before < since));
                    // A ticket that was yielded stays wanted, even if a page has it with an older time or without one.
                    if (later && (wanted || was_excluded)) || (wanted && was_excluded) {
                        self.seen.update(row.id, activity);
                    }
                    if later && let Some(mark) = self.mark.or(self.pass.mark) {
                        self.contradicted |=
                            row.lastreply < mark.saturating_sub(MARGIN) && activity == row.lastreply;
                    }
                    if was_excluded && wanted {
                        fresh.push(index);
                    } else if !was_excluded && wanted {
                        self.report.duplicates += u64::from(is_first && index >= accepted.new_from);
                        if later {
                            self.report.note_update(row.id);
                        }
                    }
                }
            }
        }
        let room = usize::try_from(most.saturating_sub(self.report.tickets)).unwrap_or(usize::MAX);
        let is_over = fresh.len() > room;
        fresh.truncate(room);
        self.yield_rows(page, &fresh);
        if is_over {
            self.fail_beyond(most);
        }
    }

    /// Ends the scan because more tickets match than it may yield.
    pub(super) fn fail_beyond(&mut self, most: u64) {
        self.fail_incomplete(Stuck {
            problem: format!("more than {most} tickets match"),
            hint: "Allow more tickets (max_tickets), or narrow the request.",
        });
    }

    fn yield_rows(&mut self, page: &Arrived, fresh: &[usize]) {
        if fresh.is_empty() {
            return;
        }
        self.note_findings(page, fresh);
        self.report.tickets += fresh.len() as u64;
        self.report.pages += 1;
        let tickets = if page.payload.tickets.is_empty() {
            Vec::new()
        } else {
            consecutive(fresh).map(|range| page.payload.tickets.slice(range)).collect()
        };
        let ids = fresh.iter().filter_map(|index| page.rows.get(*index)).map(|row| row.id).collect();
        self.ready.push_back(Batch { tickets, ids, position: Box::new(self.position()) });
    }

    /// Adds the findings of the tickets that are yielded. Those of tickets that another page had were counted there.
    fn note_findings(&mut self, page: &Arrived, fresh: &[usize]) {
        for finding in &page.payload.findings {
            let fresh: Vec<usize> = finding
                .indexes
                .iter()
                .map(|index| *index as usize)
                .filter(|index| fresh.binary_search(index).is_ok())
                .collect();
            let elsewhere = finding.count.saturating_sub(finding.indexes.len());
            let mut ids: Vec<u64> =
                fresh.iter().filter_map(|index| page.rows.get(*index)).map(|row| row.id).collect();
            ids.dedup();
            ids.truncate(ScanReport::MAX_IDS);
            self.report.note_finding(ScanFinding {
                kind: finding.kind,
                field: finding.field,
                count: (elsewhere + fresh.len()) as u64,
                ids,
                detail: finding.detail.clone(),
            });
        }
    }

    /// Begins to sample the rest of the list, if the last rows are old enough for the scan to end early.
    fn consider_early_end(&mut self, page: &Arrived) {
        let Some(since) = self.since.filter(|_| !self.settings.full) else { return };
        if self.pass.kind != Kind::First || self.pass.sampled || self.irregular || self.pass.ended().is_some()
        {
            return;
        }
        let Some(total) = self.totals.reliable() else { return };
        let is_old = |row: &Row| row.activity() > 0 && row.activity() < since.saturating_sub(MARGIN);
        let old = page.rows.iter().rev().take_while(|row| is_old(row)).count();
        let rest = total.saturating_sub(self.pass.end);
        if old < OLD_ROWS.min(page.rows.len())
            || rest <= self.window.limit()
            || !self.order.only_newest_reply_first()
        {
            return;
        }
        let limit = self.window.within(SAMPLE_LIMIT);
        // In falling order, because they are taken from the end of the vector.
        let mut offsets: Vec<_> =
            (0..SAMPLES - 1).map(|n| self.pass.end + rest * n / (SAMPLES - 1)).collect();
        let last_limit = self.window.within(LAST_SAMPLE_LIMIT);
        offsets.push(total.saturating_sub(last_limit));
        offsets.sort_unstable();
        offsets.dedup();
        offsets.reverse();
        let last = page.rows.last().map_or(0, |row| row.lastreply);
        self.discard(|_, _| true);
        self.pass.sample(offsets, (limit, last_limit), last);
    }

    fn unreadable(&mut self, flight: Flight, error: Error) {
        let found = self.pass.on_unreadable(flight.purpose, flight.offset, flight.limit);
        let Some(offset) = found else {
            if let Err(stuck) = self.pass.count_wasted_request(&self.window, self.capacity) {
                self.fail_incomplete(stuck);
            }
            return;
        };
        self.pass.note_progress();
        let (after, nth) = self.pass.unreadable_place(offset);
        let ticket = UnreadableTicket { offset, after, nth };
        let is_known = |known: &UnreadableTicket| (known.after, known.nth) == (after, nth);
        if !self.report.unreadable.iter().any(is_known) {
            self.report.unreadable.push(ticket);
        }
        if self.report.tickets == 0 && self.report.unreadable.len() >= MOST_UNREADABLE_AT_FRONT {
            // No ticket was readable, so the cause is not in single tickets.
            return self.end(Err(error));
        }
        if self.report.unreadable.len() >= MOST_UNREADABLE {
            let error = self.unreadable_error();
            self.end(Err(error));
        }
    }

    /// If the pass has ended, begins the next one or ends the scan.
    fn end_pass_if_over(&mut self) {
        if self.outcome.is_some() || self.pass.ended().is_none() {
            return;
        }
        self.was_unproven |= self.pass.unproven;
        if self.pass.kind == Kind::First {
            self.mark = self.pass.mark;
            self.region = self.pass.region;
            self.verifying = true;
        }
        if self.contradicted {
            self.order.disprove_newest_reply_first();
        }
        if !self.report.unreadable.is_empty() && !self.settings.skip_unreadable {
            // The scan ends in an error, whatever a verification would show.
            return self.complete();
        }
        let mut verify = std::mem::take(&mut self.verify);
        let mut next = verify.decide(&self.pass, &self.facts());
        self.verify = verify;
        self.discard(|_, _| true);
        let is_complete = matches!(next, Next::Complete) && !self.early;
        if is_complete && self.misses_discarded() {
            if self.searches < MOST_SEARCHES {
                // They were closed or deleted, or the list continues behind its apparent end.
                self.searches += 1;
                self.discarded.clear();
                next = Next::Whole;
            } else {
                let least = if self.discarded.len() >= MOST_DISCARDED { "at least " } else { "" };
                self.report.warn(format!(
                    "{least}{} appeared only on pages that did not fit the rest of the list, and not when the list was read again; they were not yielded, and were probably closed or deleted during the scan",
                    count_of_tickets(self.discarded.len())
                ));
            }
        }
        if let (Next::Front { .. }, Some(mark)) = (&next, self.pass.mark) {
            self.mark = Some(mark);
            self.region = self.pass.region;
        }
        self.begin_next_pass(next);
    }

    fn facts(&self) -> Facts<'_> {
        let unreadable = self.report.unreadable.len() as u64;
        Facts {
            order: &self.order,
            totals: self.totals,
            met: self.met(),
            met_again: self.again.as_ref().map(|again| again.len().saturating_add(unreadable)),
            unreadable,
            contradicted: self.contradicted,
            early: self.early,
            partly_met: self.resumed && self.since.is_some(),
        }
    }

    /// Begins the pass that the verification decided on, or ends the scan.
    fn begin_next_pass(&mut self, next: Next) {
        self.discard(|_, _| true);
        let pass = match next {
            Next::Front { below } => {
                let wanted = self.region.saturating_add(self.region / 4).saturating_add(8).max(25);
                Pass::front(below, wanted)
            }
            Next::Whole => {
                self.early = false;
                // This pass relies on nothing before it. So a cursor of it may not rely on an earlier mark.
                self.was_unproven |= self.order.forget_weak();
                self.again = Some(IdSet::default());
                Pass::new(Kind::Whole)
            }
            Next::Complete => return self.complete(),
            Next::Mismatch { counted, seen } => {
                if self.settings.allow_count_mismatch {
                    self.report.warn(format!(
                        "the server counts {counted} matching tickets and sends {seen}; the difference was allowed (allow_count_mismatch)"
                    ));
                    return self.complete();
                }
                return self.fail_incomplete(Stuck {
                    problem: format!("the server counts {counted} matching tickets and sends {seen}"),
                    hint: "Check whether the API user may see the tickets' departments (ignore_dept_assignments), and whether a hook hides tickets. Where the difference is known and always there, allow it (allow_count_mismatch).",
                });
            }
            Next::Incomplete(stuck) => return self.fail_incomplete(stuck),
        };
        self.report.verification_passes += 1;
        self.pass_number += 1;
        self.pass = pass;
    }

    fn complete(&mut self) {
        if self.report.unreadable.is_empty() {
            return self.end(Ok(()));
        }
        if self.settings.skip_unreadable {
            let count = self.report.unreadable.len();
            self.report
                .warn(format!("{count} tickets that the server cannot send were skipped (skip_unreadable)"));
            return self.end(Ok(()));
        }
        let error = self.unreadable_error();
        self.end(Err(error));
    }

    fn refuse_limitstart(&mut self) {
        if let Some(start) = self.settings.request.limitstart.filter(|start| *start > 0) {
            let problem = format!("it begins with the first ticket, and the request with offset {start}");
            let refused = ScanIncomplete::new(problem).with_hint("Leave limitstart out.");
            self.end(Err(refused.before_any_request().into()));
        }
    }

    fn fail_incomplete(&mut self, stuck: Stuck) {
        let error = ScanIncomplete::new(stuck.problem).with_hint(stuck.hint);
        self.end(Err(error.into()));
    }

    /// Ends the scan, unless it has ended.
    fn end(&mut self, outcome: Result<(), Error>) {
        self.outcome.get_or_insert(outcome);
    }

    /// Ends the scan with an error of its owner, such as a thread that cannot be started.
    pub fn abort(&mut self, error: Error) {
        self.end(Err(error));
    }

    fn unreadable_error(&self) -> Error {
        let all = &self.report.unreadable;
        let places: Vec<_> = all
            .iter()
            .take(5)
            .map(|ticket| match ticket.after {
                Some(id) => format!("offset {} (after ticket {id})", ticket.offset),
                None => format!("offset {}", ticket.offset),
            })
            .collect();
        let more = if all.len() > places.len() { ", and more" } else { "" };
        let count = count_of_tickets(all.len());
        let problem = format!(
            "the server cannot send {count} readably: at {}{more}; all others that this reading met were yielded, and tickets that moved meanwhile may be missing",
            places.join(", ")
        );
        let hint = "Repair the text in the install (open the ticket there and save it), and scan again. To go on without such tickets, skip them (skip_unreadable).";
        ScanIncomplete::new(problem).with_hint(hint).into()
    }
}

impl std::fmt::Debug for ScanMachine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanMachine").field("report", &self.report).finish_non_exhaustive()
    }
}

/// The ranges of consecutive numbers in a rising list.
fn consecutive(indices: &[usize]) -> impl Iterator<Item = Range<usize>> {
    indices.chunk_by(|a, b| a + 1 == *b).filter_map(|chunk| Some(*chunk.first()?..chunk.last()? + 1))
}

fn count_of_tickets(count: usize) -> String {
    if count == 1 { "one ticket".to_owned() } else { format!("{count} tickets") }
}
