//! The install's clock. Servers send times without a zone, so ages need to know which one is meant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::exit::{Failure, Outcome};

/// What the install's clock shows: in this zone, or in this machine's where none is given.
pub(crate) fn now(zone: Option<&str>) -> Outcome<DateTime> {
    let zone = match zone {
        None => TimeZone::system(),
        Some(name) => TimeZone::get(name).map_err(|_| {
            Failure::usage(format!("{name:?} is not the name of a time zone"))
                .hint("Give a name such as Europe/London or UTC")
        })?,
    };
    Ok(zone.to_datetime(Timestamp::now()))
}
