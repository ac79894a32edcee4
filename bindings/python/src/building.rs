//! From keyword arguments to a ticket. Each is looked at by what its field holds, and an error names it: nothing
//! that a ticket can't hold is bent into something else, and no time zone is dropped.

use gettickets::{Attachment as OwnedAttachment, DateTime, Field, Kind, Version};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::{Map, Value as Json};

use crate::errors;
use crate::imports;
use crate::moment;
use crate::request::{integer, text, truth, wrong_type};
use crate::ticket::Attachment;

/// A ticket that owns its values, from keyword arguments that go by the names of canonical JSON.
pub(crate) fn ticket(fields: Option<&Bound<'_, PyDict>>) -> PyResult<gettickets::Ticket> {
    let mut values = Map::new();
    for (name, value) in fields.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_str()?.to_owned();
        let json = match Field::from_name(&name) {
            Some(field) => field_value(field, &value)?,
            None if name == "extra" => extra(&value)?,
            None => {
                let why = format!("a ticket has no field {name:?}; unknown ones go into extra");
                return Err(PyTypeError::new_err(why));
            }
        };
        values.insert(name, json);
    }
    // Each value is what its field holds, so this fails for no argument that is known.
    serde_json::from_value(Json::Object(values)).map_err(errors::value)
}

/// The value of one field. None is a moment that the server has not, or a later field that it does not send.
fn field_value(field: Field, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let (name, spec) = (field.name(), field.spec());
    let may_be_none = spec.kind == Kind::DateTime || spec.optional || spec.since > Version::V1_0;
    if value.is_none() && may_be_none {
        return Ok(Json::Null);
    }
    Ok(match spec.kind {
        Kind::Integer => integer(name, value)?.into(),
        Kind::Text => text(name, value)?.into(),
        Kind::DateTime => date_time(name, value)?.to_string().into(),
        Kind::Boolean => truth(name, value)?.into(),
        Kind::Attachments => attachments(name, value)?,
        // A kind that is new to the field history; a test fails until it is read here.
        _ => return Err(PyTypeError::new_err(format!("{name} can't be given"))),
    })
}

/// A moment, or its text as servers and canonical JSON write it.
fn date_time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<DateTime> {
    if !value.is_instance_of::<PyString>() {
        return moment::of_the_install(name, value);
    }
    let text = text(name, value)?;
    // Of this length and with seconds, so that there is no room for an offset.
    let is_whole = text.len() == 19 && text.as_bytes().get(16) == Some(&b':');
    let read = text.parse().ok().filter(|_| is_whole);
    read.ok_or_else(|| {
        let why = format!("{name} must be a moment such as \"2024-02-29T12:30:00\", and {text:?} is none");
        PyValueError::new_err(why)
    })
}

fn attachments(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let expected = "an iterable of Attachments or mappings";
    let list = value.try_iter().map_err(|_| wrong_type(name, expected, value))?;
    let read = list.enumerate().map(|(place, one)| attachment(&format!("{name}[{place}]"), &one?));
    let read = read.collect::<PyResult<Vec<_>>>()?;
    serde_json::to_value(read).map_err(errors::value)
}

fn attachment(name: &str, value: &Bound<'_, PyAny>) -> PyResult<OwnedAttachment> {
    let py = value.py();
    let (filename, index) = match value.cast::<Attachment>() {
        Ok(made) => {
            let made = made.get();
            (made.filename.bind(py).as_any().clone(), made.index.bind(py).as_any().clone())
        }
        Err(_) if !value.hasattr("keys")? => {
            return Err(wrong_type(name, "an Attachment or a mapping", value));
        }
        Err(_) => {
            let entry = |key: &str| {
                value.get_item(key).map_err(|_| PyValueError::new_err(format!("{name} has no {key:?}")))
            };
            (entry("filename")?, entry("index")?)
        }
    };
    let filename = text(&format!("{name}.filename"), &filename)?;
    Ok(OwnedAttachment { filename, index: integer(&format!("{name}.index"), &index)? })
}

/// Fields of no version's documentation, as JSON has them.
fn extra(value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let py = value.py();
    if !value.hasattr("keys")? {
        return Err(wrong_type("extra", "a mapping", value));
    }
    let fields = py.get_type::<PyDict>().call1((value,))?;
    let strict = PyDict::new(py);
    strict.set_item("allow_nan", false)?;
    let told = imports::JSON_DUMPS.get(py)?.call((fields,), Some(&strict));
    let json: String = told
        .map_err(|error| {
            let why = format!("extra can't be told in JSON: {}", error.value(py));
            if error.is_instance_of::<PyTypeError>(py) {
                PyTypeError::new_err(why)
            } else if error.is_instance_of::<PyValueError>(py) {
                PyValueError::new_err(why)
            } else {
                error
            }
        })?
        .extract()?;
    let fields: Map<String, Json> = serde_json::from_str(&json)
        .map_err(|_| PyValueError::new_err("extra has a text that is not Unicode, or is nested too deep"))?;
    match fields.keys().find(|name| Field::from_name(name).is_some()) {
        Some(name) => Err(PyValueError::new_err(format!("extra has {name:?}, which is a field of its own"))),
        None => Ok(Json::Object(fields)),
    }
}
