//! [`Ticket`]: the Python class of a ticket. Every field is an object that is made together with the ticket.

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
use crate::moment;
use crate::page::Page;
use crate::recent::Recent;

/// The name of the attribute with undocumented fields.
const EXTRA: &str = "extra";
/// The most characters of a subject in the `repr` of a ticket.
const SHOWN_SUBJECT: usize = 40;

/// A ticket.
///
/// Every field of the documentation is an attribute; it is None where the reply does not have the field, or has it as
/// null. `date` and `lastreply` are also None for a zero date and for a text that is not a date; raw() returns the text.
/// Tickets do not change. Two are equal if they have the same fields with the same values; times with and without a
/// time zone differ. `ticket["status"]` is the same as `ticket.status`, so that dict(ticket) and {**ticket} work.
///
/// A ticket can be built, for tests and for Sandbox, as a server of version 8.0 or later would send it. All arguments
/// are keywords with the fields' names, and none is required. The defaults are 0 for `id`, `deptid`, `userid` and
/// `flag`, Open for `status`, Medium for `priority`, None for `date`, `lastreply` and fields that came after version
/// 1.0, and an empty text for the others. `date` and `lastreply` are naive datetimes in the install's own time, or texts
/// such as "2024-02-29T12:30:00"; `attachments` are Attachments or mappings; `extra` is a mapping of undocumented fields.
/// TypeError for a value of another type or an unknown name, ArgumentError for a number below 0, a time with a time
/// zone, and a text that is not a time.
///
/// >>> import gettickets
/// >>> ticket = gettickets.Ticket(id=7, subject="Tom &amp; Jerry", status="Open")
/// >>> ticket.subject, ticket.subject_text
/// ('Tom &amp; Jerry', 'Tom & Jerry')
/// >>> match ticket:
/// ...     case gettickets.Ticket(id=id, status=gettickets.Status.OPEN):
/// ...         print(id, "is open")
/// 7 is open
#[pyclass(frozen, mapping, weakref, module = "gettickets")]
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
    /// Name of the person who opened the ticket, HTML-encoded as the server stores it.
    #[pyo3(get)]
    pub(crate) name: Py<PyAny>,
    /// Name of the client that owns the ticket. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) owner_name: Py<PyAny>,
    /// Email address of the person who opened the ticket.
    #[pyo3(get)]
    pub(crate) email: Py<PyAny>,
    /// Name of the requestor; None on tickets older than the field. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_name: Py<PyAny>,
    /// Email address of the requestor. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_email: Py<PyAny>,
    /// Type of the requestor, a RequestorType. Since server version 8.0.
    #[pyo3(get)]
    pub(crate) requestor_type: Py<PyAny>,
    /// Addresses that get copies, separated by commas; cc_addresses has them as a tuple.
    #[pyo3(get)]
    pub(crate) cc: Py<PyAny>,
    /// Access key of the ticket: anyone who has tid and c can open the ticket. Do not log it.
    #[pyo3(get)]
    pub(crate) c: Py<PyAny>,
    /// When the ticket was opened, a datetime in the install's time zone: naive unless timezone= was given.
    #[pyo3(get)]
    pub(crate) date: Py<PyAny>,
    /// Subject line, HTML-encoded as the server stores it; subject_text is decoded.
    #[pyo3(get)]
    pub(crate) subject: Py<PyAny>,
    /// Status, a Status. Installs can configure others besides the six defaults.
    #[pyo3(get)]
    pub(crate) status: Py<PyAny>,
    /// Priority, a Priority.
    #[pyo3(get)]
    pub(crate) priority: Py<PyAny>,
    /// Name of the admin who opened the ticket, or empty.
    #[pyo3(get)]
    pub(crate) admin: Py<PyAny>,
    /// Stored names of the attachments, separated by vertical bars; attachment_names has them as a tuple.
    #[pyo3(get)]
    pub(crate) attachment: Py<PyAny>,
    /// Attachments of the opening message, a tuple of Attachment. Since server version 7.10.
    #[pyo3(get)]
    pub(crate) attachments: Py<PyAny>,
    /// Whether the attachments were removed. Servers of any version may leave it out.
    #[pyo3(get)]
    pub(crate) attachments_removed: Py<PyAny>,
    /// When the ticket was last replied to, as date.
    #[pyo3(get)]
    pub(crate) lastreply: Py<PyAny>,
    /// Id of the admin the ticket is flagged to; 0 for none.
    #[pyo3(get)]
    pub(crate) flag: Py<PyAny>,
    /// Related service as it was sent; related_service is its parsed form.
    #[pyo3(get)]
    pub(crate) service: Py<PyAny>,
    /// The page that holds its memory.
    pub(crate) page: Py<Page>,
    /// Its index there.
    pub(crate) place: usize,
}

