//! Runs a driver of the fault catalog, in C or Python, and compares what it reports: `gettickets-faults c PROGRAM [ARGUMENT…]`.

#![allow(clippy::print_stdout, reason = "a program that people run in a terminal")]

use std::process::{Command, ExitCode};

use gettickets_faults::driver::{self, Report};
use gettickets_faults::{Interface, catalog};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (interface, program) = match &arguments[..] {
        [interface, program @ ..] if interface == "c" => (Interface::C, program),
        [interface, program @ ..] if interface == "python" => (Interface::Python, program),
        [interface, program @ ..] if interface == "python-async" => (Interface::PythonAsync, program),
        _ => (Interface::C, &[][..]),
    };
    let Some((program, arguments)) = program.split_first() else {
        eprintln!("usage: gettickets-faults c|python|python-async PROGRAM [ARGUMENT...]");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let faults = catalog::all();
    let Report { problems, elapsed, memory } = driver::run(interface, &faults, command);
    println!("{} faults in {:.1} s, {memory} MiB of memory", faults.len(), elapsed.as_secs_f64());
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
