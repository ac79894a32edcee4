//! [`Reader`]: reads the list page by page and tells each ticket once; DESIGN.md argues why none is lost.
//!
//! It is a straight-line program that blocks; the scan runs it on a thread of its own. It must never end
//! with success unless the argument holds: whatever it can't settle within its bounds is an error.

mod finish;
mod holes;
mod pass;
mod tail;

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use super::cursor::Place;
use super::fetch::{Fetch, FetchContext};
use super::report::Report;
use super::row::{Row, Stamp};
use super::seen::{Known, Seen};
use crate::protocol::{ApiErrorClass, DecodeErrorKind, GetTickets, Page, Tickets};
use crate::{Error, ErrorKind, ScanIncomplete};

/// What the reader hands to the scan.
pub(super) enum Message {
    /// Tickets to tell, and where the reading stands after them.
    Batch(Vec<Tickets>, Box<Place>),
    /// The last message.
    End(Result<(), Error>),
}

/// Why the reader stops before its end.
pub(super) enum Stop {
    /// Nobody listens any more.
    Dropped,
    Failed(Error),
}

impl Stop {
    pub(super) fn incomplete(problem: impl Into<String>, hint: &'static str) -> Stop {
        Stop::Failed(ScanIncomplete::new(problem.into()).with_hint(hint).into())
    }
}

type Step<T> = Result<T, Stop>;

/// A page as the reader looks at it.
struct Read {
    offset: u64,
    asked: u64,
    page: Page,
    rows: Vec<Row>,
}

impl Read {
    /// The offset after its last row.
    fn end(&self) -> u64 {
        self.offset + self.rows.len() as u64
    }
}

/// Reads a list for a scan.
pub(super) struct Reader<F> {
    fetch: F,
    request: GetTickets,
    /// How many tickets are asked for at a time.
    page_len: u64,
    /// The same, while it is smaller as a ticket is narrowed down to.
    limit: u64,
    most_requests: u64,
    /// Only tickets with a reply since then are told.
    since: Option<Stamp>,
    seen: Seen,
    place: Place,
    report: Arc<Mutex<Report>>,
    tell: SyncSender<Message>,
    /// Pages were cut at different lengths: being short proves little.
    capacity_varies: bool,
    /// The length at which a page was cut that was followed by more tickets.
    cut: Option<usize>,
    /// Rows to overlap by beyond what the proof needs, so that small shifts need no step back.
    slack: usize,
    /// The ids of the page at offset 0, and how many pages in a row were the same at other offsets.
    front: Vec<u64>,
    front_again: u32,
}

/// What a scan asks of its reader.
pub(super) struct Task {
    pub(super) request: GetTickets,
    pub(super) page_len: u64,
    pub(super) most_requests: u64,
    pub(super) since: Option<Stamp>,
}

impl<F: Fetch> Reader<F> {
    pub(super) fn new(
        fetch: F,
        task: Task,
        seen: Seen,
        place: Place,
        report: Arc<Mutex<Report>>,
        tell: SyncSender<Message>,
    ) -> Reader<F> {
        let Task { request, page_len, most_requests, since } = task;
        Reader {
            fetch,
            request,
            page_len,
            limit: page_len,
            most_requests,
            since,
            seen,
            place,
            report,
            tell,
            capacity_varies: false,
            cut: None,
            slack: 1,
            front: Vec::new(),
            front_again: 0,
        }
    }

