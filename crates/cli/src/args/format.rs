//! The formats that tickets are written in.

use clap::{Args, ValueEnum};

/// A format for tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; fits the terminal, and is whole on a pipe
    Table,
    /// Canonical JSON: one document
    Json,
    /// Canonical JSON of a ticket on each line
    Ndjson,
    /// A column for each field; cells that a spreadsheet would run as formulas get an apostrophe in front
    Csv,
}

/// How to write tickets.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FormatArgs {
    /// How to write the tickets
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,
    /// Columns that the table may take [default: the terminal's; on a pipe as many as it takes]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(12..))]
    pub(crate) width: Option<u16>,
}
