//! The `gettickets` program. What it can be told is under `args`, what it does under `commands`.

mod args;
mod commands;
mod connect;
mod exit;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    output::style::choose(cli.global.color);
    logging::start(cli.global.verbose);
    exit::report(commands::run(cli.command))
}
