//! `gettickets singer`.

use std::path::PathBuf;

use clap::Args;

use super::{ConnectionArgs, Profiles};

/// Write tickets as messages of Singer, for a target to load
///
/// The stream is `tickets`, with the keys install and id. It is a full table unless the catalog selects the method
/// INCREMENTAL. A full run ends with ACTIVATE_VERSION if the scan of every install was proved complete, so a target sees which
/// tickets are gone; an incremental run sees only tickets that were opened or answered. Bookmarks move at the end of a
/// complete run, and an interrupted run continues from its last state.
///
/// The installs are those of the configuration of --config, or of profiles. Access keys (c) are left out unless the
/// configuration has access_keys.
#[derive(Debug, Args)]
pub(crate) struct SingerArgs {
    /// Configuration as JSON; --about lists its settings. It may hold credentials, so only you should be able to read it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// State that the target returned after the last run
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Catalog of --discover with what is selected; everything is selected without one
    #[arg(long, visible_alias = "properties", value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Write the catalog and end
    #[arg(long, conflicts_with_all = ["about", "test", "catalog"])]
    pub(crate) discover: bool,
    /// Write what the tap is, can do and can be configured with, as JSON, and end
    #[arg(long, conflicts_with = "test")]
    pub(crate) about: bool,
    /// Request one ticket of each install, report on stderr whether that works, and end
    #[arg(long)]
    pub(crate) test: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}
