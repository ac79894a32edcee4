//! Converts errors to exceptions. The classes are defined in Python, in `gettickets._errors`: each takes the
//! message, and the details as keywords.
//!
//! Credentials are redacted before an error arrives here, and nothing is added that could hold them.

use std::borrow::Cow;
use std::fmt;

use gettickets::local::LocalError;
use gettickets::protocol::spell_settings;
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, Error, ErrorKind};
use gettickets_arrow::ColumnError;
use gettickets_cli::profiles::ProfileError;
use gettickets_warehouse::MirrorError;
use pyo3::exceptions::{PyOSError, PySystemError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// An error of the client.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error, error.may_have_been_sent(), None).unwrap_or_else(|failure| failure)
}

/// An error of the API in a saved reply.
pub(crate) fn api(py: Python<'_>, error: &ApiError) -> PyErr {
    exception(py, &error.clone().into(), false, None).unwrap_or_else(|failure| failure)
}

/// A saved reply that can't be read. `hint` replaces the hint of the error.
pub(crate) fn decode(py: Python<'_>, error: &DecodeError, hint: Option<&str>) -> PyErr {
    exception(py, &error.clone().into(), false, hint).unwrap_or_else(|failure| failure)
}

/// A saved reply that begins like gzip data and can't be decompressed.
pub(crate) fn gzip(py: Python<'_>, why: &str) -> PyErr {
    let message = format!("the reply is compressed with gzip and can't be decompressed: {why}");
    coded(py, "DecodeError", &message, "gzip", Some("Check that the file is complete."))
}

/// The sandbox did not start, or its database failed.
pub(crate) fn sandbox(py: Python<'_>, error: &dyn std::error::Error) -> PyErr {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    let text = error.to_string();
    let message = if text.ends_with(&source) { text } else { text + &source };
    made(py, "SandboxError", &message, &PyDict::new(py)).unwrap_or_else(|failure| failure)
}

/// An error of a mirror.
pub(crate) fn mirror(py: Python<'_>, error: &MirrorError) -> PyErr {
    coded(py, "MirrorError", &error.to_string(), error.kind().code(), Some(error.hint()))
}

/// Installs of a fleet that failed, by name.
pub(crate) fn fleet(py: Python<'_>, failed: &[(&str, Error)], installs: usize) -> PyErr {
    fleet_exception(py, failed, installs).unwrap_or_else(|failure| failure)
}

fn fleet_exception(py: Python<'_>, failed: &[(&str, Error)], installs: usize) -> PyResult<PyErr> {
    let (details, errors) = (PyDict::new(py), PyDict::new(py));
    for (name, error) in failed {
        errors.set_item(name, raise(py, error))?;
    }
    details.set_item("errors", errors)?;
    if let [(_, only)] = failed {
        details.set_item("hint", raise(py, only).value(py).getattr("hint")?)?;
    }
    let texts: Vec<String> = failed.iter().map(|(name, error)| format!("{name}: {error}")).collect();
    let message = format!("{} of {installs} installs failed: {}", failed.len(), texts.join("; "));
    made(py, "FleetError", &message, &details)
}

/// A profile of the configuration file that can't be used.
pub(crate) fn profile(py: Python<'_>, error: &ProfileError) -> PyErr {
    coded(py, "ConfigError", &error.to_string(), "profile", error.hint())
}

/// The error for using a closed object.
pub(crate) fn closed(py: Python<'_>, what: &str) -> PyErr {
    coded(py, "StateError", &format!("the {what} is closed"), "closed", None)
}

/// The error for using an object in a child process of the process that made it.
pub(crate) fn forked(py: Python<'_>, what: &str) -> PyErr {
    let message = format!("the {what} was made in another process, before os.fork()");
    coded(py, "StateError", &message, "forked", Some("Make a new one in the child process."))
}

/// The error for a use that is not possible in the object's current state.
pub(crate) fn state(py: Python<'_>, message: &str, code: &str, hint: Option<&str>) -> PyErr {
    coded(py, "StateError", message, code, hint)
}

