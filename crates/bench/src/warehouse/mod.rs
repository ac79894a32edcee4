//! Mirrors, fleets and lakes by the command line: `cargo xtask bench mirror fleet lake`.
//!
//! The sandboxes run in one process of their own, and each run of the command line in another, so that the CPU time of clients and
//! servers is known apart.

mod command;
mod fleet;
mod lake;
mod mirror;
#[path = "../../../warehouse/tests/it/server.rs"]
mod postgres_server;
mod report;
mod servers;

use std::error::Error;

use crate::options::Options;
pub(crate) use fleet::measure as fill_fleet;
pub(crate) use lake::measure as fill_lake;
pub(crate) use mirror::measure as fill_mirror;
pub(crate) use report::Report;

/// Tickets of a large install, without and with `--million`.
const TICKETS: u64 = 100_000;
const MILLION: u64 = 1_000_000;

/// How often each job is done; an option changes it. A million tickets take long, and their times vary little.
const TURNS: usize = 3;
const TURNS_OF_MILLION: usize = 1;

/// Runs the program of the servers, if the arguments name it.
pub(crate) fn helper(args: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let (name, rest) = args.split_first()?;
    (name == servers::SERVERS).then(|| servers::run(rest))
}

fn tickets(options: &Options) -> u64 {
    if options.million() { MILLION } else { TICKETS }
}

fn turns(options: &Options) -> usize {
    options.turns().unwrap_or(if options.million() { TURNS_OF_MILLION } else { TURNS })
}
