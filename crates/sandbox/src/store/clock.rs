//! Dates in the database: seconds since the start of year 1, so that they compare as numbers.
//!
//! Like the dates of an install, they have no time zone.

use gettickets_protocol::DateTime;
use jiff::civil::datetime;
use jiff::{SignedDuration, Span};

/// The zero date, which sorts before every other.
pub(super) const NEVER: i64 = -1;

const DAY: i64 = 86_400;
const EPOCH: DateTime = datetime(1, 1, 1, 0, 0, 0, 0);

/// Converts a date to seconds.
pub(super) fn seconds(time: Option<DateTime>) -> i64 {
    time.map_or(NEVER, |time| time.duration_since(EPOCH).as_secs().max(0))
}

/// Converts seconds to a date.
pub(super) fn time(seconds: i64) -> Option<DateTime> {
    // Days are added separately, because the calendar library rejects thousands of years in seconds.
    let (days, within) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let midnight = EPOCH.saturating_add(Span::new().try_days(days).unwrap_or_default());
    (seconds != NEVER).then(|| midnight.saturating_add(SignedDuration::from_secs(within)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip_and_the_zero_date_is_the_oldest() {
        let dates = [
            None,
            Some(EPOCH),
            Some(datetime(1969, 12, 31, 23, 59, 59, 0)),
            Some(datetime(9999, 12, 31, 0, 0, 0, 0)),
        ];
        for date in dates {
            assert_eq!(time(seconds(date)), date);
        }
        assert!(dates.map(seconds).is_sorted());
    }
}
