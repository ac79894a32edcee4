//! `cargo xtask bench`: the release build of the bench crate, with the arguments passed on.

use crate::process::{Result, cargo};

pub(crate) fn run(args: &[String]) -> Result {
    let bench = cargo("run --release --quiet --package gettickets-bench --");
    args.iter().fold(bench, |bench, arg| bench.arg(arg)).run()
}
