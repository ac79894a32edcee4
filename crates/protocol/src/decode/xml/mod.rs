//! XML: `<whmcsapi version="8.13.1">…<tickets><ticket>…</ticket></tickets></whmcsapi>`.
//!
//! Every value is a text. Invalid bytes are replaced, with a finding: this is the format for a page that the server
//! cannot encode as JSON. Custom entities are rejected.

mod locate;
mod text;
mod unknown;

use std::collections::HashSet;

use super::builder::{self, Count, PageBuilder, Scalar, integer, wrong_type};
use super::decoded::{Decoded, note_top_level};
use super::{excerpt, format, other_call};
use crate::finding::Findings;
use crate::tickets::span::Span;
use crate::{DecodeError, DecodeErrorKind, Field, FieldKind, FindingKind};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use self::text::{Text, to_text};

/// The most characters of a syntax error.
const MAX_PROBLEM: usize = 200;

/// Decodes the XML that starts at this offset of the body.
pub(super) fn decode(
    mut body: Vec<u8>,
    start: usize,
    mut findings: Findings,
) -> Result<Decoded, DecodeError> {
    body.drain(..start);
    let Text { text, replaced, rewritten } = to_text(body, &mut findings)?;
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let page = PageBuilder::new(findings);
    let (result, message, has_tickets, seen) = (None, None, false, HashSet::new());
    let document = &*text;
    let mut walker = Walker {
        reader,
        document,
        base: start,
        replaced,
        page,
        result,
        message,
        has_tickets,
        seen,
        event_start: 0,
    };
    match walker.document().and_then(|()| walker.reply_kind()) {
        Ok(ReplyKind::Error) => Ok(builder::api_error(walker.message, walker.page.findings)),
        Ok(ReplyKind::Page) => Ok(walker.page.finish(String::new())),
        Err(kind @ DecodeErrorKind::UnknownResult { .. }) => Err(DecodeError::new(kind).with_path("result")),
        Err(kind) => {
            // The title of a page is searched in the whole body.
            if matches!(kind, DecodeErrorKind::NotAReply { .. }) {
                return Err(format::not_a_reply(text.as_bytes(), 0).at(start));
            }
            let offset = walker.error_offset(&kind, text.len());
            let error = DecodeError::new(kind)
                .with_path(locate::path_at(&text, offset))
                .with_excerpt(excerpt::at(text.as_bytes(), offset));
            Err(if rewritten { error } else { error.at(start + offset) })
        }
    }
}

/// Reads a document event by event.
struct Walker<'i> {
    reader: Reader<&'i [u8]>,
    document: &'i str,
    /// The offset of the document in the body.
    base: usize,
    replaced: bool,
    page: PageBuilder,
    result: Option<String>,
    message: Option<String>,
    /// Whether there was a `tickets` element.
    has_tickets: bool,
    /// The names of the top-level elements so far.
    seen: HashSet<String>,
    /// The offset of the event that was read last, which is the offset of errors.
    event_start: u64,
}

/// What a document turned out to be.
enum ReplyKind {
    Page,
    Error,
}

/// A part of the content of an element.
enum Part<'i> {
    Start(BytesStart<'i>),
    /// Text, which was added to the end of the arena.
    Text,
    End,
}

