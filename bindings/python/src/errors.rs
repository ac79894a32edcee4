//! The one place where errors become exceptions. The classes are Python's own, in `gettickets._errors`: each
//! takes the message, and what there is to know as keywords.
//!
//! What comes here has the credentials struck out already; nothing is added to it.

use gettickets::local::LocalError;
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, Error, ErrorKind};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// An error of the client as an exception.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error, error.may_have_been_sent(), None).unwrap_or_else(|failure| failure)
}

/// An error of the API in a saved reply.
pub(crate) fn api(py: Python<'_>, error: &ApiError) -> PyErr {
    exception(py, &error.clone().into(), false, None).unwrap_or_else(|failure| failure)
}

/// A saved reply that can't be read; `hint` counts before the error's own.
pub(crate) fn decode(py: Python<'_>, error: &DecodeError, hint: Option<&str>) -> PyErr {
    exception(py, &error.clone().into(), false, hint).unwrap_or_else(|failure| failure)
}

/// The sandbox did not start, or its database failed.
pub(crate) fn sandbox(py: Python<'_>, error: &dyn std::error::Error) -> PyErr {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    let told = error.to_string();
    let message = if told.ends_with(&source) { told } else { told + &source };
    made(py, "SandboxError", &message, &PyDict::new(py)).unwrap_or_else(|failure| failure)
}

/// What was done to something that is closed.
pub(crate) fn closed(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!("the {what} is closed"))
}

/// Rust's own complaints about what was given.
pub(crate) fn value(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// What the operating system refused.
pub(crate) fn os(error: &std::io::Error) -> PyErr {
    PyOSError::new_err(error.to_string())
}

fn exception(py: Python<'_>, error: &Error, may_have_been_sent: bool, hint: Option<&str>) -> PyResult<PyErr> {
    let details = PyDict::new(py);
    details.set_item("code", error.code())?;
    details.set_item("hint", hint.or(error.hint().as_deref()))?;
    details.set_item("http_status", error.http_status())?;
    details.set_item("attempts", error.attempts())?;
    details.set_item("may_have_been_sent", may_have_been_sent)?;
    details.set_item("is_retryable", error.is_retryable())?;
    let class = match error.kind() {
        ErrorKind::Api(error) => api_details(&details, error)?,
        ErrorKind::UnexpectedResponse { status, content_type, title, excerpt, .. } => {
            details.set_item("http_status", status.as_u16())?;
            details.set_item("content_type", content_type)?;
            details.set_item("title", title)?;
            details.set_item("excerpt", excerpt)?;
            "NotTheApiError"
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
        // A kind that is new to the client: what all errors have is told of it.
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
        DecodeErrorKind::Empty => "NotTheApiError",
        DecodeErrorKind::NotAReply { title } => {
            details.set_item("title", title)?;
            "NotTheApiError"
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
    details.set_item("php_place", error.location())?;
    details.set_item("output", error.output())?;
    Ok("LocalApiError")
}

fn made(py: Python<'_>, class: &str, message: &str, details: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let class = py.import("gettickets._errors")?.getattr(PyString::new(py, class))?;
    Ok(PyErr::from_value(class.call((message,), Some(details))?))
}
