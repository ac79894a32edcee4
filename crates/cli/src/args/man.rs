//! `gettickets man`.

use std::path::PathBuf;

use clap::Args;

/// Print the manual page, or write a page for every command into a directory
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Existing directory to write gettickets.1, gettickets-list.1 and the others into
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) dir: Option<PathBuf>,
}
