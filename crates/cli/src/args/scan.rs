//! Options of the commands that read all matching tickets.

use clap::Args;
use gettickets::Scan;

/// How to read all matching tickets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Scan")]
pub(crate) struct ScanArgs {
    /// Largest number of requests in flight [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=Scan::MAX_CONCURRENCY as i64))]
    pub(crate) jobs: Option<u16>,
    /// Continue without tickets that the server cannot send; they are reported, and the exit code is 5
    #[arg(long)]
    pub(crate) skip_unreadable: bool,
    /// Accept that the server counts more tickets than it sends, and print a warning instead of an error
    #[arg(long)]
    pub(crate) allow_count_mismatch: bool,
    /// Fail when more requests than this would be needed [default: 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,
    /// Fail when more tickets than this match
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_tickets: Option<u64>,
}
