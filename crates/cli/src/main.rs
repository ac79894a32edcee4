//! The `gettickets` program; the library of this crate is all of it.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: gettickets_alloc::LargePages = gettickets_alloc::LargePages;

fn main() -> ExitCode {
    gettickets_cli::run(std::env::args_os()).into()
}
