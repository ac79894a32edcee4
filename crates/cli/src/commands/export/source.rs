//! [`Source`]: the source of an export's pages.

use gettickets::{DateTime, Scan};
use gettickets_protocol::Tickets;
use serde_json::value::RawValue;

use crate::args::ExportArgs;
use crate::commands::scanning;
use crate::connect::Connection;
use crate::exit::Outcome;

/// Source of pages for an export. Implemented by the scan.
pub(super) trait Source {
    /// Returns the next page; `None` at the end.
    fn next_page(&mut self) -> Option<Outcome<Tickets>>;
    /// The position after the pages so far; `None` if the scan cannot be continued.
    fn cursor(&self) -> Option<Box<RawValue>>;
    /// Ends the progress display and prints the scan's report. Called after the last page or a failure.
    fn ended(&mut self);
    /// Fails if some tickets could not be read. Called after the last page.
    fn end(&self) -> Outcome;
    /// Whether every ticket was delivered except those that cannot be read. Called after a failure.
    fn lacks_unreadable_alone(&self) -> bool;
}

/// The scan of an install.
pub(super) fn scan_of(args: &ExportArgs, connection: &Connection, since: Option<DateTime>) -> Scan {
    let scan = scanning::configured(args.query.to_query().scan(&connection.client), &args.query.scan);
    match since {
        Some(since) => scan.updated_since(since).full(args.full),
        None => scan,
    }
}
