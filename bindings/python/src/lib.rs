//! `gettickets._native`: the compiled part of the Python package `gettickets`.
//!
//! Words, exceptions and clients are written in Python. This module has the parts that must be fast or need Rust: pages
//! and tickets that point into the memory of the reply, decoding, requests and scans that wait without the
//! interpreter's lock, Arrow streams, the sandbox and the command line. No input causes a panic, and no secret is
//! shown.

mod arrow;
mod async_source;
mod attachment;
mod background;
mod body;
mod building;
mod client;
mod command;
mod deferred;
mod errors;
mod exclusive;
mod fleet;
mod home;
mod imports;
mod iterator;
mod json;
mod list;
mod log_queue;
mod logging;
mod making;
mod mirror;
mod moment;
mod page;
mod page_methods;
mod recent;
mod request;
mod runtime;
mod sandbox;
mod scan;
mod schemas;
mod signals;
mod source;
mod sync;
mod table;
mod ticket;
mod ticket_methods;
mod visits;
mod vocabulary;
mod words;

/// The compiled part of gettickets; use the package `gettickets` instead.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::attachment::Attachment;
    #[pymodule_export]
    use crate::background::end_background;
    #[pymodule_export]
    use crate::body::decode;
    #[pymodule_export]
    use crate::client::{Client, Pending, profile_names};
    #[pymodule_export]
    use crate::command::run;
    #[pymodule_export]
    use crate::fleet::{FleetPages, FleetScan, fleet_scan};
    #[pymodule_export]
    use crate::iterator::PageIterator;
    #[pymodule_export]
    use crate::mirror::Mirror;
    #[pymodule_export]
    use crate::page::Page;
    #[pymodule_export]
    use crate::sandbox::{Sandbox, quirks};
    #[pymodule_export]
    use crate::scan::{Scan, ScanPages, Watch};
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::ticket::Ticket;
    #[pymodule_export]
    use crate::vocabulary::{fields, parse_version, version};
}
