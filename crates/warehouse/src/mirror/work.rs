//! [`Work`]: the run of one install, from its pages to the rows of the database.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::time::Duration;

use foldhash::fast::RandomState;
use gettickets::scan::ScanFinding;
use gettickets::{DateTime, Error, Page, Scan, ScanReport, TicketRef};
use gettickets_arrow::NumberTooLarge;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::compare::{Change, Known, REPLACED, Verdict, compare};
use super::error::MirrorError;
use super::reading::{Conversion, Rows};
use super::report::{Mode, RunOptions, RunReport};
use super::stage::Stage;
use super::store::{Ending, History, KnownInstall, Store};
use crate::install::Install;
use crate::row::{Row, wall_clock};

/// The largest difference by which local time is ahead of UTC. A reply that is dated later is in the future in every
/// time zone, and is ignored when the newest reply is determined.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// The number of highest ids that must disappear in one run before a warning says that the install may have been
/// restored from a backup.
const RESTORED: usize = 10;

/// The number of rows at the end of the first page that must be older than the replies an incremental run reads.
const OLD_ROWS: usize = 4;

/// Returns the time of the oldest reply that an incremental run reads, or `None` for a full run.
fn since(options: &RunOptions, now: Timestamp, history: &History) -> Option<DateTime> {
    let last_full: Timestamp = history.last_full.as_ref()?.parse().ok()?;
    let newest: DateTime = history.newest_reply.as_ref()?.parse().ok()?;
    match options.mode {
        Mode::Full => return None,
        Mode::Auto { full_every } => {
            let age = Duration::try_from(now.duration_since(last_full)).unwrap_or_default();
            if age >= full_every {
                return None;
            }
        }
        Mode::Incremental => {}
    }
    let overlap = SignedDuration::try_from(options.overlap).unwrap_or(SignedDuration::MAX);
    Some(newest.checked_sub(overlap).unwrap_or(DateTime::MIN))
}

/// A set of ids.
type Ids = HashSet<i64, RandomState>;

/// The run of one install.
pub(super) struct Work<'a> {
    pub(super) install: &'a Install,
    started: Timestamp,
    since: Option<DateTime>,
    /// The rows to store when the transaction begins; `None` if the transaction is open while the list is read.
    stage: Option<Stage>,
    /// Whether there was no complete full run before this run.
    first_run: bool,
    /// Whether the time zone of the install has changed, so that all rows are computed and written again.
    rezoned: bool,
    /// The ids that this run has read.
    seen: Ids,
    /// The highest id in the mirror before this run.
    highest_before: i64,
    /// The number of new tickets with ids below `highest_before`.
    below_highest: u64,
    /// Whether the list was in the order of the last reply in the last complete full run.
    was_ordered: bool,
    /// Whether the tickets that this run has read are in that order.
    ordered: bool,
    /// The last reply of the preceding ticket in the list.
    previous: Option<DateTime>,
    /// The newest reply, on the install's clock.
    newest: Option<DateTime>,
    /// Replies dated later than this are ignored when the newest reply is determined.
    ahead: DateTime,
    /// The number of ids that now belong to another ticket.
    replaced: u64,
    /// The number of tickets with NUL characters in their texts.
    nul: u64,
    /// Rows that were stored and are no longer needed.
    spare: Vec<Row>,
    report: RunReport,
    /// The error for a value that does not fit into the database.
    error: Option<MirrorError>,
}

