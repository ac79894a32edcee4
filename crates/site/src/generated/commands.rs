//! Generates a page for each command of the program from its clap definition.

use std::fmt::Write;

use clap::{Arg, Command};
use gettickets_cli::reference;

use super::page::Page;
use crate::markdown::{self, code, prose};

/// The heading for options that have no heading in the help.
const OPTIONS: &str = "Options";

/// The pages of all commands, nested ones included.
pub(super) fn pages() -> Vec<Page> {
    let program = reference::program();
    let commands = reference::commands(&program);
    commands
        .iter()
        .filter(|command| command.get_name() != program.get_name())
        .map(|command| Page { path: path(command), text: page(&program, command) })
        .collect()
}

/// A table of the commands, with links to their pages.
pub(super) fn table() -> String {
    let program = reference::program();
    let rows = program.get_subcommands().filter(|command| has_page(&program, command)).map(|command| {
        let name = command.get_name();
        [format!("[{}]({})", code(name), file(command)), about(command)]
    });
    markdown::table(["command", "what it does"], rows)
}

fn has_page(program: &Command, command: &Command) -> bool {
    reference::commands(program)
        .iter()
        .any(|other| reference::page_name(other) == reference::page_name(command))
}

/// The name of the file of a command's page, such as `profiles-init.md`.
fn file(command: &Command) -> String {
    format!("{}.md", reference::page_name(command).trim_start_matches("gettickets-"))
}

fn path(command: &Command) -> String {
    format!("commands/{}", file(command))
}

/// The first paragraph of a command's description.
fn about(command: &Command) -> String {
    prose(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

fn page(program: &Command, command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut text = format!("# {}\n\n", code(name));
    let description = command.get_long_about().or(command.get_about());
    for paragraph in description.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}\n\n", prose(paragraph));
    }
    let usage = command.clone().render_usage().to_string();
    let _ = write!(text, "```text\n{}\n```\n\n", usage.trim_start_matches("Usage: ").trim());
    text += &examples(program, command);
    text += &nested(command);
    for heading in headings(command) {
        let _ = write!(text, "## {heading}\n\n");
        for argument in shown(command).filter(|argument| heading_of(argument) == heading) {
            text += &definition(argument);
        }
    }
    text + "See also: [environment variables, the configuration file and exit codes](../reference/environment.md).\n"
}

/// Returns the section of a command's examples. The examples of a nested command are on the page of its parent.
fn examples(program: &Command, command: &Command) -> String {
    let is_nested = !program.get_subcommands().any(|other| other.get_name() == command.get_name());
    let examples = reference::examples(command.get_name());
    if is_nested || examples.is_empty() {
        return String::new();
    }
    let mut text = "## Examples\n\n```sh\n".to_owned();
    for (line, meaning) in examples {
        let _ = write!(text, "# {meaning}\n{line}\n");
    }
    text + "```\n\n"
}

/// Returns the section that lists the nested commands of a command, with links.
fn nested(command: &Command) -> String {
    let commands: Vec<&Command> = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
        .collect();
    if commands.is_empty() {
        return String::new();
    }
    let rows = commands
        .into_iter()
        .map(|command| [format!("[{}]({})", code(command.get_name()), file(command)), about(command)]);
    format!("## Commands\n\n{}\n", markdown::table(["command", "what it does"], rows))
}

/// The arguments that the help shows, without `--help` itself.
fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
}

fn heading_of(argument: &Arg) -> &str {
    match argument.get_help_heading() {
        Some(heading) => heading,
        None if argument.is_positional() => "Arguments",
        None => OPTIONS,
    }
}

/// The headings of a command's arguments, in the order of the page.
fn headings(command: &Command) -> Vec<&str> {
    let mut headings: Vec<&str> = Vec::new();
    for argument in shown(command) {
        let heading = heading_of(argument);
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    // Arguments come first, and the options that every command has come last.
    headings.sort_by_key(|heading| match *heading {
        "Arguments" => 0,
        OPTIONS => 1,
        "Global" => 3,
        _ => 2,
    });
    headings
}

/// Returns an argument as an entry of a definition list.
fn definition(argument: &Arg) -> String {
    let mut text = format!("{}\n:   ", code(&spelled(argument)));
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    text += &help.split("\n\n").map(prose).collect::<Vec<_>>().join("\n\n    ");
    let takes_value = argument.get_action().takes_values();
    let values = argument.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
    if takes_value && !values.is_empty() && !argument.is_hide_possible_values_set() {
        if values.iter().any(|value| value.get_help().is_some()) {
            text.push('\n');
            for value in values {
                let help = value
                    .get_help()
                    .map(|help| format!(": {}", prose(&help.to_string())))
                    .unwrap_or_default();
                let _ = write!(text, "\n    - {}{help}", code(value.get_name()));
            }
            text.push('\n');
        } else {
            let names: Vec<String> = values.iter().map(|value| code(value.get_name())).collect();
            let _ = write!(text, ". One of {}", names.join(", "));
        }
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
    if takes_value && !defaults.is_empty() && !argument.is_hide_default_value_set() {
        let _ = write!(text, "\n\n    Default: {}", defaults.join(", "));
    }
    text + "\n\n"
}

/// Returns an argument as it is typed, such as `-v, --verbose...` or `--limitnum <N>`.
fn spelled(argument: &Arg) -> String {
    // The same text as in the help, without colors.
    let shown = argument.to_string();
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(_)) => format!("-{short}, {shown}"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_every_option_has_an_entry() {
        let program = reference::program();
        let pages = pages();
        for command in reference::commands(&program).into_iter().skip(1) {
            let page =
                pages.iter().find(|page| page.path == path(command)).expect("every command has a page");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                let Some(long) = argument.get_long().filter(|long| *long != "help") else { continue };
                let entry = page.text.lines().any(|line| {
                    line.starts_with('`')
                        && line.split([' ', '`', '[', '=', '.']).any(|word| word == format!("--{long}"))
                });
                assert!(entry, "{} --{long}: {}", page.path, page.text);
            }
        }
        let table = table();
        for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
            assert!(table.contains(&format!("[`{}`](", command.get_name())), "{}", command.get_name());
        }
    }
}
