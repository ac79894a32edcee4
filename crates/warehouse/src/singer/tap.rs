//! [`Tap`]: reads installs and writes messages.

use std::io::Write;

use gettickets::scan::Cursor;
use gettickets::{DateTime, Scan, TicketRef};
use gettickets_arrow::NumberTooLarge;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::catalog::{self, Method};
use super::error::TapError;
use super::schema::{KEYS, Property, REPLICATION_KEY, STREAM, properties, schema};
use super::state::{Progress, State};
use crate::fleet::Fleet;
use crate::fleet::scan::{FleetScan, InstallReport};
use crate::install::Install;
use crate::row::{Cell, Row, Type};

/// The approximate number of an install's tickets between two STATE messages.
const STATE_EVERY: u64 = 5_000;

/// How far an incremental run reads back before its bookmark, which covers a server clock that was set back.
const OVERLAP: SignedDuration = SignedDuration::from_hours(3);

/// The maximum by which local time is ahead of UTC. Replies with later dates do not count as the newest.
const MAX_AHEAD_OF_UTC: SignedDuration = SignedDuration::from_hours(14);

/// A [Singer](https://www.singer.io) tap: writes the tickets of installs as messages.
///
/// The replication method is FULL_TABLE unless the catalog selects INCREMENTAL. A full run ends with ACTIVATE_VERSION
/// only if the scan of every install was proved complete, so that no target mistakes an interrupted run for deletions.
/// Bookmarks advance only at the end of a complete run. STATE messages hold the cursor of each scan, so that the next
/// run can continue an interrupted one.
///
/// ```no_run
/// use gettickets::{Client, Credentials};
/// use gettickets_warehouse::singer::Tap;
/// use gettickets_warehouse::{Fleet, Install};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .build()?;
/// let tap = Tap::new(Fleet::new([Install::new("main", client)])?);
/// let reports = tap.sync(&mut std::io::stdout().lock())?;
/// assert!(reports.iter().all(|report| report.is_complete()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tap {
    fleet: Fleet,
    properties: Vec<Property>,
    is_selected: bool,
    method: Method,
    start: Option<DateTime>,
    state: State,
}

impl Tap {
    /// Creates a tap of these installs. Access keys (`c`) are among the columns if an install has
    /// [`access_keys`](Install::access_keys).
    pub fn new(fleet: Fleet) -> Tap {
        let access_keys = fleet.installs().iter().any(|install| install.access_keys);
        Tap {
            fleet,
            properties: properties(access_keys),
            is_selected: true,
            method: Method::FullTable,
            start: None,
            state: State::default(),
        }
    }

    /// Sets the replication method; a catalog may change it. Default: [`Method::FullTable`].
    #[must_use]
    pub fn method(self, method: Method) -> Tap {
        Tap { method, ..self }
    }

    /// Leaves out tickets whose last reply is before this local time of the install, in incremental runs.
    #[must_use]
    pub fn start(self, start: DateTime) -> Tap {
        Tap { start: Some(start), ..self }
    }

    /// Sets the catalog, which selects columns and the method.
    ///
    /// # Errors
    ///
    /// [`TapError::Catalog`] if it is not a catalog of this tap.
    pub fn catalog(mut self, catalog: &Value) -> Result<Tap, TapError> {
        let selected = catalog::selected(catalog, &self.properties)?;
        self.is_selected = selected.stream;
        self.method = selected.method.unwrap_or(self.method);
        self.properties.retain(|property| !selected.without.contains(&property.name));
        Ok(self)
    }

    /// Continues from a state.
    ///
    /// # Errors
    ///
    /// [`TapError::State`] if it is not a state of this tap.
    pub fn state(mut self, state: &Value) -> Result<Tap, TapError> {
        self.state = State::parse(state)?;
        Ok(self)
    }

    /// Returns the catalog with all columns.
    pub fn discover(&self) -> Value {
        catalog::discover(&self.properties, self.method)
    }

