//! [`Since`]: a time in the install's time zone, as in `--updated-since`.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// A time in the install's time zone: a date, or relative to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// A local time of the install.
    At(DateTime),
    /// This long before now.
    Ago(SignedDuration),
    /// The beginning of the day that is this many days before today.
    DaysBack(i64),
}

impl Since {
    /// Returns the time on the install's clock, which is in this zone and shows `now`.
    pub(crate) fn resolve(self, now: Timestamp, zone: &TimeZone) -> DateTime {
        match self {
            Since::At(moment) => moment,
            // An exact duration: daylight saving time does not add or remove an hour.
            Since::Ago(ago) => now.checked_sub(ago).map_or(DateTime::MIN, |moment| zone.to_datetime(moment)),
            Since::DaysBack(days) => {
                let today = zone.to_datetime(now).date();
                today.checked_sub(days.days()).map_or(DateTime::MIN, |day| day.at(0, 0, 0, 0))
            }
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Since, String> {
        match text.to_ascii_lowercase().as_str() {
            "now" => return Ok(Since::Ago(SignedDuration::ZERO)),
            "today" => return Ok(Since::DaysBack(0)),
            "yesterday" => return Ok(Since::DaysBack(1)),
            _ => {}
        }
        if let Some(ago) = ago(text) {
            return Ok(Since::Ago(ago));
        }
        // A time zone offset would be parsed and then ignored.
        let time = text.get("2026-01-01".len()..).unwrap_or_default();
        let has_offset = time.contains(['Z', 'z', '+', '-', '[']);
        let moment =
            text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
        match moment {
            Ok(moment) if !has_offset => Ok(Since::At(moment)),
            Ok(_) => Err("give the time in the install's time zone, without a zone or an offset".to_owned()),
            Err(_) => {
                Err("expected a date such as 2026-01-31 or '2026-01-31 12:30:00', a time span before now \
                           such as 90min, 12h, 7d or 2w, or today or yesterday"
                    .to_owned())
            }
        }
    }
}

/// Parses `90min`, `12h`, `7d` or `2w`.
fn ago(text: &str) -> Option<SignedDuration> {
    let digits = text.len() - text.trim_start_matches(|at: char| at.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let minutes = match unit {
        "min" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(minutes * 60).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn a_time_is_a_date_or_relative_to_now() {
        let now: Timestamp = "2026-03-29T12:00:00+02:00".parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let read = |text: &str| text.parse::<Since>().map(|since| since.resolve(now, &zone));
        for (text, moment) in [
            ("2026-01-02", datetime(2026, 1, 2, 0, 0, 0, 0)),
            ("2026-01-02 03:04", datetime(2026, 1, 2, 3, 4, 0, 0)),
            ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, 0)),
            ("now", datetime(2026, 3, 29, 12, 0, 0, 0)),
            ("today", datetime(2026, 3, 29, 0, 0, 0, 0)),
            ("Yesterday", datetime(2026, 3, 28, 0, 0, 0, 0)),
            ("90min", datetime(2026, 3, 29, 10, 30, 0, 0)),
            // The preceding night was an hour shorter.
            ("12h", datetime(2026, 3, 28, 23, 0, 0, 0)),
            ("7d", datetime(2026, 3, 22, 11, 0, 0, 0)),
            ("2w", datetime(2026, 3, 15, 11, 0, 0, 0)),
            ("999999999w", DateTime::MIN),
        ] {
            assert_eq!(read(text), Ok(moment), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "7",
            "7 d",
            "-7d",
            "7y",
            "2026-13-01",
            "99999999999999999999d",
            "2026-01-02T03:04:05Z",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("2026-01-02T03:04:05+01:00").unwrap_err().contains("without a zone"));
    }
}
