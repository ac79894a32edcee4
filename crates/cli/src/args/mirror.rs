//! `gettickets mirror`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::connection::duration;
use super::{ConnectionArgs, Profiles};

/// Copy tickets into a database, and record what changed and what was removed
///
/// The tables are installs, tickets (the current state), changes (old value, new value, and when the change was seen)
/// and runs. A run stores each install in one transaction, as soon as its list has been read: if the run fails or is
/// interrupted, each install keeps its last complete state. Only one run at a time can write to a database; other
/// programs can read it meanwhile, except during the first run into a file.
///
/// A full run reads every ticket. Only a full run finds tickets that were closed, moved, flagged or deleted without a
/// reply. The runs between two full runs read the tickets that were opened or answered since the last run, in a request
/// or two.
///
/// The exit code is 5 after an incomplete run: the tickets that were read are stored, and no ticket is marked as
/// removed.
#[derive(Debug, Args)]
pub(crate) struct MirrorArgs {
    /// Database: a SQLite file, which is created if it does not exist, or the address of a PostgreSQL database such as
    /// postgresql://USER@HOST/NAME. Set its password in PGPASSWORD: other users can read arguments [env: DATABASE_URL]
    #[arg(value_name = "DATABASE")]
    pub(crate) database: Option<String>,
    /// Repeat until Ctrl-C, and start a run every TIME, such as 5m. Each run reports one line for each install on
    /// stderr
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
    /// Store the tickets' access keys (c) too: anyone who has a ticket's number and key can open it
    #[arg(long)]
    pub(crate) access_keys: bool,
    /// Name of the install in the database if no profile is used [default: main]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How to report a run: text on stderr, or a line with one JSON object on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: MirrorFormat,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

/// The format of a run's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MirrorFormat {
    // The names are self-explanatory, and the help stays short.
    Text,
    Json,
}
