//! Faults on the wire, as data: what a server or a proxy does, and the outcome that every interface must have.
//!
//! [`catalog`] lists the faults. [`Server`] serves them on loopback, each on a port of its own. A driver sends one request
//! for each row and reports what it got: in Rust in the tests of the client and of the program, in C and Python in programs
//! that [`driver`] runs. [`check`] compares with the catalog and searches everything that was shown for credentials. [`table`]
//! writes the catalog for RELIABILITY.md.
//!
//! Only tests use this crate, so it panics on unexpected failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report of a test"
)]

pub mod catalog;
mod certificates;
pub mod check;
pub mod driver;
mod fault;
pub mod mark;
mod outcome;
pub mod process;
mod server;
pub mod table;

pub use fault::{Fault, Identity, Port, Proxy, Step};
pub use outcome::{Interface, Outcome};
pub use server::{Row, Server};
