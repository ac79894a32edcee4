//! The scan machine with arbitrary events: pages of a changing list, arbitrary pages, errors, waits and late replies,
//! in any order.
//!
//! It never panics, waits only for requests that it sent, respects the limits, yields no ticket twice (including after
//! a resume), and ends after a bounded number of requests when the events have ended.
#![no_main]

use std::collections::HashSet;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use gettickets::scan::machine::{Action, Batch, FetchPage, Metrics, Row, ScanMachine, Settings};
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{ApiError, DateTime, Error, GetTickets, Page, Ticket, Tickets, Version};
use libfuzzer_sys::fuzz_target;

/// Ids and times are from small ranges, so that pages share rows.
const IDS: u64 = 60;
/// The maximum number of requests after the last event. A list of this many tickets takes some tens.
const MOST_AFTER_THE_END: u32 = 4_000;
const REFUSAL: &str =
    "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded";

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    // An input that ends early has no further events.
    let Ok(plan) = Plan::draw(&mut input) else { return };
    Player::new(plan, input).play();
});

/// The settings of a scan.
struct Plan {
    limitnum: Option<u64>,
    concurrency: usize,
    since: Option<u32>,
    full: bool,
    skip_unreadable: bool,
    allow_count_mismatch: bool,
    max_tickets: Option<u64>,
    /// Whether to send tickets rather than rows.
    pages: bool,
    ending: Ending,
    list: Vec<Row>,
}

/// How the server replies when the events have ended.
#[derive(Clone, Copy)]
enum Ending {
    Honest,
    Empty,
    EmptyAndCounted,
    Fails,
    Unreadable,
    TooLarge,
}

impl Plan {
    fn draw(input: &mut Unstructured<'_>) -> Result<Plan> {
        let flags: u8 = input.arbitrary()?;
        let limitnum = input.int_in_range(0..=30)?;
        let plan = Plan {
            limitnum: (limitnum > 0).then_some(limitnum),
            concurrency: input.int_in_range(1..=5)?,
            since: if flags & 1 == 0 { None } else { Some(input.int_in_range(0..=250_000)?) },
            full: flags & 2 != 0,
            skip_unreadable: flags & 4 != 0,
            allow_count_mismatch: flags & 8 != 0,
            max_tickets: if flags & 16 == 0 { None } else { Some(input.int_in_range(0..=80)?) },
            pages: flags & 32 != 0,
            ending: match input.int_in_range(0..=5)? {
                0 => Ending::Honest,
                1 => Ending::Empty,
                2 => Ending::EmptyAndCounted,
                3 => Ending::Fails,
                4 => Ending::Unreadable,
                _ => Ending::TooLarge,
            },
            list: {
                let count = input.int_in_range(0..=IDS)?;
                let mut list: Vec<Row> =
                    (0..count).map(|id| row(id, (count - id) as u32 * 4_000, 0, 1)).collect();
                if flags & 64 != 0 {
                    list.reverse();
                }
                list
            },
        };
        Ok(plan)
    }

    fn settings(&self) -> Settings {
        let request = GetTickets { limitnum: self.limitnum, ..GetTickets::default() };
        Settings {
            updated_since: self.since.map(time),
            full: self.full,
            concurrency: self.concurrency,
            max_tickets: self.max_tickets,
            skip_unreadable: self.skip_unreadable,
            allow_count_mismatch: self.allow_count_mismatch,
            ..Settings::new(request)
        }
    }
}

fn row(id: u64, lastreply: u32, date: u32, fingerprint: u64) -> Row {
    Row { id, lastreply, date, fingerprint }
}

/// Converts a stamp to a time: seconds since 1970, plus one; 0 means no time.
fn time(stamp: u32) -> DateTime {
    let second = stamp.saturating_sub(1);
    let (day, second) = (second / 86_400, second % 86_400);
    let text =
        format!("1970-01-{:02}T{:02}:{:02}:{:02}", day + 1, second / 3600, second / 60 % 60, second % 60);
    text.parse().expect("a time of January 1970")
}

fn ticket(row: &Row) -> Ticket {
    let of = |stamp: u32| (stamp > 0).then(|| time(stamp.min(2_000_000)));
    Ticket {
        id: row.id,
        subject: row.fingerprint.to_string(),
        date: of(row.date),
        lastreply: of(row.lastreply),
        ..Ticket::default()
    }
}

struct Player<'i> {
    plan: Plan,
    input: Unstructured<'i>,
    machine: ScanMachine,
    in_flight: Vec<FetchPage>,
    /// Ids of completed fetches.
    over: Vec<u64>,
    yielded: HashSet<u64>,
    last: Option<Batch>,
    count: u64,
    after_the_end: u32,
    rows_served: u64,
}

