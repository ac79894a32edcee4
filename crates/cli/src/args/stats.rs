//! `gettickets stats`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, Profiles, ScanQueryArgs};

/// Chart the tickets by status, priority, department, age and week, and list those that have waited the longest
///
/// Percentages are rounded so that they add up to 100. A day is 24 hours.
///
/// With several profiles the installs are read concurrently, and each has its own figures, because departments,
/// statuses and clocks differ between installs. An install that fails does not stop the others.
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// How to write the figures
    #[arg(long, value_name = "FORMAT", default_value = "charts")]
    pub(crate) format: StatsFormat,
    /// Write an HTML page to this file; - for standard output. The page loads no other files. With several profiles
    /// {install} is replaced by the name of each
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Read the tickets from this file instead of a server: an export in any format, a saved reply, or a directory of
    /// them; - for standard input. May be given several times; each ticket of an install counts once
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "limitnum", "deptid", "clientid", "email", "status", "subject", "ignore_dept_assignments",
            "sandbox", "url", "profile", "all_profiles", "local_api",
        ],
    )]
    pub(crate) from: Vec<PathBuf>,
    /// Status of tickets that wait for an answer; may be given several times [default: Open and Customer-Reply]
    #[arg(long, value_name = "STATUS")]
    pub(crate) waiting_status: Vec<String>,
    #[command(flatten)]
    pub(crate) query: ScanQueryArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

/// How to write the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatsFormat {
    /// Bars for the terminal
    Charts,
    /// One JSON document
    Json,
}
