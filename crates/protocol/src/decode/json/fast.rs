//! The fast JSON decoder: the documented shape alone, as PHP writes it, without white space.
//!
//! It learns the order of the keys from the first ticket and compares them in place in all others, thirty-two
//! bytes at a time, and leaves texts where they are. At the first surprise it gives up, and the tolerant
//! decoder takes the whole body; so whatever it accepts has no finding, and must mean what the tolerant
//! decoder makes of it.

mod cursor;
mod key;

use crate::decode::builder::{Count, PageBuilder};
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::arena::{AttachmentRow, ExtraRow, Span};
use crate::tickets::rows::{Bases, Build, Head, Packed, Row, Rows};
use crate::{Field, FieldSet, Version, time};

use self::cursor::Cursor;
use self::key::{Prefix, Slot, Target};

/// How many unknown fields a ticket may have before it is a surprise.
const MAX_EXTRAS: usize = 16;

/// Decodes a page of the documented shape; `None` is a surprise.
pub(super) fn decode(text: &str) -> Option<PageBuilder> {
    let mut too_large = false;
    let page = decode_to::<Packed>(text, &mut too_large);
    // A ticket of more than 32 KiB, or an id of more than 32 bits, is no surprise, but rare enough for its page to be
    // read again.
    if too_large { decode_to::<Row>(text, &mut too_large) } else { page }
}

fn decode_to<R: Build>(text: &str, too_large: &mut bool) -> Option<PageBuilder> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let mut page = PageBuilder::default();
    let mut counted = [None; 3];
    cursor.expect(b"{\"result\":\"success\"")?;
    loop {
        cursor.expect(b",\"")?;
        if cursor.expect(b"tickets\":{\"ticket\":[").is_some() {
            break;
        }
        let (count, name_len) =
            [("totalresults", Count::Total), ("startnumber", Count::Start), ("numreturned", Count::Returned)]
                .into_iter()
                .find_map(|(name, count)| {
                    cursor.rest().starts_with(name.as_bytes()).then_some((count, name.len()))
                })?;
        cursor.at += name_len;
        cursor.expect(b"\":")?;
        let slot = counted.get_mut(count as usize)?;
        if slot.is_some() {
            return None;
        }
        let (value, _) = cursor.integer()?;
        *slot = Some(value);
        page.set_count(count, Some(value));
    }
    let [Some(_), Some(_), Some(returned)] = counted else { return None };
    if cursor.expect(b"]").is_none() {
        let last_unescaped = Unescaped::default();
        let mut decoder = TicketDecoder { text, page: &mut page, last_unescaped, ticket: 0, too_large };
        cursor = decoder.tickets::<R>(cursor, returned)?;
    }
    cursor.expect(b"}}")?;
    // JSON's white space, which a form feed is not.
    let ended = cursor.rest().iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    (ended && page.ticket_count() as u64 == returned).then_some(page)
}

/// The field of this name, looked for first where the documented order has it.
fn field_named(name: &str, expected: &mut usize) -> Option<Field> {
    let as_expected = FIELDS.get(*expected).filter(|row| row.name == name).map(|row| row.field);
    let field = as_expected.or_else(|| Field::from_name(name))?;
    *expected = field as usize + 1;
    Some(field)
}

/// Decodes tickets. Its functions take the cursor by value and give the place behind what they read, unless
/// they are inlined, so that it stays in registers from field to field.
struct TicketDecoder<'a, 'p> {
    text: &'a str,
    page: &'p mut PageBuilder,
    last_unescaped: Unescaped<'a>,
    /// The ticket at hand, counted from 0.
    ticket: u32,
    /// Whether a row could not tell where a text is, or hold an integer.
    too_large: &'p mut bool,
}

/// A text that was unescaped.
#[derive(Default)]
struct Unescaped<'a> {
    /// As the body has it, with its closing quote.
    raw: &'a str,
    /// How far behind its start the first escape stands.
    first_escape: usize,
    span: Span,
}

impl Unescaped<'_> {
    /// The span and the place behind the closing quote, if the text here is the same.
    #[inline]
    fn again(&self, cursor: Cursor<'_>, first_escape: usize) -> Option<(Span, usize)> {
        let is_same = first_escape - cursor.at == self.first_escape
            && !self.raw.is_empty()
            && cursor.rest().starts_with(self.raw.as_bytes());
        is_same.then_some((self.span, cursor.at + self.raw.len()))
    }
}

