//! Which slot of a row holds which field: texts and integers are numbered separately.

use crate::FieldKind;
use crate::field::{FIELD_COUNT, FIELDS};

/// The number of fields that are stored as text: texts, and dates as they were sent.
pub(crate) const TEXT_COUNT: usize = count(true);
/// The number of integer fields.
pub(crate) const INTEGER_COUNT: usize = count(false);

pub(crate) const fn is_text(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Text | FieldKind::DateTime)
}

#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
const fn count(text: bool) -> usize {
    let (mut row, mut count) = (0, 0);
    while row < FIELD_COUNT {
        let kind = FIELDS[row].kind;
        count += (if text { is_text(kind) } else { matches!(kind, FieldKind::Integer) }) as usize;
        row += 1;
    }
    count
}

/// The slot of each field among the texts or among the integers of a row; 0 for fields of other kinds.
#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
pub(crate) const SLOTS: [u8; FIELD_COUNT] = {
    let mut slots = [0; FIELD_COUNT];
    let (mut row, mut texts, mut integers) = (0, 0, 0);
    while row < FIELD_COUNT {
        if is_text(FIELDS[row].kind) {
            slots[row] = texts;
            texts += 1;
        } else if matches!(FIELDS[row].kind, FieldKind::Integer) {
            slots[row] = integers;
            integers += 1;
        }
        row += 1;
    }
    slots
};
