//! The install's clock. Servers send times without a zone, so ages need to know the zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::exit::{Failure, Outcome};

/// The time zone of this name, or this machine's where none is given.
pub(crate) fn zone(name: Option<&str>) -> Outcome<TimeZone> {
    let Some(name) = name else { return Ok(TimeZone::system()) };
    TimeZone::get(name).map_err(|_| {
        Failure::usage(format!("{name:?} is not the name of a time zone"))
            .hint("Give --time-zone a name such as Europe/London or UTC")
    })
}

/// The time that the install's clock shows, in this zone or in this machine's.
pub(crate) fn now(name: Option<&str>) -> Outcome<DateTime> {
    Ok(zone(name)?.to_datetime(Timestamp::now()))
}