impl<'a> TicketDecoder<'a, '_> {
    fn tickets<R: Build>(&mut self, start: Cursor<'a>, returned: u64) -> Option<Cursor<'a>> {
        let mut rows = Rows::default();
        let (mut cursor, slots, carried) = self.first::<R>(start, &mut rows)?;
        self.make_room::<R>(&mut rows, cursor.at - start.at, returned);
        while cursor.expect(b",").is_some() {
            self.ticket += 1;
            let row = R::add(&mut rows, self.begin(cursor, carried))?;
            for slot in &slots {
                if cursor.expect_prefix(&slot.prefix).is_some() {
                    self.value(&mut cursor, row, slot.target)?;
                } else {
                    cursor.at = null(cursor, row.head(), slot)?;
                }
            }
            cursor.expect(b"}")?;
        }
        cursor.expect(b"]")?;
        self.page.arena.rows = rows;
        self.give_back();
        Some(cursor)
    }

    /// Begins the row of the ticket that starts here.
    #[inline(always)]
    fn begin<R: Build>(&mut self, cursor: Cursor<'a>, carried: FieldSet) -> R {
        // What the ticket before has is not behind this one's place.
        self.last_unescaped = Unescaped::default();
        R::begin(Bases { body: cursor.at as u32, unescaped: self.page.arena.unescaped.len() as u32 }, carried)
    }

    /// Notes where a row could not hold what there is.
    #[inline(always)]
    fn fits(&mut self, set: Option<()>) -> Option<()> {
        *self.too_large |= set.is_none();
        set
    }

    /// Makes room once: for as many rows as the reply claims, though for no more than its size allows, for
    /// two attachments each, and for one text in four to need unescaping.
    fn make_room<R: Build>(&mut self, rows: &mut Rows, ticket_len: usize, returned: u64) {
        let most = self.text.len() / ticket_len.max(1) * 2 + 16;
        let tickets = most.min(usize::try_from(returned).unwrap_or(usize::MAX));
        let arena = &mut self.page.arena;
        R::reserve(rows, tickets);
        arena.attachments.reserve(tickets * 2);
        arena.unescaped.reserve(self.text.len() / 4);
    }

    /// Gives back what room is left of a small page, which would be a fifth of it: a few kilobytes are copied rather
    /// than cut down, as all is where a page is finished. What is cut off a block lies between others that stay,
    /// where the next page's has no place.
    fn give_back(&mut self) {
        const FEW: usize = 16 << 10;
        let arena = &mut self.page.arena;
        arena.rows.shrink_to_fit();
        if arena.unescaped.len() + size_of_val(arena.attachments.as_slice()) <= FEW {
            arena.attachments = arena.attachments.as_slice().to_vec();
            arena.unescaped = arena.unescaped.as_str().to_owned();
        }
    }

    /// Reads the first ticket and learns which keys stand in which order.
    fn first<R: Build>(
        &mut self,
        mut cursor: Cursor<'a>,
        rows: &mut Rows,
    ) -> Option<(Cursor<'a>, Vec<Slot>, FieldSet)> {
        let mut slots = Vec::with_capacity(FIELD_COUNT + MAX_EXTRAS);
        let row = R::add(rows, self.begin(cursor, FieldSet::EMPTY))?;
        let mut expected = 0;
        loop {
            let start = cursor;
            cursor.expect(if slots.is_empty() { b"{\"" } else { b",\"" })?;
            let name_start = cursor.at;
            while !matches!(cursor.peek()?, b'"' | b'\\' | 0..0x20) {
                cursor.at += 1;
            }
            let name = self.text.get(name_start..cursor.at)?;
            cursor.expect(b"\":")?;
            let target = match field_named(name, &mut expected) {
                Some(field) if row.head().carried.contains(field) => return None,
                Some(field) => {
                    row.head().carried.insert(field);
                    Target::of(field)
                }
                None => self.extra_name(name)?,
            };
            let key = self.text.get(start.at..cursor.at)?;
            let slot = Slot { prefix: Prefix::new(key, target.is_quoted())?, target };
            if !target.is_quoted() || cursor.expect(b"\"").is_some() {
                self.value(&mut cursor, row, target)?;
            } else {
                cursor.at = null(start, row.head(), &slot)?;
            }
            slots.push(slot);
            if cursor.expect(b"}").is_some() {
                break;
            }
        }
        let carried = row.head().carried;
        let lacking = FieldSet::documented_for(Version::V1_0).difference(carried);
        lacking.is_empty().then_some((cursor, slots, carried))
    }

    fn extra_name(&mut self, name: &str) -> Option<Target> {
        let names = &mut self.page.arena.extra_names;
        if names.len() == MAX_EXTRAS || names.iter().any(|other| **other == *name) {
            return None;
        }
        names.push(name.into());
        Some(Target::Extra(names.len() as u32 - 1))
    }

    /// Reads a value; what is quoted starts behind its quote. The one call that counts is in a loop over
    /// every field of every ticket.
    #[inline(always)]
    fn value<R: Build>(&mut self, cursor: &mut Cursor<'a>, row: &mut R, target: Target) -> Option<()> {
        match target {
            Target::Text(slot) | Target::NullableText(slot) => {
                let end = cursor.text_end()?;
                if cursor.bytes.get(end) == Some(&b'"') {
                    let start = std::mem::replace(&mut cursor.at, end + 1);
                    self.fits(row.set_in_body(slot, start, end))?;
                } else {
                    let (text, behind) = self.escaped_text(*cursor, end)?;
                    cursor.at = behind;
                    self.fits(row.set(slot, text))?;
                }
            }
            Target::Integer(slot, field) => {
                let (value, quoted) = cursor.integer()?;
                self.fits(row.set_number(slot, value))?;
                if quoted {
                    row.head().quoted.insert(field);
                }
            }
            Target::Time(slot) => {
                let [date @ .., b'"'] = cursor.ahead::<20>()? else { return None };
                time::is_wire_time(date).then_some(())?;
                let (start, end) = (cursor.at, cursor.at + date.len());
                cursor.at = end + 1;
                self.fits(row.set_in_body(slot, start, end))?;
            }
            Target::Boolean => cursor.at = boolean(*cursor, row.head())?,
            Target::Attachments => cursor.at = self.attachments(*cursor, row.head())?,
            Target::Extra(name) => cursor.at = self.extra(*cursor, name)?,
        }
        Some(())
    }

    /// Reads a text behind its opening quote, which stays in the body unless it has escapes.
    fn text(&mut self, cursor: &mut Cursor<'a>) -> Option<Span> {
        let end = cursor.text_end()?;
        let (span, behind) = if cursor.bytes.get(end) == Some(&b'"') {
            (Span::in_body(cursor.at, end), end + 1)
        } else {
            self.escaped_text(*cursor, end)?
        };
        cursor.at = behind;
        Some(span)
    }

    /// Reads a text whose first escape is known.
    #[inline(never)]
    fn escaped_text(&mut self, mut cursor: Cursor<'a>, first_escape: usize) -> Option<(Span, usize)> {
        let start = cursor.at;
        // A ticket has its client's name up to three times.
        if let Some(again) = self.last_unescaped.again(cursor, first_escape) {
            return Some(again);
        }
        let unescaped = &mut self.page.arena.unescaped;
        let unescaped_start = unescaped.len();
        let mut special = first_escape;
        loop {
            unescaped.push_str(self.text.get(cursor.at..special)?);
            cursor.at = special;
            matches!(cursor.peek()?, b'\\' | b'"').then_some(())?;
            // Letters of other scripts stand side by side, each an escape.
            while cursor.peek() == Some(b'\\') {
                unescaped.push(cursor.escape()?);
            }
            special = match cursor.peek()? {
                b'"' => break,
                _ => cursor.text_end()?,
            };
        }
        let span = Span::in_unescaped(unescaped_start, unescaped.len());
        cursor.at += 1;
        let raw = self.text.get(start..cursor.at)?;
        self.last_unescaped = Unescaped { raw, first_escape: first_escape - start, span };
        Some((span, cursor.at))
    }

    #[inline(never)]
    fn attachments(&mut self, mut cursor: Cursor<'a>, head: &mut Head) -> Option<usize> {
        head.attachments_start = self.page.arena.attachments.len() as u32;
        cursor.expect(b"[")?;
        if cursor.expect(b"]").is_some() {
            return Some(cursor.at);
        }
        loop {
            cursor.expect(b"{\"filename\":\"")?;
            let filename = self.text(&mut cursor)?;
            cursor.expect(b",\"index\":")?;
            let (index, _) = cursor.integer()?;
            cursor.expect(b"}")?;
            self.page.arena.attachments.push(AttachmentRow { filename, index });
            head.set_attachments_len(head.attachments_len() + 1);
            if cursor.expect(b",").is_none() {
                cursor.expect(b"]")?;
                return Some(cursor.at);
            }
        }
    }

    #[inline(never)]
    fn extra(&mut self, mut cursor: Cursor<'a>, name: u32) -> Option<usize> {
        let start = cursor.at;
        if cursor.expect(b"\"").is_some() {
            self.text(&mut cursor)?;
        } else if cursor.expect(b"null").is_none() {
            cursor.integer()?;
        }
        let json = Span::in_body(start, cursor.at);
        self.page.arena.extras.push(ExtraRow { ticket: self.ticket, name, json });
        Some(cursor.at)
    }
}

