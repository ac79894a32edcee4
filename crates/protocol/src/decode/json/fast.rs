//! The fast JSON decoder: the documented shape alone, as PHP writes it, without white space.
//!
//! It learns the order of the keys from the first ticket, compares them in place in all others, and leaves texts where
//! they are. Where values end is known ahead. A ticket that is not as the first is read value by value; at the first
//! surprise the decoder gives up, and the tolerant one takes the whole body. So whatever it accepts has no finding, and
//! must mean what the tolerant decoder makes of it.

mod cursor;
mod digits;
mod documented;
mod marks;
mod prefix;
mod target;
mod unescape;

use std::cell::OnceCell;

use fearless_simd::{Level, dispatch, prelude::*};

use crate::decode::builder::{Count, PageBuilder, counts_more};
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::arena::{AttachmentRow, ExtraRow, Span};
use crate::tickets::rows::{Bases, Head, Packed, Rows};
use crate::{Field, FieldSet, Version, time};

use self::cursor::Cursor;
use self::documented::Integers;
use self::marks::Marks;
use self::prefix::{DOCUMENTED, Prefix, UNQUOTED};
use self::target::{Slot, Target};
use self::unescape::Unescaper;

/// How many unknown fields a ticket may have before it is a surprise.
const MAX_EXTRAS: usize = 16;

/// Decodes a page of the documented shape; `None` is a surprise. So is a ticket that a small row can't hold: one of more
/// than 32 KiB, or an id of more than 32 bits.
pub(super) fn decode(text: &str) -> Option<PageBuilder> {
    // JSON's white space, which a form feed is not.
    let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let mut page = PageBuilder::default();
    let [total, start, returned] = counts(&mut cursor, &mut page)?;
    if cursor.expect(b"]").is_some() {
        // No tickets where some are counted is a finding.
        (!counts_more(total, Some(start))).then_some(())?;
    } else {
        let unescaper = Unescaper::new(text);
        let mut decoder = TicketDecoder { text, page: &mut page, unescaper, ticket: 0 };
        cursor = decoder.tickets(cursor, returned)?;
    }
    cursor.expect(b"}}")?;
    (cursor.rest().is_empty() && page.ticket_count() as u64 == returned).then_some(page)
}

/// Reads what precedes the first ticket: the three counts.
fn counts(cursor: &mut Cursor<'_>, page: &mut PageBuilder) -> Option<[u64; 3]> {
    let mut counted = [None; 3];
    cursor.expect(b"{\"result\":\"success\"")?;
    loop {
        cursor.expect(b",\"")?;
        if cursor.expect(b"tickets\":{\"ticket\":[").is_some() {
            break;
        }
        let begins = |count: &Count| cursor.rest().starts_with(count.name().as_bytes());
        let count = Count::ALL.into_iter().find(begins)?;
        cursor.at += count.name().len();
        cursor.expect(b"\":")?;
        let slot = counted.get_mut(count as usize)?;
        if slot.is_some() {
            return None;
        }
        let (value, _) = cursor.integer()?;
        *slot = Some(value);
        page.set_count(count, Some(value));
    }
    let [Some(total), Some(start), Some(returned)] = counted else { return None };
    Some([total, start, returned])
}

/// The field of this name, looked for first where the documented order has it.
fn field_named(name: &str, expected: &mut usize) -> Option<Field> {
    let as_expected = FIELDS.get(*expected).filter(|row| row.name == name).map(|row| row.field);
    let field = as_expected.or_else(|| Field::from_name(name))?;
    *expected = field as usize + 1;
    Some(field)
}

/// What the first ticket says about the others.
struct Shape {
    carried: FieldSet,
    /// How its integers are written, if it is written as documented.
    documented: Option<Integers>,
    /// Its keys, which a documented ticket is hardly ever asked for.
    slots: OnceCell<Vec<Slot>>,
}

impl Shape {
    fn slots(&self) -> &[Slot] {
        let documented = |field| {
            let target = Target::of(field);
            let prefixes = if target.is_quoted() { &DOCUMENTED } else { &UNQUOTED };
            Some(Slot { prefix: *prefixes.get(field as usize)?, target })
        };
        self.slots.get_or_init(|| self.carried.iter().filter_map(documented).collect())
    }
}

