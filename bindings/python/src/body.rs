//! `decode`: from whatever Python holds a reply in to a page.

#![allow(unsafe_code, reason = "a page points into Python's bytes rather than copy them")]

use std::sync::{Mutex, PoisonError};

use gettickets::{Decoder, Reply};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

use crate::errors;
use crate::imports;
use crate::page::Page;

/// Bodies from this size on are decoded without the interpreter's lock: some 20 microseconds' work, of which
/// giving the lock up and taking it back is a small part.
const WORTH_DETACHING: usize = 64 << 10;

/// Decodes a saved reply, in any format: JSON, XML, or name-value pairs.
///
/// `body` is a str, bytes or anything else that holds bytes, an open file, or a pathlib.Path; a str is the reply itself
/// and no file's name. A str or bytes are not copied where they are JSON: the page keeps them, and points into them.
///
/// `strict` refuses whatever departs from the documented shape; by default what is bent in a known way is read, and
/// told by page.findings. `max_len` is the most bytes that are read, 256 MiB by default and 512 MiB at most.
/// `timezone`, a name such as "Europe/Berlin" or a tzinfo, is the time zone of the install: with it `date` and
/// `lastreply` are aware.
///
/// >>> import gettickets
/// >>> page = gettickets.decode(
/// ...     '{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}')
/// >>> len(page), [finding.code for finding in page.findings]
/// (0, ['empty-spelling'])
///
/// Raises ApiError where the reply is an error of the API, NotTheApiError where it is no reply at all, and
/// DecodeError, with its place, where it can't be read without losing something.
#[pyfunction]
#[pyo3(signature = (body, *, strict = false, max_len = None, timezone = None))]
pub(crate) fn decode(
    py: Python<'_>,
    body: &Bound<'_, PyAny>,
    strict: bool,
    max_len: Option<usize>,
    timezone: Option<&Bound<'_, PyAny>>,
) -> PyResult<Page> {
    let timezone = match timezone {
        None => None,
        Some(zone) => Some(imports::ZONE.get(py)?.call1((zone,))?.unbind()),
    };
    let decoder = Decoder::new().strict(strict).max_len(max_len.unwrap_or(Decoder::DEFAULT_MAX_LEN));
    let decoded = Lent::from_python(body)?.decode(py, &decoder);
    let_go(py);
    match decoded {
        Ok(Reply::Tickets(page)) => Ok(Page::new(page, timezone)),
        Ok(Reply::Error(error)) => Err(errors::api(py, &error)),
        Err(error) => {
            let is_name = error.is_not_a_reply() && looks_like_a_name(body);
            Err(errors::decode(py, &error, is_name.then_some(NOT_A_NAME)))
        }
    }
}

/// What to try where the name of a file was given for what is in it.
const NOT_A_NAME: &str =
    "A str is taken for the reply itself. To read a file, give its path as a pathlib.Path, or the open file.";
/// The most bytes that a path has on Linux.
const LONGEST_PATH: usize = 4096;

/// Whether a str reads like a file's name: something on one line, without what replies are made of.
fn looks_like_a_name(body: &Bound<'_, PyAny>) -> bool {
    let is_of_replies = |character: char| character.is_control() || "<>{}".contains(character);
    let text = body.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
    text.is_some_and(|text| {
        !text.trim().is_empty() && text.len() <= LONGEST_PATH && !text.contains(is_of_replies)
    })
}

/// A text or bytes of Python's that do not change, and what keeps them where they are.
struct Lent {
    bytes: &'static [u8],
    owner: Owner,
}

/// What keeps a body where it is.
///
/// The last to point into a body may be an Arrow stream that is released by who knows whom, with the interpreter's
/// lock or without. So an owner is not dropped there but put aside, and dropped by the next who has the lock.
struct Owner(Option<Py<PyAny>>);

/// Owners that were put aside.
static ASIDE: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());

impl Drop for Owner {
    fn drop(&mut self) {
        ASIDE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.0.take());
    }
}

/// Drops the owners that were put aside.
pub(crate) fn let_go(_: Python<'_>) {
    let aside = std::mem::take(&mut *ASIDE.lock().unwrap_or_else(PoisonError::into_inner));
    drop(aside);
}

impl Lent {
    /// The bytes behind an object: a text, something that holds bytes, a file that is open, or a path.
    fn from_python(body: &Bound<'_, PyAny>) -> PyResult<Lent> {
        if let Ok(bytes) = body.cast::<PyBytes>() {
            return Ok(Lent::of(bytes.as_bytes(), body));
        }
        if let Ok(text) = body.cast::<PyString>() {
            return Ok(Lent::of(text.to_str()?.as_bytes(), body));
        }
        if body.hasattr("read")? {
            return Lent::from_python(&body.call_method0("read")?);
        }
        if body.hasattr("__fspath__")? {
            let file = imports::OPEN.get(body.py())?.call1((body, "rb"))?;
            let bytes = file.call_method0("read");
            file.call_method0("close")?;
            return Lent::from_python(&bytes?);
        }
        // `bytearray`, `memoryview`, `mmap`, arrays: whatever has the buffer protocol.
        Lent::from_python(&copied(body)?)
    }

    fn of(bytes: &[u8], owner: &Bound<'_, PyAny>) -> Lent {
        // SAFETY: Python's `bytes` and `str` never change and stay where they are for as long as they are
        // referred to; whoever gets the slice gets the reference with it, and drops it last.
        let bytes: &'static [u8] = unsafe { &*std::ptr::from_ref(bytes) };
        Lent { bytes, owner: Owner(Some(owner.clone().unbind())) }
    }

    fn decode(self, py: Python<'_>, decoder: &Decoder) -> Result<Reply, gettickets::DecodeError> {
        let Lent { bytes, owner } = self;
        if bytes.len() < WORTH_DETACHING {
            return decoder.decode_lent(bytes, owner);
        }
        py.detach(|| decoder.decode_lent(bytes, owner))
    }
}

/// What may change is copied first.
fn copied<'py>(body: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(view) = PyMemoryView::from(body) else {
        let found = body.get_type();
        let why = format!("a reply is str, bytes, an open file or a path, not {}", found.name()?);
        return Err(PyTypeError::new_err(why));
    };
    view.call_method0("tobytes")
}
