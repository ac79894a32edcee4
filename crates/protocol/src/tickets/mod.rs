//! [`Tickets`]: the tickets of a decoded page.

pub(crate) mod arena;
pub(crate) mod body;
mod compact;
pub(crate) mod rows;
pub(crate) mod slots;
pub(crate) mod span;
mod ticket_ref;

use std::collections::HashMap;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use self::arena::{Arena, ArenaBuilder, AttachmentRow, ExtraRow};
use self::rows::{Row, RowRef};
pub use self::ticket_ref::{AttachmentRef, Attachments, FieldValue, TicketRef};
use crate::ticket::OwnedValue;
use crate::{Attachment, Field, FieldSet, Ticket, Version, time};

/// The tickets of a page: an arena of text, and a row of fixed size for each ticket.
///
/// Clones and slices share the arena through a reference count. A page can be read from several threads at once.
///
/// ```
/// use gettickets_protocol::{Ticket, Tickets, Version};
/// let tickets = Tickets::new(&[Ticket { id: 7, ..Ticket::default() }], Version::V8_0);
/// assert_eq!(tickets.get(0).map(|ticket| ticket.id()), Some(7));
/// assert_eq!(tickets.iter().len(), 1);
/// ```
#[derive(Clone)]
pub struct Tickets {
    arena: Arc<Arena>,
    // The same size as offsets in the arena.
    start: u32,
    end: u32,
    shown: FieldSet,
}

impl Tickets {
    pub(crate) fn from_arena(arena: ArenaBuilder) -> Tickets {
        let end = arena.rows.len() as u32;
        Tickets { arena: Arc::new(arena.finish()), start: 0, end, shown: FieldSet::ALL }
    }

    /// Creates the tickets with the fields that a server of this version sends: known fields of later versions are left
    /// out, and a `requestor_name` that is `None` is sent as null. Unknown fields ([`Ticket::extra`]) are kept.
    pub fn new(tickets: &[Ticket], version: Version) -> Tickets {
        let mut arena = ArenaBuilder::default();
        arena.rows.reserve(tickets.len());
        let mut names = HashMap::new();
        for ticket in tickets {
            push_ticket(&mut arena, &mut names, ticket, FieldSet::known_to(version));
        }
        Tickets::from_arena(arena)
    }

    /// Returns the number of tickets.
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Returns whether there are no tickets.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Returns the ticket at this index, counted from 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<TicketRef<'_>> {
        let row = self.row(index)?;
        Some(TicketRef { arena: &self.arena, row, index: self.start as usize + index, shown: self.shown })
    }

    /// Iterates over the tickets in order.
    pub fn iter(&self) -> TicketIter<'_> {
        TicketIter { tickets: self, next: 0, end: self.len() }
    }

    /// Returns some of the tickets, sharing the same memory. A range that reaches past the end is cut there.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Tickets {
        let len = self.len();
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => len,
        };
        let end = end.min(len);
        let start = start.min(end);
        Tickets { start: self.start + start as u32, end: self.start + end as u32, ..self.clone() }
    }

    /// Returns the tickets without the known fields that a server of this version does not send. Unknown fields stay.
    #[must_use]
    pub fn as_of_version(&self, version: Version) -> Tickets {
        Tickets { shown: self.shown.intersection(FieldSet::known_to(version)), ..self.clone() }
    }

    /// Returns the fields that at least one ticket has.
    pub fn fields_in_any(&self) -> FieldSet {
        Arena::present_fields(self.rows()).0.intersection(self.shown)
    }

    /// Returns the fields that every ticket has; all fields if there is no ticket.
    pub fn fields_in_all(&self) -> FieldSet {
        Arena::present_fields(self.rows()).1.intersection(self.shown)
    }

    /// Returns the memory in use, in bytes. It includes tickets that were sliced away, as slices share memory.
    pub fn memory_size(&self) -> usize {
        self.arena.memory_size()
    }

    #[inline]
    fn row(&self, index: usize) -> Option<RowRef<'_>> {
        (index < self.len()).then(|| self.arena.rows.get(self.start as usize + index))?
    }

    fn rows(&self) -> impl Iterator<Item = RowRef<'_>> {
        (0..self.len()).filter_map(|index| self.row(index))
    }
}

