//! Reads tickets in the documented format: fields in the documented order, integers all quoted or all unquoted.
//!
//! There is one call per field instead of a loop over the fields, so that the keys are constants and each branch is
//! predicted on its own. A new field needs a call here too; without it, pages with the field are read value by value,
//! which is slower, and a test fails. The ends of quoted values come from the [`StructuralIndex`]; unquoted values are
//! read byte by byte.

use super::cursor::Cursor;
use super::digits;
use super::prefix::{DOCUMENTED, UNQUOTED};
use super::structural_index::{Ahead, ENDS_PER_TICKET, PAST_END, StructuralIndex, quotes_in};
use super::unescape::Unescaper;
use super::values::Values;
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::rows::PackedRow;
use crate::tickets::slots::{INTEGER_COUNT, SLOTS, TEXT_COUNT};
use crate::{Field, FieldKind, FieldSet, time};

/// How the integers of a ticket are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegerStyle {
    /// `"7"`
    Quoted,
    /// `7`
    Numbers,
}

/// Returns how many quotes the keys and values of these fields have, without those in a list of attachments.
fn quotes_of(present: FieldSet, integers: IntegerStyle) -> i64 {
    let keys = 2 * present.len();
    let unquoted_integers =
        if integers == IntegerStyle::Quoted { 0 } else { present.intersection(INTEGERS).len() };
    let quoted = present.difference(NEVER_QUOTED).len() - unquoted_integers;
    (keys + 2 * quoted) as i64
}

/// Reads the ticket that starts at the cursor. Returns the offset of its closing brace, or `None` if it is written in
/// another way.
#[inline(never)]
pub(super) fn read_ticket<'a>(
    values: &mut Values<'a>,
    cursor: Cursor<'a>,
    row: &mut PackedRow,
    present: FieldSet,
    integers: IntegerStyle,
    index: &mut StructuralIndex<'a>,
) -> Option<usize> {
    let Cursor { bytes, at: start } = cursor;
    let mut reader = TicketReader::new(bytes, start, index.ahead(start)?, &mut values.unescaper, &mut *row);
    reader.integer(Field::Id, integers)?;
    reader.text(Field::Tid)?;
    reader.integer(Field::Deptid, integers)?;
    reader.integer(Field::Userid, integers)?;
    reader.text(Field::Name)?;
    if present.contains(Field::OwnerName) {
        reader.text(Field::OwnerName)?;
    }
    reader.text(Field::Email)?;
    if present.contains(Field::RequestorName) {
        reader.requestor_name()?;
    }
    if present.contains(Field::RequestorEmail) {
        reader.text(Field::RequestorEmail)?;
    }
    if present.contains(Field::RequestorType) {
        reader.text(Field::RequestorType)?;
    }
    reader.text(Field::Cc)?;
    reader.text(Field::C)?;
    reader.time(Field::Date)?;
    reader.text(Field::Subject)?;
    reader.text(Field::Status)?;
    reader.text(Field::Priority)?;
    reader.text(Field::Admin)?;
    reader.text(Field::Attachment)?;
    // The end of the last value is `PAST_END` if the body has no further end, and such an end must not be consumed. The
    // next key would show it as well, but `attachments` may be missing.
    (bytes.get(reader.at) == Some(&b',')).then_some(())?;
    if present.contains(Field::Attachments) {
        reader.key(Field::Attachments)?;
    }
    let TicketReader { mut at, next, lengths, escapes, mut quotes, .. } = reader;
    let escapes_left = escapes.len();
    index.consume(next, escapes_left);
    if present.contains(Field::Attachments) {
        if bytes.get(at..at + 2)? == b"[]" {
            at += 2;
        } else {
            let start = at;
            at = values.attachments(Cursor { bytes, at }, row.head())?;
            quotes += quotes_in(bytes.get(start..at)?);
            index.advance_to(at);
        }
    }
    let reader = TicketReader::new(bytes, at, index.ahead(at)?, &mut values.unescaper, &mut *row);
    let mut reader = TicketReader { lengths, quotes, ..reader };
    if present.contains(Field::AttachmentsRemoved) {
        reader.key(Field::AttachmentsRemoved)?;
        if !reader.accept(b"false") {
            reader.accept(b"true").then_some(())?;
            reader.row.head().set_attachments_removed(true);
        }
    }
    reader.time(Field::Lastreply)?;
    reader.integer(Field::Flag, integers)?;
    reader.text(Field::Service)?;
    let end = reader.end()?;
    // A ticket with further keys is read key by key.
    (bytes.get(end) == Some(&b'}')).then_some(())?;
    let TicketReader { next, escapes, quotes, .. } = reader;
    let escapes_left = escapes.len();
    index.consume(next, escapes_left);
    index.count_quotes(quotes_of(present, integers) + quotes);
    if integers == IntegerStyle::Quoted {
        row.head().quoted = present.intersection(INTEGERS);
    }
    Some(end)
}

/// The integer fields.
const INTEGERS: FieldSet = fields_of(FieldKind::Integer);

const _: () = assert!(
    TEXT_COUNT + INTEGER_COUNT < ENDS_PER_TICKET,
    "a ticket has too many quoted values: double ENDS_PER_TICKET, and CAPACITY of the structural index"
);

/// The fields that are never quoted.
const NEVER_QUOTED: FieldSet = fields_of(FieldKind::Boolean).union(fields_of(FieldKind::Attachments));

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const fn fields_of(kind: FieldKind) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    let mut entry = 0;
    while entry < FIELD_COUNT {
        if FIELDS[entry].kind as u8 == kind as u8 {
            fields.insert(FIELDS[entry].field);
        }
        entry += 1;
    }
    fields
}

