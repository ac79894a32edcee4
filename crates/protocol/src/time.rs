//! Dates as servers write them: `YYYY-MM-DD HH:MM:SS`, the install's own time zone, no offset.

use jiff::civil::DateTime;

/// What a date field's text turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireTime {
    /// A date and time.
    At(DateTime),
    /// A zero date or an empty text: there is none.
    None,
    /// Anything else.
    Unreadable,
}

/// A date and time of the install's own clock by its parts, for who builds a value of another library from them,
/// or of another language. It is one that the calendar has, from the year 1 to 9999.
///
/// ```
/// use gettickets_protocol::{DateTimeParts, Field, Ticket, Tickets, Version};
/// let date = "2026-11-25T09:30:00".parse().ok();
/// let tickets = Tickets::new(&[Ticket { id: 7, date, ..Ticket::default() }], Version::V8_0);
/// let parts = tickets.get(0).and_then(|ticket| ticket.date_time_parts(Field::Date));
/// assert_eq!(parts, Some(DateTimeParts { year: 2026, month: 11, day: 25, hour: 9, minute: 30, second: 0 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DateTimeParts {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// Reads a date field's text.
///
/// A `T` between date and time is taken too, so that our canonical JSON can be read back. A zero date
/// (`0000-00-00 00:00:00`, which the server's database allows) and an empty text are no date.
pub(crate) fn read(text: &str) -> WireTime {
    let Ok(bytes) = <&[u8; 19]>::try_from(text.as_bytes()) else {
        return if text.is_empty() || text == "0000-00-00" { WireTime::None } else { WireTime::Unreadable };
    };
    let Some([century, year, month, day, hour, minute, second]) = parts_with_t(bytes) else {
        return WireTime::Unreadable;
    };
    let year = i16::from(century) * 100 + i16::from(year);
    if (year, month, day) == (0, 0, 0) {
        return WireTime::None;
    }
    // Year 0 exists in the calendar of the library, but in no database that sends it.
    if year == 0 {
        return WireTime::Unreadable;
    }
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| part as i8);
    match DateTime::new(year, month, day, hour, minute, second, 0) {
        Ok(time) => WireTime::At(time),
        Err(_) => WireTime::Unreadable,
    }
}

/// The numbers in a text, a `T` before the time allowed.
#[inline]
fn parts_with_t(bytes: &[u8; 19]) -> Option<[u8; 7]> {
    #[cold]
    fn with_space(mut bytes: [u8; 19]) -> Option<[u8; 7]> {
        let [.., separator, _, _, _, _, _, _, _, _] = &mut bytes;
        (*separator == b'T').then(|| *separator = b' ')?;
        parts(&bytes)
    }
    parts(bytes).or_else(|| with_space(*bytes))
}

/// The parts of the date in a field's text, where [`date_in`] finds one; no calendar is asked.
pub(crate) fn parts_in(text: &[u8]) -> Option<DateTimeParts> {
    let parts = parts_with_t(text.try_into().ok()?)?;
    let [century, year, month, day, hour, minute, second] = parts;
    let year = u16::from(century) * 100 + u16::from(year);
    (year > 0 && exists(parts)).then_some(DateTimeParts { year, month, day, hour, minute, second })
}

/// Whether these bytes are a date and time as servers write them, or the zero date. It never says so where
/// [`read`] finds [`WireTime::Unreadable`], and builds no date to find out.
#[inline]
pub(crate) fn is_wire_time(bytes: &[u8; 19]) -> bool {
    let Some(parts) = parts(bytes) else { return false };
    match parts {
        [0, 0, month, day, ..] => month | day == 0 && read_unless_unreadable(bytes),
        _ => exists(parts),
    }
}

/// Whether the calendar has the day, and the day the time, from the year 1 on.
#[inline]
fn exists([century, year, month, day, hour, minute, second]: [u8; 7]) -> bool {
    hour < 24 && minute < 60 && second < 60 && day >= 1 && day <= days_of(century, year, month)
}

/// How many days a month has; none if there is no such month.
#[inline]
fn days_of(century: u8, year: u8, month: u8) -> u8 {
    const DAYS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = month == 2 && (if year == 0 { century } else { year }).is_multiple_of(4);
    DAYS.get(usize::from(month)).map_or(0, |days| days + u8::from(leap))
}

#[cold]
fn read_unless_unreadable(bytes: &[u8; 19]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| read(text) != WireTime::Unreadable)
}

