//! The tolerant JSON decoder: reads every form of a reply that servers are known to send. It is the specification of
//! the fast decoder.
//!
//! It reads the body level by level, as deep as the documented format is nested. At each level serde_json splits an
//! object or a list into raw values, which borrow from the body, so that the offset of each value is known. Values of
//! unknown fields are scanned once. So the time is linear in the size of the body.

mod source;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::decode::builder::{self, Count, PageBuilder, Scalar, integer, wrong_type};
use crate::decode::decoded::{Decoded, MAX_DEPTH, note_top_level};
use crate::decode::json::checks::Brackets;
use crate::decode::{format, other_call};
use crate::finding::Findings;
use crate::tickets::span::Span;
use crate::{DecodeErrorKind, Field, FieldKind, FindingKind};

pub(super) use self::source::Error;
use self::source::{Source, ValueKind, syntax};

/// A decoded reply: a page, which still needs its body, or an error of the API.
pub(super) enum TolerantReply {
    Page(Box<PageBuilder>),
    Error(Decoded),
}

/// Decodes the reply at the start of a text. `base` is its offset in the body.
pub(super) fn decode(text: &str, base: usize, mut findings: Findings) -> Result<TolerantReply, Error> {
    check_depth(text)?;
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let document = match documents.next() {
        Some(document) => document.map_err(|error| syntax(text, 0, &error))?.get(),
        None => return Err(Error { kind: DecodeErrorKind::Truncated, offset: text.len() }),
    };
    trailing_text(text, documents.byte_offset(), base, &mut findings)?;
    let source = Source { text };
    match source.value_kind(document) {
        ValueKind::Object => source.reply(document, findings),
        _ => Err(source.error(document, DecodeErrorKind::NotAReply { title: None })),
    }
}

/// Reports text after the reply as a finding. Another document there is an error.
fn trailing_text(text: &str, end: usize, base: usize, findings: &mut Findings) -> Result<(), Error> {
    let rest = text.as_bytes().get(end..).unwrap_or_default();
    // JSON's white space, which does not include the form feed.
    let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    let rest = rest.get(blank..).unwrap_or_default();
    let offset = end + blank;
    if rest.is_empty() {
        return Ok(());
    }
    if format::is_document(rest) {
        return Err(Error { kind: DecodeErrorKind::TrailingText, offset });
    }
    format::note_noise(findings, FindingKind::TrailingText, base + offset, rest);
    Ok(())
}

/// Returns the end of the document that starts here, or `None` if it is incomplete. Counts brackets outside strings.
pub(super) fn document_end(text: &[u8]) -> Option<usize> {
    Brackets::default().end(text).ok().flatten()
}

/// Rejects a document that is nested too deeply, so that later code may recurse.
fn check_depth(text: &str) -> Result<(), Error> {
    let too_deep = |offset| Error { kind: DecodeErrorKind::TooDeep { limit: MAX_DEPTH }, offset };
    Brackets::default().end(text.as_bytes()).map(drop).map_err(too_deep)
}

/// The values at the top level of a reply.
#[derive(Default)]
struct TopLevel<'a> {
    result: Option<&'a str>,
    status: Option<&'a str>,
    message: Option<&'a str>,
    errormessage: Option<&'a str>,
    tickets: Option<&'a str>,
    counts: [Option<&'a str>; 3],
    extra: BTreeMap<String, Box<str>>,
}

impl<'a> TopLevel<'a> {
    /// Returns the member that holds the value of a key; `None` for an unknown key.
    fn value_of(&mut self, key: &str) -> Option<&mut Option<&'a str>> {
        match key {
            "result" => Some(&mut self.result),
            "status" => Some(&mut self.status),
            "message" => Some(&mut self.message),
            "errormessage" => Some(&mut self.errormessage),
            "tickets" => Some(&mut self.tickets),
            name => Count::from_name(name).and_then(|count| self.counts.get_mut(count as usize)),
        }
    }
}

