//! [`Mirror`]: one run reads an install and brings its rows up to date.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use gettickets::{DateTime, GetTickets, Tickets};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::compare::{Change, REPLACED, Verdict, compare};
use super::error::{MirrorError, MirrorErrorKind};
use super::install::Install;
use super::postgres;
use super::report::{Mode, Progress, RunOptions, RunReport};
use super::row::{Row, wall_clock};
use super::sqlite;
use super::store::{Ending, History, Store};

/// The furthest that any wall clock is ahead of UTC. Replies dated later than that are dated ahead of every clock, and do
/// not count as the newest.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// This many of the highest ids have to be gone at once before an install is reported as restored from a backup.
const RESTORED: usize = 10;

/// A database that mirrors the tickets of installs.
///
/// A run is one transaction: after a crash or an error the database is as it was before. Only one run at a time can work on
/// a database; programs can read it meanwhile.
pub struct Mirror {
    store: Box<dyn Store + Send>,
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}

impl Mirror {
    /// Opens a mirror: a SQLite file, or a PostgreSQL database by its URL (`postgresql://…`). A file is created, readable by
    /// its owner alone, if there is none; tables are created in an empty database.
    ///
    /// # Errors
    ///
    /// [`MirrorErrorKind::NotAMirror`](crate::MirrorErrorKind::NotAMirror) for a database of another program and
    /// [`NewerVersion`](crate::MirrorErrorKind::NewerVersion) for one that a newer version of this crate wrote; neither is
    /// changed. [`Locked`](crate::MirrorErrorKind::Locked) or [`Database`](crate::MirrorErrorKind::Database) if it can't be used.
    pub fn open(target: &str) -> Result<Mirror, MirrorError> {
        let store: Box<dyn Store + Send> = if postgres::is_url(target) {
            Box::new(postgres::Database::open(target)?)
        } else {
            Box::new(sqlite::Database::open(Path::new(target))?)
        };
        Ok(Mirror { store })
    }

    /// Reads an install and brings its rows up to date. `progress` is called after each page.
    ///
    /// A scan that ends early is no error of this function: what it read is stored, no ticket is marked as gone, and
    /// [`RunReport::failure`] has the reason.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if the database fails or is locked, or if the install is known under another name. The run is undone.
    pub fn run(
        &mut self,
        install: &Install,
        options: &RunOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<RunReport, MirrorError> {
        let started = Timestamp::now();
        let transaction = Transaction::begin(&mut *self.store)?;
        let store = &mut *transaction.store;
        let (name, endpoint) = (&install.name, install.client.endpoint());
        check_name(&store.installs()?, name, &endpoint)?;
        store.put_install(name, &endpoint, install.time_zone.as_ref().and_then(|zone| zone.iana_name()))?;
        let history = store.history(name)?;
        let since = since(options, started, &history);
        let run = store.begin_run(name, &utc(started), since.map(wall_clock).as_deref())?;
        let ahead = started.checked_add(FURTHEST_AHEAD).unwrap_or(Timestamp::MAX);
        let mut work = Work {
            store,
            install,
            run,
            first_run: history.last_full.is_none(),
            seen: HashSet::new(),
            newest: history.newest_reply,
            ahead: wall_clock(TimeZone::UTC.to_datetime(ahead)),
            replaced: 0,
            nul: 0,
            report: RunReport::new(run, since.is_none()),
        };
        let ignore = install.ignore_departments.then_some(true);
        let request = GetTickets { ignore_dept_assignments: ignore, ..GetTickets::default() };
        let mut scan = install.client.scan(request);
        if let Some(since) = since {
            scan = scan.updated_since(since);
        }
        loop {
            match scan.next_page() {
                Some(Ok(tickets)) => {
                    work.take(&tickets)?;
                    progress(Progress { tickets: work.report.tickets, total: scan.total() });
                }
                Some(Err(error)) => {
                    work.report.failure = Some(error);
                    break;
                }
                None => {
                    work.report.complete = true;
                    break;
                }
            }
        }
        work.report.requests = scan.report().requests;
        if work.report.complete && work.report.full {
            work.mark_gone()?;
        }
        let (report, newest) = work.finish();
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let reason = report.failure.as_ref().map(ToString::to_string);
        transaction.commit(
            run,
            &Ending {
                ended: &utc(Timestamp::now()),
                complete: report.complete,
                reason: reason.as_deref(),
                newest_reply: newest.as_deref(),
                counts: [report.requests, report.tickets, report.new, report.changed, report.gone].map(count),
                findings: None,
            },
        )?;
        Ok(report)
    }
}

/// The transaction of a run. Dropping it undoes the run, also when the program panics.
struct Transaction<'a> {
    store: &'a mut dyn Store,
    finished: bool,
}