/// Adds an owned ticket to an arena. `names` maps the names of unknown fields so far to their numbers.
fn push_ticket<'a>(
    arena: &mut ArenaBuilder,
    names: &mut HashMap<&'a str, u32>,
    ticket: &'a Ticket,
    known: FieldSet,
) {
    let mut row = Row::default();
    for field in known.iter() {
        if ticket.absent.contains(field) && field != Field::Id {
            continue;
        }
        if ticket.null.contains(field) && field != Field::Id {
            row.set_null(field);
            continue;
        }
        match ticket.value(field) {
            OwnedValue::Integer(number) => row.set_integer(field, number, true),
            OwnedValue::Text(Some(text)) => row.set_text(field, arena.push_text(text)),
            OwnedValue::Text(None) if field == Field::RequestorName => row.set_null(field),
            OwnedValue::DateTime(_, Some(text)) => row.set_text(field, arena.push_text(text)),
            OwnedValue::DateTime(date, None) => row.set_text(field, arena.push_text(&time::to_wire(date))),
            OwnedValue::Boolean(Some(removed)) => {
                row.head.set_attachments_removed(removed);
                row.head.present.insert(field);
            }
            OwnedValue::Attachments(Some(list)) => push_attachments(arena, &mut row, list),
            OwnedValue::Text(None) | OwnedValue::Boolean(None) | OwnedValue::Attachments(None) => {}
        }
    }
    for (name, value) in &ticket.extra {
        let name = *names.entry(name).or_insert_with(|| {
            arena.extra_names.push(name.as_str().into());
            arena.extra_names.len() as u32 - 1
        });
        let json = arena.push_text(&value.to_string());
        arena.extras.push(ExtraRow { ticket: arena.rows.len() as u32, name, json });
    }
    arena.rows.push(&row);
}

fn push_attachments(arena: &mut ArenaBuilder, row: &mut Row, list: &[Attachment]) {
    row.head.present.insert(Field::Attachments);
    row.head.attachments_start = arena.attachments.len() as u32;
    row.head.set_attachments_len(list.len() as u32);
    for attachment in list {
        let filename = arena.push_text(&attachment.filename);
        arena.attachments.push(AttachmentRow { filename, index: attachment.index });
    }
}

impl Default for Tickets {
    fn default() -> Tickets {
        Tickets::from_arena(ArenaBuilder::default())
    }
}

impl PartialEq for Tickets {
    fn eq(&self, other: &Tickets) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Tickets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> IntoIterator for &'a Tickets {
    type Item = TicketRef<'a>;
    type IntoIter = TicketIter<'a>;

    fn into_iter(self) -> TicketIter<'a> {
        self.iter()
    }
}

/// An iterator over the tickets of a page.
#[derive(Clone, Debug)]
pub struct TicketIter<'a> {
    tickets: &'a Tickets,
    next: usize,
    end: usize,
}

impl<'a> Iterator for TicketIter<'a> {
    type Item = TicketRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<TicketRef<'a>> {
        if self.next == self.end {
            return None;
        }
        self.next += 1;
        self.tickets.get(self.next - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl DoubleEndedIterator for TicketIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        self.tickets.get(self.end)
    }
}

impl ExactSizeIterator for TicketIter<'_> {}
impl FusedIterator for TicketIter<'_> {}

#[cfg(test)]
mod tests {
    use super::Tickets;
    use crate::{Field, FieldSet, Version, decode};

    fn tickets(list: &str) -> Tickets {
        let body = format!(r#"{{"result":"success","tickets":{{"ticket":[{list}]}}}}"#);
        decode(body).unwrap().into_page().unwrap().into_tickets()
    }

    #[test]
    fn a_slice_has_its_own_tickets_only() {
        let all = tickets(r#"{"id":1,"x":1},{"id":2,"x":2},{"id":3,"y":3},{"id":4,"y":4}"#);
        for range in [0..1, 0..2, 1..3, 2..4, 4..4] {
            let slice = all.slice(range.clone());
            let compact = slice.compact();
            for index in 0..5 {
                let expected = all.get(range.start + index).filter(|_| index < range.len());
                for ticket in [slice.get(index), compact.get(index)] {
                    assert_eq!(
                        ticket.map(|ticket| (ticket.id(), ticket.extra())),
                        expected.map(|ticket| (ticket.id(), ticket.extra())),
                        "{range:?} {index}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_field_of_a_later_version_has_no_text() {
        let all = tickets(r#"{"id":1,"name":"A","owner_name":"B"}"#);
        let old = all.as_of_version(Version::V1_0);
        for (shown, owner) in [(&all, "B"), (&old, "")] {
            let ticket = shown.get(0).unwrap();
            assert_eq!((ticket.text(Field::Name), ticket.text(Field::OwnerName)), ("A", owner));
            assert_eq!(ticket.text_bytes(Field::OwnerName), owner.as_bytes());
        }
    }

    #[test]
    fn integers_and_booleans_that_were_sent_as_text_are_known() {
        let all = tickets(r#"{"id":"1","deptid":2,"flag":"3","attachments_removed":"1"}"#);
        let quoted: FieldSet = [Field::Id, Field::Flag, Field::AttachmentsRemoved].into_iter().collect();
        assert_eq!(all.get(0).unwrap().quoted_fields(), quoted);
    }

    #[test]
    fn tickets_are_iterated_from_both_ends() {
        let body = r#"{"result":"success","tickets":{"ticket":[{"id":1},{"id":2},{"id":3}]}}"#;
        let page = decode(body).unwrap().into_page().unwrap();
        let mut tickets = page.iter();
        let mut ids = Vec::new();
        while let Some(ticket) =
            if ids.len().is_multiple_of(2) { tickets.next_back() } else { tickets.next() }
        {
            ids.push(ticket.id());
            assert_eq!(tickets.len(), 3 - ids.len());
        }
        assert_eq!(ids, [3, 1, 2]);
        assert!(tickets.next_back().is_none() && tickets.next().is_none());
    }
}
