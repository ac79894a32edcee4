//! [`Tickets::compact`]: copies tickets out of the body that they were decoded from.

use std::collections::HashMap;

use super::Tickets;
use super::arena::{ArenaBuilder, AttachmentRow, ExtraRow};
use super::span::Span;
use crate::{FIELDS, Field, FieldKind, FieldSet};

/// Texts up to this many bytes are stored once if they repeat. Longer ones rarely repeat.
const MAX_SHARED_LEN: usize = 64;
/// How many different texts are remembered, at about 100 bytes each, while the tickets are copied.
const MAX_SHARED: usize = 1 << 16;

impl Tickets {
    /// Copies the tickets into memory that holds their texts and nothing else.
    ///
    /// A page keeps the whole body that it was decoded from, and a slice of a page keeps all of it too. This copies the
    /// texts of these tickets, in linear time, and stores repeated texts once. The copy takes a third to a half of the
    /// memory of the page.
    ///
    /// ```
    /// let body = r#"{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,
    ///     "tickets":{"ticket":[{"id":"1","name":"Cynthia Reilly","owner_name":"Cynthia Reilly"}]}}"#;
    /// let tickets = gettickets_protocol::decode(body)?.into_page()?.into_tickets();
    /// let compact = tickets.compact();
    /// assert_eq!(compact, tickets);
    /// assert!(compact.memory_size() < tickets.memory_size());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn compact(&self) -> Tickets {
        let from = &*self.arena;
        let mut into = SharedTexts::default();
        let mut arena = ArenaBuilder::default();
        arena.rows.reserve(self.len());
        arena.extra_names = from.extra_names().to_vec();
        for (index, row) in self.rows().enumerate() {
            let mut kept = row.unpacked();
            let shown = kept.head.present.intersection(self.shown);
            for field in
                FIELDS.iter().filter(|spec| matches!(spec.kind, FieldKind::Text | FieldKind::DateTime))
            {
                // A hidden field is not copied: it cannot be shown again.
                let text = if shown.contains(field.field) { from.text(row.text(field.field)) } else { "" };
                kept.set_span(field.field, into.keep(text));
            }
            let rows = row.head().attachments(&from.attachments);
            let rows = if shown.contains(Field::Attachments) { rows } else { &[] };
            kept.head.attachments_start = arena.attachments.len() as u32;
            kept.head.set_attachments_len(rows.len() as u32);
            arena.attachments.extend(
                rows.iter().map(|one| AttachmentRow {
                    filename: into.keep(from.text(one.filename)),
                    index: one.index,
                }),
            );
            arena.extras.extend(from.extras(self.start as usize + index).iter().map(|extra| ExtraRow {
                ticket: index as u32,
                name: extra.name,
                json: into.keep(from.text(extra.json)),
            }));
            arena.rows.push(&kept);
        }
        arena.unescaped = into.text;
        Tickets { shown: self.shown.intersection(FieldSet::ALL), ..Tickets::from_arena(arena) }
    }
}

/// Copied texts. A repeated text is stored once.
#[derive(Default)]
struct SharedTexts {
    text: String,
    known: HashMap<Box<str>, Span>,
}

impl SharedTexts {
    fn keep(&mut self, text: &str) -> Span {
        if text.is_empty() {
            return Span::default();
        }
        if let Some(span) = self.known.get(text) {
            return *span;
        }
        let start = self.text.len();
        self.text.push_str(text);
        let span = Span::in_unescaped(start, self.text.len());
        if text.len() <= MAX_SHARED_LEN && self.known.len() < MAX_SHARED {
            self.known.insert(text.into(), span);
        }
        span
    }
}
