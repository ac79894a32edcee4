//! [`Mirror`]: a run reads installs and updates their rows.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use gettickets::scan::ScanFinding;
use gettickets::{Cancellation, DateTime, Error, Page, ScanReport, Tickets};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::compare::{Change, REPLACED, Verdict, compare};
use super::error::{MirrorError, MirrorErrorKind};
use super::postgres;
use super::report::{Mode, Progress, RunOptions, RunReport};
use super::sqlite;
use super::store::{Ending, History, KnownInstall, Store};
use crate::fleet::Fleet;
use crate::fleet::scan::FleetScan;
use crate::install::Install;
use crate::row::{Row, wall_clock};
use crate::threads::side_by_side;

/// The maximum by which local time is ahead of UTC. Replies with later dates are ahead of every clock, and do not count
/// as the newest.
const MAX_AHEAD_OF_UTC: SignedDuration = SignedDuration::from_hours(14);

/// If this many of the highest ids are gone at once, the install is reported as restored from a backup.
const RESTORED: usize = 10;

/// This many rows at the end of the first page must be older than the rows that a run looks for.
const OLD_ROWS: usize = 4;

/// How often a run that waits for a server checks whether it was canceled.
const CANCELLATION_INTERVAL: Duration = Duration::from_millis(50);

/// A database that mirrors the tickets of installs.
///
/// A run is one transaction: after a crash or an error the database is as it was before. Only one run at a time can
/// write to a database; other programs can read it meanwhile.
pub struct Mirror {
    store: Box<dyn Store + Send>,
    /// A description of the database, without a password.
    place: String,
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Mirror {
    /// Opens a mirror: a SQLite file, or a PostgreSQL database by its URL (`postgresql://…`). A file that does not
    /// exist is created, readable only by its owner; tables are created in an empty database.
    ///
    /// A password that the URL does not contain is read from the environment variable `PGPASSWORD`, as by PostgreSQL's
    /// programs.
    ///
    /// # Errors
    ///
    /// [`MirrorErrorKind::NotAMirror`] for a database of another program and
    /// [`NewerVersion`](MirrorErrorKind::NewerVersion) for a database of a newer version of this crate; neither is
    /// changed. Other kinds say why the database cannot be used.
    pub fn open(target: &str) -> Result<Mirror, MirrorError> {
        if postgres::is_url(target) {
            let (place, store) = postgres::Database::open(target)?;
            return Ok(Mirror { store: Box::new(store), place });
        }
        if let Some((scheme, _)) = target.split_once("://") {
            let message = format!("{scheme}:// is not the address of a database that a mirror can use");
            return Err(MirrorError::new(MirrorErrorKind::Target, message));
        }
        if target.is_empty() {
            return Err(MirrorError::new(MirrorErrorKind::Target, "the name of the database is empty"));
        }
        let store = sqlite::Database::open(Path::new(target)).map_err(|error| error.at(target))?;
        Ok(Mirror { store: Box::new(store), place: target.to_owned() })
    }

    /// Returns the path of a file, or the name and host of a database, without a password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Reads an install and updates its rows. `progress` is called after each page.
    ///
    /// A scan that ends early is not an error of this function: the tickets that were read are stored, no ticket is
    /// marked as gone, and [`RunReport::reason`] says why.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if the database fails or is locked, if the install is known under another name, or if a value
    /// does not fit into the database. If the database failed, the run is rolled back.
    pub fn run(
        &mut self,
        install: &Install,
        options: &RunOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<RunReport, MirrorError> {
        self.run_installs(std::slice::from_ref(install), options, progress)?
            .pop()
            .unwrap_or_else(|| Err(MirrorError::new(MirrorErrorKind::Install, "there is no install to read")))
    }

    /// Reads all installs of a fleet concurrently, in one transaction, and returns the results in the order of the
    /// fleet. An install that fails does not stop the others.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if the database fails or is locked; the whole run is rolled back. Each result holds the errors
    /// that concern one install, as in [`run`](Mirror::run).
    pub fn run_all(
        &mut self,
        fleet: &Fleet,
        options: &RunOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Result<RunReport, MirrorError>>, MirrorError> {
        self.run_installs(fleet.installs(), options, progress)
    }

    fn run_installs(
        &mut self,
        installs: &[Install],
        options: &RunOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Result<RunReport, MirrorError>>, MirrorError> {
        let Mirror { store, place } = self;
        transact(&mut **store, installs, options, progress).map_err(|error| error.at(&*place))
    }
}

fn transact(
    store: &mut dyn Store,
    installs: &[Install],
    options: &RunOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Result<RunReport, MirrorError>>, MirrorError> {
    let started = Timestamp::now();
    let transaction = Transaction::begin(store)?;
    let store = &mut *transaction.store;
    let mut known = store.installs()?;
    let mut runs = Vec::with_capacity(installs.len());
    for install in installs {
        runs.push(match check_name(&known, install) {
            Ok(()) => Ok(Work::begin(store, install, options, started, &mut known)?),
            Err(error) => Err(error),
        });
    }
    read_fronts(store, &mut runs, &options.cancellation)?;
    // The index of a scan differs from that of its install if some installs were refused.
    let mut readable: Vec<usize> = Vec::new();
    let mut scans = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        if let Ok(work) = run
            && !work.done
        {
            readable.push(index);
            let scan = work.install.scan();
            let scan = match work.since {
                Some(since) => scan.updated_since(since),
                None => scan,
            };
            scans.push((work.install.name.clone(), scan));
        }
    }
    let mut scan = FleetScan::start(scans);
    let cancellations = scan.cancellations().to_vec();
    loop {
        while !scan.wait_for(CANCELLATION_INTERVAL) {
            refuse_cancelled(&options.cancellation)?;
        }
        refuse_cancelled(&options.cancellation)?;
        let Some(page) = scan.next() else { break };
        // The errors are in the reports.
        let Ok(page) = page else { continue };
        let Some(Ok(work)) = readable.get(page.index).and_then(|index| runs.get_mut(*index)) else {
            continue;
        };
        if work.error.is_some() {
            continue;
        }
        if let Err(error) = work.take(store, &page.tickets) {
            if error.kind() != MirrorErrorKind::Value {
                return Err(error);
            }
            work.error = Some(error);
            cancellations.get(page.index).inspect(|cancellation| cancellation.cancel());
        }
        progress(Progress { install: &work.install.name, tickets: work.report.tickets, total: page.total });
    }
    for (index, report) in readable.iter().zip(scan.reports()) {
        let Some(Ok(work)) = runs.get_mut(*index) else { continue };
        work.ended(&report.scan, report.error.clone(), report.is_complete());
        if work.report.complete && work.report.full {
            work.mark_gone(store)?;
        }
    }
    drop(scan);
    let mut results = Vec::with_capacity(runs.len());
    for run in runs {
        results.push(match run {
            Ok(work) => work.finish(store)?,
            Err(error) => Err(error),
        });
    }
    refuse_cancelled(&options.cancellation)?;
    transaction.commit()?;
    Ok(results)
}

fn refuse_cancelled(cancellation: &Cancellation) -> Result<(), MirrorError> {
    match cancellation.is_cancelled() {
        true => Err(MirrorError::new(MirrorErrorKind::Cancelled, "the run was canceled")),
        false => Ok(()),
    }
}

/// Reads the first page of each install whose list is known to be in the order of the last reply. In a quiet install
/// that page contains every change since the last run, and nothing else has to be read.
fn read_fronts(
    store: &mut dyn Store,
    runs: &mut [Result<Work<'_>, MirrorError>],
    cancellation: &Cancellation,
) -> Result<(), MirrorError> {
    let quiet: Vec<&mut Work<'_>> =
        runs.iter_mut().filter_map(|run| run.as_mut().ok().filter(|work| work.may_read_front())).collect();
    let installs: Vec<&Install> = quiet.iter().map(|work| work.install).collect();
    let pages = side_by_side(&installs, |install| front(install, cancellation));
    for (work, page) in quiet.into_iter().zip(pages) {
        // The scan will fail in the same way and report it.
        if let Some(Ok(page)) = page
            && work.has_everything(store, &page)?
        {
            work.take_front(store, &page)?;
        }
    }
    Ok(())
}

/// Requests the first page of an install; `None` if the run is canceled meanwhile.
fn front(install: &Install, cancellation: &Cancellation) -> Option<Result<Page, Error>> {
    let pending = install.client.start(install.front());
    while !cancellation.is_cancelled() {
        if let Some(outcome) = pending.wait_for(CANCELLATION_INTERVAL) {
            return Some(outcome);
        }
    }
    None
}

/// The transaction of a run. Dropping it rolls the run back, also during a panic.
struct Transaction<'a> {
    store: &'a mut dyn Store,
    finished: bool,
}

impl<'a> Transaction<'a> {
    fn begin(store: &'a mut dyn Store) -> Result<Transaction<'a>, MirrorError> {
        store.begin()?;
        Ok(Transaction { store, finished: false })
    }

    fn commit(mut self) -> Result<(), MirrorError> {
        self.store.commit()?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.store.rollback();
        }
    }
}

/// Fails if the endpoint is known under another name, or the name for another endpoint.
fn check_name(known: &[KnownInstall], install: &Install) -> Result<(), MirrorError> {
    let (name, endpoint) = (&install.name, install.client.endpoint());
    let other = known.iter().find(|known| (known.name == *name) != (known.endpoint == endpoint));
    let Some(other) = other else { return Ok(()) };
    let message = if other.name == *name {
        format!("the mirror has {} under the name {name}, not {endpoint}", other.endpoint)
    } else {
        format!("the mirror has {endpoint} under the name {}, not {name}", other.name)
    };
    Err(MirrorError::new(MirrorErrorKind::Install, message))
}

/// The time from which an incremental run reads; `None` for a full run.
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

/// The run of one install.
struct Work<'a> {
    install: &'a Install,
    since: Option<DateTime>,
    /// Whether no complete full run came before.
    first_run: bool,
    /// Whether the stored rows were computed with another time zone, so that all are rewritten.
    rezoned: bool,
    seen: HashSet<i64>,
    /// The highest id in the mirror before this run.
    highest_before: i64,
    /// The number of new tickets with lower ids than that.
    below_highest: u64,
    /// Whether the last complete full run found the list in the order of the last reply.
    was_ordered: bool,
    /// Whether this run, if it is full, has found the list in that order so far.
    ordered: bool,
    /// The last reply of the previous ticket in the list.
    previous: Option<DateTime>,
    /// Whether everything has been read.
    done: bool,
    /// The newest reply, in local time of the install.
    newest: Option<String>,
    /// Replies dated later than this do not count as the newest.
    ahead: String,
    replaced: u64,
    /// The number of tickets with NUL characters in their texts.
    nul: u64,
    report: RunReport,
    /// Deviations in the server's replies, for the table of runs.
    /// A value that does not fit into the database.
    error: Option<MirrorError>,
}

impl<'a> Work<'a> {
    /// Inserts the install and its run.
    fn begin(
        store: &mut dyn Store,
        install: &'a Install,
        options: &RunOptions,
        started: Timestamp,
        known: &mut Vec<KnownInstall>,
    ) -> Result<Work<'a>, MirrorError> {
        let (name, endpoint) = (&install.name, install.client.endpoint());
        let zone = install.time_zone.as_ref().and_then(|zone| zone.iana_name());
        let before = known.iter().find(|known| known.name == *name);
        let rezoned = before.is_some_and(|before| before.zone.as_deref() != zone);
        store.put_install(name, &endpoint, zone)?;
        known.push(KnownInstall { name: name.clone(), endpoint, zone: zone.map(str::to_owned) });
        let history = store.history(name)?;
        let since = if rezoned { None } else { since(options, started, &history) };
        let run = store.begin_run(name, &utc(started), since.map(wall_clock).as_deref())?;
        let ahead = started.checked_add(MAX_AHEAD_OF_UTC).unwrap_or(Timestamp::MAX);
        Ok(Work {
            install,
            since,
            first_run: history.last_full.is_none(),
            rezoned,
            seen: HashSet::new(),
            highest_before: history.highest_id.unwrap_or(i64::MIN),
            below_highest: 0,
            was_ordered: history.ordered,
            ordered: true,
            previous: Some(DateTime::MAX),
            done: false,
            newest: history.newest_reply,
            ahead: wall_clock(TimeZone::UTC.to_datetime(ahead)),
            replaced: 0,
            nul: 0,
            report: RunReport::new(name, run, since.is_none()),
            error: None,
        })
    }

    fn take(&mut self, store: &mut dyn Store, tickets: &Tickets) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        let mut rows = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            // A ticket without a reply is at the end of that order.
            self.ordered &= ticket.lastreply() <= self.previous;
            self.previous = ticket.lastreply();
            if let Some(reply) = ticket.lastreply().map(wall_clock)
                && reply <= self.ahead
                && self.newest.as_ref().is_none_or(|newest| reply > *newest)
            {
                self.newest = Some(reply);
            }
            rows.push(Row::new(ticket, self.install.time_zone.as_ref(), self.install.access_keys)?);
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let known = store.known(name, &ids)?;
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
        self.report.tickets += ids.len() as u64;
        self.seen.extend(ids);
        store.put(name, &rows, &now)?;
        store.record(self.report.run, name, &changes, &now)
    }

    /// Whether reading only the first page of the list may be sufficient.
    fn may_read_front(&self) -> bool {
        self.since.is_some() && self.was_ordered
    }

    /// Whether the first page of the list contains every change since the last run: it is in the order of the last
    /// reply, its last rows are older than the last run, and every counted ticket is on it or in the mirror.
    fn has_everything(&self, store: &mut dyn Store, page: &Page) -> Result<bool, MirrorError> {
        let (Some(since), Some(total)) = (self.since, page.totalresults()) else { return Ok(false) };
        let tickets = page.tickets();
        let replies: Vec<Option<DateTime>> = tickets.iter().map(|ticket| ticket.lastreply()).collect();
        let is_ordered = replies.windows(2).all(|pair| pair.first() >= pair.last());
        let is_old = |reply: &&Option<DateTime>| reply.is_some_and(|reply| reply < since);
        let old = replies.iter().rev().take_while(is_old).count();
        if !is_ordered || old < OLD_ROWS || page.startnumber().unwrap_or(0) != 0 {
            return Ok(false);
        }
        let Ok(ids) = tickets.iter().map(|ticket| i64::try_from(ticket.id())).collect::<Result<Vec<_>, _>>()
        else {
            return Ok(false);
        };
        let known = store.known(&self.install.name, &ids)?;
        let is_new = |id: &&i64| known.get(id).is_none_or(|known| known.gone.is_some());
        let new = ids.iter().filter(is_new).count() as u64;
        Ok(total <= store.count_living(&self.install.name)?.saturating_add(new))
    }

    /// Stores the tickets of a sufficient first page.
    fn take_front(&mut self, store: &mut dyn Store, page: &Page) -> Result<(), MirrorError> {
        let since = self.since.unwrap_or(DateTime::MIN);
        let recent =
            page.iter().take_while(|ticket| ticket.lastreply().is_some_and(|reply| reply >= since)).count();
        self.take(store, &page.tickets().slice(..recent))?;
        self.report.requests = 1;
        self.report.complete = true;
        self.done = true;
        for finding in page.findings() {
            self.report.deviations.push(finding.into());
            self.report.findings += finding.count as u64;
        }
        Ok(())
    }

    /// Records how the scan ended.
    fn ended(&mut self, scan: &ScanReport, failure: Option<Error>, complete: bool) {
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
        let gone = store.living(name, &|id| !self.seen.contains(&id))?;
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

    /// Stores the end of the run.
    fn finish(mut self, store: &mut dyn Store) -> Result<Result<RunReport, MirrorError>, MirrorError> {
        if self.replaced > 0 {
            self.report.warnings.push(format!(
                "{} ids now belong to other tickets, with another number and opening date; the install may have been \
                 restored from a backup",
                self.replaced
            ));
        }
        if self.below_highest > 0 && !self.first_run {
            self.report.warnings.push(format!(
                "{} new tickets have lower ids than {}, which the mirror had before; the install may have been restored from \
                 a backup, or the API user may read more departments than before",
                self.below_highest, self.highest_before
            ));
        }
        if self.nul > 0 {
            self.report.warnings.push(format!(
                "{} tickets have NUL characters in their texts, which databases do not store; each is now U+FFFD",
                self.nul
            ));
        }
        let report = self.report;
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
                // Text from the server may contain NUL.
                reason: report.reason.as_ref().map(|reason| reason.replace('\0', "\u{fffd}")).as_deref(),
                newest_reply: self.newest.as_deref(),
                counts: [report.requests, report.tickets, report.new, report.changed, report.gone].map(count),
                findings: has_findings.then(|| findings.to_string()).as_deref(),
            },
        )?;
        Ok(match self.error {
            Some(error) => Err(error),
            None => Ok(report),
        })
    }
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A finding as an object of the table `runs`.
fn finding_json(finding: &ScanFinding) -> serde_json::Value {
    json!({
        "kind": finding.kind.to_string(),
        "field": finding.field.map(|field| field.name()),
        "count": finding.count,
        "ids": finding.ids,
        "detail": finding.detail,
    })
}
