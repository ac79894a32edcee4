//! Name-value pairs: `result=error;message=Authentication Failed;`.
//!
//! The format is deprecated and has no escapes, so a value with a semicolon cannot be distinguished from two pairs.
//! Errors are read. A list is read only from flat keys such as `tickets[ticket][0][id]=1`, with a finding.

use super::builder::{self, Count, PageBuilder, Scalar, integer};
use super::decoded::{Decoded, note_top_level};
use super::{excerpt, format, other_call};
use crate::finding::Findings;
use crate::tickets::span::Span;
use crate::{DecodeError, DecodeErrorKind, Field, FieldKind, FindingKind, text};

/// The most characters of a path, whose parts come from the body.
const MAX_PATH: usize = 200;

/// Decodes the pairs that start at this offset of the body.
pub(super) fn decode(body: &[u8], start: usize, findings: Findings) -> Result<Decoded, DecodeError> {
    let source = std::str::from_utf8(body.get(start..).unwrap_or_default()).map_err(|error| {
        let offset = start + error.valid_up_to();
        DecodeError::new(DecodeErrorKind::InvalidUtf8).at(offset).with_excerpt(excerpt::at(body, offset))
    })?;
    let pairs = pairs(source);
    let value = |wanted: &str| {
        let mut found = pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next_back().map(|(_, value)| value.as_str())
    };
    match value("result") {
        Some(result) if result.eq_ignore_ascii_case("error") => {
            let message = value("message").or(value("errormessage")).map(str::to_owned);
            Ok(builder::api_error(message, findings))
        }
        Some(result) if result.eq_ignore_ascii_case("success") => page(&pairs, findings),
        Some(result) => {
            let result = findings.excerpt(result, 64);
            Err(DecodeError::new(DecodeErrorKind::UnknownResult { result }).with_path("result"))
        }
        None => Err(format::not_a_reply(body, start)),
    }
}

/// Splits a text into pairs. A part that is not `name=value` belongs to the value before it.
fn pairs(text: &str) -> Vec<(&str, String)> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for part in text.trim_end().trim_end_matches(';').split(';') {
        match part.split_once('=').filter(|(name, _)| is_name(name)) {
            Some((name, value)) => pairs.push((name.trim_start(), value.to_owned())),
            None => {
                if let Some((_, value)) = pairs.last_mut() {
                    value.push(';');
                    value.push_str(part);
                }
            }
        }
    }
    pairs
}

fn is_name(name: &str) -> bool {
    let name = name.trim_start();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-[]".contains(&byte))
}

/// The fields of one ticket: the keys in brackets, and the value.
type FlatFields<'a> = Vec<(Vec<&'a str>, &'a str)>;

