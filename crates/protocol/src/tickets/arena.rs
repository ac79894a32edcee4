//! How a decoded page lies in memory: the texts in one place, the tickets as rows of one fixed size.
//!
//! A page costs a handful of allocations however many tickets it has. Texts that the body spells as they
//! are stay in the body, which is kept; those that had to be unescaped stand in a second string.

use super::body::Body;
use super::rows::{KeptRows, RowRef, Rows};
use crate::field::{FIELD_COUNT, FIELDS};
use crate::{FieldSet, Kind};

/// How many fields are held as text: texts, and dates as they were sent.
pub(crate) const TEXT_COUNT: usize = count(true);
/// How many fields are integers.
pub(crate) const INTEGER_COUNT: usize = count(false);

pub(crate) const fn is_text(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::DateTime)
}

#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
const fn count(text: bool) -> usize {
    let (mut row, mut count) = (0, 0);
    while row < FIELD_COUNT {
        let kind = FIELDS[row].kind;
        count += (if text { is_text(kind) } else { matches!(kind, Kind::Integer) }) as usize;
        row += 1;
    }
    count
}

/// For each field its place among the texts or among the integers of a row; 0 for the other kinds.
#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
pub(crate) const SLOTS: [u8; FIELD_COUNT] = {
    let mut slots = [0; FIELD_COUNT];
    let (mut row, mut texts, mut integers) = (0, 0, 0);
    while row < FIELD_COUNT {
        if is_text(FIELDS[row].kind) {
            slots[row] = texts;
            texts += 1;
        } else if matches!(FIELDS[row].kind, Kind::Integer) {
            slots[row] = integers;
            integers += 1;
        }
        row += 1;
    }
    slots
};

/// A stretch of one of the arena's two strings; the top bit of `start` tells which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    const IN_UNESCAPED: u32 = 1 << 31;

    /// A stretch of the body. Offsets need 31 bits at most, as no decoder takes a larger body.
    #[inline]
    pub(crate) const fn in_body(start: usize, end: usize) -> Span {
        Span::new(start as u32, (end - start) as u32, false)
    }

    #[inline]
    pub(crate) const fn new(offset: u32, len: u32, unescaped: bool) -> Span {
        Span { start: offset | if unescaped { Span::IN_UNESCAPED } else { 0 }, len }
    }

    #[inline]
    pub(crate) const fn offset(self) -> u32 {
        self.start & !Span::IN_UNESCAPED
    }

    #[inline]
    pub(crate) const fn is_unescaped(self) -> bool {
        self.start & Span::IN_UNESCAPED != 0
    }

    #[inline]
    pub(crate) const fn len(self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(crate) const fn in_unescaped(start: usize, end: usize) -> Span {
        Span::new(start as u32, (end - start) as u32, true)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttachmentRow {
    pub(crate) filename: Span,
    pub(crate) index: u64,
}

/// A field of no version's documentation: its value is kept as JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtraRow {
    pub(crate) ticket: u32,
    pub(crate) name: u32,
    pub(crate) json: Span,
}

/// Everything a page holds of its tickets, while it is built.
#[derive(Debug, Default)]
pub(crate) struct ArenaBuilder {
    pub(crate) body: Body,
    pub(crate) unescaped: String,
    pub(crate) rows: Rows,
    pub(crate) attachments: Vec<AttachmentRow>,
    /// In the order of their tickets.
    pub(crate) extras: Vec<ExtraRow>,
    pub(crate) extra_names: Vec<Box<str>>,
}

impl ArenaBuilder {
    /// Copies a text in.
    pub(crate) fn push_text(&mut self, text: &str) -> Span {
        let start = self.unescaped.len();
        self.unescaped.push_str(text);
        Span::in_unescaped(start, self.unescaped.len())
    }

    /// The same as it is kept.
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

/// Everything a page holds of its tickets. Programs hold thousands of small ones, so there is no room here for
/// anything to grow, and what pages rarely have is elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    pub(super) body: Body,
    pub(super) unescaped: Box<str>,
    pub(super) rows: KeptRows,
    pub(super) attachments: Box<[AttachmentRow]>,
    unknown: Option<Box<Unknown>>,
}

// Each page has one, beside its rows and texts.
const _: () = assert!(size_of::<Arena>() <= 96);

/// The fields of no version's documentation.
#[derive(Debug)]
struct Unknown {
    /// In the order of their tickets.
    rows: Box<[ExtraRow]>,
    names: Box<[Box<str>]>,
}

impl Arena {
    #[inline]
    pub(crate) fn text(&self, span: Span) -> &str {
        let start = span.offset() as usize;
        self.source(span).get(start..start + span.len()).unwrap_or_default()
    }

    /// As [`text`](Arena::text), as bytes, and without looking at them.
    #[inline]
    pub(crate) fn text_bytes(&self, span: Span) -> &[u8] {
        let start = span.offset() as usize;
        self.source(span).as_bytes().get(start..start + span.len()).unwrap_or_default()
    }

    /// Hands over all texts of a row, as bytes, and without looking at them.
    #[inline(always)]
    pub(super) fn for_each_text<'a>(&'a self, row: RowRef<'a>, mut hand_over: impl FnMut(&'a [u8])) {
        match row {
            RowRef::Packed(row) => {
                row.for_each_text(self.body.as_bytes(), self.unescaped.as_bytes(), hand_over);
            }
            RowRef::Wide(row) => row.texts.iter().for_each(|span| hand_over(self.text_bytes(*span))),
        }
    }

    /// The string that a text is in.
    #[inline]
    fn source(&self, span: Span) -> &str {
        if span.is_unescaped() { &self.unescaped } else { &self.body }
    }

    /// Fields that some ticket carries, and fields that every ticket does.
    pub(crate) fn carried<'a>(rows: impl Iterator<Item = RowRef<'a>>) -> (FieldSet, FieldSet) {
        rows.fold((FieldSet::EMPTY, FieldSet::ALL), |(some, all), row| {
            let carried = row.head().carried;
            (some.union(carried), all.intersection(carried))
        })
    }

    /// The unknown fields of one ticket.
    pub(crate) fn extras(&self, ticket: usize) -> &[ExtraRow] {
        let rows = self.unknown.as_ref().map_or(&[][..], |unknown| &unknown.rows);
        let start = rows.partition_point(|extra| (extra.ticket as usize) < ticket);
        let rest = rows.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|extra| extra.ticket as usize == ticket).count();
        rest.get(..len).unwrap_or_default()
    }

    /// The names of unknown fields, as their rows number them.
    pub(crate) fn extra_names(&self) -> &[Box<str>] {
        self.unknown.as_ref().map_or(&[], |unknown| &unknown.names)
    }

    /// How many bytes are held.
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
