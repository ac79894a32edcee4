//! `gettickets._native`: what the Python package `gettickets` is made of, on the way from Rust to Python.
//!
//! The package beside it is written by hand: words, exceptions, clients, documentation. Here is what has to
//! be fast or has to be Rust: pages and tickets over the memory that they were decoded in, decoding, requests
//! and scans that wait without the interpreter's lock, Arrow, the sandbox and the command line. Nothing here is
//! to be used from elsewhere, nothing panics on what comes from outside, and no secret is shown.

mod arrow;
mod body;
mod building;
mod client;
mod command;
mod errors;
mod home;
mod imports;
mod iterator;
mod json;
mod logging;
mod making;
mod moment;
mod page;
mod recent;
mod request;
mod sandbox;
mod scan;
mod schemas;
mod ticket;
mod vocabulary;
mod words;

/// The compiled part of gettickets; use the package `gettickets` instead.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::body::decode;
    #[pymodule_export]
    use crate::client::{Client, Pending};
    #[pymodule_export]
    use crate::command::run;
    #[pymodule_export]
    use crate::iterator::PageIterator;
    #[pymodule_export]
    use crate::page::Page;
    #[pymodule_export]
    use crate::sandbox::{Sandbox, quirks};
    #[pymodule_export]
    use crate::scan::{Scan, ScanPages, Watch};
    #[pymodule_export]
    use crate::ticket::{Attachment, Ticket};
    #[pymodule_export]
    use crate::vocabulary::{fields, parse_version, version};
}
