//! What the crate promises, tested from outside. One binary, so that it links once.

// Clippy knows tests by their attribute alone, and their helpers have none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a failed unwrap is the failure report"
)]

mod bodies;
mod conformance;
mod errors;
mod history;
mod hostile;
mod lent;
mod memory;
mod paths_agree;
mod redaction;
mod round_trip;
mod threads;
mod truncation;
mod unknown_fields;
mod vectors;
