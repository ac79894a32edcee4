//! Converts keyword arguments to a ticket. Each argument is checked against the kind of its field, and an error names
//! the argument. No conversion loses data, such as a time zone.

use gettickets::{
    Attachment as OwnedAttachment, DateTime, FIELDS, Field, FieldKind, FieldSpec, Priority, Status, Version,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::{Map, Value as Json};

use crate::attachment::Attachment;
use crate::errors;
use crate::imports;
use crate::moment;
use crate::request::{integer, text, truth, wrong_type};

/// A ticket with its own values, from keyword arguments with the names of canonical JSON.
pub(crate) fn ticket(fields: Option<&Bound<'_, PyDict>>) -> PyResult<gettickets::Ticket> {
    let mut values = defaults();
    for (name, value) in fields.into_iter().flatten() {
        let name = name.cast::<PyString>()?.to_str()?.to_owned();
        let json = match Field::from_name(&name) {
            // A field of a later version, which is not sent.
            Some(field) if value.is_none() && is_left_out(field) => {
                values.remove(&name);
                continue;
            }
            Some(field) => field_value(field, &value)?,
            None if name == "extra" => extra(&value)?,
            None => {
                let why = format!("a ticket has no field {name:?}; unknown ones go into extra");
                return Err(PyTypeError::new_err(why));
            }
        };
        values.insert(name, json);
    }
    // Every value has the type of its field, so this cannot fail for known arguments.
    serde_json::from_value(Json::Object(values)).map_err(errors::argument)
}

/// The default values of fields. A field without a default is not sent.
fn defaults() -> Map<String, Json> {
    let always_sent = FIELDS.iter().filter(|spec| spec.since == Version::V1_0 && !spec.optional);
    let value = |spec: &FieldSpec| match (spec.field, spec.kind) {
        (Field::Status, _) => Status::Open.as_str().into(),
        (Field::Priority, _) => Priority::Medium.as_str().into(),
        (_, FieldKind::Integer) => 0.into(),
        (_, FieldKind::Text) => "".into(),
        _ => Json::Null,
    };
    let mut values: Map<_, _> = always_sent.map(|spec| (spec.name.to_owned(), value(spec))).collect();
    // Servers send these fields as null.
    values.insert(Field::RequestorName.name().to_owned(), Json::Null);
    values
}

/// The value of a field. None is allowed for a date, and for a field that some servers do not send.
fn field_value(field: Field, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let (name, spec) = (field.name(), field.spec());
    if value.is_none() && (spec.kind == FieldKind::DateTime || field == Field::RequestorName) {
        return Ok(Json::Null);
    }
    Ok(match spec.kind {
        FieldKind::Integer => integer(name, value)?.into(),
        FieldKind::Text => text(name, value)?.into(),
        FieldKind::DateTime => date_time(name, value)?.to_string().into(),
        FieldKind::Boolean => truth(name, value)?.into(),
        FieldKind::Attachments => attachments(name, value)?,
        // Reached only by a field kind that was added without a case here; a test then fails.
        _ => return Err(PyTypeError::new_err(format!("{name} can't be set"))),
    })
}

/// Whether a field with the value None is not sent.
fn is_left_out(field: Field) -> bool {
    let spec = field.spec();
    field != Field::RequestorName && (spec.optional || spec.since > Version::V1_0)
}

/// A time, or its text in the form of servers and canonical JSON.
fn date_time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<DateTime> {
    if !value.is_instance_of::<PyString>() {
        return moment::of_the_install(name, value);
    }
    let text = text(name, value)?;
    // This exact length, with seconds, leaves no room for an offset.
    let is_whole = text.len() == 19 && text.as_bytes().get(16) == Some(&b':');
    let read = text.parse().ok().filter(|_| is_whole);
    read.ok_or_else(|| {
        errors::argument(format!("{name} must be a time such as \"2024-02-29T12:30:00\", not {text:?}"))
    })
}

fn attachments(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let expected = "an iterable of Attachments or mappings";
    let list = value.try_iter().map_err(|_| wrong_type(name, expected, value))?;
    let read = list.enumerate().map(|(place, one)| attachment(&format!("{name}[{place}]"), &one?));
    let read = read.collect::<PyResult<Vec<_>>>()?;
    serde_json::to_value(read).map_err(errors::argument)
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
                value.get_item(key).map_err(|_| errors::argument(format!("{name} has no {key:?}")))
            };
            (entry("filename")?, entry("index")?)
        }
    };
    let filename = text(&format!("{name}.filename"), &filename)?;
    Ok(OwnedAttachment { filename, index: integer(&format!("{name}.index"), &index)? })
}

/// Undocumented fields, as JSON.
fn extra(value: &Bound<'_, PyAny>) -> PyResult<Json> {
    let py = value.py();
    if !value.hasattr("keys")? {
        return Err(wrong_type("extra", "a mapping", value));
    }
    let fields = py.get_type::<PyDict>().call1((value,))?;
    let strict = PyDict::new(py);
    strict.set_item("allow_nan", false)?;
    let written = imports::JSON_DUMPS.get(py)?.call((fields,), Some(&strict));
    let json: String = written
        .map_err(|error| {
            let why = format!("extra can't be written as JSON: {}", error.value(py));
            if error.is_instance_of::<PyTypeError>(py) {
                PyTypeError::new_err(why)
            } else if error.is_instance_of::<PyValueError>(py) {
                errors::argument(why)
            } else {
                error
            }
        })?
        .extract()?;
    let fields: Map<String, Json> = serde_json::from_str(&json)
        .map_err(|_| errors::argument("extra has a text that is not Unicode, or is nested too deep"))?;
    match fields.keys().find(|name| Field::from_name(name).is_some()) {
        Some(name) => Err(errors::argument(format!("extra has {name:?}, which is not an unknown field"))),
        None => Ok(Json::Object(fields)),
    }
}
