//! Whole jobs, from the first request to the last ticket: `cargo xtask bench scan`.
//!
//! The sandbox and the programs of each language run in separate processes, so that the CPU time of
//! clients and server can be distinguished. Candidates take turns, and every turn begins with a new client.

pub(crate) mod export;
mod jobs;
pub(crate) mod process;
pub(crate) mod report;
mod server;
pub(crate) mod usage;
mod worker;

use std::error::Error;

use crate::options::Options;
pub(crate) use report::Report;

/// Runs one of the helper programs of a measurement, if the arguments name one. The measurement itself starts them.
pub(crate) fn helper(args: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let (name, rest) = args.split_first()?;
    match name.as_str() {
        process::SERVER => Some(server::run(rest)),
        process::WORKER => Some(worker::run(rest)),
        process::MEASURED => Some(usage::run(rest)),
        _ => None,
    }
}

/// Measures every job.
pub(crate) fn fill(options: &Options) -> Result<Report, Box<dyn Error>> {
    jobs::measure(options)
}
