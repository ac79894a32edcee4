//! Exit codes, and the messages on stderr.
//!
//! All messages have the same form. `error:` says what happened and where, `hint:` says what to do. With
//! `--error-format json` each message is one JSON object on a line.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::Style;
use serde_json::{Map, Value};

use crate::output::{sanitize, style};

/// The exit codes. They are part of the interface: a number is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Success.
    Done = 0,
    /// The server returned an error, or limits the rate of requests.
    Server = 1,
    /// The arguments, the settings or the input files are wrong; clap exits with the same number.
    Usage = 2,
    /// The response cannot be read as a reply.
    Unreadable = 3,
    /// The server could not be reached: name resolution, connection, TLS or timeout.
    Unreached = 4,
    /// Some tickets were delivered, and some are missing.
    Incomplete = 5,
    /// The output could not be written.
    Output = 6,
}

impl Exit {
    /// The error code of a failure without a code of its own.
    fn code(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Server => "server",
            Exit::Usage => "usage",
            Exit::Unreadable => "unreadable",
            Exit::Unreached => "unreached",
            Exit::Incomplete => "incomplete",
            Exit::Output => "output",
        }
    }

    /// Every exit code with its meaning, for the help and the manual.
    pub(crate) const MEANINGS: [(Exit, &str); 7] = [
        (Exit::Done, "success"),
        (Exit::Server, "the server returned an error, or limits the rate of requests"),
        (Exit::Usage, "the arguments, the settings or the input files are wrong"),
        (Exit::Unreadable, "the response cannot be read as a reply"),
        (Exit::Unreached, "the server could not be reached"),
        (Exit::Incomplete, "some tickets were delivered and some are missing"),
        (Exit::Output, "the output could not be written, for example because the disk is full"),
    ];
}

/// The maximum length of a message, in characters. A server's error message can be megabytes long.
const MAX_LEN: usize = 2_000;

/// Why a command failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened, and where. Without a full stop.
    pub(crate) what: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// A stable error code for programs.
    pub(crate) code: Option<&'static str>,
}

/// The result of every command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display) -> Failure {
        Failure { exit, what: what.to_string(), hint: None, code: None }
    }

    /// A failure because of the arguments, the settings or the input files.
    pub(crate) fn usage(what: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, what)
    }

    /// A failure that has already been reported.
    pub(crate) fn silent(exit: Exit) -> Failure {
        Failure::new(exit, "")
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Failure {
        Failure { hint: Some(hint.to_string()), ..self }
    }

    #[must_use]
    pub(crate) fn code(self, code: &'static str) -> Failure {
        Failure { code: Some(code), ..self }
    }

    /// Prepends where it happened.
    #[must_use]
    pub(crate) fn at(self, place: impl fmt::Display) -> Failure {
        Failure { what: format!("{place}: {}", self.what), ..self }
    }

    /// What happened: one line of bounded length without a full stop.
    pub(crate) fn message(&self) -> String {
        one_line(self.what.trim_end_matches(['.', ' ', '\n']))
    }

    /// What to do: one line of bounded length with a full stop.
    pub(crate) fn advice(&self) -> Option<String> {
        let hint = self.hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty())?;
        let end = if hint.ends_with(['.', '?', '!']) { "" } else { "." };
        Some(one_line(hint) + end)
    }

    /// What happened and what to do in one paragraph, for a warning.
    pub(crate) fn paragraph(&self) -> String {
        match self.advice() {
            Some(advice) => format!("{}. {advice}", self.message()),
            None => format!("{}.", self.message()),
        }
    }

    /// The failure as a JSON object.
    fn to_json(&self) -> Map<String, Value> {
        let mut object = message_json("error", &self.message());
        let code = self.code.unwrap_or_else(|| self.exit.code());
        object.insert("code".to_owned(), code.into());
        if let Some(advice) = self.advice() {
            object.insert("hint".to_owned(), advice.into());
        }
        object.insert("exit_code".to_owned(), (self.exit as u8).into());
        object
    }
}

/// A failed write to an output without a name, such as stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::silent(Exit::Done);
        }
        Failure::new(Exit::Output, format!("the output could not be written: {error}"))
    }
}

impl Failure {
    /// A failed operation on a named file. A wrong or forbidden path is a usage error; every other error means that the
    /// output could not be written.
    pub(crate) fn of_file(path: &Path, error: &io::Error) -> Failure {
        use io::ErrorKind::*;
        let exit = match error.kind() {
            NotFound | PermissionDenied | AlreadyExists | IsADirectory | NotADirectory | InvalidFilename
            | ReadOnlyFilesystem | Other => Exit::Usage,
            _ => Exit::Output,
        };
        Failure::new(exit, format!("{}: {error}", path.display()))
    }
}

