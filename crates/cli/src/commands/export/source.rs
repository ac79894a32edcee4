//! [`Source`]: where an export takes its pages from, and the scan behind it.

use gettickets::{DateTime, Scan};
use gettickets_protocol::Tickets;
use serde_json::value::RawValue;

use crate::args::ExportArgs;
use crate::commands::scanning;
use crate::connect::Connection;
use crate::exit::Outcome;

/// Source of pages for an export. Implemented by the scan.
pub(super) trait Source {
    /// The next page; `None` at the end.
    fn next_page(&mut self) -> Option<Outcome<Tickets>>;
    /// The position after the pages so far; `None` where the scan cannot be continued.
    fn cursor(&self) -> Option<Box<RawValue>>;
    /// After the last page or a failure: ends the progress and prints what the scan's report says.
    fn ended(&mut self);
    /// After the last page: an error where some tickets could not be read.
    fn end(&self) -> Outcome;
    /// After a failure: whether all tickets were delivered but those that cannot be read.
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