impl Ticket {
    /// The ticket in its page's memory.
    pub(crate) fn inside(&self) -> PyResult<TicketRef<'_>> {
        // A ticket is only made at a place that its page has, and pages don't change.
        self.page.get().tickets().get(self.place).ok_or_else(|| PyIndexError::new_err("no such ticket"))
    }

    /// Whether the other has the same fields with the same values, and names the same moments.
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

    /// The names of the fields that the reply has for this ticket, null or not, in the order of the wire.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inside()?.fields().iter().map(Field::name).collect::<Vec<_>>())
    }

    /// Whether the reply has this field, null or not. KeyError if no version has a field of that name.
    fn has_field(&self, field: &str) -> PyResult<bool> {
        Ok(self.inside()?.has_field(Ticket::field(field)?))
    }

    /// A text field with its HTML entities decoded; None where there is no text. KeyError if no version has a field of
    /// that name.
    fn text(&self, field: &str) -> PyResult<Option<String>> {
        Ok(self.inside()?.decoded_text(Ticket::field(field)?).map(|text| text.into_owned()))
    }

    /// The value that was sent for this field, documented or not: "1" where a number was sent as text, and the text of a
    /// date. Leading zeros of a number are not kept. KeyError if the reply does not have the field.
    fn raw<'py>(&self, py: Python<'py>, field: &str) -> PyResult<Bound<'py, PyAny>> {
        let ticket = self.inside()?;
        if let Some((_, json)) = ticket.extra_json().find(|(name, _)| *name == field) {
            return json::loads(py, json);
        }
        let sent = json::sent(ticket, field).ok_or_else(|| PyKeyError::new_err(field.to_owned()))?;
        json::loads(py, &sent.to_string())
    }

    /// Every field as a dict, None where the reply has no value: dates as datetime, or as text where they can't be read,
    /// attachments as dicts, undocumented fields under "extra".
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::to_dict(py, self.inside()?, self.page.get().zone())
    }

    /// The names of all fields, and "extra": what `ticket[name]` takes.
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

    /// Short, and without the access key, names and addresses.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let subject = self.inside()?.subject();
        let subject = match subject.char_indices().nth(SHOWN_SUBJECT) {
            Some((end, _)) => {
                PyString::new(py, &format!("{}…", subject.get(..end).unwrap_or_default())).repr()?
            }
            None => self.subject.bind(py).repr()?,
        };
        let status = self.status.bind(py);
        // As plain text where it is a Status, whose own repr names the class.
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

/// An attachment of a ticket's opening message: its file name, and its number, counted from 0.
///
/// Since server version 7.10.
#[pyclass(frozen, mapping, module = "gettickets")]
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

    /// The names of its fields: what `attachment[name]` takes.
    fn keys(&self) -> (&'static str, &'static str) {
        Attachment::__match_args__()
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match key.extract::<String>().as_deref() {
            Ok("filename") => Ok(self.filename.bind(key.py()).clone().into_any()),
            Ok("index") => Ok(self.index.bind(key.py()).clone().into_any()),
            _ => Err(PyKeyError::new_err(key.clone().unbind())),
        }
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
