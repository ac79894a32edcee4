//! The mirror: its database, the comparison of tickets, and the runs that update it.

pub(crate) mod compare;
pub(crate) mod error;
mod lock;
pub(crate) mod postgres;
mod reading;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sqlite;
mod stage;
pub(crate) mod store;
mod work;
