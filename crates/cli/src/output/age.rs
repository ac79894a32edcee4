//! Formats the time since an event: `3 h`, `5 d`.

use jiff::civil::DateTime;

use super::clock::Clock;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time since the install's clock showed `then`, in the largest unit that fits, rounded down. A time in the future,
/// as with a wrong time zone, is formatted as `in 2 h`.
pub(crate) fn since(then: DateTime, clock: &Clock) -> String {
    let seconds = clock.seconds_since(then);
    let age = |seconds: i64| match seconds {
        seconds if seconds < MINUTE => None,
        seconds if seconds < HOUR => Some(format!("{} min", seconds / MINUTE)),
        seconds if seconds < DAY => Some(format!("{} h", seconds / HOUR)),
        // Weeks and months would be too coarse for the first two months, which matter most.
        seconds if seconds < 61 * DAY => Some(format!("{} d", seconds / DAY)),
        seconds if seconds < 1461 * DAY / 2 => Some(format!("{} mo", seconds * 12 / (365 * DAY + DAY / 4))),
        seconds => Some(format!("{} y", seconds * 4 / (1461 * DAY))),
    };
    match (age(seconds), age(-seconds)) {
        (Some(age), _) => age,
        (None, Some(ahead)) => format!("in {ahead}"),
        (None, None) => "now".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn ages_use_the_largest_unit_that_fits() {
        let clock = Clock::from(datetime(2026, 7, 1, 12, 0, 0, 0));
        for (then, said) in [
            (datetime(2026, 7, 1, 12, 0, 0, 0), "now"),
            (datetime(2026, 7, 1, 11, 59, 1, 0), "now"),
            (datetime(2026, 7, 1, 11, 59, 0, 0), "1 min"),
            (datetime(2026, 7, 1, 11, 0, 1, 0), "59 min"),
            (datetime(2026, 7, 1, 9, 0, 0, 0), "3 h"),
            (datetime(2026, 6, 30, 12, 0, 1, 0), "23 h"),
            (datetime(2026, 6, 30, 12, 0, 0, 0), "1 d"),
            (datetime(2026, 5, 2, 12, 0, 0, 0), "60 d"),
            (datetime(2026, 5, 1, 12, 0, 0, 0), "2 mo"),
            (datetime(2024, 7, 2, 12, 0, 0, 0), "23 mo"),
            (datetime(2024, 6, 30, 12, 0, 0, 0), "2 y"),
            (datetime(1, 1, 1, 0, 0, 0, 0), "2025 y"),
            (datetime(2026, 7, 1, 14, 0, 0, 0), "in 2 h"),
        ] {
            assert_eq!(since(then, &clock), said, "{then}");
        }
    }
}
