//! The memory layout of a decoded page: texts in two strings, tickets as rows of a fixed size.
//!
//! A page needs a handful of allocations, whatever the number of tickets. Texts without escapes stay in the body, which
//! is kept; unescaped texts are in a second string.

use super::body::Body;
use super::rows::{FinishedRows, RowRef, Rows};
use super::span::Span;
use crate::FieldSet;

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttachmentRow {
    pub(crate) filename: Span,
    pub(crate) index: u64,
}

/// An unknown field. Its value is stored as JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraRow {
    pub(crate) ticket: u32,
    pub(crate) name: u32,
    pub(crate) json: Span,
}

/// An arena under construction.
#[derive(Debug, Default)]
pub(crate) struct ArenaBuilder {
    pub(crate) body: Body,
    pub(crate) unescaped: String,
    pub(crate) rows: Rows,
    pub(crate) attachments: Vec<AttachmentRow>,
    /// In the order of the tickets.
    pub(crate) extras: Vec<ExtraRow>,
    pub(crate) extra_names: Vec<Box<str>>,
}

impl ArenaBuilder {
    /// Copies a text into the arena.
    pub(crate) fn push_text(&mut self, text: &str) -> Span {
        let start = self.unescaped.len();
        self.unescaped.push_str(text);
        Span::in_unescaped(start, self.unescaped.len())
    }

    /// Returns the finished arena.
    pub(super) fn finish(self) -> Arena {
        let unknown = (!self.extras.is_empty())
            .then(|| Box::new(Unknown { rows: self.extras.into(), names: self.extra_names.into() }));
        Arena {
            body: self.body,
            unescaped: self.unescaped.into(),
            rows: self.rows.into(),
            attachments: self.attachments.into(),
            unknown,
        }
    }
}

/// The tickets of a page. Programs hold thousands of small pages, so it has no spare capacity, and rarely used parts
/// are boxed.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(super) body: Body,
    pub(super) unescaped: Box<str>,
    pub(super) rows: FinishedRows,
    pub(super) attachments: Box<[AttachmentRow]>,
    unknown: Option<Box<Unknown>>,
}

// Each page has an arena besides its rows and texts.
const _: () = assert!(size_of::<Arena>() <= 96);

/// The unknown fields of all tickets.
#[derive(Debug)]
struct Unknown {
    /// In the order of the tickets.
    rows: Box<[ExtraRow]>,
    names: Box<[Box<str>]>,
}

impl Arena {
    #[inline]
    pub(crate) fn text(&self, span: Span) -> &str {
        let start = span.offset() as usize;
        self.source(span).get(start..start + span.len()).unwrap_or_default()
    }

    /// As [`text`](Arena::text), as bytes, without reading them.
    #[inline]
    pub(crate) fn text_bytes(&self, span: Span) -> &[u8] {
        let start = span.offset() as usize;
        self.source(span).as_bytes().get(start..start + span.len()).unwrap_or_default()
    }

    /// Calls `visit` with all texts of a row, as bytes, without reading them.
    #[inline(always)]
    pub(super) fn for_each_text<'a>(&'a self, row: RowRef<'a>, mut visit: impl FnMut(&'a [u8])) {
        match row {
            RowRef::Packed(row) => {
                row.for_each_text(self.body.as_bytes(), self.unescaped.as_bytes(), visit);
            }
            RowRef::Wide(row) => row.texts.iter().for_each(|span| visit(self.text_bytes(*span))),
        }
    }

    /// Returns the string that contains a text.
    #[inline]
    fn source(&self, span: Span) -> &str {
        if span.is_unescaped() { &self.unescaped } else { &self.body }
    }

    /// Returns the fields that at least one ticket has, and those that every ticket has.
    pub(crate) fn present_fields<'a>(rows: impl Iterator<Item = RowRef<'a>>) -> (FieldSet, FieldSet) {
        rows.fold((FieldSet::EMPTY, FieldSet::ALL), |(some, all), row| {
            let present = row.head().present;
            (some.union(present), all.intersection(present))
        })
    }

    /// Returns the unknown fields of one ticket.
    pub(crate) fn extras(&self, ticket: usize) -> &[ExtraRow] {
        let rows = self.unknown.as_ref().map_or(&[][..], |unknown| &unknown.rows);
        let start = rows.partition_point(|extra| (extra.ticket as usize) < ticket);
        let rest = rows.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|extra| extra.ticket as usize == ticket).count();
        rest.get(..len).unwrap_or_default()
    }

    /// Returns the names of unknown fields, indexed by `ExtraRow::name`.
    pub(crate) fn extra_names(&self) -> &[Box<str>] {
        self.unknown.as_ref().map_or(&[], |unknown| &unknown.names)
    }

    /// Returns the memory in use, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let unknown = self.unknown.as_ref().map_or(0, |unknown| {
            let names: usize = unknown.names.iter().map(|name| size_of_val(name) + name.len()).sum();
            size_of::<Unknown>() + size_of_val(&*unknown.rows) + names
        });
        size_of::<Arena>()
            + self.body.memory_size()
            + self.unescaped.len()
            + self.rows.memory_size()
            + size_of_val(&*self.attachments)
            + unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_unknown_fields_is_counted() {
        let size = |names: &[&str], fields: usize| {
            let extra_names = names.iter().copied().map(Box::from).collect();
            let extras = vec![ExtraRow { ticket: 0, name: 0, json: Span::default() }; fields];
            ArenaBuilder { extra_names, extras, ..ArenaBuilder::default() }.finish().memory_size()
        };
        let name = size_of::<Box<str>>() + "x".len();
        let one = size(&["x"], 1);
        assert_eq!(one - size(&[], 0), size_of::<Unknown>() + size_of::<ExtraRow>() + name);
        assert_eq!(size(&["x"], 3) - one, 2 * size_of::<ExtraRow>());
        assert_eq!(size(&["x", "yyy"], 1) - one, size_of::<Box<str>>() + "yyy".len());
    }
}