    /// Reads the installs and writes their messages. Returns the report of each install that was read. A scan that ends
    /// early is not an error of this function: the other installs are read further, and the report has the error.
    ///
    /// # Errors
    ///
    /// [`TapError::Output`] if a message cannot be written.
    pub fn sync(&self, out: &mut dyn Write) -> Result<Vec<InstallReport>, TapError> {
        let mut out = Messages { out };
        if !self.is_selected {
            return Ok(Vec::new());
        }
        let mut sync = Sync::new(self);
        out.schema(&self.properties, self.method)?;
        let (indexes, scans) = sync.scans();
        let mut scan = FleetScan::start_with_cursors(scans, STATE_EVERY);
        let cancellations = scan.cancellations().to_vec();
        let mut refused: Vec<Option<NumberTooLarge>> = vec![None; indexes.len()];
        for page in scan.by_ref() {
            // The errors are in the reports.
            let Ok(page) = page else { continue };
            let (Some(install), Some(refused)) = (
                indexes.get(page.index).and_then(|index| self.fleet.installs().get(*index)),
                refused.get_mut(page.index),
            ) else {
                continue;
            };
            if refused.is_some() {
                continue;
            }
            for ticket in &page.tickets {
                match sync.record(install, ticket) {
                    Ok(record) => out.line(&record)?,
                    Err(error) => {
                        *refused = Some(error);
                        cancellations.get(page.index).inspect(|cancellation| cancellation.cancel());
                        break;
                    }
                }
            }
            if let (Some(cursor), None) = (page.cursor, refused.as_ref()) {
                sync.advance(install, cursor);
                out.state(&sync.state)?;
            }
        }
        let mut reports = scan.reports().to_vec();
        for (report, refused) in reports.iter_mut().zip(refused) {
            report.refused = refused.map(|error| error.to_string());
            sync.end(report);
        }
        if self.method == Method::FullTable && reports.iter().all(InstallReport::is_complete) {
            out.line(&json!({"type": "ACTIVATE_VERSION", "stream": STREAM, "version": sync.version}))?;
            sync.state.version = None;
            sync.state.clear_progress();
        }
        out.state(&sync.state)?;
        Ok(reports)
    }
}

/// A run in progress.
struct Sync<'a> {
    tap: &'a Tap,
    state: State,
    /// The version of a full run's records.
    version: i64,
    extracted: String,
    /// Replies dated later than this do not count as the newest.
    ahead: DateTime,
}

