//! A key of a ticket as the fast path has learned it: how it is spelled, and where its value goes.

use super::cursor::Wide;
use crate::tickets::arena::SLOTS;
use crate::{Field, Kind};

/// What stands between two values: a separator, a key, a colon and, before a text, its opening quote; at
/// most 32 bytes, which are compared at once.
pub(super) struct Prefix {
    bytes: [u8; 32],
    len: usize,
    /// Which of the 32 bytes count.
    counted: u32,
    key_len: usize,
}

impl Prefix {
    /// From what stands before the value in the first ticket; `None` if it is too long.
    pub(super) fn new(key: &str, quoted: bool) -> Option<Prefix> {
        let mut bytes = [0; 32];
        bytes.get_mut(..key.len())?.copy_from_slice(key.as_bytes());
        if quoted {
            *bytes.get_mut(key.len())? = b'"';
        }
        let len = key.len() + usize::from(quoted);
        let counted = u32::MAX.checked_shr(32 - len as u32)?;
        Some(Prefix { bytes, len, counted, key_len: key.len() })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn starts(&self, here: &[u8; 32]) -> bool {
        Wide::new(here).equal(Wide::new(&self.bytes)) & self.counted == self.counted
    }

    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The prefix without the quote of a text.
    pub(super) fn key(&self) -> &[u8] {
        self.bytes.get(..self.key_len).unwrap_or_default()
    }
}

/// One key of a ticket, in the order learned.
pub(super) struct Slot {
    pub(super) prefix: Prefix,
    pub(super) target: Target,
}

/// Where a value goes. Texts and integers name their place in a row.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Text(usize),
    /// `requestor_name`, whose null needs no finding.
    NullableText(usize),
    Time(usize),
    Integer(usize, Field),
    Boolean,
    Attachments,
    /// An unknown field, by the number of its name.
    Extra(u32),
}

impl Target {
    pub(super) fn of(field: Field) -> Target {
        let slot = SLOTS.get(field as usize).map_or(0, |slot| usize::from(*slot));
        match field.kind() {
            Kind::Text if field == Field::RequestorName => Target::NullableText(slot),
            Kind::Text => Target::Text(slot),
            Kind::DateTime => Target::Time(slot),
            Kind::Integer => Target::Integer(slot, field),
            Kind::Boolean => Target::Boolean,
            Kind::Attachments => Target::Attachments,
        }
    }

    /// Whether its value starts with a quote, which then belongs to the prefix.
    pub(super) fn is_quoted(self) -> bool {
        matches!(self, Target::Text(_) | Target::NullableText(_) | Target::Time(_))
    }
}
