//! Dates as servers write them: `YYYY-MM-DD HH:MM:SS`, in the install's time zone, without an offset.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// The result of reading the text of a date field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireTime {
    /// A date and time.
    At(DateTime),
    /// No date: a zero date (`0000-00-00`, with or without a time, or `-0001-11-30`, as PHP's date objects write it) or an
    /// empty text.
    None,
    /// Anything else.
    Unreadable,
}

/// The parts of a date and time, from which a value of another library or language can be built. It is a valid date of
/// the years 1 to 9999.
///
/// ```
/// use gettickets_protocol::{DateTimeParts, Field, Ticket, Tickets, Version};
/// let date = "2026-11-25T09:30:00".parse().ok();
/// let tickets = Tickets::new(&[Ticket { id: 7, date, ..Ticket::default() }], Version::V8_0);
/// let parts = tickets.get(0).and_then(|ticket| ticket.date_time_parts(Field::Date));
/// assert_eq!(parts, Some(DateTimeParts { year: 2026, month: 11, day: 25, hour: 9, minute: 30, second: 0 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are self-explanatory")]
pub struct DateTimeParts {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// Reads the text of a date field.
///
/// A zero date (`0000-00-00 00:00:00`, which the server's database allows) and an empty text mean that there is no
/// date. Other notations are read as local time: with a `T` between date and time, as in canonical JSON; with a
/// fraction of a second, which is dropped; with a zone at the end; or without a time, which means midnight.
pub(crate) fn read(text: &str) -> WireTime {
    let documented = match <&[u8; 19]>::try_from(text.as_bytes()) {
        Ok(bytes) => read_documented(bytes),
        Err(_) if text.is_empty() || text == "0000-00-00" => WireTime::None,
        Err(_) => WireTime::Unreadable,
    };
    if documented == WireTime::Unreadable { read_other(text) } else { documented }
}

fn read_documented(bytes: &[u8; 19]) -> WireTime {
    let Some((parts, _)) = parse_parts(bytes) else { return WireTime::Unreadable };
    let DateTimeParts { year, month, day, hour, minute, second } = parts;
    if (year, month, day) == (0, 0, 0) {
        return WireTime::None;
    }
    // Year 0 exists in jiff's calendar, but not in the databases of servers.
    if year == 0 {
        return WireTime::Unreadable;
    }
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| part as i8);
    match DateTime::new(year as i16, month, day, hour, minute, second, 0) {
        Ok(time) => WireTime::At(time),
        Err(_) => WireTime::Unreadable,
    }
}

#[cold]
fn read_other(text: &str) -> WireTime {
    match other_notation(text) {
        Some(OtherNotation { wall_clock: Some(wall_clock), .. }) => read_documented(&wall_clock),
        Some(OtherNotation { wall_clock: None, .. }) => WireTime::None,
        None => WireTime::Unreadable,
    }
}

/// Returns whether a readable date is in the documented notation.
pub(crate) fn is_documented_notation(text: &str) -> bool {
    match <&[u8; 19]>::try_from(text.as_bytes()) {
        Ok(bytes) => read_documented(bytes) != WireTime::Unreadable,
        Err(_) => text.is_empty() || text == "0000-00-00",
    }
}

/// Returns the zone in the text of a date field: `Z`, `+02:00`, `Europe/Berlin`.
pub(crate) fn zone(text: &str) -> Option<&str> {
    if is_documented_notation(text) {
        return None;
    }
    let OtherNotation { wall_clock, zone } = other_notation(text)?;
    let is_date = wall_clock.is_none_or(|wall_clock| read_documented(&wall_clock) != WireTime::Unreadable);
    zone.filter(|_| is_date)
}

/// Resolves the zone in a date: `Z`, an offset such as `+02:00`, or the name of the install's zone. An abbreviation such as
/// `CEST` is ambiguous and is assumed to be the install's zone. Other names are not resolved.
pub(crate) fn resolve_zone(stated: &str, install: Option<&TimeZone>) -> Option<TimeZone> {
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
    install.filter(|zone| is_abbreviation || zone.iana_name() == Some(stated)).cloned()
}

/// A date in another notation than the documented one.
struct OtherNotation<'a> {
    /// The same in the documented notation; `None` for the zero date of PHP's date objects.
    wall_clock: Option<[u8; 19]>,
    zone: Option<&'a str>,
}