fn page(pairs: &[(&str, String)], findings: Findings) -> Result<Decoded, DecodeError> {
    let mut page = PageBuilder::new(findings);
    let mut tickets: Vec<(&str, FlatFields<'_>)> = Vec::new();
    for (name, value) in pairs {
        if let Some(count) = Count::from_name(name) {
            let shown = page.findings.excerpt(value, 80);
            let invalid = || {
                let kind = DecodeErrorKind::InvalidInteger { name: (*name).to_owned() };
                DecodeError::new(kind).with_path(*name).with_excerpt(shown)
            };
            if value.is_empty() {
                note_top_level(&mut page.findings, FindingKind::EmptyNumber, name);
            }
            let digits = if value.is_empty() { "0" } else { value };
            let number = integer(Scalar::Text(digits, Span::default())).ok_or_else(invalid)?;
            page.set_count(count, Some(number));
        } else if let Some(mut keys) = keys_below(name, "tickets") {
            if keys.first() == Some(&"ticket") {
                keys.remove(0);
            }
            if keys.len() < 2 {
                unread(&mut page, name, value);
                continue;
            }
            let index = keys.remove(0);
            // The keys of one ticket are adjacent, as PHP writes an array in order.
            if tickets.last().is_none_or(|(last, _)| *last != index) {
                tickets.push((index, Vec::new()));
            }
            if let Some((_, fields)) = tickets.last_mut() {
                fields.push((keys, value));
            }
        } else if name.eq_ignore_ascii_case("tickets") {
            unread(&mut page, name, value);
        } else if name.eq_ignore_ascii_case("errormessage") {
            note_top_level(&mut page.findings, FindingKind::ResultSpelling, name);
            page.extra.entry("message".to_owned()).or_insert_with(|| json(value));
        } else if let Err(kind) = builder::check_name_count(page.extra.len()) {
            return Err(DecodeError::new(kind));
        } else if !["result", "action"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            page.extra.insert((*name).to_owned(), json(value));
        }
    }
    if tickets.is_empty() {
        if !pairs.iter().any(|(name, _)| name.starts_with("tickets")) {
            let keys = page
                .extra
                .keys()
                .map(|name| (name.split('[').next().unwrap_or_default(), name.contains('[')));
            other_call::check(page.has_count(), keys).map_err(DecodeError::new)?;
        }
        let claimed =
            |name: &str| pairs.iter().any(|(pair, value)| *pair == name && !value.is_empty() && value != "0");
        if claimed("numreturned") || claimed("totalresults") {
            return Err(DecodeError::new(DecodeErrorKind::NoListInNvp).with_path("tickets"));
        }
        note_top_level(&mut page.findings, FindingKind::EmptySpelling, "tickets");
    } else {
        note_top_level(&mut page.findings, FindingKind::FlatList, "tickets");
    }
    for (index, fields) in &tickets {
        ticket(&mut page, fields).map_err(|(kind, field)| {
            let path = text::excerpt(&format!("tickets.ticket[{index}]{field}"), MAX_PATH);
            DecodeError::new(kind).with_path(path)
        })?;
    }
    Ok(page.finish(String::new()))
}

/// Reports a pair in place of a list. PHP writes an empty list as an empty value, which needs no finding.
fn unread(page: &mut PageBuilder, name: &str, value: &str) {
    if !value.is_empty() {
        note_top_level(&mut page.findings, FindingKind::UnreadKey, name);
    }
}

fn ticket(page: &mut PageBuilder, fields: &[(Vec<&str>, &str)]) -> Result<(), (DecodeErrorKind, String)> {
    let mut attachments: Vec<(&str, Option<Span>, Option<u64>)> = Vec::new();
    // Dates that PHP wrote as objects: the date and the zone.
    let mut dates: Vec<(Field, Option<&str>, Option<&str>)> = Vec::new();
    for (keys, value) in fields {
        let failed = |kind| (kind, format!(".{}", keys.join(".")));
        match keys.as_slice() {
            ["attachments", index, key] => {
                if attachments.last().is_none_or(|(last, ..)| last != index) {
                    attachments.push((index, None, None));
                }
                let Some((_, filename, number)) = attachments.last_mut() else { continue };
                match *key {
                    "filename" => *filename = Some(page.arena.push_text(value)),
                    "index" => {
                        let invalid = || DecodeErrorKind::InvalidInteger { name: "index".into() };
                        let value = integer(Scalar::Text(value, Span::default()));
                        *number = Some(value.ok_or_else(|| failed(invalid()))?);
                    }
                    other => page.note_ticket(FindingKind::UnreadKey, &format!("attachments.{other}")),
                }
            }
            [name, part @ ("date" | "timezone" | "timezone_type")] if is_date(name) => {
                let Some(field) = Field::from_name(name) else { continue };
                let known = dates.iter().position(|(known, ..)| *known == field);
                let index = known.unwrap_or_else(|| {
                    dates.push((field, None, None));
                    dates.len() - 1
                });
                match (dates.get_mut(index), *part) {
                    (Some((_, date, _)), "date") => *date = Some(*value),
                    (Some((_, _, zone)), "timezone") => *zone = Some(*value),
                    _ => {}
                }
            }
            [name] => match Field::from_name(name) {
                // PHP writes an empty list as an empty value.
                Some(field) if field.kind() == FieldKind::Attachments && value.is_empty() => {
                    page.begin_attachments();
                }
                Some(field) => {
                    let span = page.arena.push_text(value);
                    page.set(field, Scalar::Text(value, span)).map_err(failed)?;
                }
                None => {
                    let span = page.arena.push_text(&json(value));
                    page.push_extra(name, span).map_err(failed)?;
                }
            },
            other => page.note_ticket(FindingKind::UnreadKey, &other.join(".")),
        }
    }
    for (field, date, zone) in dates {
        let Some(date) = date else {
            return Err((builder::wrong_type(field, "a date"), format!(".{field}")));
        };
        page.set_date_object(field, date, zone);
    }
    if !attachments.is_empty() {
        page.begin_attachments();
        attachments.into_iter().for_each(|(_, filename, index)| page.push_attachment(filename, index));
    }
    page.end_ticket().map_err(|kind| (kind, String::new()))
}

fn is_date(name: &str) -> bool {
    Field::from_name(name).is_some_and(|field| field.kind() == FieldKind::DateTime)
}

/// Returns the keys in brackets of `top[a][b]`.
fn keys_below<'a>(name: &'a str, top: &str) -> Option<Vec<&'a str>> {
    let rest = name.strip_prefix(top)?.strip_prefix('[')?.strip_suffix(']')?;
    Some(rest.split("][").collect())
}

