//! The scan against lists in memory that change while they are read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed unwrap is the failure report, in what the tests share as well"
)]

mod adversary;
mod blocking;
mod drive;
mod history;
mod http;
mod machine;
mod series;
mod traces;
mod unusual;
mod world;
