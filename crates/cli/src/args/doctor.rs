//! `gettickets doctor`.

use clap::Args;

use super::ConnectionArgs;

/// Check the way to the server step by step: what was seen, and what to do.
///
/// Nothing secret is in what it prints, so it can be pasted into a support request.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}
