//! The fast JSON decoder: the documented shape alone, as PHP writes it, without white space.
//!
//! It learns the order of the keys from the first ticket and compares them in place in all others, sixteen
//! bytes at a time, and leaves texts where they are. At the first surprise it gives up, and the tolerant
//! decoder takes the whole body; so whatever it accepts has no finding, and must mean what the tolerant
//! decoder makes of it.

use crate::decode::builder::{Count, PageBuilder};
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::arena::{AttachmentRow, ExtraRow, Row, SLOTS, Span};
use crate::{Field, FieldSet, Kind, Version, time};

/// How many unknown fields a ticket may have before it is a surprise.
const MAX_EXTRAS: usize = 16;

/// Decodes a page of the documented shape; `None` is a surprise.
pub(super) fn decode(text: &str) -> Option<PageBuilder> {
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
        let mut decoder = TicketDecoder { cursor, text, page: &mut page };
        decoder.tickets(returned)?;
        cursor = decoder.cursor;
    }
    cursor.expect(b"}}")?;
    // JSON's white space, which a form feed is not.
    let ended = cursor.rest().iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    (ended && page.ticket_count() as u64 == returned).then_some(page)
}

/// What stands between two values: a separator, a key, a colon and, before a text, its opening quote; at
/// most 32 bytes. The comparison reads 32 bytes of the body at once, whatever follows the prefix.
struct Prefix {
    bytes: [u8; 32],
    len: usize,
    /// The first and the last eight bytes, which together are all of most keys.
    ends: [u64; 2],
    /// The eight bytes behind the first and those before the last: with them it is all of any key.
    inner: [u64; 2],
    /// Which bits of the first eight count, where there are fewer bytes.
    mask: u64,
}

impl Prefix {
    fn new(text: &[u8]) -> Option<Prefix> {
        let mut bytes = [0; 32];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let len = text.len();
        let mask = if len < 8 { (1 << (8 * len)) - 1 } else { u64::MAX };
        let ends = [word(&bytes, 0)?, word(&bytes, len.saturating_sub(8))?];
        let inner = [word(&bytes, 8)?, word(&bytes, len.saturating_sub(16))?];
        Some(Prefix { bytes, len, ends, inner, mask })
    }

    #[inline]
    fn starts(&self, here: &[u8; 32]) -> bool {
        let (Some(first), Some(last)) = (word(here, 0), word(here, self.len.saturating_sub(8))) else {
            return false;
        };
        let [wanted_first, wanted_last] = self.ends;
        let ends = (first ^ wanted_first) & self.mask | (last ^ wanted_last) & self.mask;
        ends == 0 && (self.len <= 16 || self.has_inner(here))
    }

    #[inline]
    fn has_inner(&self, here: &[u8; 32]) -> bool {
        let found = (word(here, 8), word(here, self.len.saturating_sub(16)));
        let [first, last] = self.inner;
        found == (Some(first), Some(last))
    }
}

