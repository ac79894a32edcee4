//! `gettickets man`: manual pages, from the same definitions as the help.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::{Cli, ManArgs, manual};
use crate::exit::{Exit, Failure, Outcome};

pub(crate) fn run(args: &ManArgs) -> Outcome {
    let root = built();
    let pages = pages(&root);
    let Some(directory) = &args.dir else {
        let mut out = io::stdout().lock();
        out.write_all(&page(&root, &root, &pages)?)?;
        return Ok(out.flush()?);
    };
    if !directory.is_dir() {
        return Err(Failure::usage(format!("{} is not an existing directory", directory.display()))
            .hint("Create it first, or name another with --dir"));
    }
    pages.iter().try_for_each(|command| {
        let path = directory.join(format!("{}.1", name(command)));
        fs::write(&path, page(&root, command, &pages)?).map_err(|error| unwritable(&path, &error))
    })
}

/// The definition of the program, complete.
pub(crate) fn built() -> Command {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

/// The commands that have a page: the program itself and all commands, including nested ones.
pub(crate) fn pages(root: &Command) -> Vec<&Command> {
    let mut pages = vec![root];
    let mut next = 0;
    while let Some(command) = pages.get(next).copied() {
        next += 1;
        let documented = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set() && command.get_name() != "help");
        pages.extend(documented);
    }
    pages
}

/// The name of a command's page, such as `gettickets-list`.
pub(crate) fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(root: &Command, command: &Command, pages: &[&Command]) -> Outcome<Vec<u8>> {
    let version = root.get_version().unwrap_or_default();
    let man = Man::new(command.clone())
        .title(name(command).to_ascii_uppercase())
        .source(format!("gettickets {version}"))
        .manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let is_root = command.get_name() == root.get_name();
    let of = if is_root { "" } else { command.get_name() };
    common_sections(of, command, pages).to_writer(&mut page)?;
    Ok(page)
}

/// EXAMPLES, ENVIRONMENT, FILES, EXIT STATUS and SEE ALSO.
fn common_sections(of: &str, command: &Command, pages: &[&Command]) -> Roff {
    let mut roff = Roff::default();
    let examples: Vec<(&str, &str)> = manual::examples_of(of).collect();
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        for (line, meaning) in examples {
            roff.control("TP", []).text([bold(line)]).text([roman(meaning)]);
        }
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in manual::ENVIRONMENT {
        roff.control("TP", []).text([bold(name)]).text([roman(meaning)]);
    }
    roff.control("SH", ["FILES"]);
    roff.control("nf", []);
    for line in manual::FILES.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, meaning) in Exit::MEANINGS {
        roff.control("TP", []).text([bold((exit as u8).to_string())]).text([roman(meaning)]);
    }
    let others: Vec<String> = pages
        .iter()
        .filter(|other| name(other) != name(command))
        .map(|other| format!("{}(1)", name(other)))
        .collect();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(others.join(", "))]);
    roff
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::of_file(path, error).hint("Check who may write into the directory, and the space left there")
}
