//! [`Mirror`]: one run reads an install and brings its rows up to date.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use gettickets::{DateTime, GetTickets, Tickets};
use jiff::{SignedDuration, Timestamp};

use super::compare::{Change, REPLACED, Verdict, compare};
use super::error::MirrorError;
use super::install::Install;
use super::report::{Mode, Progress, RunOptions, RunReport};
use super::row::{Row, wall_clock};
use super::sqlite::{Database, Ending, Transaction};

/// The furthest that any wall clock is ahead of UTC. Replies dated later than that are dated ahead of every clock, and do
/// not count as the newest.
const FURTHEST_AHEAD: SignedDuration = SignedDuration::from_hours(14);

/// This many of the highest ids have to be gone at once before an install is reported as restored from a backup.
const RESTORED: usize = 10;

/// A database that mirrors the tickets of installs.
///
/// A run is one transaction: after a crash or an error the database is as it was before. Only one run at a time can work on
/// a database; programs can read it meanwhile.
#[derive(Debug)]
pub struct Mirror {
    database: Database,
}

impl Mirror {
    /// Opens a SQLite file, and creates it, readable by its owner alone, if there is none.
    ///
    /// # Errors
    ///
    /// [`MirrorErrorKind::NotAMirror`](crate::MirrorErrorKind::NotAMirror) for a file of another program and
    /// [`NewerVersion`](crate::MirrorErrorKind::NewerVersion) for one that a newer version of this crate wrote; neither is
    /// changed. [`Locked`](crate::MirrorErrorKind::Locked) or [`Database`](crate::MirrorErrorKind::Database) if it can't be used.
    pub fn open(path: &Path) -> Result<Mirror, MirrorError> {
        Ok(Mirror { database: Database::open(path)? })
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
        let transaction = self.database.begin()?;
        let zone = install.time_zone.as_ref().and_then(|zone| zone.iana_name());
        transaction.install(&install.name, &install.client.endpoint(), zone)?;
        let (last_full, newest_reply) = transaction.history(&install.name)?;
        let since = since(options, started, last_full.as_deref(), newest_reply.as_deref());
        let run = transaction.begin_run(&install.name, &utc(started), since.map(wall_clock).as_deref())?;
        let mut work = Work {
            transaction: &transaction,
            install,
            run,
            first_run: last_full.is_none(),
            seen: HashSet::new(),
            newest: newest_reply,
            ahead: wall_clock(
                jiff::tz::TimeZone::UTC
                    .to_datetime(started.checked_add(FURTHEST_AHEAD).unwrap_or(Timestamp::MAX)),
            ),
            replaced: 0,
            report: RunReport {
                run,
                full: since.is_none(),
                complete: false,
                failure: None,
                tickets: 0,
                new: 0,
                changed: 0,
                gone: 0,
                requests: 0,
                warnings: Vec::new(),
            },
        };
        let request = GetTickets {
            ignore_dept_assignments: install.ignore_departments.then_some(true),
            ..GetTickets::default()
        };
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
        let ending = Ending {
            ended: &utc(Timestamp::now()),
            complete: report.complete,
            reason: report.failure.as_ref().map(ToString::to_string),
            newest_reply: newest.as_deref(),
            requests: report.requests,
            tickets: report.tickets,
            new: report.new,
            changed: report.changed,
            gone: report.gone,
            findings: None,
        };
        transaction.commit(run, &ending)?;
        Ok(report)
    }
}

/// From which reply on an incremental run reads; `None` for a full run.
fn since(
    options: &RunOptions,
    now: Timestamp,
    last_full: Option<&str>,
    newest_reply: Option<&str>,
) -> Option<DateTime> {
    let last_full: Timestamp = last_full?.parse().ok()?;
    let newest: DateTime = newest_reply?.parse().ok()?;
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
    transaction: &'a Transaction<'a>,
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
    report: RunReport,
}

impl Work<'_> {
    fn take(&mut self, tickets: &Tickets) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        for ticket in tickets {
            let row = Row::new(ticket, self.install.time_zone.as_ref(), self.install.access_keys)?;
            self.seen.insert(row.id);
            self.report.tickets += 1;
            if let Some(reply) = ticket.lastreply().map(wall_clock)
                && reply <= self.ahead
                && self.newest.as_ref().is_none_or(|newest| reply > *newest)
            {
                self.newest = Some(reply);
            }
            let known = self.transaction.known(name, row.id)?;
            let changes = match compare(known.as_ref(), &row, self.first_run) {
                Verdict::Same => continue,
                Verdict::New(changes) => {
                    self.report.new += 1;
                    changes
                }
                Verdict::Changed(changes) => {
                    self.report.changed += 1;
                    changes
                }
            };
            self.transaction.put(name, &row, &now)?;
            for change in &changes {
                self.replaced += u64::from(change.what == REPLACED);
                self.transaction.record(self.run, name, change, &now)?;
            }
        }
        Ok(())
    }

    /// Marks the tickets that a complete full scan did not have.
    fn mark_gone(&mut self) -> Result<(), MirrorError> {
        let now = utc(Timestamp::now());
        let name = &self.install.name;
        let gone = self.transaction.living(name, |id| !self.seen.contains(&id))?;
        for (id, status) in &gone {
            self.transaction.set_gone(name, *id, &now)?;
            let change = Change { id: *id, what: "gone", old: status.clone(), new: None };
            self.transaction.record(self.run, name, &change, &now)?;
        }
        self.report.gone = gone.len() as u64;
        let highest = self.seen.iter().max().copied().unwrap_or(0);
        let above = gone.iter().filter(|(id, _)| *id > highest).count();
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
        (self.report, self.newest)
    }
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
