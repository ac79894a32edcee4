//! [`Error`]: what went wrong, where, and what to try. Never anything secret.

mod config;
mod hint;
mod incomplete;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

pub use self::config::ConfigError;
pub use self::incomplete::ScanIncomplete;
use crate::local::{LocalError, LocalErrorKind};
use crate::protocol::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind};

use crate::transport::{TimeoutPhase, TransportError, TransportErrorKind};

/// Why a request brought no page.
///
/// `Display` is one clear paragraph: what, where and why. [`hint`](Error::hint) says what to try,
/// [`kind`](Error::kind) is for programs. Whatever in it came from the server has this client's
/// credentials struck out.
///
/// ```
/// use gettickets::{Client, Credentials, ErrorKind};
/// let error = Client::builder("https://user:password@example.com").build().unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Config(_)));
/// assert!(!error.to_string().contains("password@"));
/// assert!(error.hint().is_some());
/// ```
#[derive(Clone)]
pub struct Error {
    // Boxed, so that a `Result` of it stays small.
    details: Box<Details>,
}

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    place: Option<String>,
    http_status: Option<StatusCode>,
    attempts: u32,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server answered with an error of the API: wrong credentials, an address that is not allowed, a
    /// missing permission, an unknown action, a reply it could not put into JSON;
    /// [`ApiError::class`] tells which.
    Api(ApiError),
    /// What answered is not the API but something before or beside it: a firewall, a login page, a
    /// maintenance page, a CDN.
    #[non_exhaustive]
    NotTheApi {
        /// The HTTP status.
        status: StatusCode,
        /// The content type, if one was told.
        content_type: Option<String>,
        /// The title of the page, if it is HTML and has one.
        title: Option<String>,
        /// How the body begins, if there is one: at most 80 characters.
        excerpt: Option<String>,
    },
    /// The server, or what stands before it, limits how often it is asked (HTTP 429), at the last attempt too.
    #[non_exhaustive]
    RateLimited {
        /// How long it asks to wait, from when it answered (`Retry-After`); at most a year, and zero for a date
        /// that has passed. `None` if it does not say, or nothing that can be read.
        retry_after: Option<Duration>,
        /// What it says of it: the message of the API, else the title of the page that came, else how the body
        /// begins, at most 80 characters of it.
        message: Option<String>,
    },
    /// The reply is the API's and can't be read without losing something.
    Decode(DecodeError),
    /// The reply, decompressed, is larger than this client reads.
    #[non_exhaustive]
    TooLarge {
        /// The most it reads, in bytes.
        limit: usize,
    },
    /// The server was not reached, or its response did not come through.
    Transport(TransportError),
    /// The server wants the request sent elsewhere. It was not: the request holds credentials.
    #[non_exhaustive]
    Redirect {
        /// The HTTP status.
        status: StatusCode,
        /// Where to, if that was told; without its query.
        to: Option<String>,
    },
    /// The client can't be built from what it was given. Nothing was sent.
    Config(ConfigError),
    /// A scan can't promise that it tells every ticket once.
    ScanIncomplete(ScanIncomplete),
    /// The Local API did not answer.
    Local(LocalError),
    /// The call was cancelled before it had a page; see [`Cancellation`](crate::Cancellation).
    Cancelled,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Error {
        Error { details: Box::new(Details { kind, place: None, http_status: None, attempts: 0 }) }
    }

    /// Adds where it went wrong: the endpoint, or the install's path.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Error {
        self.details.place = Some(place.to_string());
        self
    }

    pub(crate) fn with_http_status(mut self, status: StatusCode) -> Error {
        self.details.http_status = Some(status);
        self
    }

    /// The same error, of a request that was tried.
    pub(crate) fn asked(self) -> Error {
        let attempts = self.attempts().max(1);
        self.with_attempts(attempts)
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Error {
        self.details.attempts = attempts;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.details.kind
    }

    /// A stable name for programs of what it was in particular: the class of an error of the API, else the
    /// `code` of what the kind holds, such as `timeout` or `missing-id`.
    ///
    /// ```
    /// let error = gettickets::Client::builder("https://billing.example.com").build().unwrap_err();
    /// assert_eq!(error.code(), "no-credentials");
    /// ```
    pub fn code(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Api(error) => error.class().code(),
            ErrorKind::NotTheApi { .. } => "not-the-api",
            ErrorKind::RateLimited { .. } => "rate-limited",
            ErrorKind::Decode(error) => error.kind().code(),
            ErrorKind::TooLarge { .. } => "too-large",
            ErrorKind::Transport(error) => error.kind().code(),
            ErrorKind::Redirect { .. } => "redirect",
            ErrorKind::Config(error) => error.code(),
            ErrorKind::ScanIncomplete(_) => "scan-incomplete",
            ErrorKind::Local(error) => error.kind().code(),
            ErrorKind::Cancelled => "cancelled",
        }
    }

    /// What to try.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        hint::of(self)
    }

    /// The HTTP status of the response, if there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.details.http_status.map(|status| status.as_u16())
    }

    /// How often the request was tried; 0 if it never came to that.
    pub fn attempts(&self) -> u32 {
        self.details.attempts
    }

    /// Whether the server may have seen the request. `false` only where it is certain that it did not: it never
    /// came to that, or the reply was not asked for here.
    pub fn may_have_been_sent(&self) -> bool {
        match self.kind() {
            ErrorKind::Config(_) => false,
            ErrorKind::Transport(error) => error.may_have_been_sent(),
            ErrorKind::Local(error) => error.may_have_been_called(),
            ErrorKind::ScanIncomplete(error) => error.may_have_been_sent(),
            _ => self.attempts() > 0,
        }
    }

    /// Whether the same request may fare better in a moment. Never for an error that credentials, a
    /// permission or a certificate cause.
    pub fn is_retryable(&self) -> bool {
        let busy = self.details.http_status.is_some_and(is_busy);
        match self.kind() {
            // A server in trouble may speak JSON.
            ErrorKind::Api(error) => busy && error.class() == ApiErrorClass::Other,
            ErrorKind::NotTheApi { .. } => busy,
            ErrorKind::RateLimited { .. } => true,
            ErrorKind::Decode(error) => error.is_truncated() || busy,
            ErrorKind::Transport(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether a request for fewer tickets may succeed where this one failed: HTTP 500, 504 or 524, an empty body, a
    /// time-out, a reply that is too large, or a server that ran out of memory.
    pub fn may_be_due_to_size(&self) -> bool {
        let overloaded = self.http_status().is_some_and(|status| matches!(status, 500 | 504 | 524));
        match self.kind() {
            ErrorKind::Api(error) => overloaded && error.class() == ApiErrorClass::Other,
            ErrorKind::NotTheApi { title, excerpt, .. } => {
                let is_empty = title.is_none() && excerpt.is_none();
                overloaded || is_empty || excerpt.as_deref().is_some_and(is_memory_exhausted)
            }
            ErrorKind::Decode(error) => {
                overloaded
                    || matches!(error.kind(), DecodeErrorKind::Empty)
                    || error.excerpt().is_some_and(is_memory_exhausted)
            }
            ErrorKind::TooLarge { .. } => true,
            ErrorKind::Transport(error) => {
                use TimeoutPhase::{Body, Response, Total};
                matches!(error.kind(), TransportErrorKind::Timeout(Response | Body | Total))
            }
            ErrorKind::Local(error) => match error.kind() {
                LocalErrorKind::TimedOut { .. } | LocalErrorKind::Died => true,
                LocalErrorKind::Fatal => error.message().is_some_and(is_memory_exhausted),
                _ => false,
            },
            _ => false,
        }
    }

    /// The class of the API's error, if it is one.
    pub fn api_class(&self) -> Option<ApiErrorClass> {
        match self.kind() {
            ErrorKind::Api(error) => Some(error.class()),
            _ => None,
        }
    }
}

/// Whether PHP says that it ran out of memory.
fn is_memory_exhausted(text: &str) -> bool {
    text.contains("Allowed memory size") || text.contains("Out of memory")
}

/// The statuses that say: later.
fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Api(error) => Visible(error).fmt(f),
            ErrorKind::NotTheApi { status, content_type, title, excerpt } => {
                write!(f, "what answered is not the API: HTTP {status}")?;
                match content_type {
                    Some(content_type) => write!(f, ", {}", Visible(content_type))?,
                    None => f.write_str(", of no content type")?,
                }
                match (title, excerpt) {
                    (Some(title), _) => write!(f, ", a page titled \"{}\"", Visible(title)),
                    (None, Some(excerpt)) => write!(f, ", which begins: {}", Visible(excerpt)),
                    (None, None) => f.write_str(", empty"),
                }
            }
            ErrorKind::RateLimited { retry_after, message } => {
                f.write_str("the server limits how often it is asked")?;
                if let Some(wait) = retry_after {
                    write!(f, ", asks to wait {} s", wait.as_secs_f64().ceil())?;
                }
                match message {
                    Some(message) => write!(f, ", and says: {}", Visible(message)),
                    None => Ok(()),
                }
            }
            ErrorKind::Decode(error) => write!(f, "the reply can't be read: {}", Visible(error)),
            ErrorKind::TooLarge { limit } => {
                write!(f, "the reply is larger than {limit} bytes, the most that is read")
            }
            ErrorKind::Transport(error) => Visible(error).fmt(f),
            ErrorKind::Redirect { status, to: Some(to) } => {
                write!(
                    f,
                    "the server wants the request sent to {} (HTTP {status}), and it was not",
                    Visible(to)
                )
            }
            ErrorKind::Redirect { status, to: None } => {
                write!(
                    f,
                    "the server wants the request sent elsewhere (HTTP {status}) and does not say where"
                )
            }
            ErrorKind::Config(error) => error.fmt(f),
            ErrorKind::ScanIncomplete(error) => error.fmt(f),
            ErrorKind::Local(error) => Visible(error).fmt(f),
            ErrorKind::Cancelled => f.write_str("the call was cancelled"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, place, http_status, attempts } = &*self.details;
        kind.fmt(f)?;
        let told = matches!(kind, ErrorKind::NotTheApi { .. } | ErrorKind::Redirect { .. });
        if let Some(status) = http_status.filter(|status| !told && *status != StatusCode::OK) {
            write!(f, ", with HTTP {status}")?;
        }
        if let Some(place) = place {
            write!(f, "; asked: {place}")?;
        }
        match attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, ", {attempts} times"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, place, http_status, attempts } = &*self.details;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("place", place)
            .field("http_status", http_status)
            .field("attempts", attempts)
            .finish()
    }
}

