//! The deviations of real servers, each with a name.

pub(crate) mod bytes;
mod catalog;
pub(crate) mod pages;
pub(crate) mod replace;
pub(crate) mod spelling;

pub(crate) use self::catalog::Quirks;
pub use self::catalog::{Quirk, UnknownQuirk};
