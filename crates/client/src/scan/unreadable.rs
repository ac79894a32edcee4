//! How a pass gets past a ticket that the server cannot send.
//!
//! The page is halved until the ticket is alone, and the ticket is stepped over. No page can hold the tickets on both of its
//! sides, so no common row joins them: the row before it is read again to see that the list did not move.

use crate::protocol::{ApiErrorClass, DecodeErrorKind};
use crate::{Error, ErrorKind};

/// How many unreadable tickets a scan steps over before it aborts.
pub(super) const MOST_UNREADABLE: usize = 100;
/// How many it steps over at the front of a list of which no ticket was readable.
pub(super) const MOST_UNREADABLE_AT_FRONT: usize = 12;
/// How many tickets are requested first behind an unreadable one.
pub(super) const LIMIT_BEHIND: u64 = 4;
/// How often the list may move while one ticket is stepped over.
const MOST_MOVES: u32 = 3;

/// Unreadable tickets are being stepped over.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// The offset of the first of them.
    pub(super) start: u64,
    /// The id of the row before it.
    pub(super) before: Option<u64>,
    /// The offset to read next.
    pub(super) at: u64,
    pub(super) limit: u64,
    /// How many replies in a row were empty.
    pub(super) empty: u32,
    moves: u32,
}

impl Crossing {
    pub(super) fn new(start: u64, before: Option<u64>) -> Crossing {
        Crossing { start, before, at: start + 1, limit: LIMIT_BEHIND, empty: 0, moves: 0 }
    }

    /// The page behind was unreadable too. Returns the offset of another unreadable ticket if it was down to one.
    pub(super) fn narrow(&mut self, limit: u64) -> Option<u64> {
        self.empty = 0;
        if limit > 1 {
            self.limit = limit / 2;
            return None;
        }
        let offset = self.at;
        self.at += 1;
        self.limit = LIMIT_BEHIND;
        Some(offset)
    }

    /// The row before is not where it was. Returns whether to try again.
    pub(super) fn moved(&mut self) -> bool {
        self.moves += 1;
        self.moves <= MOST_MOVES
    }
}

/// Whether the error concerns single tickets of the page, so that the others may be readable on a smaller page.
pub(super) fn is_unreadable(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(error) => error.class() == ApiErrorClass::Encoding,
        ErrorKind::Decode(error) => match error.kind() {
            DecodeErrorKind::InvalidUtf8 | DecodeErrorKind::LoneSurrogate | DecodeErrorKind::Entity => true,
            DecodeErrorKind::TooDeep { .. }
            | DecodeErrorKind::MissingId
            | DecodeErrorKind::InvalidInteger { .. }
            | DecodeErrorKind::InvalidBoolean { .. }
            | DecodeErrorKind::WrongType { .. } => {
                error.path().is_some_and(|path| path.starts_with("tickets.ticket["))
            }
            _ => false,
        },
        _ => false,
    }
}
