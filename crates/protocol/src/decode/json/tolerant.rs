//! The tolerant JSON decoder: every shape that servers are known to send. Its meaning is the specification
//! of the fast one.
//!
//! It walks down the body level by level; at each, serde_json cuts an object or a list into its raw
//! values, so that a value's place in the body is always known.

mod source;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::decode::builder::{self, Count, PageBuilder, Scalar, integer, wrong_type};
use crate::decode::{Decoded, MAX_DEPTH, at_top, excerpt};
use crate::finding::Findings;
use crate::tickets::arena::Span;
use crate::{DecodeErrorKind, Field, FindingKind, Kind};

pub(super) use self::source::Error;
use self::source::{Shape, Source, syntax};

/// A page whose body is still to be put in, or an error of the API.
pub(super) enum Outcome {
    Page(Box<PageBuilder>),
    Error(Decoded),
}

pub(super) fn decode(text: &str, findings: Findings) -> Result<Outcome, Error> {
    check_depth(text)?;
    let document: &RawValue = serde_json::from_str(text).map_err(|error| syntax(text, 0, &error))?;
    let source = Source { text };
    let Shape::Object(entries) = source.shape(document.get())? else {
        return Err(source.error(document.get(), DecodeErrorKind::NotAReply { title: None }));
    };
    source.reply(document.get(), entries, findings)
}

/// Counts brackets outside strings. What follows may then recurse as deep as the limit.
fn check_depth(text: &str) -> Result<(), Error> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Error { kind: DecodeErrorKind::TooDeep { limit: MAX_DEPTH }, offset });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

impl<'a> Source<'a> {
    fn reply(
        self,
        document: &'a str,
        entries: Vec<(Cow<'a, str>, &'a RawValue)>,
        mut findings: Findings,
    ) -> Result<Outcome, Error> {
        let (mut result, mut status, mut tickets) = (None, None, None);
        let (mut message, mut errormessage) = (None, None);
        let mut counts = Vec::new();
        let mut extra = std::collections::BTreeMap::new();
        let mut keys = std::collections::HashSet::new();
        for (key, raw) in entries {
            if !keys.insert(key.clone()) {
                at_top(&mut findings, FindingKind::DuplicateKey, &excerpt::visible(&key, 64));
            }
            match &*key {
                "result" => result = Some(raw.get()),
                "status" => status = Some(raw.get()),
                "message" => message = Some(raw.get()),
                "errormessage" => {
                    at_top(&mut findings, FindingKind::ResultSpelling, &key);
                    errormessage = Some(raw.get());
                }
                "tickets" => tickets = Some(raw.get()),
                name => match Count::from_name(name) {
                    Some(count) => counts.push((count, name.to_owned(), raw.get())),
                    None => {
                        self.check(raw.get())?;
                        extra.insert(name.to_owned(), raw.get().into());
                    }
                },
            }
        }
        // A null is no message where the other name has one.
        let message = message.filter(|raw| *raw != "null").or(errormessage).or(message);
        let (word, at) = match (result, status) {
            (Some(at), _) => (self.word(at)?, at),
            (None, Some(at)) => {
                at_top(&mut findings, FindingKind::ResultSpelling, "status");
                (self.word(at)?, at)
            }
            (None, None) if tickets.is_some() => {
                at_top(&mut findings, FindingKind::ResultSpelling, "result");
                (Cow::Borrowed("success"), document)
            }
            (None, None) => return Err(self.error(document, DecodeErrorKind::NotAReply { title: None })),
        };
        if word.eq_ignore_ascii_case("error") {
            let message = message.map(|raw| self.message(raw)).transpose()?.flatten();
            return Ok(Outcome::Error(builder::api_error(message, findings)));
        }
        if !word.eq_ignore_ascii_case("success") {
            // Firewalls have a status too, such as 403 or "blocked".
            if result.is_none() && tickets.is_none() {
                return Err(self.error(document, DecodeErrorKind::NotAReply { title: None }));
            }
            let result = excerpt::visible(&word, 64);
            return Err(self.error(at, DecodeErrorKind::UnknownResult { result }));
        }
        // On a page of tickets these two mean nothing, and are kept like any other.
        for (name, raw) in [("status", result.and(status)), ("message", message)] {
            if let Some(raw) = raw {
                self.check(raw)?;
                extra.insert(name.to_owned(), raw.into());
            }
        }
        let mut page = Box::new(PageBuilder::new(findings));
        page.extra = extra;
        for (count, name, raw) in counts {
            let value = self.count(&mut page, &name, raw)?;
            page.set_count(count, value);
        }
        match tickets {
            Some(raw) => self.tickets(&mut page, raw)?,
            None => at_top(&mut page.findings, FindingKind::EmptySpelling, "tickets"),
        }
        Ok(Outcome::Page(page))
    }

