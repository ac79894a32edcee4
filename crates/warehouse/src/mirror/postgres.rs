//! The mirror's database in PostgreSQL. New tickets are sent by `COPY`, and others as arrays, one statement for each page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gettickets::{FIELDS, Field, FieldKind};
use postgres::config::Host;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::ToSql;
use postgres::{Client, Config};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::compare::{Change, Known};
use super::error::{MirrorError, MirrorErrorKind};
use super::schema;
use super::store::{Ending, History, KnownInstall, Store};
use crate::row::{Cell, Row, TRACKED, columns};

/// The advisory lock that a run holds in its database.
const LOCK: i64 = schema::APPLICATION_ID as i64;
/// The largest number of ids in one query.
const MOST_IDS: usize = 1_000;
/// How long to wait for a connection unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a target is the URL of a PostgreSQL database rather than a file.
pub(crate) fn is_url(target: &str) -> bool {
    target.starts_with("postgresql://") || target.starts_with("postgres://")
}

/// A database with the mirror's tables.
pub(crate) struct Database {
    client: Client,
    select: String,
    copy: String,
    upsert: String,
    /// The rows of a page in the text format of `COPY`.
    text: String,
}

impl Database {
    /// Connects and migrates the tables. Also returns a description of the database. TLS is used if the server offers
    /// it, and required with `sslmode=require`; certificates are verified.
    pub(crate) fn open(url: &str) -> Result<(String, Database), MirrorError> {
        let mut config: Config = url.parse().map_err(|error| {
            // The error's own text contains no part of the URL.
            let message = format!("the address of the PostgreSQL database cannot be read: {error}");
            MirrorError::new(MirrorErrorKind::Target, message)
        })?;
        config.application_name("gettickets");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
            && !password.is_empty()
        {
            config.password(password);
        }
        let place = place(&config);
        let database = Database::connect(&config).map_err(|error| error.at(&place))?;
        Ok((place, database))
    }

    fn connect(config: &Config) -> Result<Database, MirrorError> {
        let mut client = config.connect(MakeRustlsConnect::new(tls()?))?;
        client.batch_execute("SET client_min_messages = warning; SET TIME ZONE 'UTC'")?;
        migrate(&mut client)?;
        Ok(Database { client, select: select(), copy: copy(), upsert: upsert(), text: String::new() })
    }
}

/// Describes the database without its password.
fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let name = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    format!("PostgreSQL database {name} at {}", hosts.join(", "))
}

fn tls() -> Result<ClientConfig, MirrorError> {
    let failed = |error: rustls::Error| {
        MirrorError::new(MirrorErrorKind::Database, format!("TLS could not be set up: {error}"))
            .with_source(error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    Ok(builder.with_platform_verifier().map_err(failed)?.with_no_client_auth())
}

impl From<postgres::Error> for MirrorError {
    fn from(error: postgres::Error) -> MirrorError {
        let kind = match error.code() {
            None if error.is_closed() || has_io_error(&error) => MirrorErrorKind::Unreachable,
            None => MirrorErrorKind::Database,
            Some(code) if *code == SqlState::DISK_FULL => MirrorErrorKind::Full,
            Some(code)
                if [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::INSUFFICIENT_PRIVILEGE].contains(code) =>
            {
                MirrorErrorKind::ReadOnly
            }
            Some(code) if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
                MirrorErrorKind::Damaged
            }
            // Classes of SQLSTATE: connection, authorization, unknown database, operator intervention.
            Some(code) if ["08", "28", "3D", "57"].iter().any(|class| code.code().starts_with(class)) => {
                MirrorErrorKind::Unreachable
            }
            Some(_) => MirrorErrorKind::Database,
        };
        // The error's own text leaves out the server's message.
        let detail = error.as_db_error().map(|error| error.message().to_owned());
        let cause = std::error::Error::source(&error).map(|cause| format!("{error}: {cause}"));
        let detail = detail.or(cause).unwrap_or_else(|| error.to_string());
        MirrorError::new(kind, detail).with_source(error)
    }
}

/// Whether an error was caused by the connection.
fn has_io_error(error: &postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Fails on databases of other programs and of newer versions, and creates or migrates the tables.
fn migrate(client: &mut Client) -> Result<(), MirrorError> {
    let mut transaction = client.transaction()?;
    // Two programs that open a new database at the same time would both create the tables.
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&(LOCK + 1)])?;
    let mut exists = |table: &str| -> Result<bool, MirrorError> {
        Ok(transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table])?.get(0))
    };
    let version: i32 = if exists("gettickets_mirror")? {
        transaction.query_one("SELECT version FROM gettickets_mirror", &[])?.get(0)
    } else {
        for table in ["installs", "tickets", "changes", "runs"] {
            if exists(table)? {
                let message = format!("the database has a table {table} of another program");
                return Err(MirrorError::new(MirrorErrorKind::NotAMirror, message));
            }
        }
        0
    };
    if version > schema::VERSION {
        let message = format!(
            "the database has version {version} of the mirror's tables, and this program knows version {}",
            schema::VERSION
        );
        return Err(MirrorError::new(MirrorErrorKind::NewerVersion, message));
    }
    for statements in schema::postgres().iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.batch_execute(statements)?;
    }
    if version < schema::VERSION {
        transaction.execute("UPDATE gettickets_mirror SET version = $1", &[&schema::VERSION])?;
    }
    Ok(transaction.commit()?)
}

