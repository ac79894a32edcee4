//! The commands, one file each.
//!
//! A new command is a file here with a `run`, a file in `args` with its arguments, a variant of [`Command`], an
//! arm below, and its examples in `args/manual.rs`.

pub(crate) mod columns;
pub(crate) mod completions;
mod decode;
mod doctor;
pub(crate) mod explain;
mod export;
mod list;
mod man;
mod mirror;
mod misspelt;
mod profiles;
mod request;
mod sandbox;
mod saved;
pub(crate) mod scanning;
mod singer;
mod stats;
mod watch;
pub(crate) mod whole;

#[cfg(feature = "fuzzing")]
pub(crate) use self::export::rewritten_checkpoint;
#[cfg(feature = "fuzzing")]
pub(crate) use self::watch::rewritten_state;
use crate::args::Command;
use crate::exit::Outcome;

/// Runs a command.
pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::List(args) => list::run(&args),
        Command::Export(args) => export::scan::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Mirror(args) => mirror::run(&args),
        Command::Singer(args) => singer::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Request(args) => request::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Profiles(args) => profiles::run(&args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
