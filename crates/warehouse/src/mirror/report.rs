//! The options and the report of a run.

use std::time::Duration;

use gettickets::scan::ScanFinding;
use gettickets::{Cancellation, Error};

/// The extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Full if there was no complete full run within this time, otherwise incremental.
    Auto {
        /// The longest time between two full runs.
        full_every: Duration,
    },
    /// Reads every ticket. Only a full run finds changes without a reply, and tickets that are gone.
    Full,
    /// Reads the tickets with a reply since the last complete run.
    Incremental,
}

/// Settings of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// How the install is read. Default: full once in 24 hours. The first run of an install is always full, and so is
    /// the first run after a change of its time zone.
    pub mode: Mode,
    /// How far an incremental run reads back before the newest reply of the last complete run, which covers a server
    /// clock that was set back. Default: 3 hours.
    pub overlap: Duration,
    /// Cancels the run from another thread: it ends with
    /// [`MirrorErrorKind::Cancelled`](crate::MirrorErrorKind::Cancelled), and the installs that were not stored yet
    /// stay as they were. Default: a flag that is never set.
    pub cancellation: Cancellation,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions {
            mode: Mode::Auto { full_every: Duration::from_secs(24 * 3600) },
            overlap: Duration::from_secs(3 * 3600),
            cancellation: Cancellation::new(),
        }
    }
}

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunReport {
    /// The name of the install.
    pub install: String,
    /// The number of the run in the table `runs`.
    pub run: i64,
    /// Whether the run read every ticket, rather than only those with a recent reply.
    pub full: bool,
    /// Whether the scan was proved complete. If not, [`reason`](RunReport::reason) says why; the tickets that were read
    /// are stored, and no ticket is marked as gone.
    pub complete: bool,
    /// Why the run is not complete, in words.
    pub reason: Option<String>,
    /// The error that ended the scan early.
    pub failure: Option<Error>,
    /// Tickets that the server cannot send in any format.
    pub unreadable: u64,
    /// Tickets that were read.
    pub tickets: u64,
    /// Tickets that are new in the mirror.
    pub new: u64,
    /// Tickets that have changed.
    pub changed: u64,
    /// Tickets that the install no longer has: deleted, or merged into others.
    pub gone: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// The number of deviations from the documented format in the replies. The table `runs` lists them.
    pub findings: u64,
    /// The deviations by kind and field.
    pub deviations: Vec<ScanFinding>,
    /// Circumstances that need attention, such as an install restored from a backup.
    pub warnings: Vec<String>,
}

impl RunReport {
    pub(crate) fn new(install: &str, run: i64, full: bool) -> RunReport {
        RunReport {
            install: install.to_owned(),
            run,
            full,
            complete: false,
            reason: None,
            failure: None,
            unreadable: 0,
            tickets: 0,
            new: 0,
            changed: 0,
            gone: 0,
            requests: 0,
            findings: 0,
            deviations: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// The progress of a run for an install.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The name of the install.
    pub install: &'a str,
    /// Tickets read so far.
    pub tickets: u64,
    /// The number of tickets that the server counts, if it sends one.
    pub total: Option<u64>,
}
