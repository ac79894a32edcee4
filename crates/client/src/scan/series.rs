//! [`Series`]: the scans of one request: one, or one for each of several statuses. It yields each ticket once.
//!
//! The API filters by one status at a time, so each status has a list of its own. A ticket would be missed if it moved
//! from a list that is still to be read to one that was read. Therefore all lists except the last are read a second
//! time, in a second round. A ticket that moves at most once between the statuses is then found; DESIGN.md has the
//! cases. If a round after the first yields further tickets, all lists are read again, up to [`MOST_ROUNDS`] rounds in
//! all.

use std::time::Duration;

use super::cursor::{Cursor, InvalidCursor, SeriesPosition};
use super::machine::{Batch, FetchPage, Metrics, ScanMachine, Settings};
use super::report::ScanReport;
use super::row::{Digest, stamp};
use super::seen::{Runs, Seen};
use crate::error::Error;
use crate::protocol::{GetTickets, Page, StatusFilter};

/// How often the lists are read, the first time included.
const MOST_ROUNDS: u32 = 4;

/// One scan, or one for each status of [`Settings::statuses`].
#[derive(Debug)]
pub(crate) struct Series {
    /// The settings of each scan.
    parts: Vec<Settings>,
    /// See [`SeriesPosition::of`].
    digest: String,
    max_requests: u64,
    max_tickets: Option<u64>,
    machine: ScanMachine,
    /// The ids of fetches up to this one belong to scans that have ended.
    last_id: u64,
    part: usize,
    round: u32,
    /// The current round yielded tickets that the rounds before it did not.
    productive: bool,
    /// The ids that were handed out. Not used for a single scan, which keeps them itself.
    seen: Seen,
    /// Tickets that were handed out since the series began or was resumed.
    tickets: u64,
    /// Tickets of lists read again, and of more than one status, that were handed out before.
    duplicates: u64,
    /// What the scans that have ended reported.
    ended: ScanReport,
    /// The last count of each list.
    totals: Vec<Option<u64>>,
}

impl Series {
    pub(crate) fn new(settings: Settings) -> Series {
        let parts = parts(&settings);
        let mut series = Series {
            machine: ScanMachine::new(settings.clone()),
            digest: digest(&parts),
            max_requests: settings.max_requests,
            max_tickets: settings.max_tickets,
            last_id: 0,
            part: 0,
            round: 0,
            productive: false,
            seen: Seen::default(),
            tickets: 0,
            duplicates: 0,
            ended: ScanReport { endpoint: settings.endpoint, ..ScanReport::default() },
            totals: vec![None; parts.len()],
            parts,
        };
        series.start(0);
        series
    }

    /// Whether there is one scan, as of one status.
    pub(crate) fn is_single(&self) -> bool {
        self.parts.len() == 1
    }

    /// Makes the machine of this part. Ids of fetches go on, so that a late reply is not taken for one of this
    /// machine's.
    fn start(&mut self, part: usize) {
        self.part = part;
        let Some(settings) = self.parts.get(part) else { return };
        let requests = self.max_requests.saturating_sub(self.ended.requests);
        self.machine = ScanMachine::new(Settings { max_requests: requests, ..settings.clone() });
        self.machine.number_fetches_after(self.last_id);
    }

    /// Continues where another series was.
    pub(crate) fn resume(&mut self, cursor: &Cursor) -> Result<(), InvalidCursor> {
        match &cursor.series {
            None if self.is_single() => self.machine.resume(cursor),
            Some(position) if !self.is_single() && position.of == self.digest => {
                let is_sound = position.part < self.parts.len() && position.round < MOST_ROUNDS;
                let yielded = Runs::from_text(&position.yielded).filter(|runs| runs.len() <= cursor.yielded);
                let (true, Some(yielded)) = (is_sound, yielded) else {
                    return Err(InvalidCursor::NotACursor);
                };
                self.start(position.part);
                self.machine.resume(cursor)?;
                self.seen.resume(yielded);
                (self.round, self.productive) = (position.round, position.productive);
                self.warn_of_moves();
                Ok(())
            }
            _ => Err(InvalidCursor::OfAnotherScan),
        }
    }

