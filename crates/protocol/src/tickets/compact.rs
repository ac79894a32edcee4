//! Tickets without the body that they came in: for those that are kept, and for a few of many.

use std::collections::HashMap;

use super::Tickets;
use super::arena::{ArenaBuilder, AttachmentRow, ExtraRow, Span};
use crate::{FIELDS, Field, FieldSet, Kind};

/// Texts up to this length are looked for among those that were kept before; longer ones rarely repeat.
const LONGEST_SHARED: usize = 64;
/// How many texts are looked among; they take some 100 bytes each while the tickets are copied.
const MOST_SHARED: usize = 1 << 16;

impl Tickets {
    /// The same tickets in memory of their own, which holds their texts and nothing else.
    ///
    /// A page keeps the body that it came in, names of fields and all, and a slice keeps all of it. This copies
    /// the texts of these tickets together, each repeated one once, in time that is linear in them; it takes a
    /// third to a half of the memory that a whole page does.
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
        let mut into = Texts::default();
        let mut arena = ArenaBuilder::default();
        arena.rows.reserve(self.len());
        arena.extra_names = from.extra_names().to_vec();
        for (place, row) in self.rows().enumerate() {
            let mut kept = row.unpacked();
            let shown = kept.head.carried.intersection(self.shown);
            for field in FIELDS.iter().filter(|spec| matches!(spec.kind, Kind::Text | Kind::DateTime)) {
                // What is not shown is not kept: nothing can show it again.
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
            arena.extras.extend(from.extras(self.start as usize + place).iter().map(|extra| ExtraRow {
                ticket: place as u32,
                name: extra.name,
                json: into.keep(from.text(extra.json)),
            }));
            arena.rows.push(&kept);
        }
        arena.unescaped = into.text;
        Tickets { shown: self.shown.intersection(FieldSet::ALL), ..Tickets::from_arena(arena) }
    }
}

/// Texts that are kept, each repeated one once.
#[derive(Default)]
struct Texts {
    text: String,
    known: HashMap<Box<str>, Span>,
}

impl Texts {
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
        if text.len() <= LONGEST_SHARED && self.known.len() < MOST_SHARED {
            self.known.insert(text.into(), span);
        }
        span
    }
}
