//! [`TableInstall`]: the properties of an install that a table needs.

use std::sync::Arc;

use jiff::tz::TimeZone;

/// The install that tickets are from: the value of the column `install`, and the time zone of its clock.
#[derive(Clone, Debug, Default)]
pub struct TableInstall {
    /// The name of the install.
    pub name: Option<Arc<str>>,
    /// The time zone in which the server writes dates, if it is known.
    pub zone: Option<TimeZone>,
}
