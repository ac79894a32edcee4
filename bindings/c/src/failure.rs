//! [`Error`], the error handle of the C API, and `Failure`, the error type inside this crate. Neither
//! contains secrets.

#[cfg(feature = "arrow")]
use std::ffi::CStr;
use std::ffi::CString;
use std::time::Duration;

use gettickets_protocol::{ApiError, DecodeError, DecodeErrorKind, spell_settings};

use crate::result::{
    GETTICKETS_ERROR_API, GETTICKETS_ERROR_DECODE, GETTICKETS_ERROR_INDEX, GETTICKETS_ERROR_TOO_LARGE,
    ResultCode, name,
};

/// An error: code, class, message, hint and position. It contains no credentials and no access key of a ticket. Its
/// texts end with a NUL and are valid until it is freed.
#[derive(Clone, Debug)]
pub struct Error {
    code: ResultCode,
    pub(crate) class: CString,
    pub(crate) message: CString,
    pub(crate) details: Details,
}

/// Optional parts of an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) hint: Option<CString>,
    pub(crate) path: Option<CString>,
    pub(crate) excerpt: Option<CString>,
    pub(crate) title: Option<CString>,
    pub(crate) server_message: Option<CString>,
    pub(crate) seen_address: Option<CString>,
    pub(crate) redirect_to: Option<CString>,
    pub(crate) local_output: Option<CString>,
    /// Canonical JSON of the server's error.
    pub(crate) reply_json: Option<String>,
    pub(crate) offset: Option<usize>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) http_status: u16,
    pub(crate) attempts: u32,
    pub(crate) may_have_been_sent: bool,
    pub(crate) is_retryable: bool,
}

/// Why a call did not succeed.
pub(crate) enum Failure {
    /// There is no value; not an error.
    Status(ResultCode),
    /// An error.
    Error(Box<Error>),
}

impl Failure {
    /// Creates a failure whose class is the name of its code.
    pub(crate) fn error(code: ResultCode, message: impl Into<String>) -> Failure {
        Failure::detailed(code, message, Details::default())
    }

    pub(crate) fn detailed(code: ResultCode, message: impl Into<String>, details: Details) -> Failure {
        Failure::Error(Box::new(Error::new(code, message, details)))
    }

    pub(crate) fn with(
        code: ResultCode,
        class: &str,
        message: impl Into<String>,
        details: Details,
    ) -> Failure {
        Failure::Error(Box::new(Error { class: c_text(class), ..Error::new(code, message, details) }))
    }
}

impl Error {
    fn new(code: ResultCode, message: impl Into<String>, details: Details) -> Error {
        Error { code, class: name(code).to_owned(), message: c_text(&message.into()), details }
    }

    pub(crate) fn code(&self) -> ResultCode {
        self.code
    }

    /// Returns the message.
    #[cfg(feature = "arrow")]
    pub(crate) fn message(&self) -> &CStr {
        &self.message
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        let mut details = Details::default();
        details.of_api(&error);
        Failure::with(GETTICKETS_ERROR_API, error.class().code(), error.to_string(), details)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Failure {
        let code = match error.kind() {
            DecodeErrorKind::TooLarge { .. } => GETTICKETS_ERROR_TOO_LARGE,
            _ => GETTICKETS_ERROR_DECODE,
        };
        let mut details = Details::default();
        details.of_body(&error);
        Failure::with(code, error.kind().code(), error.to_string(), details)
    }
}

impl Details {
    pub(crate) fn of_api(&mut self, error: &ApiError) {
        self.hint = Some(hint_text(&error.hint()));
        self.server_message = error.message().map(c_text);
        self.seen_address = error.seen_address().map(|address| c_text(&address.to_string()));
        // Two keys, both of text: it cannot fail.
        self.reply_json = serde_json::to_string(error).ok();
    }

    pub(crate) fn of_body(&mut self, error: &DecodeError) {
        self.hint = Some(hint_text(error.hint()));
        self.offset = error.offset();
        self.path = error.path().map(c_text);
        self.excerpt = error.excerpt().map(c_text);
        if let DecodeErrorKind::NotAReply { title: Some(title) } = error.kind() {
            self.title = Some(c_text(title));
        }
    }
}

/// Converts a hint to a C string. Settings in it are replaced by the names of their setters.
pub(crate) fn hint_text(hint: &str) -> CString {
    c_text(&spell_settings(hint, setter))
}

/// The setter that corresponds to a setting in a hint.
pub(crate) fn setter(setting: &str) -> Option<&'static str> {
    Some(match setting {
        "allow_count_mismatch" => "gettickets_scan_set_allow_count_mismatch",
        "allow_plain_http" => "gettickets_client_builder_set_allow_plain_http",
        "ignore_dept_assignments" => "gettickets_request_set_ignore_dept_assignments",
        "limitnum" => "gettickets_request_set_limitnum",
        "max_requests" => "gettickets_scan_set_max_requests",
        "max_response_len" => "gettickets_client_builder_set_max_response_len",
        "max_tickets" => "gettickets_scan_set_max_tickets",
        "php" => "gettickets_client_builder_set_php",
        "proxy" => "gettickets_client_builder_set_proxy",
        "responsetype" => "gettickets_client_builder_set_format",
        "root_certificates" => "gettickets_client_builder_set_root_certificates",
        "skip_unreadable" => "gettickets_scan_set_skip_unreadable",
        "timeout" => "gettickets_client_builder_set_timeout_ms",
        _ => return None,
    })
}

/// Converts to a C string. A NUL in the text, which only server text can have, becomes U+FFFD.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

/// Error for an index that is out of range.
pub(crate) fn out_of_range(index: usize, len: usize) -> Failure {
    Failure::error(GETTICKETS_ERROR_INDEX, format!("index {index} is out of range (length {len})"))
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::HINT_SETTINGS;

    use super::*;

    #[test]
    fn every_setting_in_a_hint_has_a_setter_in_the_header() {
        let header = include_str!("../include/gettickets.h");
        for setting in HINT_SETTINGS {
            let function = setter(setting).unwrap_or_else(|| panic!("{setting} is not translated"));
            assert!(header.contains(&format!("{function}(")), "{function} does not exist");
        }
        let hint = hint_text("Request less (limitnum).");
        assert_eq!(hint.to_str(), Ok("Request less (gettickets_request_set_limitnum)."));
    }
}
