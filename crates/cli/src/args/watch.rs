//! `gettickets watch`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::duration;
use super::{ConnectionArgs, WholeArgs};

/// Print new and changed tickets as they happen, until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) query: WholeArgs,
    /// Time between two looks, such as 30s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) interval: Duration,
    /// Look at every ticket that matches each time: sees closed, flagged and vanished ones too, at the price
    /// of more requests
    #[arg(long)]
    pub(crate) full: bool,
    /// Stop after this many looks
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// How to write what happens [default: lines on a terminal, ndjson on a pipe]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<WatchFormat>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// How to write what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchFormat {
    /// A line for people
    Lines,
    /// A JSON object on each line
    Ndjson,
}
