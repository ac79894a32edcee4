//! Quirks that change which tickets a page has, or what is in them.

use gettickets_protocol::Ticket;
use serde_json::json;

use super::{Quirk, Quirks};

/// Stands in a subject where the encoded reply gets a byte that is not UTF-8. A character of private use,
/// which no subject has.
pub(crate) const MALFORMED: char = '\u{e0ff}';

/// How many tickets a page has under [`Quirk::PageCap`].
const CAP: u64 = 10;

/// Whether this ticket holds a byte that is not UTF-8 under [`Quirk::MalformedUtf8`] and
/// [`Quirk::MalformedUtf8Deep`].
///
/// ```
/// assert!(gettickets_sandbox::is_malformed(17) && gettickets_sandbox::is_malformed(57));
/// assert!(!gettickets_sandbox::is_malformed(18));
/// ```
pub const fn is_malformed(id: u64) -> bool {
    id % 40 == 17
}

/// The stretch of the list that is sent for the one that was asked for.
pub(crate) fn stretch(quirks: &Quirks, request: u64, start: u64, limit: u64) -> (u64, u64) {
    let start = if quirks.has(Quirk::IgnoreLimitstart) { 0 } else { start };
    let limit = if quirks.has(Quirk::PageCap) { limit.min(CAP) } else { limit };
    let limit = if quirks.hits(Quirk::EmptyPage, request, 1, 3) { 0 } else { limit };
    (start, limit)
}

/// Whether the page holds a ticket with malformed text, and a quirk that makes that count is on.
pub(crate) fn holds_malformed(quirks: &Quirks, tickets: &[Ticket]) -> bool {
    quirks.has_any(&[Quirk::MalformedUtf8, Quirk::MalformedUtf8Deep])
        && tickets.iter().any(|ticket| is_malformed(ticket.id))
}

/// The tickets as the server holds them under its quirks.
pub(crate) fn bend(quirks: &Quirks, tickets: &mut [Ticket]) {
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
