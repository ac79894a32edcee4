//! [`Cursor`]: the position of a scan, so that another process can continue it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::order::{Mask, Order};
use super::report::UnreadableTicket;
use super::row::{Digest, Stamp};
use super::unreadable::MOST_UNREADABLE;
use crate::protocol::GetTickets;

/// The position of a scan. Serde and `Display` write it as a JSON document, whose content is not documented.
///
/// It has ids and times of tickets, no other data of them, and a digest of the endpoint and the request. Its length is
/// a few bytes per run of consecutive ids that were yielded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The version of this format.
    pub(super) gettickets_cursor: u32,
    /// Digest of the endpoint and the request.
    pub(super) of: String,
    /// How many tickets were yielded.
    pub(super) yielded: u64,
    /// Their ids, as runs.
    pub(super) ids: String,
    pub(super) position: Position,
    /// In a scan of several statuses: which list this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) series: Option<Box<SeriesPosition>>,
}

/// The state of the reading of one list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) order: Order,
    /// The last rows of the first pass, to join the next page to; empty after that pass.
    pub(super) trail: Vec<TrailRow>,
    /// The offset after them.
    pub(super) end: u64,
    /// The mark of the first pass, or of the last verification of the front; see [`Order::watermark`].
    pub(super) mark: Option<Stamp>,
    /// How many rows of that pass are no older than three hours before the mark.
    pub(super) region: u64,
    /// The first pass has ended.
    pub(super) verifying: bool,
    /// The first pass ended early, because the rest of the list is older than `updated_since`.
    pub(super) early: bool,
    /// Pages were accepted without a common row, or a row contradicted the order.
    pub(super) doubtful: bool,
    /// A ticket's last reply is older than its opening.
    pub(super) irregular: bool,
    pub(super) unreadable: Vec<UnreadableTicket>,
}

/// The position of a scan of several statuses, in addition to that of the current list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SeriesPosition {
    /// Digest of the endpoint, the request and all statuses.
    pub(super) of: String,
    /// Which of the lists is read.
    pub(super) part: usize,
    /// How often all lists were read before.
    pub(super) round: u32,
    /// The current round yielded tickets that the rounds before it did not.
    pub(super) productive: bool,
    /// The ids of all tickets that were yielded, as runs.
    pub(super) yielded: String,
}

/// What is kept of a row that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TrailRow {
    pub(super) id: u64,
    pub(super) fingerprint: u64,
    /// The orders under which all tickets that tie with it were on its page.
    pub(super) whole: Mask,
}

impl Cursor {
    pub(super) const VERSION: u32 = 3;
    /// How many rows of the trail a cursor holds.
    pub(super) const MAX_ROWS: usize = 32;
    /// Counts and offsets are less than this, so that sums with them do not overflow. No list is as long.
    const MAX_COUNT: u64 = 1 << 62;

    /// What a cursor belongs to. The page size is not part of it.
    pub(super) fn digest(endpoint: &str, request: &GetTickets, since: Option<Stamp>) -> String {
        let request = GetTickets { limitstart: None, limitnum: None, ..request.clone() };
        let mut digest = Digest::default();
        for text in [endpoint, &request.parameters(), &since.unwrap_or_default().to_string()] {
            digest.write(text.as_bytes());
        }
        format!("{:016x}", digest.0)
    }

    /// How many tickets were yielded.
    pub fn tickets(&self) -> u64 {
        self.yielded
    }

    /// Whether the parts agree with one another and are no larger than a scan makes them.
    pub(super) fn is_sound(&self) -> bool {
        self.gettickets_cursor == Cursor::VERSION
            && self.position.trail.len() <= Cursor::MAX_ROWS
            && self.position.unreadable.len() <= MOST_UNREADABLE
            && [self.yielded, self.position.end, self.position.region]
                .into_iter()
                .all(|count| count < Cursor::MAX_COUNT)
            && self.position.trail.len() as u64 <= self.position.end
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Cursor, InvalidCursor> {
        serde_json::from_str(text).map_err(|_| InvalidCursor::NotACursor)
    }
}

/// Error for a cursor with which a scan cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCursor {
    /// It is not a cursor, or one of another version of this library.
    NotACursor,
    /// It belongs to another endpoint, another request, or another `updated_since`.
    OfAnotherScan,
}

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidCursor::NotACursor => "not a cursor of a scan, or one of another version of gettickets",
            InvalidCursor::OfAnotherScan => {
                "the cursor belongs to a scan of another endpoint or another request"
            }
        })
    }
}

impl std::error::Error for InvalidCursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_says_why_a_cursor_is_refused() {
        assert!(InvalidCursor::NotACursor.to_string().starts_with("not a cursor of a scan"));
        assert!(InvalidCursor::OfAnotherScan.to_string().contains("another endpoint or another request"));
    }
}
