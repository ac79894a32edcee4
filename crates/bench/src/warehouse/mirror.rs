//! Compares mirrors with an export of the same list.

use std::error::Error;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::command::{CommandLine, profile, text};
use super::postgres_server::{Server, Settings};
use super::report::{Goal, Report, Row, Value};
use super::servers::Servers;
use crate::options::Options;

/// The number of tickets that change before a full run.
const CHANGED: u64 = 1_000;
/// The maximum ratio of the time of a first run to that of an export to NDJSON.
const MOST_TIMES: f64 = 2.0;
/// The maximum number of rows written for each changed ticket: its row and the change. The row of the run is shared by
/// all.
const MOST_ROWS: f64 = 2.0;
/// The maximum number of requests of a run that finds no changes.
const MOST_REQUESTS: f64 = 2.0;

/// Measures mirrors and an export.
pub(crate) fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (tickets, turns) in super::installs(options) {
        rows.extend(measure_install(tickets, turns, options)?);
    }
    Ok(Report { what: "mirror".to_owned(), rows })
}

fn measure_install(tickets: u64, turns: usize, options: &Options) -> Result<Vec<Row>, Box<dyn Error>> {
    eprintln!("mirror of {tickets} tickets");
    let mut servers = Servers::start(1, tickets, 0)?;
    let command = CommandLine::new(&servers, "mirror")?;
    let profile = profile(0);
    let mut export = Row::new("export to NDJSON", tickets);
    let mut first = Row::new("first run into SQLite", tickets);
    let mut full = Row::new(format!("full run, {CHANGED} changed"), tickets);
    let mut unchanged = Row::new("full run, nothing changed", tickets);
    let mut quiet = Row::new("incremental run, nothing changed", tickets);
    for _ in 0..turns {
        let file = command.fresh("tickets.ndjson")?;
        export.add(command.run(&mut servers, &["export", "--profile", &profile, "--output", text(&file)?])?);
        let file = command.fresh("tickets.db")?;
        let mirror = ["mirror", text(&file)?, "--profile", &profile];
        first.add(command.run(&mut servers, &mirror)?);
        quiet.add(command.run(&mut servers, &mirror)?);
        quiet.written_rows = Some(rows_of_last_run(&file)?);
        servers.move_tickets(CHANGED)?;
        full.add(command.run(&mut servers, &[&mirror[..], &["--full"]].concat())?);
        full.written_rows = Some(rows_of_last_run(&file)?);
        unchanged.add(command.run(&mut servers, &[&mirror[..], &["--full"]].concat())?);
        unchanged.written_rows = Some(rows_of_last_run(&file)?);
    }
    first.at_most(MOST_TIMES, &export);
    let per_change = full.written_rows.unwrap_or(0) as f64 / (CHANGED + 1) as f64;
    let per_change = Value::Number(per_change);
    full.goal = Some(Goal { what: "rows a change".to_owned(), value: per_change, at_most: MOST_ROWS });
    let requests = Value::Number(quiet.requests() as f64);
    quiet.goal = Some(Goal { what: "requests".to_owned(), value: requests, at_most: MOST_REQUESTS });
    let mut rows = vec![export, first, quiet, full, unchanged];
    // PostgreSQL mostly waits for the disk.
    if options.quick() {
        return Ok(rows);
    }
    let settings = Settings { authentication: "trust", password: "unused", is_durable: true };
    if let Some(server) = Server::start(&settings)? {
        let url = server.url();
        let mut first = Row::new("first run into PostgreSQL", tickets);
        let mut full = Row::new(format!("full run in PostgreSQL, {CHANGED} changed"), tickets);
        for _ in 0..turns {
            server.client()?.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?;
            let mirror = ["mirror", &url, "--profile", &profile];
            first.add(command.run(&mut servers, &mirror)?);
            servers.move_tickets(CHANGED)?;
            full.add(command.run(&mut servers, &[&mirror[..], &["--full"]].concat())?);
        }
        rows.extend([first, full]);
    }
    Ok(rows)
}

/// Returns the number of rows that the last run wrote: tickets, changes and the run itself.
fn rows_of_last_run(file: &Path) -> Result<u64, Box<dyn Error>> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let rows: i64 = database.query_row(
        "SELECT new + changed + gone + (SELECT count(*) FROM changes WHERE run = runs.run) + 1
         FROM runs ORDER BY run DESC LIMIT 1",
        [],
        |row| row.get(0),
    )?;
    Ok(rows.unsigned_abs())
}
