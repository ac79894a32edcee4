//! Tickets as servers of the documented versions write them: the fields in their order, and the integers quoted, or
//! all of them numbers.
//!
//! The fields are read by one call each rather than in a loop, so that the compiler knows their keys and the processor
//! what comes next. Where their values end the marks say; what has no quotes is read as it comes.

use super::TicketDecoder;
use super::cursor::Cursor;
use super::digits;
use super::marks::{Ahead, ENOUGH, Marks, PAST_ALL, quotes_in};
use super::prefix::{DOCUMENTED, UNQUOTED};
use super::unescape::Unescaper;
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::arena::SLOTS;
use crate::tickets::rows::Packed;
use crate::{Field, FieldSet, Kind, time};

/// How the integers of a ticket are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Integers {
    Quoted,
    Numbers,
}

/// How many quotes the keys and values of these fields have, but for a list of attachments that is not empty.
fn quotes_of(carried: FieldSet, integers: Integers) -> i64 {
    let keys = 2 * carried.len();
    let quoted =
        carried.difference(OTHERS).len() - if integers == Integers::Quoted { 0 } else { INTEGERS.len() };
    (keys + 2 * quoted) as i64
}

impl<'a> TicketDecoder<'a, '_> {
    /// Reads a ticket that starts here; `None` if it is not written so. Gives the place of its closing brace.
    #[inline(never)]
    pub(super) fn documented(
        &mut self,
        start: usize,
        row: &mut Packed,
        carried: FieldSet,
        integers: Integers,
        marks: &mut Marks<'a>,
    ) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut walk = Walk::new(bytes, start, marks.ahead(start)?, &mut self.unescaper, &mut *row);
        walk.integer(Field::Id, integers)?;
        walk.text(Field::Tid)?;
        walk.integer(Field::Deptid, integers)?;
        walk.integer(Field::Userid, integers)?;
        walk.text(Field::Name)?;
        if carried.contains(Field::OwnerName) {
            walk.text(Field::OwnerName)?;
        }
        walk.text(Field::Email)?;
        if carried.contains(Field::RequestorName) {
            walk.requestor_name()?;
        }
        if carried.contains(Field::RequestorEmail) {
            walk.text(Field::RequestorEmail)?;
        }
        if carried.contains(Field::RequestorType) {
            walk.text(Field::RequestorType)?;
        }
        walk.text(Field::Cc)?;
        walk.text(Field::C)?;
        walk.time(Field::Date)?;
        walk.text(Field::Subject)?;
        walk.text(Field::Status)?;
        walk.text(Field::Priority)?;
        walk.text(Field::Admin)?;
        walk.text(Field::Attachment)?;
        // A mark that is past all is none, which the next key would show, if one came.
        (bytes.get(walk.at) == Some(&b',')).then_some(())?;
        if carried.contains(Field::Attachments) {
            walk.key(Field::Attachments)?;
        }
        let Walk { mut at, next, lengths, escapes, mut quotes, .. } = walk;
        let escapes_left = escapes.len();
        marks.take(next, escapes_left);
        if carried.contains(Field::Attachments) {
            if bytes.get(at..at + 2)? == b"[]" {
                at += 2;
            } else {
                let start = at;
                at = self.attachments(Cursor { bytes, at }, row.head())?;
                quotes += quotes_in(bytes.get(start..at)?);
                marks.pass(at);
            }
        }
        let walk = Walk::new(bytes, at, marks.ahead(at)?, &mut self.unescaper, &mut *row);
        let mut walk = Walk { lengths, quotes, ..walk };
        if carried.contains(Field::AttachmentsRemoved) {
            walk.key(Field::AttachmentsRemoved)?;
            if !walk.takes(b"false") {
                walk.takes(b"true").then_some(())?;
                walk.row.head().set_attachments_removed(true);
            }
        }
        walk.time(Field::Lastreply)?;
        walk.integer(Field::Flag, integers)?;
        walk.text(Field::Service)?;
        let end = walk.end()?;
        let Walk { next, escapes, quotes, .. } = walk;
        let escapes_left = escapes.len();
        marks.take(next, escapes_left);
        marks.meet(quotes_of(carried, integers) + quotes);
        if integers == Integers::Quoted {
            row.head().quoted = INTEGERS;
        }
        Some(end)
    }
}

/// The fields that are integers, which are in every ticket.
const INTEGERS: FieldSet = fields_of(Kind::Integer);
/// The fields that are never quoted.
const OTHERS: FieldSet = fields_of(Kind::Boolean).union(fields_of(Kind::Attachments));

#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
const fn fields_of(kind: Kind) -> FieldSet {
    let mut fields = FieldSet::EMPTY;
    let mut row = 0;
    while row < FIELD_COUNT {
        if FIELDS[row].kind as u8 == kind as u8 {
            fields.insert(FIELDS[row].field);
        }
        row += 1;
    }
    fields
}

