//! `gettickets list`.

use clap::Args;
use gettickets_protocol::{GetTickets, StatusFilter};

use super::query::{FilterArgs, PageArgs, status};
use super::{Column, ConnectionArgs, FormatArgs, Profiles, Query, ScanArgs, Since, SortKey};

/// List tickets: one page, or all of them with --all
///
/// This program applies the filters, sorting and limits that are marked (local) to the tickets that the server
/// returned; without --all these are the tickets of one page.
///
/// With several profiles the installs are read concurrently, and the tickets have a column `install`. An install that
/// fails does not stop the others: stderr has its error, and the exit code is the highest of all installs.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    page: PageArgs,
    /// Only tickets of this status, or 'Awaiting Reply', 'All Active Tickets' or 'My Flagged Tickets'; may be given
    /// several times: each ticket is listed once
    #[arg(long, value_name = "STATUS", help_heading = "Tickets", value_parser = status)]
    pub(crate) status: Vec<StatusFilter>,
    #[command(flatten)]
    filter: FilterArgs,
    /// List all matching tickets instead of one page; --limitnum is then the largest number per request
    #[arg(long, help_heading = "Tickets", conflicts_with = "limitstart")]
    pub(crate) all: bool,
    /// List all tickets opened or answered since this time in the install's time zone: 2026-01-31, '2026-01-31
    /// 12:30:00', 7d, 12h, today or yesterday
    #[arg(long, value_name = "WHEN", help_heading = "Tickets", conflicts_with = "limitstart")]
    pub(crate) updated_since: Option<Since>,
    /// Only tickets of this priority; may be given several times (local)
    #[arg(long, value_name = "PRIORITY", help_heading = "Tickets", value_parser = priority)]
    pub(crate) priority: Vec<String>,
    /// Only tickets flagged to this admin, by id or by a name in the profile; 0 for unflagged tickets (local)
    #[arg(long, value_name = "ADMIN", help_heading = "Tickets")]
    pub(crate) flag: Option<String>,
    /// List at most this many tickets (local)
    #[arg(long, value_name = "N", help_heading = "Tickets", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Sort by these fields, such as -lastreply,id; - for descending order (local)
    #[arg(
        long,
        value_name = "FIELDS",
        help_heading = "Output",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) sort: Vec<SortKey>,
    /// Columns or JSON keys to write, such as id,tid,subject_text,lastreply_utc
    #[arg(long, value_name = "COLUMNS", help_heading = "Output", value_delimiter = ',')]
    pub(crate) columns: Vec<Column>,
    /// Write times in UTC, by --time-zone: in the table instead of ages, elsewhere as date_utc and lastreply_utc
    /// after the other fields
    #[arg(long, help_heading = "Output")]
    pub(crate) utc: bool,
    /// Decode HTML entities in texts, as subject_text and so on after the other fields; the table always does
    #[arg(long, help_heading = "Output")]
    pub(crate) decoded_text: bool,
    /// Read the whole list even with --updated-since, and do not stop where older tickets begin
    #[arg(long, help_heading = "Scan", requires = "updated_since")]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
    #[command(flatten)]
    pub(crate) format: FormatArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

fn priority(word: &str) -> Result<String, String> {
    match word.trim() {
        "" => Err("expected a priority such as High".to_owned()),
        word => Ok(word.to_owned()),
    }
}

impl ListArgs {
    /// Whether all matching tickets are read, rather than one page for each status.
    pub(crate) fn reads_all(&self) -> bool {
        self.all || self.updated_since.is_some()
    }

    /// Whether times are written in UTC.
    pub(crate) fn has_utc(&self) -> bool {
        self.utc || self.columns.iter().any(|column| matches!(column, Column::Utc(_)))
    }

    /// The query of these arguments.
    pub(crate) fn to_query(&self) -> Query {
        let PageArgs { limitstart, limitnum } = self.page;
        Query::new(GetTickets { limitstart, limitnum, ..self.filter.to_request() }, &self.status)
    }
}
