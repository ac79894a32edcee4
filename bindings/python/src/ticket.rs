//! [`Ticket`]: one ticket as Python sees it, every field a slot that was filled when it was made.

use std::hash::{DefaultHasher, Hash, Hasher};

use gettickets::{Field, RelatedService, TicketRef, Tickets, Version};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use crate::building;
use crate::errors;
use crate::imports;
use crate::json;
use crate::making;
use crate::page::Page;
use crate::recent::Recent;

/// The most characters of a subject that a ticket shows of itself.
const SHOWN_SUBJECT: usize = 40;

/// A ticket.
///
/// Every field of the documentation is an attribute; it is None where the reply did not carry the field, or carried
/// it as null. `date` and `lastreply` are None, too, for a zero date and for a text that is no date, which
/// `raw()` gives. Tickets do not change. Two are equal if they carry the same fields with the same values.
///
/// One can be built, for tests and for Sandbox, as a server of version 8.0 or later would send it. Its arguments are
/// keywords by the fields' names, and none is required: `id`, `deptid`, `userid` and `flag` are 0 otherwise, `status` is
/// Open and `priority` Medium, `date` and `lastreply` are None, as with a zero date, the other fields of version 1.0 are
/// empty, and later ones None. `date` and `lastreply` are naive datetimes in the install's own time, or texts such as
/// "2024-02-29T12:30:00"; `attachments` are Attachments or mappings, and `extra` is a mapping of fields that are in no
/// documentation. TypeError for a value of another type or a name that is no field's, ValueError for a number below 0, a
/// moment with a time zone and a text that is no moment.
///
/// >>> import gettickets
/// >>> ticket = gettickets.Ticket(id=7, subject="Tom &amp; Jerry", status="Open")
/// >>> ticket.subject, ticket.subject_text
/// ('Tom &amp; Jerry', 'Tom & Jerry')
/// >>> match ticket:
/// ...     case gettickets.Ticket(id=id, status=gettickets.Status.OPEN):
/// ...         print(id, "is open")
/// 7 is open
#[pyclass(frozen, module = "gettickets")]
pub(crate) struct Ticket {
    /// Internal id of the ticket, unique in its install.
    #[pyo3(get)]
    pub(crate) id: Py<PyAny>,
    /// Public ticket number; mostly six digits, but masks give TST01 or ABC-12345.
    #[pyo3(get)]
    pub(crate) tid: Py<PyAny>,
    /// Id of the department the ticket is in.
    #[pyo3(get)]
    pub(crate) deptid: Py<PyAny>,
    /// Id of the client the ticket belongs to; 0 for a non-client.
    #[pyo3(get)]
    pub(crate) userid: Py<PyAny>,
    /// Name of who opened the ticket, HTML-encoded as the server stores it.
    #[pyo3(get)]
    pub(crate) name: Py<PyAny>,
    /// Name of the client that owns the ticket. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) owner_name: Py<PyAny>,
    /// E-mail address of who opened the ticket.
    #[pyo3(get)]
    pub(crate) email: Py<PyAny>,
    /// Name of the requestor; None on tickets older than the field. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_name: Py<PyAny>,
    /// E-mail address of the requestor. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_email: Py<PyAny>,
    /// What the requestor is, a RequestorType. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_type: Py<PyAny>,
    /// Addresses that get copies, separated by commas; cc_addresses tells them apart.
    #[pyo3(get)]
    pub(crate) cc: Py<PyAny>,
    /// Access key of the ticket: who has tid and c can open it. Don't log it.
    #[pyo3(get)]
    pub(crate) c: Py<PyAny>,
    /// When the ticket was opened, a datetime in the install's time zone: naive unless timezone= was given.
    #[pyo3(get)]
    pub(crate) date: Py<PyAny>,
    /// Subject line, HTML-encoded as the server stores it; subject_text is decoded.
    #[pyo3(get)]
    pub(crate) subject: Py<PyAny>,
    /// Status, a Status. Installs configure their own beside the six defaults.
    #[pyo3(get)]
    pub(crate) status: Py<PyAny>,
    /// Priority, a Priority.
    #[pyo3(get)]
    pub(crate) priority: Py<PyAny>,
    /// Name of the admin who opened the ticket, or empty.
    #[pyo3(get)]
    pub(crate) admin: Py<PyAny>,
    /// Stored names of the attachments, separated by vertical bars; attachment_names tells them apart.
    #[pyo3(get)]
    pub(crate) attachment: Py<PyAny>,
    /// Attachments of the opening message, a tuple of Attachment. Since server version 7.10.
    #[pyo3(get)]
    pub(crate) attachments: Py<PyAny>,
    /// Whether the attachments were removed; any server version may leave it out.
    #[pyo3(get)]
    pub(crate) attachments_removed: Py<PyAny>,
    /// When the ticket was last replied to, as date.
    #[pyo3(get)]
    pub(crate) lastreply: Py<PyAny>,
    /// Id of the admin the ticket is flagged to; 0 for none.
    #[pyo3(get)]
    pub(crate) flag: Py<PyAny>,
    /// Related service as it was sent; related_service reads it.
    #[pyo3(get)]
    pub(crate) service: Py<PyAny>,
    /// The page it lies on, which holds the memory.
    pub(crate) page: Py<Page>,
    /// Where it lies there.
    pub(crate) place: usize,
}

