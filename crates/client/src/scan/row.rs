//! [`Row`]: what the scan keeps of a ticket: enough to place it in any order and to know it again.

use serde::{Deserialize, Serialize};

use crate::protocol::{DateTime, TicketRef};

/// A date and time to the second, packed so that later is greater; 0 is none.
///
/// Years before 1970 pack to the first of 1970 and those after 2096 to 2096: such times tie.
pub(super) type Stamp = u32;

/// What is kept of a ticket on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) lastreply: Stamp,
    pub(super) date: Stamp,
    /// Digest of what may place a ticket in a list: two rows of one ticket differ in it if it was changed.
    pub(super) print: u64,
}

impl Row {
    pub(super) fn of(ticket: &TicketRef<'_>) -> Row {
        let mut print = Fnv::default();
        for number in [ticket.deptid(), ticket.userid(), ticket.flag()] {
            print.write(&number.to_le_bytes());
        }
        let (status, priority) = (ticket.status(), ticket.priority());
        for text in [
            ticket.lastreply_text(),
            ticket.date_text(),
            status.as_str(),
            priority.as_str(),
            ticket.tid(),
            ticket.subject(),
        ] {
            print.write(text.as_bytes());
            print.write(&[0xff]);
        }
        Row {
            id: ticket.id(),
            lastreply: stamp(ticket.lastreply()),
            date: stamp(ticket.date()),
            print: print.0,
        }
    }
}

/// Packs a date and time.
pub(super) fn stamp(time: Option<DateTime>) -> Stamp {
    let Some(time) = time else { return 0 };
    let part = |number: i8, first: i8| u32::from((number - first).unsigned_abs());
    let year = (i32::from(time.year()) - 1970).clamp(0, 126).unsigned_abs();
    let days = (year * 12 + part(time.month(), 1)) * 31 + part(time.day(), 1);
    let seconds = (part(time.hour(), 0) * 60 + part(time.minute(), 0)) * 60 + part(time.second(), 0);
    1 + days * 86_400 + seconds
}

/// The hash FNV-1a: it is the same in every build, so that a cursor written by one is read by another.
pub(super) struct Fnv(pub(super) u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_is_greater_and_none_is_least() {
        let at = |text: &str| stamp(Some(text.parse().unwrap()));
        let times = [
            "1970-01-01T00:00:00",
            "1999-12-31T23:59:59",
            "2000-01-01T00:00:00",
            "2016-02-29T12:00:00",
            "2016-03-01T00:00:00",
            "2026-11-24T14:00:01",
            "2096-12-31T23:59:59",
        ];
        assert!(times.windows(2).all(|pair| at(pair[0]) < at(pair[1])));
        assert!(stamp(None) < at(times[0]));
        assert!(at("9999-12-31T23:59:59") < Stamp::MAX);
    }
}