/// Parses ISO 8601 and the format of PHP's date objects: a date; then, after `T` or a space, hours and minutes, seconds
/// and a fraction; then a zone. Does not check that the date exists.
#[cold]
fn other_notation(text: &str) -> Option<OtherNotation<'_>> {
    /// PHP normalizes the zero date to this date.
    const ZERO: &str = "-0001-11-30";
    let text = text.trim();
    let is_zero = text.starts_with(ZERO);
    let (date, rest) = text.split_at_checked(if is_zero { ZERO.len() } else { 10 })?;
    let (mut time, mut zone) = ("00:00", None);
    if !rest.is_empty() {
        let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
        let has_seconds = rest.as_bytes().get(5) == Some(&b':');
        let (found, rest) = rest.split_at_checked(if has_seconds { 8 } else { 5 })?;
        time = found;
        let rest = match rest.strip_prefix(['.', ',']).filter(|_| has_seconds) {
            Some(fraction) => {
                let zone = fraction.trim_start_matches(|at: char| at.is_ascii_digit());
                (zone.len() < fraction.len()).then_some(zone)?
            }
            None => rest,
        };
        let rest = rest.trim_start();
        zone = (!rest.is_empty()).then_some(rest);
    }
    zone.is_none_or(is_zone).then_some(())?;
    let wall_clock = if is_zero {
        None
    } else {
        let seconds = if time.len() == 5 { ":00" } else { "" };
        Some(format!("{date} {time}{seconds}").as_bytes().try_into().ok()?)
    };
    Some(OtherNotation { wall_clock, zone })
}

/// Returns whether a text looks like a zone: `Z`, an offset, an identifier such as `Europe/Berlin` or an abbreviation
/// such as `CEST`. `AM` and `PM` are not zones.
fn is_zone(text: &str) -> bool {
    let is_offset = |digits: &str| {
        let plain: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
        [2, 4, 6].contains(&plain.len()) && plain.iter().all(u8::is_ascii_digit)
    };
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        return is_offset(digits);
    }
    let is_name = text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_/+-".contains(&byte));
    let is_abbreviation = || {
        text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_uppercase()) && !["AM", "PM"].contains(&text)
    };
    is_name && (text.contains('/') || ["Z", "z"].contains(&text) || is_abbreviation())
}

impl DateTimeParts {
    /// Reads the text of a date field, as [`TicketRef::text_bytes`](crate::TicketRef::text_bytes) returns it. Returns
    /// `None` if there is no date, or it cannot be read.
    ///
    /// ```
    /// use gettickets_protocol::DateTimeParts;
    /// let parts = DateTimeParts::from_wire(b"2026-11-25 09:30:00");
    /// assert_eq!(parts.map(|parts| (parts.year, parts.minute)), Some((2026, 30)));
    /// assert_eq!(DateTimeParts::from_wire(b"0000-00-00 00:00:00"), None);
    /// ```
    #[inline]
    pub fn from_wire(text: &[u8]) -> Option<DateTimeParts> {
        let documented = text.try_into().ok().and_then(valid_parts);
        documented.or_else(|| DateTimeParts::from_other(text))
    }

    #[cold]
    fn from_other(text: &[u8]) -> Option<DateTimeParts> {
        valid_parts(&other_notation(std::str::from_utf8(text).ok()?)?.wall_clock?)
    }
}

/// Returns whether these bytes are a date in the documented notation, or the zero date. A faster check than [`read`],
/// with the same result for the documented notation.
#[inline(always)]
pub(crate) fn is_wire_time(bytes: &[u8; 19]) -> bool {
    valid_parts(bytes).is_some() || is_zero_date(bytes)
}

/// Parses a text of the documented notation. Returns `None` if the date does not exist or is before the year 1.
#[inline(always)]
fn valid_parts(bytes: &[u8; 19]) -> Option<DateTimeParts> {
    let (parts, too_large) = parse_parts(bytes)?;
    let DateTimeParts { year, month, day, .. } = parts;
    let last_day = DAYS.get(usize::from(month)).copied().unwrap_or(0);
    let has_day = day.wrapping_sub(1) < last_day || is_leap_day(year, month, day);
    (too_large == 0 && year > 0 && has_day).then_some(parts)
}

/// The number of days of each month; 0 for a month that does not exist.
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

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/// Where the numbers are in `00:00:00`, and values whose addition sets the top bit of each number that is too large.
const TIME_NUMBERS: u64 = u64::from_le_bytes([0x7F, 0, 0, 0x7F, 0, 0, 0x7F, 0]);
const TIME_OVERFLOW: u64 = u64::from_le_bytes([0x7F - 23, 0, 0, 0x7F - 59, 0, 0, 0x7F - 59, 0]);

