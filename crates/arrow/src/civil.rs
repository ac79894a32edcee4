//! Converts civil times to Arrow timestamps: microseconds since 1970-01-01 00:00:00.

use gettickets_protocol::DateTime;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

const EPOCH: DateTime = civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Returns microseconds since the epoch on the same clock.
///
/// Does not use `jiff::Timestamp`, which ends at 9999-12-30; dates of servers end a day later.
pub(crate) fn microseconds(time: DateTime) -> i64 {
    // The years 0 to 9999 have about 3e17 microseconds.
    i64::try_from(time.duration_since(EPOCH).as_micros()).unwrap_or(i64::MAX)
}

/// Returns microseconds since the epoch in UTC, for a date of an install in this zone. A zone in the date itself takes
/// precedence. Returns `None` if that zone cannot be resolved, or if no zone is known.
pub(crate) fn instant(time: DateTime, stated: Option<&str>, zone: Option<&TimeZone>) -> Option<i64> {
    match stated {
        None => Some(utc_microseconds(time, zone?)),
        Some(stated) => Some(utc_microseconds(time, &stated_zone(stated, zone)?)),
    }
}

/// Resolves the zone in a date: `Z`, an offset such as `+02:00`, or the name of the install's zone. An abbreviation
/// such as `CEST` is ambiguous and is assumed to be the install's zone. Other names are not resolved.
fn stated_zone(stated: &str, zone: Option<&TimeZone>) -> Option<TimeZone> {
    if matches!(stated, "Z" | "z" | "UTC" | "GMT") {
        return Some(TimeZone::UTC);
    }
    if let Some(digits) = stated.strip_prefix(['+', '-']) {
        let digits: String = digits.chars().filter(|character| *character != ':').collect();
        let part = |at: usize| match digits.get(at..at + 2) {
            None => Some(0),
            Some(part) => part.parse::<i32>().ok(),
        };
        let seconds = (part(0)? * 60 + part(2)?) * 60 + part(4)?;
        let seconds = if stated.starts_with('-') { -seconds } else { seconds };
        return Offset::from_seconds(seconds).ok().map(TimeZone::fixed);
    }
    let is_abbreviation = stated.len() <= 5 && stated.bytes().all(|byte| byte.is_ascii_uppercase());
    zone.filter(|zone| is_abbreviation || zone.iana_name() == Some(stated)).cloned()
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
        let time = date(2026, 7, 1).at(12, 0, 0, 0);
        for (stated, hours_east) in [
            (None, Some(2.0)),
            (Some("Z"), Some(0.0)),
            (Some("UTC"), Some(0.0)),
            (Some("+05:30"), Some(5.5)),
            (Some("-0230"), Some(-2.5)),
            (Some("+02"), Some(2.0)),
            (Some("CEST"), Some(2.0)),
            (Some("Europe/Berlin"), Some(2.0)),
            (Some("Europe/London"), None),
            (Some("+99:99"), None),
        ] {
            let expected = hours_east.map(|hours: f64| microseconds(time) - (hours * 3.6e9) as i64);
            assert_eq!(instant(time, stated, Some(&berlin)), expected, "{stated:?}");
            let is_resolved_alone = stated.is_some_and(|stated| !stated.contains(['E', 'p']));
            assert_eq!(instant(time, stated, None), expected.filter(|_| is_resolved_alone), "{stated:?}");
        }
    }
}
