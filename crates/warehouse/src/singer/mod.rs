//! Tickets as messages of [Singer](https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md).
//!
//! [`Tap`] writes the stream `tickets` of one or more installs: SCHEMA, RECORD, STATE and ACTIVATE_VERSION, one JSON object on
//! each line. The keys are `install` and `id`.

mod catalog;
mod error;
mod schema;
mod state;
mod tap;

pub use self::catalog::Method;
pub use self::error::TapError;
pub use self::tap::Tap;