impl Ticket {
    /// The ticket in its page's memory.
    pub(crate) fn inside(&self) -> PyResult<TicketRef<'_>> {
        // A ticket is only made at a place that its page has, and pages don't change.
        self.page.get().tickets().get(self.place).ok_or_else(|| PyIndexError::new_err("no such ticket"))
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

    /// The subject with its HTML entities decoded, for people to read. Never put it into a page unescaped.
    #[getter]
    fn subject_text(&self) -> PyResult<String> {
        Ok(self.inside()?.subject_text().into_owned())
    }

    /// The addresses in cc, as a tuple, without white space around them.
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

    /// Fields that are in no version's documentation, as they were sent: a new dict each time.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::extra(py, self.inside()?.extra_json())
    }

    /// The names of the fields that the reply carried, null or not, in the order in which servers write them.
    #[getter]
    fn carried<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inside()?.carried().iter().map(Field::name).collect::<Vec<_>>())
    }

    /// Whether the reply carried this field, null or not. KeyError if no version has a field of the name.
    fn carries(&self, field: &str) -> PyResult<bool> {
        Ok(self.inside()?.carries(Ticket::field(field)?))
    }

    /// Any text field with its HTML entities decoded, for people to read; None where there is none. KeyError
    /// if no version has a field of the name.
    fn text(&self, field: &str) -> PyResult<Option<String>> {
        Ok(self.inside()?.text_for_people(Ticket::field(field)?).map(|text| text.into_owned()))
    }

    /// What was sent for this field, known or not: "1" where a number came as text, the text of a date. How a
    /// number was padded is not kept. KeyError if the reply did not carry the field.
    fn raw<'py>(&self, py: Python<'py>, field: &str) -> PyResult<Bound<'py, PyAny>> {
        let ticket = self.inside()?;
        if let Some((_, json)) = ticket.extra_json().find(|(name, _)| *name == field) {
            return json::loads(py, json);
        }
        let sent = json::sent(ticket, field).ok_or_else(|| PyKeyError::new_err(field.to_owned()))?;
        json::loads(py, &sent.to_string())
    }

    /// What the reply carried as a dict: moments as datetime, attachments as dicts, unknown fields under
    /// "extra".
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::to_dict(py, self.inside()?, self.page.get().zone())
    }

    /// The ticket as canonical JSON, which is the same from every face of gettickets.
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.inside()?).map_err(errors::value)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Ticket>() else { return Ok(py.NotImplemented()) };
        let same = self.inside()? == other.get().inside()?;
        Ok(same.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(&self) -> PyResult<u64> {
        let ticket = self.inside()?;
        let mut hasher = DefaultHasher::new();
        (ticket.id(), ticket.tid()).hash(&mut hasher);
        Ok(hasher.finish())
    }

    /// Short, and without the access key or the people's names and addresses.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let ticket = self.inside()?;
        let subject = ticket.subject();
        let shown = match subject.char_indices().nth(SHOWN_SUBJECT) {
            Some((end, _)) => format!("{}…", subject.get(..end).unwrap_or_default()),
            None => subject.to_owned(),
        };
        let shown = PyString::new(py, &shown).repr()?;
        let tid = PyString::new(py, ticket.tid()).repr()?;
        let status = PyString::new(py, ticket.text(Field::Status)).repr()?;
        Ok(format!("Ticket(id={}, tid={tid}, subject={shown}, status={status})", ticket.id()))
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

    /// It does not change, so it is its own copy.
    fn __copy__(slf: Py<Ticket>) -> Py<Ticket> {
        slf
    }

    fn __deepcopy__(slf: Py<Ticket>, _memo: &Bound<'_, PyAny>) -> Py<Ticket> {
        slf
    }
}

/// An attachment of a ticket's opening message: its file name, and its number, counted from 0.
///
/// Since server version 7.10.
#[pyclass(frozen, module = "gettickets")]
pub(crate) struct Attachment {
    /// Its file name.
    #[pyo3(get)]
    pub(crate) filename: Py<PyString>,
    /// Its number, counted from 0.
    #[pyo3(get)]
    pub(crate) index: Py<PyInt>,
}

#[pymethods]
impl Attachment {
    #[new]
    fn new(filename: Py<PyString>, index: Py<PyInt>) -> Attachment {
        Attachment { filename, index }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("filename", "index")
    }

    /// Its fields as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("filename", &self.filename)?;
        dict.set_item("index", &self.index)?;
        Ok(dict)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Attachment>() else { return Ok(py.NotImplemented()) };
        let other = other.get();
        let same = self.filename.bind(py).as_any().eq(other.filename.bind(py))?
            && self.index.bind(py).as_any().eq(other.index.bind(py))?;
        Ok(same.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (&self.filename, &self.index).into_pyobject(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Attachment(filename={}, index={})", self.filename.bind(py).repr()?, self.index.bind(py)))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Attachment>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, attachment) = (slf.py(), slf.get());
        (py.get_type::<Attachment>(), (&attachment.filename, &attachment.index)).into_pyobject(py)
    }
}
