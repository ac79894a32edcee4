//! [`LocalError`]: why the Local API did not reply.

use std::fmt;
use std::time::Duration;

use gettickets_protocol::text;

/// How many characters of what PHP printed are shown.
const MAX_SHOWN: usize = 300;

/// The error of a call of the Local API that returned no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalError {
    kind: LocalErrorKind,
    stage: Option<Stage>,
    message: Option<String>,
    location: Option<String>,
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
    /// The path is not a folder.
    NoInstall,
    /// The path is not UTF-8.
    PathNotUtf8,
    /// The folder has no `init.php`.
    NoInit,
    /// `init.php` was loaded and does not define the function `localAPI`.
    NoLocalApi,
    /// PHP ended on a fatal error.
    Fatal,
    /// An exception was thrown and not caught.
    Exception,
    /// The install or one of its hooks called `exit`.
    Exited,
    /// `localAPI` returned something other than an array.
    NotAnArray,
    /// The reply can't be written as JSON even with invalid text replaced, for example because of a number that is not
    /// finite.
    Encoding,
    /// PHP ended without a reply, for example because the system killed it for lack of memory.
    Died,
    /// PHP ran longer than the time limit and was killed.
    #[non_exhaustive]
    TimedOut {
        /// The time limit.
        limit: Duration,
    },
    /// This machine or process has no file descriptors, processes or memory left.
    LocalResources,
    /// The Local API needs Unix.
    Unsupported,
}

/// What the install was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Loading `init.php`.
    Init,
    /// Running the call.
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
            LocalErrorKind::LocalResources => "local-resources",
            LocalErrorKind::Unsupported => "unsupported",
        }
    }
}

impl LocalError {
    pub(crate) fn new(kind: LocalErrorKind) -> LocalError {
        LocalError { kind, stage: None, message: None, location: None, output: None }
    }

    pub(crate) fn with_message(mut self, message: impl Into<String>) -> LocalError {
        self.message = Some(excerpt(&message.into())).filter(|message| !message.is_empty());
        self
    }

    pub(crate) fn with_output(mut self, output: &str) -> LocalError {
        self.output = Some(excerpt(output)).filter(|output| !output.is_empty());
        self
    }

    pub(crate) fn with_stage(mut self, stage: Option<Stage>) -> LocalError {
        self.stage = stage;
        self
    }

    pub(crate) fn with_location(mut self, location: Option<String>) -> LocalError {
        self.location = location;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &LocalErrorKind {
        &self.kind
    }

    /// What the install was doing, if known.
    pub fn stage(&self) -> Option<Stage> {
        self.stage
    }

    /// What PHP or the system reported.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The PHP file and line, as `file:line`.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The beginning of what the install printed, which often shows the cause.
    pub fn output(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// Whether the install may have begun to run the call.
    pub fn may_have_been_called(&self) -> bool {
        match self.kind {
            LocalErrorKind::NoPhp { .. }
            | LocalErrorKind::PhpNotRun { .. }
            | LocalErrorKind::NoInstall
            | LocalErrorKind::PathNotUtf8
            | LocalErrorKind::NoInit
            | LocalErrorKind::NoLocalApi
            | LocalErrorKind::LocalResources
            | LocalErrorKind::Unsupported => false,
            _ => self.stage != Some(Stage::Init),
        }
    }
}

/// The beginning of a text on one line.
fn excerpt(output: &str) -> String {
    text::excerpt(&output.split_whitespace().collect::<Vec<_>>().join(" "), MAX_SHOWN)
}

impl fmt::Display for LocalErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LocalErrorKind::NoPhp { program } => return write!(f, "there is no PHP program {program:?}"),
            LocalErrorKind::PhpNotRun { program } => {
                return write!(f, "the PHP program {program:?} can't be run");
            }
            LocalErrorKind::NoInstall => "the install's path is not a folder",
            LocalErrorKind::PathNotUtf8 => "the install's path is not UTF-8",
            LocalErrorKind::NoInit => "the install's folder has no init.php",
            LocalErrorKind::NoLocalApi => "the install's init.php does not define localAPI",
            LocalErrorKind::Fatal => "PHP ended with a fatal error",
            LocalErrorKind::Exception => "the install threw an exception",
            LocalErrorKind::Exited => "the install called exit before it replied",
            LocalErrorKind::NotAnArray => "localAPI returned something other than an array",
            LocalErrorKind::Encoding => "the reply can't be written as JSON",
            LocalErrorKind::LocalResources => "this machine is out of resources",
            LocalErrorKind::Unsupported => "the Local API works on Unix alone",
            LocalErrorKind::Died => "PHP ended without a reply",
            LocalErrorKind::TimedOut { limit } => {
                return write!(f, "PHP ran longer than {:.1} s and was killed", limit.as_secs_f64());
            }
        })
    }
}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.stage {
            Some(Stage::Init) if self.kind != LocalErrorKind::NoInit => {
                f.write_str(" while loading init.php")?
            }
            Some(Stage::Call) if self.kind != LocalErrorKind::NoLocalApi => {
                f.write_str(" during the call")?
            }
            _ => {}
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(location) = &self.location {
            write!(f, " (at {location})")?;
        }
        match &self.output {
            Some(output) => write!(f, "; it printed: {output}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LocalError {}