/// A setting that can't be used.
pub(crate) fn config(py: Python<'_>, message: &str, code: &str, hint: &str) -> PyErr {
    coded(py, "ConfigError", message, code, Some(hint))
}

/// Columns that can't be selected.
pub(crate) fn columns(py: Python<'_>, error: &ColumnError) -> PyErr {
    let hint = error.needs_time_zone().then_some("Give timezone= a name such as Europe/Berlin.");
    coded(py, "ArgumentError", &error.to_string(), "columns", hint)
}

/// A number that is too large for a table.
pub(crate) fn number_too_large(py: Python<'_>, message: &str) -> PyErr {
    let hint = "Select other columns with columns=, or use the tickets themselves.";
    coded(py, "Error", message, "number-too-large", Some(hint))
}

/// A cursor that can't be used.
pub(crate) fn cursor(py: Python<'_>, error: impl fmt::Display) -> PyErr {
    made(py, "CursorError", &error.to_string(), &PyDict::new(py)).unwrap_or_else(|failure| failure)
}

/// An argument whose value can't be used.
pub(crate) fn argument(error: impl fmt::Display) -> PyErr {
    classes::ArgumentError::new_err(error.to_string())
}

/// An error of the operating system.
pub(crate) fn os(error: &std::io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}

/// A thread or a descriptor that the system does not provide: a transport error before anything is sent.
pub(crate) fn of_this_machine(py: Python<'_>, error: &std::io::Error) -> PyErr {
    let error = TransportError::new(TransportErrorKind::LocalResources).with_detail(error.to_string());
    raise(py, &error.not_sent().into())
}

/// A bug of this package.
pub(crate) fn internal(what: &str) -> PyErr {
    PySystemError::new_err(format!("internal error of gettickets: {what}"))
}

/// A text in which settings are replaced by the names of arguments.
pub(crate) fn spelled(text: &str) -> Cow<'_, str> {
    spell_settings(text, keyword_of)
}

/// The argument that corresponds to a setting in a hint.
fn keyword_of(setting: &str) -> Option<&'static str> {
    Some(match setting {
        "allow_count_mismatch" => "allow_count_mismatch=True",
        "allow_plain_http" => "allow_plain_http=True",
        "ignore_dept_assignments" => "ignore_dept_assignments=True",
        "limitnum" => "limitnum=",
        "max_requests" => "max_requests=",
        "max_response_len" => "max_response_len=",
        "max_tickets" => "max_tickets=",
        "php" => "php=",
        "proxy" => "proxy=",
        "responsetype" => "response_type=",
        "root_certificates" => "root_certificates=",
        "skip_unreadable" => "on_unreadable=\"skip\"",
        "timeout" => "timeout=",
        _ => return None,
    })
}

/// Whether an exception is one of this package's classes.
pub(crate) fn is_ours(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<classes::Error>(py)
}

mod classes {
    pyo3::import_exception!(gettickets._errors, Error);
    pyo3::import_exception!(gettickets._errors, ArgumentError);
}

fn coded(py: Python<'_>, class: &str, message: &str, code: &str, hint: Option<&str>) -> PyErr {
    let details = PyDict::new(py);
    let set = details.set_item("code", code).and_then(|()| details.set_item("hint", hint));
    set.and_then(|()| made(py, class, message, &details)).unwrap_or_else(|failure| failure)
}

