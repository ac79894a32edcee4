//! [`Outcome`]: what a call results in, in the terms that all interfaces share.

use std::fmt;

/// An interface of gettickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// `gettickets::Client`.
    Blocking,
    /// `gettickets::AsyncClient`.
    Asynchronous,
    /// libgettickets.
    C,
    /// The Python package, `Client`.
    Python,
    /// The Python package, `AsyncClient`.
    PythonAsync,
    /// The program `gettickets`.
    Program,
}

/// The result of a call: a page, or an error with its stable name.
///
/// `Display` is how drivers report it: `page 1`, or the name of the error and then, where they apply, `HTTP 503`,
/// `wait 7`, `retryable` and `sent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The name of the error, or `page`.
    pub code: &'static str,
    /// The tickets of a page.
    pub tickets: usize,
    /// The HTTP status that an error reports.
    pub status: Option<u16>,
    /// The seconds that a server asks to wait, which errors of rate limits report.
    pub wait: Option<u64>,
    /// Whether the error says that a retry may help.
    pub retryable: bool,
    /// Whether the error says that the server may have received the request.
    pub sent: bool,
}

impl Interface {
    /// Whether it uses the asynchronous transport.
    pub fn is_asynchronous(self) -> bool {
        matches!(self, Interface::Asynchronous | Interface::PythonAsync)
    }
}

impl Outcome {
    /// A page of this many tickets.
    pub fn page(tickets: usize) -> Outcome {
        Outcome { tickets, ..Outcome::error("page") }
    }

    /// An error of this name, of a request that was not sent and is not worth a retry.
    pub fn error(code: &'static str) -> Outcome {
        Outcome { code, tickets: 0, status: None, wait: None, retryable: false, sent: false }
    }

    /// An error with a response of this status.
    pub fn replied(code: &'static str, status: u16) -> Outcome {
        Outcome { status: Some(status), ..Outcome::error(code).sent() }
    }

    pub(crate) fn retryable(self) -> Outcome {
        Outcome { retryable: true, ..self }
    }

    pub(crate) fn sent(self) -> Outcome {
        Outcome { sent: true, ..self }
    }

    pub(crate) fn wait(self, seconds: u64) -> Outcome {
        Outcome { wait: Some(seconds), ..self }
    }

    /// Returns what a driver for this interface must report: the outcome, and its kind in the terms of the interface.
    pub fn expected(&self, interface: Interface) -> (String, String) {
        let kind = self.kind();
        let [_, rust, c, python, exit] = KINDS.iter().find(|[name, ..]| *name == kind).expect("a known kind");
        let python = self.python().unwrap_or(python);
        match interface {
            Interface::Blocking | Interface::Asynchronous => (self.to_string(), (*rust).to_owned()),
            Interface::C => (self.to_string(), (*c).to_owned()),
            Interface::Python | Interface::PythonAsync => (self.to_string(), python.to_owned()),
            // The program reports the name of an error only.
            Interface::Program if self.code == "page" => (self.to_string(), (*exit).to_owned()),
            Interface::Program => (self.code.to_owned(), (*exit).to_owned()),
        }
    }

    fn kind(&self) -> &'static str {
        match self.code {
            "page" => "page",
            "authentication" | "ip-not-allowed" | "permission" | "unknown-action" | "encoding" => "api",
            "other" if self.status.is_some() => "api",
            "unexpected-response" => "unexpected-response",
            "rate-limited" => "rate-limited",
            "too-large" => "too-large",
            "redirect" => "redirect",
            // A decoding error has the status of its response.
            _ if self.status.is_some() => "decode",
            _ => "transport",
        }
    }

    /// The classes of Python that divide a kind.
    fn python(&self) -> Option<&'static str> {
        Some(match (self.kind(), self.code) {
            ("api", "authentication") => "AuthenticationError",
            ("api", "ip-not-allowed") => "IpNotAllowedError",
            ("api", "permission") => "PermissionDeniedError",
            ("api", "unknown-action") => "UnknownActionError",
            ("api", "encoding") => "ReplyEncodingError",
            ("transport", "timeout") => "RequestTimeoutError",
            ("transport", "tls") => "TlsError",
            ("transport", "dns" | "connect" | "proxy" | "interrupted") => "ConnectionFailedError",
            _ => return None,
        })
    }
}

/// A kind of outcome: in Rust (the variant of `ErrorKind`), in C (the number of the code), in Python (the class), and as the
/// exit code of the program.
const KINDS: [[&str; 5]; 8] = [
    ["page", "Page", "0", "Page", "0"],
    ["api", "Api", "20", "ApiError", "1"],
    ["unexpected-response", "UnexpectedResponse", "21", "UnexpectedResponseError", "3"],
    ["decode", "Decode", "22", "DecodeError", "3"],
    ["too-large", "TooLarge", "23", "TooLargeError", "3"],
    ["transport", "Transport", "24", "TransportError", "4"],
    ["redirect", "Redirect", "25", "RedirectError", "3"],
    ["rate-limited", "RateLimited", "33", "RateLimitedError", "1"],
];

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == "page" {
            return write!(f, "page {}", self.tickets);
        }
        f.write_str(self.code)?;
        if let Some(status) = self.status {
            write!(f, " HTTP {status}")?;
        }
        if let Some(wait) = self.wait {
            write!(f, " wait {wait}")?;
        }
        let retryable = if self.retryable { " retryable" } else { "" };
        let sent = if self.sent { " sent" } else { "" };
        write!(f, "{retryable}{sent}")
    }
}