/// Eight bytes as one number.
#[inline]
fn word(bytes: &[u8; 32], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// One key of a ticket, in the order learned.
struct Slot {
    prefix: Prefix,
    target: Target,
}

/// Where a value goes. Texts and integers name their place in a row.
#[derive(Clone, Copy)]
enum Target {
    Text(usize),
    /// `requestor_name`, whose null needs no finding.
    NullableText(usize),
    Time(usize),
    Integer(usize, Field),
    Boolean,
    Attachments,
    /// An unknown field, by the number of its name.
    Extra(u32),
}

impl Target {
    fn of(field: Field) -> Target {
        let slot = SLOTS.get(field as usize).map_or(0, |slot| usize::from(*slot));
        match field.kind() {
            Kind::Text if field == Field::RequestorName => Target::NullableText(slot),
            Kind::Text => Target::Text(slot),
            Kind::DateTime => Target::Time(slot),
            Kind::Integer => Target::Integer(slot, field),
            Kind::Boolean => Target::Boolean,
            Kind::Attachments => Target::Attachments,
        }
    }

    /// Whether its value starts with a quote, which then belongs to the prefix.
    fn is_quoted(self) -> bool {
        matches!(self, Target::Text(_) | Target::NullableText(_) | Target::Time(_))
    }
}

/// The field of this name, looked for first where the documented order has it.
fn field_named(name: &str, expected: &mut usize) -> Option<Field> {
    let as_expected = FIELDS.get(*expected).filter(|row| row.name == name).map(|row| row.field);
    let field = as_expected.or_else(|| Field::from_name(name))?;
    *expected = field as usize + 1;
    Some(field)
}

struct TicketDecoder<'a, 'p> {
    cursor: Cursor<'a>,
    text: &'a str,
    page: &'p mut PageBuilder,
}

impl TicketDecoder<'_, '_> {
    fn tickets(&mut self, returned: u64) -> Option<()> {
        let start = self.cursor.at;
        let (slots, carried) = self.first()?;
        self.make_room(self.cursor.at - start, returned);
        while self.cursor.expect(b",").is_some() {
            let mut row = Row { carried, ..Row::default() };
            for slot in &slots {
                if self.cursor.expect_prefix(&slot.prefix).is_some() {
                    self.value(&mut row, slot.target)?;
                } else {
                    self.null(&mut row, slot)?;
                }
            }
            self.cursor.expect(b"}")?;
            self.page.arena.rows.push(row);
        }
        self.cursor.expect(b"]")
    }

    /// Makes room once: for as many rows as the reply claims, though for no more than its size allows, for
    /// two attachments each, and for one text in four to need unescaping.
    fn make_room(&mut self, ticket_len: usize, returned: u64) {
        let most = self.text.len() / ticket_len.max(1) * 2 + 16;
        let rows = most.min(usize::try_from(returned).unwrap_or(usize::MAX));
        let arena = &mut self.page.arena;
        arena.rows.reserve_exact(rows.saturating_sub(arena.rows.len()));
        arena.attachments.reserve(rows * 2);
        arena.unescaped.reserve(self.text.len() / 4);
    }

    /// Reads the first ticket and learns which keys stand in which order.
    fn first(&mut self) -> Option<(Vec<Slot>, FieldSet)> {
        let mut slots = Vec::with_capacity(FIELD_COUNT + MAX_EXTRAS);
        let mut row = Row::default();
        let mut expected = 0;
        loop {
            let start = self.cursor.at;
            self.cursor.expect(if slots.is_empty() { b"{\"" } else { b",\"" })?;
            let name_start = self.cursor.at;
            while !matches!(self.cursor.peek()?, b'"' | b'\\' | 0..0x20) {
                self.cursor.at += 1;
            }
            let name = self.text.get(name_start..self.cursor.at)?;
            self.cursor.expect(b"\":")?;
            let target = match field_named(name, &mut expected) {
                Some(field) if row.carried.contains(field) => return None,
                Some(field) => {
                    row.carried.insert(field);
                    Target::of(field)
                }
                None => self.extra(name)?,
            };
            let mut prefix = [0; 32];
            let key = self.cursor.bytes.get(start..self.cursor.at)?;
            prefix.get_mut(..key.len())?.copy_from_slice(key);
            let mut prefix_len = key.len();
            if target.is_quoted() {
                *prefix.get_mut(prefix_len)? = b'"';
                prefix_len += 1;
            }
            let slot = Slot { prefix: Prefix::new(prefix.get(..prefix_len)?)?, target };
            if !target.is_quoted() || self.cursor.expect(b"\"").is_some() {
                self.value(&mut row, target)?;
            } else {
                self.cursor.at = start;
                self.null(&mut row, &slot)?;
            }
            slots.push(slot);
            if self.cursor.expect(b"}").is_some() {
                break;
            }
        }
        self.page.arena.rows.push(row);
        let lacking = FieldSet::documented_for(Version::V1_0).difference(row.carried);
        lacking.is_empty().then_some((slots, row.carried))
    }

    fn extra(&mut self, name: &str) -> Option<Target> {
        let names = &mut self.page.arena.extra_names;
        if names.len() == MAX_EXTRAS || names.iter().any(|other| **other == *name) {
            return None;
        }
        names.push(name.into());
        Some(Target::Extra(names.len() as u32 - 1))
    }

    /// A null, where there is one that needs no finding.
    #[cold]
    fn null(&mut self, row: &mut Row, slot: &Slot) -> Option<()> {
        matches!(slot.target, Target::NullableText(_)).then_some(())?;
        self.cursor.expect_without_quote(&slot.prefix)?;
        self.cursor.expect(b"null")?;
        row.set_null(Field::RequestorName);
        Some(())
    }

    /// Reads a value; what is quoted starts behind its quote. The one call that counts is in a loop over
    /// every field of every ticket.
    #[inline(always)]
    fn value(&mut self, row: &mut Row, target: Target) -> Option<()> {
        match target {
            Target::Text(slot) | Target::NullableText(slot) => {
                let text = self.string()?;
                *row.texts.get_mut(slot)? = text;
            }
            Target::Integer(slot, field) => {
                let (value, quoted) = self.cursor.integer()?;
                *row.integers.get_mut(slot)? = value;
                if quoted {
                    row.quoted.insert(field);
                }
            }
            Target::Time(slot) => {
                let [date @ .., b'"'] = self.cursor.rest().first_chunk::<20>()? else { return None };
                time::is_wire_time(date).then_some(())?;
                let start = self.cursor.at;
                *row.texts.get_mut(slot)? = Span::in_body(start, start + date.len());
                self.cursor.at += date.len() + 1;
            }
            Target::Boolean => self.boolean(row)?,
            Target::Attachments => self.attachments(row)?,
            Target::Extra(name) => {
                let start = self.cursor.at;
                if self.cursor.expect(b"\"").is_some() {
                    self.string()?;
                } else if self.cursor.expect(b"null").is_none() {
                    self.cursor.integer()?;
                }
                let json = Span::in_body(start, self.cursor.at);
                let ticket = self.page.arena.rows.len() as u32;
                self.page.arena.extras.push(ExtraRow { ticket, name, json });
            }
        }
        Some(())
    }

    fn boolean(&mut self, row: &mut Row) -> Option<()> {
        const SPELLINGS: [(&[u8], bool, bool); 7] = [
            (b"true", true, false),
            (b"false", false, false),
            (b"\"\"", false, true),
            (b"\"1\"", true, true),
            (b"\"0\"", false, true),
            (b"1", true, false),
            (b"0", false, false),
        ];
        let (value, quoted) = SPELLINGS.iter().find_map(|(spelling, value, quoted)| {
            self.cursor.expect_bytes(spelling).map(|()| (*value, *quoted))
        })?;
        // A number goes on where a truth value ends.
        matches!(self.cursor.peek()?, b',' | b'}').then_some(())?;
        row.attachments_removed = value;
        if quoted {
            row.quoted.insert(Field::AttachmentsRemoved);
        }
        Some(())
    }

    fn attachments(&mut self, row: &mut Row) -> Option<()> {
        row.attachments_start = self.page.arena.attachments.len() as u32;
        self.cursor.expect(b"[")?;
        if self.cursor.expect(b"]").is_some() {
            return Some(());
        }
        loop {
            self.cursor.expect(b"{\"filename\":\"")?;
            let filename = self.string()?;
            self.cursor.expect(b",\"index\":")?;
            let (index, _) = self.cursor.integer()?;
            self.cursor.expect(b"}")?;
            self.page.arena.attachments.push(AttachmentRow { filename, index });
            row.attachments_len += 1;
            if self.cursor.expect(b",").is_none() {
                return self.cursor.expect(b"]");
            }
        }
    }

    /// Reads a string behind its opening quote; its text stays in the body unless it has escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<Span> {
        let start = self.cursor.at;
        let end = find_special(self.cursor.bytes, start)?;
        match self.cursor.bytes.get(end)? {
            b'"' => {
                self.cursor.at = end + 1;
                Some(Span::in_body(start, end))
            }
            b'\\' => self.escaped_string(start, end),
            _ => None,
        }
    }

    /// Reads a string whose first escape is known.
    #[inline(never)]
    fn escaped_string(&mut self, start: usize, first_escape: usize) -> Option<Span> {
        let unescaped = &mut self.page.arena.unescaped;
        let unescaped_start = unescaped.len();
        let (mut plain_start, mut special) = (start, first_escape);
        loop {
            unescaped.push_str(self.text.get(plain_start..special)?);
            self.cursor.at = special + 1;
            match self.cursor.bytes.get(special)? {
                b'"' => return Some(Span::in_unescaped(unescaped_start, unescaped.len())),
                b'\\' => unescaped.push(self.cursor.escape()?),
                _ => return None,
            }
            plain_start = self.cursor.at;
            special = find_special(self.cursor.bytes, plain_start)?;
        }
    }
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// A literal, whose length is known to the compiler.
    #[inline]
    fn expect<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> Option<()> {
        let here: &[u8; LEN] = self.rest().first_chunk()?;
        (here == literal).then(|| self.at += LEN)
    }

    #[inline]
    fn expect_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let here = self.bytes.get(self.at..self.at + bytes.len())?;
        (here == bytes).then(|| self.at += bytes.len())
    }

    #[inline]
    fn expect_prefix(&mut self, prefix: &Prefix) -> Option<()> {
        let Some(here) = self.rest().first_chunk() else { return self.expect_start(prefix, prefix.len) };
        prefix.starts(here).then(|| self.at += prefix.len)
    }

    #[cold]
    fn expect_without_quote(&mut self, prefix: &Prefix) -> Option<()> {
        self.expect_start(prefix, prefix.len - 1)
    }

    /// The start of a prefix, byte by byte, as within the last 32 bytes of the body.
    #[cold]
    fn expect_start(&mut self, prefix: &Prefix, len: usize) -> Option<()> {
        self.expect_bytes(prefix.bytes.get(..len)?)
    }

    /// An integer, as a number or as a text of digits, and whether it was a text. Twenty digits, which may
    /// be past 64 bits, are a surprise.
    #[inline]
    fn integer(&mut self) -> Option<(u64, bool)> {
        let quoted = self.peek()? == b'"';
        self.at += usize::from(quoted);
        let start = self.at;
        let (mut value, mut digits) = (0_u64, 0);
        for byte in self.rest() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        }
        self.at += digits;
        if quoted {
            self.expect(b"\"")?;
        } else {
            // Neither a leading zero nor a fraction is for this decoder to judge.
            let plain = digits == 1 || self.bytes.get(start) != Some(&b'0');
            (plain && matches!(self.peek()?, b',' | b'}')).then_some(())?;
        }
        (1..20).contains(&digits).then_some((value, quoted))
    }

    /// The character behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        // Most of what PHP escapes; a jump to one of many places would be guessed wrong more often.
        if letter == b'u' {
            return self.escaped_character();
        }
        if letter == b'/' {
            return Some('/');
        }
        Some(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            _ => return None,
        })
    }

    /// The character behind `\u`, which may be spelled as a pair.
    fn escaped_character(&mut self) -> Option<char> {
        let unit = self.hex()?;
        if !(0xD800..0xE000).contains(&unit) {
            return char::from_u32(unit);
        }
        self.expect(b"\\u")?;
        let second = self.hex()?;
        let pair = (0xD800..0xDC00).contains(&unit) && (0xDC00..0xE000).contains(&second);
        pair.then(|| char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00)))?
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte is always below 256")]
    fn hex(&mut self) -> Option<u32> {
        let digits: &[u8; 4] = self.rest().first_chunk()?;
        let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
        self.at += 4;
        ((a | b | c | d) <= 0xF).then_some(a << 12 | b << 8 | c << 4 | d)
    }
}

/// The value of a hexadecimal digit; of any other byte, a number that is none.
#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
static HEX: [u32; 256] = {
    let mut values = [0x10; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u32;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u32;
        digit += 1;
    }
    values
};

/// Where the next quote, backslash or control character stands.
#[inline]
fn find_special(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    const TOPS: u64 = ONES << 7;
    const QUOTE_BIT: u64 = ONES * 0x02;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let (chunks, tail) = bytes.get(at..)?.as_chunks::<8>();
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // With bit 1 flipped a quote is 0x20 and controls stay below it, so one comparison finds both. A
        // borrow can only make bits above the lowest one wrong; bytes past ASCII are masked out.
        let quotes_and_controls = (word ^ QUOTE_BIT).wrapping_sub(ONES * 0x21);
        let backslashes = (word ^ BACKSLASHES).wrapping_sub(ONES);
        let found = (quotes_and_controls | backslashes) & !word & TOPS;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).map(|found| at + found)
}
