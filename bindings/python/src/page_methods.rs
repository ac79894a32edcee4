//! The Python methods of [`Page`].

use gettickets::{Field, FieldSet, TicketRef};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyInt, PyList, PySlice, PyTuple};

use crate::arrow::{self, FailureSlot, Layout};
use crate::errors;
use crate::imports;
use crate::iterator::PageIterator;
use crate::json;
use crate::making;
use crate::moment;
use crate::page::{Page, Restored};
use crate::recent::Recent;
use crate::table::Table;
use crate::ticket::Ticket;
use crate::vocabulary;

#[pymethods]
impl Page {
    /// How many tickets match the request on all pages together, as the server counts them; None if the reply does not
    /// have it.
    #[getter]
    fn totalresults(&self) -> Option<u64> {
        self.page.totalresults()
    }

    /// The offset of this page's first ticket, as the server reports it.
    #[getter]
    fn startnumber(&self) -> Option<u64> {
        self.page.startnumber()
    }

    /// The number of tickets on this page according to the server; len(page) is the actual number.
    #[getter]
    fn numreturned(&self) -> Option<u64> {
        self.page.numreturned()
    }

    /// The time zone of date and lastreply, if one was given.
    #[getter]
    fn timezone(&self) -> Option<&Py<PyAny>> {
        self.zone()
    }

