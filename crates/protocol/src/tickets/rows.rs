//! The rows of a page. A row is one ticket without its texts: its integers, and where its texts are.
//!
//! The texts of a ticket are near each other, so a packed row stores for each text its distance from the first one and
//! its length, in two bytes each: half the size of offsets. An integer takes four bytes, as ids count up from 1. If one
//! ticket of a page does not fit, all rows of the page are stored in the wide form, [`Row`].

use super::slots::{INTEGER_COUNT, SLOTS, TEXT_COUNT, is_text};
use super::span::Span;
use crate::field::{FIELD_COUNT, FIELDS};
use crate::{Field, FieldKind, FieldSet};

/// The part of a row besides its texts and integers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    pub(crate) attachments_start: u32,
    /// Twice the number of attachments, plus 1 if they were removed.
    attachments: u32,
    /// The fields that the reply has, null or not.
    pub(crate) present: FieldSet,
    /// The fields that are null.
    pub(crate) null: FieldSet,
    /// The integers and booleans that were sent as text.
    pub(crate) quoted: FieldSet,
}

impl Head {
    pub(crate) fn attachments_len(&self) -> u32 {
        self.attachments / 2
    }

    pub(crate) fn set_attachments_len(&mut self, len: u32) {
        self.attachments = len * 2 + u32::from(self.attachments_removed());
    }

    #[inline]
    pub(crate) fn attachments_removed(&self) -> bool {
        self.attachments % 2 == 1
    }

    #[inline]
    pub(crate) fn set_attachments_removed(&mut self, removed: bool) {
        self.attachments = self.attachments / 2 * 2 + u32::from(removed);
    }

    /// Returns the attachments of this ticket, from all attachments of the page.
    pub(crate) fn attachments<'a, T>(&self, of_page: &'a [T]) -> &'a [T] {
        let start = self.attachments_start as usize;
        of_page.get(start..start + self.attachments_len() as usize).unwrap_or_default()
    }
}

/// A ticket in the wide form, in which it is also built.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) head: Head,
    pub(crate) integers: [u64; INTEGER_COUNT],
    pub(crate) texts: [Span; TEXT_COUNT],
}

#[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
impl Row {
    #[inline]
    pub(crate) fn set_text(&mut self, field: Field, text: Span) {
        self.texts[SLOTS[field as usize] as usize] = text;
        self.head.present.insert(field);
    }

    /// Sets where a text is, without marking the field as present.
    pub(crate) fn set_span(&mut self, field: Field, text: Span) {
        self.texts[SLOTS[field as usize] as usize] = text;
    }

    #[inline]
    pub(crate) fn set_integer(&mut self, field: Field, value: u64, quoted: bool) {
        self.integers[SLOTS[field as usize] as usize] = value;
        self.head.present.insert(field);
        if quoted {
            self.head.quoted.insert(field);
        }
    }

    pub(crate) fn integer(&self, field: Field) -> u64 {
        self.integers[SLOTS[field as usize] as usize]
    }

    /// Sets a field to null, which reads as 0 or an empty text. It replaces the value of a duplicate key.
    pub(crate) fn set_null(&mut self, field: Field) {
        match FIELDS[field as usize].kind {
            kind if is_text(kind) => self.texts[SLOTS[field as usize] as usize] = Span::default(),
            FieldKind::Integer => self.integers[SLOTS[field as usize] as usize] = 0,
            _ => {}
        }
        self.head.present.insert(field);
        self.head.null.insert(field);
    }
}

/// The offsets from which the distances of a row are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bases {
    pub(crate) body: u32,
    pub(crate) unescaped: u32,
}

/// A ticket in the packed form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedRow {
    head: Head,
    /// The base of texts in the body: the start of the first one, or of the ticket.
    body_base: u32,
    /// The base of unescaped texts: the start of the first one, or where it would be.
    unescaped_base: u32,
    integers: [u32; INTEGER_COUNT],
    texts: [PackedSpan; TEXT_COUNT],
}

