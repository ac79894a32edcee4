//! The formats that tickets are written in.

use clap::{Args, ValueEnum};

/// A format for tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table that fits the terminal; on a pipe all columns in full width
    Table,
    /// Canonical JSON: one document
    Json,
    /// One ticket on each line, as canonical JSON
    Ndjson,
    /// A column for each field; formulas are prefixed with an apostrophe
    Csv,
}

/// The output format.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,
    /// Width of the table in characters [default: the terminal's; unlimited on a pipe]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(12..))]
    pub(crate) width: Option<u16>,
}
