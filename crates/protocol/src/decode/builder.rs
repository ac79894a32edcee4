//! Builds a page ticket by ticket, whatever the format, and checks each value.

use std::collections::{BTreeMap, HashMap};

use super::{Decoded, at_top};
use crate::extra::Extra;
use crate::finding::Findings;
use crate::page::Aside;
use crate::tickets::arena::{ArenaBuilder, AttachmentRow, ExtraRow, Span};
use crate::tickets::body::Body;
use crate::tickets::rows::Row;
use crate::time::{self, WireTime};
use crate::{
    ApiError, DecodeErrorKind, Field, FieldSet, FindingKind, Kind, Page, Reply, Tickets, Version, text,
};

/// A value as its format has it, before it is known what the field needs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    /// A number, as it is written.
    Number(&'a str, Span),
    /// A text, and where it is kept.
    Text(&'a str, Span),
}

/// The three counts beside the tickets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Total,
    Start,
    Returned,
}

impl Count {
    /// In the order in which servers write them.
    pub(super) const ALL: [Count; 3] = [Count::Total, Count::Start, Count::Returned];

    /// Its name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Count::Total => "totalresults",
            Count::Start => "startnumber",
            Count::Returned => "numreturned",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Count> {
        Count::ALL.into_iter().find(|count| count.name() == name)
    }
}

/// A page while it is built. Errors come without a place, which the formats know.
#[derive(Default)]
pub(super) struct PageBuilder {
    pub(super) arena: ArenaBuilder,
    pub(super) findings: Findings,
    pub(super) server_version: Option<Version>,
    /// The top-level fields of no version's documentation, as JSON that was checked.
    pub(super) extra: BTreeMap<String, Box<str>>,
    counts: [Option<u64>; 3],
    row: Row,
    extra_names: HashMap<Box<str>, ExtraName>,
}

/// A name of unknown fields, and which ticket had it last.
struct ExtraName {
    index: u32,
    ticket: usize,
    extra: usize,
}

impl PageBuilder {
    pub(super) fn new(findings: Findings) -> PageBuilder {
        PageBuilder { findings, ..PageBuilder::default() }
    }

    /// How many tickets are whole; the number of the one that is being built.
    pub(super) fn ticket_count(&self) -> usize {
        self.arena.rows.len()
    }

    /// Drops the tickets so far, where the list occurs twice; the last counts.
    pub(super) fn drop_tickets(&mut self) {
        self.arena.rows.clear();
        self.arena.attachments.clear();
        self.arena.extras.clear();
        self.arena.extra_names.clear();
        self.extra_names.clear();
    }

    /// Notes a finding about a field of the ticket that is being built.
    pub(super) fn note(&mut self, kind: FindingKind, field: Field, detail: Option<String>) {
        let ticket = self.ticket_count();
        let place = || format!("tickets.ticket[{ticket}].{field}");
        self.findings.note_ticket(kind, Some(field), place, detail);
    }

    /// Notes a finding about the ticket that is being built.
    pub(super) fn note_ticket(&mut self, kind: FindingKind, key: &str) {
        let ticket = self.ticket_count();
        let key = text::excerpt(key, 64);
        self.findings.note_ticket(kind, None, || format!("tickets.ticket[{ticket}].{key}"), None);
    }

    pub(super) fn set_count(&mut self, count: Count, value: Option<u64>) {
        if let Some(slot) = self.counts.get_mut(count as usize) {
            *slot = value;
        }
    }

    /// Sets an integer, a text, a date or a truth value.
    pub(super) fn set(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        self.note_twice(field);
        if let (Scalar::Null, true) = (value, field != Field::Id) {
            // Tickets older than the field have none, so this one null is documented by use.
            if field != Field::RequestorName {
                self.note(FindingKind::NullField, field, None);
            }
            self.row.set_null(field);
            return Ok(());
        }
        match field.kind() {
            Kind::Integer => self.set_integer(field, value),
            Kind::Text => self.set_text(field, value).map(|_| ()),
            Kind::DateTime => self.set_time(field, value),
            Kind::Boolean => self.set_boolean(field, value),
            Kind::Attachments => Err(wrong_type(field, "a list of attachments")),
        }
    }

    fn set_integer(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        if let (Scalar::Text("", _), true) = (value, field != Field::Id) {
            self.note(FindingKind::EmptyNumber, field, None);
            self.row.set_integer(field, 0, true);
            return Ok(());
        }
        let invalid = || DecodeErrorKind::InvalidInteger { name: field.name().to_owned() };
        let number = integer(value).ok_or_else(invalid)?;
        self.row.set_integer(field, number, matches!(value, Scalar::Text(..)));
        Ok(())
    }

