//! `gettickets singer`.

use std::path::PathBuf;

use clap::Args;

use super::{ConnectionArgs, Profiles};

/// Write tickets as Singer messages, for a target to load
///
/// The stream is `tickets`, with the keys install and id. The replication method is FULL_TABLE unless the catalog
/// selects INCREMENTAL. A full run ends with ACTIVATE_VERSION if the scan of every install is complete, so that a
/// target can remove deleted tickets; an incremental run reads only tickets that were opened or answered. Bookmarks
/// advance at the end of a complete run, and an interrupted run continues from its last state.
///
/// The installs are those of the --config file, or of profiles. Access keys (c) are left out unless the configuration
/// sets access_keys.
#[derive(Debug, Args)]
pub(crate) struct SingerArgs {
    /// Configuration as JSON; --about lists its settings. It may hold credentials, so only you should be able to read
    /// it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// State that the target returned after the last run
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Catalog from --discover, with the selected streams and fields [default: everything]
    #[arg(long, visible_alias = "properties", value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Write the catalog and exit
    #[arg(long, conflicts_with_all = ["about", "test", "catalog"])]
    pub(crate) discover: bool,
    /// Write the tap's name, capabilities and settings as JSON, and exit
    #[arg(long, conflicts_with = "test")]
    pub(crate) about: bool,
    /// Request one ticket of each install, report the result on stderr, and exit
    #[arg(long)]
    pub(crate) test: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}
