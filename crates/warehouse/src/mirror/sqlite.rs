//! The mirror's database in SQLite.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gettickets::{FIELDS, Field};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension, ToSql, params};

use super::compare::{Change, Known};
use super::error::{MirrorError, MirrorErrorKind};
use super::lock::{Identity, Lock};
use super::schema;
use super::store::{Ending, History, KnownInstall, Store};
use crate::row::{Cell, Row, TRACKED, columns};

/// How long SQLite waits while another program has the database locked.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// How long the first commit waits for programs that read the file.
const FIRST_COMMIT_WAIT: Duration = Duration::from_secs(60);

/// The size of the cache in KiB. The index of a million tickets fits, so a first run does not read it again and again.
const CACHE_KIB: i64 = 32 << 10;

/// A database with the mirror's tables.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    /// The path of the file, with symbolic links resolved.
    path: PathBuf,
    file: Identity,
    lock: Option<Lock>,
    /// There are no tickets yet. The first run writes to the file itself, because a large transaction takes twice as
    /// long with a write-ahead log. Nobody misses the tickets meanwhile.
    is_empty: bool,
    select: String,
    upsert: String,
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Cell::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl Database {
    /// Opens a database, creates it if the file does not exist, and migrates its tables.
    pub(crate) fn open(path: &Path) -> Result<Database, MirrorError> {
        if !path.exists() {
            create(path)?;
        }
        let unusable = |error: io::Error| {
            let message = format!("the file cannot be used: {error}");
            MirrorError::new(MirrorErrorKind::ReadOnly, message).with_source(error)
        };
        let path = path.canonicalize().map_err(unusable)?;
        let file = Identity::of(&path).map_err(unusable)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(LOCK_WAIT)?;
        check(&connection)?;
        // A commit survives a power failure.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // A run inserts its install before its tickets, so there is nothing to check for each of them.
        connection.pragma_update(None, "foreign_keys", false)?;
        migrate(&connection)?;
        connection.set_prepared_statement_cache_capacity(16);
        let is_empty =
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM tickets)", [], |row| row.get(0))?;
        let (select, upsert) = (select(), upsert());
        let mut database = Database { connection, path, file, lock: None, is_empty, select, upsert };
        if !is_empty {
            database.write_ahead()?;
        }
        Ok(database)
    }

    /// Lets programs read while a run writes, by means of a write-ahead log.
    fn write_ahead(&mut self) -> Result<(), MirrorError> {
        self.connection.pragma_update(None, "journal_mode", "WAL")?;
        self.connection.busy_timeout(LOCK_WAIT)?;
        self.is_empty = false;
        Ok(())
    }

    fn known_ticket(
        &self,
        install: &str,
        (id, fingerprint): (i64, i64),
    ) -> Result<Option<Known>, MirrorError> {
        let mut select = self.connection.prepare_cached(&self.select)?;
        let known = select.query_row(params![install, id], |row| {
            if row.get::<_, i64>(0)? == fingerprint && row.get_ref(1)? == ValueRef::Null {
                return Ok(Known::same(fingerprint));
            }
            let text = |index: usize| -> rusqlite::Result<Option<String>> {
                Ok(match row.get_ref(index)? {
                    ValueRef::Integer(number) => Some(number.to_string()),
                    ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                    _ => None,
                })
            };
            let mut known = Known {
                fingerprint: row.get(0)?,
                gone: row.get(1)?,
                tid: row.get(2)?,
                date: text(3)?,
                ..Known::default()
            };
            for (index, value) in known.tracked.iter_mut().enumerate() {
                *value = text(4 + index)?;
            }
            Ok(known)
        });
        Ok(known.optional()?)
    }
}

impl Store for Database {
    fn lock(&mut self) -> Result<(), MirrorError> {
        let lock = Lock::take(&self.path)?;
        // Detects a database that cannot be written before any ticket is read.
        self.connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
        self.lock = Some(lock);
        Ok(())
    }

    fn unlock(&mut self) {
        self.lock = None;
    }

    fn directory(&self) -> Option<&Path> {
        self.path.parent()
    }

