//! Converts a ticket in a page's memory to a Python `Ticket`. All fields are converted at once, so that an attribute
//! access only reads a slot.

use gettickets::{Field, TicketRef};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString, PyTuple};

use crate::attachment::Attachment;
use crate::moment;
use crate::page::Page;
use crate::recent::Recent;
use crate::ticket::Ticket;
use crate::words::{self, Kind};

/// Makes the objects of one ticket.
struct Maker<'a, 'py> {
    py: Python<'py>,
    ticket: TicketRef<'a>,
    zone: Option<&'a Py<PyAny>>,
    recent: &'a mut Recent,
}

/// The ticket at this index of a page; `None` beyond its end. It keeps a reference to the page.
pub(crate) fn ticket(
    py: Python<'_>,
    page: &Py<Page>,
    place: usize,
    recent: &mut Recent,
) -> PyResult<Option<Py<Ticket>>> {
    let (inside, zone) = (page.get(), page.get().zone());
    let Some(ticket) = inside.tickets().get(place) else { return Ok(None) };
    let mut make = Maker { py, ticket, zone, recent };
    let (name, email) = (make.text(Field::Name)?, make.text(Field::Email)?);
    let date = make.moment(Field::Date)?;
    let made = Ticket {
        id: make.integer(Field::Id)?,
        tid: make.text(Field::Tid)?,
        deptid: make.integer(Field::Deptid)?,
        userid: make.integer(Field::Userid)?,
        owner_name: make.text_like(Field::OwnerName, Field::Name, &name)?,
        requestor_name: make.text_like(Field::RequestorName, Field::Name, &name)?,
        requestor_email: make.text_like(Field::RequestorEmail, Field::Email, &email)?,
        requestor_type: make.word(Field::RequestorType, &words::REQUESTOR_TYPE)?,
        name,
        email,
        cc: make.text(Field::Cc)?,
        c: make.text(Field::C)?,
        lastreply: make.moment_like(Field::Lastreply, Field::Date, &date)?,
        date,
        subject: make.text(Field::Subject)?,
        status: make.word(Field::Status, &words::STATUS)?,
        priority: make.word(Field::Priority, &words::PRIORITY)?,
        admin: make.shared_text(Field::Admin)?,
        attachment: make.text(Field::Attachment)?,
        attachments: make.attachments()?,
        attachments_removed: make.truth(),
        flag: make.integer(Field::Flag)?,
        service: make.text(Field::Service)?,
        page: page.clone_ref(py),
        place,
    };
    Py::new(py, made).map(Some)
}

impl Maker<'_, '_> {
    /// Whether the reply has a value for the field that is not null.
    fn has(&self, field: Field) -> bool {
        self.ticket.has_field(field) && !self.ticket.null_fields().contains(field)
    }

    fn integer(&self, field: Field) -> PyResult<Py<PyAny>> {
        if !self.has(field) {
            return Ok(self.py.None());
        }
        let number = match field {
            Field::Id => self.ticket.id(),
            Field::Deptid => self.ticket.deptid(),
            Field::Userid => self.ticket.userid(),
            _ => self.ticket.flag(),
        };
        Ok(number.into_pyobject(self.py)?.into_any().unbind())
    }

    fn text(&self, field: Field) -> PyResult<Py<PyAny>> {
        match self.ticket.text(field) {
            "" if !self.has(field) => Ok(self.py.None()),
            text => Ok(string(self.py, text)),
        }
    }

    /// A text that is usually equal to that of another field of the same ticket.
    fn text_like(&self, field: Field, other: Field, made: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        let text = self.ticket.text(field);
        if !text.is_empty() && text == self.ticket.text(other) {
            return Ok(made.clone_ref(self.py));
        }
        self.text(field)
    }

    /// A text that few tickets have, and that repeats among them.
    fn shared_text(&mut self, field: Field) -> PyResult<Py<PyAny>> {
        let (py, text) = (self.py, self.ticket.text(field));
        if text.is_empty() { self.text(field) } else { self.recent.get(py, 0, text, || Ok(string(py, text))) }
    }

    fn word(&mut self, field: Field, kind: &Kind) -> PyResult<Py<PyAny>> {
        match self.ticket.text(field) {
            "" if !self.has(field) => Ok(self.py.None()),
            word => kind.object(self.py, word, self.recent),
        }
    }

    fn moment(&self, field: Field) -> PyResult<Py<PyAny>> {
        let moment = moment::of_field(self.py, self.ticket, field, self.zone)?;
        Ok(moment.unwrap_or_else(|| self.py.None()))
    }

    /// A time that is often equal to that of another field of the same ticket.
    fn moment_like(&self, field: Field, other: Field, made: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        if self.ticket.text(field) == self.ticket.text(other) {
            return Ok(made.clone_ref(self.py));
        }
        self.moment(field)
    }

    fn truth(&self) -> Py<PyAny> {
        match self.ticket.attachments_removed() {
            Some(removed) => PyBool::new(self.py, removed).to_owned().into_any().unbind(),
            None => self.py.None(),
        }
    }

    fn attachments(&self) -> PyResult<Py<PyAny>> {
        let py = self.py;
        let Some(list) = self.ticket.attachments() else { return Ok(py.None()) };
        if list.len() == 0 {
            return Ok(PyTuple::empty(py).into_any().unbind());
        }
        let made = list
            .map(|attachment| {
                let filename = PyString::new(py, attachment.filename).unbind();
                let index = attachment.index.into_pyobject(py)?.unbind();
                Py::new(py, Attachment { filename, index })
            })
            .collect::<PyResult<Vec<_>>>()?;
        Ok(PyTuple::new(py, made)?.into_any().unbind())
    }
}

fn string(py: Python<'_>, text: &str) -> Py<PyAny> {
    PyString::new(py, text).into_any().unbind()
}
