//! The fast JSON decoder: reads only the documented format, as PHP writes it, without white space.
//!
//! 1. The first ticket shows which keys tickets have, in which order, and how integers are written (its
//!    [`TicketLayout`]).
//! 2. Every other ticket is compared with that layout, key by key. Texts without escapes are not copied: a row stores
//!    where they are in the body.
//! 3. Where the keys are in the documented order, the ends of values come from a [`StructuralIndex`], which scans the
//!    body ahead, 64 bytes at a time ([`documented`]). A ticket that differs is read value by value.
//! 4. A ticket with the same fields in another order, or with other unknown fields, is read key by key
//!    ([`TicketDecoder::in_any_order`]).
//! 5. At anything else that is unexpected the decoder returns `None`, and the tolerant decoder reads the whole body.
//!
//! So this decoder adds no findings, and its result is the same as the tolerant decoder's. Text before the JSON was
//! handled by the caller, which may have findings about it.

mod cursor;
mod digits;
mod documented;
mod prefix;
mod structural_index;
mod target;
mod unescape;
mod values;

use std::cell::OnceCell;

use fearless_simd::{Level, dispatch, prelude::*};
use serde_json::value::RawValue;

use crate::decode::builder::{Count, PageBuilder, expects_tickets};
use crate::decode::json::checks::{Brackets, lone_surrogate};
use crate::field::{FIELD_COUNT, FIELDS};
use crate::tickets::arena::ExtraRow;
use crate::tickets::rows::{Bases, Head, PackedRow, Rows};
use crate::tickets::span::Span;
use crate::{Field, FieldSet, Version, time};

use self::cursor::Cursor;
use self::documented::{IntegerStyle, read_ticket};
use self::prefix::{DOCUMENTED, UNQUOTED};
use self::structural_index::StructuralIndex;
use self::target::{LayoutKey, Target};
use self::values::Values;

/// The largest number of different unknown fields that this decoder reads.
const MAX_EXTRAS: usize = 16;

/// Decodes a page of the documented format. Returns `None` for any other body, and for a ticket that does not fit a
/// packed row: one of more than 32 KiB, or an id of more than 32 bits.
pub(super) fn decode(text: &str) -> Option<PageBuilder> {
    // JSON's white space, which does not include the form feed.
    let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let mut page = PageBuilder::default();
    let [total, start, returned] = counts(&mut cursor, &mut page)?;
    if cursor.expect(b"]").is_some() {
        // An empty list where the server counts tickets is a finding.
        (!expects_tickets(total, Some(start))).then_some(())?;
    } else {
        let values = Values::new(text);
        let mut decoder = TicketDecoder { text, page: &mut page, values, ticket: 0 };
        cursor = decoder.tickets(cursor, returned)?;
    }
    cursor.expect(b"}}")?;
    (cursor.rest().is_empty() && page.ticket_count() as u64 == returned).then_some(page)
}

/// Reads everything before the first ticket: the result and the three counts.
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
        let known = counted.get_mut(count as usize)?;
        if known.is_some() {
            return None;
        }
        let (value, _) = cursor.integer()?;
        *known = Some(value);
        page.set_count(count, Some(value));
    }
    let [Some(total), Some(start), Some(returned)] = counted else { return None };
    Some([total, start, returned])
}

/// Returns the field of this name. `expected` is the field that follows in the documented order, which is tried first.
fn field_named(name: &str, expected: &mut usize) -> Option<Field> {
    let as_expected = FIELDS.get(*expected).filter(|entry| entry.name == name).map(|entry| entry.field);
    let field = as_expected.or_else(|| Field::from_name(name))?;
    *expected = field as usize + 1;
    Some(field)
}

/// Notes that a ticket has this field, and returns where its value is stored. Returns `None` if it has the field already.
fn add_field(row: &mut PackedRow, field: Field) -> Option<Target> {
    let present = &mut row.head().present;
    if present.contains(field) {
        return None;
    }
    present.insert(field);
    Some(Target::of(field))
}

/// The keys of the first ticket and the notation of its integers. The other tickets are expected to have the same.
struct TicketLayout {
    present: FieldSet,
    /// How integers are written, if the keys are in the documented order; `None` otherwise.
    documented: Option<IntegerStyle>,
    /// The keys in order. If they are in the documented order, the list is only built when a ticket differs.
    keys: OnceCell<Vec<LayoutKey>>,
}

impl TicketLayout {
    fn keys(&self) -> &[LayoutKey] {
        let documented = |field| {
            let target = Target::of(field);
            let prefixes = if target.is_quoted() { &DOCUMENTED } else { &UNQUOTED };
            Some(LayoutKey { prefix: *prefixes.get(field as usize)?, target })
        };
        self.keys.get_or_init(|| self.present.iter().filter_map(documented).collect())
    }
}

