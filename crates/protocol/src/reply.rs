//! The reply: a page of tickets, or an error.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Page, text};

/// A server's reply. Serde writes [canonical JSON](crate#json).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "pages are the common case, and errors are rare")]
pub enum Reply {
    /// A page of tickets, which may be empty.
    Tickets(Page),
    /// An error of the API.
    Error(ApiError),
}

impl Reply {
    /// Returns the page.
    ///
    /// # Errors
    ///
    /// The [`ApiError`] that the server sent in place of a page.
    pub fn into_page(self) -> Result<Page, ApiError> {
        match self {
            Reply::Tickets(page) => Ok(page),
            Reply::Error(error) => Err(error),
        }
    }
}

/// An error that the server sent in place of a page, with HTTP status 200, 400 or 403.
///
/// ```
/// use gettickets_protocol::{ApiError, ApiErrorClass};
/// let error = ApiError::new("Invalid IP 2001:db8::7");
/// assert_eq!(error.class(), ApiErrorClass::IpNotAllowed);
/// assert_eq!(error.seen_address(), Some("2001:db8::7".parse().unwrap()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiError {
    message: Option<String>,
}

/// The class of an [`ApiError`], determined by its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ApiErrorClass {
    /// The credentials are wrong or missing, or their account is disabled.
    Authentication,
    /// The IP address of the client is not allowed.
    IpNotAllowed,
    /// The credentials are valid but do not permit this call.
    Permission,
    /// The server has no such action, or the request had no action.
    UnknownAction,
    /// The server could not encode its reply as JSON, because a text in it is not UTF-8.
    Encoding,
    /// Anything else.
    Other,
}

impl ApiErrorClass {
    /// A stable name for programs, such as `ip-not-allowed`.
    pub const fn code(self) -> &'static str {
        match self {
            ApiErrorClass::Authentication => "authentication",
            ApiErrorClass::IpNotAllowed => "ip-not-allowed",
            ApiErrorClass::Permission => "permission",
            ApiErrorClass::UnknownAction => "unknown-action",
            ApiErrorClass::Encoding => "encoding",
            ApiErrorClass::Other => "other",
        }
    }
}

/// The rules: the beginning of a known message, compared without case, and its class. The first matching rule is used;
/// other messages are [`Other`](ApiErrorClass::Other). To add a message, add a rule here and a test vector.
const CLASSES: &[(&str, ApiErrorClass)] = &[
    ("authentication failed", ApiErrorClass::Authentication),
    ("invalid password", ApiErrorClass::Authentication),
    ("invalid username", ApiErrorClass::Authentication),
    ("invalid credentials", ApiErrorClass::Authentication),
    ("invalid or missing credentials", ApiErrorClass::Authentication),
    ("administrator account disabled", ApiErrorClass::Authentication),
    ("invalid ip", ApiErrorClass::IpNotAllowed),
    ("forbidden ip", ApiErrorClass::IpNotAllowed),
    ("invalid permissions", ApiErrorClass::Permission),
    ("access denied", ApiErrorClass::Permission),
    ("action not found", ApiErrorClass::UnknownAction),
    ("the requested api action could not be found", ApiErrorClass::UnknownAction),
    ("empty action request", ApiErrorClass::UnknownAction),
    ("error generating json encoded response", ApiErrorClass::Encoding),
];

impl ApiError {
    /// Creates an error with this message.
    pub fn new(message: impl Into<String>) -> ApiError {
        ApiError { message: Some(message.into()) }
    }

    /// Creates an error without a message, which servers send too.
    pub const fn without_message() -> ApiError {
        ApiError { message: None }
    }

    /// The most characters of a message that the decoder keeps. A longer message is cut and ends with a remark.
    pub const MAX_MESSAGE: usize = 1000;

