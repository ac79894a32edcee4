//! Where the value of a key is stored.

use super::prefix::Prefix;
use crate::tickets::slots::SLOTS;
use crate::{Field, FieldKind};

/// A key that each ticket is expected to have, and where its value is stored.
pub(super) struct LayoutKey {
    pub(super) prefix: Prefix,
    pub(super) target: Target,
}

impl LayoutKey {
    /// A key after this separator. Returns `None` if its name is too long for a prefix.
    pub(super) fn new(separator: u8, name: &str, target: Target) -> Option<LayoutKey> {
        Some(LayoutKey { prefix: Prefix::new(separator, name.as_bytes(), target.is_quoted())?, target })
    }
}

/// Where a value is stored. Texts and integers have the number of their slot in a ticket's row.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Text(usize),
    Time(usize),
    Integer(usize, Field),
    Boolean,
    Attachments,
    /// An unknown field, with the number of its name.
    Extra(u32),
}

impl Target {
    pub(super) fn of(field: Field) -> Target {
        let slot = SLOTS.get(field as usize).map_or(0, |slot| usize::from(*slot));
        match field.kind() {
            FieldKind::Text => Target::Text(slot),
            FieldKind::DateTime => Target::Time(slot),
            FieldKind::Integer => Target::Integer(slot, field),
            FieldKind::Boolean => Target::Boolean,
            FieldKind::Attachments => Target::Attachments,
        }
    }

    /// Returns whether the value always starts with a quote, which is then part of the prefix.
    pub(super) fn is_quoted(self) -> bool {
        matches!(self, Target::Text(_) | Target::Time(_))
    }
}
