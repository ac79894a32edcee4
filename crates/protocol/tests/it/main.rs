//! Integration tests of the public API, in one binary.

// Clippy recognizes test functions, but not their helpers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a failed unwrap is the failure report"
)]

mod bodies;
mod conformance;
mod details;
mod errors;
mod history;
mod hostile;
mod memory;
mod paths_agree;
mod redaction;
mod round_trip;
mod shared_body;
mod threads;
mod truncation;
mod unknown_fields;
mod vectors;