    /// See [`ScanMachine::cursor`].
    pub(crate) fn cursor(&self, yielded: u64, last: Option<&Batch>, pending: &[u64]) -> Cursor {
        let mut cursor = self.machine.cursor(yielded, last, pending);
        if !self.is_single() {
            cursor.series = Some(Box::new(SeriesPosition {
                of: self.digest.clone(),
                part: self.part,
                round: self.round,
                productive: self.productive,
                yielded: self.seen.to_runs(|_| true, pending).to_text(),
            }));
        }
        cursor
    }

    /// The next tickets to hand out, without those that were handed out before.
    pub(crate) fn poll_batch(&mut self) -> Option<Batch> {
        let batch = self.machine.poll_batch()?;
        if self.is_single() {
            return Some(batch);
        }
        Some(self.without_known(batch))
    }

    fn without_known(&mut self, batch: Batch) -> Batch {
        let Batch { tickets, ids, position } = batch;
        let mut new = Batch { tickets: Vec::new(), ids: Vec::new(), position };
        let mut ids = ids.into_iter();
        let mut is_over = false;
        for part in tickets {
            let mut begin = 0;
            for (index, id) in ids.by_ref().take(part.len()).enumerate() {
                let is_known = self.seen.contains(id);
                self.duplicates += u64::from(is_known);
                let is_beyond = !is_known && self.max_tickets.is_some_and(|most| self.seen.len() >= most);
                is_over |= is_beyond;
                if !is_known && !is_beyond {
                    self.seen.insert(id, 0);
                    new.ids.push(id);
                    continue;
                }
                if begin < index {
                    new.tickets.push(part.slice(begin..index));
                }
                begin = index + 1;
            }
            if begin < part.len() {
                new.tickets.push(part.slice(begin..));
            }
        }
        let count = new.ids.len() as u64;
        self.tickets += count;
        self.productive |= self.round > 0 && count > 0;
        self.warn_of_moves();
        if is_over {
            self.machine.fail_beyond(self.max_tickets.unwrap_or_default());
        }
        new
    }

    /// Warns if the last round yielded tickets, too.
    fn warn_of_moves(&mut self) {
        if self.productive && self.round + 1 == MOST_ROUNDS {
            self.ended.warn("tickets kept moving between the requested statuses while they were read");
        }
    }

    /// Begins the next scan if the current one has ended well and all its tickets were taken.
    pub(crate) fn advance(&mut self) {
        if !matches!(self.machine.outcome(), Some(Ok(()))) || self.has_ended() {
            return;
        }
        let report = self.machine.report();
        if let Some(total) = self.totals.get_mut(self.part) {
            *total = report.total;
        }
        self.ended = self.merged();
        self.last_id = self.machine.last_fetch_id();
        let Some((round, part)) = self.next_part() else { return };
        if round != self.round {
            (self.round, self.productive) = (round, false);
        }
        if round > 0 {
            self.ended.verification_passes += 1;
        }
        self.start(part);
    }

    /// The round and the part after the current ones; `None` after the last.
    fn next_part(&self) -> Option<(u32, usize)> {
        // In the second round the last list need not be read again: it was read after all others.
        let last = if self.round == 1 { self.parts.len().checked_sub(2)? } else { self.parts.len() - 1 };
        if self.part < last {
            return Some((self.round, self.part + 1));
        }
        let round = self.round + 1;
        let goes_on = if self.round == 0 { !self.is_single() } else { self.productive };
        (goes_on && round < MOST_ROUNDS).then_some((round, 0))
    }

    /// How the series ended, once all batches were taken.
    pub(crate) fn outcome(&self) -> Option<&Result<(), Error>> {
        self.machine.outcome().filter(|outcome| outcome.is_err() || self.next_part().is_none())
    }

    /// Whether the series has ended, though batches may be left to take.
    pub(crate) fn has_ended(&self) -> bool {
        self.machine.has_ended() && (self.machine.has_failed() || self.next_part().is_none())
    }

    /// The next page to fetch, if one can be fetched now.
    pub(crate) fn poll_fetch(&mut self) -> Option<FetchPage> {
        self.machine.poll_fetch()
    }

