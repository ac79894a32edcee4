//! `gettickets decode`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gettickets_protocol::Version;

/// Decode a saved reply, offline.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// File with the reply: JSON, XML or name-value pairs; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What to make of it
    #[arg(long = "as", value_name = "FORMAT", default_value = "table")]
    pub(crate) format: DecodeAs,
    /// As a server of this version would send it: later fields are left out
    #[arg(long, value_name = "VERSION")]
    pub(crate) at: Option<Version>,
    /// Refuse a reply that departs from the documented shape
    #[arg(long)]
    pub(crate) strict: bool,
    /// Columns that the table may take [default: the terminal's; on a pipe as many as it takes]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(12..))]
    pub(crate) width: Option<u16>,
    /// Time zone of the install's clock, such as Europe/London, for ages [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// What to make of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodeAs {
    /// For people; fits the terminal, and is whole on a pipe
    Table,
    /// Canonical JSON: one document
    Json,
    /// Canonical JSON of a ticket on each line
    Ndjson,
    /// A column for each field; cells that a spreadsheet would run as formulas get an apostrophe in front
    Csv,
    /// JSON as a server sends it
    WireJson,
    /// XML as a server sends it
    WireXml,
    /// In which ways the reply departs from the documented shape, a line each
    Findings,
}