/// Writes a text as JSON.
fn json(text: &str) -> Box<str> {
    serde_json::Value::from(text).to_string().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_letters_digits_and_brackets() {
        for name in ["result", " tickets[ticket][0][id]", "a_b-1"] {
            assert!(super::is_name(name), "{name}");
        }
        for text in ["", "  ", "a b", "a.b", "é", "a\tb"] {
            assert!(!super::is_name(text), "{text}");
        }
    }

    use crate::{DecodeErrorKind, FindingKind, Reply, decode};

    #[test]
    fn the_message_of_an_error_may_have_semicolons() {
        let Ok(Reply::Error(error)) = decode("result=error;message=Failed; try again;") else {
            panic!("an error")
        };
        assert_eq!(error.message(), Some("Failed; try again"));
    }

    #[test]
    fn values_in_place_of_the_list_are_reported_and_not_kept() {
        let body =
            "Result=success;Action=x;tickets=1;tickets[x]=1;tickets[ticket]=;errormessage=e;deptname=d;";
        let page = decode(body).unwrap().into_page().unwrap();
        let unread = page.findings().iter().find(|one| one.kind == FindingKind::UnreadKey).unwrap();
        assert_eq!(unread.places, ["tickets", "tickets[x]"]);
        assert_eq!(serde_json::to_string(page.extra()).unwrap(), r#"{"deptname":"d","message":"e"}"#);
        assert!(decode(page.to_wire_json(crate::Version::V8_0)).is_ok());
    }

    #[test]
    fn only_dates_are_read_from_the_parts_of_an_object() {
        let body = "result=success;totalresults=1;startnumber=0;numreturned=1;tickets[ticket][0][id]=1;\
                    tickets[ticket][0][date][date]=2025-03-05 06:07:08.000000;tickets[ticket][0][date][timezone]=UTC;\
                    tickets[ticket][0][subject][date]=a;tickets[ticket][0][custom][date]=b;";
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.get(0).unwrap().date().unwrap().to_string(), "2025-03-05T06:07:08");
        let unread = page.findings().iter().filter(|one| one.kind == FindingKind::UnreadKey);
        assert_eq!(unread.map(|one| one.count).sum::<usize>(), 2, "{:?}", page.findings());
        assert_eq!(page.get(0).unwrap().subject(), "");
    }

    #[test]
    fn flat_keys_are_read_and_counted_tickets_without_them_are_an_error() {
        let body = "result=success;totalresults=2;startnumber=0;numreturned=2;tickets[ticket][0][id]=1;\
                    tickets[ticket][0][attachments][0][filename]=a.png;tickets[ticket][0][attachments][0][index]=0;\
                    tickets[ticket][1][id]=2;tickets[ticket][1][subject]=a; b;";
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.iter().map(|ticket| ticket.id()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(page.get(1).unwrap().subject(), "a; b");
        assert_eq!(page.get(0).unwrap().attachments().unwrap().next().unwrap().filename, "a.png");
        let error = decode(body.replace("[index]=0", "[index]=x")).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::InvalidInteger { name: "index".into() });
        for counts in ["totalresults=2;numreturned=2", "totalresults=2", "totalresults=0;numreturned=2"] {
            let error = decode(format!("result=success;{counts};")).unwrap_err();
            assert_eq!(error.kind(), &DecodeErrorKind::NoListInNvp, "{counts}");
        }
    }

    #[test]
    fn an_empty_value_is_an_empty_list_of_attachments() {
        let page = decode("result=success;tickets[ticket][0][id]=1;tickets[ticket][0][attachments]=;");
        let page = page.unwrap().into_page().unwrap();
        assert_eq!(page.get(0).unwrap().attachments().unwrap().count(), 0);
    }
}
