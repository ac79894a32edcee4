//! From a ticket in a page's memory to a Python `Ticket`: every field is made in one go, so that reading one is
//! reading a slot.

use gettickets::{Field, TicketRef};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString, PyTuple};

use crate::imports::{self, Import};
use crate::moment;
use crate::page::Page;
use crate::recent::Recent;
use crate::ticket::{Attachment, Ticket};

/// What a text field's text becomes.
#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Status,
    Priority,
    RequestorType,
}

impl Kind {
    fn class(self) -> Option<&'static Import> {
        match self {
            Kind::Plain => None,
            Kind::Status => Some(&imports::STATUS),
            Kind::Priority => Some(&imports::PRIORITY),
            Kind::RequestorType => Some(&imports::REQUESTOR_TYPE),
        }
    }
}

/// Makes the objects of one ticket.
struct Maker<'a, 'py> {
    py: Python<'py>,
    ticket: TicketRef<'a>,
    zone: Option<&'a Py<PyAny>>,
    recent: &'a mut Recent,
}

/// The ticket at this place of a page; none behind its end. It holds the page.
pub(crate) fn ticket(
    py: Python<'_>,
    page: &Py<Page>,
    place: usize,
    recent: &mut Recent,
) -> PyResult<Option<Py<Ticket>>> {
    let (inside, zone) = (page.get(), page.get().zone());
    let Some(ticket) = inside.tickets().get(place) else { return Ok(None) };
    let mut make = Maker { py, ticket, zone, recent };
    let name = make.text(Field::Name)?;
    let email = make.text(Field::Email)?;
    let made = Ticket {
        id: make.integer(Field::Id)?,
        tid: make.once(Field::Tid)?,
        deptid: make.integer(Field::Deptid)?,
        userid: make.integer(Field::Userid)?,
        owner_name: make.as_before(Field::OwnerName, Field::Name, &name)?,
        requestor_name: make.as_before(Field::RequestorName, Field::Name, &name)?,
        requestor_email: make.as_before(Field::RequestorEmail, Field::Email, &email)?,
        requestor_type: make.word(Field::RequestorType, Kind::RequestorType)?,
        name,
        email,
        cc: make.text(Field::Cc)?,
        c: make.once(Field::C)?,
        date: make.moment(Field::Date)?,
        subject: make.once(Field::Subject)?,
        status: make.word(Field::Status, Kind::Status)?,
        priority: make.word(Field::Priority, Kind::Priority)?,
        admin: make.text(Field::Admin)?,
        attachment: make.text(Field::Attachment)?,
        attachments: make.attachments()?,
        attachments_removed: make.truth(),
        lastreply: make.moment(Field::Lastreply)?,
        flag: make.integer(Field::Flag)?,
        service: make.text(Field::Service)?,
        page: page.clone_ref(py),
        place,
    };
    Py::new(py, made).map(Some)
}

impl Maker<'_, '_> {
    /// Whether there is a value: the reply carried the field, and not as null.
    fn has(&self, field: Field) -> bool {
        self.ticket.carries(field) && !self.ticket.null().contains(field)
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

    /// A text that no other ticket has.
    fn once(&self, field: Field) -> PyResult<Py<PyAny>> {
        match self.ticket.text(field) {
            "" if !self.has(field) => Ok(self.py.None()),
            text => Ok(string(self.py, text)),
        }
    }

    /// A text that may stand in the ticket before, too.
    fn text(&mut self, field: Field) -> PyResult<Py<PyAny>> {
        self.word(field, Kind::Plain)
    }

    fn word(&mut self, field: Field, kind: Kind) -> PyResult<Py<PyAny>> {
        let (py, text) = (self.py, self.ticket.text(field));
        if text.is_empty() && !self.has(field) {
            return Ok(py.None());
        }
        self.recent.get(py, kind as u8, text, || match kind.class() {
            None => Ok(string(py, text)),
            Some(class) => Ok(class.get(py)?.call1((text,))?.unbind()),
        })
    }

    /// A text that is mostly that of another field of the same ticket.
    fn as_before(&mut self, field: Field, before: Field, made: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        let text = self.ticket.text(field);
        if !text.is_empty() && text == self.ticket.text(before) {
            return Ok(made.clone_ref(self.py));
        }
        self.text(field)
    }

    fn moment(&self, field: Field) -> PyResult<Py<PyAny>> {
        let moment = if field == Field::Date { self.ticket.date() } else { self.ticket.lastreply() };
        match moment {
            Some(moment) => moment::to_python(self.py, moment, self.zone),
            None => Ok(self.py.None()),
        }
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