    fn set_text<'a>(&mut self, field: Field, value: Scalar<'a>) -> Result<&'a str, DecodeErrorKind> {
        let (text, span) = match value {
            Scalar::Text(text, span) => (text, span),
            Scalar::Number(text, span) => {
                let detail = (!field.spec().sensitive).then(|| self.findings.excerpt(text, 40));
                self.note(FindingKind::NumberForText, field, detail);
                (text, span)
            }
            Scalar::Null | Scalar::Boolean(_) => return Err(wrong_type(field, "a text")),
        };
        self.row.set_text(field, span);
        Ok(text)
    }

    fn set_time(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        let text = self.set_text(field, value)?;
        self.note_date(field, text, false);
        Ok(())
    }

    /// Notes how a date is spelled, where it is not as documented.
    fn note_date(&mut self, field: Field, text: &str, is_object: bool) {
        let kind = match time::read(text) {
            WireTime::Unreadable => FindingKind::UnreadableDate,
            _ if is_object || !time::is_documented_spelling(text) => FindingKind::DateSpelling,
            _ => return,
        };
        let detail = self.findings.excerpt(text, 40);
        self.note(kind, field, Some(format!("\"{detail}\"")));
    }

    /// Sets a date that was sent as an object: the text is kept, and behind it the zone, as PHP's format `Y-m-d H:i:s.u e`
    /// writes them.
    pub(super) fn set_date_object(&mut self, field: Field, date: &str, zone: Option<&str>) {
        self.note_twice(field);
        let text = match zone {
            Some(zone) => format!("{date} {zone}"),
            None => date.to_owned(),
        };
        self.note_date(field, &text, true);
        let span = self.arena.push_text(&text);
        self.row.set_text(field, span);
    }

    fn note_twice(&mut self, field: Field) {
        if self.row.head.carried.contains(field) {
            self.note(FindingKind::DuplicateKey, field, None);
            self.row.head.null.remove(field);
            self.row.head.quoted.remove(field);
        }
    }

    fn set_boolean(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        let truth = boolean(value).ok_or(DecodeErrorKind::InvalidBoolean { field })?;
        self.row.head.set_attachments_removed(truth);
        self.row.head.carried.insert(field);
        if matches!(value, Scalar::Text(..)) {
            self.row.head.quoted.insert(field);
        }
        Ok(())
    }

    /// Starts the list of attachments.
    pub(super) fn begin_attachments(&mut self) {
        if self.row.head.carried.contains(Field::Attachments) {
            self.note(FindingKind::DuplicateKey, Field::Attachments, None);
            self.row.head.null.remove(Field::Attachments);
        }
        self.row.head.carried.insert(Field::Attachments);
        self.row.head.attachments_start = self.arena.attachments.len() as u32;
        self.row.head.set_attachments_len(0);
    }

    /// The place of the next attachment in its list.
    pub(super) fn attachment_place(&self) -> u32 {
        self.row.head.attachments_len()
    }

    /// Adds to the list of attachments. An entry without a file name is not an attachment, and is skipped.
    pub(super) fn push_attachment(&mut self, filename: Option<Span>, index: Option<u64>) {
        let Some(filename) = filename else {
            let detail = "an entry without a file name, which is skipped";
            return self.note(FindingKind::MissingField, Field::Attachments, Some(detail.into()));
        };
        if index.is_none() {
            let detail = "an index, for which the place in the list is used";
            self.note(FindingKind::MissingField, Field::Attachments, Some(detail.into()));
        }
        let place = u64::from(self.attachment_place());
        self.arena.attachments.push(AttachmentRow { filename, index: index.unwrap_or(place) });
        self.row.head.set_attachments_len(self.row.head.attachments_len() + 1);
    }

    /// Keeps a field of no version's documentation; its value is JSON that was checked.
    pub(super) fn push_extra(&mut self, name: &str, json: Span) -> Result<(), DecodeErrorKind> {
        let (ticket, next) = (self.ticket_count(), self.arena.extras.len());
        if !self.extra_names.contains_key(name) {
            check_names(self.extra_names.len())?;
            let index = self.arena.extra_names.len() as u32;
            self.arena.extra_names.push(name.into());
            self.extra_names.insert(name.into(), ExtraName { index, ticket: usize::MAX, extra: 0 });
        }
        let Some(known) = self.extra_names.get_mut(name) else { return Ok(()) };
        if known.ticket == ticket {
            if let Some(extra) = self.arena.extras.get_mut(known.extra) {
                extra.json = json;
            }
            self.note_ticket(FindingKind::DuplicateKey, name);
            return Ok(());
        }
        (known.ticket, known.extra) = (ticket, next);
        self.arena.extras.push(ExtraRow { ticket: ticket as u32, name: known.index, json });
        Ok(())
    }

    /// Whether nothing is known of the ticket that is being built.
    pub(super) fn is_ticket_empty(&self) -> bool {
        let ticket = self.ticket_count();
        let has_extra = self.arena.extras.last().is_some_and(|extra| extra.ticket as usize == ticket);
        self.row.head.carried.is_empty() && !has_extra
    }

    /// Whether the reply has one of the three counts.
    pub(super) fn has_count(&self) -> bool {
        self.counts.iter().any(Option::is_some)
    }

    /// Ends the ticket that is being built.
    pub(super) fn end_ticket(&mut self) -> Result<(), DecodeErrorKind> {
        let row = std::mem::take(&mut self.row);
        if !row.head.carried.contains(Field::Id) {
            return Err(DecodeErrorKind::MissingId);
        }
        for field in FieldSet::documented_for(Version::V1_0).difference(row.head.carried).iter() {
            self.note(FindingKind::MissingField, field, None);
        }
        self.findings.end_ticket(row.integer(Field::Id));
        self.arena.rows.push(&row);
        Ok(())
    }

    /// Ends the page. Spans of the body point into `body`.
    pub(super) fn finish(mut self, body: impl Into<Body>) -> Decoded {
        self.arena.body = body.into();
        for (count, _) in Count::ALL.into_iter().zip(self.counts).filter(|(_, count)| count.is_none()) {
            at_top(&mut self.findings, FindingKind::MissingCount, count.name());
        }
        let found = self.ticket_count() as u64;
        let [total, start, numreturned] = self.counts;
        if let Some(total) = total.filter(|total| found == 0 && counts_more(*total, start)) {
            let detail = Some(format!("the server counts {total} tickets and sent none"));
            self.findings.note(FindingKind::NoneOfCounted, None, || "totalresults".into(), detail);
        }
        if let Some(said) = numreturned.filter(|said| *said != found) {
            let detail = Some(format!("it is {said}, and the page has {found}"));
            self.findings.note(FindingKind::CountMismatch, None, || "numreturned".into(), detail);
        }
        let page = Page {
            counts: self.counts.into(),
            tickets: Tickets::from_arena(self.arena),
            aside: Aside::of(self.server_version, Extra::new(self.extra)),
        };
        Decoded { reply: Reply::Tickets(page), findings: self.findings }
    }
}

