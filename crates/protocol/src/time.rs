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
    let Some((parts, _)) = spelled(bytes).or_else(|| spelled(&with_space(bytes)?)) else {
        return WireTime::Unreadable;
    };
    let DateTimeParts { year, month, day, hour, minute, second } = parts;
    if (year, month, day) == (0, 0, 0) {
        return WireTime::None;
    }
    // Year 0 exists in the calendar of the library, but in no database that sends it.
    if year == 0 {
        return WireTime::Unreadable;
    }
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| part as i8);
    match DateTime::new(year as i16, month, day, hour, minute, second, 0) {
        Ok(time) => WireTime::At(time),
        Err(_) => WireTime::Unreadable,
    }
}

/// The same with a space before the time, where there is a `T`.
#[cold]
fn with_space(bytes: &[u8; 19]) -> Option<[u8; 19]> {
    let mut bytes = *bytes;
    let [.., separator, _, _, _, _, _, _, _, _] = &mut bytes;
    (*separator == b'T').then(|| *separator = b' ')?;
    Some(bytes)
}

impl DateTimeParts {
    /// Reads a date field's text, as [`TicketRef::text_bytes`](crate::TicketRef::text_bytes) gives it; none where there
    /// is no date, or it can't be read. No calendar of a library is asked.
    ///
    /// ```
    /// use gettickets_protocol::DateTimeParts;
    /// let parts = DateTimeParts::from_wire(b"2026-11-25 09:30:00");
    /// assert_eq!(parts.map(|parts| (parts.year, parts.minute)), Some((2026, 30)));
    /// assert_eq!(DateTimeParts::from_wire(b"0000-00-00 00:00:00"), None);
    /// ```
    #[inline]
    pub fn from_wire(text: &[u8]) -> Option<DateTimeParts> {
        let bytes = text.try_into().ok()?;
        existing(bytes).or_else(|| existing(&with_space(bytes)?))
    }
}

/// Whether these bytes are a date and time as servers write them, or the zero date. It never says so where
/// [`read`] finds [`WireTime::Unreadable`], and builds no date to find out.
#[inline(always)]
pub(crate) fn is_wire_time(bytes: &[u8; 19]) -> bool {
    existing(bytes).is_some() || is_zero_date(bytes)
}

/// The date and time in a text of the documented shape, from the year 1 on, if the calendar has the day and the day
/// the time.
#[inline(always)]
fn existing(bytes: &[u8; 19]) -> Option<DateTimeParts> {
    let (parts, past_last) = spelled(bytes)?;
    let DateTimeParts { year, month, day, .. } = parts;
    let last_day = DAYS.get(usize::from(month)).copied().unwrap_or(0);
    let has_day = day.wrapping_sub(1) < last_day || is_leap_day(year, month, day);
    (past_last == 0 && year > 0 && has_day).then_some(parts)
}

/// How many days a month has; none if there is no such month.
const DAYS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

#[cold]
fn is_leap_day(year: u16, month: u8, day: u8) -> bool {
    let is_leap = if year.is_multiple_of(100) { year.is_multiple_of(400) } else { year.is_multiple_of(4) };
    month == 2 && day == 29 && is_leap
}

#[cold]
fn is_zero_date(bytes: &[u8; 19]) -> bool {
    bytes.starts_with(b"0000-00-00 ")
        && std::str::from_utf8(bytes).is_ok_and(|text| read(text) != WireTime::Unreadable)
}

const TOPS: u64 = 0x8080_8080_8080_8080;
/// Where in `00:00:00` the numbers are, and what more than their last sets the top bit of each.
const NUMBERS_OF_TIME: u64 = u64::from_le_bytes([0x7F, 0, 0, 0x7F, 0, 0, 0x7F, 0]);
const TO_THE_TOP_OF_TIME: u64 = u64::from_le_bytes([0x7F - 23, 0, 0, 0x7F - 59, 0, 0, 0x7F - 59, 0]);

/// The numbers in a text of the documented shape, which may be no date. Bits are set beside them where one of the time
/// is past the last of its kind, which is found out for all at once.
#[inline(always)]
fn spelled(bytes: &[u8; 19]) -> Option<(DateTimeParts, u64)> {
    let (date, no_date) = DATE.pairs(bytes)?;
    let (day, no_day) = DAY.pairs(bytes)?;
    let (time, no_time) = TIME.pairs(bytes)?;
    (no_date | no_day | no_time == 0).then_some(())?;
    let past_last = ((time & NUMBERS_OF_TIME) + TO_THE_TOP_OF_TIME) & TOPS;
    let ([century, _, years, _, _, month, ..], [day, ..]) = (date.to_le_bytes(), day.to_le_bytes());
    let [hour, _, _, minute, _, _, second, _] = time.to_le_bytes();
    let year = u16::from(century) * 100 + u16::from(years);
    Some((DateTimeParts { year, month, day, hour, minute, second }, past_last))
}

/// Eight bytes of a date, where zeros stand for digits and every other byte for itself.
struct Template {
    at: usize,
    text: u64,
    /// A six for each digit.
    sixes: u64,
    /// The bits that no digit has, and all bits of other bytes.
    others: u64,
}

const DATE: Template = Template::new(0, *b"0000-00-");
const DAY: Template = Template::new(8, *b"00 00:00");
const TIME: Template = Template::new(11, *b"00:00:00");

impl Template {
    #[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
    const fn new(at: usize, text: [u8; 8]) -> Template {
        let (mut sixes, mut others) = ([0; 8], [0xFF; 8]);
        let mut byte = 0;
        while byte < 8 {
            if text[byte] == b'0' {
                sixes[byte] = 6;
                others[byte] = 0xF0;
            }
            byte += 1;
        }
        let [text, sixes, others] =
            [u64::from_le_bytes(text), u64::from_le_bytes(sixes), u64::from_le_bytes(others)];
        Template { at, text, sixes, others }
    }

    /// For each byte the number that its digit and the next make; where the bytes are others than the template has,
    /// bits are set in the second number. Eight bytes are read as one number.
    #[inline(always)]
    fn pairs(&self, bytes: &[u8; 19]) -> Option<(u64, u64)> {
        let word = u64::from_le_bytes(*bytes.get(self.at..)?.first_chunk()?) ^ self.text;
        // What is past nine has bits that no digit has, or has them with six more. It spills into its neighbour only
        // if it had them before.
        let others = (word.wrapping_add(self.sixes) | word) & self.others;
        // No sum reaches 100, so none spills into its neighbour.
        Some((word.wrapping_mul(10).wrapping_add(word >> 8), others))
    }
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
            let parts = DateTimeParts::from_wire(text.as_bytes());
            let told = parts.map(|parts| [parts.month, parts.day, parts.hour, parts.minute, parts.second]);
            proptest::prop_assert_eq!(told, date_in(&text).map(|time| whole(time).map(|part| part as u8)));
            proptest::prop_assert_eq!(parts.map(|parts| parts.year as i16), date_in(&text).map(DateTime::year));
            // A `T` is ours and no server's: only the slow way knows it.
            proptest::prop_assert_eq!(quick, readable && !text.contains('T'), "{}", text);
        }
    }
}