    /// Returns the server's message, up to [`MAX_MESSAGE`](ApiError::MAX_MESSAGE) characters. It may contain control
    /// characters; `Display` escapes them.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the class of the error.
    pub fn class(&self) -> ApiErrorClass {
        let message = self.message.as_deref().unwrap_or_default().trim_start();
        let begins =
            |start: &str| message.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        CLASSES.iter().find(|(start, _)| begins(start)).map_or(ApiErrorClass::Other, |(_, class)| *class)
    }

    /// Returns the IP address of the client as seen by the server, if the message names it.
    pub fn seen_address(&self) -> Option<IpAddr> {
        if self.class() != ApiErrorClass::IpNotAllowed {
            return None;
        }
        let words = self.message.as_deref()?.split_whitespace();
        words.filter_map(address).next()
    }

    /// Returns the error with `change`, such as a redaction, applied to its message.
    #[must_use]
    pub fn map_message(self, change: impl FnOnce(&str) -> String) -> ApiError {
        ApiError { message: self.message.map(|message| change(&message)) }
    }
}

/// Parses a word of a message as an IP address, without surrounding brackets, punctuation, port or zone.
fn address(word: &str) -> Option<IpAddr> {
    let word = word.trim_matches(|at: char| !at.is_ascii_alphanumeric() && at != ':');
    let candidates = [
        Some(word),
        word.strip_suffix(':'),
        word.split('%').next(),
        word.rsplit_once("]:").map(|(address, _)| address),
        word.rsplit_once(':').filter(|(address, _)| !address.contains(':')).map(|(address, _)| address),
    ];
    candidates.into_iter().flatten().find_map(|candidate| candidate.parse().ok())
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "the server sent an error: {}", text::escape(message)),
            None => f.write_str("the server sent an error without a message"),
        }
    }
}

impl std::error::Error for ApiError {}

/// Writes [canonical JSON](crate#json): `result`, and `message` if there is one.
impl Serialize for ApiError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("result", "error")?;
        if let Some(message) = &self.message {
            map.serialize_entry("message", message)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_message_has_its_class() {
        use ApiErrorClass::*;
        for (message, class) in [
            ("Authentication Failed", Authentication),
            ("Invalid or missing credentials", Authentication),
            ("Administrator Account Disabled", Authentication),
            ("Invalid password provided", Authentication),
            ("Invalid IP 203.0.113.7", IpNotAllowed),
            ("Invalid IP 2001:db8::7", IpNotAllowed),
            ("Forbidden IP 198.51.100.23", IpNotAllowed),
            ("FORBIDDEN IP 2001:db8::7", IpNotAllowed),
            ("Invalid Permissions: API action \"gettickets\" is not allowed", Permission),
            ("Access Denied", Permission),
            ("Action not found", UnknownAction),
            ("The requested API Action could not be found.", UnknownAction),
            ("Empty action request", UnknownAction),
            (
                "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded",
                Encoding,
            ),
            ("Something else", Other),
            ("é", Other),
        ] {
            assert_eq!(ApiError::new(message).class(), class, "{message}");
        }
        assert_eq!(ApiError::without_message().class(), Other);
    }

    #[test]
    fn the_address_is_read_from_ip_errors_only() {
        let seen = |message: &str| ApiError::new(message).seen_address();
        assert_eq!(seen("Invalid IP 203.0.113.7"), Some("203.0.113.7".parse().unwrap()));
        assert_eq!(seen("Invalid IP [2001:db8::7]."), Some("2001:db8::7".parse().unwrap()));
        for message in [
            "Forbidden IP 2001:db8::7",
            "Invalid IP [2001:db8::7]:443",
            "Invalid IP \"2001:db8::7\"",
            "Invalid IP: 2001:db8::7%eth0",
        ] {
            assert_eq!(seen(message), Some("2001:db8::7".parse().unwrap()), "{message}");
        }
        assert_eq!(seen("Forbidden IP 198.51.100.23:8080"), Some("198.51.100.23".parse().unwrap()));
        assert_eq!(seen("Invalid IP ::1"), Some("::1".parse().unwrap()));
        assert_eq!(seen("Invalid IP"), None);
        assert_eq!(seen("Access Denied 203.0.113.7"), None);
    }
}
