//! [`Ticket`]: a ticket as a Python object. Its methods are in `ticket_methods.rs`.

use gettickets::TicketRef;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use crate::page::Page;

/// A ticket.
///
/// Every documented field is an attribute; it is None if the reply does not have the field, or has it as null. `date`
/// and `lastreply` are also None for a zero date and for a text that is not a date; raw() returns the text. Tickets are
/// immutable. Two are equal if they have the same fields with the same values; times with and without a time zone
/// differ. `ticket["status"]` is the same as `ticket.status`, so that dict(ticket) and {**ticket} work.
///
/// A ticket can be built, for tests and for Sandbox, as a server of version 8.0 or later would send it. All arguments
/// are keywords with the fields' names, and none is required. The defaults are 0 for `id`, `deptid`, `userid` and
/// `flag`, Open for `status`, Medium for `priority`, None for `date`, `lastreply` and fields that came after version
/// 1.0, and an empty text for the others. `date` and `lastreply` are naive datetimes in the install's own time, or
/// texts such as "2024-02-29T12:30:00"; `attachments` are Attachments or mappings; `extra` is a mapping of undocumented
/// fields. TypeError for a value of another type or an unknown name, ArgumentError for a number below 0, a time with a
/// time zone, and a text that is not a time.
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
    /// The page whose memory holds the ticket.
    pub(crate) page: Py<Page>,
    /// Its index in the page.
    pub(crate) place: usize,
}

impl Ticket {
    /// The ticket in its page's memory.
    pub(crate) fn inside(&self) -> PyResult<TicketRef<'_>> {
        // A ticket is only made for an index that its page has, and pages are immutable.
        self.page.get().tickets().get(self.place).ok_or_else(|| PyIndexError::new_err("no such ticket"))
    }
}
