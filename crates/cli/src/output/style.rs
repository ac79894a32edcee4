//! Colors and styles.
//!
//! `anstream` removes them if a stream is not a terminal, if `NO_COLOR` is set, or with `--color never`.

use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use gettickets_protocol::{Priority, Status};

pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const PLAIN: Style = Style::new();

/// The style of a status: warm colors for tickets that wait for the staff, cool colors for those that wait for the
/// client, and dim for closed ones.
pub(crate) fn of_status(status: &Status<'_>) -> Style {
    match status {
        Status::Open => AnsiColor::Green.on_default().bold(),
        Status::CustomerReply => AnsiColor::Yellow.on_default().bold(),
        Status::Answered => AnsiColor::Cyan.on_default(),
        Status::InProgress => AnsiColor::Magenta.on_default(),
        Status::OnHold => AnsiColor::Blue.on_default(),
        Status::Closed => DIM,
        _ => PLAIN,
    }
}

/// The style of a priority. Most tickets have medium priority, so that one is plain.
pub(crate) fn of_priority(priority: &Priority<'_>) -> Style {
    match priority {
        Priority::High => AnsiColor::Red.on_default().bold(),
        Priority::Low => DIM,
        _ => PLAIN,
    }
}

/// Stderr, with colors if it is a terminal.
pub(crate) fn stderr() -> AutoStream<io::Stderr> {
    AutoStream::auto(io::stderr())
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Sets when the program uses color.
pub(crate) fn choose(when: ColorChoice) {
    when.write_global();
}
