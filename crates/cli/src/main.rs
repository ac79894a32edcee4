//! The `gettickets` program. All of it is in the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    gettickets_cli::run(std::env::args_os()).into()
}