impl<'a> Source<'a> {
    fn reply(self, document: &'a str, mut findings: Findings) -> Result<TolerantReply, Error> {
        let mut top = TopLevel::default();
        self.each_entry(document, |key, raw| {
            if key == "errormessage" {
                note_top_level(&mut findings, FindingKind::ResultSpelling, &key);
            }
            let is_twice = match top.value_of(&key) {
                Some(value) => value.replace(raw).is_some(),
                None => {
                    self.check(raw)?;
                    builder::check_name_count(top.extra.len()).map_err(|kind| self.error(raw, kind))?;
                    top.extra.insert(key.clone().into_owned(), raw.into()).is_some()
                }
            };
            if is_twice {
                note_top_level(&mut findings, FindingKind::DuplicateKey, &key);
            }
            Ok(())
        })?;
        let TopLevel { result, status, message, errormessage, tickets, counts, mut extra } = top;
        // A null `message` is ignored if `errormessage` has a value.
        let message = message.filter(|raw| *raw != "null").or(errormessage).or(message);
        let (word, at) = match (result, status) {
            (Some(at), _) => (self.string_or_raw(at)?, at),
            (None, Some(at)) => {
                note_top_level(&mut findings, FindingKind::ResultSpelling, "status");
                (self.string_or_raw(at)?, at)
            }
            (None, None) if tickets.is_some() => {
                note_top_level(&mut findings, FindingKind::ResultSpelling, "result");
                (Cow::Borrowed("success"), document)
            }
            (None, None) => return Err(self.error(document, DecodeErrorKind::NotAReply { title: None })),
        };
        if word.eq_ignore_ascii_case("error") {
            let message = message.map(|raw| self.message(raw)).transpose()?.flatten();
            return Ok(TolerantReply::Error(builder::api_error(message, findings)));
        }
        if !word.eq_ignore_ascii_case("success") {
            // Firewalls send a `status` too, such as 403 or "blocked".
            if result.is_none() && tickets.is_none() {
                return Err(self.error(document, DecodeErrorKind::NotAReply { title: None }));
            }
            let result = findings.excerpt(&word, 64);
            return Err(self.error(at, DecodeErrorKind::UnknownResult { result }));
        }
        if tickets.is_none() {
            let keys = extra
                .iter()
                .map(|(name, raw)| (&**name, matches!(raw.as_bytes().first(), Some(b'{' | b'['))));
            other_call::check(counts.iter().any(Option::is_some), keys)
                .map_err(|kind| self.error(document, kind))?;
        }
        // On a page of tickets these two are unknown fields.
        for (name, raw) in [("status", result.and(status)), ("message", message)] {
            if let Some(raw) = raw {
                self.check(raw)?;
                extra.insert(name.to_owned(), raw.into());
            }
        }
        let mut page = Box::new(PageBuilder::new(findings));
        page.extra = extra;
        for (count, raw) in Count::ALL.into_iter().zip(counts) {
            if let Some(raw) = raw {
                let value = self.top_count(&mut page, count.name(), raw)?;
                page.set_count(count, value);
            }
        }
        match tickets {
            Some(raw) => self.tickets(&mut page, raw)?,
            None => note_top_level(&mut page.findings, FindingKind::EmptySpelling, "tickets"),
        }
        Ok(TolerantReply::Page(page))
    }

