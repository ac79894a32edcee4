//! `libgettickets`: the GetTickets call for C and C++.
//!
//! Every exported function is defined here under its C name. Its comment is its documentation in the C
//! header: `cargo xtask header` generates `include/gettickets.h` with cbindgen and groups it into sections.
//! The rules for all functions are at the beginning of the header (`cbindgen.toml`); DESIGN.md has the
//! reasons.
//!
//! This crate has no logic of its own: it exposes the protocol and the client. Panics must not reach C, pointers must
//! be checked, and credentials must not leak.

// The header has the functions of a section in this order.

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

// The error type is exported.
pub mod failure;
mod guard;
mod memory;
#[cfg(any(feature = "arrow", feature = "client", feature = "sandbox"))]
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "only a client uses all of it"))]
mod process;
mod settings;
#[cfg(feature = "client")]
mod slots;
#[cfg(feature = "arrow")]
mod stream;
#[cfg(feature = "client")]
mod sync;
#[cfg(feature = "test-hooks")]
pub mod test_hooks;
