//! Converts keyword arguments to a request, and checks argument types for the other modules.

use gettickets::{GetTickets, StatusFilter};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

use crate::errors;

/// Returns the request with these parameters, given by their wire names. A parameter that is `None` is not sent.
pub(crate) fn from_python(parameters: Option<&Bound<'_, PyDict>>) -> PyResult<GetTickets> {
    let mut request = GetTickets::default();
    for (name, value) in parameters.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_str()?.to_owned();
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "limitstart" => request.limitstart = Some(integer(&name, &value)?),
            "limitnum" => request.limitnum = Some(positive(&name, &value)?),
            "deptid" => request.deptid = Some(integer(&name, &value)?),
            "clientid" => request.clientid = Some(integer(&name, &value)?),
            "email" => request.email = Some(text(&name, &value)?),
            "status" => request.status = Some(StatusFilter::from(text(&name, &value)?.as_str())),
            "subject" => request.subject = Some(text(&name, &value)?),
            "ignore_dept_assignments" => request.ignore_dept_assignments = Some(truth(&name, &value)?),
            _ => return Err(PyTypeError::new_err(format!("GetTickets has no parameter {name:?}"))),
        }
    }
    match (request.ignored_filter(), parameters) {
        (Some(name), Some(parameters)) => Err(without_effect(name, parameters.get_item(name)?.as_ref())?),
        _ => Ok(request),
    }
}

/// Returns the request of a scan, and its statuses if `status` has several, otherwise an empty list.
pub(crate) fn of_scan(parameters: Option<&Bound<'_, PyDict>>) -> PyResult<(GetTickets, Vec<StatusFilter>)> {
    let Some(parameters) = parameters else { return Ok((GetTickets::default(), Vec::new())) };
    let statuses = several_statuses(parameters)?;
    if statuses.is_empty() {
        return Ok((from_python(Some(parameters))?, statuses));
    }
    let others = parameters.copy()?;
    others.del_item(STATUS)?;
    Ok((from_python(Some(&others))?, statuses))
}

const STATUS: &str = "status";

fn several_statuses(parameters: &Bound<'_, PyDict>) -> PyResult<Vec<StatusFilter>> {
    let Some(value) = parameters.get_item(STATUS)? else { return Ok(Vec::new()) };
    if value.is_none() || value.is_instance_of::<PyString>() {
        return Ok(Vec::new());
    }
    let several = value.try_iter().map_err(|_| wrong_type(STATUS, "a str or several of them", &value))?;
    let mut statuses = Vec::new();
    for status in several {
        let status = status?;
        let filter = StatusFilter::from(text(STATUS, &status)?.as_str());
        let request = GetTickets { status: Some(filter.clone()), ..GetTickets::default() };
        if request.ignored_filter().is_some() {
            return Err(without_effect(STATUS, Some(&status))?);
        }
        statuses.push(filter);
    }
    if statuses.is_empty() {
        let why = format!("{STATUS} is empty; leave it out for tickets of every status");
        return Err(errors::argument(why));
    }
    Ok(statuses)
}

/// The exception for a filter that servers would ignore and then list every ticket.
fn without_effect(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<PyErr> {
    let shown =
        value.map(|value| value.repr()).transpose()?.map_or_else(String::new, |shown| format!("={shown}"));
    Ok(errors::argument(format!(
        "{name}{shown} does not filter: a server lists every ticket then; leave it out, or give None"
    )))
}

/// A number for a server: an int from 0.
pub(crate) fn integer(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    if value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, "an int", value));
    }
    value.extract::<u64>().map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            return errors::argument(format!("{name} must be from 0 to {}", u64::MAX));
        }
        wrong_type(name, "an int", value)
    })
}

/// A number of tickets: an int, from 1.
fn positive(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    match integer(name, value)? {
        0 => {
            let why = format!("{name} must be at least 1; leave it out for the server's default");
            Err(errors::argument(why))
        }
        number => Ok(number),
    }
}

/// A number of seconds, from 0; infinity is allowed.
pub(crate) fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let is_number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
    if !is_number || value.is_instance_of::<PyBool>() {
        return Err(wrong_type(name, "a number of seconds", value));
    }
    match value.extract::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Ok(seconds),
        _ => {
            Err(errors::argument(format!("{name} must be a number of seconds from 0, not {}", value.repr()?)))
        }
    }
}

/// A text that can be sent.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = value.cast::<PyString>().map_err(|_| wrong_type(name, "a str", value))?;
    match text.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(errors::argument(format!("{name} has a lone surrogate, which is not a character"))),
    }
}

/// True or False, and no other object with a truth value.
pub(crate) fn truth(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let truth = value.cast::<PyBool>().map_err(|_| wrong_type(name, "a bool", value))?;
    Ok(truth.is_true())
}

/// The `TypeError` for an argument of another type.
pub(crate) fn wrong_type(name: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let found = found.get_type().name().map_or_else(|_| "another type".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {expected}, not {found}"))
}
