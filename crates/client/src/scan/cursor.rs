//! [`Cursor`]: where a scan is, so that another process can go on with it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::order::Order;
use super::report::Hole;
use super::row::{Fnv, Row, Stamp};
use crate::protocol::GetTickets;

/// Where a scan is. Serde and `Display` write it as one JSON document, which is to be kept as it is.
///
/// It holds ids and times of tickets and nothing else of them, and of the server and the request a digest.
/// Its length is a few bytes for each run of ids that are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The number of this form, raised when it changes.
    pub(super) gettickets_cursor: u32,
    /// Digest of the server and the request.
    pub(super) of: String,
    /// How many ids are told.
    pub(super) told: u64,
    /// Them.
    pub(super) ids: String,
    pub(super) place: Place,
}

/// The state of the reading itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) order: Order,
    /// Every unchanged ticket up to here is told; none at the beginning.
    pub(super) frontier: Option<Row>,
    /// The offset after it.
    pub(super) at: u64,
    /// What stood before it, to find it again by.
    pub(super) trail: Vec<Row>,
    /// The frontier moved over tickets that tie and may stand in any order.
    pub(super) weak: bool,
    /// What the watermark was at the beginning of the scan.
    pub(super) began: Option<Stamp>,
    /// The first pass has reached the end of the list.
    pub(super) reached_end: bool,
    /// Every ticket that was answered since what is told was read is at least as new.
    pub(super) watermark: Option<Stamp>,
    /// The most tickets that the server has put on a page.
    pub(super) capacity: usize,
    pub(super) holes: Vec<Hole>,
}

impl Cursor {
    pub(super) const FORM: u32 = 1;

    /// What a cursor belongs to.
    pub(super) fn digest(identity: &str, request: &GetTickets, since: Option<Stamp>) -> String {
        let request = GetTickets { limitstart: None, limitnum: None, ..request.clone() };
        let mut digest = Fnv::default();
        for text in [identity, &request.parameters(), &since.unwrap_or_default().to_string()] {
            digest.write(text.as_bytes());
            digest.write(&[0xff]);
        }
        format!("{:016x}", digest.0)
    }

    /// How many tickets were told.
    pub fn tickets(&self) -> u64 {
        self.told
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

/// A cursor with which a scan can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCursor {
    /// It is no cursor, or one of a form that this version does not read.
    NotACursor,
    /// It belongs to another server, another request, or another moment of `updated_since`.
    OfAnotherScan,
}

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidCursor::NotACursor => "this is no cursor of a scan, or one of a newer form",
            InvalidCursor::OfAnotherScan => {
                "the cursor belongs to a scan of another server or another request"
            }
        })
    }
}

impl std::error::Error for InvalidCursor {}
