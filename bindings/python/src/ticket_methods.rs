//! The Python methods of [`Ticket`].

use std::hash::{DefaultHasher, Hash, Hasher};

use gettickets::{Field, RelatedService, Tickets, Version};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::building;
use crate::errors;
use crate::imports;
use crate::json;
use crate::making;
use crate::moment;
use crate::page::Page;
use crate::recent::Recent;

/// The name of the attribute with undocumented fields.
const EXTRA: &str = "extra";
/// The maximum number of characters of a subject in the `repr` of a ticket.
const SHOWN_SUBJECT: usize = 40;
use crate::ticket::Ticket;

impl Ticket {
    /// Whether the other ticket has the same fields with the same values, with times at the same instants.
    fn equals(&self, py: Python<'_>, other: &Ticket) -> PyResult<bool> {
        if self.inside()? != other.inside()? {
            return Ok(false);
        }
        if moment::same_zone(py, self.page.get().zone(), other.page.get().zone())? {
            return Ok(true);
        }
        // Python compares aware datetimes as instants, and an aware one is never equal to a naive one.
        Ok(self.date.bind(py).eq(&other.date)? && self.lastreply.bind(py).eq(&other.lastreply)?)
    }

    fn field(name: &str) -> PyResult<Field> {
        Field::from_name(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }
}

#[pymethods]
impl Ticket {
    #[new]
    #[pyo3(signature = (**fields))]
    fn new(py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<Py<Ticket>> {
        let ticket = building::ticket(fields)?;
        let page = gettickets::Page::from(Tickets::new(&[ticket], Version::LATEST));
        let page = Py::new(py, Page::new(page, None))?;
        let made = making::ticket(py, &page, 0, &mut Recent::new())?;
        made.ok_or_else(|| PyIndexError::new_err("no such ticket"))
    }

    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, Field::all().map(Field::name))
    }

    /// The subject with its HTML entities decoded. Escape it before putting it into HTML.
    #[getter]
    fn subject_text(&self) -> PyResult<String> {
        Ok(self.inside()?.subject_text().into_owned())
    }