/// The cause is part of this error's own text, so there is none beside it to print a second time.
impl std::error::Error for Error {}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::new(ErrorKind::Config(error))
    }
}

/// An error of the API in a reply that was not asked for here, such as a saved one: so it has its hint.
impl From<ApiError> for Error {
    fn from(error: ApiError) -> Error {
        Error::new(ErrorKind::Api(error))
    }
}

/// What can't be read in a reply that was not asked for here, such as a saved one.
///
/// ```
/// let error = gettickets::Error::from(gettickets::decode("{\"result\":\"succ").unwrap_err());
/// assert_eq!(error.code(), "truncated");
/// assert!(error.hint().is_some());
/// ```
impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Error {
        Error::new(ErrorKind::Decode(error))
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Error {
        match error.kind() {
            TransportErrorKind::TooLarge { limit } => Error::new(ErrorKind::TooLarge { limit: *limit }),
            _ => Error::new(ErrorKind::Transport(error)),
        }
    }
}

impl From<ScanIncomplete> for Error {
    fn from(error: ScanIncomplete) -> Error {
        Error::new(ErrorKind::ScanIncomplete(error))
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Error {
        Error::new(ErrorKind::Local(error))
    }
}

/// A text from outside on one line, its control characters made visible: it may end on a terminal.
struct Visible<T>(T);

impl<T: fmt::Display> fmt::Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for character in self.0.to_string().chars() {
            match character {
                // Those that turn the direction of text may disguise what an error says.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    write!(f, "{}", character.escape_unicode())?
                }
                '\n' | '\r' | '\t' => f.write_char(' ')?,
                control if control.is_control() => write!(f, "{}", control.escape_default())?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