/// Where a text is, relative to a base.
#[derive(Clone, Copy, Debug, Default)]
struct PackedSpan {
    /// Twice the distance from the base in bytes, plus 1 if the text was unescaped.
    start: u16,
    len: u16,
}

// Rows are most of the memory of a page besides the body, so their size is fixed here.
const _: () = assert!(
    size_of::<PackedRow>() <= 112,
    "a packed row is larger than 112 bytes. A new text, date or integer adds 4 bytes: raise the limit by that, and the \
     size in DESIGN.md ('A page in memory') and at Decoder"
);

// `Head` has room for one list of attachments and one boolean.
const _: () = assert!(
    FIELD_COUNT - TEXT_COUNT - INTEGER_COUNT == 2,
    "another field of the kind Boolean or Attachments needs a member of Head, and PageBuilder and TicketRef must use it"
);

impl PackedRow {
    /// Packs a row. Returns `None` if texts are too far apart or too long, or an integer is too large.
    fn of(row: &Row) -> Option<PackedRow> {
        let base = |unescaped| {
            let first = row.texts.iter().find(|text| !text.is_empty() && text.is_unescaped() == unescaped);
            first.map_or(0, |text| text.offset())
        };
        let mut packed = PackedRow::new(Bases { body: base(false), unescaped: base(true) }, row.head.present);
        packed.head = row.head;
        let integers = row.integers.iter().enumerate();
        integers.map(|(slot, value)| packed.set_number(slot, *value)).collect::<Option<()>>()?;
        let texts = row.texts.iter().enumerate().filter(|(_, text)| !text.is_empty());
        texts.map(|(slot, text)| packed.set(slot, *text)).collect::<Option<()>>()?;
        Some(packed)
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
    pub(crate) fn span(&self, slot: usize) -> Span {
        let PackedSpan { start, len } = self.texts[slot];
        let unescaped = start & 1 == 1;
        let base = if unescaped { self.unescaped_base } else { self.body_base };
        Span::new(base + u32::from(start >> 1), len.into(), unescaped)
    }

    /// Calls `visit` with all texts, which are in these strings.
    #[inline(always)]
    pub(crate) fn for_each_text<'a>(
        &self,
        body: &'a [u8],
        unescaped: &'a [u8],
        mut visit: impl FnMut(&'a [u8]),
    ) {
        let from = |text: &'a [u8], base: u32| text.get(base as usize..).unwrap_or_default();
        let (body, unescaped) = (from(body, self.body_base), from(unescaped, self.unescaped_base));
        self.texts.iter().for_each(|PackedSpan { start, len }| {
            let text = if start & 1 == 1 { unescaped } else { body };
            let start = usize::from(start >> 1);
            visit(text.get(start..start + usize::from(*len)).unwrap_or_default());
        });
    }

    fn unpacked(&self) -> Row {
        let texts = std::array::from_fn(|slot| self.span(slot));
        Row { head: self.head, integers: self.integers.map(u64::from), texts }
    }

    /// Creates an empty row of a ticket that has these fields.
    #[inline]
    pub(crate) fn new(bases: Bases, present: FieldSet) -> PackedRow {
        PackedRow {
            head: Head { present, ..Head::default() },
            body_base: bases.body,
            unescaped_base: bases.unescaped,
            integers: [0; INTEGER_COUNT],
            texts: [PackedSpan::default(); TEXT_COUNT],
        }
    }

    #[inline]
    pub(crate) fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    /// Sets an integer. Returns `None` if it is too large.
    #[inline(always)]
    pub(crate) fn set_number(&mut self, slot: usize, value: u64) -> Option<()> {
        *self.integers.get_mut(slot)? = u32::try_from(value).ok()?;
        Some(())
    }

    /// Sets a text. Returns `None` if it is too far from the base or too long.
    #[inline(always)]
    pub(crate) fn set(&mut self, slot: usize, text: Span) -> Option<()> {
        let (base, unescaped) =
            if text.is_unescaped() { (self.unescaped_base, 1) } else { (self.body_base, 0) };
        self.set_packed(slot, text.offset().wrapping_sub(base), text.len() as u32, unescaped)
    }

    /// Sets a text that is in the body.
    #[inline(always)]
    pub(crate) fn set_in_body(&mut self, slot: usize, start: usize, end: usize) -> Option<()> {
        self.set_packed(
            slot,
            (start as u32).wrapping_sub(self.body_base),
            (end as u32).wrapping_sub(start as u32),
            0,
        )
    }

    /// Sets a text in the body without checks. The caller must check [`fits`](PackedRow::fits) at the end of the
    /// ticket.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
    pub(crate) fn set_in_body_unchecked(&mut self, slot: usize, start: usize, len: u32) {
        let distance = (start as u32).wrapping_sub(self.body_base);
        self.texts[slot] = PackedSpan { start: (distance << 1) as u16, len: len as u16 };
    }

    /// Returns whether texts fit a row that end before this offset and whose lengths, combined by bitwise or, are
    /// `lengths`.
    #[inline(always)]
    pub(crate) fn fits(&self, end: usize, lengths: u32) -> bool {
        ((end as u32).wrapping_sub(self.body_base) | lengths) >> 15 == 0
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
    pub(crate) fn set_number_unchecked(&mut self, slot: usize, value: u32) {
        self.integers[slot] = value;
    }

    #[inline(always)]
    fn set_packed(&mut self, slot: usize, distance: u32, len: u32, unescaped: u16) -> Option<()> {
        (distance >> 15 | len >> 16 == 0).then_some(())?;
        *self.texts.get_mut(slot)? =
            PackedSpan { start: (distance << 1) as u16 | unescaped, len: len as u16 };
        Some(())
    }
}

/// The rows of a page under construction, all of the same form.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Rows {
    packed: Vec<PackedRow>,
    /// Empty unless a row could not be packed.
    wide: Vec<Row>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.packed.len() + self.wide.len()
    }