/// Where in a ticket the decoder is.
struct Walk<'a, 'm> {
    bytes: &'a [u8],
    at: usize,
    marks: &'m [u32; ENOUGH],
    /// How many of them were passed.
    next: usize,
    /// The escapes that were not.
    escapes: &'m [u32],
    next_escape: u32,
    unescaper: &'m mut Unescaper<'a>,
    /// How many quotes were met beside those of keys and around values.
    quotes: i64,
    /// The bits of the lengths of all texts. A text whose mark is before its start has a length below zero.
    lengths: u32,
    row: &'m mut Packed,
}

#[allow(clippy::indexing_slicing, reason = "a field's number is below their count")]
impl<'a, 'm> Walk<'a, 'm> {
    #[inline(always)]
    fn new(
        bytes: &'a [u8],
        at: usize,
        ahead: Ahead<'m>,
        unescaper: &'m mut Unescaper<'a>,
        row: &'m mut Packed,
    ) -> Walk<'a, 'm> {
        let Ahead { marks, escapes } = ahead;
        Walk {
            bytes,
            at,
            marks,
            next: 0,
            escapes,
            next_escape: next_of(escapes),
            unescaper,
            quotes: 0,
            lengths: 0,
            row,
        }
    }

    /// Goes behind the key of this field.
    #[inline(always)]
    fn key(&mut self, field: Field) -> Option<()> {
        let prefix = &DOCUMENTED[field as usize];
        prefix.is_at(self.bytes, self.at).then(|| self.at += prefix.len())
    }

    /// The start and the length of the quoted value of this field, behind which it goes.
    #[inline(always)]
    fn quoted(&mut self, field: Field) -> Option<(usize, u32)> {
        self.key(field)?;
        let start = self.at;
        // A ticket has fewer values than there are marks.
        self.at = self.marks[self.next % ENOUGH] as usize;
        self.next += 1;
        Some((start, (self.at as u32).wrapping_sub(1 + start as u32)))
    }

    #[inline(always)]
    fn text(&mut self, field: Field) -> Option<()> {
        let (start, len) = self.quoted(field)?;
        self.lengths |= len;
        let slot = SLOTS[field as usize].into();
        if self.at as u32 > self.next_escape {
            let met = self.unescaper.known(self.row, slot, start, self.at - 1, self.escapes)?;
            self.quotes += met.quotes;
            self.escapes = self.escapes.get(met.escapes..)?;
            self.next_escape = next_of(self.escapes);
        } else {
            self.row.put_in_body(slot, start, len);
        }
        Some(())
    }

    /// The one text whose null needs no finding.
    #[inline(always)]
    fn requestor_name(&mut self) -> Option<()> {
        if !self.takes(b",\"requestor_name\":null") {
            return self.text(Field::RequestorName);
        }
        self.row.head().null.insert(Field::RequestorName);
        // Those around a value.
        self.quotes -= 2;
        Some(())
    }

    #[inline(always)]
    fn time(&mut self, field: Field) -> Option<()> {
        let (start, len) = self.quoted(field)?;
        let date = self.bytes.get(start..start + 19)?.first_chunk()?;
        (len == 19 && time::is_wire_time(date)).then_some(())?;
        self.row.put_in_body(SLOTS[field as usize].into(), start, len);
        Some(())
    }

    /// An integer of up to eight digits.
    #[inline(always)]
    fn integer(&mut self, field: Field, integers: Integers) -> Option<()> {
        let value = if integers == Integers::Quoted {
            let (start, len) = self.quoted(field)?;
            digits::value(*self.bytes.get(start..start + 8)?.first_chunk()?, len)?
        } else {
            UNQUOTED[field as usize].is_at(self.bytes, self.at).then_some(())?;
            self.number(UNQUOTED[field as usize].len())?
        };
        self.row.put_number(SLOTS[field as usize].into(), value);
        Some(())
    }

    /// The number that starts so many bytes from here, behind which it goes. What else there is of it shows in place of
    /// the next key.
    #[inline(always)]
    fn number(&mut self, key_len: usize) -> Option<u32> {
        let start = self.at + key_len;
        let bytes = *self.bytes.get(start..start + 8)?.first_chunk()?;
        let len = digits::count(bytes);
        // A leading zero is not for this decoder to judge.
        (bytes.first() != Some(&b'0') || len == 1).then_some(())?;
        self.at = start + len;
        digits::value(bytes, len as u32)
    }

    #[inline(always)]
    fn takes<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> bool {
        let found = self.bytes.get(self.at..self.at + LEN).is_some_and(|here| here == literal);
        self.at += if found { LEN } else { 0 };
        found
    }

    /// The place of the closing brace, if all was as it has to be.
    #[inline(always)]
    fn end(&mut self) -> Option<usize> {
        let is_right = self.bytes.get(self.at) == Some(&b'}') && self.row.can_tell(self.at, self.lengths);
        is_right.then_some(self.at)
    }
}

/// The first of these places, or one that is past all.
#[inline(always)]
fn next_of(escapes: &[u32]) -> u32 {
    escapes.first().copied().unwrap_or(PAST_ALL)
}