/// Whether a server counts tickets from the start of this page on. Without a start the page is taken for the first.
pub(super) fn counts_more(total: u64, start: Option<u64>) -> bool {
    total > start.unwrap_or(0)
}

/// How many names of unknown fields a page may have. Each takes some hundred bytes, and real pages have a few.
const MAX_NAMES: usize = 1 << 16;

/// Refuses one more name of an unknown field than a page may have.
pub(super) fn check_names(known: usize) -> Result<(), DecodeErrorKind> {
    if known < MAX_NAMES { Ok(()) } else { Err(DecodeErrorKind::TooManyNames { limit: MAX_NAMES }) }
}

/// An error of the API. Its message is redacted, and only then cut to length.
pub(super) fn api_error(message: Option<String>, findings: Findings) -> Decoded {
    let shown = |message: String| {
        let message = match findings.redactor() {
            Some(redactor) => redactor.redact(&message).into_owned(),
            None => message,
        };
        text::bounded(&message, ApiError::MAX_MESSAGE).into_owned()
    };
    let error = message.map_or_else(ApiError::without_message, |message| ApiError::new(shown(message)));
    Decoded { reply: Reply::Error(error), findings }
}

pub(super) fn wrong_type(field: Field, expected: &'static str) -> DecodeErrorKind {
    DecodeErrorKind::WrongType { name: field.name().to_owned(), expected }
}

/// An integer as servers write it: digits alone, as a number or as a text.
pub(super) fn integer(value: Scalar<'_>) -> Option<u64> {
    match value {
        Scalar::Number(text, _) | Scalar::Text(text, _) => {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        }
        Scalar::Null | Scalar::Boolean(_) => None,
    }
}

/// A truth value as servers write it: `true`, `false`, 0, 1, as they are or as a text, and an empty text.
fn boolean(value: Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Boolean(value) => Some(value),
        Scalar::Number(text, _) | Scalar::Text(text, _) => match text {
            "1" => Some(true),
            "0" | "" => Some(false),
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        Scalar::Null => None,
    }
}
