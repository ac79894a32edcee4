//! The tasks of this repository; `cargo xtask help` lists them.
//!
//! Besides the standard library it uses only `serde_json`, so that a task starts within seconds of a clean clone.

#![allow(clippy::print_stdout, reason = "a program that people run in a terminal")]

mod bench;
mod c;
mod coverage;
mod dist;
mod docs;
mod files;
mod fuzz;
mod grouped;
mod modules;
mod mutants;
mod package;
mod process;
mod test;
mod tools;
mod words;
mod written;

use std::process::ExitCode;

use crate::process::Result;

/// A task: its name on the command line, its purpose, and its function.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result,
}

/// Every task. A new one is a module and a row.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        about: "check everything, as CI does; `test --list` names the steps",
        run: test::run,
    },
    Task { name: "bench", about: "compare with peers; see `bench --help`", run: bench::run },
    Task { name: "fuzz", about: "build and run the fuzz targets; see `fuzz --help`", run: fuzz::run },
    Task {
        name: "mutants",
        about: "find code changes that no test detects; see `mutants --help`",
        run: mutants::run,
    },
    Task {
        name: "coverage",
        about: "show which lines the tests run; see `coverage --help`",
        run: coverage::run,
    },
    Task {
        name: "package",
        about: "check what is published: metadata, API, features, versions; see `package --help`",
        run: package::run,
    },
    Task {
        name: "header",
        about: "write the C header from the sources; `header --check` only compares",
        run: c::header::run,
    },
    Task {
        name: "install-c",
        about: "build the C library and install it below a prefix; see `install-c --help`",
        run: c::install::run,
    },
    Task {
        name: "dist",
        about: "build the Python package for release: a wheel and a source distribution",
        run: dist::run,
    },
    Task { name: "docs", about: "build the documentation site; see `docs --help`", run: docs::run },
    Task { name: "modules", about: "find files of a crate that import each other", run: modules::run },
    Task { name: "words", about: "find wording to avoid; `words --count` counts it", run: words::run },
    Task {
        name: "size-c",
        about: "measure the C library with and without its parts; fail if it is too large",
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
    let outcome = match TASKS.iter().find(|task| task.name == name) {
        Some(task) => (task.run)(rest),
        None => Err(format!("unknown task {name:?}\n\n{}", help())),
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
    let mut text = "usage: cargo xtask TASK [ARGUMENT…]\n".to_owned();
    for task in TASKS {
        text.push_str(&format!("\n  {:9} {}", task.name, task.about));
    }
    text + "\n  help      this text"
}
