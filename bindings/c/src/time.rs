//! [`Time`]: a date and time of a ticket; [`ServerVersion`]: the version of a server.

use std::ffi::c_char;

use gettickets_protocol::{DateTime, DateTimeParts, Field, InvalidVersion, TicketRef, Version};

use crate::failure::Error;
#[cfg(feature = "client")]
use crate::failure::Failure;
use crate::guard::{Out, argument, guard_with_error, text};
use crate::result::ResultCode;

/// A date and time in the install's time zone. If `year` is 0 the time is absent: the field is missing, null, a
/// zero date or unreadable.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Time {
    /// 1 to 9999; 0 if the time is absent.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Time {
    pub(crate) const NONE: Time = Time { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };

    /// Reads the date of a field, without building a `DateTime`.
    #[inline]
    pub(crate) fn of_field(ticket: TicketRef<'_>, field: Field) -> Time {
        Time::of_bytes(ticket.text_bytes(field))
    }

    /// Reads the date in a text.
    #[inline]
    pub(crate) fn of_bytes(text: &[u8]) -> Time {
        DateTimeParts::from_wire(text).map_or(Time::NONE, |parts| {
            let DateTimeParts { year, month, day, hour, minute, second } = parts;
            Time { year, month, day, hour, minute, second }
        })
    }

    #[inline]
    pub(crate) fn of(time: Option<DateTime>) -> Time {
        // A decoded date has the years 1 to 9999; all parts fit.
        time.map_or(Time::NONE, |time| Time {
            year: time.year() as u16,
            month: time.month() as u8,
            day: time.day() as u8,
            hour: time.hour() as u8,
            minute: time.minute() as u8,
            second: time.second() as u8,
        })
    }

    #[cfg(feature = "client")]
    pub(crate) fn read(self) -> Result<DateTime, Failure> {
        let Time { year, month, day, hour, minute, second } = self;
        let part = |number: u8| i8::try_from(number).unwrap_or(-1);
        let year = i16::try_from(year).unwrap_or(-1);
        let time =
            DateTime::new(year, part(month), part(day), part(hour), part(minute), part(second), 0).ok();
        time.filter(|_| year > 0)
            .ok_or_else(|| argument("the time does not exist in the calendar".to_owned()))
    }
}

/// The version of a server, such as 8.13.1. Versions compare number by number: 7.10 is later than 7.9.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServerVersion {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number, or 0.
    pub patch: u16,
}

impl ServerVersion {
    pub(crate) const fn of(version: Version) -> ServerVersion {
        ServerVersion { major: version.major(), minor: version.minor(), patch: version.patch() }
    }

    pub(crate) const fn read(self) -> Version {
        Version::new(self.major, self.minor, self.patch)
    }
}

/// Parses a server version such as "8", "7.10" or "8.13.1-release.1". `GETTICKETS_ERROR_ARGUMENT` if it is not one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_server_version_parse(
    version_text: *const c_char,
    version: *mut ServerVersion,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: a NUL-terminated text and NULL or writable, as documented.
        let (text, out) = unsafe { (text(version_text, "version_text")?, Out::new(version, "version")?) };
        let refused = |error: InvalidVersion| argument(error.to_string());
        let version: Version = text.parse().map_err(refused)?;
        out.put(ServerVersion::of(version));
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, body) }
}

/// Compares two server versions: negative if `a` is earlier, 0 if they are equal, positive if `a` is later.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_server_version_compare(a: ServerVersion, b: ServerVersion) -> i32 {
    a.read().cmp(&b.read()) as i32
}
