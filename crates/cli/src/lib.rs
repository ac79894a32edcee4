//! The `gettickets` program as a function, for the binary of this crate and for packages that bring the
//! same command along.
//!
//! What it can be told is under `args`, what it does under `commands`.

mod args;
mod commands;
mod connect;
mod exit;
mod files;
mod logging;
mod output;

use std::ffi::OsString;

use clap::Parser;

/// Runs the program with these arguments, the first of which is its own name, and gives its exit code.
///
/// It reads the environment and writes to standard output and standard error. A command that has something to
/// put in order takes Ctrl-C, and ends the process then.
///
/// ```
/// assert_eq!(gettickets_cli::run(["gettickets", "--version"]), 0);
/// ```
pub fn run(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let cli = match args::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Help and the version are what was asked for; they come this way too, with their own exit code.
        Err(message) => {
            // Nobody is left to be told where the output is gone.
            let _ = message.print();
            return u8::try_from(message.exit_code()).unwrap_or(exit::Exit::Usage as u8);
        }
    };
    output::style::choose(cli.global.color);
    logging::start(cli.global.verbose);
    files::report_size_limit();
    exit::report(commands::run(cli.command))
}