    fn begin(&mut self) -> Result<(), MirrorError> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn rollback(&mut self) {
        // If this fails, SQLite rolls the transaction back when the file is opened next.
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    fn installs(&mut self) -> Result<Vec<KnownInstall>, MirrorError> {
        let mut select =
            self.connection.prepare_cached("SELECT install, endpoint, time_zone FROM installs")?;
        let rows = select.query_map([], |row| {
            Ok(KnownInstall { name: row.get(0)?, endpoint: row.get(1)?, zone: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn put_install(&mut self, name: &str, endpoint: &str, zone: Option<&str>) -> Result<(), MirrorError> {
        self.connection.execute(
            "INSERT INTO installs VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET time_zone = ?3",
            params![name, endpoint, zone],
        )?;
        Ok(())
    }

    fn history(&mut self, install: &str) -> Result<History, MirrorError> {
        Ok(self.connection.query_row(
            "SELECT max(CASE WHEN mode = 'full' THEN started END), max(newest_reply),
                 (SELECT max(id) FROM tickets WHERE install = ?1),
                 (SELECT ordered FROM runs WHERE install = ?1 AND complete AND mode = 'full' ORDER BY run DESC LIMIT 1)
             FROM runs WHERE install = ?1 AND complete",
            [install],
            |row| {
                Ok(History {
                    last_full: row.get(0)?,
                    newest_reply: row.get(1)?,
                    highest_id: row.get(2)?,
                    ordered: row.get::<_, Option<bool>>(3)?.unwrap_or(false),
                })
            },
        )?)
    }

    fn begin_run(&mut self, install: &str, started: &str, since: Option<&str>) -> Result<i64, MirrorError> {
        let mode = if since.is_some() { "incremental" } else { "full" };
        self.connection.execute(
            "INSERT INTO runs (install, started, mode, since) VALUES (?, ?, ?, ?)",
            params![install, started, mode, since],
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    fn known(&mut self, install: &str, tickets: &[(i64, i64)]) -> Result<HashMap<i64, Known>, MirrorError> {
        // Without a transaction, each query would lock and unlock the database.
        let is_reading = self.connection.is_autocommit() && !tickets.is_empty();
        if is_reading {
            self.connection.execute_batch("BEGIN")?;
        }
        let mut found = HashMap::with_capacity(tickets.len());
        let looked_up = tickets.iter().try_for_each(|ticket| {
            if let Some(known) = self.known_ticket(install, *ticket)? {
                found.insert(ticket.0, known);
            }
            Ok(())
        });
        if is_reading {
            self.connection.execute_batch("ROLLBACK")?;
        }
        looked_up.map(|()| found)
    }

    fn put(&mut self, install: &str, rows: &[Row], now: &str) -> Result<(), MirrorError> {
        let mut upsert = self.connection.prepare_cached(&self.upsert)?;
        for row in rows {
            upsert.raw_bind_parameter(1, install)?;
            upsert.raw_bind_parameter(2, row.fingerprint)?;
            upsert.raw_bind_parameter(3, now)?;
            for (number, cell) in (4..).zip(row.cells()) {
                upsert.raw_bind_parameter(number, cell)?;
            }
            upsert.raw_execute()?;
        }
        Ok(())
    }

    fn record(&mut self, run: i64, install: &str, changes: &[Change], now: &str) -> Result<(), MirrorError> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO changes (run, install, id, seen, what, old, new) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        for change in changes {
            insert.execute(params![run, install, change.id, now, change.what, change.old, change.new])?;
        }
        Ok(())
    }

    fn present(
        &mut self,
        install: &str,
        keep: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<(i64, Option<String>)>, MirrorError> {
        // The index alone has the ids. The rows are in another order on the disk, so only those that matter are read.
        let mut select =
            self.connection.prepare_cached("SELECT id FROM tickets WHERE install = ? ORDER BY id")?;
        let mut rows = select.query([install])?;
        let mut ids: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if keep(id) {
                ids.push(id);
            }
        }
        let mut select = self
            .connection
            .prepare_cached("SELECT status FROM tickets WHERE install = ? AND id = ? AND gone IS NULL")?;
        let mut found = Vec::new();
        for id in ids {
            if let Some(status) = select.query_row(params![install, id], |row| row.get(0)).optional()? {
                found.push((id, status));
            }
        }
        Ok(found)
    }

    fn count_present(&mut self, install: &str) -> Result<u64, MirrorError> {
        let count: i64 = self.connection.query_row(schema::PRESENT, [install], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn set_gone(&mut self, install: &str, ids: &[i64], now: &str) -> Result<(), MirrorError> {
        let mut update = self
            .connection
            .prepare_cached("UPDATE tickets SET gone = ?3, changed = ?3 WHERE install = ?1 AND id = ?2")?;
        for id in ids {
            update.execute(params![install, id, now])?;
        }
        Ok(())
    }

    fn end_run(&mut self, run: i64, ending: &Ending<'_>) -> Result<(), MirrorError> {
        let [requests, tickets, new, changed, gone] = ending.counts;
        self.connection.execute(
            "UPDATE runs SET ended = ?2, complete = ?3, reason = ?4, newest_reply = ?5, requests = ?6, tickets = ?7,
                 new = ?8, changed = ?9, gone = ?10, findings = ?11, ordered = ?12 WHERE run = ?1",
            params![
                run,
                ending.ended,
                ending.complete,
                ending.reason,
                ending.newest_reply,
                requests,
                tickets,
                new,
                changed,
                gone,
                ending.findings,
                ending.ordered,
            ],
        )?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), MirrorError> {
        // SQLite does not notice this, and would write to a file that no path leads to.
        if !self.file.is_still_at(&self.path) {
            let message = "the file was removed or moved while the run wrote to it";
            return Err(MirrorError::new(MirrorErrorKind::Database, message));
        }
        if !self.is_empty {
            return Ok(self.connection.execute_batch("COMMIT")?);
        }
        // Without a write-ahead log, the commit has to wait for programs that are reading.
        self.connection.busy_timeout(FIRST_COMMIT_WAIT)?;
        self.connection.execute_batch("COMMIT")?;
        // If this fails, the next run that opens the file tries again.
        let _ = self.write_ahead();
        Ok(())
    }
}

/// Creates an empty file that only its owner can read.
fn create(path: &Path) -> Result<(), MirrorError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let kind = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => MirrorErrorKind::Full,
                _ => MirrorErrorKind::ReadOnly,
            };
            Err(MirrorError::new(kind, format!("the file could not be created: {error}")).with_source(error))
        }
        _ => Ok(()),
    }
}

/// Fails on files of other programs and of newer versions, without changing them.
fn check(connection: &Connection) -> Result<(), MirrorError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != schema::APPLICATION_ID && (application != 0 || version != 0 || objects != 0) {
        let message = "the file is a database of another program";
        return Err(MirrorError::new(MirrorErrorKind::NotAMirror, message));
    }
    if version > schema::VERSION {
        let message = format!(
            "the file has version {version} of the mirror's tables, and this program knows version {}",
            schema::VERSION
        );
        return Err(MirrorError::new(MirrorErrorKind::NewerVersion, message));
    }
    Ok(())
}

fn migrate(connection: &Connection) -> Result<(), MirrorError> {
    let version = || connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
    if version()? == schema::VERSION {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = version().map_err(MirrorError::from).and_then(|from| {
        let from = usize::try_from(from).unwrap_or(0);
        for statements in schema::sqlite().iter().skip(from) {
            connection.execute_batch(statements)?;
        }
        connection.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", schema::VERSION)?;
        Ok(connection.execute_batch("COMMIT")?)
    });
    if result.is_err() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

fn name(field: Field) -> &'static str {
    FIELDS.iter().find(|spec| spec.field == field).map_or("", |spec| spec.name)
}

fn select() -> String {
    let tracked: Vec<&str> = TRACKED.iter().map(|field| name(*field)).collect();
    format!(
        "SELECT fingerprint, gone, tid, date, {} FROM tickets WHERE install = ? AND id = ?",
        tracked.join(", ")
    )
}

fn upsert() -> String {
    let names: Vec<String> = columns().map(|(name, _)| format!("\"{name}\"")).collect();
    let values: Vec<String> = (0..names.len()).map(|index| format!("?{}", index + 4)).collect();
    let updates: Vec<String> = names
        .iter()
        .filter(|name| *name != "\"id\"")
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    format!(
        "INSERT INTO tickets (install, fingerprint, first_seen, changed, {}) VALUES (?1, ?2, ?3, ?3, {})
         ON CONFLICT (install, id) DO UPDATE SET fingerprint = excluded.fingerprint, changed = excluded.changed,
         gone = NULL, {}",
        names.join(", "),
        values.join(", "),
        updates.join(", ")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the failure report of a test")]

    use super::*;

    #[test]
    fn a_file_that_another_run_has_created_meanwhile_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tickets.db");
        create(&path).unwrap();
        std::fs::write(&path, "of the other run").unwrap();
        create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"of the other run");
    }

    /// They may need more space than the system's directory for temporary files has.
    #[test]
    fn temporary_files_are_in_the_directory_of_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("tickets.db")).unwrap();
        assert_eq!(database.directory(), Some(&*folder.path().canonicalize().unwrap()));
    }
}
