//! Name-value pairs: `result=error;message=Authentication Failed;`.
//!
//! The format is deprecated and has no escape, so a value with a semicolon cannot be told from two pairs.
//! Errors are read; of a list, only the flat keys that one public client defends are,
//! `tickets[ticket][0][id]=1`, with a finding that says so.

use super::builder::{self, Count, PageBuilder, Scalar, integer};
use super::{Decoded, at_top, excerpt, format};
use crate::finding::Findings;
use crate::tickets::arena::Span;
use crate::{DecodeError, DecodeErrorKind, Field, FindingKind, Kind};

/// How many characters a path has at most; its parts come from the body.
const MAX_PATH: usize = 200;

/// Decodes the pairs that start at this offset of the body.
pub(super) fn decode(body: &[u8], start: usize, findings: Findings) -> Result<Decoded, DecodeError> {
    let text = std::str::from_utf8(body.get(start..).unwrap_or_default()).map_err(|error| {
        let offset = start + error.valid_up_to();
        DecodeError::new(DecodeErrorKind::InvalidUtf8).at(offset).with_excerpt(excerpt::at(body, offset))
    })?;
    let pairs = pairs(text);
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
            let result = excerpt::visible(result, 64);
            Err(DecodeError::new(DecodeErrorKind::UnknownResult { result }).with_path("result"))
        }
        None => Err(format::not_a_reply(body, start)),
    }
}

/// The pairs of a text. A part that is no `name=value` belongs to the value before it.
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

/// The fields of one ticket: the bracketed keys of each, and its value.
type FlatFields<'a> = Vec<(Vec<&'a str>, &'a str)>;

fn page(pairs: &[(&str, String)], findings: Findings) -> Result<Decoded, DecodeError> {
    let mut page = PageBuilder::new(findings);
    let mut tickets: Vec<(&str, FlatFields<'_>)> = Vec::new();
    for (name, value) in pairs {
        let place = |kind| DecodeError::new(kind).with_path(*name).with_excerpt(excerpt::visible(value, 80));
        if let Some(count) = Count::from_name(name) {
            let invalid = || place(DecodeErrorKind::InvalidInteger { name: (*name).to_owned() });
            if value.is_empty() {
                at_top(&mut page.findings, FindingKind::EmptyNumber, name);
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
            // The keys of one ticket stand together, as PHP walks its arrays.
            if tickets.last().is_none_or(|(last, _)| *last != index) {
                tickets.push((index, Vec::new()));
            }
            if let Some((_, fields)) = tickets.last_mut() {
                fields.push((keys, value));
            }
        } else if name.eq_ignore_ascii_case("tickets") {
            unread(&mut page, name, value);
        } else if name.eq_ignore_ascii_case("errormessage") {
            at_top(&mut page.findings, FindingKind::ResultSpelling, name);
            page.extra.entry("message".to_owned()).or_insert_with(|| json(value));
        } else if !["result", "action"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            page.extra.insert((*name).to_owned(), json(value));
        }
    }
    if tickets.is_empty() {
        let claimed =
            |name: &str| pairs.iter().any(|(pair, value)| *pair == name && !value.is_empty() && value != "0");
        if claimed("numreturned") || claimed("totalresults") {
            return Err(DecodeError::new(DecodeErrorKind::NoListInNvp).with_path("tickets"));
        }
        at_top(&mut page.findings, FindingKind::EmptySpelling, "tickets");
    } else {
        at_top(&mut page.findings, FindingKind::FlatList, "tickets");
    }
    for (index, fields) in &tickets {
        ticket(&mut page, fields).map_err(|(kind, field)| {
            let path = excerpt::visible(&format!("tickets.ticket[{index}]{field}"), MAX_PATH);
            DecodeError::new(kind).with_path(path)
        })?;
    }
    Ok(page.finish(String::new()))
}

/// Notes a pair that stands where a list should; an empty one is PHP's way to say that there is none.
fn unread(page: &mut PageBuilder, name: &str, value: &str) {
    if !value.is_empty() {
        at_top(&mut page.findings, FindingKind::UnreadKey, &excerpt::visible(name, 64));
    }
}

fn ticket(page: &mut PageBuilder, fields: &[(Vec<&str>, &str)]) -> Result<(), (DecodeErrorKind, String)> {
    let mut attachments: Vec<(&str, Option<Span>, Option<u64>)> = Vec::new();
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
            [name] => match Field::from_name(name) {
                Some(field) if field.kind() == Kind::Attachments => page.begin_attachments(),
                Some(field) => {
                    let span = page.arena.push_text(value);
                    page.set(field, Scalar::Text(value, span)).map_err(failed)?;
                }
                None => {
                    let span = page.arena.push_text(&json(value));
                    page.push_extra(name, span);
                }
            },
            other => page.note_ticket(FindingKind::UnreadKey, &other.join(".")),
        }
    }
    if !attachments.is_empty() {
        page.begin_attachments();
        attachments.into_iter().for_each(|(_, filename, index)| page.push_attachment(filename, index));
    }
    page.end_ticket().map_err(|kind| (kind, String::new()))
}

/// The bracketed keys of `top[a][b]`.
fn keys_below<'a>(name: &'a str, top: &str) -> Option<Vec<&'a str>> {
    let rest = name.strip_prefix(top)?.strip_prefix('[')?.strip_suffix(']')?;
    Some(rest.split("][").collect())
}

/// A text as JSON.
fn json(text: &str) -> Box<str> {
    serde_json::Value::from(text).to_string().into()
}

#[cfg(test)]
mod tests {
    use crate::{DecodeErrorKind, FindingKind, Reply, decode};

    #[test]
    fn an_error_keeps_its_message_semicolons_included() {
        let Ok(Reply::Error(error)) = decode("result=error;message=Failed; try again;") else {
            panic!("an error")
        };
        assert_eq!(error.message(), Some("Failed; try again"));
    }

    #[test]
    fn what_stands_in_place_of_the_list_is_told_and_not_kept() {
        let body =
            "Result=success;Action=x;tickets=1;tickets[x]=1;tickets[ticket]=;errormessage=e;deptname=d;";
        let page = decode(body).unwrap().into_page().unwrap();
        let unread = page.findings().iter().find(|one| one.kind == FindingKind::UnreadKey).unwrap();
        assert_eq!(unread.places, ["tickets", "tickets[x]"]);
        assert_eq!(serde_json::to_string(page.extra()).unwrap(), r#"{"deptname":"d","message":"e"}"#);
        assert!(decode(page.to_wire_json(crate::Version::V8_0)).is_ok());
    }

    #[test]
    fn flat_keys_are_read_and_a_claimed_list_without_them_is_refused() {
        let body = "result=success;totalresults=2;startnumber=0;numreturned=2;tickets[ticket][0][id]=1;\
                    tickets[ticket][0][attachments][0][filename]=a.png;tickets[ticket][0][attachments][0][index]=0;\
                    tickets[ticket][1][id]=2;tickets[ticket][1][subject]=a; b;";
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.iter().map(|ticket| ticket.id()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(page.get(1).unwrap().subject(), "a; b");
        assert_eq!(page.get(0).unwrap().attachments().unwrap().next().unwrap().filename, "a.png");
        let error = decode(body.replace("[index]=0", "[index]=x")).unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::InvalidInteger { name: "index".into() });
        let error = decode("result=success;totalresults=2;numreturned=2;").unwrap_err();
        assert_eq!(error.kind(), &DecodeErrorKind::NoListInNvp);
    }
}
