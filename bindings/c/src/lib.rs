//! `libgettickets`: the GetTickets call for C and C++.
//!
//! Every exported function is here with its C name, and its comment is its page of the C manual: cbindgen
//! writes `include/gettickets.h` from them (`cargo xtask header`). What holds for all of them stands at that
//! header's head, which is in `cbindgen.toml`; why it is so is in DESIGN.md.
//!
//! Nothing here decides anything about the call: it hands over what the protocol and the client do. No panic,
//! no unchecked pointer and no credential may leave it.

// The header has its functions in this order.

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
pub mod cancel;

#[cfg(feature = "client")]
pub mod log;

#[cfg(feature = "arrow")]
pub mod arrow;

#[cfg(feature = "sandbox")]
pub mod sandbox;

// What is not exported.

mod guard;
mod settings;
#[cfg(feature = "arrow")]
mod stream;
#[cfg(feature = "test-hooks")]
pub mod test_hooks;