    /// Adds a row, in the form that fits it and all others.
    pub(crate) fn push(&mut self, row: &Row) {
        match PackedRow::of(row) {
            Some(packed) if self.wide.is_empty() => self.packed.push(packed),
            _ => self.push_wide(row),
        }
    }

    #[cold]
    fn push_wide(&mut self, row: &Row) {
        if !self.packed.is_empty() {
            self.wide.reserve(self.packed.capacity());
            self.wide.extend(std::mem::take(&mut self.packed).iter().map(PackedRow::unpacked));
        }
        self.wide.push(*row);
    }

    pub(crate) fn clear(&mut self) {
        self.packed.clear();
        self.wide.clear();
    }

    /// Reserves room for this many packed rows in total.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.packed.reserve_exact(rows.saturating_sub(self.packed.len()));
    }

    /// Adds a packed row and returns it, to be filled in place.
    #[inline(always)]
    pub(crate) fn add(&mut self, row: PackedRow) -> Option<&mut PackedRow> {
        self.packed.push(row);
        self.packed.last_mut()
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.packed.shrink_to_fit();
        self.wide.shrink_to_fit();
    }
}

/// The rows of a finished page.
#[derive(Debug)]
pub(crate) enum FinishedRows {
    Packed(Box<[PackedRow]>),
    Wide(Box<[Row]>),
}

impl Default for FinishedRows {
    fn default() -> FinishedRows {
        FinishedRows::Packed(Box::default())
    }
}

impl From<Rows> for FinishedRows {
    fn from(rows: Rows) -> FinishedRows {
        if rows.wide.is_empty() {
            FinishedRows::Packed(rows.packed.into())
        } else {
            FinishedRows::Wide(rows.wide.into())
        }
    }
}

