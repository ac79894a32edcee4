//! Quirks that change which tickets a page has, their order, or their content.

use gettickets_protocol::Ticket;
use serde_json::json;

use super::catalog::{Quirk, Quirks};
use crate::store::{Behavior, Group, ListOrder, Slice};

/// Marks where the encoded reply has a byte that is not UTF-8. A private-use character, which no subject contains.
pub(crate) const MALFORMED: char = '\u{e0ff}';

/// The maximum number of tickets on a page with [`Quirk::PageCap`].
const CAP: u64 = 10;

/// The number of tickets that are counted and do not exist, with [`Quirk::Overcounted`].
const OVERCOUNTED: u64 = 15;

/// Returns whether the ticket with this id has a byte that is not UTF-8 with [`Quirk::MalformedUtf8`] and
/// [`Quirk::MalformedUtf8Deep`].
///
/// ```
/// assert!(gettickets_sandbox::is_malformed(17) && gettickets_sandbox::is_malformed(57));
/// assert!(!gettickets_sandbox::is_malformed(18));
/// ```
pub const fn is_malformed(id: u64) -> bool {
    id % 40 == 17
}

/// The counts of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) start: u64,
    pub(crate) returned: u64,
}

/// The behavior of the store for these quirks.
pub(crate) fn behavior(quirks: &Quirks) -> Behavior {
    let groups = [
        (Quirk::GroupedByPriority, Group::Priority),
        (Quirk::GroupedByStatus, Group::Status),
        (Quirk::GroupedByDepartment, Group::Department),
        (Quirk::GroupedByFlag, Group::Flag),
    ];
    let groups = groups.into_iter().filter(|(quirk, _)| quirks.has(*quirk)).map(|(_, group)| group);
    Behavior {
        order: ListOrder { pinned_first: quirks.has(Quirk::PinnedFirst), groups: groups.collect() },
        hides_rows: quirks.has_any(&[Quirk::HiddenRows, Quirk::HiddenRowsUncounted]),
        clock_set_back: quirks.has(Quirk::ClockSetBack),
    }
}

/// The offset and limit that the server uses instead of the requested ones.
pub(crate) fn range(quirks: &Quirks, request: u64, start: u64, limit: u64) -> (u64, u64) {
    let start = if quirks.has(Quirk::IgnoreLimitstart) { 0 } else { start };
    let limit = if quirks.has(Quirk::PageCap) { limit.min(CAP) } else { limit };
    let limit = if quirks.hits(Quirk::EmptyPage, request, 1, 3) { 0 } else { limit };
    (start, limit)
}

/// The counts that the server sends with a slice.
pub(crate) fn counts(quirks: &Quirks, start: u64, slice: &Slice) -> Counts {
    let returned = slice.objects.len() as u64;
    let shown = slice.total - slice.hidden;
    let total = if quirks.has(Quirk::HiddenRowsUncounted) { shown } else { slice.total };
    Counts {
        total: total + if quirks.has(Quirk::Overcounted) { OVERCOUNTED } else { 0 },
        start,
        returned: returned + if quirks.has(Quirk::CountMismatch) { 2 } else { 0 },
    }
}

/// Whether one of these tickets has malformed text, with a quirk for which that matters.
pub(crate) fn holds_malformed(quirks: &Quirks, ids: &[u64]) -> bool {
    quirks.has_any(&[Quirk::MalformedUtf8, Quirk::MalformedUtf8Deep])
        && ids.iter().any(|id| is_malformed(*id))
}

/// Whether [`alter`] has an effect with these quirks.
pub(crate) fn alters_tickets(quirks: &Quirks) -> bool {
    quirks.has_any(&[Quirk::ExtraFields, Quirk::ControlChars, Quirk::MalformedUtf8, Quirk::MalformedUtf8Deep])
}

/// Changes the tickets to those in the database of a server with these quirks.
pub(crate) fn alter(quirks: &Quirks, tickets: &mut [Ticket]) {
    for ticket in tickets {
        if quirks.has(Quirk::ExtraFields) {
            ticket.extra.insert("deptname".into(), json!(format!("Department {}", ticket.deptid)));
            ticket.extra.insert("contactid".into(), json!(ticket.userid % 7));
        }
        if quirks.has(Quirk::ControlChars) {
            ticket.subject.push_str(" \u{b}\u{1b}[31mred\u{1b}[0m\u{7}");
        }
        if quirks.has_any(&[Quirk::MalformedUtf8, Quirk::MalformedUtf8Deep]) && is_malformed(ticket.id) {
            ticket.subject.push_str(" caf");
            ticket.subject.push(MALFORMED);
        }
    }
}