impl Store for Database {
    fn lock(&mut self) -> Result<(), MirrorError> {
        // The lock belongs to the session: it is kept between transactions and released when the connection ends.
        if self.client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])?.get(0) {
            return Ok(());
        }
        Err(MirrorError::new(MirrorErrorKind::Locked, "another run has the database locked"))
    }

    fn unlock(&mut self) {
        // If this fails, the connection is lost, and the server has released the lock.
        let _ = self.client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]);
    }

    fn directory(&self) -> Option<&Path> {
        None
    }

    fn begin(&mut self) -> Result<(), MirrorError> {
        Ok(self.client.batch_execute("BEGIN")?)
    }

    fn rollback(&mut self) {
        // If this fails, the connection is lost, and the server rolls the transaction back.
        let _ = self.client.batch_execute("ROLLBACK");
    }

    fn installs(&mut self) -> Result<Vec<KnownInstall>, MirrorError> {
        let rows = self.client.query("SELECT install, endpoint, time_zone FROM installs", &[])?;
        let known =
            |row: &postgres::Row| KnownInstall { name: row.get(0), endpoint: row.get(1), zone: row.get(2) };
        Ok(rows.iter().map(known).collect())
    }

    fn put_install(&mut self, name: &str, endpoint: &str, zone: Option<&str>) -> Result<(), MirrorError> {
        self.client.execute(
            "INSERT INTO installs VALUES ($1, $2, $3) ON CONFLICT (install) DO UPDATE SET time_zone = $3",
            &[&name, &endpoint, &zone],
        )?;
        Ok(())
    }

    fn history(&mut self, install: &str) -> Result<History, MirrorError> {
        let row = self.client.query_one(
            &format!(
                "SELECT {}, {}, (SELECT max(id) FROM tickets WHERE install = $1),
                 (SELECT ordered FROM runs WHERE install = $1 AND complete AND mode = 'full'
                  ORDER BY run DESC LIMIT 1)
                 FROM runs WHERE install = $1 AND complete",
                utc("max(started) FILTER (WHERE mode = 'full')"),
                wall_clock("max(newest_reply)")
            ),
            &[&install],
        )?;
        Ok(History {
            last_full: row.get(0),
            newest_reply: row.get(1),
            highest_id: row.get(2),
            ordered: row.get::<_, Option<bool>>(3).unwrap_or(false),
        })
    }

    fn begin_run(&mut self, install: &str, started: &str, since: Option<&str>) -> Result<i64, MirrorError> {
        let mode = if since.is_some() { "incremental" } else { "full" };
        let row = self.client.query_one(
            "INSERT INTO runs (install, started, mode, since)
             VALUES ($1, $2::text::timestamptz, $3, $4::text::timestamp) RETURNING run",
            &[&install, &started, &mode, &since],
        )?;
        Ok(row.get(0))
    }

    fn known(&mut self, install: &str, tickets: &[(i64, i64)]) -> Result<HashMap<i64, Known>, MirrorError> {
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<i64> = tickets.iter().map(|(id, _)| *id).collect();
        let fingerprints: HashMap<i64, i64> = tickets.iter().copied().collect();
        let rows = self.client.query(&by_id("id, fingerprint, gone IS NULL"), &[&install, &ids])?;
        let mut found = HashMap::with_capacity(rows.len());
        let mut different = Vec::new();
        for row in &rows {
            let (id, fingerprint): (i64, i64) = (row.get(0), row.get(1));
            if row.get(2) && fingerprints.get(&id) == Some(&fingerprint) {
                found.insert(id, Known::same(fingerprint));
            } else {
                different.push(id);
            }
        }
        if different.is_empty() {
            return Ok(found);
        }
        let rows = self.client.query(&self.select, &[&install, &different])?;
        let known = |row: &postgres::Row| {
            let mut known = Known {
                fingerprint: row.get(1),
                gone: row.get(2),
                tid: row.get(3),
                date: row.get(4),
                ..Known::default()
            };
            for (index, value) in known.tracked.iter_mut().enumerate() {
                *value = row.get(5 + index);
            }
            (row.get(0), known)
        };
        found.extend(rows.iter().map(known));
        Ok(found)
    }

    fn insert(&mut self, install: &str, rows: &[Row], now: &str) -> Result<(), MirrorError> {
        if rows.is_empty() {
            return Ok(());
        }
        let text = &mut self.text;
        text.clear();
        for row in rows {
            push_value(text, install);
            let _ = write!(text, "\t{}\t{now}\t{now}", row.fingerprint);
            for cell in row.cells() {
                text.push('\t');
                match cell {
                    Cell::Null => text.push_str("\\N"),
                    Cell::Integer(number) => _ = write!(text, "{number}"),
                    Cell::Text(value) => push_value(text, value),
                }
            }
            text.push('\n');
        }
        let mut writer = self.client.copy_in(&self.copy)?;
        writer.write_all(text.as_bytes()).map_err(write_error)?;
        writer.finish()?;
        Ok(())
    }

    fn put(&mut self, install: &str, rows: &[Row], now: &str) -> Result<(), MirrorError> {
        if rows.is_empty() {
            return Ok(());
        }
        let fingerprints: Vec<i64> = rows.iter().map(|row| row.fingerprint).collect();
        let columns: Vec<Vec<Option<Cow<'_, str>>>> = (0..columns().count())
            .map(|column| rows.iter().map(|row| row.cell_at(column).to_text()).collect())
            .collect();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&install, &now, &fingerprints];
        parameters.extend(columns.iter().map(|column| column as &(dyn ToSql + Sync)));
        self.client.execute(&self.upsert, &parameters)?;
        Ok(())
    }

    fn record(&mut self, run: i64, install: &str, changes: &[Change], now: &str) -> Result<(), MirrorError> {
        if changes.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = changes.iter().map(|change| change.id).collect();
        let what: Vec<&str> = changes.iter().map(|change| change.what).collect();
        let old: Vec<Option<&str>> = changes.iter().map(|change| change.old.as_deref()).collect();
        let new: Vec<Option<&str>> = changes.iter().map(|change| change.new.as_deref()).collect();
        self.client.execute(
            "INSERT INTO changes (run, install, id, seen, what, old, new)
             SELECT $1, $2, c.id, $3::text::timestamptz, c.what, c.old, c.new
             FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[]) AS c (id, what, old, new)",
            &[&run, &install, &now, &ids, &what, &old, &new],
        )?;
        Ok(())
    }

    fn present(
        &mut self,
        install: &str,
        keep: &dyn Fn(i64) -> bool,
    ) -> Result<Vec<(i64, Option<String>)>, MirrorError> {
        let mut rows =
            self.client.query_raw("SELECT id FROM tickets WHERE install = $1 AND gone IS NULL", [install])?;
        let mut ids: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0);
            if keep(id) {
                ids.push(id);
            }
        }
        drop(rows);
        ids.sort_unstable();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MOST_IDS) {
            let statuses = self.client.query(&by_id("id, status"), &[&install, &ids])?;
            found.extend(statuses.iter().map(|row| (row.get(0), row.get(1))));
        }
        Ok(found)
    }

    fn count_present(&mut self, install: &str) -> Result<u64, MirrorError> {
        let count: i64 = self.client.query_one(schema::PRESENT, &[&install])?.get(0);
        Ok(count.unsigned_abs())
    }

    fn set_gone(&mut self, install: &str, ids: &[i64], now: &str) -> Result<(), MirrorError> {
        self.client.execute(
            "UPDATE tickets SET gone = $3::text::timestamptz, changed = $3::text::timestamptz
             WHERE install = $1 AND id = ANY($2)",
            &[&install, &ids, &now],
        )?;
        Ok(())
    }

    fn end_run(&mut self, run: i64, ending: &Ending<'_>) -> Result<(), MirrorError> {
        let [requests, tickets, new, changed, gone] = ending.counts;
        self.client.execute(
            "UPDATE runs SET ended = $2::text::timestamptz, complete = $3, reason = $4,
                 newest_reply = $5::text::timestamp, requests = $6, tickets = $7, new = $8, changed = $9, gone = $10,
                 findings = $11::text::json, ordered = $12 WHERE run = $1",
            &[
                &run,
                &ending.ended,
                &ending.complete,
                &ending.reason,
                &ending.newest_reply,
                &requests,
                &tickets,
                &new,
                &changed,
                &gone,
                &ending.findings,
                &ending.ordered,
            ],
        )?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), MirrorError> {
        Ok(self.client.batch_execute("COMMIT")?)
    }
}