    /// Reads everything, and says at the end how that went.
    pub(super) fn run(mut self) {
        let end = match self.read_all() {
            Ok(()) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Dropped) => return,
        };
        // A scan that was dropped does not ask.
        let _ = self.tell.send(Message::End(end));
    }

    fn note(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for a page. `None` stands for a page that holds a ticket which the server can't send.
    fn read(&mut self, offset: u64, asked: u64) -> Step<Option<Read>> {
        let requests = self.report.lock().unwrap_or_else(PoisonError::into_inner).requests;
        if requests >= self.most_requests {
            return Err(Stop::incomplete(
                format!("its end was not reached in {requests} requests"),
                "Allow more requests, ask for more tickets a page, or scan when less is going on.",
            ));
        }
        let request = GetTickets { limitstart: Some(offset), limitnum: Some(asked), ..self.request.clone() };
        let fetched = match self.fetch.fetch(&request, &FetchContext::default()) {
            Ok(fetched) => fetched,
            Err(error) => {
                let attempts = u64::from(error.attempts().max(1));
                self.note(|report| {
                    report.requests += attempts;
                    report.retries += attempts - 1;
                });
                return if is_unreadable(&error) { Ok(None) } else { Err(Stop::Failed(error.asked())) };
            }
        };
        let requests = u64::from(fetched.requests.max(1));
        let page = fetched.page;
        self.note(|report| {
            report.requests += requests;
            report.retries += requests - 1;
            report.total = page.totalresults().or(report.total);
        });
        let rows: Vec<Row> = page.iter().map(|ticket| Row::of(&ticket)).collect();
        self.place.order.observe(&rows);
        self.place.capacity = self.place.capacity.max(rows.len());
        self.refuse_front_again(offset, &rows)?;
        Ok(Some(Read { offset, asked, page, rows }))
    }

    /// A server that sends the front of the list at one offset after another does not heed the offset.
    fn refuse_front_again(&mut self, offset: u64, rows: &[Row]) -> Step<()> {
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
        Err(Stop::incomplete(
            format!(
                "the server sends the same page at offset {offset} as at offset 0: it ignores limitstart"
            ),
            "Ask for one page that is large enough for all (limitnum), and look for a plugin that changes the call.",
        ))
    }

    /// Whether the server counts more tickets than there are before this offset. It may be wrong.
    fn counts_beyond(&self, offset: u64) -> bool {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).total.is_some_and(|total| total > offset)
    }

    /// Whether the server says outright that no ticket matches.
    fn counts_none(&self) -> bool {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).total == Some(0)
    }

    /// Tells the tickets of a page that were not told. Gives how many of them are new, and how many of those
    /// from `new_from` on are not.
    fn tell(&mut self, read: &Read, new_from: usize) -> Step<(u64, u64)> {
        let (mut fresh, mut again) = (Vec::new(), 0);
        for (index, row) in read.rows.iter().enumerate() {
            if self.since.is_some_and(|since| row.lastreply < since) {
                continue;
            }
            match self.seen.insert(row.id, row.lastreply) {
                Known::New => fresh.push(index),
                Known::Since(told) => {
                    again += u64::from(index >= new_from);
                    self.compare_with_told(row, told);
                }
            }
        }
        if fresh.is_empty() {
            return Ok((0, again));
        }
        let count = fresh.len() as u64;
        self.note(|report| {
            report.tickets += count;
            report.pages += 1;
        });
        let batch = runs(&fresh).map(|run| read.page.tickets().slice(run)).collect();
        let place = Box::new(self.place.clone());
        self.tell.send(Message::Batch(batch, place)).map_err(|_| Stop::Dropped)?;
        Ok((count, again))
    }

    /// Looks at a ticket that was told before.
    fn compare_with_told(&mut self, row: &Row, told: Option<Stamp>) {
        let Some(_) = told.filter(|told| *told < row.lastreply) else { return };
        self.seen.renew(row.id, row.lastreply);
        self.note(|report| {
            report.renewals += 1;
            if report.renewed.len() < Report::MOST_RENEWED && !report.renewed.contains(&row.id) {
                report.renewed.push(row.id);
            }
        });
        // Answered during the scan and yet older than what was in the list when that began: the clock went
        // back, or replies carry another time than that at which they come.
        if self.place.began.is_some_and(|began| row.lastreply < began) {
            self.place.order.disprove_newest_reply_first();
        }
    }
}

/// Whether the server says by this that it can't send a ticket of the page.
fn is_unreadable(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(error) => error.class() == ApiErrorClass::Encoding,
        ErrorKind::Decode(error) => matches!(error.kind(), DecodeErrorKind::InvalidUtf8),
        _ => false,
    }
}

/// The runs of consecutive numbers in a rising list.
fn runs(indices: &[usize]) -> impl Iterator<Item = std::ops::Range<usize>> {
    indices.chunk_by(|a, b| a + 1 == *b).filter_map(|run| Some(*run.first()?..run.last()? + 1))
}
