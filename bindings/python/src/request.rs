//! From keyword arguments to a request.

use gettickets::{GetTickets, StatusFilter};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

/// The request of these parameters, which go by their wire names. `None` is a parameter that is not sent.
pub(crate) fn from_python(parameters: Option<&Bound<'_, PyDict>>) -> PyResult<GetTickets> {
    let mut request = GetTickets::default();
    for (name, value) in parameters.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_str()?.to_owned();
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "limitstart" => request.limitstart = Some(integer(&name, &value)?),
            "limitnum" => request.limitnum = Some(integer(&name, &value)?),
            "deptid" => request.deptid = Some(integer(&name, &value)?),
            "clientid" => request.clientid = Some(integer(&name, &value)?),
            "email" => request.email = Some(text(&name, &value)?),
            "status" => request.status = Some(StatusFilter::from(text(&name, &value)?.as_str())),
            "subject" => request.subject = Some(text(&name, &value)?),
            "ignore_dept_assignments" => request.ignore_dept_assignments = Some(truth(&name, &value)?),
            _ => return Err(PyTypeError::new_err(format!("GetTickets has no parameter {name:?}"))),
        }
    }
    Ok(request)
}

/// A number that servers take: whole, and not below 0.
pub(crate) fn integer(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, "an int", value));
    }
    value.extract::<u64>().map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            return PyValueError::new_err(format!("{name} is from 0 to {}", u64::MAX));
        }
        wrong_type(name, "an int", value)
    })
}

/// A text that can be sent.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = value.cast::<PyString>().map_err(|_| wrong_type(name, "a str", value))?;
    match text.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(PyValueError::new_err(format!("{name} has a lone surrogate, which is no character"))),
    }
}

pub(crate) fn truth(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let truth = value.cast::<PyBool>().map_err(|_| wrong_type(name, "a bool", value))?;
    Ok(truth.is_true())
}

pub(crate) fn wrong_type(name: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let found = found.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {expected}, not {found}"))
}