/// A local time of the install as text.
fn wall_clock(expression: &str) -> String {
    format!("to_char({expression}, 'YYYY-MM-DD HH24:MI:SS')")
}

/// A time in UTC as text; the session's time zone is UTC.
fn utc(expression: &str) -> String {
    format!("to_char({expression}, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
}

/// A field as text in the form of [`Cell::to_text`](crate::row::Cell::to_text).
fn as_text(field: Field) -> String {
    let spec = FIELDS.iter().find(|spec| spec.field == field);
    match spec {
        Some(spec) if spec.kind == FieldKind::DateTime => wall_clock(spec.name),
        Some(spec) => format!("{}::text", spec.name),
        None => "NULL".to_owned(),
    }
}

fn select() -> String {
    let tracked: Vec<String> = TRACKED.iter().map(|field| as_text(*field)).collect();
    by_id(&format!("id, fingerprint, {}, tid, {}, {}", utc("gone"), as_text(Field::Date), tracked.join(", ")))
}

/// Selects these columns of the tickets of install `$1` with the ids `$2`, in the order of the ids.
///
/// `OFFSET 0` keeps the subquery as it is written, so that each ticket is found by the primary key. Without it, and before the
/// server has statistics of the table, `id = ANY($2)` reads all tickets of the install for each page.
fn by_id(columns: &str) -> String {
    format!(
        "SELECT found.* FROM unnest($2::bigint[]) WITH ORDINALITY AS asked (asked, place)
         CROSS JOIN LATERAL (SELECT {columns} FROM tickets WHERE install = $1 AND id = asked OFFSET 0) AS found
         ORDER BY place"
    )
}

/// Appends a text in the format of `COPY`.
fn push_value(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\n', '\r', '\t']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes().first() {
            Some(b'\n') => "\\n",
            Some(b'\r') => "\\r",
            Some(b'\t') => "\\t",
            _ => "\\\\",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// What an error of writing rows means: that of the database is within it.
fn write_error(error: std::io::Error) -> MirrorError {
    match error.downcast::<postgres::Error>() {
        Ok(error) => error.into(),
        Err(error) => MirrorError::new(MirrorErrorKind::Unreachable, error.to_string()).with_source(error),
    }
}

/// The columns, quoted.
fn names() -> Vec<String> {
    columns().map(|(name, _)| format!("\"{name}\"")).collect()
}

fn copy() -> String {
    format!("COPY tickets (install, fingerprint, first_seen, changed, {}) FROM STDIN", names().join(", "))
}

fn upsert() -> String {
    let names = names();
    let arrays: Vec<String> = (0..names.len()).map(|index| format!("${}::text[]", index + 4)).collect();
    let parts: Vec<String> = (0..names.len()).map(|index| format!("c{index}")).collect();
    let values: Vec<String> = columns()
        .enumerate()
        .map(|(index, (_, kind))| format!("t.c{index}::{}", schema::postgres_type(kind)))
        .collect();
    let updates: Vec<String> = names
        .iter()
        .filter(|name| *name != "\"id\"")
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    format!(
        "INSERT INTO tickets (install, fingerprint, first_seen, changed, {})
         SELECT $1::text, t.fingerprint, $2::text::timestamptz, $2::text::timestamptz, {}
         FROM unnest($3::bigint[], {}) AS t (fingerprint, {})
         ON CONFLICT (install, id) DO UPDATE SET fingerprint = excluded.fingerprint, changed = excluded.changed,
         gone = NULL, {}",
        names.join(", "),
        values.join(", "),
        arrays.join(", "),
        parts.join(", "),
        updates.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_copy() {
        for (value, escaped) in [
            ("", ""),
            ("\\N", "\\\\N"),
            ("a\tb\nc\rd\\", "a\\tb\\nc\\rd\\\\"),
            ("\\.", "\\\\."),
            ("ü\n\n😀", "ü\\n\\n😀"),
        ] {
            let mut out = String::new();
            push_value(&mut out, value);
            assert_eq!(out, escaped);
        }
    }
}
