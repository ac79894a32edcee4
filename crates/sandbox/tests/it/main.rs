//! The sandbox over real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report"
)]

mod changes;
mod client;
mod credentials;
mod formats;
mod parameters;
mod paths;
mod quirks;
