//! `gettickets decode`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gettickets_protocol::Version;

/// Decode saved replies, offline
///
/// Reads JSON, XML and name-value pairs from a server, and every format of an export: JSON, NDJSON, CSV, Parquet and
/// Arrow. Text may be UTF-8 or UTF-16, plain or compressed with gzip or Zstandard.
#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// Files with replies, or directories of such files; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Format of the output
    #[arg(long = "as", value_name = "FORMAT", default_value = "table")]
    pub(crate) format: DecodeAs,
    /// Show the reply as a server of this version would send it: fields of later versions are left out
    #[arg(long, value_name = "VERSION")]
    pub(crate) at: Option<Version>,
    /// Fail if a reply deviates from the documented format
    #[arg(long)]
    pub(crate) strict: bool,
    /// Width of the table in characters [default: the terminal's; unlimited on a pipe]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(12..))]
    pub(crate) width: Option<u16>,
    /// Time zone of the install's clock, such as Europe/London, for ages [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
}

/// An output format of `decode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecodeAs {
    /// A table that fits the terminal; complete on a pipe
    Table,
    /// Canonical JSON: one document for each file
    Json,
    /// Canonical JSON of a ticket on each line
    Ndjson,
    /// A column for each field; formulas are prefixed with an apostrophe
    Csv,
    /// JSON as a server sends it
    WireJson,
    /// XML as a server sends it
    WireXml,
    /// How the reply deviates from the documented format, a line for each deviation
    Findings,
}