fn exception(py: Python<'_>, error: &Error, may_have_been_sent: bool, hint: Option<&str>) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    details.set_item("code", error.code())?;
    details.set_item("hint", hint.map(Cow::Borrowed).or(error.hint().as_deref().map(spelled)))?;
    details.set_item("http_status", error.http_status())?;
    details.set_item("attempts", error.attempts())?;
    details.set_item("endpoint", error.endpoint())?;
    details.set_item("may_have_been_sent", may_have_been_sent)?;
    details.set_item("is_retryable", error.is_retryable())?;
    let class = match error.kind() {
        ErrorKind::Api(error) => api_details(&details, error)?,
        ErrorKind::UnexpectedResponse { status, content_type, title, excerpt, .. } => {
            details.set_item("http_status", status.as_u16())?;
            details.set_item("content_type", content_type)?;
            details.set_item("title", title)?;
            details.set_item("excerpt", excerpt)?;
            "UnexpectedResponseError"
        }
        ErrorKind::RateLimited { retry_after, message, .. } => {
            details.set_item("retry_after", retry_after.map(|wait| wait.as_secs_f64()))?;
            details.set_item("message", message)?;
            "RateLimitedError"
        }
        ErrorKind::Decode(error) => decode_details(&details, error)?,
        ErrorKind::TooLarge { limit, .. } => {
            details.set_item("limit", limit)?;
            "TooLargeError"
        }
        ErrorKind::Transport(error) => transport_details(&details, error)?,
        ErrorKind::Redirect { to, .. } => {
            details.set_item("to", to)?;
            "RedirectError"
        }
        ErrorKind::Config(_) => "ConfigError",
        ErrorKind::ScanIncomplete(error) => {
            details.set_item("problem", error.problem())?;
            "ScanIncompleteError"
        }
        ErrorKind::Local(error) => local_details(&details, error)?,
        ErrorKind::Cancelled => "StateError",
        // A new kind of error has only the common attributes until it gets a case here.
        _ => "Error",
    };
    made(py, class, &error.to_string(), &details)
}

fn api_details(details: &Bound<'_, PyDict>, error: &ApiError) -> PyResult<&'static str> {
    details.set_item("message", error.message())?;
    Ok(match error.class() {
        ApiErrorClass::Authentication => "AuthenticationError",
        ApiErrorClass::IpNotAllowed => {
            details.set_item("seen_address", error.seen_address().map(|address| address.to_string()))?;
            "IpNotAllowedError"
        }
        ApiErrorClass::Permission => "PermissionDeniedError",
        ApiErrorClass::UnknownAction => "UnknownActionError",
        ApiErrorClass::Encoding => "ReplyEncodingError",
        _ => "ApiError",
    })
}

fn decode_details(details: &Bound<'_, PyDict>, error: &DecodeError) -> PyResult<&'static str> {
    details.set_item("excerpt", error.excerpt())?;
    Ok(match error.kind() {
        DecodeErrorKind::Empty => "UnexpectedResponseError",
        DecodeErrorKind::NotAReply { title } => {
            details.set_item("title", title)?;
            "UnexpectedResponseError"
        }
        DecodeErrorKind::TooLarge { limit } => {
            details.set_item("limit", limit)?;
            "TooLargeError"
        }
        _ => {
            details.set_item("offset", error.offset())?;
            details.set_item("path", error.path())?;
            "DecodeError"
        }
    })
}

fn transport_details(details: &Bound<'_, PyDict>, error: &TransportError) -> PyResult<&'static str> {
    details.set_item("detail", error.detail())?;
    details.set_item("proxy", error.proxy())?;
    Ok(match error.kind() {
        TransportErrorKind::Timeout(_) => "RequestTimeoutError",
        TransportErrorKind::Tls(_) => "TlsError",
        TransportErrorKind::Dns
        | TransportErrorKind::Connect
        | TransportErrorKind::Proxy
        | TransportErrorKind::Interrupted => "ConnectionFailedError",
        _ => "TransportError",
    })
}

fn local_details(details: &Bound<'_, PyDict>, error: &LocalError) -> PyResult<&'static str> {
    details.set_item("detail", error.message())?;
    details.set_item("php_location", error.location())?;
    details.set_item("output", error.output())?;
    Ok("LocalApiError")
}

fn made(py: Python<'_>, class: &str, message: &str, details: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let class = py.import("gettickets._errors")?.getattr(PyString::new(py, class))?;
    Ok(PyErr::from_value(class.call((message,), Some(details))?))
}
