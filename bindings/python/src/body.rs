//! `decode`: decodes a reply from any Python object that can hold one.

#![allow(unsafe_code, reason = "a page points into Python's bytes instead of copying them")]

use std::io::Read;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use flate2::read::MultiGzDecoder;
use gettickets::{DecodeError, Decoder, Reply};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PyString};

use crate::deferred::{self, Deferred};
use crate::errors;
use crate::imports;
use crate::moment;
use crate::page::Page;
use crate::request;
use crate::signals::SIGNAL_INTERVAL;

/// Bodies from this size on are decoded without the interpreter's lock. Decoding one takes some 20 microseconds, of
/// which releasing and taking the lock is a small part.
const WORTH_DETACHING: usize = 64 << 10;
/// Bodies from this size on are decoded on a separate thread, so that a signal can interrupt the wait.
const WORTH_A_THREAD: usize = 4 << 20;
/// The first bytes of gzip data.
const GZIP: &[u8] = b"\x1f\x8b";

/// Decodes a saved reply, in any format: JSON, XML, or name-value pairs.
///
/// `body` is a str, bytes or another object with the buffer protocol, an open file of text or of bytes, or a
/// pathlib.Path. A str is the reply itself and not a file name. Data compressed with gzip is decompressed. A str or
/// bytes of JSON are not copied: the page keeps a reference and points into them.
///
/// `strict` refuses every deviation from the documented format; by default known deviations are accepted and listed in
/// page.findings. `max_len` is the maximum number of bytes to read, before and after decompression: 256 MiB by default,
/// and 340 MiB at most. `timezone`, a name such as "Europe/Berlin" or a tzinfo, is the time zone of the install: with
/// it `date` and `lastreply` are aware.
///
/// >>> import gettickets
/// >>> page = gettickets.decode(
/// ...     '{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}')
/// >>> len(page), [finding.code for finding in page.findings]
/// (0, ['empty-spelling'])
///
/// Raises ApiError if the reply is an error of the API, UnexpectedResponseError if it is not a reply, and DecodeError,
/// with the position, if it cannot be read without losing data.
#[pyfunction]
#[pyo3(signature = (body, *, strict = None, max_len = None, timezone = None))]
#[pyo3(text_signature = "(body, *, strict=False, max_len=None, timezone=None)")]
pub(crate) fn decode(
    py: Python<'_>,
    body: &Bound<'_, PyAny>,
    strict: Option<&Bound<'_, PyAny>>,
    max_len: Option<&Bound<'_, PyAny>>,
    timezone: Option<&Bound<'_, PyAny>>,
) -> PyResult<Page> {
    let timezone = moment::zone(py, timezone)?;
    let strict = strict.map_or(Ok(false), |strict| request::truth("strict", strict))?;
    let max_len = max_len.map_or(Ok(Decoder::DEFAULT_MAX_LEN), |value| limit("max_len", value))?;
    let decoder = Decoder::new().strict(strict).max_len(max_len);
    let decoded = Borrowed::from_python(body, max_len)?.decode(py, decoder, max_len);
    deferred::release(py);
    match decoded? {
        Ok(Reply::Tickets(page)) => Ok(Page::new(page, timezone)),
        Ok(Reply::Error(error)) => Err(errors::api(py, &error)),
        Err(Failure::Gzip(why)) => Err(errors::gzip(py, &why)),
        Err(Failure::Decode(error)) => {
            let is_name = error.is_not_a_reply() && looks_like_a_name(body);
            Err(errors::decode(py, &error, is_name.then_some(NOT_A_NAME)))
        }
    }
}

/// A number of bytes, from 1 to the maximum of a decoder.
fn limit(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    let len = usize::try_from(request::integer(name, value)?).unwrap_or(usize::MAX);
    if (1..=Decoder::LARGEST_MAX_LEN).contains(&len) {
        return Ok(len);
    }
    let most = Decoder::LARGEST_MAX_LEN;
    Err(errors::argument(format!("{name} must be from 1 to {most}, not {len}")))
}

/// The hint if a file name was given instead of the content.
const NOT_A_NAME: &str =
    "A str is read as the reply itself. To read a file, give its path as a pathlib.Path, or the open file.";
/// The maximum length of a path on Linux, in bytes.
const MAX_PATH_LEN: usize = 4096;

/// Whether a str looks like a file name: a single line without the characters that replies contain.
fn looks_like_a_name(body: &Bound<'_, PyAny>) -> bool {
    let is_of_replies = |character: char| character.is_control() || "<>{}".contains(character);
    let text = body.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
    text.is_some_and(|text| {
        !text.trim().is_empty() && text.len() <= MAX_PATH_LEN && !text.contains(is_of_replies)
    })
}

/// Why a body could not be decoded.
enum Failure {
    Decode(DecodeError),
    /// It begins like gzip data and cannot be decompressed.
    Gzip(String),
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Failure {
        Failure::Decode(error)
    }
}

/// Immutable bytes of a Python object, and the reference that keeps them in place.
struct Borrowed {
    bytes: &'static [u8],
    owner: Deferred,
}

