//! Converts words of a ticket to objects of their Python classes. Each known word has a single object.

use gettickets::{Priority, RequestorType, Status};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::imports::{self, Import};
use crate::recent::Recent;

/// A kind of word.
pub(crate) struct Kind {
    number: u8,
    class: &'static Import,
    words: fn() -> Vec<String>,
    /// The known words and their objects.
    known: PyOnceLock<Vec<(String, Py<PyAny>)>>,
}

pub(crate) static STATUS: Kind =
    Kind::new(1, &imports::STATUS, || Status::KNOWN.iter().map(|word| word.to_string()).collect());
pub(crate) static PRIORITY: Kind =
    Kind::new(2, &imports::PRIORITY, || Priority::KNOWN.iter().map(|word| word.to_string()).collect());
pub(crate) static REQUESTOR_TYPE: Kind = Kind::new(3, &imports::REQUESTOR_TYPE, || {
    RequestorType::KNOWN.iter().map(|word| word.to_string()).collect()
});

impl Kind {
    const fn new(number: u8, class: &'static Import, words: fn() -> Vec<String>) -> Kind {
        Kind { number, class, words, known: PyOnceLock::new() }
    }

    /// The object for a word.
    pub(crate) fn object(&self, py: Python<'_>, word: &str, recent: &mut Recent) -> PyResult<Py<PyAny>> {
        let known = self.known.get_or_try_init(py, || self.make_known(py))?;
        match known.iter().find(|(known, _)| known == word) {
            Some((_, object)) => Ok(object.clone_ref(py)),
            None => recent.get(py, self.number, word, || self.make(py, word)),
        }
    }

    fn make(&self, py: Python<'_>, word: &str) -> PyResult<Py<PyAny>> {
        Ok(self.class.get(py)?.call1((word,))?.unbind())
    }

    fn make_known(&self, py: Python<'_>) -> PyResult<Vec<(String, Py<PyAny>)>> {
        let make = |word: String| self.make(py, &word).map(|object| (word, object));
        (self.words)().into_iter().map(make).collect()
    }
}
