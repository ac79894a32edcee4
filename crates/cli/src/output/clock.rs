//! [`Clock`]: the install's clock.
//!
//! Servers send times without a zone. An age is a difference of two instants, so it needs the zone: the
//! difference of two wall clocks is an hour wrong across a change of daylight-saving time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::exit::{Failure, Outcome};

/// A moment, and the time zone in which the install writes its times.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    now: Timestamp,
}

impl Clock {
    /// The present moment in this zone, or in this machine's where none is given.
    pub(crate) fn new(zone: Option<&str>) -> Outcome<Clock> {
        Ok(Clock { zone: time_zone(zone)?, now: Timestamp::now() })
    }

    /// The time zone of the install's clock.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The present moment.
    pub(crate) fn timestamp(&self) -> Timestamp {
        self.now
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> DateTime {
        self.zone.to_datetime(self.now)
    }

    /// The instant at which the clock showed this. In the hour that is repeated in autumn it is the earlier
    /// of the two. Returns `None` for a time beyond the range of timestamps.
    pub(crate) fn instant(&self, time: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(time).compatible().ok()
    }
}

/// A clock that shows this, in UTC.
#[cfg(test)]
impl From<DateTime> for Clock {
    fn from(now: DateTime) -> Clock {
        Clock { zone: TimeZone::UTC, now: TimeZone::UTC.to_timestamp(now).unwrap_or(Timestamp::MAX) }
    }
}

/// What the install's clock shows: in this zone, or in this machine's where none is given.
pub(crate) fn now(zone: Option<&str>) -> Outcome<DateTime> {
    Ok(Clock::new(zone)?.now())
}

fn time_zone(name: Option<&str>) -> Outcome<TimeZone> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|_| {
            Failure::usage(format!("{name:?} is not the name of a time zone"))
                .hint("Give --time-zone a name such as Europe/London or UTC")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_zone_is_a_usage_error() {
        assert_eq!(
            Clock::new(Some("Mars/Olympus")).unwrap_err().what,
            "\"Mars/Olympus\" is not the name of a time zone"
        );
    }
}
