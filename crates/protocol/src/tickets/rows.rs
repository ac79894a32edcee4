//! The rows of a page: what is held of each ticket beside its texts.
//!
//! The texts of a ticket stand near each other, so a row that is kept has of each how far it is from the first,
//! and how long, in two bytes each: half of what offsets take. Of an integer it has four bytes, as ids are counted
//! up from 1. Where a ticket is larger than that can tell, or its texts stand anywhere, all rows of the page are kept
//! as they were built.

use super::arena::{INTEGER_COUNT, SLOTS, Span, TEXT_COUNT, is_text};
use crate::field::FIELDS;
use crate::{Field, FieldSet, Kind};

/// What a row has beside its texts and integers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    pub(crate) attachments_start: u32,
    /// Twice the number of attachments, and one more if they were removed.
    attachments: u32,
    /// The fields that the reply carried, null or not.
    pub(crate) carried: FieldSet,
    /// Those of them that were null.
    pub(crate) null: FieldSet,
    /// The integers and truth values that were sent as text.
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

    /// The attachments of this ticket among all of its page.
    pub(crate) fn attachments<'a, T>(&self, of_page: &'a [T]) -> &'a [T] {
        let start = self.attachments_start as usize;
        of_page.get(start..start + self.attachments_len() as usize).unwrap_or_default()
    }
}

/// One ticket as it is built.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) head: Head,
    pub(crate) integers: [u64; INTEGER_COUNT],
    pub(crate) texts: [Span; TEXT_COUNT],
}

#[allow(
    clippy::indexing_slicing,
    reason = "slots are below their arrays' lengths, as they are counted by the same table"
)]
impl Row {
    #[inline]
    pub(crate) fn set_text(&mut self, field: Field, text: Span) {
        self.texts[SLOTS[field as usize] as usize] = text;
        self.head.carried.insert(field);
    }

    /// Where a text stands, whether or not it is carried.
    pub(crate) fn set_span(&mut self, field: Field, text: Span) {
        self.texts[SLOTS[field as usize] as usize] = text;
    }

    #[inline]
    pub(crate) fn set_integer(&mut self, field: Field, value: u64, quoted: bool) {
        self.integers[SLOTS[field as usize] as usize] = value;
        self.head.carried.insert(field);
        if quoted {
            self.head.quoted.insert(field);
        }
    }

    pub(crate) fn integer(&self, field: Field) -> u64 {
        self.integers[SLOTS[field as usize] as usize]
    }

    /// A null reads as 0 or an empty text; the value before, where a key occurs twice, is gone.
    pub(crate) fn set_null(&mut self, field: Field) {
        match FIELDS[field as usize].kind {
            kind if is_text(kind) => self.texts[SLOTS[field as usize] as usize] = Span::default(),
            Kind::Integer => self.integers[SLOTS[field as usize] as usize] = 0,
            _ => {}
        }
        self.head.carried.insert(field);
        self.head.null.insert(field);
    }
}

/// What the texts of a ticket stand behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bases {
    pub(crate) body: u32,
    pub(crate) unescaped: u32,
}

/// One ticket as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packed {
    head: Head,
    /// Where the first of the texts starts that the body has as they are, or the ticket before it.
    body_base: u32,
    /// Where the first of the texts starts that were unescaped, or would.
    unescaped_base: u32,
    integers: [u32; INTEGER_COUNT],
    texts: [Place; TEXT_COUNT],
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Twice the number of bytes from the base to its start, and one more if it was unescaped.
    start: u16,
    len: u16,
}

// It is most of what a page holds beside the body.
const _: () = assert!(size_of::<Packed>() <= 112);

impl Packed {
    /// `None` if the texts are too far from each other or too long, or an integer is too large.
    fn of(row: &Row) -> Option<Packed> {
        let base = |unescaped| {
            let first = row.texts.iter().find(|text| !text.is_empty() && text.is_unescaped() == unescaped);
            first.map_or(0, |text| text.offset())
        };
        let mut packed = Packed::begin(Bases { body: base(false), unescaped: base(true) }, row.head.carried);
        packed.head = row.head;
        let integers = row.integers.iter().enumerate();
        integers.map(|(slot, value)| packed.set_number(slot, *value)).collect::<Option<()>>()?;
        let texts = row.texts.iter().enumerate().filter(|(_, text)| !text.is_empty());
        texts.map(|(slot, text)| packed.set(slot, *text)).collect::<Option<()>>()?;
        Some(packed)
    }