/// Sanitizes a text and joins its lines. At most [`MAX_LEN`] characters are kept, and a cut is marked with its length.
pub(crate) fn one_line(text: &str) -> String {
    let end = text.char_indices().nth(MAX_LEN).map(|(at, _)| at);
    let (kept, cut) = match end {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let kept = sanitize::line(kept);
    if cut.is_empty() {
        kept.into_owned()
    } else {
        format!("{kept}… ({} more bytes are not shown)", cut.len())
    }
}

/// How this process writes messages.
static QUIET: AtomicBool = AtomicBool::new(false);
static JSON: AtomicBool = AtomicBool::new(false);

/// Configures messages: `quiet` suppresses warnings, notes and progress, `json` writes objects.
pub(crate) fn configure(quiet: bool, json: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
    JSON.store(json, Ordering::Relaxed);
}

/// Whether only errors are written to stderr.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether messages are written as JSON.
pub(crate) fn is_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

fn message_json(level: &str, message: &str) -> Map<String, Value> {
    Map::from_iter([("level".to_owned(), level.into()), ("message".to_owned(), message.into())])
}

/// Writes a JSON object as a line to stderr.
pub(crate) fn write_json(object: Map<String, Value>) {
    let text = Value::Object(object).to_string();
    let text: Cow<'_, str> = sanitize::json(&text);
    // An error is ignored: stderr is closed.
    let _ = writeln!(style::stderr(), "{text}");
}

/// Writes a labeled message to stderr.
fn write(label: &str, look: Style, text: &str) {
    // An error is ignored: stderr is closed.
    let _ = writeln!(style::stderr(), "{look}{label}:{look:#} {text}");
}

/// Reports a failure on stderr and returns its exit code.
///
/// A closed pipe, as after `head`, is not a failure.
pub(crate) fn report(outcome: Outcome) -> u8 {
    let Err(failure) = outcome else { return Exit::Done as u8 };
    if failure.what.is_empty() {
        return failure.exit as u8;
    }
    if is_json() {
        write_json(failure.to_json());
    } else {
        write("error", style::ERROR, &failure.message());
        if let Some(advice) = failure.advice() {
            write("hint", style::HINT, &advice);
        }
    }
    failure.exit as u8
}

/// Prints a warning to stderr: something may need attention and is not a failure.
pub(crate) fn warn(what: impl fmt::Display) {
    message("warning", style::WARNING, what);
}

/// Prints a note to stderr that a reader of the output should see.
pub(crate) fn note(what: impl fmt::Display) {
    message("note", style::BOLD, what);
}

fn message(level: &str, look: Style, what: impl fmt::Display) {
    if is_quiet() {
        return;
    }
    let text = one_line(&what.to_string());
    if is_json() { write_json(message_json(level, &text)) } else { write(level, look, &text) }
}

/// Prints a note for a person at a terminal. Nothing is written if stderr is not a terminal.
pub(crate) fn remark(what: impl fmt::Display) {
    if style::stderr_is_terminal() && !is_quiet() && !is_json() {
        let dim = style::DIM;
        let _ = writeln!(style::stderr(), "{dim}{}{dim:#}", one_line(&what.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_a_message_and_a_hint() {
        let failure = Failure::usage("the file\ncannot be read.").hint("Check its name").at("a.json");
        assert_eq!(failure.message(), "a.json: the file cannot be read");
        assert_eq!(failure.advice().as_deref(), Some("Check its name."));
        assert_eq!(failure.paragraph(), "a.json: the file cannot be read. Check its name.");
        assert_eq!(Failure::usage("no hint").paragraph(), "no hint.");
        assert_eq!(Failure::usage("why").hint("Is it there?").paragraph(), "why. Is it there?");
    }

    #[test]
    fn a_failure_as_json_has_a_code_and_an_exit_code() {
        let failure =
            Failure::new(Exit::Unreached, "could not connect").hint("Check the port").code("connect");
        assert_eq!(
            Value::Object(failure.to_json()),
            serde_json::json!({
                "level": "error", "message": "could not connect", "hint": "Check the port.",
                "code": "connect", "exit_code": 4,
            })
        );
    }

    #[test]
    fn text_from_a_server_cannot_control_the_terminal() {
        let failure = Failure::new(Exit::Server, "the server says \u{1b}[2Jgone\u{202e}");
        assert_eq!(failure.message(), "the server says ␛[2Jgone\u{fffd}");
    }

    #[test]
    fn a_long_message_is_truncated_with_a_mark() {
        let failure = Failure::new(Exit::Server, "é".repeat(40_000_000)).hint("x".repeat(5_000));
        let shown = failure.message();
        assert!(shown.ends_with("… (79996000 more bytes are not shown)"), "{}", shown.len());
        assert_eq!(shown.chars().filter(|at| *at == 'é').count(), MAX_LEN);
        assert!(failure.paragraph().len() < 4 * MAX_LEN);
    }

    #[test]
    fn the_meanings_are_indexed_by_exit_code() {
        for (number, (exit, meaning)) in Exit::MEANINGS.iter().enumerate() {
            assert_eq!(*exit as usize, number, "{meaning}");
        }
    }

    #[test]
    fn a_full_disk_is_not_a_usage_error() {
        let exit = |kind: io::ErrorKind| Failure::of_file(Path::new("t"), &kind.into()).exit;
        assert_eq!(exit(io::ErrorKind::StorageFull), Exit::Output);
        assert_eq!(exit(io::ErrorKind::FileTooLarge), Exit::Output);
        assert_eq!(exit(io::ErrorKind::QuotaExceeded), Exit::Output);
        assert_eq!(exit(io::ErrorKind::NotFound), Exit::Usage);
    }

    #[test]
    fn a_closed_pipe_is_not_a_failure_and_a_full_disk_has_its_own_code() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit, Exit::Done);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).exit, Exit::Output);
    }
}
