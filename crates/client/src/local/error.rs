//! Why the Local API did not answer.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::frame::Failure;
use super::process::Ended;

/// How much of what PHP printed is shown.
const SHOWN: usize = 300;

/// A call of the Local API that brought no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalError {
    kind: LocalErrorKind,
    stage: Option<Stage>,
    message: Option<String>,
    place: Option<String>,
    output: Option<String>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalErrorKind {
    /// There is no PHP program of this name.
    NoPhp {
        /// The program's name.
        program: String,
    },
    /// The PHP program can't be run.
    PhpNotRun {
        /// The program's name.
        program: String,
    },
    /// The path is no folder.
    NoInstall,
    /// The path is not UTF-8.
    PathNotUtf8,
    /// The folder has no `init.php`.
    NoInit,
    /// `init.php` was loaded and there is no function `localAPI` after it.
    NoLocalApi,
    /// PHP ended on a fatal error.
    Fatal,
    /// An exception was thrown and not caught.
    Exception,
    /// The install or one of its hooks ended PHP by itself.
    Exited,
    /// `localAPI` returned something other than an array.
    NotAnArray,
    /// The reply can't be written as JSON even with bad text replaced, as with a number that is not finite.
    Encoding,
    /// PHP ended without a word, as when the system ends it for want of memory.
    Died,
    /// PHP ran longer than it may, and was ended.
    #[non_exhaustive]
    TimedOut {
        /// How long it might run.
        limit: Duration,
    },
}

/// How far the install had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It was loading `init.php`.
    Init,
    /// It was answering the call.
    Call,
}

impl LocalErrorKind {
    /// A stable name for programs, such as `no-php`.
    pub const fn code(&self) -> &'static str {
        match self {
            LocalErrorKind::NoPhp { .. } => "no-php",
            LocalErrorKind::PhpNotRun { .. } => "php-not-run",
            LocalErrorKind::NoInstall => "no-install",
            LocalErrorKind::PathNotUtf8 => "path-not-utf8",
            LocalErrorKind::NoInit => "no-init",
            LocalErrorKind::NoLocalApi => "no-local-api",
            LocalErrorKind::Fatal => "fatal",
            LocalErrorKind::Exception => "exception",
            LocalErrorKind::Exited => "exited",
            LocalErrorKind::NotAnArray => "not-an-array",
            LocalErrorKind::Encoding => "encoding",
            LocalErrorKind::Died => "died",
            LocalErrorKind::TimedOut { .. } => "timed-out",
        }
    }
}

impl LocalError {
    pub(super) fn new(kind: LocalErrorKind) -> LocalError {
        LocalError { kind, stage: None, message: None, place: None, output: None }
    }

    pub(super) fn with_message(mut self, message: impl Into<String>) -> LocalError {
        self.message = Some(shortened(&message.into())).filter(|message| !message.is_empty());
        self
    }

    pub(super) fn with_stderr(mut self, stderr: &str) -> LocalError {
        self.output = Some(shortened(stderr)).filter(|output| !output.is_empty());
        self
    }

    /// PHP ended without a frame.
    pub(super) fn died(ended: &Ended) -> LocalError {
        let error = LocalError::new(LocalErrorKind::Died);
        let error = match ended.status {
            Some(status) => error.with_message(status.to_string()),
            None => error,
        };
        let printed = String::from_utf8_lossy(ended.stdout.get(..2000).unwrap_or(&ended.stdout));
        error.with_stderr(if ended.stderr.is_empty() { printed.trim() } else { &ended.stderr })
    }

    /// The bridge tells of a failure.
    pub(super) fn reported(failure: Failure, ended: &Ended) -> LocalError {
        let Failure { kind, details } = failure;
        let output = match details.output.trim() {
            // What was fatal is printed there too, and told already.
            "" if kind != LocalErrorKind::Fatal => &ended.stderr,
            output => output,
        };
        let mut error = LocalError::new(kind).with_message(details.message).with_stderr(output);
        error.stage = match details.stage.as_str() {
            "init" => Some(Stage::Init),
            "call" => Some(Stage::Call),
            _ => None,
        };
        error.place = (!details.file.is_empty()).then(|| format!("{}:{}", details.file, details.line));
        error
    }

