//! `gettickets completions`: prints the script for a shell, and answers the calls of that script.
//!
//! The script calls this program with GETTICKETS_COMPLETE set, so that profiles that were added later are
//! completed too.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{EnvCompleter, Shells};
use gettickets_protocol::{Priority, Status, StatusFilter};

use crate::args::{Cli, Column, CompletionsArgs};
use crate::connect::environment::Environment;
use crate::connect::profile;
use crate::exit::{Failure, Outcome};

/// The variable that makes the program return completions.
const VARIABLE: &str = "GETTICKETS_COMPLETE";

pub(crate) fn run(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    completer(args.shell.name())?.write_registration(
        VARIABLE,
        "gettickets",
        "gettickets",
        "gettickets",
        &mut script,
    )?;
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    Ok(out.flush()?)
}

/// Returns the completions that a shell requests. `None` for a normal run of the program.
pub(crate) fn answer(args: &[OsString]) -> Option<Outcome> {
    let shell = Environment::process().get(VARIABLE)?;
    let words = args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    Some(complete(&shell, words))
}

fn complete(shell: &str, words: Vec<OsString>) -> Outcome {
    let mut answer = Vec::new();
    let directory = std::env::current_dir().ok();
    completer(shell)?.write_complete(&mut command(), words, directory.as_deref(), &mut answer)?;
    let mut out = io::stdout().lock();
    out.write_all(&answer)?;
    Ok(out.flush()?)
}

fn completer(shell: &str) -> Outcome<&'static dyn EnvCompleter> {
    const SHELLS: Shells<'static> = Shells::builtins();
    SHELLS.0.iter().copied().find(|completer| completer.is(shell)).ok_or_else(|| {
        let names: Vec<&str> = SHELLS.names().collect();
        Failure::usage(format!("{VARIABLE} is not the name of a shell that can complete"))
            .hint(format!("The shells are {}", names.join(", ")))
    })
}

/// The command line with the possible values of its options.
fn command() -> Command {
    let mut root = Cli::command();
    let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        root = root.mut_subcommand(name, with_values);
    }
    root.build();
    root
}

fn with_values(command: Command) -> Command {
    let command = command.mut_args(with_candidates);
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, with_values))
}

fn with_candidates(arg: Arg) -> Arg {
    let candidates: fn() -> Vec<CompletionCandidate> = match arg.get_id().as_str() {
        "profile" => profiles,
        "status" => statuses,
        "waiting_status" => plain_statuses,
        "priority" => priorities,
        "time_zone" => zones,
        "columns" => columns,
        _ => return arg,
    };
    arg.add(ArgValueCandidates::new(candidates))
}

fn candidates(words: impl IntoIterator<Item = impl Into<OsString>>) -> Vec<CompletionCandidate> {
    words.into_iter().map(CompletionCandidate::new).collect()
}

/// The profiles of the configuration file; none if it cannot be read.
fn profiles() -> Vec<CompletionCandidate> {
    let environment = Environment::process();
    let configuration =
        profile::path(&environment).and_then(|path| profile::load(&path, &environment).ok()?);
    candidates(configuration.into_iter().flat_map(|configuration| configuration.profiles.into_keys()))
}

fn plain_statuses() -> Vec<CompletionCandidate> {
    candidates(Status::KNOWN.iter().map(|status| status.as_str().to_owned()))
}

fn statuses() -> Vec<CompletionCandidate> {
    let special = StatusFilter::SPECIAL.iter().map(|special| special.as_str().to_owned());
    plain_statuses().into_iter().chain(candidates(special)).collect()
}

fn priorities() -> Vec<CompletionCandidate> {
    candidates(Priority::KNOWN.iter().map(|priority| priority.as_str().to_owned()))
}

fn zones() -> Vec<CompletionCandidate> {
    candidates(jiff::tz::db().available().map(|name| name.as_str().to_owned()))
}

fn columns() -> Vec<CompletionCandidate> {
    candidates(Column::all().map(Column::name))
}