    /// Undocumented top-level fields as they were sent: a new dict each time.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        json::extra(py, self.page.extra_json())
    }

    /// The deviations of the reply from the documented format, a tuple of Finding.
    #[getter]
    fn findings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(restored) = &self.restored {
            return Ok(restored.findings.bind(py).clone());
        }
        let class = imports::FINDING.get(py)?;
        let made = self.page.findings().iter().map(|finding| {
            let places = PyTuple::new(py, &finding.places)?;
            let tickets = PyTuple::new(py, &finding.tickets)?;
            let field = finding.field.map(|field| field.name());
            let kind = finding.kind;
            class.call1((
                kind.code(),
                kind.meaning(),
                field,
                finding.count,
                places,
                tickets,
                finding.detail.as_deref(),
            ))
        });
        Ok(PyTuple::new(py, made.collect::<PyResult<Vec<_>>>()?)?.into_any())
    }

    /// The server version, a DetectedVersion: exact if the reply states it, as XML replies do, else a lower bound from
    /// the fields that the reply has.
    #[getter]
    fn detected_version<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.restored {
            Some(restored) => Ok(restored.detected_version.bind(py).clone()),
            None => vocabulary::shown_to_python(py, self.page.detected_version()),
        }
    }

    /// The names of the fields that every ticket from a server of this version has, and that at least one ticket of
    /// this page does not have.
    fn missing_fields<'py>(
        &self,
        py: Python<'py>,
        version: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let missing: FieldSet = self.page.missing_fields(vocabulary::from_python(version)?);
        PyTuple::new(py, missing.iter().map(|field| field.name()).collect::<Vec<_>>())
    }

    /// The page as a server of this version would send it: fields of later versions are left out. It shares this page's
    /// memory.
    fn as_of_version(&self, py: Python<'_>, version: &Bound<'_, PyAny>) -> PyResult<Page> {
        Ok(self.like(py, self.page.as_of_version(vocabulary::from_python(version)?)))
    }

    /// The page as a dict: "result", the counts, "tickets" as a list of dicts in the form of Ticket.to_dict(), and
    /// "extra" if there is any.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("result", "success")?;
        let counts = [
            ("totalresults", self.totalresults()),
            ("startnumber", self.startnumber()),
            ("numreturned", self.numreturned()),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                dict.set_item(name, count)?;
            }
        }
        let tickets = self.tickets().iter().map(|ticket| json::to_dict(py, ticket, self.zone()));
        dict.set_item("tickets", PyList::new(py, tickets.collect::<PyResult<Vec<_>>>()?)?)?;
        if !self.page.extra().is_empty() {
            dict.set_item("extra", self.extra(py)?)?;
        }
        Ok(dict)
    }

    /// The page as canonical JSON: one document, the same in every API of gettickets.
    fn to_json(&self, py: Python<'_>) -> String {
        py.detach(|| self.page.to_json())
    }

    /// The page as a server of this version would send it, as bytes of JSON or XML; by default the newest version
    /// that changed the call. Missing counts, such as those of a page of a scan, are filled in.
    #[pyo3(signature = (version = None, *, format = "json"))]
    fn to_wire<'py>(
        &self,
        py: Python<'py>,
        version: Option<&Bound<'py, PyAny>>,
        format: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let version = version.map_or(Ok(gettickets::Version::LATEST), vocabulary::from_python)?;
        let page = self.counted();
        let text = match format {
            "json" => py.detach(|| page.to_wire_json(version)),
            "xml" => py.detach(|| page.to_wire_xml(version)),
            other => {
                let why = format!("format must be \"json\" or \"xml\", not {other:?}");
                return Err(errors::argument(why));
            }
        };
        Ok(PyBytes::new(py, text.as_bytes()))
    }

    /// A copy of the page that holds only the texts of its tickets. A page or a slice keeps the whole body that it was
    /// decoded from; for tickets that are kept for long, a copy takes half of that memory or less.
    fn compact(&self, py: Python<'_>) -> Page {
        let page = py.detach(|| self.page.compact());
        self.like(py, page)
    }

    /// The number of bytes of memory that the page holds; for a slice, those of the whole page.
    #[getter]
    fn memory_size(&self) -> usize {
        self.tickets().memory_size()
    }

    /// The tickets as a pyarrow.Table. It needs pyarrow.
    ///
    /// `columns` selects columns by name, in that order; "subject_text" is the subject with its HTML entities
    /// decoded, and "date_utc" and "lastreply_utc" need a time zone. `timezone` is the time zone of the install, if
    /// it is not that of the client.
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_arrow<'py>(
        slf: &Bound<'py, Page>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_ARROW.get(slf.py())?.call1((table,))
    }

    /// The tickets as a polars.DataFrame. It needs polars.
    ///
    /// `columns` and `timezone` are those of to_arrow().
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_polars<'py>(
        slf: &Bound<'py, Page>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_POLARS.get(slf.py())?.call1((table,))
    }

    /// The tickets as a pandas.DataFrame. It needs pandas and pyarrow. The types do not depend on the values:
    /// integers are Int64, truth values boolean, times datetime64, and attachments arrays of dicts.
    ///
    /// `columns` and `timezone` are those of to_arrow().
    #[pyo3(signature = (*, columns = None, timezone = None))]
    fn to_pandas<'py>(
        slf: &Bound<'py, Page>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = slf.get().table(slf.py(), columns, timezone)?;
        imports::TO_PANDAS.get(slf.py())?.call1((table,))
    }

    /// The tickets as an Arrow stream, by the Arrow PyCapsule interface. The only part of a requested schema that has
    /// an effect is whether texts are `large_string`, as the interface allows.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        slf: &Bound<'py, Page>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let (py, page) = (slf.py(), slf.get());
        let layout = Layout::new(py, page.zone(), None)?;
        arrow::page_stream(py, page.tickets().clone(), &layout, requested_schema, FailureSlot::default())
    }

    /// The schema of the stream, by the Arrow PyCapsule interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Layout::new(py, self.zone(), None)?.schema(py)
    }

    fn __len__(&self) -> usize {
        self.tickets().len()
    }

    fn __getitem__<'py>(slf: &Bound<'py, Page>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Ok(slice) = key.cast::<PySlice>() {
            return Ok(slf.get().sliced(py, slice)?.into_pyobject(py)?.into_any());
        }
        let len = slf.get().tickets().len();
        let out_of_range = || {
            let why = format!("index {} is out of range (length {len})", key.repr()?);
            Err(PyIndexError::new_err(why))
        };
        let Ok(index) = key.extract::<isize>() else {
            if key.is_instance_of::<PyInt>() {
                return out_of_range();
            }
            let found = key.get_type();
            return Err(PyTypeError::new_err(format!(
                "page indices must be ints or slices, not {}",
                found.name()?
            )));
        };
        let place = if index < 0 { index.checked_add_unsigned(len) } else { Some(index) };
        let place = place.and_then(|place| usize::try_from(place).ok());
        let ticket = place.map(|place| making::ticket(py, slf.as_unbound(), place, &mut Recent::new()));
        match ticket.transpose()?.flatten() {
            Some(ticket) => Ok(ticket.into_bound(py).into_any()),
            None => out_of_range(),
        }
    }

    fn __iter__(slf: Py<Page>) -> PageIterator {
        PageIterator::new(slf, false)
    }

    fn __reversed__(slf: Py<Page>) -> PageIterator {
        PageIterator::new(slf, true)
    }

    fn __contains__(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.places_of(value, 0, usize::MAX)?.next().is_some())
    }

    /// The number of tickets that are equal to this one.
    fn count(&self, value: &Bound<'_, PyAny>) -> PyResult<usize> {
        Ok(self.places_of(value, 0, usize::MAX)?.count())
    }

    /// The index of the first ticket that is equal to this one. ValueError if there is none.
    #[pyo3(signature = (value, start = 0, stop = isize::MAX))]
    fn index(&self, value: &Bound<'_, PyAny>, start: isize, stop: isize) -> PyResult<usize> {
        let len = self.tickets().len();
        let place = |at: isize| {
            let from_end = || at.checked_add_unsigned(len).unwrap_or_default().max(0);
            if at < 0 { from_end().unsigned_abs() } else { at.unsigned_abs() }
        };
        let found = self.places_of(value, place(start), place(stop))?.next();
        found.ok_or_else(|| PyValueError::new_err("the ticket is not on the page"))
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Page>() else { return Ok(py.NotImplemented()) };
        let other = other.get();
        let same = self.equals(py, other)?;
        Ok(same.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    fn __repr__(&self) -> String {
        let len = self.tickets().len();
        let noun = if len == 1 { "ticket" } else { "tickets" };
        let total = self.totalresults().map_or_else(String::new, |total| format!(" of {total}"));
        let start = self.startnumber().map_or_else(String::new, |start| format!(", from {start}"));
        let findings = if self.page.findings().is_empty() { "" } else { ", with findings" };
        format!("<Page: {len} {noun}{total}{start}{findings}>")
    }

    /// The first tickets as an HTML table, for notebooks. The access key is left out.
    fn _repr_html_<'py>(slf: &Bound<'py, Page>) -> PyResult<Bound<'py, PyAny>> {
        imports::HTML_PAGE.get(slf.py())?.call1((slf,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Page>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, page) = (slf.py(), slf.get());
        let json = py.detach(|| json::kept(&page.page, page.tickets(), 0..page.tickets().len()));
        let restore = py.get_type::<Page>().getattr("_restore")?;
        (restore, (json, page.zone(), page.detected_version(py)?, page.findings(py)?)).into_pyobject(py)
    }

    #[staticmethod]
    fn _restore(
        py: Python<'_>,
        json: String,
        zone: Option<Py<PyAny>>,
        detected_version: Py<PyAny>,
        findings: Py<PyAny>,
    ) -> PyResult<Page> {
        Ok(Page {
            restored: Some(Restored::of(detected_version, findings)),
            ..Page::restored(py, json, zone)?
        })
    }
}

