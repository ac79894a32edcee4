//! `libgettickets`: the GetTickets call for C and C++.
//!
//! Every exported function is defined here under its C name, and its comment is its entry in the C manual:
//! cbindgen generates `include/gettickets.h` from them (`cargo xtask header`). The rules that hold for all of
//! them are at the beginning of that header, whose text is in `cbindgen.toml`; DESIGN.md has the reasons.
//!
//! This crate decides nothing about the call: it passes on what the protocol and the client do. No panic, no
//! unchecked pointer and no credential may leave it.

// The header has the functions in this order.

pub mod version;

pub mod result;

pub mod error;

pub mod text;

pub mod time;

pub mod field;

pub mod decode;

pub mod page;

pub mod finding;

pub mod ticket;

pub mod values;

pub mod request;

pub mod credentials;

#[cfg(feature = "client")]
pub mod builder;

#[cfg(feature = "client")]
pub mod client;

#[cfg(feature = "client")]
pub mod scan;

#[cfg(feature = "client")]
pub mod report;

#[cfg(feature = "client")]
pub mod scan_report;

#[cfg(feature = "client")]
pub mod cancel;

#[cfg(feature = "client")]
pub mod log;

#[cfg(feature = "arrow")]
pub mod arrow;

#[cfg(feature = "sandbox")]
pub mod sandbox;

// Not exported.

// The type of errors is exported.
pub mod failure;
mod guard;
mod memory;
#[cfg(any(feature = "arrow", feature = "client", feature = "sandbox"))]
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "only a client uses all of it"))]
mod process;
mod settings;
#[cfg(feature = "arrow")]
mod stream;
#[cfg(feature = "test-hooks")]
pub mod test_hooks;