    /// A text at the top level.
    fn word(self, raw: &'a str) -> Result<Cow<'a, str>, Error> {
        match self.shape(raw)? {
            Shape::Text(quoted) => self.unescape(quoted),
            _ => Ok(Cow::Borrowed(raw)),
        }
    }

    fn message(self, raw: &'a str) -> Result<Option<String>, Error> {
        match self.shape(raw)? {
            Shape::Null => Ok(None),
            Shape::Text(quoted) => self.unescape(quoted).map(|text| Some(text.into_owned())),
            // Better a strange message than none.
            _ => Ok(Some(raw.to_owned())),
        }
    }

    fn count(self, page: &mut PageBuilder, name: &str, raw: &'a str) -> Result<Option<u64>, Error> {
        let invalid = || self.error(raw, DecodeErrorKind::InvalidInteger { name: name.to_owned() });
        let text = match self.shape(raw)? {
            Shape::Null => return Ok(None),
            Shape::Number(text) => Cow::Borrowed(text),
            Shape::Text(quoted) => self.unescape(quoted)?,
            _ => return Err(invalid()),
        };
        if text.is_empty() {
            at_top(&mut page.findings, FindingKind::EmptyNumber, name);
            return Ok(Some(0));
        }
        integer(Scalar::Text(&text, Span::default())).map(Some).ok_or_else(invalid)
    }

    /// The value of `tickets`.
    fn tickets(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        match self.shape(raw)? {
            Shape::Object(entries) if entries.iter().any(|(key, _)| key == "ticket") => {
                let (mut list, mut seen) = (None, 0);
                for (key, value) in entries {
                    if key == "ticket" {
                        (list, seen) = (Some(value), seen + 1);
                    } else {
                        let key = excerpt::visible(&key, 64);
                        at_top(&mut page.findings, FindingKind::UnreadKey, &format!("tickets.{key}"));
                    }
                }
                if seen > 1 {
                    at_top(&mut page.findings, FindingKind::DuplicateKey, "tickets.ticket");
                }
                list.map_or(Ok(()), |list| self.ticket_list(page, list.get(), "tickets.ticket"))
            }
            Shape::Object(entries) if !entries.is_empty() => {
                at_top(&mut page.findings, FindingKind::BareList, "tickets");
                self.listed_object(page, raw, entries, "tickets")
            }
            Shape::List(list) if !list.is_empty() => {
                at_top(&mut page.findings, FindingKind::BareList, "tickets");
                list.into_iter().try_for_each(|ticket| self.ticket(page, ticket.get()))
            }
            _ if is_empty(raw) => {
                at_top(&mut page.findings, FindingKind::EmptySpelling, "tickets");
                Ok(())
            }
            _ => Err(self.not_a_list("tickets", raw)),
        }
    }

    /// The value of `tickets.ticket`.
    fn ticket_list(self, page: &mut PageBuilder, raw: &'a str, place: &str) -> Result<(), Error> {
        match self.shape(raw)? {
            Shape::List(list) => {
                // The rows of a large page are made room for once.
                page.arena.rows.reserve(list.len());
                list.into_iter().try_for_each(|ticket| self.ticket(page, ticket.get()))
            }
            Shape::Object(entries) if !entries.is_empty() => self.listed_object(page, raw, entries, place),
            _ if is_empty(raw) => {
                at_top(&mut page.findings, FindingKind::EmptySpelling, place);
                Ok(())
            }
            _ => Err(self.not_a_list("ticket", raw)),
        }
    }

    /// An object in place of a list: a list with numbers for keys, or one ticket by itself.
    fn listed_object(
        self,
        page: &mut PageBuilder,
        raw: &'a str,
        entries: Vec<(Cow<'a, str>, &'a RawValue)>,
        place: &str,
    ) -> Result<(), Error> {
        if entries.iter().all(|(key, _)| is_number(key)) {
            at_top(&mut page.findings, FindingKind::NumericKeys, place);
            return entries.into_iter().try_for_each(|(_, ticket)| self.ticket(page, ticket.get()));
        }
        at_top(&mut page.findings, FindingKind::SingleObject, place);
        self.ticket_entries(page, raw, entries)
    }

    fn not_a_list(self, name: &str, raw: &str) -> Error {
        self.error(raw, DecodeErrorKind::WrongType { name: name.to_owned(), expected: "a list of tickets" })
    }

    fn ticket(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        match self.shape(raw)? {
            Shape::Object(entries) => self.ticket_entries(page, raw, entries),
            _ => Err(self
                .error(raw, DecodeErrorKind::WrongType { name: "ticket".to_owned(), expected: "an object" })),
        }
    }

    fn ticket_entries(
        self,
        page: &mut PageBuilder,
        raw: &'a str,
        entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    ) -> Result<(), Error> {
        for (key, value) in entries {
            let value = value.get();
            match Field::from_name(&key) {
                Some(field) if field.kind() == Kind::Attachments => self.attachments(page, value)?,
                Some(field) => self.field(page, field, value)?,
                None => {
                    self.check(value)?;
                    page.push_extra(&key, self.span(value));
                }
            }
        }
        page.end_ticket().map_err(|kind| self.error(raw, kind))
    }

    fn field(self, page: &mut PageBuilder, field: Field, raw: &'a str) -> Result<(), Error> {
        let text;
        let value = match self.shape(raw)? {
            Shape::Null => Scalar::Null,
            Shape::Boolean(value) => Scalar::Boolean(value),
            Shape::Number(number) => Scalar::Number(number, self.span(number)),
            Shape::Text(quoted) => {
                text = self.unescape(quoted)?;
                Scalar::Text(&text, self.keep(page, &text))
            }
            Shape::List(_) | Shape::Object(_) => {
                let expected = match field.kind() {
                    Kind::Integer => "an integer",
                    Kind::Boolean => "a truth value",
                    _ => "a text",
                };
                return Err(self.error(raw, wrong_type(field, expected)));
            }
        };
        page.set(field, value).map_err(|kind| self.error(raw, kind))
    }

    /// Where a text is kept: in the body, or with the unescaped ones.
    #[allow(clippy::ptr_arg, reason = "whether it is borrowed is what this asks")]
    fn keep(self, page: &mut PageBuilder, text: &Cow<'_, str>) -> Span {
        match text {
            Cow::Borrowed(part) => self.span(part),
            Cow::Owned(text) => page.arena.push_text(text),
        }
    }

    fn attachments(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        let field = Field::Attachments;
        let place = |page: &mut PageBuilder, kind| page.note(kind, field, None);
        match self.shape(raw)? {
            Shape::Null => page.set(field, Scalar::Null).map_err(|kind| self.error(raw, kind)),
            Shape::List(list) => {
                page.begin_attachments();
                list.into_iter().try_for_each(|one| self.attachment(page, one.get()))
            }
            Shape::Object(entries) if !entries.is_empty() => {
                page.begin_attachments();
                if entries.iter().all(|(key, _)| is_number(key)) {
                    place(page, FindingKind::NumericKeys);
                    return entries.into_iter().try_for_each(|(_, one)| self.attachment(page, one.get()));
                }
                place(page, FindingKind::SingleObject);
                self.attachment_entries(page, entries)
            }
            _ if is_empty(raw) => {
                page.begin_attachments();
                place(page, FindingKind::EmptySpelling);
                Ok(())
            }
            _ => Err(self.error(raw, wrong_type(field, "a list of attachments"))),
        }
    }

    fn attachment(self, page: &mut PageBuilder, raw: &'a str) -> Result<(), Error> {
        match self.shape(raw)? {
            Shape::Object(entries) => self.attachment_entries(page, entries),
            _ => Err(self.error(raw, wrong_type(Field::Attachments, "a list of attachments"))),
        }
    }

    fn attachment_entries(
        self,
        page: &mut PageBuilder,
        entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    ) -> Result<(), Error> {
        let (mut filename, mut index) = (None, None);
        for (key, value) in entries {
            let raw = value.get();
            match &*key {
                "filename" => {
                    filename = Some(match self.shape(raw)? {
                        Shape::Text(quoted) => {
                            let text = self.unescape(quoted)?;
                            self.keep(page, &text)
                        }
                        Shape::Null => {
                            page.note(FindingKind::NullField, Field::Attachments, Some("a file name".into()));
                            Span::default()
                        }
                        _ => {
                            let name = "filename".to_owned();
                            return Err(
                                self.error(raw, DecodeErrorKind::WrongType { name, expected: "a text" })
                            );
                        }
                    });
                }
                // As where there is none: its place in the list.
                "index" if raw == "null" => {
                    page.note(FindingKind::NullField, Field::Attachments, Some("an index".into()));
                    index = Some(u64::from(page.attachment_place()));
                }
                "index" => {
                    let text = self.word(raw)?;
                    let number = integer(Scalar::Text(&text, Span::default()));
                    let invalid = || DecodeErrorKind::InvalidInteger { name: "index".into() };
                    index = Some(number.ok_or_else(|| self.error(raw, invalid()))?);
                }
                other => page.note_ticket(FindingKind::UnreadKey, &format!("attachments.{other}")),
            }
        }
        page.push_attachment(filename, index);
        Ok(())
    }
}

/// Whether a value is one of PHP's ways to say that there is nothing.
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
