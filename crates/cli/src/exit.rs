//! How the program ends: its exit codes, and the one paragraph on stderr that says why.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::output::{sanitise, style};

/// The exit codes. They are part of the interface: numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The server answered with an error, or that it is asked too often.
    Server = 1,
    /// The command, its settings or its files are at fault; clap ends with the same number.
    Usage = 2,
    /// What came is not a reply that can be read.
    Unreadable = 3,
    /// The server was not reached: name, connection, TLS or time.
    Unreached = 4,
    /// Something was delivered and something is missing.
    Incomplete = 5,
    /// The output could not be written: a full disk, a file size limit, an error of the device.
    Output = 6,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened, and where. Without a full stop at the end.
    pub(crate) what: String,
    /// What to try.
    pub(crate) hint: Option<String>,
}

/// What every command gives back.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display) -> Failure {
        Failure { exit, what: what.to_string(), hint: None }
    }

    /// A mistake in the command, its settings or its files.
    pub(crate) fn usage(what: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, what)
    }

    /// A failure that has been told already.
    pub(crate) fn silent(exit: Exit) -> Failure {
        Failure::new(exit, "")
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Failure {
        Failure { hint: Some(hint.to_string()), ..self }
    }

    /// Where it happened, before what happened.
    #[must_use]
    pub(crate) fn at(self, place: impl fmt::Display) -> Failure {
        Failure { what: format!("{place}: {}", self.what), ..self }
    }

    /// The paragraph: one line, however many a server's message had.
    pub(crate) fn paragraph(&self) -> String {
        let what = self.what.trim_end_matches(['.', ' ', '\n']);
        let hint = self.hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty());
        let text = match hint {
            Some(hint) if hint.ends_with(['.', '?', '!']) => format!("{what}. {hint}"),
            Some(hint) => format!("{what}. {hint}."),
            None => format!("{what}."),
        };
        sanitise::line(&text).into_owned()
    }
}

/// An input or output error that is not about a file that anyone named.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::silent(Exit::Done);
        }
        Failure::new(Exit::Output, format!("the output could not be written: {error}"))
    }
}

impl Failure {
    /// An error of a file, named by its path. That a path is wrong or forbidden is a mistake in the command;
    /// everything else is an output that could not be written.
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

/// Tells a failure on stderr, and gives its exit code.
///
/// A reader that went away, as `head` does, is no failure: it has what it wanted.
pub(crate) fn report(outcome: Outcome) -> u8 {
    let Err(failure) = outcome else { return Exit::Done as u8 };
    if !failure.what.is_empty() {
        let mut err = style::stderr();
        let label = style::ERROR;
        // Nobody is left to be told where stderr is gone too.
        let _ = writeln!(err, "{label}error:{label:#} {}", failure.paragraph());
    }
    failure.exit as u8
}

/// Tells something worth knowing that is no failure.
pub(crate) fn warn(what: impl fmt::Display) {
    let label = style::WARNING;
    let _ = writeln!(style::stderr(), "{label}warning:{label:#} {}", sanitise::line(&what.to_string()));
}

/// A remark for the person at the terminal; said only to one.
pub(crate) fn remark(what: impl fmt::Display) {
    if style::stderr_is_terminal() {
        let dim = style::DIM;
        let _ = writeln!(style::stderr(), "{dim}{}{dim:#}", sanitise::line(&what.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_paragraph() {
        let failure = Failure::usage("the file\ncannot be read.").hint("Check its name").at("a.json");
        assert_eq!(failure.paragraph(), "a.json: the file cannot be read. Check its name.");
        assert_eq!(Failure::usage("no hint").paragraph(), "no hint.");
        assert_eq!(Failure::usage("why").hint("Is it there?").paragraph(), "why. Is it there?");
    }

    #[test]
    fn nothing_from_a_server_moves_the_terminal() {
        let failure = Failure::new(Exit::Server, "the server says \u{1b}[2Jgone\u{202e}");
        assert_eq!(failure.paragraph(), "the server says ␛[2Jgone\u{fffd}.");
    }

    #[test]
    fn a_full_disk_is_no_mistake_in_the_command() {
        let exit = |kind: io::ErrorKind| Failure::of_file(Path::new("t"), &kind.into()).exit;
        assert_eq!(exit(io::ErrorKind::StorageFull), Exit::Output);
        assert_eq!(exit(io::ErrorKind::FileTooLarge), Exit::Output);
        assert_eq!(exit(io::ErrorKind::QuotaExceeded), Exit::Output);
        assert_eq!(exit(io::ErrorKind::NotFound), Exit::Usage);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).exit, Exit::Output);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit, Exit::Done);
    }
}