impl<'a> Work<'a> {
    /// Prepares the run of an install: loads its history from the database.
    pub(super) fn new(
        store: &mut dyn Store,
        install: &'a Install,
        options: &RunOptions,
        started: Timestamp,
        known: &[KnownInstall],
    ) -> Result<Work<'a>, MirrorError> {
        let before = known.iter().find(|known| known.name == install.name);
        let rezoned = before.is_some_and(|before| before.zone.as_deref() != zone_name(install));
        let history = store.history(&install.name)?;
        let since = if rezoned { None } else { since(options, started, &history) };
        let ahead = started.checked_add(FURTHEST_AHEAD).unwrap_or(Timestamp::MAX);
        Ok(Work {
            install,
            started,
            since,
            stage: None,
            first_run: history.last_full.is_none(),
            rezoned,
            seen: Ids::default(),
            highest_before: history.highest_id.unwrap_or(i64::MIN),
            below_highest: 0,
            was_ordered: history.ordered,
            ordered: true,
            previous: Some(DateTime::MAX),
            newest: history.newest_reply.and_then(|reply| reply.parse().ok()),
            ahead: TimeZone::UTC.to_datetime(ahead),
            replaced: 0,
            nul: 0,
            spare: Vec::new(),
            report: RunReport::new(&install.name, 0, since.is_none()),
            error: None,
        })
    }

    /// Returns a scan of the tickets that this run reads.
    pub(super) fn scan(&self) -> Scan {
        let scan = self.install.scan();
        match self.since {
            Some(since) => scan.updated_since(since),
            None => scan,
        }
    }

    /// Returns the number of tickets that were read so far.
    pub(super) fn tickets(&self) -> u64 {
        self.report.tickets
    }

    /// Keeps all rows until [`finish`](Work::finish) is called, because the transaction is not open before.
    pub(super) fn stage(&mut self) {
        self.stage = Some(Stage::default());
    }

    /// Inserts the install and its run, at the beginning of the transaction.
    pub(super) fn open(&mut self, store: &mut dyn Store) -> Result<(), MirrorError> {
        let name = &self.install.name;
        store.put_install(name, &self.install.client.endpoint(), zone_name(self.install))?;
        let since = self.since.map(wall_clock);
        self.report.run = store.begin_run(name, &utc(self.started), since.as_deref())?;
        Ok(())
    }

    /// How the tickets of the install are converted to rows.
    pub(super) fn conversion(&self) -> Conversion<'a> {
        Conversion { install: self.install, ahead: self.ahead }
    }

    /// Stores the rows of a page, or keeps them for later. Returns `false` if a value does not fit into the database;
    /// then no more pages need to be read.
    pub(super) fn take(
        &mut self,
        store: &mut dyn Store,
        rows: Result<Rows, NumberTooLarge>,
    ) -> Result<bool, MirrorError> {
        if self.error.is_some() {
            return Ok(false);
        }
        let mut rows = match rows {
            Ok(rows) => self.learn(rows),
            Err(error) => {
                self.error = Some(error.into());
                return Ok(false);
            }
        };
        let known = self.known(store, &rows, &self.seen)?;
        self.seen.extend(rows.iter().map(|row| row.id));
        self.report.tickets += rows.len() as u64;
        let Some(stage) = &mut self.stage else {
            self.spare = self.store(store, &known, rows)?;
            return Ok(true);
        };
        let is_same = |row: &Row| known.get(&row.id).is_some_and(|known| known.is_same(row));
        rows.retain(|row| self.rezoned || !is_same(row));
        stage.push(rows, store.directory())?;
        Ok(true)
    }

    /// Updates what is known about the order of the list and the newest reply.
    fn learn(&mut self, page: Rows) -> Vec<Row> {
        if let Some((first, last)) = page.ends {
            self.ordered &= page.ordered && first <= self.previous;
            self.previous = last;
        }
        self.newest = self.newest.max(page.newest);
        page.rows
    }

    /// Returns the stored state of tickets. Does not query ids that cannot be stored: those above the highest id before
    /// this run, unless they are in `stored`.
    fn known(
        &self,
        store: &mut dyn Store,
        rows: &[Row],
        stored: &Ids,
    ) -> Result<HashMap<i64, Known>, MirrorError> {
        let may_be_known = |row: &&Row| row.id <= self.highest_before || stored.contains(&row.id);
        let tickets: Vec<_> = rows.iter().filter(may_be_known).map(|row| (row.id, row.fingerprint)).collect();
        store.known(&self.install.name, &tickets)
    }

    /// Writes the rows that are new or differ from the stored ones, and records the changes. Returns the rows, which are
    /// no longer needed.
    fn store(
        &mut self,
        store: &mut dyn Store,
        known: &HashMap<i64, Known>,
        mut rows: Vec<Row>,
    ) -> Result<Vec<Row>, MirrorError> {
        let (now, name) = (utc(Timestamp::now()), &self.install.name);
        let mut changes = Vec::new();
        rows.retain(|row| match compare(known.get(&row.id), row, self.first_run) {
            Verdict::Same => self.rezoned,
            Verdict::New(found) => {
                self.report.new += 1;
                self.below_highest += u64::from(row.id < self.highest_before);
                changes.extend(found);
                true
            }
            Verdict::Changed(found) => {
                self.report.changed += 1;
                changes.extend(found);
                true
            }
        });
        self.nul += rows.iter().filter(|row| row.had_nul).count() as u64;
        self.replaced += changes.iter().filter(|change| change.what == REPLACED).count() as u64;
        // The new tickets come first.
        let is_known = |row: &Row| known.contains_key(&row.id);
        rows.sort_by_key(is_known);
        let (new, others) = rows.split_at(rows.partition_point(|row| !is_known(row)));
        store.insert(name, new, &now)?;
        store.put(name, others, &now)?;
        store.record(self.report.run, name, &changes, &now)?;
        Ok(rows)
    }

    /// Returns rows that are no longer needed, so that their memory is used again.
    pub(super) fn take_spare(&mut self) -> Vec<Row> {
        mem::take(&mut self.spare)
    }

    /// Whether it may be sufficient to read the first page of the list.
    pub(super) fn may_read_front(&self) -> bool {
        self.since.is_some() && self.was_ordered
    }

    /// Whether the first page of the list contains every change since the last run. This is so if the page is in the
    /// order of the last reply and has each ticket once, its last rows are older than the last run, and the server counts
    /// no more tickets than the page and the mirror have together.
    pub(super) fn has_everything(&self, store: &mut dyn Store, page: &Page) -> Result<bool, MirrorError> {
        let (Some(since), Some(total)) = (self.since, page.totalresults()) else { return Ok(false) };
        let tickets = page.tickets();
        let replies: Vec<Option<DateTime>> = tickets.iter().map(|ticket| ticket.lastreply()).collect();
        let is_ordered = replies.windows(2).all(|pair| pair.first() >= pair.last());
        let is_old = |reply: &&Option<DateTime>| reply.is_some_and(|reply| reply < since);
        let old = replies.iter().rev().take_while(is_old).count();
        if !is_ordered || old < OLD_ROWS || page.startnumber().unwrap_or(0) != 0 {
            return Ok(false);
        }
        // The fingerprint does not matter here.
        let key = |ticket: TicketRef<'_>| i64::try_from(ticket.id()).map(|id| (id, 0));
        let Ok(keys) = tickets.iter().map(key).collect::<Result<Vec<_>, _>>() else { return Ok(false) };
        if keys.iter().map(|(id, _)| *id).collect::<Ids>().len() < keys.len() {
            return Ok(false);
        }
        let known = store.known(&self.install.name, &keys)?;
        let is_new = |(id, _): &&(i64, i64)| known.get(id).is_none_or(|known| known.gone.is_some());
        let new = keys.iter().filter(is_new).count() as u64;
        Ok(total <= store.count_present(&self.install.name)?.saturating_add(new))
    }

    /// Stores the tickets of a first page for which [`has_everything`](Work::has_everything) is true.
    pub(super) fn take_front(&mut self, store: &mut dyn Store, page: &Page) -> Result<(), MirrorError> {
        let since = self.since.unwrap_or(DateTime::MIN);
        let recent =
            page.iter().take_while(|ticket| ticket.lastreply().is_some_and(|reply| reply >= since)).count();
        let rows = self.conversion().rows(&page.tickets().slice(..recent), &mut Vec::new());
        self.take(store, rows)?;
        self.report.requests = 1;
        self.report.complete = true;
        for finding in page.findings() {
            self.report.deviations.push(finding.into());
            self.report.findings += finding.count as u64;
        }
        Ok(())
    }

    /// Records the result of the scan.
    pub(super) fn ended(&mut self, scan: &ScanReport, failure: Option<Error>, complete: bool) {
        let unreadable = scan.unreadable.len() as u64;
        self.report.complete = complete && self.error.is_none();
        self.report.requests = scan.requests;
        self.report.unreadable = unreadable;
        self.report.reason = match (&self.error, &failure) {
            (Some(error), _) => Some(error.to_string()),
            (None, Some(error)) => Some(error.to_string()),
            (None, None) if unreadable > 0 => {
                let tickets = if unreadable == 1 { "1 ticket" } else { &format!("{unreadable} tickets") };
                Some(format!("{tickets} cannot be sent by the server in any format"))
            }
            (None, None) => None,
        };
        self.report.failure = if self.error.is_some() { None } else { failure };
        self.report.deviations.extend(scan.findings.iter().cloned());
        self.report.findings = scan.findings.iter().map(|finding| finding.count).sum();
        self.report.warnings.extend(scan.warnings.iter().cloned());
    }

    /// Marks the tickets that a complete full scan did not find as gone.
    fn mark_gone(&mut self, store: &mut dyn Store) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        let gone = store.present(name, &|id| !self.seen.contains(&id))?;
        let ids: Vec<i64> = gone.iter().map(|(id, _)| *id).collect();
        let change = |(id, status)| Change { id, what: "gone", old: status, new: None };
        let changes: Vec<Change> = gone.into_iter().map(change).collect();
        store.set_gone(name, &ids, &now)?;
        store.record(self.report.run, name, &changes, &now)?;
        self.report.gone = ids.len() as u64;
        let highest = self.seen.iter().max().copied().unwrap_or(0);
        let above = ids.iter().filter(|id| **id > highest).count();
        if above >= RESTORED {
            self.report.warnings.push(format!(
                "the {above} tickets with the highest ids are gone; the install may have been restored from a backup"
            ));
        }
        Ok(())
    }

    /// Stores the rows that were kept, and the end of the run. The inner result is the report, or the error that
    /// concerns this install alone.
    pub(super) fn finish(
        &mut self,
        store: &mut dyn Store,
    ) -> Result<Result<RunReport, MirrorError>, MirrorError> {
        if let Some(mut stage) = self.stage.take() {
            let mut stored = Ids::default();
            stage.drain(|rows| {
                let known = self.known(store, &rows, &stored)?;
                stored.extend(rows.iter().map(|row| row.id));
                self.store(store, &known, rows).map(drop)
            })?;
        }
        if self.report.complete && self.report.full && self.highest_before > i64::MIN {
            self.mark_gone(store)?;
        }
        if self.replaced > 0 {
            self.report.warnings.push(format!(
                "{} ids now belong to other tickets, with another number and opening date; the install may have been \
                 restored from a backup",
                self.replaced
            ));
        }
        if self.below_highest > 0 && !self.first_run {
            self.report.warnings.push(format!(
                "{} new tickets have lower ids than {}, the highest id before this run; the install may have been restored \
                 from a backup, or the API user may now read more departments",
                self.below_highest, self.highest_before
            ));
        }
        if self.nul > 0 {
            self.report.warnings.push(format!(
                "{} tickets have NUL characters in their texts, which databases cannot store; each was replaced by U+FFFD",
                self.nul
            ));
        }
        let report = mem::replace(&mut self.report, RunReport::new(&self.install.name, 0, false));
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let deviations: Vec<serde_json::Value> = report.deviations.iter().map(finding_json).collect();
        let has_findings = !(deviations.is_empty() && report.warnings.is_empty());
        let findings = json!({"deviations": deviations, "warnings": report.warnings});
        store.end_run(
            report.run,
            &Ending {
                ended: &utc(Timestamp::now()),
                complete: report.complete,
                ordered: self.ordered && report.full && report.complete,
                // A text from the server may contain NUL, which PostgreSQL does not accept.
                reason: report.reason.as_ref().map(|reason| reason.replace('\0', "\u{fffd}")).as_deref(),
                newest_reply: self.newest.map(wall_clock).as_deref(),
                counts: [report.requests, report.tickets, report.new, report.changed, report.gone].map(count),
                findings: has_findings.then(|| findings.to_string()).as_deref(),
            },
        )?;
        Ok(match self.error.take() {
            Some(error) => Err(error),
            None => Ok(report),
        })
    }
}

/// Returns the name of an install's time zone, if the zone is known and has a name.
fn zone_name(install: &Install) -> Option<&str> {
    install.time_zone.as_ref().and_then(|zone| zone.iana_name())
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a finding as an object for the column `findings` of the table `runs`.
fn finding_json(finding: &ScanFinding) -> serde_json::Value {
    json!({
        "kind": finding.kind.to_string(),
        "field": finding.field.map(|field| field.name()),
        "count": finding.count,
        "ids": finding.ids,
        "detail": finding.detail,
    })
}
