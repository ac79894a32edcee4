//! [`Attachment`]: an attachment of a ticket.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

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

    /// The names of its fields, which are the keys of `attachment[name]`.
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