impl<'i> Player<'i> {
    fn new(plan: Plan, input: Unstructured<'i>) -> Player<'i> {
        let machine = ScanMachine::new(plan.settings());
        Player {
            plan,
            input,
            machine,
            in_flight: Vec::new(),
            over: Vec::new(),
            yielded: HashSet::new(),
            last: None,
            count: 0,
            after_the_end: 0,
            rows_served: 0,
        }
    }

    fn play(&mut self) {
        loop {
            match self.machine.poll() {
                Action::Fetch(fetch) => self.sent(fetch),
                Action::Yield(batch) => {
                    self.take(batch);
                    if self.resumes() {
                        self.resume();
                    }
                }
                Action::Pending => {
                    assert!(!self.in_flight.is_empty(), "waits for nothing: {:?}", self.machine.report());
                    assert_eq!(self.machine.in_flight(), self.in_flight.len());
                    self.event();
                }
                Action::Done(outcome) => return self.ended(outcome),
            }
            // Some replies arrive before everything was sent.
            if self.input.ratio(1, 4).unwrap_or(false) && !self.in_flight.is_empty() {
                self.event();
            }
        }
    }

    fn sent(&mut self, fetch: FetchPage) {
        let most = self.plan.limitnum.map_or(1_000, |limit| limit.max(4));
        assert!((1..=most).contains(&fetch.limit), "limit {}", fetch.limit);
        assert!(fetch.offset < 1 << 62, "offset {}", fetch.offset);
        assert!(
            self.in_flight.len() < self.plan.concurrency,
            "more than {} in flight",
            self.plan.concurrency
        );
        assert!(!self.over.contains(&fetch.id) && self.in_flight.iter().all(|other| other.id != fetch.id));
        self.in_flight.push(fetch);
        if self.input.is_empty() {
            self.after_the_end += 1;
            assert!(self.after_the_end < MOST_AFTER_THE_END, "no end: {:?}", self.machine.report());
        }
    }

    fn take(&mut self, batch: Batch) {
        assert!(!batch.ids.is_empty(), "an empty batch");
        for id in &batch.ids {
            assert!(self.yielded.insert(*id), "{id} twice: {:?}", self.machine.report());
        }
        if self.plan.pages {
            let ids: Vec<u64> =
                batch.tickets.iter().flat_map(|run| run.iter().map(|ticket| ticket.id())).collect();
            assert_eq!(ids, batch.ids);
        }
        self.count += batch.ids.len() as u64;
        assert!(self.count <= self.rows_served, "more tickets than the server sent");
        assert!(self.plan.max_tickets.is_none_or(|most| self.count <= most || !self.over.is_empty()));
        self.last = Some(batch);
    }

    fn resumes(&mut self) -> bool {
        self.plan.max_tickets.is_none() && self.input.ratio(1, 16).unwrap_or(false)
    }

    /// Continues with another machine, from the text of the cursor.
    fn resume(&mut self) {
        let cursor = self.machine.cursor(self.count, self.last.as_ref(), &[]);
        // Tickets that are ready and were not taken are yielded by the other machine.
        let text = cursor.to_string();
        let again = text.parse().expect("a cursor is read from its text");
        assert_eq!(cursor, again);
        let mut machine = ScanMachine::new(self.plan.settings());
        machine.resume(&again).expect("a scan continues from its own cursor");
        self.machine = machine;
        self.in_flight.clear();
        self.over.clear();
        self.last = None;
    }

    fn ended(&mut self, outcome: std::result::Result<(), Error>) {
        // Requests still in flight may be answered late. The end must not change.
        while !self.in_flight.is_empty() {
            self.event();
        }
        match (self.machine.poll(), outcome) {
            (Action::Done(Ok(())), Ok(())) => {}
            (Action::Done(Err(again)), Err(error)) => {
                assert_eq!(again.to_string(), error.to_string());
                assert!(error.to_string().len() < 4_000);
            }
            (action, outcome) => panic!("{action:?} after {outcome:?}"),
        }
        assert_eq!(self.machine.in_flight(), 0);
        drop(self.machine.cursor(self.count, self.last.as_ref(), &[]).to_string());
    }

    /// One event: a change of the list, or of a request in flight.
    fn event(&mut self) {
        if self.input.is_empty() {
            let fetch = self.in_flight.remove(0);
            return self.end_of(fetch);
        }
        let drawn = self.draw_event();
        // The input ended within the event.
        if drawn.is_err() {
            self.input = Unstructured::new(&[]);
        }
    }

    fn draw_event(&mut self) -> Result<()> {
        let kind: u8 = self.input.int_in_range(0..=15)?;
        if kind < 4 {
            return self.change_list(kind);
        }
        let index = self.input.choose_index(self.in_flight.len())?;
        if kind == 4 {
            let wait = Duration::from_secs(self.input.arbitrary::<u32>()?.into());
            self.machine.on_throttled(self.in_flight[index].id, wait, self.input.arbitrary()?);
            return Ok(());
        }
        if kind == 5 {
            // Of a fetch that is complete, or was never sent.
            let id = self.over.last().copied().unwrap_or(u64::MAX);
            self.machine.on_rows(id, vec![row(1, 1, 1, 1)], Some(1), Metrics::default());
            self.machine.on_error(id, ApiError::new(REFUSAL).into());
            return Ok(());
        }
        let fetch = self.in_flight[index];
        let error = match kind {
            6 => Some(ApiError::new(REFUSAL).into()),
            7 => Some(TransportError::new(TransportErrorKind::TooLarge { limit: 1 }).into()),
            8 => Some(ApiError::new("Authentication Failed").into()),
            _ => None,
        };
        if let Some(error) = error {
            self.in_flight.swap_remove(index);
            self.over.push(fetch.id);
            self.machine.on_error(fetch.id, error);
            return Ok(());
        }
        let (mut rows, mut total) = self.honest(fetch);
        match kind {
            // Arbitrary rows, possibly more than requested.
            9 => {
                rows.clear();
                for _ in 0..self.input.int_in_range(0..=40)? {
                    rows.push(self.draw_row()?);
                }
            }
            10 => {
                let hidden: u64 = self.input.arbitrary()?;
                let mut at = 0;
                rows.retain(|_| {
                    at += 1;
                    hidden >> (at % 64) & 1 == 0
                });
            }
            11 => rows.reverse(),
            12 => total = self.input.arbitrary()?,
            13 => rows.truncate(self.input.int_in_range(0..=20)?),
            _ => {}
        }
        self.in_flight.swap_remove(index);
        self.deliver(fetch, rows, total);
        Ok(())
    }

    fn draw_row(&mut self) -> Result<Row> {
        let input = &mut self.input;
        Ok(row(
            input.int_in_range(0..=IDS + 4)?,
            input.int_in_range(0..=250_000)?,
            input.int_in_range(0..=3)?,
            input.int_in_range(0..=2)?,
        ))
    }

    fn change_list(&mut self, kind: u8) -> Result<()> {
        let list = &mut self.plan.list;
        match kind {
            0 => {
                let row = self.draw_row()?;
                self.plan.list.retain(|other| other.id != row.id);
                let at = self.input.int_in_range(0..=self.plan.list.len())?;
                self.plan.list.insert(at, row);
            }
            1 if !list.is_empty() => {
                let at = self.input.choose_index(list.len())?;
                list.remove(at);
            }
            2 if !list.is_empty() => {
                // A reply moves the ticket to the front.
                let at = self.input.choose_index(list.len())?;
                let newest = list.iter().map(|row| row.lastreply).max().unwrap_or_default();
                let mut row = list.remove(at);
                (row.lastreply, row.fingerprint) = (newest + 1, row.fingerprint + 1);
                list.insert(0, row);
            }
            3 if list.len() > 1 => {
                let (a, b) = (self.input.choose_index(list.len())?, self.input.choose_index(list.len())?);
                list.swap(a, b);
            }
            _ => {}
        }
        Ok(())
    }

    fn honest(&self, fetch: FetchPage) -> (Vec<Row>, Option<u64>) {
        let list = &self.plan.list;
        let rows = list.iter().skip(fetch.offset as usize).take(fetch.limit as usize).copied().collect();
        (rows, Some(list.len() as u64))
    }

    fn deliver(&mut self, fetch: FetchPage, rows: Vec<Row>, total: Option<u64>) {
        self.over.push(fetch.id);
        self.rows_served += rows.len() as u64;
        let metrics =
            Metrics { requests: 1, elapsed: Duration::from_millis(fetch.limit), ..Metrics::default() };
        if self.plan.pages {
            let tickets: Vec<Ticket> = rows.iter().map(ticket).collect();
            let tickets = Tickets::new(&tickets, Version::V8_0);
            let page = Page::new(tickets, fetch.offset, total.unwrap_or_default());
            self.machine.on_page(fetch.id, page, metrics);
        } else {
            self.machine.on_rows(fetch.id, rows, total, metrics);
        }
    }

    /// The reply when the events have ended.
    fn end_of(&mut self, fetch: FetchPage) {
        let error = match self.plan.ending {
            Ending::Honest => {
                let (rows, total) = self.honest(fetch);
                return self.deliver(fetch, rows, total);
            }
            Ending::Empty => return self.deliver(fetch, Vec::new(), None),
            Ending::EmptyAndCounted => return self.deliver(fetch, Vec::new(), Some(IDS)),
            Ending::Fails => ApiError::new("Authentication Failed").into(),
            Ending::Unreadable => ApiError::new(REFUSAL).into(),
            Ending::TooLarge => TransportError::new(TransportErrorKind::TooLarge { limit: 1 }).into(),
        };
        self.over.push(fetch.id);
        self.machine.on_error(fetch.id, error);
    }
}