/// Parses the numbers of a text of the documented notation, which may not be a valid date. The second result has bits
/// set if a number of the time is too large; all three are checked together.
#[inline(always)]
fn parse_parts(bytes: &[u8; 19]) -> Option<(DateTimeParts, u64)> {
    let (date, no_date) = DATE.pairs(bytes)?;
    let (day, no_day) = DAY.pairs(bytes)?;
    let (time, no_time) = TIME.pairs(bytes)?;
    (no_date | no_day | no_time == 0).then_some(())?;
    let too_large = ((time & TIME_NUMBERS) + TIME_OVERFLOW) & HIGH_BITS;
    let ([century, _, years, _, _, month, ..], [day, ..]) = (date.to_le_bytes(), day.to_le_bytes());
    let [hour, _, _, minute, _, _, second, _] = time.to_le_bytes();
    let year = u16::from(century) * 100 + u16::from(years);
    Some((DateTimeParts { year, month, day, hour, minute, second }, too_large))
}

/// A pattern for eight bytes of a date: `0` matches any digit, every other byte itself.
struct Template {
    at: usize,
    text: u64,
    /// 6 for each digit.
    sixes: u64,
    /// The bits that must be zero after an exclusive or with `text`: the high bits of digits, and all bits of other
    /// bytes.
    others: u64,
}

const DATE: Template = Template::new(0, *b"0000-00-");
const DAY: Template = Template::new(8, *b"00 00:00");
const TIME: Template = Template::new(11, *b"00:00:00");

impl Template {
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
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

    /// Reads eight bytes as one number. Returns, for each byte, the number that its digit and the next one form. The
    /// second result has bits set where the bytes do not match the pattern.
    #[inline(always)]
    fn pairs(&self, bytes: &[u8; 19]) -> Option<(u64, u64)> {
        let word = u64::from_le_bytes(*bytes.get(self.at..)?.first_chunk()?) ^ self.text;
        // A byte above 9 has a high bit set, or has one set after 6 is added. An addition carries into the next byte
        // only if the byte had a high bit set before.
        let others = (word.wrapping_add(self.sixes) | word) & self.others;
        // Every sum is below 100, so none carries into the next byte.
        Some((word.wrapping_mul(10).wrapping_add(word >> 8), others))
    }
}

/// Returns the date in the text of a field, if it has one that can be read.
pub(crate) fn date_in(text: &str) -> Option<DateTime> {
    match read(text) {
        WireTime::At(time) => Some(time),
        WireTime::None | WireTime::Unreadable => None,
    }
}

