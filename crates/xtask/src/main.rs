//! The chores of this repository: `cargo xtask help` lists them.
//!
//! Nothing but the standard library, so that a chore starts within seconds of a clean clone.

#![allow(clippy::print_stdout, reason = "a program that people run in a terminal")]

mod bench;
mod c;
mod dist;
mod process;
mod test;
mod tools;

use std::process::ExitCode;

use crate::process::Result;

/// A chore: its name on the command line, what it is for, and how to do it.
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

/// Every chore. A new one is a module and a row.
const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        about: "check everything, as CI does; `test --list` names the steps",
        run: test::run,
    },
    Chore {
        name: "bench",
        about: "measure whole jobs and decoding beside peers; see `bench --help`",
        run: bench::run,
    },
    Chore {
        name: "header",
        about: "write the C header from the sources; `header --check` only compares",
        run: c::header::run,
    },
    Chore {
        name: "install-c",
        about: "build the C library and install it below a prefix; `install-c --help` tells more",
        run: c::install::run,
    },
    Chore {
        name: "dist",
        about: "build the Python package as it is published: a wheel and a source distribution",
        run: dist::run,
    },
    Chore {
        name: "size-c",
        about: "measure the C library with and without its parts, and fail where it is too large",
        run: c::size::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        println!("{}", help());
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", help());
        return ExitCode::SUCCESS;
    }
    let outcome = match CHORES.iter().find(|chore| chore.name == name) {
        Some(chore) => (chore.run)(rest),
        None => Err(format!("{name:?} is no chore\n\n{}", help())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = "usage: cargo xtask CHORE [ARGUMENT…]\n".to_owned();
    for chore in CHORES {
        text.push_str(&format!("\n  {:9} {}", chore.name, chore.about));
    }
    text + "\n  help      this text"
}
