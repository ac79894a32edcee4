//! `gettickets stats`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, WholeArgs};

/// Chart the tickets: by status, priority, department, age and week, and those that wait the longest
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// How to write the figures
    #[arg(long, value_name = "FORMAT", default_value = "charts")]
    pub(crate) format: StatsFormat,
    /// Write a page for a browser into this file; it needs nothing beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// A status that waits for an answer; may be given again [default: Open and Customer-Reply]
    #[arg(long, value_name = "STATUS")]
    pub(crate) waiting_status: Vec<String>,
    #[command(flatten)]
    pub(crate) query: WholeArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// How to write the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatsFormat {
    /// Bars for the terminal
    Charts,
    /// One JSON document
    Json,
}