    #[inline]
    #[allow(
        clippy::indexing_slicing,
        reason = "slots are below their array's length, as one table counts both"
    )]
    pub(crate) fn span(&self, slot: usize) -> Span {
        let Place { start, len } = self.texts[slot];
        let unescaped = start & 1 == 1;
        let base = if unescaped { self.unescaped_base } else { self.body_base };
        Span::new(base + u32::from(start >> 1), len.into(), unescaped)
    }

    /// Hands over all texts, which are in these strings.
    #[inline(always)]
    pub(crate) fn for_each_text<'a>(
        &self,
        body: &'a [u8],
        unescaped: &'a [u8],
        mut hand_over: impl FnMut(&'a [u8]),
    ) {
        let behind = |text: &'a [u8], base: u32| text.get(base as usize..).unwrap_or_default();
        let (body, unescaped) = (behind(body, self.body_base), behind(unescaped, self.unescaped_base));
        self.texts.iter().for_each(|Place { start, len }| {
            let text = if start & 1 == 1 { unescaped } else { body };
            let start = usize::from(start >> 1);
            hand_over(text.get(start..start + usize::from(*len)).unwrap_or_default());
        });
    }

    fn unpacked(&self) -> Row {
        let texts = std::array::from_fn(|slot| self.span(slot));
        Row { head: self.head, integers: self.integers.map(u64::from), texts }
    }

    /// A row in the making, of a ticket that carries these fields and whose texts stand behind these places.
    #[inline]
    pub(crate) fn begin(bases: Bases, carried: FieldSet) -> Packed {
        Packed {
            head: Head { carried, ..Head::default() },
            body_base: bases.body,
            unescaped_base: bases.unescaped,
            integers: [0; INTEGER_COUNT],
            texts: [Place::default(); TEXT_COUNT],
        }
    }

    #[inline]
    pub(crate) fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    /// Sets the integer of this place in a row; `None` if a row can't hold it.
    #[inline(always)]
    pub(crate) fn set_number(&mut self, slot: usize, value: u64) -> Option<()> {
        *self.integers.get_mut(slot)? = u32::try_from(value).ok()?;
        Some(())
    }

    /// Sets the text of this place in a row; `None` if a row can't tell where it is.
    #[inline(always)]
    pub(crate) fn set(&mut self, slot: usize, text: Span) -> Option<()> {
        let (base, unescaped) =
            if text.is_unescaped() { (self.unescaped_base, 1) } else { (self.body_base, 0) };
        self.place(slot, text.offset().wrapping_sub(base), text.len() as u32, unescaped)
    }

    /// The same of a text that the body spells as it is, as nearly all are.
    #[inline(always)]
    pub(crate) fn set_in_body(&mut self, slot: usize, start: usize, end: usize) -> Option<()> {
        self.place(
            slot,
            (start as u32).wrapping_sub(self.body_base),
            (end as u32).wrapping_sub(start as u32),
            0,
        )
    }

    /// The same, if [`can_tell`](Packed::can_tell) is asked of the ticket in the end.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "the table of slots is their caller's, too")]
    pub(crate) fn put_in_body(&mut self, slot: usize, start: usize, len: u32) {
        let far = (start as u32).wrapping_sub(self.body_base);
        self.texts[slot] = Place { start: (far << 1) as u16, len: len as u16 };
    }

    /// Whether a row can tell where texts are that end before this place and whose lengths have these bits.
    #[inline(always)]
    pub(crate) fn can_tell(&self, end: usize, lengths: u32) -> bool {
        ((end as u32).wrapping_sub(self.body_base) | lengths) >> 15 == 0
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "the table of slots is their caller's, too")]
    pub(crate) fn put_number(&mut self, slot: usize, value: u32) {
        self.integers[slot] = value;
    }

    #[inline(always)]
    fn place(&mut self, slot: usize, far: u32, len: u32, unescaped: u16) -> Option<()> {
        (far >> 15 | len >> 16 == 0).then_some(())?;
        *self.texts.get_mut(slot)? = Place { start: (far << 1) as u16 | unescaped, len: len as u16 };
        Some(())
    }
}