/// The numbers in a text of the documented shape, from the century to the second; each is below 100, and what
/// they say may be no date.
#[inline]
fn parts(bytes: &[u8; 19]) -> Option<[u8; 7]> {
    let (date, no_date) = pairs(bytes, 0, *b"0000-00-")?;
    let (day, no_day) = pairs(bytes, 8, *b"00 00:00")?;
    let (time, no_time) = pairs(bytes, 11, *b"00:00:00")?;
    let ([century, _, year, _, _, month, ..], [day, ..], [hour, _, _, minute, _, _, second, _]) =
        (date, day, time);
    (no_date | no_day | no_time == 0).then_some([century, year, month, day, hour, minute, second])
}

/// For each of the eight bytes from here the number that its digit and the next make, if each of the
/// template's zeros stands for a digit and every other byte for itself; where they don't, bits are set in the
/// second number. Eight bytes are read as one number.
#[inline]
fn pairs(bytes: &[u8; 19], at: usize, template: [u8; 8]) -> Option<([u8; 8], u64)> {
    const TOPS: u64 = 0x8080_8080_8080_8080;
    const PAST_NINE: u64 = 0x7676_7676_7676_7676;
    let separators = u64::from_le_bytes(template.map(|byte| if byte == b'0' { 0 } else { 0xFF }));
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?) ^ u64::from_le_bytes(template);
    let past_nine = (word & !TOPS).wrapping_add(PAST_NINE) | word;
    // No sum reaches 100, so none spills into its neighbour.
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    Some((pairs.to_le_bytes(), past_nine & TOPS | word & separators))
}

/// The date in a field's text, if there is one and it can be read.
pub(crate) fn date_in(text: &str) -> Option<DateTime> {
    match read(text) {
        WireTime::At(time) => Some(time),
        WireTime::None | WireTime::Unreadable => None,
    }
}

/// Writes a date as servers do; none is the zero date.
pub(crate) fn to_wire(time: Option<DateTime>) -> String {
    match time {
        Some(time) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        ),
        None => "0000-00-00 00:00:00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_and_write() {
        let time = date_in("2016-01-01 06:26:29").unwrap();
        assert_eq!(time, jiff::civil::datetime(2016, 1, 1, 6, 26, 29, 0));
        assert_eq!(date_in("2016-01-01T06:26:29"), Some(time));
        assert_eq!(to_wire(Some(time)), "2016-01-01 06:26:29");
        assert_eq!(read(&to_wire(None)), WireTime::None);
        let first = jiff::civil::datetime(1, 1, 1, 0, 0, 0, 0);
        assert_eq!(to_wire(Some(first)), "0001-01-01 00:00:00");
    }

    #[test]
    fn zero_and_empty_are_no_date_and_the_rest_is_unreadable() {
        for text in ["", "0000-00-00", "0000-00-00 00:00:00"] {
            assert_eq!(read(text), WireTime::None, "{text:?}");
        }
        for text in [
            "2016-13-01 00:00:00",
            "2016-02-30 00:00:00",
            "2016-01-01 24:00:00",
            "2016-01-01 06:26:2x",
            "2016-01-01",
            "01/02/2016 06:26:29",
            "0000-01-01 00:00:00",
            "yesterday",
        ] {
            assert_eq!(read(text), WireTime::Unreadable, "{text:?}");
        }
    }

    #[test]
    fn the_quick_check_knows_the_days_of_every_month() {
        for year in (1..=9999).filter(|year| year % 100 < 9) {
            for (month, day) in (0..=13).flat_map(|month| (27..=32).map(move |day| (month, day))) {
                let text = format!("{year:04}-{month:02}-{day:02} 00:00:00");
                let quick = is_wire_time(text.as_bytes().try_into().unwrap());
                assert_eq!(quick, read(&text) != WireTime::Unreadable, "{text}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn the_quick_check_agrees_with_the_calendar(
            text in "([0-2]0[0-9]{2}|0000)-[01][0-9]-[0-3][0-9][ Tx][0-2][0-9]:[0-6][0-9]:[0-6][0-9/:]",
        ) {
            let quick = is_wire_time(text.as_bytes().try_into().unwrap());
            let readable = read(&text) != WireTime::Unreadable;
            let whole = |time: DateTime| [time.month(), time.day(), time.hour(), time.minute(), time.second()];
            let parts = parts_in(text.as_bytes());
            let told = parts.map(|parts| [parts.month, parts.day, parts.hour, parts.minute, parts.second]);
            proptest::prop_assert_eq!(told, date_in(&text).map(|time| whole(time).map(|part| part as u8)));
            proptest::prop_assert_eq!(parts.map(|parts| parts.year as i16), date_in(&text).map(DateTime::year));
            // A `T` is ours and no server's: only the slow way knows it.
            proptest::prop_assert_eq!(quick, readable && !text.contains('T'), "{}", text);
        }
    }
}