impl FinishedRows {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<RowRef<'_>> {
        match self {
            FinishedRows::Packed(rows) => rows.get(index).map(RowRef::Packed),
            FinishedRows::Wide(rows) => rows.get(index).map(RowRef::Wide),
        }
    }

    /// Returns the memory in use, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            FinishedRows::Packed(rows) => size_of_val(&**rows),
            FinishedRows::Wide(rows) => size_of_val(&**rows),
        }
    }
}

/// A row in either form.
#[derive(Clone, Copy)]
pub(crate) enum RowRef<'a> {
    Packed(&'a PackedRow),
    Wide(&'a Row),
}

impl<'a> RowRef<'a> {
    #[inline]
    pub(crate) fn head(self) -> &'a Head {
        match self {
            RowRef::Packed(row) => &row.head,
            RowRef::Wide(row) => &row.head,
        }
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
    pub(crate) fn text(self, field: Field) -> Span {
        let slot = SLOTS[field as usize] as usize;
        match self {
            RowRef::Packed(row) => row.span(slot),
            RowRef::Wide(row) => row.texts[slot],
        }
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "slots are within their arrays: one table determines both")]
    pub(crate) fn integer(self, field: Field) -> u64 {
        let slot = SLOTS[field as usize] as usize;
        match self {
            RowRef::Packed(row) => row.integers[slot].into(),
            RowRef::Wide(row) => row.integers[slot],
        }
    }

    /// Returns the row in the wide form.
    pub(crate) fn unpacked(self) -> Row {
        match self {
            RowRef::Packed(row) => row.unpacked(),
            RowRef::Wide(row) => *row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(texts: &[(usize, Span)]) -> Row {
        let mut row = Row::default();
        for (slot, span) in texts {
            row.texts[*slot] = *span;
        }
        row
    }

    fn spans(rows: &FinishedRows, index: usize) -> Vec<Span> {
        rows.get(index).unwrap().unpacked().texts.into_iter().map(normal).collect()
    }

    /// The start of an empty text does not matter.
    fn normal(span: Span) -> Span {
        if span.is_empty() { Span::default() } else { span }
    }

    #[test]
    fn rows_keep_their_values_in_either_form() {
        const FAR: usize = 1 << 15;
        let near = row(&[
            (0, Span::in_body(900, 910)),
            (3, Span::in_unescaped(70, 75)),
            (5, Span::in_body(950, 950)),
        ]);
        let edge = row(&[(1, Span::in_body(7, 9)), (2, Span::in_body(7 + FAR - 1, 7 + FAR + 65_534))]);
        let too_far = row(&[(1, Span::in_body(7, 9)), (2, Span::in_body(7 + FAR, 8 + FAR))]);
        let too_long = row(&[(1, Span::in_unescaped(7, 7 + 65_536))]);
        let backwards = row(&[(1, Span::in_body(7, 9)), (2, Span::in_body(2, 3))]);
        let mut large = near;
        large.integers[1] = 1 << 32;
        let mut largest = near;
        largest.integers[1] = u32::MAX.into();
        assert!(PackedRow::of(&largest).is_some());
        for last in [too_far, too_long, backwards, large] {
            let built = [near, edge, near, last, near];
            let mut rows = Rows::default();
            for (index, row) in built.iter().enumerate() {
                rows.push(row);
                assert_eq!(rows.wide.is_empty(), index < 3);
                assert_eq!(rows.len(), index + 1);
                let rows = FinishedRows::from(rows.clone());
                for (index, row) in built.iter().take(index + 1).enumerate() {
                    assert_eq!(spans(&rows, index), row.texts.map(normal));
                    assert_eq!(rows.get(index).unwrap().unpacked().integers, row.integers);
                }
                assert!(rows.get(index + 1).is_none());
            }
        }
    }

    #[test]
    fn attachments_and_their_removal_do_not_disturb_each_other() {
        let mut head = Head::default();
        for (len, removed) in [(0, true), (3, true), (3, false), (0, false), (1 << 30, true)] {
            head.set_attachments_len(len);
            head.set_attachments_removed(removed);
            assert_eq!((head.attachments_len(), head.attachments_removed()), (len, removed));
        }
    }
}
