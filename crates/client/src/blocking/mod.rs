//! The blocking API.

mod scan;

pub use self::scan::{Pages, Scan, ScanStatus};
