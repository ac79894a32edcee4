//! The commands, one file each.
//!
//! A new command needs a file here with a `run`, a file in `args` with its arguments, a variant of [`Command`], an
//! arm below, and examples in `args/manual.rs`.

pub(crate) mod columns;
pub(crate) mod complete_scan;
pub(crate) mod completions;
mod decode;
mod doctor;
mod export;
mod list;
pub(crate) mod man;
pub(crate) mod mirror;
mod profiles;
pub(crate) mod reply_hints;
mod request;
mod sandbox;
mod saved;
pub(crate) mod scanning;
mod singer;
mod stats;
mod status_typo;
mod watch;

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
