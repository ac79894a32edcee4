//! Writes the pages of the documentation site, and checks the links of the built site. `cargo xtask docs` runs it.
//!
//! The pages are the texts of `docs/src`, other Markdown files of the repository, and reference pages that are
//! generated from the code. `docs/README.md` describes how they are combined.

#![allow(clippy::print_stdout, reason = "a program that people run in a terminal")]

mod book;
mod generated;
mod html;
mod links;
mod markdown;
mod repository;
mod source;

use std::path::Path;
use std::process::ExitCode;

use crate::repository::Result;

const HELP: &str = "\
usage: gettickets-site write DIRECTORY    write the pages and SUMMARY.md
       gettickets-site check DIRECTORY    find dead links in the built site";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["write", directory] => write(Path::new(directory)),
        ["check", directory] => check(Path::new(directory)),
        _ => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(directory: &Path) -> Result<String> {
    let book = book::assemble()?;
    links::check(&book)?;
    book.write(directory)?;
    Ok(format!("{} pages in {}", book.pages.len(), directory.display()))
}

fn check(directory: &Path) -> Result<String> {
    let checked = html::check(directory)?;
    Ok(format!("checked {checked} links in {}: all targets exist", directory.display()))
}
