//! Runs a driver of the fault catalog, in C or Python, and compares what it reports: `gettickets-faults c PROGRAM [ARGUMENT…]`.

use std::process::{Command, ExitCode};

use gettickets_faults::{Interface, catalog, driver};

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
    let problems = driver::run(interface, &catalog::all(), command);
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
