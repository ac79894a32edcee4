//! `gettickets completions`.

use clap::Args;
use clap_complete::Shell;

/// Print what a shell needs to complete commands and flags.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}
