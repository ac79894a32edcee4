//! `gettickets watch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::duration;
use super::{ConnectionArgs, ScanQueryArgs};

/// Print new and changed tickets until Ctrl-C
///
/// Events are opened, entered (an older ticket that matches now), replied, changed and gone (no longer matches; only
/// with --full). An event has the ticket without its access key, the changed fields with old and new values, and an id.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) query: ScanQueryArgs,
    /// Time between two polls, such as 30s or 5m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) interval: Duration,
    /// Read all matching tickets in each poll. This also finds tickets that were closed, flagged or deleted, and needs
    /// more requests
    #[arg(long)]
    pub(crate) full: bool,
    /// Stop after this many polls
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Format of the events [default: lines on a terminal, ndjson on a pipe]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<WatchFormat>,
    /// Keep the state in this file, so that no event is missed after a restart. Each watch needs its own file
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Run this command through the shell for each event, with the event as JSON on its standard input, and in
    /// GETTICKETS_EVENT, GETTICKETS_EVENT_ID and GETTICKETS_TICKET_ID; it may run for 60 seconds
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// Post each event as JSON to this URL, signed with HMAC-SHA256 according to Standard Webhooks. Failed deliveries
    /// are retried. Set the signing secret in GETTICKETS_WEBHOOK_SECRET or --webhook-secret-file
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,
    /// File with the signing secret for --webhook, at least 16 bytes
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub(crate) webhook_secret_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// The format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchFormat {
    /// A line of text
    Lines,
    /// A JSON object on each line
    Ndjson,
}
