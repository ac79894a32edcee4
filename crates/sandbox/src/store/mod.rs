//! The tickets of a sandbox, in SQLite.

mod changes;
mod clock;
mod database;
mod error;
mod fold;
mod handle;
mod query;
mod record;

pub(crate) use self::database::Behavior;
pub use self::error::StoreError;
pub use self::handle::Store;
pub(crate) use self::query::{Filter, Group, ListOrder, Slice};