/// A null, where there is one that needs no finding.
#[cold]
fn null(mut cursor: Cursor<'_>, head: &mut Head, slot: &Slot) -> Option<usize> {
    matches!(slot.target, Target::NullableText(_)).then_some(())?;
    cursor.expect_bytes(slot.prefix.key())?;
    cursor.expect(b"null")?;
    head.carried.insert(Field::RequestorName);
    head.null.insert(Field::RequestorName);
    Some(cursor.at)
}

#[inline(never)]
fn boolean(mut cursor: Cursor<'_>, head: &mut Head) -> Option<usize> {
    const SPELLINGS: [(&[u8], bool, bool); 7] = [
        (b"false", false, false),
        (b"true", true, false),
        (b"\"\"", false, true),
        (b"\"1\"", true, true),
        (b"\"0\"", false, true),
        (b"1", true, false),
        (b"0", false, false),
    ];
    let (value, quoted) = SPELLINGS
        .iter()
        .find_map(|(spelling, value, quoted)| cursor.expect_bytes(spelling).map(|()| (*value, *quoted)))?;
    // A number goes on where a truth value ends.
    matches!(cursor.peek()?, b',' | b'}').then_some(())?;
    head.set_attachments_removed(value);
    if quoted {
        head.quoted.insert(Field::AttachmentsRemoved);
    }
    Some(cursor.at)
}
