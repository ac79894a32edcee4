//! The `gettickets` program as a function, for the binary of this crate and for packages that ship the same
//! command.
//!
//! `args` defines the command line, and `commands` has the commands. The module [`profiles`] gives such packages access
//! to the profiles of the configuration file.

mod args;
mod commands;
mod connect;
mod exit;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod logging;
mod output;
pub mod profiles;
#[doc(hidden)]
pub mod reference;
mod similar;

use std::ffi::OsString;

use anstream::ColorChoice;
use clap::Parser;

use self::args::{Cli, ColorWhen, ErrorFormat};
use self::exit::{Exit, Failure};

/// Runs the program with these arguments, the first of which is the program's name, and returns its exit code.
///
/// It reads the environment, and writes to standard output and standard error. Commands that must clean up handle
/// Ctrl-C, and then end the process.
///
/// ```
/// assert_eq!(gettickets_cli::run(["gettickets", "--version"]), 0);
/// ```
pub fn run(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    if let Some(outcome) = commands::completions::answer(&args) {
        return exit::report(outcome);
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(message) => return not_parsed(&message, &args),
    };
    output::style::choose(match cli.global.color {
        ColorWhen::Auto => ColorChoice::Auto,
        ColorWhen::Always => ColorChoice::Always,
        ColorWhen::Never => ColorChoice::Never,
    });
    exit::configure(cli.global.quiet, cli.global.error_format == ErrorFormat::Json);
    logging::start(cli.global.verbose);
    files::report_size_limit();
    exit::report(commands::run(cli.command))
}

/// Prints help, the version, or the error of arguments that cannot be parsed.
fn not_parsed(message: &clap::Error, args: &[OsString]) -> u8 {
    // Parsing failed, so the option is searched for in the arguments.
    let asks_for_json = args.windows(2).any(|pair| pair == ["--error-format", "json"])
        || args.iter().any(|arg| arg == "--error-format=json");
    if message.use_stderr() && asks_for_json {
        exit::configure(false, true);
        let text = message.to_string();
        let text = text.trim().trim_start_matches("error: ");
        let (what, hint) = text.split_once("\n\n").unwrap_or((text, ""));
        return exit::report(Err(Failure::usage(what).hint(hint).code("usage")));
    }
    // An error is ignored: the output is closed.
    let _ = message.print();
    u8::try_from(message.exit_code()).unwrap_or(Exit::Usage as u8)
}