    /// What went wrong.
    pub fn kind(&self) -> &LocalErrorKind {
        &self.kind
    }

    /// How far the install had come, where that is known.
    pub fn stage(&self) -> Option<Stage> {
        self.stage
    }

    /// What PHP or the system said of it.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The PHP file and line concerned, as `file:line`.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The beginning of what the install printed, which often tells why.
    pub fn output(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// Whether the install may have begun to answer.
    pub fn may_have_been_called(&self) -> bool {
        match self.kind {
            LocalErrorKind::NoPhp { .. }
            | LocalErrorKind::PhpNotRun { .. }
            | LocalErrorKind::NoInstall
            | LocalErrorKind::PathNotUtf8
            | LocalErrorKind::NoInit
            | LocalErrorKind::NoLocalApi => false,
            _ => self.stage != Some(Stage::Init),
        }
    }

    pub(crate) fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self.kind {
            LocalErrorKind::NoPhp { .. } => "Install PHP's command line program, or name the one to run.",
            LocalErrorKind::PhpNotRun { .. } => "Check that the program may be run by this user.",
            LocalErrorKind::NoInstall | LocalErrorKind::PathNotUtf8 | LocalErrorKind::NoInit => {
                "Give the folder of the install, the one with init.php in it, and check that this user may read it."
            }
            LocalErrorKind::NoLocalApi => "Check that this init.php is that of a WHMCS install.",
            LocalErrorKind::Fatal | LocalErrorKind::Exception => {
                "Run the same PHP as the web server does, with the extensions that the install needs (ionCube among them)."
            }
            LocalErrorKind::Exited => "Look at what it printed, and at the install's hooks and licence.",
            LocalErrorKind::NotAnArray | LocalErrorKind::Encoding => {
                "A hook may change the install's replies."
            }
            LocalErrorKind::Died => "Look at PHP's and the system's logs; it may have run out of memory.",
            LocalErrorKind::TimedOut { .. } => "Allow more time, or ask for fewer tickets a page (limitnum).",
        }))
    }
}

/// The beginning of a text on one line.
fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl fmt::Display for LocalErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LocalErrorKind::NoPhp { program } => return write!(f, "there is no PHP program {program:?}"),
            LocalErrorKind::PhpNotRun { program } => {
                return write!(f, "the PHP program {program:?} can't be run");
            }
            LocalErrorKind::NoInstall => "the install's path is no folder",
            LocalErrorKind::PathNotUtf8 => "the install's path is not UTF-8",
            LocalErrorKind::NoInit => "the install's folder has no init.php",
            LocalErrorKind::NoLocalApi => "the install's init.php brings no function localAPI",
            LocalErrorKind::Fatal => "PHP ended on a fatal error",
            LocalErrorKind::Exception => "the install threw an exception",
            LocalErrorKind::Exited => "the install ended PHP before it had answered",
            LocalErrorKind::NotAnArray => "localAPI returned something other than an array",
            LocalErrorKind::Encoding => "the reply can't be written as JSON",
            LocalErrorKind::Died => "PHP ended without an answer",
            LocalErrorKind::TimedOut { limit } => {
                return write!(f, "PHP ran longer than {:.1} s and was ended", limit.as_secs_f64());
            }
        })
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.stage {
            Some(Stage::Init) if self.kind != LocalErrorKind::NoInit => {
                f.write_str(" while it loaded init.php")?
            }
            Some(Stage::Call) if self.kind != LocalErrorKind::NoLocalApi => {
                f.write_str(" during the call")?
            }
            _ => {}
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(place) = &self.place {
            write!(f, " (at {place})")?;
        }
        match &self.output {
            Some(output) => write!(f, "; it printed: {output}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LocalError {}
