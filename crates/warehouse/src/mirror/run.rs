//! [`Mirror`]: reads installs and updates their rows in a database.

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use gettickets::{Cancellation, Error, Page};
use jiff::Timestamp;

use super::error::{MirrorError, MirrorErrorKind};
use super::postgres;
use super::reading::{Event, Reading};
use super::report::{Progress, RunOptions, RunReport};
use super::sqlite;
use super::store::{KnownInstall, Store};
use super::work::Work;
use crate::fleet::Fleet;
use crate::fleet::scan::FleetScan;
use crate::install::Install;
use crate::threads::side_by_side;

/// How often a run that waits for a server checks whether it was canceled.
const CANCELLATION_INTERVAL: Duration = Duration::from_millis(50);

/// A database that mirrors the tickets of installs.
///
/// A run stores each install in one transaction: after a crash or an error, each install is either as it was before the
/// run or up to date. Only one run at a time can write to a database; other programs can read it meanwhile,
/// except during the first run into a file.
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

    /// Reads all installs of a fleet concurrently, and returns the results in the order of the fleet. Each install is
    /// stored in its own transaction as soon as it has been read, so an install that fails or is slow does not stop or
    /// delay the others.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if the database fails or is locked, or if the run is canceled. Installs that were already stored
    /// are kept, and the message contains their number; the others are rolled back. An error that concerns a single
    /// install, as in [`run`](Mirror::run), is in the result of that install.
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
        run_all(&mut **store, installs, options, progress).map_err(|error| error.at(&*place))
    }
}

/// The run of one install.
enum Run<'a> {
    /// The tickets are being read.
    Reading(Box<Work<'a>>),
    /// The transaction was committed, or the install was refused.
    Done(Result<RunReport, MirrorError>),
}

fn run_all(
    store: &mut dyn Store,
    installs: &[Install],
    options: &RunOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Result<RunReport, MirrorError>>, MirrorError> {
    let mut session = Session::begin(store)?;
    let started = Timestamp::now();
    let known = session.store.installs()?;
    let mut runs = Vec::with_capacity(installs.len());
    for install in installs {
        runs.push(match check_name(&known, install) {
            Ok(()) => Run::Reading(Box::new(Work::new(session.store, install, options, started, &known)?)),
            Err(error) => Run::Done(Err(error)),
        });
    }
    let outcome = read_fronts(&mut session, &mut runs, &options.cancellation)
        .and_then(|()| read_lists(&mut session, &mut runs, &options.cancellation, progress));
    let stored = session.stored;
    drop(session);
    match outcome {
        Ok(()) => Ok(runs.into_iter().map(Run::result).collect()),
        Err(error) if stored > 0 => Err(error.after(stored)),
        Err(error) => Err(error),
    }
}

impl Run<'_> {
    fn result(self) -> Result<RunReport, MirrorError> {
        match self {
            Run::Done(result) => result,
            Run::Reading(_) => Err(MirrorError::new(MirrorErrorKind::Install, "the install was not read")),
        }
    }

    /// Stores the end of the run and commits the transaction of the install.
    fn end(&mut self, session: &mut Session<'_>, cancellation: &Cancellation) -> Result<(), MirrorError> {
        let Run::Reading(work) = self else { return Ok(()) };
        if !session.is_open {
            session.open()?;
            work.open(session.store)?;
        }
        let result = work.finish(session.store)?;
        refuse_cancelled(cancellation)?;
        session.commit()?;
        *self = Run::Done(result);
        Ok(())
    }
}

