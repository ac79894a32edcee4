//! The definition of the command line, for the crate that generates the documentation. Not part of the public
//! interface.

use clap::Command;
use gettickets::Error;
use gettickets_warehouse::MirrorErrorKind;

use crate::args::manual;
use crate::commands::{man, mirror};
use crate::connect::{exit_of, option_of};
use crate::exit::Exit;

/// The environment variables that the program reads, with their meaning. A row may have several, separated by commas.
pub const ENVIRONMENT: &[(&str, &str)] = &manual::ENVIRONMENT;

/// The description of the configuration file, as preformatted text.
pub const FILES: &str = manual::FILES;

/// The program with all of its commands.
pub fn program() -> Command {
    man::built()
}

/// The commands that have a page: the program itself and every command, also nested ones.
pub fn commands(program: &Command) -> Vec<&Command> {
    man::pages(program)
}

/// The name of a command's page, such as `gettickets-list`.
pub fn page_name(command: &Command) -> &str {
    man::name(command)
}

/// The examples of a command, or of the whole program if `command` is empty: the line to type, and what it does.
pub fn examples(command: &str) -> Vec<(&'static str, &'static str)> {
    manual::examples_of(command).collect()
}

/// The exit codes with their meaning.
pub fn exit_codes() -> Vec<(u8, &'static str)> {
    Exit::MEANINGS.iter().map(|(exit, meaning)| (*exit as u8, *meaning)).collect()
}

/// The exit code of a command that fails with this error.
pub fn exit_code(error: &Error) -> u8 {
    exit_of(error.kind()) as u8
}

/// The exit code of a run of `mirror` that fails in this way.
pub fn mirror_exit_code(kind: MirrorErrorKind) -> u8 {
    mirror::exit_of(kind) as u8
}

/// The option for a setting that a hint names in parentheses.
pub fn option(setting: &str) -> Option<&'static str> {
    option_of(setting)
}