/// The rows of a page while it is built. They are all of one form.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Rows {
    packed: Vec<Packed>,
    /// Empty unless a row could not be packed.
    wide: Vec<Row>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.packed.len() + self.wide.len()
    }

    /// Keeps a row in the form that it and all others can have.
    pub(crate) fn push(&mut self, row: &Row) {
        match Packed::of(row) {
            Some(packed) if self.wide.is_empty() => self.packed.push(packed),
            _ => self.push_wide(row),
        }
    }

    #[cold]
    fn push_wide(&mut self, row: &Row) {
        if !self.packed.is_empty() {
            self.wide.reserve(self.packed.capacity());
            self.wide.extend(std::mem::take(&mut self.packed).iter().map(Packed::unpacked));
        }
        self.wide.push(*row);
    }

    pub(crate) fn clear(&mut self) {
        self.packed.clear();
        self.wide.clear();
    }

    /// Makes room for so many rows in all, if they can be packed.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.packed.reserve_exact(rows.saturating_sub(self.packed.len()));
    }

    /// Adds a row that is then made where it stays, among others that are packed.
    #[inline(always)]
    pub(crate) fn add(&mut self, row: Packed) -> Option<&mut Packed> {
        self.packed.push(row);
        self.packed.last_mut()
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.packed.shrink_to_fit();
        self.wide.shrink_to_fit();
    }
}

/// The rows of a page as they are kept.
#[derive(Debug)]
pub(crate) enum KeptRows {
    Packed(Box<[Packed]>),
    Wide(Box<[Row]>),
}

impl Default for KeptRows {
    fn default() -> KeptRows {
        KeptRows::Packed(Box::default())
    }
}

impl From<Rows> for KeptRows {
    fn from(rows: Rows) -> KeptRows {
        if rows.wide.is_empty() {
            KeptRows::Packed(rows.packed.into())
        } else {
            KeptRows::Wide(rows.wide.into())
        }
    }
}

impl KeptRows {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<RowRef<'_>> {
        match self {
            KeptRows::Packed(rows) => rows.get(index).map(RowRef::Packed),
            KeptRows::Wide(rows) => rows.get(index).map(RowRef::Wide),
        }
    }

    /// How many bytes are held.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            KeptRows::Packed(rows) => size_of_val(&**rows),
            KeptRows::Wide(rows) => size_of_val(&**rows),
        }
    }
}

/// A row that is kept, in either form.
#[derive(Clone, Copy)]
pub(crate) enum RowRef<'a> {
    Packed(&'a Packed),
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
    #[allow(
        clippy::indexing_slicing,
        reason = "slots are below their array's length, as one table counts both"
    )]
    pub(crate) fn text(self, field: Field) -> Span {
        let slot = SLOTS[field as usize] as usize;
        match self {
            RowRef::Packed(row) => row.span(slot),
            RowRef::Wide(row) => row.texts[slot],
        }
    }

    #[inline]
    #[allow(
        clippy::indexing_slicing,
        reason = "slots are below their array's length, as one table counts both"
    )]
    pub(crate) fn integer(self, field: Field) -> u64 {
        let slot = SLOTS[field as usize] as usize;
        match self {
            RowRef::Packed(row) => row.integers[slot].into(),
            RowRef::Wide(row) => row.integers[slot],
        }
    }

    /// The same as it was built.
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

    fn spans(rows: &KeptRows, index: usize) -> Vec<Span> {
        rows.get(index).unwrap().unpacked().texts.into_iter().map(normal).collect()
    }

    /// An empty text may be said to start anywhere.
    fn normal(span: Span) -> Span {
        if span.is_empty() { Span::default() } else { span }
    }

    #[test]
    fn rows_are_kept_as_they_were_built_in_either_form() {
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
        assert!(Packed::of(&largest).is_some());
        for last in [too_far, too_long, backwards, large] {
            let built = [near, edge, near, last, near];
            let mut rows = Rows::default();
            for (index, row) in built.iter().enumerate() {
                rows.push(row);
                assert_eq!(rows.wide.is_empty(), index < 3);
                assert_eq!(rows.len(), index + 1);
                let rows = KeptRows::from(rows.clone());
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