    /// The addresses in cc, as a tuple, trimmed.
    #[getter]
    fn cc_addresses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inside()?.cc_addresses().collect::<Vec<_>>())
    }

    /// The stored names in attachment, as a tuple.
    #[getter]
    fn attachment_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inside()?.attachment_names().collect::<Vec<_>>())
    }

    /// The service or domain that the ticket is about, a RelatedService, or None.
    #[getter]
    fn related_service<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let ticket = self.inside()?;
        let Some(service) = ticket.related_service() else { return Ok(None) };
        let (kind, id) = match service {
            RelatedService::Service(id) => ("service", Some(id)),
            RelatedService::Domain(id) => ("domain", Some(id)),
            _ => ("other", None),
        };
        imports::RELATED_SERVICE.get(py)?.call1((kind, id, ticket.service())).map(Some)
    }

    /// Undocumented fields as they were sent: a new dict each time.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::extra(py, self.inside()?.extra_json())
    }

    /// The names of the fields that the reply has for this ticket, null or not, in the order of the reply.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inside()?.fields().iter().map(Field::name).collect::<Vec<_>>())
    }

    /// Whether the reply has this field, null or not. KeyError if no version has a field with that name.
    fn has_field(&self, field: &str) -> PyResult<bool> {
        Ok(self.inside()?.has_field(Ticket::field(field)?))
    }

    /// A text field with its HTML entities decoded; None if there is no text. KeyError if no version has a field with
    /// that name.
    fn text(&self, field: &str) -> PyResult<Option<String>> {
        Ok(self.inside()?.decoded_text(Ticket::field(field)?).map(|text| text.into_owned()))
    }

    /// The value that was sent for this field, documented or not: "1" if a number was sent as text, and the text of a
    /// date. Leading zeros of a number are not kept. KeyError if the reply does not have the field.
    fn raw<'py>(&self, py: Python<'py>, field: &str) -> PyResult<Bound<'py, PyAny>> {
        let ticket = self.inside()?;
        if let Some((_, json)) = ticket.extra_json().find(|(name, _)| *name == field) {
            return json::loads(py, json);
        }
        let sent = json::sent(ticket, field).ok_or_else(|| PyKeyError::new_err(field.to_owned()))?;
        json::loads(py, &sent.to_string())
    }

    /// Every field as a dict, None if the reply has no value: dates as datetime, or as text if they cannot be read,
    /// attachments as dicts, undocumented fields under "extra".
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::to_dict(py, self.inside()?, self.page.get().zone())
    }

    /// The names of all fields, and "extra", which are the keys of `ticket[name]`.
    fn keys(slf: &Bound<'_, Ticket>) -> PyResult<Py<PyTuple>> {
        let names = Field::all().map(Field::name).chain([EXTRA]);
        Ok(PyTuple::new(slf.py(), names.collect::<Vec<_>>())?.unbind())
    }

    fn __getitem__<'py>(slf: &Bound<'py, Ticket>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match key.cast::<PyString>() {
            Ok(name) if name == EXTRA || Field::from_name(name.to_str()?).is_some() => slf.getattr(name),
            _ => Err(PyKeyError::new_err(key.clone().unbind())),
        }
    }

    /// The ticket as canonical JSON, which is the same in every API of gettickets.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.inside()?).map_err(errors::argument)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Ticket>() else { return Ok(py.NotImplemented()) };
        let same = self.equals(py, other.get())?;
        Ok(same.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(&self) -> PyResult<u64> {
        let ticket = self.inside()?;
        let mut hasher = DefaultHasher::new();
        (ticket.id(), ticket.tid()).hash(&mut hasher);
        Ok(hasher.finish())
    }

    /// A short description without the access key, names and addresses.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let subject = self.inside()?.subject();
        let subject = match subject.char_indices().nth(SHOWN_SUBJECT) {
            Some((end, _)) => {
                PyString::new(py, &format!("{}…", subject.get(..end).unwrap_or_default())).repr()?
            }
            None => self.subject.bind(py).repr()?,
        };
        let status = self.status.bind(py);
        // A Status is shown as plain text, because its own repr includes the class.
        let status = match status.cast::<PyString>() {
            Ok(word) => PyString::new(py, word.to_str()?).repr()?,
            Err(_) => status.repr()?,
        };
        let (id, tid) = (self.id.bind(py).repr()?, self.tid.bind(py).repr()?);
        Ok(format!("Ticket(id={id}, tid={tid}, subject={subject}, status={status})"))
    }

    /// The fields as an HTML table, for notebooks. The access key is left out.
    fn _repr_html_<'py>(slf: &Bound<'py, Ticket>) -> PyResult<Bound<'py, PyAny>> {
        imports::HTML_TICKET.get(slf.py())?.call1((slf,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Ticket>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, ticket) = (slf.py(), slf.get());
        let page = ticket.page.get();
        let json = json::kept(&gettickets::Page::default(), page.tickets(), std::iter::once(ticket.place));
        let restore = py.get_type::<Ticket>().getattr("_restore")?;
        (restore, (json, page.zone())).into_pyobject(py)
    }

    #[staticmethod]
    fn _restore(py: Python<'_>, json: String, zone: Option<Py<PyAny>>) -> PyResult<Option<Py<Ticket>>> {
        let page = Py::new(py, Page::restored(py, json, zone)?)?;
        making::ticket(py, &page, 0, &mut Recent::new())
    }

    /// A ticket does not change, so it is its own copy.
    fn __copy__(slf: Py<Ticket>) -> Py<Ticket> {
        slf
    }

    fn __deepcopy__(slf: Py<Ticket>, _memo: &Bound<'_, PyAny>) -> Py<Ticket> {
        slf
    }
}