impl<'a> Sync<'a> {
    fn new(tap: &'a Tap) -> Sync<'a> {
        let now = Timestamp::now();
        let mut state = tap.state.clone();
        let is_full = tap.method == Method::FullTable;
        let version = state.version.filter(|_| is_full).unwrap_or_else(|| now.as_millisecond());
        state.version = is_full.then_some(version);
        Sync {
            tap,
            state,
            version,
            extracted: now.to_string(),
            ahead: TimeZone::UTC.to_datetime(now.checked_add(MAX_AHEAD_OF_UTC).unwrap_or(Timestamp::MAX)),
        }
    }

    /// The scans of the installs that this run has to read, and the indexes of these installs in the fleet.
    fn scans(&mut self) -> (Vec<usize>, Vec<(String, Scan)>) {
        let mut indexes = Vec::new();
        let mut scans = Vec::new();
        let tap = self.tap;
        for (index, install) in tap.fleet.installs().iter().enumerate() {
            let partition = self.state.partition(&install.name);
            let begun = partition.progress.take().filter(|progress| progress.method == tap.method);
            if let Some(done) = begun.as_ref().filter(|progress| progress.cursor.is_none()) {
                // The full run in progress has already read this install to its end.
                partition.progress = Some(done.clone());
                continue;
            }
            let since = match (tap.method, partition.bookmark) {
                (Method::FullTable, _) => None,
                (Method::Incremental, Some(bookmark)) => {
                    Some(bookmark.checked_sub(OVERLAP).unwrap_or(DateTime::MIN))
                }
                (Method::Incremental, None) => tap.start,
            };
            let resumed = begun.and_then(|progress| {
                let scan = configured(install, progress.since).resume(progress.cursor.as_deref()?).ok()?;
                Some((scan, progress))
            });
            let (scan, progress) = resumed.unwrap_or_else(|| {
                let scan = configured(install, since);
                let cursor = Some(Box::new(scan.cursor()));
                (scan, Progress { method: tap.method, since, newest: None, cursor })
            });
            partition.progress = Some(progress);
            indexes.push(index);
            scans.push((install.name.clone(), scan));
        }
        (indexes, scans)
    }

    /// The RECORD message of a ticket.
    fn record(&mut self, install: &Install, ticket: TicketRef<'_>) -> Result<Value, NumberTooLarge> {
        let row = Row::new(ticket, install.time_zone.as_ref(), install.access_keys)?;
        let partition = self.state.partition(&install.name);
        if let (Some(progress), Some(reply)) = (&mut partition.progress, ticket.lastreply())
            && reply <= self.ahead
        {
            progress.newest = progress.newest.max(Some(reply));
        }
        let value = |property: &Property| match property.cell.map(|column| row.cell_at(column)) {
            None => Value::from(install.name.as_str()),
            Some(Cell::Null) => Value::Null,
            Some(Cell::Integer(number)) => match property.kind {
                Type::Boolean => Value::Bool(number != 0),
                _ => number.into(),
            },
            Some(Cell::Text(text)) => match property.kind {
                Type::Json => serde_json::from_str(text).unwrap_or(Value::Null),
                Type::Utc => text.replacen(' ', "T", 1).into(),
                _ => text.into(),
            },
        };
        let record: Map<String, Value> =
            self.tap.properties.iter().map(|property| (property.name.clone(), value(property))).collect();
        let extracted = &self.extracted;
        Ok(match self.tap.method {
            Method::FullTable => json!({"type": "RECORD", "stream": STREAM, "record": record,
                "version": self.version, "time_extracted": extracted}),
            Method::Incremental => {
                json!({"type": "RECORD", "stream": STREAM, "record": record, "time_extracted": extracted})
            }
        })
    }

    /// Records the cursor at which the scan of an install continues.
    fn advance(&mut self, install: &Install, cursor: Box<Cursor>) {
        if let Some(progress) = &mut self.state.partition(&install.name).progress {
            progress.cursor = Some(cursor);
        }
    }

    /// Records how the scan of an install ended.
    fn end(&mut self, report: &InstallReport) {
        let method = self.tap.method;
        let partition = self.state.partition(&report.install);
        let Some(progress) = &mut partition.progress else { return };
        if !report.is_complete() {
            if let (Some(cursor), None) = (&report.cursor, &report.refused) {
                progress.cursor = Some(cursor.clone());
            }
            return;
        }
        partition.bookmark = partition.bookmark.max(progress.newest);
        match method {
            Method::FullTable => progress.cursor = None,
            Method::Incremental => partition.progress = None,
        }
    }
}

fn configured(install: &Install, since: Option<DateTime>) -> Scan {
    match since {
        Some(since) => install.scan().updated_since(since),
        None => install.scan(),
    }
}

/// Writes messages, one on each line.
struct Messages<'a> {
    out: &'a mut dyn Write,
}

impl Messages<'_> {
    fn line(&mut self, message: &Value) -> Result<(), TapError> {
        serde_json::to_writer(&mut *self.out, message).map_err(std::io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    fn schema(&mut self, properties: &[Property], method: Method) -> Result<(), TapError> {
        let bookmarks: &[&str] = match method {
            Method::FullTable => &[],
            Method::Incremental => &[REPLICATION_KEY],
        };
        self.line(&json!({
            "type": "SCHEMA",
            "stream": STREAM,
            "schema": schema(properties),
            "key_properties": KEYS,
            "bookmark_properties": bookmarks,
        }))
    }

    /// Writes a STATE message. The messages before it are flushed first, so that the state is never ahead of the
    /// records.
    fn state(&mut self, state: &State) -> Result<(), TapError> {
        self.line(&json!({"type": "STATE", "value": state.to_json()}))?;
        Ok(self.out.flush()?)
    }
}