/// Reads the lists of all installs concurrently. The transaction of an install is committed when its list has been
/// read.
///
/// A single install writes into a transaction that is open from the beginning. With several installs, each keeps its
/// rows until its list has been read, because the connection can have only one open transaction.
fn read_lists(
    session: &mut Session<'_>,
    runs: &mut [Run<'_>],
    cancellation: &Cancellation,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), MirrorError> {
    // The index of a scan differs from that of its install if some installs were refused or are already stored.
    let mut places: Vec<usize> = Vec::new();
    let mut scans = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        if let Run::Reading(work) = run {
            places.push(index);
            scans.push((work.install.name.clone(), work.scan()));
        }
    }
    let is_alone = scans.len() == 1;
    for run in runs.iter_mut() {
        let Run::Reading(work) = run else { continue };
        if is_alone {
            session.open()?;
            work.open(session.store)?;
        } else {
            work.stage();
        }
    }
    let conversions = places.iter().filter_map(|index| match runs.get(*index) {
        Some(Run::Reading(work)) => Some(work.conversion()),
        _ => None,
    });
    let conversions = conversions.collect();
    let scan = FleetScan::start(scans);
    let cancellations = scan.cancellations().to_vec();
    thread::scope(|scope| {
        let mut reading = Reading::start(scope, scan, conversions, CANCELLATION_INTERVAL);
        loop {
            let event = reading.next();
            refuse_cancelled(cancellation)?;
            match event {
                Event::Pending => {}
                Event::Finished => return Ok(()),
                Event::Page { index, rows, total } => {
                    let run = places.get(index).and_then(|index| runs.get_mut(*index));
                    let Some(Run::Reading(work)) = run else { continue };
                    if !work.take(session.store, rows)? {
                        cancellations.get(index).inspect(|cancellation| cancellation.cancel());
                    }
                    reading.give_back(work.take_spare());
                    progress(Progress { install: &work.install.name, tickets: work.tickets(), total });
                }
                Event::Ended { index, report } => {
                    let run = places.get(index).and_then(|index| runs.get_mut(*index));
                    let Some(run) = run else { continue };
                    if let Run::Reading(work) = run {
                        work.ended(&report.scan, report.error.clone(), report.is_complete());
                    }
                    run.end(session, cancellation)?;
                }
            }
        }
    })
}

fn refuse_cancelled(cancellation: &Cancellation) -> Result<(), MirrorError> {
    match cancellation.is_cancelled() {
        true => Err(MirrorError::new(MirrorErrorKind::Cancelled, "the run was canceled")),
        false => Ok(()),
    }
}

/// Reads the first page of each install whose list is known to be in the order of the last reply. If few tickets have
/// changed, that page contains every change since the last run, and nothing else has to be read.
fn read_fronts(
    session: &mut Session<'_>,
    runs: &mut [Run<'_>],
    cancellation: &Cancellation,
) -> Result<(), MirrorError> {
    let may_be_quiet = |run: &&mut Run<'_>| matches!(run, Run::Reading(work) if work.may_read_front());
    let mut quiet: Vec<&mut Run<'_>> = runs.iter_mut().filter(may_be_quiet).collect();
    let installs: Vec<&Install> = quiet
        .iter()
        .filter_map(|run| match run {
            Run::Reading(work) => Some(work.install),
            Run::Done(_) => None,
        })
        .collect();
    let pages = side_by_side(&installs, |install| front(install, cancellation));
    refuse_cancelled(cancellation)?;
    for (run, page) in quiet.iter_mut().zip(pages) {
        // If the request failed, the scan will fail in the same way and report it.
        let (Run::Reading(work), Some(Ok(page))) = (&mut **run, page) else { continue };
        if !work.has_everything(session.store, &page)? {
            continue;
        }
        session.open()?;
        work.open(session.store)?;
        work.take_front(session.store, &page)?;
        run.end(session, cancellation)?;
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

/// The lock of a run, and its transaction if one is open. When the session is dropped, even during a panic, an open
/// transaction is rolled back and the lock is released.
struct Session<'a> {
    store: &'a mut dyn Store,
    is_open: bool,
    /// The number of committed transactions.
    stored: usize,
}

impl<'a> Session<'a> {
    fn begin(store: &'a mut dyn Store) -> Result<Session<'a>, MirrorError> {
        store.lock()?;
        Ok(Session { store, is_open: false, stored: 0 })
    }

    /// Begins a transaction.
    fn open(&mut self) -> Result<(), MirrorError> {
        self.store.begin()?;
        self.is_open = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), MirrorError> {
        self.store.commit()?;
        self.is_open = false;
        self.stored += 1;
        Ok(())
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.store.rollback();
        }
        self.store.unlock();
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