impl<'a> Transaction<'a> {
    fn begin(store: &'a mut dyn Store) -> Result<Transaction<'a>, MirrorError> {
        store.begin()?;
        Ok(Transaction { store, finished: false })
    }

    fn commit(mut self, run: i64, ending: &Ending<'_>) -> Result<(), MirrorError> {
        self.store.commit(run, ending)?;
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

/// Refuses a second name for an endpoint, and a second endpoint for a name.
fn check_name(installs: &[(String, String)], name: &str, endpoint: &str) -> Result<(), MirrorError> {
    let other = installs.iter().find(|(known, at)| (known == name) != (at == endpoint));
    let Some((known, at)) = other else { return Ok(()) };
    let message = if known == name {
        format!("the mirror has {at} under the name {name}, not {endpoint}")
    } else {
        format!("the mirror has {endpoint} under the name {known}, not {name}")
    };
    Err(MirrorError::new(MirrorErrorKind::Install, message))
}

/// From which reply on an incremental run reads; `None` for a full run.
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

/// What a run works on.
struct Work<'a> {
    store: &'a mut dyn Store,
    install: &'a Install,
    run: i64,
    /// No complete full run came before.
    first_run: bool,
    seen: HashSet<i64>,
    /// The newest reply, on the install's clock.
    newest: Option<String>,
    /// Replies dated later than this do not count as the newest.
    ahead: String,
    replaced: u64,
    /// Tickets with NUL characters in their texts.
    nul: u64,
    report: RunReport,
}

impl Work<'_> {
    fn take(&mut self, tickets: &Tickets) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        let mut rows = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            if let Some(reply) = ticket.lastreply().map(wall_clock)
                && reply <= self.ahead
                && self.newest.as_ref().is_none_or(|newest| reply > *newest)
            {
                self.newest = Some(reply);
            }
            rows.push(Row::new(ticket, self.install.time_zone.as_ref(), self.install.access_keys)?);
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let known = self.store.known(name, &ids)?;
        let mut changes = Vec::new();
        rows.retain(|row| match compare(known.get(&row.id), row, self.first_run) {
            Verdict::Same => false,
            Verdict::New(found) => {
                self.report.new += 1;
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
        self.store.put(name, &rows, &now)?;
        self.store.record(self.run, name, &changes, &now)
    }

    /// Marks the tickets that a complete full scan did not have.
    fn mark_gone(&mut self) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        let gone = self.store.living(name, &|id| !self.seen.contains(&id))?;
        let ids: Vec<i64> = gone.iter().map(|(id, _)| *id).collect();
        let change = |(id, status)| Change { id, what: "gone", old: status, new: None };
        let changes: Vec<Change> = gone.into_iter().map(change).collect();
        self.store.set_gone(name, &ids, &now)?;
        self.store.record(self.run, name, &changes, &now)?;
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

    fn finish(mut self) -> (RunReport, Option<String>) {
        if self.replaced > 0 {
            self.report.warnings.push(format!(
                "{} ids now belong to other tickets, with another number and opening date; the install may have been \
                 restored from a backup",
                self.replaced
            ));
        }
        if self.nul > 0 {
            self.report.warnings.push(format!(
                "{} tickets have NUL characters in their texts, which databases do not store; each is now U+FFFD",
                self.nul
            ));
        }
        (self.report, self.newest)
    }
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
