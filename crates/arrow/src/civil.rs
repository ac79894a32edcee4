//! Converts civil times to Arrow timestamps: microseconds since 1970-01-01 00:00:00.

use gettickets_protocol::{DateTime, Field, FieldValue, TicketRef};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

const EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Converts a civil time to microseconds since the epoch, without a time zone.
///
/// Does not use `jiff::Timestamp`, whose range ends at 9999-12-30; dates of servers may be a day later.
pub(crate) fn microseconds(time: DateTime) -> i64 {
    // The years 0 to 9999 have about 3e17 microseconds.
    i64::try_from(time.duration_since(EPOCH).as_micros()).unwrap_or(i64::MAX)
}

/// Returns microseconds since the epoch in UTC, for a date field of an install in this zone. A zone in the date itself
/// takes precedence. Returns `None` for a date without a time, and if no zone is known.
pub(crate) fn instant(ticket: &TicketRef<'_>, field: Field, zone: Option<&TimeZone>) -> Option<i64> {
    let Some(FieldValue::DateTime(Some(time))) = ticket.value(field) else { return None };
    Some(utc_microseconds(time, &ticket.time_zone(field, zone)?))
}

/// Returns microseconds since the epoch in UTC, for a local time in this zone.
///
/// An ambiguous time is the first of the two instants, and a time in a gap uses the offset before the gap, as Python's
/// `datetime` does with `fold=0`.
fn utc_microseconds(time: DateTime, zone: &TimeZone) -> i64 {
    let offset = match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    microseconds(time) - i64::from(offset.seconds()) * 1_000_000
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn every_day_of_four_centuries_equals_jiffs_timestamp() {
        let mut day = date(1798, 1, 1);
        while day < date(2201, 1, 1) {
            let time = day.at(23, 59, 58, 0);
            let expected = Offset::UTC.to_timestamp(time).unwrap().as_microsecond();
            assert_eq!(microseconds(time), expected, "{time}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn the_first_and_last_day_of_servers_are_converted() {
        assert_eq!(microseconds(date(1970, 1, 1).at(0, 0, 0, 0)), 0);
        assert_eq!(microseconds(date(9999, 12, 31).at(23, 59, 59, 0)), 253_402_300_799_000_000);
        assert_eq!(microseconds(date(0, 1, 1).at(0, 0, 0, 0)), -62_167_219_200_000_000);
    }

    #[test]
    fn a_time_in_a_zone_is_the_instant_in_utc() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let fixed = TimeZone::fixed(Offset::from_seconds(-12_600).unwrap());
        for (time, zone, hours_east) in [
            (date(2026, 7, 1).at(12, 0, 0, 0), &berlin, 2.0),
            (date(2026, 1, 1).at(12, 0, 0, 0), &berlin, 1.0),
            // An ambiguous time, and a time in a gap.
            (date(2026, 10, 25).at(2, 30, 0, 0), &berlin, 2.0),
            (date(2026, 3, 29).at(2, 30, 0, 0), &berlin, 1.0),
            (date(9999, 12, 31).at(23, 59, 59, 0), &berlin, 1.0),
            (date(2026, 7, 1).at(12, 0, 0, 0), &fixed, -3.5),
        ] {
            let east = (hours_east * 3.6e9) as i64;
            assert_eq!(utc_microseconds(time, zone), microseconds(time) - east, "{time}");
        }
    }

    #[test]
    fn a_zone_in_the_date_takes_precedence() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let noon = microseconds(date(2026, 7, 1).at(12, 0, 0, 0));
        for (stated, hours_east, is_resolved_alone) in [
            ("", Some(2.0), false),
            ("Z", Some(0.0), true),
            ("+05:30", Some(5.5), true),
            (" CEST", Some(2.0), false),
            (" Europe/Berlin", Some(2.0), false),
            (" Europe/London", None, false),
        ] {
            let reply = format!(
                r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,"date":"2026-07-01 12:00:00{stated}"}}]}}}}"#
            );
            let page = gettickets_protocol::decode(reply).unwrap().into_page().unwrap();
            let ticket = page.tickets().iter().next().unwrap();
            let expected = hours_east.map(|hours: f64| noon - (hours * 3.6e9) as i64);
            assert_eq!(instant(&ticket, Field::Date, Some(&berlin)), expected, "{stated:?}");
            let alone = expected.filter(|_| is_resolved_alone);
            assert_eq!(instant(&ticket, Field::Date, None), alone, "{stated:?}");
        }
    }
}
