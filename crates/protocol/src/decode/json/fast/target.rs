//! Where the value of a key goes.

use super::prefix::Prefix;
use crate::tickets::arena::SLOTS;
use crate::{Field, Kind};

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