/// Decodes tickets.
struct TicketDecoder<'a, 'p> {
    text: &'a str,
    page: &'p mut PageBuilder,
    unescaper: Unescaper<'a>,
    /// The ticket at hand, counted from 0.
    ticket: u32,
}

impl<'a> TicketDecoder<'a, '_> {
    fn tickets(&mut self, start: Cursor<'a>, returned: u64) -> Option<Cursor<'a>> {
        let mut rows = Rows::default();
        self.make_room(&mut rows, returned);
        let mut marks = Marks::new(start.bytes, start.at);
        let (mut cursor, shape) = match self.latest(start, &mut rows, &mut marks) {
            Some(found) => found,
            None => self.first(start, &mut rows, &mut marks)?,
        };
        while cursor.expect(b",").is_some() {
            self.ticket += 1;
            let row = rows.add(self.begin(cursor, shape.carried))?;
            let kept = self.kept();
            let by_marks = shape
                .documented
                .and_then(|integers| self.documented(cursor.at, row, shape.carried, integers, &mut marks));
            let end = if let Some(end) = by_marks {
                end
            } else {
                self.take_back(kept);
                *row = self.begin(cursor, shape.carried);
                let end = self.learned(cursor, row, shape.slots())?;
                if shape.documented.is_some() {
                    marks.skip(cursor.at, end);
                }
                end
            };
            // A ticket has at least one byte, so each turn moves on.
            (end > cursor.at).then(|| cursor.at = end)?;
            cursor.expect(b"}")?;
        }
        cursor.expect(b"]")?;
        (shape.documented.is_none() || marks.are_right()).then_some(())?;
        self.page.arena.rows = rows;
        self.page.arena.unescaped = self.unescaper.take_texts();
        self.give_back();
        Some(cursor)
    }

    /// Reads the first ticket, if it is written as the latest version does.
    fn latest(
        &mut self,
        mut cursor: Cursor<'a>,
        rows: &mut Rows,
        marks: &mut Marks<'a>,
    ) -> Option<(Cursor<'a>, Shape)> {
        let (carried, integers) = (FieldSet::ALL, Integers::Quoted);
        let row = rows.add(self.begin(cursor, carried))?;
        if let Some(end) = self.documented(cursor.at, row, carried, integers, marks) {
            cursor.at = end;
            cursor.expect(b"}")?;
            return Some((cursor, Shape { carried, documented: Some(integers), slots: OnceCell::new() }));
        }
        rows.clear();
        self.take_back([0, 0]);
        None
    }

    /// How much there is of what an attempt at a ticket may add.
    #[inline]
    fn kept(&self) -> [usize; 2] {
        [self.page.arena.attachments.len(), self.unescaper.len()]
    }

    /// Takes back what an attempt added that failed.
    fn take_back(&mut self, [attachments, unescaped]: [usize; 2]) {
        self.page.arena.attachments.truncate(attachments);
        self.unescaper.truncate(unescaped);
    }

    /// Reads what has these keys, value by value.
    #[inline(never)]
    fn learned(&mut self, cursor: Cursor<'a>, row: &mut Packed, slots: &[Slot]) -> Option<usize> {
        dispatch!(Level::baseline(), simd => self.learned_with(simd, cursor, row, slots))
    }

    #[inline(always)]
    fn learned_with<S: Simd>(
        &mut self,
        simd: S,
        mut cursor: Cursor<'a>,
        row: &mut Packed,
        slots: &[Slot],
    ) -> Option<usize> {
        for slot in slots {
            if cursor.expect_prefix(&slot.prefix).is_some() {
                self.value(simd, &mut cursor, row, slot.target)?;
            } else {
                cursor.at = null(cursor, row.head(), slot.target)?;
            }
        }
        Some(cursor.at)
    }

    /// Begins the row of the ticket that starts here.
    #[inline(always)]
    fn begin(&mut self, cursor: Cursor<'a>, carried: FieldSet) -> Packed {
        self.unescaper.begin_ticket();
        Packed::begin(Bases { body: cursor.at as u32, unescaped: self.unescaper.len() as u32 }, carried)
    }

    /// Makes room once: for as many rows as the reply claims, though for no more than its size allows, for
    /// two attachments each, and for one text in four to need unescaping.
    fn make_room(&mut self, rows: &mut Rows, returned: u64) {
        // The keys, the dates and what is between them are no less.
        const LEAST_TICKET: usize = 200;
        let most = self.text.len() / LEAST_TICKET;
        let tickets = most.min(usize::try_from(returned).unwrap_or(usize::MAX));
        rows.reserve(tickets);
        self.page.arena.attachments.reserve(tickets * 2);
        self.unescaper.reserve(self.text.len() / 4);
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
    fn first(
        &mut self,
        mut cursor: Cursor<'a>,
        rows: &mut Rows,
        marks: &mut Marks<'a>,
    ) -> Option<(Cursor<'a>, Shape)> {
        let ticket_start = cursor.at;
        let mut slots = Vec::with_capacity(FIELD_COUNT + MAX_EXTRAS);
        let row = rows.add(self.begin(cursor, FieldSet::EMPTY))?;
        let mut expected = 0;
        let (mut last, mut is_documented, mut integers) = (None, true, None);
        loop {
            let start = cursor;
            let separator = if slots.is_empty() { b'{' } else { b',' };
            cursor.expect(&[separator, b'"'])?;
            let name_start = cursor.at;
            while !matches!(cursor.peek()?, b'"' | b'\\' | 0..0x20) {
                cursor.at += 1;
            }
            let name = self.text.get(name_start..cursor.at)?;
            cursor.expect(b"\":")?;
            let field = field_named(name, &mut expected);
            let target = match field {
                Some(field) if row.head().carried.contains(field) => return None,
                Some(field) => {
                    row.head().carried.insert(field);
                    Target::of(field)
                }
                None => self.extra_name(name)?,
            };
            let in_quotes = cursor.peek() == Some(b'"');
            let as_documented = match target {
                Target::Integer(..) => *integers.get_or_insert(in_quotes) == in_quotes,
                Target::Boolean => matches!(cursor.peek(), Some(b't' | b'f')),
                _ => true,
            };
            is_documented &= last < field && as_documented;
            last = field;
            slots.push(Slot { prefix: Prefix::new(separator, name.as_bytes(), target.is_quoted())?, target });
            cursor.at = self.learned(start, row, slots.last_chunk::<1>()?)?;
            if cursor.expect(b"}").is_some() {
                break;
            }
        }
        let carried = row.head().carried;
        let lacking = FieldSet::documented_for(Version::V1_0).difference(carried);
        lacking.is_empty().then_some(())?;
        if is_documented {
            marks.skip(ticket_start, cursor.at - 1);
        }
        let integers = if integers == Some(true) { Integers::Quoted } else { Integers::Numbers };
        let documented = is_documented.then_some(integers);
        Some((cursor, Shape { carried, documented, slots: slots.into() }))
    }

    fn extra_name(&mut self, name: &str) -> Option<Target> {
        let names = &mut self.page.arena.extra_names;
        if names.len() == MAX_EXTRAS || names.iter().any(|other| **other == *name) {
            return None;
        }
        names.push(name.into());
        Some(Target::Extra(names.len() as u32 - 1))
    }

    /// Reads a value; a text starts behind its quote.
    #[inline(always)]
    fn value<S: Simd>(
        &mut self,
        simd: S,
        cursor: &mut Cursor<'a>,
        row: &mut Packed,
        target: Target,
    ) -> Option<()> {
        match target {
            Target::Text(slot) | Target::NullableText(slot) => {
                let end = cursor.text_end_with(simd)?;
                if cursor.bytes.get(end) == Some(&b'"') {
                    row.set_in_body(slot, cursor.at, end)?;
                    cursor.at = end + 1;
                } else {
                    let (text, behind) = self.unescaper.text(cursor.at, end)?;
                    row.set(slot, text)?;
                    cursor.at = behind;
                }
            }
            Target::Integer(slot, field) => {
                let (value, quoted) = cursor.integer()?;
                row.set_number(slot, value)?;
                if quoted {
                    row.head().quoted.insert(field);
                }
            }
            Target::Time(slot) => {
                let [date @ .., b'"'] = cursor.ahead::<20>()? else { return None };
                time::is_wire_time(date).then_some(())?;
                row.set_in_body(slot, cursor.at, cursor.at + date.len())?;
                cursor.at += date.len() + 1;
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
            self.unescaper.text(cursor.at, end)?
        };
        cursor.at = behind;
        Some(span)
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
fn null(mut cursor: Cursor<'_>, head: &mut Head, target: Target) -> Option<usize> {
    matches!(target, Target::NullableText(_)).then_some(())?;
    cursor.expect(b",\"requestor_name\":null")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = r#"{"id":"7","tid":"ABC-1","deptid":"1","userid":"0","name":"J\u00fcrgen","owner_name":"J\u00fcrgen","email":"j@example.com","requestor_name":"J\u00fcrgen","requestor_email":"","requestor_type":"Owner","cc":",x","c":"Hk92","date":"2026-02-28 09:30:00","subject":"a \"b\", c \\ \ud83d\ude00","status":"Open","priority":"Low","admin":"","attachment":"a.txt","attachments":[{"filename":"a\/b.txt","index":"0"}],"attachments_removed":false,"lastreply":"2024-02-29 23:59:59","flag":"0","service":"S1\/2"}"#;

    fn takes(tickets: &[&str]) -> bool {
        let (count, tickets) = (tickets.len(), tickets.join(","));
        let text = format!(
            r#"{{"result":"success","totalresults":"9","startnumber":0,"numreturned":{count},"tickets":{{"ticket":[{tickets}]}}}}"#
        );
        decode(&text).is_some_and(|page| page.ticket_count() == count)
            && decode(&format!("{text}\r\n")).is_some()
    }

    #[test]
    fn what_servers_write_is_no_surprise() {
        let without = |keys: &[&str]| {
            let mut ticket = TICKET.to_owned();
            for key in keys {
                let start = ticket.find(&format!(",\"{key}\":")).unwrap();
                let end = start + 1 + ticket[start + 1..].find(",\"").unwrap();
                ticket.replace_range(start..end, "");
            }
            ticket
        };
        let numbers = ["id", "deptid", "userid", "flag"].iter().fold(TICKET.to_owned(), |ticket, key| {
            let (before, after) = ticket.split_once(&format!("\"{key}\":\"")).unwrap();
            let (value, after) = after.split_once('"').unwrap();
            format!("{before}\"{key}\":{value}{after}")
        });
        let null = TICKET.replace(r#""requestor_name":"J\u00fcrgen""#, r#""requestor_name":null"#);
        let none = TICKET.replace(r#"[{"filename":"a\/b.txt","index":"0"}]"#, "[]");
        let old = without(&["owner_name", "requestor_name", "requestor_email", "requestor_type"]);
        let removed = TICKET.replace(":false", ":true");
        let swapped = TICKET.replace(r#""tid":"ABC-1","deptid":"1""#, r#""deptid":"1","tid":"ABC-1""#);
        let unknown = TICKET.replace(r#","flag""#, r#","new":"x\/y","flag""#);
        let long = TICKET.replace("ABC-1", &"A".repeat(20_000));
        let others = [&null, &none, &removed, &long].map(String::as_str);
        for ticket in [TICKET, &numbers, &null, &none, &old, &removed, &swapped, &unknown, &long] {
            for count in [1, 2, 3, 40] {
                assert!(takes(&vec![ticket; count]), "{count} of {ticket}");
            }
        }
        for other in others {
            assert!(takes(&[TICKET, other, TICKET]) && takes(&[other, TICKET, other]), "{other}");
        }
    }

    #[test]
    fn what_has_a_finding_is_a_surprise() {
        for (old, new) in [
            (r#""tid":"ABC-1""#, r#""tid":null"#),
            (r#""tid":"ABC-1""#, r#""tid":"ABC"-1""#),
            (r#""tid":"ABC-1""#, r#""tid":"ABC"",-1""#),
            (r#""tid":"ABC-1""#, "\"tid\":\"ABC\n-1\""),
            (r#""tid":"ABC-1""#, r#""tid":"ABC\-1""#),
            (r#""id":"7""#, r#""id":"7x""#),
            (r#""id":"7""#, r#""id":"""#),
            ("2026-02-28", "2026-02-29"),
            ("09:30:00", "09:60:00"),
            (r#""subject""#, r#""Subject""#),
        ] {
            let other = TICKET.replace(old, new);
            assert_ne!(other, TICKET);
            assert!(!takes(&[TICKET, &other, TICKET]) && !takes(&[&other, TICKET]), "{new}");
        }
    }
}