/// Decodes the list of tickets.
struct TicketDecoder<'a, 'p> {
    text: &'a str,
    page: &'p mut PageBuilder,
    values: Values<'a>,
    /// The number of the current ticket, counted from 0.
    ticket: u32,
}

impl<'a> TicketDecoder<'a, '_> {
    fn tickets(&mut self, start: Cursor<'a>, returned: u64) -> Option<Cursor<'a>> {
        let mut rows = Rows::default();
        self.reserve(&mut rows, returned);
        let mut index = StructuralIndex::new(start.bytes, start.at);
        let (mut cursor, layout) = match self.first_of_latest_version(start, &mut rows, &mut index) {
            Some(found) => found,
            None => self.first(start, &mut rows, &mut index)?,
        };
        while cursor.expect(b",").is_some() {
            self.ticket += 1;
            let row = rows.add(self.new_row(cursor, layout.present))?;
            let checkpoint = self.values.checkpoint();
            let by_index = layout.documented.and_then(|integers| {
                read_ticket(&mut self.values, cursor, row, layout.present, integers, &mut index)
            });
            let end = if let Some(end) = by_index {
                end
            } else {
                let extras = self.page.arena.extras.len();
                self.values.roll_back(checkpoint);
                *row = self.new_row(cursor, layout.present);
                let by_layout = self.by_layout(cursor, row, layout.keys());
                // Further keys may follow.
                let end = match by_layout.filter(|end| cursor.bytes.get(*end) == Some(&b'}')) {
                    Some(end) => end,
                    None => {
                        self.values.roll_back(checkpoint);
                        self.page.arena.extras.truncate(extras);
                        *row = self.new_row(cursor, FieldSet::EMPTY);
                        self.in_any_order(cursor, row, layout.present)?
                    }
                };
                if layout.documented.is_some() {
                    index.skip_ticket(cursor.at, end);
                }
                end
            };
            // A ticket has at least one byte, so every iteration advances.
            (end > cursor.at).then(|| cursor.at = end)?;
            cursor.expect(b"}")?;
        }
        cursor.expect(b"]")?;
        (layout.documented.is_none() || index.verify()).then_some(())?;
        self.page.arena.rows = rows;
        self.page.arena.unescaped = self.values.unescaper.take_texts();
        self.page.arena.attachments = std::mem::take(&mut self.values.attachments);
        self.release_spare_capacity();
        Some(cursor)
    }

    /// Reads the first ticket, if it has the fields of the latest version in the documented order, with quoted
    /// integers.
    fn first_of_latest_version(
        &mut self,
        mut cursor: Cursor<'a>,
        rows: &mut Rows,
        index: &mut StructuralIndex<'a>,
    ) -> Option<(Cursor<'a>, TicketLayout)> {
        let (present, integers) = (FieldSet::ALL, IntegerStyle::Quoted);
        let row = rows.add(self.new_row(cursor, present))?;
        if let Some(end) = read_ticket(&mut self.values, cursor, row, present, integers, index) {
            cursor.at = end;
            cursor.expect(b"}")?;
            return Some((
                cursor,
                TicketLayout { present, documented: Some(integers), keys: OnceCell::new() },
            ));
        }
        rows.clear();
        self.values.clear();
        None
    }

    /// Reads a ticket that has these keys, value by value.
    #[inline(never)]
    fn by_layout(&mut self, cursor: Cursor<'a>, row: &mut PackedRow, keys: &[LayoutKey]) -> Option<usize> {
        dispatch!(Level::baseline(), simd => self.by_layout_with(simd, cursor, row, keys))
    }

    #[inline(always)]
    fn by_layout_with<S: Simd>(
        &mut self,
        simd: S,
        mut cursor: Cursor<'a>,
        row: &mut PackedRow,
        keys: &[LayoutKey],
    ) -> Option<usize> {
        for key in keys {
            if cursor.expect_prefix(&key.prefix).is_some() {
                self.value(simd, &mut cursor, row, key.target)?;
            } else {
                cursor.at = null(cursor, row.head())?;
            }
        }
        Some(cursor.at)
    }

    /// Returns an empty row for the ticket that starts here.
    #[inline(always)]
    fn new_row(&mut self, cursor: Cursor<'a>, present: FieldSet) -> PackedRow {
        let unescaper = &mut self.values.unescaper;
        unescaper.begin_ticket();
        PackedRow::new(Bases { body: cursor.at as u32, unescaped: unescaper.len() as u32 }, present)
    }

    /// Reserves memory once: for as many rows as the reply states, bounded by the size of the body, for two attachments
    /// per ticket, and for one text in four to have escapes.
    fn reserve(&mut self, rows: &mut Rows, returned: u64) {
        // The keys, the dates and the punctuation of a ticket take at least this many bytes.
        const MIN_TICKET: usize = 200;
        let most = self.text.len() / MIN_TICKET;
        let tickets = most.min(usize::try_from(returned).unwrap_or(usize::MAX));
        rows.reserve(tickets);
        self.values.attachments.reserve(tickets * 2);
        self.values.unescaper.reserve(self.text.len() / 4);
    }

    /// Releases unused capacity, which would be a fifth of the memory of a small page. Strings and attachments of a few
    /// kilobytes are copied to blocks of their exact size: shrinking a block in place leaves a gap that is too small
    /// for the next page.
    fn release_spare_capacity(&mut self) {
        const COPIED_UP_TO: usize = 16 << 10;
        let arena = &mut self.page.arena;
        arena.rows.shrink_to_fit();
        if arena.unescaped.len() + size_of_val(arena.attachments.as_slice()) <= COPIED_UP_TO {
            arena.attachments = arena.attachments.as_slice().to_vec();
            arena.unescaped = arena.unescaped.as_str().to_owned();
        }
    }

    /// Reads the first ticket and records its keys and their order.
    fn first(
        &mut self,
        mut cursor: Cursor<'a>,
        rows: &mut Rows,
        index: &mut StructuralIndex<'a>,
    ) -> Option<(Cursor<'a>, TicketLayout)> {
        let ticket_start = cursor.at;
        let mut keys = Vec::with_capacity(FIELD_COUNT + MAX_EXTRAS);
        let row = rows.add(self.new_row(cursor, FieldSet::EMPTY))?;
        let mut expected = 0;
        let (mut last, mut is_documented, mut integers) = (None, true, None);
        loop {
            let start = cursor;
            let separator = if keys.is_empty() { b'{' } else { b',' };
            let name = self.key(&mut cursor, separator)?;
            let field = field_named(name, &mut expected);
            let target = match field {
                Some(field) => add_field(row, field)?,
                None => self.extra_of(name, 0)?,
            };
            let in_quotes = cursor.peek() == Some(b'"');
            let as_documented = match target {
                Target::Integer(..) => *integers.get_or_insert(in_quotes) == in_quotes,
                Target::Boolean => matches!(cursor.peek(), Some(b't' | b'f')),
                _ => true,
            };
            is_documented &= last < field && as_documented;
            last = field;
            keys.push(LayoutKey::new(separator, name, target)?);
            cursor.at = self.by_layout(start, row, keys.last_chunk::<1>()?)?;
            if cursor.peek() == Some(b'}') {
                break;
            }
        }
        let ticket_end = cursor.at;
        cursor.expect(b"}")?;
        let present = row.head().present;
        FieldSet::documented_for(Version::V1_0).difference(present).is_empty().then_some(())?;
        if is_documented {
            index.skip_ticket(ticket_start, ticket_end);
        }
        let integers = if integers == Some(true) { IntegerStyle::Quoted } else { IntegerStyle::Numbers };
        let documented = is_documented.then_some(integers);
        Some((cursor, TicketLayout { present, documented, keys: keys.into() }))
    }

    /// Reads a ticket with these fields and any unknown ones, in any order.
    #[inline(never)]
    fn in_any_order(
        &mut self,
        mut cursor: Cursor<'a>,
        row: &mut PackedRow,
        present: FieldSet,
    ) -> Option<usize> {
        let extras = self.page.arena.extras.len();
        let (mut expected, mut separator) = (0, b'{');
        while cursor.peek()? != b'}' {
            let start = cursor;
            let name = self.key(&mut cursor, separator)?;
            let target = match field_named(name, &mut expected) {
                Some(field) => add_field(row, field)?,
                None => self.extra_of(name, extras)?,
            };
            cursor.at = self.by_layout(start, row, &[LayoutKey::new(separator, name, target)?])?;
            separator = b',';
        }
        (row.head().present == present).then_some(cursor.at)
    }

    /// Returns where the value of an unknown field is stored. Returns `None` if the ticket has the field already; its
    /// values begin at `extras`.
    fn extra_of(&mut self, name: &str, extras: usize) -> Option<Target> {
        let arena = &mut self.page.arena;
        if let Some(known) = arena.extra_names.iter().position(|other| **other == *name) {
            let known = known as u32;
            let is_repeated = arena.extras.get(extras..)?.iter().any(|extra| extra.name == known);
            return (!is_repeated).then_some(Target::Extra(known));
        }
        (arena.extra_names.len() < MAX_EXTRAS).then_some(())?;
        arena.extra_names.push(name.into());
        Some(Target::Extra(arena.extra_names.len() as u32 - 1))
    }

    /// Reads a key and the colon after it.
    fn key(&self, cursor: &mut Cursor<'a>, separator: u8) -> Option<&'a str> {
        cursor.expect(&[separator, b'"'])?;
        let start = cursor.at;
        while !matches!(cursor.peek()?, b'"' | b'\\' | 0..0x20) {
            cursor.at += 1;
        }
        let name = self.text.get(start..cursor.at)?;
        cursor.expect(b"\":")?;
        Some(name)
    }

    /// Reads a value. For a text the cursor is after the opening quote.
    #[inline(always)]
    fn value<S: Simd>(
        &mut self,
        simd: S,
        cursor: &mut Cursor<'a>,
        row: &mut PackedRow,
        target: Target,
    ) -> Option<()> {
        match target {
            Target::Text(slot) => {
                let end = cursor.text_end_with(simd)?;
                if cursor.bytes.get(end) == Some(&b'"') {
                    row.set_in_body(slot, cursor.at, end)?;
                    cursor.at = end + 1;
                } else {
                    let (text, after) = self.values.unescaper.text(cursor.at, end)?;
                    row.set(slot, text)?;
                    cursor.at = after;
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
            Target::Attachments => cursor.at = self.values.attachments(*cursor, row.head())?,
            Target::Extra(name) => cursor.at = self.extra(*cursor, name)?,
        }
        Some(())
    }

    #[inline(never)]
    fn extra(&mut self, mut cursor: Cursor<'a>, name: u32) -> Option<usize> {
        let start = cursor.at;
        if cursor.expect(b"\"").is_some() {
            self.values.text(&mut cursor)?;
        } else if cursor.expect(b"null").is_none() && cursor.integer().is_none() {
            cursor.at = start + json_at(self.text, start)?.len();
        }
        let json = Span::in_body(start, cursor.at);
        self.page.arena.extras.push(ExtraRow { ticket: self.ticket, name, json });
        Some(cursor.at)
    }
}

/// Returns the JSON value at this offset, if the tolerant decoder accepts it as the value of an unknown field.
fn json_at(text: &str, start: usize) -> Option<&str> {
    let rest = text.get(start..)?;
    let is_value = matches!(rest.as_bytes().first()?, b'{' | b'[' | b't' | b'f' | b'-' | b'0'..=b'9');
    is_value.then_some(())?;
    let value: &RawValue = serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()?;
    let json = value.get();
    // It is within the reply, its tickets, their list, and a ticket.
    Brackets::within(4).end(json.as_bytes()).ok()?;
    lone_surrogate(json).is_none().then_some(json)
}

/// Reads a null where it needs no finding, which is the case for `requestor_name` only.
#[cold]
fn null(mut cursor: Cursor<'_>, head: &mut Head) -> Option<usize> {
    cursor.expect(b",\"requestor_name\":null")?;
    head.present.insert(Field::RequestorName);
    head.null.insert(Field::RequestorName);
    Some(cursor.at)
}

#[inline(never)]
fn boolean(mut cursor: Cursor<'_>, head: &mut Head) -> Option<usize> {
    const NOTATIONS: [(&[u8], bool, bool); 7] = [
        (b"false", false, false),
        (b"true", true, false),
        (b"\"\"", false, true),
        (b"\"1\"", true, true),
        (b"\"0\"", false, true),
        (b"1", true, false),
        (b"0", false, false),
    ];
    let (value, quoted) = NOTATIONS
        .iter()
        .find_map(|(notation, value, quoted)| cursor.expect_bytes(notation).map(|()| (*value, *quoted)))?;
    // `1` and `0` may be the start of a longer number.
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
    use crate::FieldKind;

    const TICKET: &str = r#"{"id":"7","tid":"ABC-1","deptid":"1","userid":"0","name":"J\u00fcrgen","owner_name":"J\u00fcrgen","email":"j@example.com","requestor_name":"J\u00fcrgen","requestor_email":"","requestor_type":"Owner","cc":",x","c":"Hk92","date":"2026-02-28 09:30:00","subject":"a \"b\", c \\ \ud83d\ude00","status":"Open","priority":"Low","admin":"","attachment":"a.txt","attachments":[{"filename":"a\/b.txt","index":"0"}],"attachments_removed":false,"lastreply":"2024-02-29 23:59:59","flag":"0","service":"S1\/2"}"#;

    /// Returns a body with one ticket that has these fields, and the offset of the ticket. Spaces follow it, because
    /// the decoder reads ahead and leaves a ticket at the very end to slower code.
    fn body_with(fields: FieldSet, integers: IntegerStyle) -> (String, usize) {
        let entry = |field: Field| {
            let value = match field.kind() {
                FieldKind::Integer if integers == IntegerStyle::Numbers => "7",
                FieldKind::Integer => r#""7""#,
                FieldKind::Text => r#""a \"text\"""#,
                FieldKind::DateTime => r#""2026-02-28 09:30:00""#,
                FieldKind::Boolean => "true",
                FieldKind::Attachments => r#"[{"filename":"a.txt","index":0}]"#,
            };
            format!(r#""{field}":{value}"#)
        };
        let ticket: Vec<String> = fields.iter().map(entry).collect();
        let start =
            r#"{"result":"success","totalresults":"9","startnumber":0,"numreturned":1,"tickets":{"ticket":["#;
        let spaces = " ".repeat(32);
        (format!("{start}{{{}}}]}}}}{spaces}", ticket.join(",")), start.len())
    }

    #[test]
    fn every_field_of_every_version_is_read_by_the_structural_index() {
        for version in Version::MILESTONES {
            for fields in [FieldSet::known_to(version), FieldSet::documented_for(version)] {
                for integers in [IntegerStyle::Quoted, IntegerStyle::Numbers] {
                    let (body, at) = body_with(fields, integers);
                    let mut values = Values::new(&body);
                    let mut index = StructuralIndex::new(body.as_bytes(), at);
                    let mut row = PackedRow::new(Bases { body: at as u32, unescaped: 0 }, fields);
                    let cursor = Cursor { bytes: body.as_bytes(), at };
                    let end = read_ticket(&mut values, cursor, &mut row, fields, integers, &mut index);
                    assert_eq!(
                        end.and_then(|end| body.get(end..)).map(str::trim_end),
                        Some("}]}}"),
                        "`read_ticket` does not read every field of {version}: {body}"
                    );
                    assert!(index.verify(), "`quotes_of` does not count the quotes of {body}");
                    assert_eq!(decode(&body).map(|page| page.ticket_count()), Some(1), "{body}");
                }
            }
        }
    }

    /// Returns a page of these tickets, and the offset of the first one.
    fn page_of(tickets: &[&str]) -> (String, usize) {
        let count = tickets.len();
        let start = format!(
            r#"{{"result":"success","totalresults":"9","startnumber":0,"numreturned":{count},"tickets":{{"ticket":["#
        );
        (format!("{start}{}]}}}}", tickets.join(",")), start.len())
    }

    fn accepts(tickets: &[&str]) -> bool {
        let (text, _) = page_of(tickets);
        decode(&text).is_some_and(|page| page.ticket_count() == tickets.len())
            && decode(&format!("{text}\r\n")).is_some()
    }

    /// Returns the ticket with another part. Fails if the ticket does not have the part once.
    fn changed(ticket: &str, part: &str, other: &str) -> String {
        assert_eq!(ticket.matches(part).count(), 1, "{part}");
        ticket.replace(part, other)
    }

    /// A ticket that the structural index reads. It does not read [`TICKET`], of which a text begins with a comma.
    fn indexed() -> String {
        changed(TICKET, r#""cc":",x""#, r#""cc":"x""#)
    }

    /// Returns the ticket with its integers as numbers.
    fn with_numbers(ticket: &str) -> String {
        ["id", "deptid", "userid", "flag"].iter().fold(ticket.to_owned(), |ticket, key| {
            let (before, after) = ticket.split_once(&format!("\"{key}\":\"")).unwrap();
            let (value, after) = after.split_once('"').unwrap();
            format!("{before}\"{key}\":{value}{after}")
        })
    }

    /// Reads tickets by the structural index only, from this offset to the end of the list. Returns how many it reads,
    /// and whether the index accounts for the whole body.
    fn read_by_index<'a>(
        body: &'a str,
        mut index: StructuralIndex<'a>,
        at: usize,
        present: FieldSet,
        integers: IntegerStyle,
    ) -> (usize, bool) {
        let mut values = Values::new(body);
        let mut cursor = Cursor { bytes: body.as_bytes(), at };
        let mut count = 0;
        loop {
            values.unescaper.begin_ticket();
            let bases = Bases { body: cursor.at as u32, unescaped: values.unescaper.len() as u32 };
            let mut row = PackedRow::new(bases, present);
            let Some(end) = read_ticket(&mut values, cursor, &mut row, present, integers, &mut index) else {
                break;
            };
            count += 1;
            cursor.at = end;
            if cursor.expect(b"},").is_none() {
                break;
            }
        }
        (count, index.verify())
    }

    fn decoder_of<'a, 'p>(text: &'a str, page: &'p mut PageBuilder) -> TicketDecoder<'a, 'p> {
        TicketDecoder { text, page, values: Values::new(text), ticket: 0 }
    }

    #[test]
    fn every_ticket_of_a_documented_page_is_read_by_the_structural_index() {
        use IntegerStyle::{Numbers, Quoted};
        let ticket = indexed();
        let null = changed(&ticket, r#""requestor_name":"J\u00fcrgen""#, r#""requestor_name":null"#);
        let with_list = |list: &str| changed(&ticket, r#"[{"filename":"a\/b.txt","index":"0"}]"#, list);
        let none = with_list("[]");
        let two = with_list(r#"[{"filename":"a.txt","index":0},{"filename":"a long name.txt","index":"1"}]"#);
        // The text after the attachments is the same as the last file name, and has an escaped quote.
        let same = with_list(r#"[{"filename":"a long \"name\" \u00fc","index":0}]"#);
        let same = changed(&same, r#""S1\/2""#, r#""a long \"name\" \u00fc""#);
        let removed = changed(&ticket, ":false", ":true");
        let long_id = changed(&ticket, r#""id":"7""#, r#""id":"12345678""#);
        let old = changed(&ticket, r#""owner_name":"J\u00fcrgen","#, "");
        let old = changed(
            &old,
            r#""requestor_name":"J\u00fcrgen","requestor_email":"","requestor_type":"Owner","#,
            "",
        );
        let later = [Field::OwnerName, Field::RequestorName, Field::RequestorEmail, Field::RequestorType];
        let fields_of_old = FieldSet::ALL.difference(later.into_iter().collect());
        for (ticket, present, integers) in [
            (&ticket, FieldSet::ALL, Quoted),
            (&null, FieldSet::ALL, Quoted),
            (&none, FieldSet::ALL, Quoted),
            (&two, FieldSet::ALL, Quoted),
            (&same, FieldSet::ALL, Quoted),
            (&removed, FieldSet::ALL, Quoted),
            (&long_id, FieldSet::ALL, Quoted),
            (&with_numbers(&ticket), FieldSet::ALL, Numbers),
            (&with_numbers(&long_id), FieldSet::ALL, Numbers),
            (&old, fields_of_old, Quoted),
            (&with_numbers(&old), fields_of_old, Numbers),
        ] {
            // A hundred tickets have more values than a queue of the index holds.
            for count in [1, 2, 100] {
                let (body, at) = page_of(&vec![ticket.as_str(); count]);
                let index = StructuralIndex::new(body.as_bytes(), at);
                assert_eq!(read_by_index(&body, index, at, present, integers), (count, true), "{ticket}");
                assert!(decode(&body).is_some(), "{ticket}");
            }
        }
    }

    #[test]
    fn the_first_ticket_determines_how_the_structural_index_reads_the_others() {
        use IntegerStyle::{Numbers, Quoted};
        let ticket = indexed();
        for (ticket, documented) in [
            (&ticket, Some(Quoted)),
            (&changed(&ticket, ":false", ":true"), Some(Quoted)),
            (&with_numbers(&ticket), Some(Numbers)),
            (&changed(&ticket, r#""flag":"0""#, r#""flag":0"#), None),
            (&changed(&ticket, r#""id":"7""#, r#""id":7"#), None),
            (&changed(&ticket, ":false", ":0"), None),
            (&changed(&ticket, ":false", ":\"\""), None),
            (&changed(&ticket, r#""tid":"ABC-1","deptid":"1""#, r#""deptid":"1","tid":"ABC-1""#), None),
            (&changed(&ticket, r#","flag""#, r#","new":1,"flag""#), None),
            (&changed(&ticket, r#"{"id""#, r#"{"new":1,"id""#), None),
        ] {
            for is_scanned in [false, true] {
                let (body, at) = page_of(&[ticket, ticket, ticket]);
                let mut page = PageBuilder::default();
                let mut index = StructuralIndex::new(body.as_bytes(), at);
                if is_scanned {
                    index.ahead(at).unwrap();
                }
                let start = Cursor { bytes: body.as_bytes(), at };
                let first = decoder_of(&body, &mut page).first(start, &mut Rows::default(), &mut index);
                let (mut cursor, layout) = first.unwrap();
                assert!(layout.documented == documented, "{ticket}");
                if let Some(integers) = documented {
                    cursor.expect(b",").unwrap();
                    let others = read_by_index(&body, index, cursor.at, layout.present, integers);
                    assert_eq!(others, (2, true), "{ticket}");
                }
            }
        }
    }

    #[test]
    fn a_ticket_that_the_structural_index_does_not_read_is_read_in_the_documented_order() {
        for ticket in [
            TICKET,
            &changed(TICKET, r#""requestor_name":"J\u00fcrgen""#, r#""requestor_name":null"#),
            &changed(TICKET, r#""id":"7""#, r#""id":"123456789""#),
            &changed(TICKET, r#""id":"7""#, r#""id":4294967295"#),
            &changed(TICKET, r#""a\/b.txt""#, r#""a long name.txt""#),
        ] {
            let (body, at) = page_of(&[ticket]);
            let mut page = PageBuilder::default();
            let mut decoder = decoder_of(&body, &mut page);
            let layout = TicketLayout {
                present: FieldSet::ALL,
                documented: Some(IntegerStyle::Quoted),
                keys: OnceCell::new(),
            };
            let cursor = Cursor { bytes: body.as_bytes(), at };
            let mut row = decoder.new_row(cursor, FieldSet::ALL);
            let end = decoder.by_layout(cursor, &mut row, layout.keys());
            assert_eq!(end.and_then(|end| body.get(end..)), Some("}]}}"), "{ticket}");
            assert!(accepts(&[ticket]) && accepts(&[&indexed(), ticket, &indexed()]), "{ticket}");
        }
    }

    #[test]
    fn a_failed_attempt_to_read_a_ticket_leaves_no_texts_and_no_attachments() {
        let ticket = indexed();
        // The structural index fails at the last value, which begins with a comma.
        let comma = changed(&ticket, r#""S1\/2""#, r#"",\/2""#);
        // Reading in the documented order fails near the end too.
        let moved = changed(&ticket, r#""flag":"0","service":"S1\/2""#, r#""service":"S1\/2","flag":"0""#);
        let texts = |service: &str| format!("Jürgen{}a/b.txt{service}", "a \"b\", c \\ \u{1f600}");
        let ticket = &(ticket.as_str(), texts("S1/2"));
        let comma = &(comma.as_str(), texts(",/2"));
        let moved = &(moved.as_str(), texts("S1/2"));
        for tickets in [
            [ticket, ticket, ticket],
            [comma, comma, comma],
            [comma, ticket, ticket],
            [ticket, comma, ticket],
            [ticket, moved, ticket],
            [comma, ticket, moved],
            [moved, ticket, comma],
        ] {
            let (body, _) = page_of(&tickets.map(|(ticket, _)| *ticket));
            let page = decode(&body).unwrap();
            assert_eq!(page.arena.unescaped, tickets.map(|(_, texts)| texts.as_str()).concat(), "{body}");
            assert_eq!(page.arena.attachments.len(), 3, "{body}");
        }
    }

    #[test]
    fn a_ticket_that_does_not_fit_a_row_is_left_to_the_tolerant_decoder() {
        let long = |tid: usize, admin: usize| {
            let ticket = changed(&indexed(), "ABC-1", &"A".repeat(tid));
            changed(&ticket, r#""admin":""#, &format!("\"admin\":\"{}", "a".repeat(admin)))
        };
        for (ticket, fits) in [
            (long(20_000, 10_000), true),
            (long(20_000, 20_000), false),
            (long(33_000, 1), false),
            (long(70_000, 1), false),
        ] {
            for tickets in [&[&*ticket][..], &[&indexed(), &ticket], &[&ticket, &indexed()]] {
                assert_eq!(accepts(tickets), fits, "{} bytes", ticket.len());
            }
        }
    }

    #[test]
    fn a_missing_quote_and_a_surplus_one_do_not_cancel_each_other() {
        let surplus = changed(&indexed(), r#""admin":"""#, r#""admin":"a"b""#);
        for (whole, broken) in [
            (r#""tid":"ABC-1","#, r#""tid":","#),
            (r#""status":"Open","#, r#""status":","#),
            (r#""service":"S1\/2"}"#, r#""service":"}"#),
        ] {
            let ticket = changed(&surplus, whole, broken);
            assert_eq!(ticket.matches('"').count(), indexed().matches('"').count());
            assert!(!accepts(&[&ticket]) && !accepts(&[&indexed(), &ticket, &indexed()]), "{broken}");
        }
    }

    #[test]
    fn wrong_digits_of_an_escape_are_rejected() {
        // Two wrong digits must not cancel each other.
        for wrong in 1..16_u32 {
            let digits: String = "00fc"
                .chars()
                .enumerate()
                .map(|(at, digit)| if wrong >> at & 1 == 1 { 'z' } else { digit })
                .collect();
            let ticket = TICKET.replace(r#""name":"J\u00fc"#, &format!(r#""name":"J\u{digits}"#));
            assert_ne!(ticket, TICKET);
            assert!(!accepts(&[&ticket]), "{digits}");
        }
    }

    #[test]
    fn every_escape_is_accepted() {
        for escape in [r"\n", r"\t", r"\b", r"\f", r"\r", r"\/", r"\\", r#"\""#, r"\u00e9", r"\ud83d\ude00"] {
            for text in [escape.to_owned(), format!("a{escape}b"), escape.repeat(40)] {
                let ticket = TICKET.replace(r#""cc":",x""#, &format!("\"cc\":\"{text}\""));
                assert_ne!(ticket, TICKET);
                assert!(accepts(&[TICKET, &ticket, &ticket]) && accepts(&[&ticket, TICKET]), "{text}");
                let page = crate::decode(format!(
                    r#"{{"result":"success","totalresults":"9","startnumber":0,"numreturned":1,"tickets":{{"ticket":[{ticket}]}}}}"#
                ));
                let page = page.unwrap().into_page().unwrap();
                let expected: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
                assert_eq!(page.get(0).unwrap().cc(), expected);
            }
        }
        for wrong in [r"\a", r"\u00e", r"\ud83d", r"\ude00", r"\ud83d\u0041", "\t"] {
            let ticket = TICKET.replace(r#""cc":",x""#, &format!("\"cc\":\"{wrong}\""));
            assert!(!accepts(&[TICKET, &ticket]), "{wrong}");
        }
    }

    #[test]
    fn the_documented_format_is_accepted() {
        let without = |keys: &[&str]| {
            let mut ticket = TICKET.to_owned();
            for key in keys {
                let start = ticket.find(&format!(",\"{key}\":")).unwrap();
                let end = start + 1 + ticket[start + 1..].find(",\"").unwrap();
                ticket.replace_range(start..end, "");
            }
            ticket
        };
        let numbers = with_numbers(TICKET);
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
                assert!(accepts(&vec![ticket; count]), "{count} of {ticket}");
            }
        }
        for other in others {
            assert!(accepts(&[TICKET, other, TICKET]) && accepts(&[other, TICKET, other]), "{other}");
        }
    }

    #[test]
    fn unknown_values_and_other_orders_are_accepted() {
        let with = |value: &str| TICKET.replace(r#","flag""#, &format!(r#","new":{value},"flag""#));
        for value in
            [r#"{"a":[1,{"b":"\u00e9"}]}"#, "[]", "null", "true", "-1.5e3", "12345678901234567890123"]
        {
            assert!(accepts(&[&with(value), &with("1"), &with(value)]), "{value}");
        }
        for value in [r#"["\ud83d"]"#, "[1", " []", "tru", &("[".repeat(61) + &"]".repeat(61))] {
            assert!(!accepts(&[&with(value)]) && !accepts(&[&with("1"), &with(value)]), "{value}");
        }
        let moved = |ticket: &str, part: &str| {
            let rest = ticket.replace(&format!("{part},"), "");
            assert_ne!(rest, ticket, "{part}");
            format!("{},{part}}}", &rest[..rest.len() - 1])
        };
        for part in [r#""id":"7""#, r#""deptid":"1""#, r#""subject":"a \"b\", c \\ \ud83d\ude00""#] {
            let other = moved(TICKET, part);
            assert!(accepts(&[TICKET, &other, TICKET, &other]) && accepts(&[&other, TICKET]), "{part}");
        }
        let unknown = with("[1]");
        assert!(accepts(&[&unknown, &moved(&unknown, r#""new":[1]"#), &unknown]));
        // Unknown fields of some tickets only, at the end too, and others than the first ticket has.
        let other = unknown.replace("\"new\"", "\"newer\"");
        let last = TICKET.replace("\"S1\\/2\"}", "\"S1\\/2\",\"new\":\"x\\/y\"}");
        assert_ne!(last, TICKET);
        for ticket in [&unknown, &other, &last] {
            assert!(accepts(&[TICKET, ticket, TICKET]) && accepts(&[ticket, TICKET, &unknown]), "{ticket}");
            // The same key twice.
            let twice = ticket.replacen("{\"id\"", "{\"new\":1,\"newer\":1,\"id\"", 1);
            assert!(!accepts(&[TICKET, &twice]), "{twice}");
        }
        let both = moved(&unknown, r#""new":[1]"#).replace("\"new\"", "\"newer\":2,\"new\"");
        assert!(accepts(&[TICKET, &both, &both]));
        for twice in ["\"new\":1,\"new\":2", "\"newer\":1,\"new\":1,\"new\":2"] {
            assert!(
                !accepts(&[TICKET, &unknown, &TICKET.replace("{\"id\"", &format!("{{{twice},\"id\""))]),
                "{twice}"
            );
        }
        // More names than this decoder reads.
        let many: Vec<String> =
            (0..=MAX_EXTRAS).map(|n| TICKET.replace("{\"id\"", &format!("{{\"x{n}\":1,\"id\""))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(accepts(&many[..MAX_EXTRAS]) && !accepts(&many));
        // A documented field that other tickets lack is left to the tolerant decoder.
        let without = TICKET.replace(",\"cc\":\",x\"", "");
        assert!(!accepts(&[TICKET, &without]) && !accepts(&[&without, TICKET]));
    }

    #[test]
    fn a_body_with_a_finding_is_left_to_the_tolerant_decoder() {
        for (old, new) in [
            (r#""tid":"ABC-1""#, r#""tid":null"#),
            (r#""tid":"ABC-1""#, r#""tid":"ABC"-1""#),
            (r#""tid":"ABC-1""#, r#""tid":"ABC"",-1""#),
            (r#""tid":"ABC-1""#, "\"tid\":\"ABC\n-1\""),
            (r#""tid":"ABC-1""#, r#""tid":"ABC\-1""#),
            (r#""id":"7""#, r#""id":"7x""#),
            (r#""id":"7""#, r#""id":"""#),
            ("2026-02-28", "2026-02-29"),
            ("09:30:00", "09:30:00.25"),
            ("2026-02-28 09:30:00", "28 February 2026 9h"),
            ("09:30:00", "09:60:00"),
            (r#""subject""#, r#""Subject""#),
            (r#""service""#, r#""Service""#),
        ] {
            let other = TICKET.replace(old, new);
            assert_ne!(other, TICKET);
            assert!(!accepts(&[TICKET, &other, TICKET]) && !accepts(&[&other, TICKET]), "{new}");
            assert!(!accepts(&[TICKET, &other]), "{new}");
        }
    }
}
