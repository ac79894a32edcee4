//! `gettickets doctor`.

use clap::{Args, ValueEnum};

use super::ConnectionArgs;

/// Check the connection to the server step by step, and say what to do about each problem
///
/// The output holds nothing secret, so it can be pasted into a support request.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DoctorFormat,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// The output format of `doctor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// A line for each step, as it is done
    Text,
    /// One JSON document
    Json,
}
