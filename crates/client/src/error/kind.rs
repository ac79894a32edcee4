//! [`ErrorKind`]: what went wrong, for programs.

use std::fmt;
use std::time::Duration;

use gettickets_protocol::{ApiError, DecodeError, PageKind};
use http::StatusCode;

use super::config::ConfigError;
use super::incomplete::ScanIncomplete;
use super::local::LocalError;
use super::transport::TransportError;
use super::visible::{Named, Visible};

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The API replied with an error: wrong credentials, an address that is not allowed, a missing permission, an
    /// unknown action, a reply that it could not write as JSON. [`ApiError::class`] returns which.
    Api(ApiError),
    /// The reply is not from the API but from something else on the way or on the server: a firewall, a login page, a
    /// maintenance page, a CDN.
    #[non_exhaustive]
    UnexpectedResponse {
        /// The HTTP status.
        status: StatusCode,
        /// The content type, if the response has one.
        content_type: Option<String>,
        /// What kind of page it is, by its text and the status.
        page_kind: PageKind,
        /// The title of the page, if it is HTML and has one.
        title: Option<String>,
        /// The visible text of the page, without markup and truncated; `None` or empty if there is none.
        excerpt: Option<String>,
    },
    /// The server, or something in front of it, limits the rate of requests (HTTP 429), even at the last attempt.
    #[non_exhaustive]
    RateLimited {
        /// How long the server asks to wait, counted from its response (`Retry-After`): at most a year, and zero for
        /// a date that has passed. `None` if the header is absent or can't be parsed.
        retry_after: Option<Duration>,
        /// The server's explanation: the message of the API, else the title of the page, else the beginning of the
        /// body.
        message: Option<String>,
    },
    /// The reply is from the API, but can't be read without losing data.
    Decode(DecodeError),
    /// The reply, decompressed, is larger than the limit.
    #[non_exhaustive]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The server was not reached, or its response is incomplete.
    Transport(TransportError),
    /// The server redirects the request. The client does not follow, because the request has credentials.
    #[non_exhaustive]
    Redirect {
        /// The HTTP status.
        status: StatusCode,
        /// The new address without its query, if the response has one.
        to: Option<String>,
    },
    /// The client can't be built from its settings, or the request can't be sent as it is. Nothing was sent.
    Config(ConfigError),
    /// A scan can't guarantee that it returned every ticket once.
    ScanIncomplete(ScanIncomplete),
    /// The Local API did not reply.
    Local(LocalError),
    /// The call was canceled before it had a page; see [`Cancellation`](crate::Cancellation).
    Cancelled,
}

impl ErrorKind {
    /// A stable name of the error for programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            ErrorKind::Api(error) => error.class().code(),
            ErrorKind::UnexpectedResponse { .. } => "unexpected-response",
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
}

/// Whether a response has no visible text.
pub(super) fn is_blank(title: Option<&str>, excerpt: Option<&str>) -> bool {
    title.is_none() && excerpt.is_none_or(str::is_empty)
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Api(error) => Visible(error).fmt(f),
            ErrorKind::UnexpectedResponse { status, content_type, page_kind, title, excerpt } => {
                write!(f, "the response is not from the API: {}", Named(*status))?;
                match content_type {
                    Some(content_type) => write!(f, ", {}", Visible(content_type))?,
                    None => f.write_str(", without a content type")?,
                }
                let excerpt = excerpt.as_deref().filter(|excerpt| !excerpt.is_empty());
                if is_blank(title.as_deref(), excerpt) {
                    return f.write_str(", with an empty body");
                }
                write!(f, ", {page_kind}")?;
                if let Some(title) = title {
                    write!(f, ", titled \"{}\"", Visible(title))?;
                }
                match excerpt {
                    Some(excerpt) => write!(f, ", which reads: {}", Visible(excerpt)),
                    None => Ok(()),
                }
            }
            ErrorKind::RateLimited { retry_after, message } => {
                f.write_str("the server limits the rate of requests")?;
                if let Some(wait) = retry_after {
                    write!(f, " and asks to wait {} s", wait.as_secs_f64().ceil())?;
                }
                match message {
                    Some(message) => write!(f, ": {}", Visible(message)),
                    None => Ok(()),
                }
            }
            ErrorKind::Decode(error) => write!(f, "the reply can't be read: {}", Visible(error)),
            ErrorKind::TooLarge { limit } => write!(f, "the reply is larger than the limit of {limit} bytes"),
            ErrorKind::Transport(error) => Visible(error).fmt(f),
            ErrorKind::Redirect { status, to: Some(to) } => {
                write!(
                    f,
                    "the server redirects to {} ({}), which was not followed",
                    Visible(to),
                    Named(*status)
                )
            }
            ErrorKind::Redirect { status, to: None } => {
                write!(f, "the server redirects ({}) without an address", Named(*status))
            }
            ErrorKind::Config(error) => error.fmt(f),
            ErrorKind::ScanIncomplete(error) => error.fmt(f),
            ErrorKind::Local(error) => Visible(error).fmt(f),
            ErrorKind::Cancelled => f.write_str("the call was canceled"),
        }
    }
}
