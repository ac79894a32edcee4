//! [`Delivery`]: hands the tickets of a [`Series`] to the consumer, and records which of them the consumer has taken.
//!
//! Only a ticket that was taken counts as yielded: a cursor continues with the next one.

use super::cursor::{Cursor, InvalidCursor};
use super::machine::{Batch, FetchPage, Settings};
use super::report::ScanReport;
use super::series::Series;
use super::ticket::SharedTicket;
use crate::error::Error;
use crate::protocol::Tickets;

/// A series, and what the consumer took from it.
#[derive(Debug)]
pub(crate) struct Delivery {
    settings: Settings,
    resumed: Option<Cursor>,
    series: Series,
    current: Option<Current>,
    /// The last batch that was taken as a whole, without its tickets.
    last: Option<Batch>,
    yielded: u64,
    failure: Option<Error>,
    closed: bool,
}

/// The batch that the consumer takes tickets from.
#[derive(Debug)]
struct Current {
    batch: Batch,
    /// The part of the batch, and the index in it, of the next ticket.
    part: usize,
    index: usize,
    /// How many tickets of the batch were taken.
    taken: usize,
}

/// What there is to take.
pub(crate) enum Available {
    Ticket,
    /// The scan has ended; the error is there only the first time.
    End(Option<Error>),
    /// Nothing yet.
    Nothing,
}

impl Delivery {
    pub(crate) fn new(settings: Settings) -> Delivery {
        Delivery {
            series: Series::new(settings.clone()),
            settings,
            resumed: None,
            current: None,
            last: None,
            yielded: 0,
            failure: None,
            closed: false,
        }
    }

    /// Changes the settings of a scan that has not begun.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.series = Series::new(self.settings.clone());
        if let Some(cursor) = self.resumed.take() {
            // A cursor that the changed settings do not allow ends the scan when it begins.
            if let Err(error) = self.resume(cursor) {
                let problem = format!("it cannot be resumed: {error}");
                let refused = crate::error::ScanIncomplete::new(problem)
                    .with_hint("Set updated_since before resume.")
                    .before_any_request();
                self.series.abort(refused.into());
            }
        }
    }

    pub(crate) fn resume(&mut self, cursor: Cursor) -> Result<(), InvalidCursor> {
        let mut series = Series::new(self.settings.clone());
        series.resume(&cursor)?;
        self.series = series;
        self.yielded = cursor.tickets();
        self.resumed = Some(cursor);
        Ok(())
    }

    /// Ends the scan for its consumer: nothing is fetched or taken any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn series(&mut self) -> &mut Series {
        &mut self.series
    }

    pub(crate) fn report(&self) -> ScanReport {
        self.series.report()
    }

    /// How many tickets match, as the server counted them last.
    pub(crate) fn total(&self) -> Option<u64> {
        self.series.total()
    }

    /// The next page to fetch, if one can be fetched now.
    pub(crate) fn poll_fetch(&mut self) -> Option<FetchPage> {
        // A cursor is of the scan that the tickets come from, so the next one begins when they were taken.
        if !self.series.is_single() && !self.closed && self.fill() {
            self.series.advance();
        }
        self.series.poll_fetch()
    }

    pub(crate) fn yielded(&self) -> u64 {
        self.yielded
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Takes the next batch, unless there are tickets to take. Returns whether there is none.
    fn fill(&mut self) -> bool {
        while self.current.is_none() {
            match self.series.poll_batch() {
                Some(batch) if batch.tickets.is_empty() => self.last = Some(batch),
                Some(batch) => self.current = Some(Current { batch, part: 0, index: 0, taken: 0 }),
                None => return true,
            }
        }
        false
    }

    /// Whether there is a ticket to take, or the end. The error of the end is not given out.
    pub(crate) fn glance(&mut self) -> Available {
        match (self.fill(), self.series.outcome()) {
            (false, _) => Available::Ticket,
            (true, Some(_)) => Available::End(None),
            (true, None) => Available::Nothing,
        }
    }

    /// Whether there is a ticket to take, or the end. Its error is given out once.
    pub(crate) fn available(&mut self) -> Available {
        let available = self.glance();
        if let (Available::End(_), None, Some(Err(error))) =
            (&available, &self.failure, self.series.outcome())
        {
            self.failure = Some(error.clone());
            return Available::End(self.failure.clone());
        }
        available
    }

    /// The next ticket, if it is available. It is not taken yet.
    pub(crate) fn peek(&self) -> Option<SharedTicket> {
        let current = self.current.as_ref()?;
        SharedTicket::new(current.batch.tickets.get(current.part)?.clone(), current.index)
    }

    /// Takes that ticket. Returns whether it was the last of its batch.
    pub(crate) fn commit(&mut self) -> bool {
        let Some(current) = &mut self.current else { return false };
        current.index += 1;
        current.taken += 1;
        self.yielded += 1;
        if current.batch.tickets.get(current.part).is_none_or(|part| current.index >= part.len()) {
            self.next_part();
        }
        self.current.is_none()
    }

    /// What is left of the tickets that lie together on a page with the next one. They are not taken yet.
    pub(crate) fn peek_page(&self) -> Option<Tickets> {
        let current = self.current.as_ref()?;
        Some(current.batch.tickets.get(current.part)?.slice(current.index..))
    }

    /// Takes those tickets.
    pub(crate) fn commit_page(&mut self) {
        let Some(current) = &mut self.current else { return };
        let left = current
            .batch
            .tickets
            .get(current.part)
            .map_or(0, |part| part.len().saturating_sub(current.index));
        current.taken += left;
        self.yielded += left as u64;
        self.next_part();
    }

    fn next_part(&mut self) {
        let Some(current) = &mut self.current else { return };
        current.part += 1;
        current.index = 0;
        if current.part >= current.batch.tickets.len() {
            let batch = self.current.take().map(|current| current.batch).unwrap_or_default();
            self.last = Some(Batch { tickets: Vec::new(), ids: Vec::new(), ..batch });
        }
    }

    /// Where the scan is: after the tickets taken so far.
    pub(crate) fn cursor(&self) -> Cursor {
        let pending = self.current.as_ref().and_then(|current| current.batch.ids.get(current.taken..));
        self.series.cursor(self.yielded, self.last.as_ref(), pending.unwrap_or_default())
    }
}
