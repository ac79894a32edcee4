//! [`Store`]: the database operations of a run.

use std::collections::HashMap;
use std::path::Path;

use super::compare::{Change, Known};
use super::error::MirrorError;
use crate::row::Row;

/// A database with the mirror's tables. A run holds the lock from `lock` to `unlock`. Everything that it writes for one
/// install is one transaction, from `begin` to `commit` or `rollback`. Times are texts: `YYYY-MM-DDTHH:MM:SSZ` in UTC,
/// and `YYYY-MM-DD HH:MM:SS` in the install's local time.
pub(crate) trait Store {
    /// Takes the lock that only one run can hold, and checks that the database can be written.
    fn lock(&mut self) -> Result<(), MirrorError>;

    /// Releases the lock.
    fn unlock(&mut self);

    /// Returns the directory of the database if the database is a file.
    fn directory(&self) -> Option<&Path>;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), MirrorError>;

    /// Rolls the transaction back.
    fn rollback(&mut self);

    /// Returns the known installs.
    fn installs(&mut self) -> Result<Vec<KnownInstall>, MirrorError>;

    /// Inserts an install, or updates its time zone.
    fn put_install(&mut self, name: &str, endpoint: &str, zone: Option<&str>) -> Result<(), MirrorError>;

    /// Returns the results of an install's complete runs.
    fn history(&mut self, install: &str) -> Result<History, MirrorError>;

    /// Inserts a run and returns its number.
    fn begin_run(&mut self, install: &str, started: &str, since: Option<&str>) -> Result<i64, MirrorError>;

    /// Returns the stored state of these tickets, given by their ids and fingerprints. Of a ticket that is not gone and
    /// has the same fingerprint, only that is returned.
    fn known(&mut self, install: &str, tickets: &[(i64, i64)]) -> Result<HashMap<i64, Known>, MirrorError>;

    /// Inserts tickets that have no row, each once; `now` is the time at which they were first seen.
    fn insert(&mut self, install: &str, rows: &[Row], now: &str) -> Result<(), MirrorError> {
        self.put(install, rows, now)
    }

    /// Inserts tickets or replaces their rows; `now` is the time at which they were first seen or changed.
    fn put(&mut self, install: &str, rows: &[Row], now: &str) -> Result<(), MirrorError>;

    /// Inserts changes.
    fn record(&mut self, run: i64, install: &str, changes: &[Change], now: &str) -> Result<(), MirrorError>;

    /// Returns the ids and statuses of the tickets that are not gone and for which `keep` is true.
    fn present(
        &mut self,
        install: &str,
        keep: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<(i64, Option<String>)>, MirrorError>;

    /// Returns the number of tickets that are not gone.
    fn count_present(&mut self, install: &str) -> Result<u64, MirrorError>;

    /// Marks tickets as gone.
    fn set_gone(&mut self, install: &str, ids: &[i64], now: &str) -> Result<(), MirrorError>;

    /// Stores the end of a run.
    fn end_run(&mut self, run: i64, ending: &Ending<'_>) -> Result<(), MirrorError>;

    /// Makes everything since `begin` durable.
    fn commit(&mut self) -> Result<(), MirrorError>;
}

/// A row of the table `installs`.
#[derive(Clone, Debug)]
pub(crate) struct KnownInstall {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) zone: Option<String>,
}

/// The results of an install's complete runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// The start of the last full run.
    pub(crate) last_full: Option<String>,
    /// The newest reply in any run.
    pub(crate) newest_reply: Option<String>,
    /// The highest id of a ticket, gone or not.
    pub(crate) highest_id: Option<i64>,
    /// Whether the last complete full run found the list in the order of the last reply, newest first.
    pub(crate) ordered: bool,
}

/// The values that are stored at the end of a run.
pub(crate) struct Ending<'a> {
    pub(crate) ended: &'a str,
    pub(crate) complete: bool,
    pub(crate) ordered: bool,
    pub(crate) reason: Option<&'a str>,
    pub(crate) newest_reply: Option<&'a str>,
    /// The numbers of requests, tickets, new tickets, changed tickets and gone tickets, in this order.
    pub(crate) counts: [i64; 5],
    pub(crate) findings: Option<&'a str>,
}