impl Page {
    /// The table of these columns, in this time zone or that of the page.
    fn table(
        &self,
        py: Python<'_>,
        columns: Option<Vec<String>>,
        timezone: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Table> {
        let zone = moment::zone(py, timezone)?;
        Table::of_page(py, self.tickets().clone(), zone.as_ref().or(self.zone()), columns)
    }

    /// A slice. The tickets of a slice with a step are copied.
    fn sliced(&self, py: Python<'_>, slice: &Bound<'_, PySlice>) -> PyResult<Page> {
        let len = isize::try_from(self.tickets().len()).unwrap_or(isize::MAX);
        let span = slice.indices(len)?;
        let start = span.start.max(0).unsigned_abs();
        if span.step == 1 {
            return Ok(self.like(py, self.page.slice(start..start + span.slicelength)));
        }
        let step = |nth: usize| span.start + span.step * nth as isize;
        let places = (0..span.slicelength).map(|nth| step(nth).max(0).unsigned_abs());
        let json = json::kept(&self.page.slice(..span.slicelength), self.tickets(), places);
        let chosen = Page::restored(py, json, None)?;
        Ok(Page {
            restored: Some(Restored::of(self.detected_version(py)?.unbind(), self.findings(py)?.unbind())),
            ..self.like(py, chosen.page)
        })
    }

    /// The indexes from `start` to `stop` of the tickets that are equal to this object; none if it is not a ticket.
    fn places_of(
        &self,
        value: &Bound<'_, PyAny>,
        start: usize,
        stop: usize,
    ) -> PyResult<impl Iterator<Item = usize>> {
        let mut found = Vec::new();
        if let Ok(ticket) = value.cast::<Ticket>() {
            let (py, wanted) = (value.py(), ticket.get().inside()?);
            let zone = ticket.get().page.get().zone();
            let within = self.tickets().iter().enumerate().skip(start).take(stop.saturating_sub(start));
            for (place, candidate) in within {
                let is_same = wanted.id() == candidate.id() && wanted == candidate;
                if is_same && same_moments(py, candidate, self.zone(), zone)? {
                    found.push(place);
                }
            }
        }
        Ok(found.into_iter())
    }

    /// Whether the other page has the same counts and tickets, with times at the same instants.
    fn equals(&self, py: Python<'_>, other: &Page) -> PyResult<bool> {
        if !py.detach(|| self.page == other.page) {
            return Ok(false);
        }
        for ticket in self.tickets() {
            if !same_moments(py, ticket, self.zone(), other.zone())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The page with the counts of a server. A page without counts, such as that of a scan, counts as a complete list.
    fn counted(&self) -> gettickets::Page {
        let page = &self.page;
        if page.numreturned().is_some() || !page.extra().is_empty() {
            return page.clone();
        }
        let total = page.totalresults().unwrap_or(page.len() as u64);
        gettickets::Page::new(page.tickets().clone(), page.startnumber().unwrap_or_default(), total)
    }
}

/// Whether the times of a ticket are the same instants in two time zones, by Python's comparison of datetimes.
fn same_moments(
    py: Python<'_>,
    ticket: TicketRef<'_>,
    one: Option<&Py<PyAny>>,
    other: Option<&Py<PyAny>>,
) -> PyResult<bool> {
    if moment::same_zone(py, one, other)? {
        return Ok(true);
    }
    for field in [Field::Date, Field::Lastreply] {
        let (one, other) =
            (moment::of_field(py, ticket, field, one)?, moment::of_field(py, ticket, field, other)?);
        if !one.into_pyobject(py)?.eq(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}
