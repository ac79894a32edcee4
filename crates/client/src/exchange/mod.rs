//! One call: from a request to a page or an error. Nothing here uses I/O, threads or clocks.

mod call;
mod request;
mod response;
mod retry;

pub(crate) use self::call::{Call, Step};
pub(crate) use self::request::{Settings, refuse_ignored_filter};
pub use self::retry::RetryPolicy;