    /// The request of a fetch; `None` if the scan that it belongs to has ended.
    pub(crate) fn request_of(&self, fetch: &FetchPage) -> Option<GetTickets> {
        if fetch.id <= self.last_id {
            return None;
        }
        let request = self.parts.get(self.part)?.request.clone();
        Some(GetTickets { limitstart: Some(fetch.offset), limitnum: Some(fetch.limit), ..request })
    }

    pub(crate) fn on_page(&mut self, id: u64, page: Page, metrics: Metrics) {
        self.machine.on_page(id, page, metrics);
    }

    pub(crate) fn on_error(&mut self, id: u64, error: Error) {
        self.machine.on_error(id, error);
    }

    pub(crate) fn on_throttled(&mut self, id: u64, wait: Duration, requested_by_server: bool) {
        self.machine.on_throttled(id, wait, requested_by_server);
    }

    pub(crate) fn abort(&mut self, error: Error) {
        self.machine.abort(error);
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.machine.in_flight()
    }

    /// How many tickets match, as the server counted them last: of all lists together, once all were counted.
    pub(crate) fn total(&self) -> Option<u64> {
        if self.is_single() {
            return self.machine.report().total;
        }
        let mut counts = self.totals.iter().enumerate().map(|(part, total)| {
            let current = if part == self.part { self.machine.report().total } else { None };
            current.or(*total)
        });
        counts.try_fold(0, |sum: u64, count| Some(sum.saturating_add(count?)))
    }

    /// What all scans did and met so far.
    pub(crate) fn report(&self) -> ScanReport {
        let mut report = self.merged();
        if !self.is_single() {
            report.tickets = self.tickets;
            report.duplicates = report.duplicates.saturating_add(self.duplicates);
            report.total = self.total();
        }
        report
    }

    /// The reports of the scans that have ended and of the current one.
    fn merged(&self) -> ScanReport {
        if self.is_single() {
            return self.machine.report().clone();
        }
        let mut report = self.ended.clone();
        // What is read again has the same findings again.
        report.add(self.machine.report(), self.round == 0 || self.productive);
        report
    }
}

/// The settings of the scan of each status. Closed tickets, usually the longest list, are read last, and so once.
fn parts(settings: &Settings) -> Vec<Settings> {
    let mut statuses: Vec<StatusFilter> = Vec::new();
    for status in &settings.statuses {
        if !statuses.contains(status) {
            statuses.push(status.clone());
        }
    }
    statuses.sort_by_key(|status| status.as_str().eq_ignore_ascii_case("closed"));
    let with = |status| {
        let request = GetTickets { status, ..settings.request.clone() };
        Settings { request, ..settings.clone() }
    };
    if statuses.is_empty() {
        return vec![settings.clone()];
    }
    statuses.into_iter().map(|status| with(Some(status))).collect()
}

/// Digest of what the cursors of all scans belong to.
fn digest(parts: &[Settings]) -> String {
    let mut digest = Digest::default();
    for Settings { endpoint, request, updated_since, .. } in parts {
        let since = updated_since.map(|time| stamp(Some(time)));
        digest.write(Cursor::digest(endpoint, request, since).as_bytes());
    }
    format!("{:016x}", digest.0)
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::Tickets;

    use super::*;

    #[test]
    fn a_fetch_of_a_scan_that_has_ended_has_no_request() {
        let settings = Settings::new(GetTickets::default());
        let mut series =
            Series::new(Settings { statuses: vec!["Open".into(), "Answered".into()], ..settings });
        let mut fetches = Vec::new();
        while series.part == 0 {
            let fetch = series.poll_fetch().unwrap();
            let status = series.request_of(&fetch).unwrap().status;
            assert_eq!(status, Some("Open".into()));
            series.on_page(fetch.id, Page::new(Tickets::default(), 0, 0), Metrics::default());
            series.advance();
            fetches.push(fetch);
        }
        assert!(!fetches.is_empty());
        assert!(fetches.iter().all(|fetch| series.request_of(fetch).is_none()));
        let next = series.poll_fetch().unwrap();
        assert_eq!(series.request_of(&next).unwrap().status, Some("Answered".into()));
    }
}
