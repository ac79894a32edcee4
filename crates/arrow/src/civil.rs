//! Civil time as Arrow counts it: microseconds since 1970-01-01 00:00:00 of the same clock.

use gettickets_protocol::DateTime;

/// Counted by hand, as a `jiff::Timestamp` ends at 9999-12-30 and a server's dates do not.
pub(crate) fn microseconds(time: DateTime) -> i64 {
    let day_seconds =
        i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let seconds = days(time.year().into(), time.month().into(), time.day().into()) * 86_400 + day_seconds;
    seconds * 1_000_000 + i64::from(time.subsec_nanosecond()) / 1_000
}

/// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that a leap day is
/// the last of its year, and in eras of 400 years, which all have 146,097 days.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_counted_as_jiff_counts_it() {
        let mut day = date(1798, 1, 1);
        while day < date(2201, 1, 1) {
            let time = day.at(23, 59, 58, 0);
            let expected = Offset::UTC.to_timestamp(time).unwrap().as_microsecond();
            assert_eq!(microseconds(time), expected, "{time}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn the_last_day_a_server_can_write_is_counted() {
        assert_eq!(microseconds(date(1970, 1, 1).at(0, 0, 0, 0)), 0);
        assert_eq!(microseconds(date(9999, 12, 31).at(23, 59, 59, 0)), 253_402_300_799_000_000);
        assert_eq!(microseconds(date(0, 1, 1).at(0, 0, 0, 0)), -62_167_219_200_000_000);
    }
}
