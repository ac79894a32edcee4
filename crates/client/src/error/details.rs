//! [`Error`]: what went wrong and where. It never holds a secret.

use std::fmt;
use std::time::Duration;

use gettickets_protocol::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, PageKind};
use http::StatusCode;

use super::config::ConfigError;
use super::incomplete::ScanIncomplete;
use super::kind::{ErrorKind, is_blank};
use super::local::{LocalError, LocalErrorKind};
use super::transport::{TimeoutPhase, TransportError, TransportErrorKind};
use super::visible::Named;

/// The error of a request that returned no page.
///
/// `Display` is one paragraph: what, where and why. [`hint`](Error::hint) says what to do, [`kind`](Error::kind)
/// is for programs. Text from the server is bounded, and this client's credentials are removed from it.
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
    endpoint: Option<String>,
    http_status: Option<StatusCode>,
    retry_after: Option<Duration>,
    attempts: u32,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Error {
        let details = Details { kind, endpoint: None, http_status: None, retry_after: None, attempts: 0 };
        Error { details: Box::new(details) }
    }

    /// Adds the endpoint: the address of `api.php`, or the install's path.
    pub(crate) fn at(mut self, endpoint: impl fmt::Display) -> Error {
        self.details.endpoint = Some(endpoint.to_string());
        self
    }

    pub(crate) fn with_http_status(mut self, status: StatusCode) -> Error {
        self.details.http_status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Error {
        self.details.retry_after = retry_after;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Error {
        self.details.attempts = attempts;
        self
    }

    /// The same error, of a request that was sent at least once.
    pub(crate) fn asked(self) -> Error {
        let attempts = self.attempts().max(1);
        self.with_attempts(attempts)
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.details.kind
    }

    /// A stable name of the error for programs: the class of an error of the API, else the
    /// `code` of what the kind holds, such as `timeout` or `missing-id`.
    ///
    /// ```
    /// let error = gettickets::Client::builder("https://billing.example.com").build().unwrap_err();
    /// assert_eq!(error.code(), "no-credentials");
    /// ```
    pub fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// The endpoint: the address of `api.php` without credentials, or the install's path.
    pub fn endpoint(&self) -> Option<&str> {
        self.details.endpoint.as_deref()
    }

    /// The HTTP status of the response, if there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.details.http_status.map(|status| status.as_u16())
    }

    /// How long the server asks to wait before the next request, counted from its response (`Retry-After`), at any
    /// status.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// How many requests were sent; 0 if none was.
    pub fn attempts(&self) -> u32 {
        self.details.attempts
    }

    /// Whether the server may have received a request. `false` only if it certainly did not.
    pub fn may_have_been_sent(&self) -> bool {
        match self.kind() {
            ErrorKind::Config(_) => false,
            ErrorKind::Transport(error) => error.may_have_been_sent(),
            ErrorKind::Local(error) => error.may_have_been_called(),
            ErrorKind::ScanIncomplete(error) => error.may_have_been_sent(),
            _ => self.attempts() > 0,
        }
    }

    /// Whether the same request may succeed later. Never for an error that credentials, a permission or a
    /// certificate cause.
    pub fn is_retryable(&self) -> bool {
        let is_transient = self.details.http_status.is_some_and(is_transient);
        match self.kind() {
            // A failing server may still reply in JSON.
            ErrorKind::Api(error) => is_transient && error.class() == ApiErrorClass::Other,
            ErrorKind::UnexpectedResponse { .. } => is_transient,
            ErrorKind::RateLimited { .. } => true,
            ErrorKind::Decode(error) => error.is_truncated() || is_transient,
            ErrorKind::Transport(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether a request for fewer tickets may succeed: HTTP 500, 504 or 524, an empty body, a
    /// time-out, a reply that is too large, or a server that ran out of memory.
    pub fn may_be_due_to_size(&self) -> bool {
        let overloaded = self.http_status().is_some_and(|status| matches!(status, 500 | 504 | 524));
        match self.kind() {
            ErrorKind::Api(error) => overloaded && error.class() == ApiErrorClass::Other,
            ErrorKind::UnexpectedResponse { status, page_kind, title, excerpt, .. } => {
                let is_blank = is_blank(title.as_deref(), excerpt.as_deref());
                overloaded || page_kind.may_be_due_to_size() || status.is_success() && is_blank
            }
            ErrorKind::Decode(error) => {
                let page_kind = error.page_kind();
                overloaded
                    || matches!(error.kind(), DecodeErrorKind::Empty)
                    || page_kind.is_some_and(PageKind::may_be_due_to_size)
            }
            ErrorKind::TooLarge { .. } => true,
            ErrorKind::Transport(error) => {
                use TimeoutPhase::{Body, Response, Total};
                matches!(error.kind(), TransportErrorKind::Timeout(Response | Body | Total))
            }
            ErrorKind::Local(error) => match error.kind() {
                LocalErrorKind::TimedOut { .. } | LocalErrorKind::Died => true,
                LocalErrorKind::Fatal => error
                    .message()
                    .is_some_and(|message| PageKind::detect(None, message).may_be_due_to_size()),
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

/// Whether a status means that the same request may succeed later.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504 | 520..=524)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, endpoint, http_status, retry_after, attempts } = &*self.details;
        kind.fmt(f)?;
        let has_status = matches!(kind, ErrorKind::UnexpectedResponse { .. } | ErrorKind::Redirect { .. });
        if let Some(status) = http_status.filter(|status| !has_status && *status != StatusCode::OK) {
            write!(f, " ({})", Named(status))?;
        }
        if let Some(wait) = retry_after.filter(|_| !matches!(kind, ErrorKind::RateLimited { .. })) {
            write!(f, "; the server asks to wait {} s", wait.as_secs_f64().ceil())?;
        }
        if let Some(endpoint) = endpoint {
            write!(f, "; endpoint: {endpoint}")?;
        }
        match attempts {
            0 | 1 => Ok(()),
            attempts => write!(f, "; {attempts} attempts"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, endpoint, http_status, retry_after, attempts } = &*self.details;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("endpoint", endpoint)
            .field("http_status", http_status)
            .field("retry_after", retry_after)
            .field("attempts", attempts)
            .finish()
    }
}

/// The message contains the cause, so there is no source: it would be printed twice.
impl std::error::Error for Error {}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::new(ErrorKind::Config(error))
    }
}

/// An error of the API in a reply that did not come from a client, such as a saved one; it has the same hints.
impl From<ApiError> for Error {
    fn from(error: ApiError) -> Error {
        Error::new(ErrorKind::Api(error))
    }
}

/// The error of a reply that did not come from a client, such as a saved one.
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
