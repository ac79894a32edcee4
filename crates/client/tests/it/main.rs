//! The client against servers that misbehave in every known way, and against PHP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report, in what the tests share as well"
)]

mod bounds;
mod cancellation;
mod changing;
mod errors;
mod fronts;
mod local;
mod logged;
mod machine;
mod pending;
mod proxies;
mod refusals;
mod reliability;
mod retries;
mod sandbox;
mod secrets;
mod server;
mod threads;
mod tls;
mod wire;
