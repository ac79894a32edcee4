//! [`Clock`]: the install's clock.
//!
//! Servers send times without a zone. An age is the difference of two instants, so it needs the zone: the difference of
//! two local times is wrong by an hour across a change of daylight-saving time.

use gettickets_protocol::{Field, FieldValue, TicketRef};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::exit::{Failure, Outcome};

/// An instant, and the time zone of the install's times.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    now: Timestamp,
}

impl Clock {
    /// The current time in this zone, or in this machine's if none is given.
    pub(crate) fn new(zone: Option<&str>) -> Outcome<Clock> {
        Ok(Clock { zone: time_zone(zone)?, now: Timestamp::now() })
    }

    /// The time zone of the install's clock.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The current instant.
    pub(crate) fn timestamp(&self) -> Timestamp {
        self.now
    }

    /// The current local time.
    pub(crate) fn now(&self) -> DateTime {
        self.zone.to_datetime(self.now)
    }

    /// A clock with the same zone that shows `time` or later.
    #[must_use]
    pub(crate) fn not_before(&self, time: Option<DateTime>) -> Clock {
        let now = time.and_then(|time| self.instant(time)).map_or(self.now, |time| time.max(self.now));
        Clock { zone: self.zone.clone(), now }
    }

    /// The seconds since the clock showed this time; negative for a future time.
    pub(crate) fn seconds_since(&self, then: DateTime) -> i64 {
        match self.instant(then) {
            Some(then) => self.now.duration_since(then).as_secs(),
            // Beyond the range of timestamps an hour makes no difference.
            None => self.now().duration_since(then).as_secs(),
        }
    }

    /// The instant of a ticket's date: by the zone in the date, if it has one, else on this clock.
    pub(crate) fn instant_of(&self, ticket: &TicketRef<'_>, field: Field) -> Option<Timestamp> {
        let time = date_of(ticket, field)?;
        let zone = ticket.time_zone(field, Some(&self.zone))?;
        zone.to_ambiguous_timestamp(time).compatible().ok()
    }

    /// The local time of a ticket's date on this clock. A date without a zone is already local, and a date whose zone
    /// cannot be resolved is treated as local.
    pub(crate) fn time_of(&self, ticket: &TicketRef<'_>, field: Field) -> Option<DateTime> {
        let time = date_of(ticket, field)?;
        if ticket.zone(field).is_none() {
            return Some(time);
        }
        Some(self.instant_of(ticket, field).map_or(time, |instant| self.zone.to_datetime(instant)))
    }

    /// The instant at which the clock showed this time. In the repeated hour in autumn it is the earlier of two.
    /// Returns `None` for a time beyond the range of timestamps.
    pub(crate) fn instant(&self, time: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(time).compatible().ok()
    }
}

/// A clock that shows this time, in UTC.
#[cfg(test)]
impl From<DateTime> for Clock {
    fn from(now: DateTime) -> Clock {
        Clock { zone: TimeZone::UTC, now: TimeZone::UTC.to_timestamp(now).unwrap_or(Timestamp::MAX) }
    }
}

/// The current local time in this zone, or in this machine's if none is given.
pub(crate) fn now(zone: Option<&str>) -> Outcome<DateTime> {
    Ok(Clock::new(zone)?.now())
}

fn date_of(ticket: &TicketRef<'_>, field: Field) -> Option<DateTime> {
    match ticket.value(field) {
        Some(FieldValue::DateTime(time)) => time,
        _ => None,
    }
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
    use jiff::civil::datetime;

    fn london(now: DateTime) -> Clock {
        let zone = time_zone(Some("Europe/London")).unwrap();
        let now = zone.to_timestamp(now).unwrap();
        Clock { zone, now }
    }

    #[test]
    fn ages_are_right_across_daylight_saving_changes() {
        const HOUR: i64 = 3600;
        // Clocks went forward on 29 March 2026 at 01:00 and go back on 25 October 2026 at 02:00.
        for (then, now, hours) in [
            (datetime(2026, 3, 29, 0, 0, 0, 0), datetime(2026, 3, 29, 3, 0, 0, 0), 2),
            (datetime(2026, 3, 28, 12, 0, 0, 0), datetime(2026, 3, 29, 12, 0, 0, 0), 23),
            (datetime(2026, 10, 24, 12, 0, 0, 0), datetime(2026, 10, 25, 12, 0, 0, 0), 25),
            (datetime(2026, 6, 1, 0, 0, 0, 0), datetime(2026, 6, 1, 5, 0, 0, 0), 5),
        ] {
            assert_eq!(london(now).seconds_since(then), hours * HOUR, "{then} to {now}");
        }
        assert_eq!(london(datetime(2026, 1, 1, 0, 0, 0, 0)).seconds_since(DateTime::MAX).signum(), -1);
    }

    #[test]
    fn a_zone_in_a_date_takes_precedence_over_the_installs_zone() {
        let of = |date: &str| {
            let body =
                format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,"date":"{date}"}}]}}}}"#);
            let page = gettickets_protocol::decode(body).unwrap().into_page().unwrap();
            let tokyo = Clock { zone: TimeZone::get("Asia/Tokyo").unwrap(), now: Timestamp::UNIX_EPOCH };
            let ticket = page.get(0).unwrap();
            let instant = tokyo.instant_of(&ticket, Field::Date).map(|instant| instant.to_string());
            (instant, tokyo.time_of(&ticket, Field::Date).unwrap().to_string())
        };
        for (date, instant, time) in [
            ("2026-01-02 03:04:05", Some("2026-01-01T18:04:05Z"), "2026-01-02T03:04:05"),
            ("2026-01-02T03:04:05+02:00", Some("2026-01-02T01:04:05Z"), "2026-01-02T10:04:05"),
            ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05Z"), "2026-01-02T12:04:05"),
            ("2026-01-02T03:04:05 Europe/Berlin", None, "2026-01-02T03:04:05"),
        ] {
            assert_eq!(of(date), (instant.map(str::to_owned), time.to_owned()), "{date}");
        }
    }

    #[test]
    fn an_unknown_zone_is_a_usage_error() {
        assert_eq!(
            Clock::new(Some("Mars/Olympus")).unwrap_err().what,
            "\"Mars/Olympus\" is not the name of a time zone"
        );
    }
}