    /// Returns the text of a string, or the raw JSON of any other value.
    fn string_or_raw(self, raw: &'a str) -> Result<Cow<'a, str>, Error> {
        match self.value_kind(raw) {
            ValueKind::Text(quoted) => self.unescape(quoted),
            _ => Ok(Cow::Borrowed(raw)),
        }
    }

    fn message(self, raw: &'a str) -> Result<Option<String>, Error> {
        match self.value_kind(raw) {
            ValueKind::Null => Ok(None),
            ValueKind::Text(quoted) => self.unescape(quoted).map(|text| Some(text.into_owned())),
            // A message of another type is shown as JSON.
            _ => Ok(Some(raw.to_owned())),
        }
    }

    fn top_count(self, page: &mut PageBuilder, name: &str, raw: &'a str) -> Result<Option<u64>, Error> {
        let invalid = || self.error(raw, DecodeErrorKind::InvalidInteger { name: name.to_owned() });
        let text = match self.value_kind(raw) {
            ValueKind::Null => return Ok(None),
            ValueKind::Number(text) => Cow::Borrowed(text),
            ValueKind::Text(quoted) => self.unescape(quoted)?,
            _ => return Err(invalid()),
        };
        if text.is_empty() {
            note_top_level(&mut page.findings, FindingKind::EmptyNumber, name);
            return Ok(Some(0));
        }
        integer(Scalar::Text(&text, Span::default())).map(Some).ok_or_else(invalid)
    }

    /// Reads the value of `tickets`.
    fn tickets(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        if is_empty(raw) {
            note_top_level(&mut page.findings, FindingKind::EmptySpelling, "tickets");
            return Ok(());
        }
        match self.value_kind(raw) {
            ValueKind::Object => {
                let (mut list, mut seen, mut others) = (None, 0, Vec::new());
                self.each_entry(raw, |key, value| {
                    if key == "ticket" {
                        (list, seen) = (Some(value), seen + 1);
                    } else if others.len() < MAX_OTHERS {
                        others.push(key);
                    }
                    Ok(())
                })?;
                let Some(list) = list else {
                    note_top_level(&mut page.findings, FindingKind::BareList, "tickets");
                    return self.listed_object(page, raw, "tickets", true);
                };
                for key in others {
                    note_top_level(&mut page.findings, FindingKind::UnreadKey, &format!("tickets.{key}"));
                }
                if seen > 1 {
                    note_top_level(&mut page.findings, FindingKind::DuplicateKey, "tickets.ticket");
                }
                self.ticket_list(page, list, "tickets.ticket", true)
            }
            ValueKind::List => {
                note_top_level(&mut page.findings, FindingKind::BareList, "tickets");
                self.ticket_elements(page, raw, true)
            }
            _ => Err(self.not_a_list("tickets", raw)),
        }
    }

    /// Reads the value of `tickets.ticket`. One extra level of nesting is accepted if `may_nest`.
    fn ticket_list(
        self,
        page: &mut PageBuilder,
        raw: &'a str,
        path: &str,
        may_nest: bool,
    ) -> Result<(), Error> {
        match self.value_kind(raw) {
            ValueKind::List => self.ticket_elements(page, raw, may_nest),
            _ if is_empty(raw) => {
                note_top_level(&mut page.findings, FindingKind::EmptySpelling, path);
                Ok(())
            }
            ValueKind::Object => self.listed_object(page, raw, path, may_nest),
            _ => Err(self.not_a_list("ticket", raw)),
        }
    }

    fn ticket_elements(self, page: &mut PageBuilder, list: &'a str, may_nest: bool) -> Result<(), Error> {
        // Reserve the rows of a large page at once.
        let count = self.count(list)?;
        page.arena.rows.reserve(page.ticket_count() + count);
        self.each_element(list, |ticket| self.ticket(page, ticket, may_nest))
    }

    /// Reads an object in place of a list: a list with numeric keys, an extra level, or a single ticket.
    fn listed_object(
        self,
        page: &mut PageBuilder,
        raw: &'a str,
        path: &str,
        may_nest: bool,
    ) -> Result<(), Error> {
        match self.object_kind(raw, "ticket")? {
            ObjectKind::Numbered => {
                note_top_level(&mut page.findings, FindingKind::NumericKeys, path);
                self.each_entry(raw, |_, ticket| self.ticket(page, ticket, may_nest))
            }
            ObjectKind::Nested => self.ticket(page, raw, may_nest),
            ObjectKind::Single => {
                note_top_level(&mut page.findings, FindingKind::SingleObject, path);
                self.ticket(page, raw, may_nest)
            }
        }
    }

    /// Classifies an object in place of a list. It is an extra level only if its first key is `nested` and holds a list
    /// or an object.
    fn object_kind(self, raw: &'a str, nested: &str) -> Result<ObjectKind, Error> {
        let (mut is_first, mut is_nested, mut are_numbers) = (true, false, true);
        self.each_entry(raw, |key, value| {
            is_nested |= is_first
                && key == nested
                && matches!(self.value_kind(value), ValueKind::List | ValueKind::Object);
            are_numbers &= is_number(&key);
            is_first = false;
            Ok(())
        })?;
        Ok(match (is_nested, are_numbers) {
            (true, _) => ObjectKind::Nested,
            (_, true) => ObjectKind::Numbered,
            _ => ObjectKind::Single,
        })
    }

    fn not_a_list(self, name: &str, raw: &str) -> Error {
        self.error(raw, DecodeErrorKind::WrongType { name: name.to_owned(), expected: "a list of tickets" })
    }

    /// Reads an element of a list of tickets, normally a ticket. An empty element is skipped; an extra level is read if
    /// `may_nest`.
    fn ticket(self, page: &mut PageBuilder, raw: &'a str, may_nest: bool) -> Result<(), Error> {
        let path_of = |page: &PageBuilder| format!("tickets.ticket[{}]", page.ticket_count());
        if is_empty(raw) {
            let path = path_of(page);
            note_top_level(&mut page.findings, FindingKind::EmptySpelling, &path);
            return Ok(());
        }
        match self.value_kind(raw) {
            ValueKind::Object if !may_nest || !begins_with_key(raw, "ticket") => {
                self.ticket_entries(page, raw)
            }
            ValueKind::Object => match self.object_kind(raw, "ticket")? {
                ObjectKind::Nested => {
                    let path = path_of(page);
                    note_top_level(&mut page.findings, FindingKind::NestedList, &path);
                    self.each_entry(raw, |key, value| match &*key {
                        "ticket" => self.ticket_list(page, value, &path, false),
                        other => {
                            note_top_level(
                                &mut page.findings,
                                FindingKind::UnreadKey,
                                &format!("{path}.{other}"),
                            );
                            Ok(())
                        }
                    })
                }
                _ => self.ticket_entries(page, raw),
            },
            ValueKind::List if may_nest => {
                let path = path_of(page);
                note_top_level(&mut page.findings, FindingKind::NestedList, &path);
                self.each_element(raw, |ticket| self.ticket(page, ticket, false))
            }
            _ => Err(self
                .error(raw, DecodeErrorKind::WrongType { name: "ticket".to_owned(), expected: "an object" })),
        }
    }

    fn ticket_entries(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        self.each_entry(raw, |key, value| match Field::from_name(&key) {
            Some(field) if field.kind() == FieldKind::Attachments => self.attachments(page, value),
            Some(field) => self.field(page, field, value),
            None => {
                self.check(value)?;
                page.push_extra(&key, self.span(value)).map_err(|kind| self.error(value, kind))
            }
        })?;
        page.end_ticket().map_err(|kind| self.error(raw, kind))
    }

    fn field(self, page: &mut PageBuilder, field: Field, raw: &'a str) -> Result<(), Error> {
        let text;
        let value = match self.value_kind(raw) {
            ValueKind::Null => Scalar::Null,
            ValueKind::Boolean(value) => Scalar::Boolean(value),
            ValueKind::Number(number) => Scalar::Number(number, self.span(number)),
            ValueKind::Text(quoted) => {
                text = self.unescape(quoted)?;
                Scalar::Text(&text, self.keep(page, &text))
            }
            ValueKind::Object if field.kind() == FieldKind::DateTime => {
                return self.date_object(page, field, raw);
            }
            ValueKind::List | ValueKind::Object => {
                let expected = match field.kind() {
                    FieldKind::Integer => "an integer",
                    FieldKind::Boolean => "a boolean",
                    FieldKind::DateTime => "a date",
                    _ => "a text",
                };
                return Err(self.error(raw, wrong_type(field, expected)));
            }
        };
        page.set(field, value).map_err(|kind| self.error(raw, kind))
    }

    /// Reads a date that PHP wrote as an object: `{"date":"…","timezone_type":3,"timezone":"UTC"}`.
    fn date_object(self, page: &mut PageBuilder, field: Field, raw: &'a str) -> Result<(), Error> {
        let (mut date, mut zone) = (None, None);
        self.each_entry(raw, |key, value| {
            match (&*key, self.value_kind(value)) {
                ("date", ValueKind::Text(quoted)) => date = Some(self.unescape(quoted)?),
                ("timezone", ValueKind::Text(quoted)) => zone = Some(self.unescape(quoted)?),
                ("timezone_type", _) => {}
                (other, _) => page.note_ticket(FindingKind::UnreadKey, &format!("{field}.{other}")),
            }
            Ok(())
        })?;
        let Some(date) = date else { return Err(self.error(raw, wrong_type(field, "a date"))) };
        page.set_date_object(field, &date, zone.as_deref());
        Ok(())
    }

    /// Returns where a text is stored: in the body, or in the string of unescaped texts.
    #[allow(clippy::ptr_arg, reason = "the function depends on whether the text is borrowed")]
    fn keep(self, page: &mut PageBuilder, text: &Cow<'_, str>) -> Span {
        match text {
            Cow::Borrowed(part) => self.span(part),
            Cow::Owned(text) => page.arena.push_text(text),
        }
    }

    fn attachments(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        let field = Field::Attachments;
        if matches!(self.value_kind(raw), ValueKind::Null) {
            return page.set(field, Scalar::Null).map_err(|kind| self.error(raw, kind));
        }
        page.begin_attachments();
        if is_empty(raw) && !matches!(self.value_kind(raw), ValueKind::List) {
            page.note(FindingKind::EmptySpelling, field, None);
            return Ok(());
        }
        self.attachment_list(page, raw, true)
    }

    /// Reads a list of attachments, or an object in place of one.
    fn attachment_list(self, page: &mut PageBuilder, raw: &'a str, may_nest: bool) -> Result<(), Error> {
        let field = Field::Attachments;
        match self.value_kind(raw) {
            ValueKind::List => self.each_element(raw, |one| self.attachment(page, one, may_nest)),
            ValueKind::Object => match self.object_kind(raw, "attachment")? {
                ObjectKind::Numbered => {
                    page.note(FindingKind::NumericKeys, field, None);
                    self.each_entry(raw, |_, one| self.attachment(page, one, may_nest))
                }
                ObjectKind::Nested => self.attachment(page, raw, may_nest),
                ObjectKind::Single => {
                    page.note(FindingKind::SingleObject, field, None);
                    self.attachment(page, raw, may_nest)
                }
            },
            _ => Err(self.error(raw, wrong_type(field, "a list of attachments"))),
        }
    }

    /// Reads an element of a list of attachments, normally an attachment. An empty element is skipped; an extra level
    /// is read if `may_nest`.
    fn attachment(self, page: &mut PageBuilder, raw: &'a str, may_nest: bool) -> Result<(), Error> {
        let field = Field::Attachments;
        if is_empty(raw) {
            page.note(FindingKind::EmptySpelling, field, None);
            return Ok(());
        }
        match self.value_kind(raw) {
            ValueKind::Object if may_nest && begins_with_key(raw, "attachment") => {
                page.note(FindingKind::NestedList, field, None);
                self.each_entry(raw, |key, value| match &*key {
                    "attachment" if is_empty(value) => {
                        page.note(FindingKind::EmptySpelling, field, None);
                        Ok(())
                    }
                    "attachment" => self.attachment_list(page, value, false),
                    other => {
                        page.note_ticket(FindingKind::UnreadKey, &format!("attachments.{other}"));
                        Ok(())
                    }
                })
            }
            ValueKind::Object => self.attachment_entries(page, raw),
            ValueKind::List if may_nest => {
                page.note(FindingKind::NestedList, field, None);
                self.each_element(raw, |one| self.attachment(page, one, false))
            }
            _ => Err(self.error(raw, wrong_type(field, "a list of attachments"))),
        }
    }

    fn attachment_entries(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        let (mut filename, mut index) = (None, None);
        self.each_entry(raw, |key, raw| {
            match &*key {
                "filename" => match self.value_kind(raw) {
                    ValueKind::Text(quoted) => {
                        let text = self.unescape(quoted)?;
                        filename = Some(self.keep(page, &text));
                    }
                    ValueKind::Null => {
                        page.note(FindingKind::NullField, Field::Attachments, Some("a file name".into()));
                        filename = None;
                    }
                    _ => {
                        let name = "filename".to_owned();
                        return Err(self.error(raw, DecodeErrorKind::WrongType { name, expected: "a text" }));
                    }
                },
                // As for a missing index: its position in the list.
                "index" if raw == "null" => {
                    page.note(FindingKind::NullField, Field::Attachments, Some("an index".into()));
                    index = Some(u64::from(page.attachment_position()));
                }
                "index" => {
                    let text = self.string_or_raw(raw)?;
                    let number = integer(Scalar::Text(&text, Span::default()));
                    let invalid = || DecodeErrorKind::InvalidInteger { name: "index".into() };
                    index = Some(number.ok_or_else(|| self.error(raw, invalid()))?);
                }
                other => page.note_ticket(FindingKind::UnreadKey, &format!("attachments.{other}")),
            }
            Ok(())
        })?;
        page.push_attachment(filename, index);
        Ok(())
    }
}

/// How many unread keys beside the list of tickets are reported at most.
const MAX_OTHERS: usize = 1000;

/// What an object in place of a list can be.
enum ObjectKind {
    /// A list with numeric keys.
    Numbered,
    /// An extra level: the list is under a key of its own.
    Nested,
    /// A single element.
    Single,
}

/// Returns whether this is the first key of an object.
fn begins_with_key(object: &str, key: &str) -> bool {
    let after = object.strip_prefix('{').unwrap_or_default().trim_start();
    let rest = after.strip_prefix('"').and_then(|rest| rest.strip_prefix(key));
    rest.is_some_and(|rest| rest.starts_with('"'))
}

/// Returns whether a value is empty: null, `""`, `[]` or `{}`.
fn is_empty(raw: &str) -> bool {
    let mut inner = raw.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let brackets = (inner.next(), inner.next(), inner.next());
    raw == "null"
        || raw == "\"\""
        || matches!(brackets, (Some(b'['), Some(b']'), None) | (Some(b'{'), Some(b'}'), None))
}

fn is_number(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}
