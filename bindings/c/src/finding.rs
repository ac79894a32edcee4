//! [`Finding`]: a way in which a reply deviates from the documented shape.

use gettickets_protocol as protocol;

use crate::field::{Field, number_of};
use crate::text::Text;

/// A way in which a reply deviates from the documented shape and was accepted. Its texts belong to
/// the page.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Finding {
    /// A stable name for programs, such as "leading-text".
    pub code: Text,
    /// What it means, in a few words of English.
    pub meaning: Text,
    /// What was there, bounded in length; `data` is NULL where it would not help.
    pub detail: Text,
    /// How often it was met.
    pub count: usize,
    /// How many of its places are kept, for `gettickets_page_finding_place`: at most 16.
    pub places: usize,
    /// The field concerned; -1 where it concerns no field.
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
