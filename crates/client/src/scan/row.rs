//! [`Row`]: what the scan keeps of a ticket to recognize it and to compare it with its neighbors.

use serde::{Deserialize, Serialize};

use crate::protocol::{DateTime, TicketRef};

/// A wall-clock time in seconds since 1970, plus one; 0 means that there is no readable time.
///
/// Earlier times are clamped to 1970 and later ones to 2106.
pub type Stamp = u32;

/// What the scan keeps of a ticket on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The ticket's `id`.
    pub id: u64,
    /// Its `lastreply`.
    pub lastreply: Stamp,
    /// Its `date`.
    pub date: Stamp,
    /// Digest of all documented fields: two rows of one ticket are equal only if it was not changed between them.
    pub fingerprint: u64,
}

impl Row {
    pub(super) fn of(ticket: &TicketRef<'_>) -> Row {
        let mut digest = Digest::default();
        for number in [ticket.deptid(), ticket.userid(), ticket.flag()] {
            digest.write_u64(number);
        }
        digest.write_u64(ticket.attachments_removed().map_or(2, u64::from));
        // Extra fields are left out: JSON and XML spell them differently, and one page may come in either format.
        ticket.for_each_text(|text| digest.write(text));
        Row {
            id: ticket.id(),
            lastreply: stamp(ticket.lastreply()),
            date: stamp(ticket.date()),
            fingerprint: digest.0,
        }
    }

    /// The later of its two times; 0 if it has neither.
    pub fn activity(&self) -> Stamp {
        self.lastreply.max(self.date)
    }
}

/// Packs a date and time.
pub(super) fn stamp(time: Option<DateTime>) -> Stamp {
    let Some(time) = time else { return 0 };
    let days = days_since_1970(i64::from(time.year()), i64::from(time.month()), i64::from(time.day()));
    let seconds = days * 86_400
        + i64::from(time.hour()) * 3600
        + i64::from(time.minute()) * 60
        + i64::from(time.second());
    Stamp::try_from(seconds.max(0).saturating_add(1)).unwrap_or(Stamp::MAX).min(Stamp::MAX - 1)
}

/// Days of the Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A digest of 64 bits that is the same in every build and on every machine, so that a cursor written by one is read by
/// another. It is not meant to resist an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(pub(super) u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a text; texts of different lengths differ, so no separator is needed between two.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.write_u64(bytes.len() as u64);
        let (chunks, rest) = bytes.as_chunks::<8>();
        chunks.iter().for_each(|chunk| self.write_u64(u64::from_le_bytes(*chunk)));
        if !rest.is_empty() {
            let last = rest.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
            self.write_u64(last);
        }
    }

    pub(super) fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15_u128;
        self.0 = (product as u64) ^ ((product >> 64) as u64) ^ self.0.rotate_left(29);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_seconds_and_no_time_is_the_least() {
        let at = |text: &str| stamp(Some(text.parse().unwrap()));
        assert_eq!(at("1970-01-01T00:00:00"), 1);
        assert_eq!(at("2000-03-01T00:00:00"), 951_868_801);
        assert_eq!(at("2026-11-28T15:00:00") - at("2026-11-28T12:00:00"), 3 * 3600);
        assert_eq!(at("2016-03-01T00:00:00") - at("2016-02-28T00:00:00"), 2 * 86_400);
        assert_eq!(at("1969-12-31T23:59:59"), 1);
        assert!(stamp(None) < at("0001-01-01T00:00:00"));
        assert!(at("9999-12-31T23:59:59") < Stamp::MAX);
    }

    #[test]
    fn each_day_follows_the_day_before() {
        let mut days = 0;
        for (year, month) in (1970..=2105).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            for day in 1..=31 {
                // Days that a month does not have are not parsed.
                let Ok(time) = format!("{year}-{month:02}-{day:02}T01:02:03").parse() else { continue };
                assert_eq!(stamp(Some(time)), days * 86_400 + 3723 + 1, "{year}-{month}-{day}");
                days += 1;
            }
        }
        assert_eq!(days, 136 * 365 + 33);
    }

    #[test]
    fn digests_depend_on_every_byte_and_on_the_limits_between_texts() {
        let of = |texts: &[&str]| {
            let mut digest = Digest::default();
            texts.iter().for_each(|text| digest.write(text.as_bytes()));
            digest.0
        };
        let texts: [&[&str]; 7] = [
            &["ab", "c"],
            &["a", "bc"],
            &["abc"],
            &["abc", ""],
            &["", "abc"],
            &["abcdefghi"],
            &["abcdefgh\0"],
        ];
        for (index, one) in texts.iter().enumerate() {
            for other in &texts[..index] {
                assert_ne!(of(one), of(other), "{one:?} {other:?}");
            }
        }
    }
}
