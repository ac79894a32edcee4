//! `gettickets mirror`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::duration;
use super::{ConnectionArgs, Profiles};

/// Copy tickets into a database, with what changed and what is gone
///
/// The tables are installs, tickets (the last state), changes (what changed from what to what, and when it was seen) and runs.
/// What a run writes of an install is one transaction: whatever ends the run early, each install keeps its last complete state. With
/// several profiles, each install is stored as soon as it has been read. Only one run at a time can work on a database; programs can
/// read it meanwhile.
///
/// A full run reads every ticket. Only a full run sees tickets that were closed, moved, flagged or deleted without a reply. The
/// runs between two full ones read the tickets that were opened or answered since the last run, which takes a request or two.
///
/// The exit code is 5 after a run that is not complete: what was read is stored, and no ticket is marked as gone.
#[derive(Debug, Args)]
pub(crate) struct MirrorArgs {
    /// Database: a SQLite file, which is created if it does not exist, or the address of a PostgreSQL database such as
    /// postgresql://USER@HOST/NAME. Give its password in PGPASSWORD: others can read arguments [env: DATABASE_URL]
    #[arg(value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// Run again and again, with this time from the beginning of one run to that of the next, such as 5m, until Ctrl-C. Each
    /// run reports on a line of stderr for each install
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) interval: Option<Duration>,
    /// Stop after this many runs
    #[arg(long, value_name = "N", requires = "interval", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Read every ticket in each run
    #[arg(long, conflicts_with = "full_every")]
    pub(crate) full: bool,
    /// Read every ticket if the last complete full run is this long ago, such as 24h
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub(crate) full_every: Duration,
    /// Include tickets of departments that the API user is not assigned to
    #[arg(long)]
    pub(crate) ignore_dept_assignments: bool,
    /// Store the tickets' access keys (c) too: whoever has a ticket's number and key can open it
    #[arg(long)]
    pub(crate) access_keys: bool,
    /// Name of the install in the database, where no profile is used [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How to report a run: text on stderr, or one JSON object on a line of stdout
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: MirrorFormat,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

/// The format of a run's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MirrorFormat {
    // The names say it all, and the help stays short.
    Text,
    Json,
}