impl Borrowed {
    /// The bytes of a text, of an object with the buffer protocol, of an open file, or of the file at a path. Reading a
    /// file stops when more than `max_len` bytes were read.
    fn from_python(body: &Bound<'_, PyAny>, max_len: usize) -> PyResult<Borrowed> {
        if let Some(direct) = Borrowed::direct(body)? {
            return Ok(direct);
        }
        if body.hasattr("read")? {
            return Borrowed::from_file(body, max_len);
        }
        if body.hasattr("__fspath__")? {
            let file = imports::OPEN.get(body.py())?.call1((body, "rb"))?;
            let read = Borrowed::from_file(&file, max_len);
            file.call_method0("close")?;
            return read;
        }
        Err(wrong_type("a reply must be", body))
    }

    /// The bytes of a text or of an object with the buffer protocol; `None` for any other object.
    fn direct(body: &Bound<'_, PyAny>) -> PyResult<Option<Borrowed>> {
        if let Ok(bytes) = body.cast::<PyBytes>() {
            return Ok(Some(Borrowed::of(bytes.as_bytes(), body)));
        }
        if let Ok(text) = body.cast::<PyString>() {
            return Ok(Some(Borrowed::of(text.to_str()?.as_bytes(), body)));
        }
        // `bytearray`, `memoryview`, `mmap`, arrays. They can change, so they are copied.
        let Ok(view) = PyMemoryView::from(body) else { return Ok(None) };
        let copy = view.call_method0("tobytes")?;
        Ok(copy.cast::<PyBytes>().ok().map(|bytes| Borrowed::of(bytes.as_bytes(), &copy)))
    }

    /// The rest of an open file. `read` must return text or bytes, and not another file.
    fn from_file(file: &Bound<'_, PyAny>, max_len: usize) -> PyResult<Borrowed> {
        let py = file.py();
        let parts = PyList::empty(py);
        let mut len = 0;
        // One byte more than the limit shows that the limit is exceeded.
        while len <= max_len {
            let part = file.call_method1("read", (max_len + 1 - len,))?;
            let Some(read) = Borrowed::direct(&part)? else {
                return Err(wrong_type("read() of a file must return", &part));
            };
            if read.bytes.is_empty() {
                break;
            }
            len += read.bytes.len();
            parts.append(&part)?;
            py.check_signals()?;
        }
        let whole = match parts.len() {
            1 => parts.get_item(0)?,
            _ => {
                let is_text = parts.get_item(0).is_ok_and(|first| first.is_instance_of::<PyString>());
                let empty =
                    if is_text { PyString::new(py, "").into_any() } else { PyBytes::new(py, b"").into_any() };
                empty.call_method1("join", (parts,))?
            }
        };
        Borrowed::direct(&whole)?.ok_or_else(|| wrong_type("a reply must be", &whole))
    }

    fn of(bytes: &[u8], owner: &Bound<'_, PyAny>) -> Borrowed {
        // SAFETY: Python's `bytes` and `str` never change or move while a reference exists. The slice is only passed on
        // together with the reference, which is dropped last.
        let bytes: &'static [u8] = unsafe { &*std::ptr::from_ref(bytes) };
        Borrowed { bytes, owner: Deferred::new(owner.clone().unbind()) }
    }

    fn decode(self, py: Python<'_>, decoder: Decoder, max_len: usize) -> PyResult<Result<Reply, Failure>> {
        let is_gzip = self.bytes.starts_with(GZIP);
        let work = move || {
            let Borrowed { bytes, owner } = self;
            if !is_gzip {
                return Ok(decoder.decode_shared(bytes, owner)?);
            }
            let mut body = Vec::new();
            let mut reader = MultiGzDecoder::new(bytes).take(max_len as u64 + 1);
            reader.read_to_end(&mut body).map_err(|error| Failure::Gzip(error.to_string()))?;
            Ok(decoder.decode(body)?)
        };
        Ok(match self.bytes.len() {
            // Gzip data may expand a thousandfold.
            len if len >= WORTH_A_THREAD || is_gzip => return on_a_thread(py, work),
            len if len >= WORTH_DETACHING => py.detach(work),
            _ => work(),
        })
    }
}

/// Runs the work on a separate thread and waits for it. If a signal handler raises, the result of the work is
/// discarded.
fn on_a_thread<T: Send + 'static>(py: Python<'_>, work: impl FnOnce() -> T + Send + 'static) -> PyResult<T> {
    let (sender, mut receiver) = sync_channel(1);
    let run = move || {
        // Fails if the wait was interrupted.
        let _ = sender.send(work());
    };
    thread::Builder::new()
        .name("gettickets-decode".to_owned())
        .spawn(run)
        .map_err(|error| errors::os(&error))?;
    loop {
        let received;
        (received, receiver) = py.detach(move || (receiver.recv_timeout(SIGNAL_INTERVAL), receiver));
        match received {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(errors::internal("the thread that decodes a reply panicked"));
            }
        }
    }
}

fn wrong_type(what: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let name = found.get_type().name().map_or_else(|_| "another object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{what} str, bytes, an open file or a path, not {name}"))
}
