//! [`Finding`]: a deviation of a reply from the documented format.

use gettickets_protocol as protocol;

use crate::field::{Field, number_of};
use crate::text::Text;

/// A known deviation of a reply from the documented format, which was accepted. Its texts belong to the page.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Finding {
    /// A stable name for programs, such as "leading-text".
    pub code: Text,
    /// Its meaning in a few words.
    pub meaning: Text,
    /// The value at the first position, truncated. Optional.
    pub detail: Text,
    /// The number of occurrences.
    pub count: usize,
    /// The number of positions listed, at most 16, for `gettickets_page_finding_place`.
    pub places: usize,
    /// The field concerned, or -1.
    pub field: Field,
}

impl Finding {
    pub(crate) fn of(finding: &protocol::Finding) -> Finding {
        Finding {
            code: Text::of(finding.kind.code()),
            meaning: Text::of(finding.kind.meaning()),
            detail: Text::of_option(finding.detail.as_deref()),
            count: finding.count,
            places: finding.places.len(),
            field: finding.field.map_or(-1, number_of),
        }
    }
}
