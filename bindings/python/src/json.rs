//! Converts tickets to JSON text and to `dict`s, and returns the value that was sent for one field.

use gettickets::{Attachments, Field, FieldValue, Page, TicketRef, Tickets};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use serde_json::{Map, Value as Json};

use crate::imports;
use crate::moment;

/// A ticket as a `dict` of every field; `None` if the reply has no value: dates as `datetime`, or as text if they
/// cannot be read, attachments as dicts, undocumented fields under `extra`.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    ticket: TicketRef<'_>,
    zone: Option<&Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for field in Field::all() {
        let name = PyString::intern(py, field.name());
        match ticket.value(field) {
            Some(FieldValue::Integer(value)) => dict.set_item(name, value)?,
            Some(FieldValue::Text(text)) => dict.set_item(name, text)?,
            Some(FieldValue::Boolean(value)) => dict.set_item(name, value)?,
            Some(FieldValue::DateTime(Some(_))) => match moment::of_field(py, ticket, field, zone)? {
                Some(moment) => dict.set_item(name, moment)?,
                None => dict.set_item(name, ticket.text(field))?,
            },
            Some(FieldValue::UnreadableDate(text)) => dict.set_item(name, text)?,
            Some(FieldValue::Attachments(list)) => dict.set_item(name, attachments(py, list)?)?,
            // Includes field kinds without a case here; a test then fails.
            _ => dict.set_item(name, py.None())?,
        }
    }
    dict.set_item("extra", extra(py, ticket.extra_json())?)?;
    Ok(dict)
}

fn attachments<'py>(py: Python<'py>, list: Attachments<'_>) -> PyResult<Bound<'py, PyList>> {
    let made = list.map(|attachment| {
        let dict = PyDict::new(py);
        dict.set_item("filename", attachment.filename)?;
        dict.set_item("index", attachment.index)?;
        Ok(dict)
    });
    PyList::new(py, made.collect::<PyResult<Vec<_>>>()?)
}

/// Undocumented fields, parsed by Python's `json`, whose integers have no limit.
pub(crate) fn extra<'py, 'a>(
    py: Python<'py>,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, json) in fields {
        dict.set_item(name, loads(py, json)?)?;
    }
    Ok(dict)
}

pub(crate) fn loads<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    imports::JSON_LOADS.get(py)?.call1((json,))
}

/// The value that was sent for a documented field, as far as a page stores it: it is known whether a number or a
/// boolean was sent as text, but not leading zeros and white space. `None` if the reply does not have the field.
pub(crate) fn sent(ticket: TicketRef<'_>, name: &str) -> Option<Json> {
    let field = Field::from_name(name)?;
    let quoted = ticket.quoted_fields().contains(field);
    Some(match ticket.value(field)? {
        FieldValue::Integer(value) if quoted => value.to_string().into(),
        FieldValue::Integer(value) => value.into(),
        FieldValue::Text(text) => text.into(),
        FieldValue::DateTime(_) | FieldValue::UnreadableDate(_) => ticket.text(field).into(),
        FieldValue::Boolean(value) if quoted => if value { "1" } else { "" }.into(),
        FieldValue::Boolean(value) => value.into(),
        FieldValue::Attachments(list) => list
            .map(|one| {
                Json::from(Map::from_iter([
                    ("filename".to_owned(), one.filename.into()),
                    ("index".to_owned(), one.index.into()),
                ]))
            })
            .collect(),
        _ => Json::Null,
    })
}

/// A page as JSON that decodes to the same page, except for its findings and the server version. Used for pickling, and
/// for slices with a step.
pub(crate) fn kept(page: &Page, tickets: &Tickets, places: impl Iterator<Item = usize>) -> String {
    let mut reply = Map::new();
    reply.insert("result".to_owned(), "success".into());
    let counts = [
        ("totalresults", page.totalresults()),
        ("startnumber", page.startnumber()),
        ("numreturned", page.numreturned()),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            reply.insert(name.to_owned(), count.into());
        }
    }
    let mut text = Json::from(reply).to_string();
    text.pop();
    for (name, json) in page.extra_json() {
        text.push(',');
        push_entry(&mut text, name, json);
    }
    text.push_str(",\"tickets\":{\"ticket\":[");
    for (count, ticket) in places.filter_map(|place| tickets.get(place)).enumerate() {
        if count > 0 {
            text.push(',');
        }
        push_ticket(&mut text, ticket);
    }
    text.push_str("]}}");
    text
}

fn push_ticket(text: &mut String, ticket: TicketRef<'_>) {
    let mut separator = '{';
    let mut push = |name: &str, json: &str| {
        text.push(separator);
        separator = ',';
        push_entry(text, name, json);
    };
    for field in ticket.fields().iter() {
        push(field.name(), &sent(ticket, field.name()).unwrap_or_default().to_string());
    }
    for (name, json) in ticket.extra_json() {
        push(name, json);
    }
    text.push('}');
}

/// Appends a name and a value that is already JSON.
fn push_entry(text: &mut String, name: &str, json: &str) {
    text.push_str(&Json::from(name).to_string());
    text.push(':');
    text.push_str(json);
}
