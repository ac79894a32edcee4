//! The `gettickets` program; the library of this crate is all of it.

use std::process::ExitCode;

fn main() -> ExitCode {
    gettickets_cli::run(std::env::args_os()).into()
}
