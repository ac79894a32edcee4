//! The program as a user runs it: its output and its exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests, and in their helpers, a failed unwrap is the report of a failure"
)]

mod decode;
#[cfg(target_os = "linux")]
mod disk;
mod doctor;
mod errors;
mod export;
mod faults;
mod help;
mod hints;
mod hygiene;
mod installs;
mod list;
mod local;
mod memory;
mod mirror;
mod profiles;
mod program;
mod request;
mod sandbox;
mod several;
mod singer;
#[cfg(target_os = "linux")]
mod soak;
mod spreadsheet;
mod stats;
mod terminal;
mod watch;