/// Writes a date as servers do; `None` becomes the zero date.
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
    fn offsets_names_and_abbreviations_are_zones() {
        for zone in
            ["+02:00", "-0330", "+05", "+053000", "Z", "z", "CEST", "UTC", "Europe/Berlin", "Etc/GMT+5"]
        {
            assert!(is_zone(zone), "{zone}");
        }
        let long = format!("Europe/{}", "x".repeat(40));
        for text in [
            "",
            "+2",
            "+02:0x",
            "+1234567",
            "AM",
            "PM",
            "Berlin",
            "CESTXYZ",
            "cest",
            "/Berlin",
            "Europe/Bérlin",
            &long,
        ] {
            assert!(!is_zone(text), "{text}");
        }
    }

    #[test]
    fn the_zero_date_has_a_time_of_day() {
        for (text, is_time) in [
            ("0000-00-00 00:00:00", true),
            ("0000-00-00 23:59:59", true),
            ("0000-00-00 ab:00:00", false),
            ("0000-00-01 00:00:00", false),
            ("2016-01-01 06:26:29", true),
        ] {
            assert_eq!(is_wire_time(text.as_bytes().try_into().unwrap()), is_time, "{text}");
        }
    }

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
            "2016-01-01 06:26:29 PM",
            "2016-01-01 06:26:29.",
            "2016-01-01 06:26:29 uhr",
            "2016-01-01T06:26:29+2",
            "2016-01-01T",
            "2016-1-1",
            "2016-02-30T00:00:00Z",
            "01/02/2016 06:26:29",
            "0000-01-01 00:00:00",
            "yesterday",
            "2016-01-0é",
            " ",
        ] {
            assert_eq!(read(text), WireTime::Unreadable, "{text:?}");
            assert_eq!((zone(text), DateTimeParts::from_wire(text.as_bytes())), (None, None), "{text:?}");
        }
    }

    #[test]
    fn equal_faults_do_not_cancel_each_other() {
        // The fast check compares eight bytes at a time, at offsets 0, 8 and 11, of which the last two overlap.
        for places in [
            &[0, 8][..],
            &[1, 9],
            &[5, 16],
            &[0, 11],
            &[3, 14],
            &[11, 8],
            &[14, 17],
            &[4, 15],
            &[7, 15],
            &[8, 11, 14, 17],
            &[9, 12, 15, 18],
        ] {
            for fault in [b'/', b':', b'*', b'A', b'p', 0x80 | b'0'] {
                let mut bytes = *b"2016-01-01 06:26:29";
                places.iter().for_each(|at| bytes[*at] = fault);
                if bytes.is_ascii() {
                    let text = std::str::from_utf8(&bytes).unwrap();
                    assert_eq!(read(text), WireTime::Unreadable, "{text}");
                }
                assert!(!is_wire_time(&bytes), "{places:?} {fault}");
            }
        }
    }

    #[test]
    fn stated_zones_are_resolved() {
        let berlin = TimeZone::fixed(Offset::from_seconds(3600).unwrap());
        let seconds = |stated: &str, install: Option<&TimeZone>| {
            let zone = resolve_zone(stated, install)?;
            Some(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds())
        };
        for (stated, expected) in [
            ("Z", Some(0)),
            ("z", Some(0)),
            ("UTC", Some(0)),
            ("GMT", Some(0)),
            ("+02", Some(7200)),
            ("+02:30", Some(9000)),
            ("-0230", Some(-9000)),
            ("+01:02:03", Some(3723)),
            ("-00:00:07", Some(-7)),
            ("+99:00", None),
            ("CEST", None),
            ("Europe/Berlin", None),
        ] {
            assert_eq!(seconds(stated, None), expected, "{stated}");
        }
        // An abbreviation means the install's zone; a name does so only if it is that of the zone.
        assert_eq!(seconds("CEST", Some(&berlin)), Some(3600));
        for other in ["Europe/Berlin", "cest", "LONGER"] {
            assert_eq!(seconds(other, Some(&berlin)), None, "{other}");
        }
    }

    #[test]
    fn other_notations_are_read_as_local_time() {
        let time = jiff::civil::datetime(2025, 3, 5, 6, 7, 8, 0);
        for (text, stated) in [
            ("2025-03-05T06:07:08", None),
            ("2025-03-05T06:07:08Z", Some("Z")),
            ("2025-03-05T06:07:08+02:00", Some("+02:00")),
            ("2025-03-05T06:07:08-0230", Some("-0230")),
            ("2025-03-05T06:07:08.000000Z", Some("Z")),
            ("2025-03-05 06:07:08.123", None),
            ("2025-03-05 06:07:08,5 +02", Some("+02")),
            ("2025-03-05 06:07:08.000000 Europe/Berlin", Some("Europe/Berlin")),
            ("2025-03-05 06:07:08 CEST", Some("CEST")),
            (" 2025-03-05 06:07:08 ", None),
        ] {
            assert_eq!((read(text), zone(text)), (WireTime::At(time), stated), "{text}");
            assert!(!is_documented_notation(text), "{text}");
            let parts = DateTimeParts::from_wire(text.as_bytes()).unwrap();
            assert_eq!((parts.year, parts.minute, parts.second), (2025, 7, 8), "{text}");
        }
        let midnight = jiff::civil::datetime(2025, 3, 5, 0, 0, 0, 0);
        assert_eq!(read("2025-03-05"), WireTime::At(midnight));
        assert_eq!(date_in("2025-03-05T06:07Z"), Some(jiff::civil::datetime(2025, 3, 5, 6, 7, 0, 0)));
        for zero in
            ["-0001-11-30T00:00:00.000000Z", "-0001-11-30 00:00:00.000000 UTC", "0000-00-00T00:00:00Z"]
        {
            assert_eq!(read(zero), WireTime::None, "{zero}");
            assert!(!is_documented_notation(zero));
        }
    }

    #[test]
    fn the_fast_check_knows_the_days_of_every_month() {
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
        fn the_fast_check_agrees_with_the_calendar(
            text in "([0-2]0[0-9]{2}|0000)-[01][0-9]-[0-3][0-9][ Tx][0-2][0-9]:[0-6][0-9]:[0-6][0-9/:]",
        ) {
            let quick = is_wire_time(text.as_bytes().try_into().unwrap());
            let readable = read(&text) != WireTime::Unreadable;
            let whole = |time: DateTime| [time.month(), time.day(), time.hour(), time.minute(), time.second()];
            let parts = DateTimeParts::from_wire(text.as_bytes());
            let found = parts.map(|parts| [parts.month, parts.day, parts.hour, parts.minute, parts.second]);
            proptest::prop_assert_eq!(found, date_in(&text).map(|time| whole(time).map(|part| part as u8)));
            proptest::prop_assert_eq!(parts.map(|parts| parts.year as i16), date_in(&text).map(DateTime::year));
            // Only the slow path accepts a `T`, which canonical JSON has but servers do not send.
            proptest::prop_assert_eq!(quick, readable && !text.contains('T'), "{}", text);
        }
    }
}
