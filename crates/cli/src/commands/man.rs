//! `gettickets man`: manual pages, from the same definitions as the help.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};

use crate::args::{Cli, ManArgs};
use crate::exit::{Failure, Outcome};

pub(crate) fn run(args: &ManArgs) -> Outcome {
    let mut root = Cli::command();
    root.build();
    let Some(directory) = &args.dir else {
        let mut out = io::stdout().lock();
        out.write_all(&page(&root)?)?;
        return Ok(out.flush()?);
    };
    fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    write(directory, &root)?;
    root.get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write(directory, command))
}

fn write(directory: &Path, command: &Command) -> Outcome {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = directory.join(format!("{name}.1"));
    fs::write(&path, page(command)?).map_err(|error| unwritable(&path, &error))
}

fn page(command: &Command) -> Outcome<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{} cannot be written: {error}", path.display()))
}
