//! Builds a page ticket by ticket, for every format, and checks each value.

use std::collections::{BTreeMap, HashMap};

use super::decoded::{Decoded, note_top_level};
use crate::extra::Extra;
use crate::finding::Findings;
use crate::page::RareParts;
use crate::tickets::arena::{ArenaBuilder, AttachmentRow, ExtraRow};
use crate::tickets::body::Body;
use crate::tickets::rows::Row;
use crate::tickets::span::Span;
use crate::time::{self, WireTime};
use crate::{
    ApiError, DecodeErrorKind, Field, FieldKind, FieldSet, FindingKind, Page, Reply, Tickets, Version, text,
};

/// A scalar value, before it is converted to the type of the field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    /// A number, as it is written, and where it is stored.
    Number(&'a str, Span),
    /// A text, and where it is stored.
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

    /// Returns its name on the wire.
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

/// A page under construction. Its errors have no offset and no path; the decoder of the format adds them.
#[derive(Default)]
pub(super) struct PageBuilder {
    pub(super) arena: ArenaBuilder,
    pub(super) findings: Findings,
    pub(super) server_version: Option<Version>,
    /// Unknown top-level fields, as JSON that was checked.
    pub(super) extra: BTreeMap<String, Box<str>>,
    counts: [Option<u64>; 3],
    row: Row,
    extra_names: HashMap<Box<str>, ExtraName>,
}

/// The name of an unknown field, and the last ticket that had it.
struct ExtraName {
    index: u32,
    ticket: usize,
    extra: usize,
}

impl PageBuilder {
    pub(super) fn new(findings: Findings) -> PageBuilder {
        PageBuilder { findings, ..PageBuilder::default() }
    }

    /// Returns how many tickets are complete, which is the index of the current ticket.
    pub(super) fn ticket_count(&self) -> usize {
        self.arena.rows.len()
    }

    /// Removes the tickets read so far. Used when the list occurs twice: the last list is used.
    pub(super) fn drop_tickets(&mut self) {
        self.arena.rows.clear();
        self.arena.attachments.clear();
        self.arena.extras.clear();
        self.arena.extra_names.clear();
        self.extra_names.clear();
    }

    /// Adds a finding about a field of the current ticket.
    pub(super) fn note(&mut self, kind: FindingKind, field: Field, detail: Option<String>) {
        let ticket = self.ticket_count();
        let path = || format!("tickets.ticket[{ticket}].{field}");
        self.findings.note_ticket(ticket, kind, Some(field), path, detail);
    }

    /// Adds a finding about the current ticket.
    pub(super) fn note_ticket(&mut self, kind: FindingKind, key: &str) {
        let ticket = self.ticket_count();
        let key = text::excerpt(key, 64);
        let path = || format!("tickets.ticket[{ticket}].{key}");
        self.findings.note_ticket(ticket, kind, None, path, None);
    }

    pub(super) fn set_count(&mut self, count: Count, value: Option<u64>) {
        if let Some(known) = self.counts.get_mut(count as usize) {
            *known = value;
        }
    }

    /// Sets an integer, a text, a date or a boolean.
    pub(super) fn set(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        self.note_duplicate(field);
        if let (Scalar::Null, true) = (value, field != Field::Id) {
            // Null is normal for `requestor_name` on tickets older than the field.
            if field != Field::RequestorName {
                self.note(FindingKind::NullField, field, None);
            }
            self.row.set_null(field);
            return Ok(());
        }
        match field.kind() {
            FieldKind::Integer => self.set_integer(field, value),
            FieldKind::Text => self.set_text(field, value).map(|_| ()),
            FieldKind::DateTime => self.set_time(field, value),
            FieldKind::Boolean => self.set_boolean(field, value),
            FieldKind::Attachments => Err(wrong_type(field, "a list of attachments")),
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

    /// Adds a finding if a date is not in the documented notation, or cannot be read.
    fn note_date(&mut self, field: Field, text: &str, is_object: bool) {
        let kind = match time::read(text) {
            WireTime::Unreadable => FindingKind::UnreadableDate,
            _ if is_object || !time::is_documented_notation(text) => FindingKind::DateSpelling,
            _ => return,
        };
        let detail = self.findings.excerpt(text, 40);
        self.note(kind, field, Some(format!("\"{detail}\"")));
    }

    /// Sets a date that was sent as an object. It is kept as text followed by the zone, as PHP's format `Y-m-d H:i:s.u
    /// e` writes it.
    pub(super) fn set_date_object(&mut self, field: Field, date: &str, zone: Option<&str>) {
        self.note_duplicate(field);
        let text = match zone {
            Some(zone) => format!("{date} {zone}"),
            None => date.to_owned(),
        };
        self.note_date(field, &text, true);
        let span = self.arena.push_text(&text);
        self.row.set_text(field, span);
    }

    fn note_duplicate(&mut self, field: Field) {
        if self.row.head.present.contains(field) {
            self.note(FindingKind::DuplicateKey, field, None);
            self.row.head.null.remove(field);
            self.row.head.quoted.remove(field);
        }
    }

    fn set_boolean(&mut self, field: Field, value: Scalar<'_>) -> Result<(), DecodeErrorKind> {
        let truth = boolean(value).ok_or(DecodeErrorKind::InvalidBoolean { field })?;
        self.row.head.set_attachments_removed(truth);
        self.row.head.present.insert(field);
        if matches!(value, Scalar::Text(..)) {
            self.row.head.quoted.insert(field);
        }
        Ok(())
    }

    /// Starts the list of attachments.
    pub(super) fn begin_attachments(&mut self) {
        if self.row.head.present.contains(Field::Attachments) {
            self.note(FindingKind::DuplicateKey, Field::Attachments, None);
            self.row.head.null.remove(Field::Attachments);
        }
        self.row.head.present.insert(Field::Attachments);
        self.row.head.attachments_start = self.arena.attachments.len() as u32;
        self.row.head.set_attachments_len(0);
    }

    /// Returns the position of the next attachment in its list.
    pub(super) fn attachment_position(&self) -> u32 {
        self.row.head.attachments_len()
    }

    /// Adds an attachment. An entry without a file name is skipped.
    pub(super) fn push_attachment(&mut self, filename: Option<Span>, index: Option<u64>) {
        let Some(filename) = filename else {
            let detail = "an entry without a file name, which is skipped";
            return self.note(FindingKind::MissingField, Field::Attachments, Some(detail.into()));
        };
        if index.is_none() {
            let detail = "an index, for which the position in the list is used";
            self.note(FindingKind::MissingField, Field::Attachments, Some(detail.into()));
        }
        let position = u64::from(self.attachment_position());
        self.arena.attachments.push(AttachmentRow { filename, index: index.unwrap_or(position) });
        self.row.head.set_attachments_len(self.row.head.attachments_len() + 1);
    }

    /// Adds an unknown field. Its value is JSON that was checked.
    pub(super) fn push_extra(&mut self, name: &str, json: Span) -> Result<(), DecodeErrorKind> {
        let (ticket, next) = (self.ticket_count(), self.arena.extras.len());
        if !self.extra_names.contains_key(name) {
            check_name_count(self.extra_names.len())?;
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

    /// Returns whether the current ticket has no fields.
    pub(super) fn is_ticket_empty(&self) -> bool {
        let ticket = self.ticket_count();
        let has_extra = self.arena.extras.last().is_some_and(|extra| extra.ticket as usize == ticket);
        self.row.head.present.is_empty() && !has_extra
    }

    /// Returns whether the reply has any of the three counts.
    pub(super) fn has_count(&self) -> bool {
        self.counts.iter().any(Option::is_some)
    }

    /// Completes the current ticket.
    pub(super) fn end_ticket(&mut self) -> Result<(), DecodeErrorKind> {
        let row = std::mem::take(&mut self.row);
        if !row.head.present.contains(Field::Id) {
            return Err(DecodeErrorKind::MissingId);
        }
        for field in FieldSet::documented_for(Version::V1_0).difference(row.head.present).iter() {
            self.note(FindingKind::MissingField, field, None);
        }
        self.findings.end_ticket(row.integer(Field::Id));
        self.arena.rows.push(&row);
        Ok(())
    }

    /// Completes the page. Its spans refer to `body`.
    pub(super) fn finish(mut self, body: impl Into<Body>) -> Decoded {
        self.arena.body = body.into();
        for (count, _) in Count::ALL.into_iter().zip(self.counts).filter(|(_, count)| count.is_none()) {
            note_top_level(&mut self.findings, FindingKind::MissingCount, count.name());
        }
        let found = self.ticket_count() as u64;
        let [total, start, numreturned] = self.counts;
        if let Some(total) = total.filter(|total| found == 0 && expects_tickets(*total, start)) {
            let detail = Some(format!("the server counts {total} tickets and sent none"));
            self.findings.note(FindingKind::MissingTickets, None, || "totalresults".into(), detail);
        }
        if let Some(said) = numreturned.filter(|said| *said != found) {
            let detail = Some(format!("it is {said}, and the page has {found}"));
            self.findings.note(FindingKind::CountMismatch, None, || "numreturned".into(), detail);
        }
        let page = Page {
            counts: self.counts.into(),
            tickets: Tickets::from_arena(self.arena),
            rare: RareParts::new(self.server_version, Extra::new(self.extra)),
        };
        Decoded { reply: Reply::Tickets(page), findings: self.findings }
    }
}

/// Returns whether the server counts tickets from the start of this page on. A page without `startnumber` is treated as
/// the first.
pub(super) fn expects_tickets(total: u64, start: Option<u64>) -> bool {
    total > start.unwrap_or(0)
}

/// The most different names of unknown fields in a page. Each takes a few hundred bytes; real pages have a few.
const MAX_NAMES: usize = 1 << 16;

/// Returns an error if a page with this many names of unknown fields would get one more.
pub(super) fn check_name_count(known: usize) -> Result<(), DecodeErrorKind> {
    if known < MAX_NAMES { Ok(()) } else { Err(DecodeErrorKind::TooManyNames { limit: MAX_NAMES }) }
}

/// Returns an error of the API. Its message is redacted before it is truncated.
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

/// Reads an integer as servers write it: digits only, as a number or as a text.
pub(super) fn integer(value: Scalar<'_>) -> Option<u64> {
    match value {
        Scalar::Number(text, _) | Scalar::Text(text, _) => {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        }
        Scalar::Null | Scalar::Boolean(_) => None,
    }
}

/// Reads a boolean as servers write it: `true`, `false`, 1 or 0, quoted or not, or an empty text for false.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_at_most_so_many_names_of_unknown_fields() {
        assert!(check_name_count(MAX_NAMES - 1).is_ok());
        let error = check_name_count(MAX_NAMES).unwrap_err();
        assert!(matches!(error, DecodeErrorKind::TooManyNames { limit: MAX_NAMES }));
    }
}
