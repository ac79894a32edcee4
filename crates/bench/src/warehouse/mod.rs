//! Measures mirrors, fleets and lakes with the command line: `cargo xtask bench mirror fleet lake`.
//!
//! The sandboxes share one separate process, and each run of the command line is another process, so that the CPU times
//! of clients and servers are measured separately.

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

/// The number of tickets of a large install, and of a very large one with `--million`.
const TICKETS: u64 = 100_000;
const MILLION: u64 = 1_000_000;

/// The default number of repetitions of each job. With a million tickets it is lower, because they take long and their
/// times vary little.
const TURNS: usize = 3;
const TURNS_OF_MILLION: usize = 1;
const QUICK_TURNS: usize = 2;

/// Runs the servers, if the arguments request them.
pub(crate) fn helper(args: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let (name, rest) = args.split_first()?;
    (name == servers::SERVERS).then(|| servers::run(rest))
}

/// The sizes of large installs, with the number of repetitions for each.
fn installs(options: &Options) -> Vec<(u64, usize)> {
    let mut installs = vec![(TICKETS, options.turns(QUICK_TURNS, TURNS))];
    installs.extend(options.million().then(|| (MILLION, options.turns(QUICK_TURNS, TURNS_OF_MILLION))));
    installs
}