/// Reads the fields of one ticket in order.
struct TicketReader<'a, 'm> {
    bytes: &'a [u8],
    at: usize,
    /// The ends of the next quoted values.
    ends: &'m [u32; ENDS_PER_TICKET],
    /// How many of these were used.
    next: usize,
    /// The escapes that were not used yet.
    escapes: &'m [u32],
    next_escape: u32,
    unescaper: &'m mut Unescaper<'a>,
    /// How many quotes were seen beside those of keys and around values.
    quotes: i64,
    /// All text lengths, combined by bitwise or. An end before the start of a text gives a negative length, whose top bits
    /// are set.
    lengths: u32,
    row: &'m mut PackedRow,
}

#[allow(clippy::indexing_slicing, reason = "a field's number is below their count")]
impl<'a, 'm> TicketReader<'a, 'm> {
    #[inline(always)]
    fn new(
        bytes: &'a [u8],
        at: usize,
        ahead: Ahead<'m>,
        unescaper: &'m mut Unescaper<'a>,
        row: &'m mut PackedRow,
    ) -> TicketReader<'a, 'm> {
        let Ahead { ends, escapes } = ahead;
        TicketReader {
            bytes,
            at,
            ends,
            next: 0,
            escapes,
            next_escape: first_or_past_end(escapes),
            unescaper,
            quotes: 0,
            lengths: 0,
            row,
        }
    }

    /// Reads the key of this field, with the opening quote of a quoted value.
    #[inline(always)]
    fn key(&mut self, field: Field) -> Option<()> {
        let prefix = &DOCUMENTED[field as usize];
        prefix.is_at(self.bytes, self.at).then(|| self.at += prefix.len())
    }

    /// Reads the key and the quoted value of this field. Returns the start and the length of the value.
    #[inline(always)]
    fn quoted(&mut self, field: Field) -> Option<(usize, u32)> {
        self.key(field)?;
        let start = self.at;
        // A ticket has fewer quoted values than `ENDS_PER_TICKET`, which is checked at compile time.
        self.at = self.ends[self.next % ENDS_PER_TICKET] as usize;
        self.next += 1;
        Some((start, (self.at as u32).wrapping_sub(1 + start as u32)))
    }

    #[inline(always)]
    fn text(&mut self, field: Field) -> Option<()> {
        let (start, len) = self.quoted(field)?;
        self.lengths |= len;
        let slot = SLOTS[field as usize].into();
        if self.at as u32 > self.next_escape {
            let counts = self.unescaper.unescape_into(self.row, slot, start, self.at - 1, self.escapes)?;
            self.quotes += counts.quotes;
            self.escapes = self.escapes.get(counts.escapes..)?;
            self.next_escape = first_or_past_end(self.escapes);
        } else {
            self.row.set_in_body_unchecked(slot, start, len);
        }
        Some(())
    }

    /// Reads the only text whose null needs no finding.
    #[inline(always)]
    fn requestor_name(&mut self) -> Option<()> {
        if !self.accept(b",\"requestor_name\":null") {
            return self.text(Field::RequestorName);
        }
        self.row.head().null.insert(Field::RequestorName);
        // The two quotes around a value are absent.
        self.quotes -= 2;
        Some(())
    }

    #[inline(always)]
    fn time(&mut self, field: Field) -> Option<()> {
        let (start, len) = self.quoted(field)?;
        let date = self.bytes.get(start..start + 19)?.first_chunk()?;
        (len == 19 && time::is_wire_time(date)).then_some(())?;
        self.row.set_in_body_unchecked(SLOTS[field as usize].into(), start, len);
        Some(())
    }

    /// Reads an integer of up to eight digits.
    #[inline(always)]
    fn integer(&mut self, field: Field, integers: IntegerStyle) -> Option<()> {
        let value = if integers == IntegerStyle::Quoted {
            let (start, len) = self.quoted(field)?;
            digits::value(*self.bytes.get(start..start + 8)?.first_chunk()?, len)?
        } else {
            UNQUOTED[field as usize].is_at(self.bytes, self.at).then_some(())?;
            self.number(UNQUOTED[field as usize].len())?
        };
        self.row.set_number_unchecked(SLOTS[field as usize].into(), value);
        Some(())
    }

    /// Reads the number that starts `key_len` bytes from here. Anything else that belongs to it, such as a fraction, fails
    /// at the next key.
    #[inline(always)]
    fn number(&mut self, key_len: usize) -> Option<u32> {
        let start = self.at + key_len;
        let bytes = *self.bytes.get(start..start + 8)?.first_chunk()?;
        let len = digits::count(bytes);
        // A leading zero is left to the tolerant decoder.
        (bytes.first() != Some(&b'0') || len == 1).then_some(())?;
        self.at = start + len;
        digits::value(bytes, len as u32)
    }

    #[inline(always)]
    fn accept<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> bool {
        let found = self.bytes.get(self.at..self.at + LEN).is_some_and(|here| here == literal);
        self.at += if found { LEN } else { 0 };
        found
    }

    /// Returns the offset of the closing brace, if the ticket ends here and all its texts fit the row.
    #[inline(always)]
    fn end(&mut self) -> Option<usize> {
        let is_valid = self.bytes.get(self.at) == Some(&b'}') && self.row.fits(self.at, self.lengths);
        is_valid.then_some(self.at)
    }
}

/// Returns the first of these offsets, or one that is past every body.
#[inline(always)]
fn first_or_past_end(escapes: &[u32]) -> u32 {
    escapes.first().copied().unwrap_or(PAST_END)
}
