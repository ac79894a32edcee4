//! The slots of a ticket's row: the index of each field among the texts or among the integers of the row.

use crate::FieldKind;
use crate::field::{FIELD_COUNT, FIELDS};

/// The number of fields that are stored as text: texts, and dates as they were sent.
pub(crate) const TEXT_COUNT: usize = count(true);
/// The number of integer fields.
pub(crate) const INTEGER_COUNT: usize = count(false);

pub(crate) const fn is_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Text | FieldKind::DateTime)
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const fn count(text: bool) -> usize {
    let (mut entry, mut count) = (0, 0);
    while entry < FIELD_COUNT {
        let kind = FIELDS[entry].kind;
        count += (if text { is_text(kind) } else { matches!(kind, FieldKind::Integer) }) as usize;
        entry += 1;
    }
    count
}

/// The slot of each field: its index among the texts (`Row::texts`) or among the integers (`Row::integers`) of a row;
/// 0 for fields of other kinds.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
pub(crate) const SLOTS: [u8; FIELD_COUNT] = {
    let mut slots = [0; FIELD_COUNT];
    let (mut entry, mut texts, mut integers) = (0, 0, 0);
    while entry < FIELD_COUNT {
        if is_text(FIELDS[entry].kind) {
            slots[entry] = texts;
            texts += 1;
        } else if matches!(FIELDS[entry].kind, FieldKind::Integer) {
            slots[entry] = integers;
            integers += 1;
        }
        entry += 1;
    }
    slots
};
