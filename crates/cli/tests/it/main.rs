//! The program as a user meets it: what it prints, where, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "here a failed unwrap is the failure report, in helpers too"
)]

mod decode;
mod doctor;
mod errors;
mod export;
mod help;
mod hygiene;
mod list;
mod memory;
mod program;
mod sandbox;
mod spreadsheet;
mod stats;
mod watch;