impl<'i> Walker<'i> {
    fn event(&mut self) -> Result<Event<'i>, DecodeErrorKind> {
        self.event_start = self.reader.buffer_position();
        self.reader.read_event().map_err(|error| match error {
            // The reader's syntax errors all mean that something is not closed.
            quick_xml::Error::Syntax(_) => DecodeErrorKind::Truncated,
            // The message may quote names from the body, of any length and content.
            error => DecodeErrorKind::Syntax {
                problem: self.page.findings.excerpt(&format!("not XML: {error}"), MAX_PROBLEM),
            },
        })
    }

    fn document(&mut self) -> Result<(), DecodeErrorKind> {
        loop {
            match self.event()? {
                Event::Start(root) if root.name().as_ref() == "whmcsapi" => {
                    self.server_version(&root);
                    break;
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Text(text) if text.xml10_content().trim().is_empty() => {}
                Event::DocType(declared) => reject_entities(&declared.into_inner())?,
                Event::Eof => return Err(DecodeErrorKind::Truncated),
                _ => return Err(DecodeErrorKind::NotAReply { title: None }),
            }
        }
        self.children("whmcsapi", Walker::top_level)?;
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Text(text) if text.as_ref().trim_ascii().is_empty() => {}
                _ => return self.trailing_text(),
            }
        }
    }

    /// Reports text after the reply as a finding. Another document there is an error.
    fn trailing_text(&mut self) -> Result<(), DecodeErrorKind> {
        let rest = usize::try_from(self.event_start)
            .ok()
            .and_then(|event_start| self.document.get(event_start..))
            .unwrap_or_default();
        let text = rest.trim_ascii_start();
        self.event_start += (rest.len() - text.len()) as u64;
        if format::is_document(text.as_bytes()) {
            return Err(DecodeErrorKind::TrailingText);
        }
        let offset = self.base.saturating_add(usize::try_from(self.event_start).unwrap_or(usize::MAX));
        format::note_noise(&mut self.page.findings, FindingKind::TrailingText, offset, text.as_bytes());
        Ok(())
    }

    fn server_version(&mut self, root: &BytesStart<'_>) {
        let version = root.attributes().flatten().find(|attribute| attribute.key.as_ref() == "version");
        self.page.server_version = version.and_then(|version| version.value.parse().ok());
    }

    fn top_level(&mut self, name: &str) -> Result<(), DecodeErrorKind> {
        if !self.seen.insert(name.to_owned()) {
            note_top_level(&mut self.page.findings, FindingKind::DuplicateKey, name);
        }
        match name {
            "result" => self.result = Some(self.word(name)?),
            "message" => self.message = Some(self.word(name)?),
            "errormessage" => {
                let message = self.word(name)?;
                note_top_level(&mut self.page.findings, FindingKind::ResultSpelling, name);
                self.message.get_or_insert(message);
            }
            "action" => {
                self.word(name)?;
            }
            "tickets" => {
                if std::mem::replace(&mut self.has_tickets, true) {
                    self.page.drop_tickets();
                }
                self.children(name, Walker::has_tickets)?;
            }
            name => match Count::from_name(name) {
                Some(count) => {
                    let value_start = self.reader.buffer_position();
                    let text = self.word(name)?;
                    self.event_start = value_start;
                    if text.is_empty() {
                        note_top_level(&mut self.page.findings, FindingKind::EmptyNumber, name);
                    }
                    let text = if text.is_empty() { "0" } else { &text };
                    let number = integer(Scalar::Text(text, Span::default()));
                    number.ok_or_else(|| DecodeErrorKind::InvalidInteger { name: name.to_owned() })?;
                    self.page.set_count(count, number);
                }
                None => {
                    builder::check_name_count(self.page.extra.len())?;
                    let (json, issues) = self.unknown(2)?;
                    issues.kinds().for_each(|kind| note_top_level(&mut self.page.findings, kind, name));
                    self.page.extra.insert(name.to_owned(), json.into());
                }
            },
        }
        Ok(())
    }

    /// Reads an element inside `tickets`.
    fn has_tickets(&mut self, name: &str) -> Result<(), DecodeErrorKind> {
        if name != "ticket" {
            let kind = DecodeErrorKind::WrongType { name: "tickets".into(), expected: "a list of tickets" };
            return Err(kind);
        }
        self.children(name, Walker::ticket_field)?;
        if self.page.is_ticket_empty() {
            let path = format!("tickets.ticket[{}]", self.page.ticket_count());
            note_top_level(&mut self.page.findings, FindingKind::EmptySpelling, &path);
            return Ok(());
        }
        self.page.end_ticket()
    }

    fn ticket_field(&mut self, name: &str) -> Result<(), DecodeErrorKind> {
        match Field::from_name(name) {
            Some(field) if field.kind() == FieldKind::Attachments => {
                self.page.begin_attachments();
                self.children(name, Walker::attachment)
            }
            Some(field) if field.kind() == FieldKind::DateTime => self.date(field),
            Some(field) => {
                let value_start = self.reader.buffer_position();
                let span = self.text(name)?;
                self.event_start = value_start;
                self.note_issues(Some(field), name, span);
                self.set_text(field, span)
            }
            None => {
                let (json, issues) = self.unknown(4)?;
                issues.kinds().for_each(|kind| self.page.note_ticket(kind, name));
                let json = self.page.arena.push_text(&json);
                self.page.push_extra(name, json)
            }
        }
    }

    /// Sets a field to a text in the arena.
    fn set_text(&mut self, field: Field, span: (Span, usize, usize)) -> Result<(), DecodeErrorKind> {
        // The string is taken out of the arena while the page reads from it. `set` adds nothing to the arena.
        let kept = std::mem::take(&mut self.page.arena.unescaped);
        let set = self.page.set(field, Scalar::Text(span_text(&kept, span), span.0));
        self.page.arena.unescaped = kept;
        set
    }

    /// Reads a date: a text, or the elements of a PHP date object.
    fn date(&mut self, field: Field) -> Result<(), DecodeErrorKind> {
        let value_start = self.reader.buffer_position();
        let start = self.page.arena.unescaped.len();
        let (mut date, mut zone) = (None, None);
        loop {
            match self.part()? {
                Part::Text => {}
                Part::End => break,
                Part::Start(element) => match element.name().as_ref() {
                    "date" => date = Some(self.word_of(field, "date")?),
                    "timezone" => zone = Some(self.word_of(field, "timezone")?),
                    "timezone_type" => drop(self.word_of(field, "timezone_type")?),
                    _ => return Err(wrong_type(field, "a date")),
                },
            }
        }
        self.event_start = value_start;
        let end = self.page.arena.unescaped.len();
        let span = (Span::in_unescaped(start, end), start, end);
        if date.is_none() && zone.is_none() {
            self.note_issues(Some(field), field.name(), span);
            return self.set_text(field, span);
        }
        let Some(date) = date.filter(|_| span_text(&self.page.arena.unescaped, span).trim().is_empty())
        else {
            return Err(wrong_type(field, "a date"));
        };
        self.page.arena.unescaped.truncate(start);
        self.page.set_date_object(field, &date, zone.as_deref());
        Ok(())
    }

    /// Reads an element inside the value of a field. Its text is not stored in the arena.
    fn word_of(&mut self, field: Field, name: &str) -> Result<String, DecodeErrorKind> {
        let span = self.text(name)?;
        self.note_issues(Some(field), name, span);
        Ok(self.page.arena.unescaped.split_off(span.1))
    }

    /// Reads one attachment, whatever the name of its element.
    fn attachment(&mut self, _name: &str) -> Result<(), DecodeErrorKind> {
        let (mut filename, mut index) = (None, None);
        loop {
            let start = self.page.arena.unescaped.len();
            match self.part()? {
                Part::End => break,
                Part::Text => {
                    let text = self.page.arena.unescaped.get(start..).unwrap_or_default();
                    if !text.trim().is_empty() {
                        return Err(wrong_type(Field::Attachments, "a list of attachments"));
                    }
                    self.page.arena.unescaped.truncate(start);
                }
                Part::Start(element) => match element.name().as_ref() {
                    "filename" => {
                        let span = self.text("filename")?;
                        self.note_issues(Some(Field::Attachments), "attachments", span);
                        filename = Some(span.0);
                    }
                    "index" => {
                        let value_start = self.reader.buffer_position();
                        let text = self.word("index")?;
                        self.event_start = value_start;
                        let number = integer(Scalar::Text(&text, Span::default()));
                        index = Some(number.ok_or(DecodeErrorKind::InvalidInteger { name: "index".into() })?);
                    }
                    other => {
                        self.page.note_ticket(FindingKind::UnreadKey, &format!("attachments.{other}"));
                        self.unknown(5)?;
                    }
                },
            }
        }
        if filename.is_none() && index.is_none() {
            self.page.note(FindingKind::EmptySpelling, Field::Attachments, None);
        } else {
            self.page.push_attachment(filename, index);
        }
        Ok(())
    }

    /// Calls `child` for each child of an element that has no text of its own.
    fn children(
        &mut self,
        name: &str,
        child: impl Fn(&mut Walker<'i>, &str) -> Result<(), DecodeErrorKind>,
    ) -> Result<(), DecodeErrorKind> {
        loop {
            let start = self.page.arena.unescaped.len();
            match self.part()? {
                Part::End => return Ok(()),
                Part::Start(element) => child(self, element.name().as_ref())?,
                Part::Text => {
                    let text = self.page.arena.unescaped.get(start..).unwrap_or_default();
                    if !text.trim().is_empty() {
                        let expected = "a list of elements";
                        return Err(DecodeErrorKind::WrongType { name: name.to_owned(), expected });
                    }
                    self.page.arena.unescaped.truncate(start);
                }
            }
        }
    }

    /// Reads the next part of an element. Text is added to the end of the arena.
    fn part(&mut self) -> Result<Part<'i>, DecodeErrorKind> {
        loop {
            match self.event()? {
                Event::Start(element) => return Ok(Part::Start(element)),
                Event::End(_) => return Ok(Part::End),
                Event::Text(text) => self.page.arena.unescaped.push_str(&text.xml10_content()),
                Event::CData(text) => self.page.arena.unescaped.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::Comment(_) | Event::PI(_) => continue,
                Event::Eof => return Err(DecodeErrorKind::Truncated),
                Event::Empty(_) | Event::Decl(_) | Event::DocType(_) => {
                    return Err(DecodeErrorKind::Syntax {
                        problem: "not XML: a declaration is inside an element".into(),
                    });
                }
            }
            return Ok(Part::Text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), DecodeErrorKind> {
        let invalid = |_| DecodeErrorKind::Syntax {
            problem: "not XML: a character reference is not a character".into(),
        };
        let unescaped = &mut self.page.arena.unescaped;
        match reference.resolve_char_ref().map_err(invalid)? {
            Some(character) => unescaped.push(character),
            None => unescaped
                .push_str(resolve_xml_entity(&reference.xml10_content()).ok_or(DecodeErrorKind::Entity)?),
        }
        Ok(())
    }

    /// Reads the text of an element without children into the arena.
    fn text(&mut self, name: &str) -> Result<(Span, usize, usize), DecodeErrorKind> {
        let start = self.page.arena.unescaped.len();
        loop {
            match self.part()? {
                Part::Text => {}
                Part::End => {
                    let end = self.page.arena.unescaped.len();
                    return Ok((Span::in_unescaped(start, end), start, end));
                }
                Part::Start(_) => {
                    return Err(DecodeErrorKind::WrongType { name: name.to_owned(), expected: "a text" });
                }
            }
        }
    }

    /// Reads a top-level element. Its text is not stored in the arena.
    fn word(&mut self, name: &str) -> Result<String, DecodeErrorKind> {
        let span = self.text(name)?;
        self.note_issues(None, name, span);
        Ok(self.page.arena.unescaped.split_off(span.1))
    }

    fn error_offset(&self, kind: &DecodeErrorKind, end: usize) -> usize {
        let position = match kind {
            DecodeErrorKind::Truncated => return end,
            DecodeErrorKind::Syntax { .. } => self.reader.error_position().max(self.event_start),
            _ => self.event_start,
        };
        usize::try_from(position).unwrap_or(usize::MAX).min(end)
    }

    /// Decides what the complete document is.
    fn reply_kind(&mut self) -> Result<ReplyKind, DecodeErrorKind> {
        match self.result.as_deref() {
            Some(word) if word.eq_ignore_ascii_case("error") => return Ok(ReplyKind::Error),
            Some(word) if word.eq_ignore_ascii_case("success") => {}
            Some(word) => {
                return Err(DecodeErrorKind::UnknownResult { result: self.page.findings.excerpt(word, 64) });
            }
            None if self.status_is_error() => {
                note_top_level(&mut self.page.findings, FindingKind::ResultSpelling, "status");
                return Ok(ReplyKind::Error);
            }
            None if self.has_tickets => {
                note_top_level(&mut self.page.findings, FindingKind::ResultSpelling, "result")
            }
            None => return Err(DecodeErrorKind::NotAReply { title: None }),
        }
        if !self.has_tickets {
            let keys = self.page.extra.iter();
            let keys =
                keys.map(|(name, json)| (&**name, matches!(json.as_bytes().first(), Some(b'{' | b'['))));
            other_call::check(self.page.has_count(), keys)?;
            note_top_level(&mut self.page.findings, FindingKind::EmptySpelling, "tickets");
        }
        self.keep_message();
        Ok(ReplyKind::Page)
    }

    fn status_is_error(&self) -> bool {
        let status = self.page.extra.get("status");
        status.is_some_and(|word| word.eq_ignore_ascii_case("\"error\""))
    }

    /// On a page of tickets a message is an unknown field.
    fn keep_message(&mut self) {
        if let Some(message) = self.message.take() {
            self.page.extra.insert("message".into(), unknown::json_text(&message).into());
        }
    }
}

fn span_text(unescaped: &str, (_, start, end): (Span, usize, usize)) -> &str {
    unescaped.get(start..end).unwrap_or_default()
}

/// Rejects a document type with an internal subset, which can define entities.
fn reject_entities(declared: &str) -> Result<(), DecodeErrorKind> {
    if declared.contains('[') { Err(DecodeErrorKind::Entity) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use crate::{DecodeErrorKind, DetectedVersion, Field, FindingKind, Reply, Version, decode};

    fn page(ticket: &str) -> crate::Page {
        let body = format!(
            "<?xml version=\"1.0\"?>\n<whmcsapi version=\"8.13.1\"><result>success</result>\
             <tickets><ticket><id>1</id>{ticket}</ticket></tickets></whmcsapi>"
        );
        decode(body).unwrap().into_page().unwrap()
    }

    #[test]
    fn entities_and_character_data_are_text() {
        let page = page("<subject>a &amp; <![CDATA[<b>]]> &#233;&#x1F600;</subject><cc/>");
        let ticket = page.get(0).unwrap();
        assert_eq!((ticket.subject(), ticket.cc()), ("a & <b> é😀", ""));
        assert_eq!(page.detected_version(), DetectedVersion::Exact(Version::new(8, 13, 1)));
    }

    #[test]
    fn comments_and_instructions_around_the_reply_are_skipped() {
        let reply =
            "<whmcsapi><result>success</result><tickets><ticket><id>1</id></ticket></tickets></whmcsapi>";
        let plain = decode(reply).unwrap().into_page().unwrap();
        let body = format!("<?xml version=\"1.0\"?><!-- a --><?b c?>{reply}<!-- d --><?e f?>\n");
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page.findings(), plain.findings());
    }

    #[test]
    fn unknown_elements_are_kept_and_their_issues_reported() {
        let unknown = |inner: &str| {
            let page = page(&format!("<x>{inner}</x>"));
            let found = page.findings().iter().filter(|finding| finding.places == ["tickets.ticket[0].x"]);
            let codes: Vec<_> = found.map(|finding| finding.kind.code()).collect();
            let ticket = page.get(0).unwrap();
            let value = ticket.extra()["x"].to_string();
            assert_eq!(ticket.extra_json().collect::<Vec<_>>(), [("x", &*value)]);
            (value, codes.join(" "))
        };
        for (inner, value, codes) in [
            ("<a>1</a><a>2</a><b/><a>3</a>", r#"{"a":["1","2","3"],"b":""}"#, ""),
            ("<a><a>1</a><a>2</a></a>", r#"{"a":{"a":["1","2"]}}"#, ""),
            ("\n<a>1</a>\n", r#"{"a":"1"}"#, ""),
            ("1<a>2</a>", r#"{"a":"2"}"#, "unread-key"),
            ("\u{1}", r#""\u0001""#, "forbidden-character"),
            ("<a>\u{1}</a>", r#"{"a":"\u0001"}"#, "forbidden-character"),
        ] {
            assert_eq!(unknown(inner), (value.to_owned(), codes.to_owned()), "{inner}");
        }
        let mut body =
            b"<whmcsapi><result>success</result><x>\xff</x><tickets><ticket><id>1</id><y>\xff</y>".to_vec();
        body.extend(b"</ticket></tickets></whmcsapi>");
        let page = decode(body).unwrap().into_page().unwrap();
        let replaced = page.findings().iter().find(|one| one.kind == FindingKind::ReplacedBytes).unwrap();
        assert_eq!(replaced.places, ["x", "tickets.ticket[0].y"]);
    }

    #[test]
    fn errors_name_their_place() {
        let error =
            decode("<whmcsapi><tickets><ticket><id>1</id></ticket><ticket><id>x</id></ticket>").unwrap_err();
        assert_eq!(error.path(), Some("tickets.ticket[1].id"));
        let error = decode("<!DOCTYPE x [<!ENTITY a \"b\">]><whmcsapi/>");
        // A body that starts like this is not a reply of the API.
        assert!(error.unwrap_err().is_not_a_reply());
        let error = decode("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"b\">]><whmcsapi/>").unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::Entity);
        let error = decode("<whmcsapi><result>success</result><tickets>").unwrap_err();
        assert!(error.is_truncated());
    }

    #[test]
    fn errors_have_the_offset_of_their_cause() {
        for truncated in [
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\"?>\n<!-- a -->\n",
            "<whmcsapi><result>success</result><tickets>",
            "<whmcsapi><result>success</result><tick",
            "<whmcsapi><result>success</result><message>a",
        ] {
            let error = decode(truncated).unwrap_err();
            assert_eq!((error.is_truncated(), error.offset()), (true, Some(truncated.len())), "{truncated}");
        }
        // The name is missing before the closing bracket.
        let start = "<?xml version=\"1.0\"?><!DOCTYPE";
        let error = decode(format!("{start}><whmcsapi/>")).unwrap_err();
        assert!(matches!(error.kind(), DecodeErrorKind::Syntax { .. }), "{error}");
        assert_eq!(error.offset(), Some(start.len()), "{error}");
        let reply = "<whmcsapi><result>success</result><tickets/></whmcsapi>";
        assert!(decode(format!("<?xml version=\"1.0\"?>\n{reply}")).is_ok());
        let error = decode(format!("<?xml version=\"1.0\"?>text{reply}")).unwrap_err();
        assert!(error.is_not_a_reply(), "{error}");
    }

    #[test]
    fn an_attachment_may_lack_its_name_or_its_index() {
        let page =
            page("<attachments><a><filename>a</filename></a><a><index>5</index></a><a/></attachments>");
        let names: Vec<&str> =
            page.get(0).unwrap().attachments().unwrap().map(|attachment| attachment.filename).collect();
        assert_eq!(names, ["a"]);
        let count = |kind: FindingKind| {
            let found =
                page.findings().iter().find(|one| one.kind == kind && one.field == Some(Field::Attachments));
            found.map(|finding| finding.count)
        };
        assert_eq!(
            [count(FindingKind::MissingField), count(FindingKind::EmptySpelling)],
            [Some(2), Some(1)],
            "{:?}",
            page.findings()
        );
    }

    #[test]
    fn a_ticket_of_unknown_fields_is_not_an_empty_ticket() {
        let tickets = |inner: &str| {
            decode(format!("<whmcsapi><result>success</result><tickets>{inner}</tickets></whmcsapi>"))
        };
        let error = tickets("<ticket><x>1</x></ticket>").unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::MissingId);
        let page =
            tickets("<ticket><id>1</id><x>1</x></ticket><ticket></ticket>").unwrap().into_page().unwrap();
        let empty = page.findings().iter().find(|one| one.kind == FindingKind::EmptySpelling).unwrap();
        assert_eq!((page.len(), empty.places.as_slice()), (1, &["tickets.ticket[1]".to_owned()][..]));
    }

    #[test]
    fn the_last_of_duplicates_counts_and_is_reported() {
        let body = "<whmcsapi><result>error</result><result>success</result><numreturned>7</numreturned>\
                    <numreturned>1</numreturned><x>1</x><x>2</x><tickets><ticket><id>1</id><y>1</y></ticket></tickets>\
                    <tickets><ticket><id>2</id><y>2</y></ticket></tickets></whmcsapi>";
        let page = decode(body).unwrap().into_page().unwrap();
        let twice = page.findings().iter().find(|one| one.kind == FindingKind::DuplicateKey).unwrap();
        assert_eq!(twice.places, ["result", "numreturned", "x", "tickets"]);
        assert_eq!((page.numreturned(), page.extra()["x"].as_str()), (Some(1), Some("2")));
        assert_eq!(page.iter().map(|ticket| ticket.id()).collect::<Vec<_>>(), [2]);
        assert_eq!(page.get(0).unwrap().extra()["y"], "2");
    }

    #[test]
    fn a_false_claim_of_utf_16_does_not_garble_the_reply() {
        let body = "<?xml version=\"1.0\" encoding=\"utf-16\"?><whmcsapi><result>success</result>\
                    <tickets><ticket><id>1</id><subject>caf\u{e9}</subject></ticket></tickets></whmcsapi>";
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.get(0).unwrap().subject(), "caf\u{e9}");
        assert!(page.findings().iter().any(|one| one.kind == FindingKind::DeclaredEncoding));
        let error = decode(body.replace("utf-16", "iso-2022-kr")).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::UnknownEncoding { name: "iso-2022-kr".into() });
    }

    #[test]
    fn a_document_without_a_result_is_not_a_reply_unless_its_status_is_an_error() {
        let error = decode("Notice\n<whmcsapi><action>x</action></whmcsapi>").unwrap_err();
        assert!(error.is_not_a_reply());
        assert_eq!(
            (error.offset(), error.excerpt()),
            (Some(7), Some("<whmcsapi><action>x</action></whmcsapi>"))
        );
        let body = "<whmcsapi><status>error</status><message>Access Denied</message></whmcsapi>";
        let Ok(Reply::Error(error)) = decode(body) else { panic!("an error") };
        assert_eq!(error.message(), Some("Access Denied"));
    }

    #[test]
    fn errors_of_the_api_keep_their_message() {
        for name in ["message", "errormessage"] {
            let body =
                format!("<whmcsapi><result>error</result><{name}>Action not found</{name}></whmcsapi>");
            let Ok(Reply::Error(error)) = decode(body) else { panic!("an error") };
            assert_eq!(error.message(), Some("Action not found"));
        }
    }
}
