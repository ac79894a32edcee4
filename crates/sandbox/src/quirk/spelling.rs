//! Quirks of the JSON notation of a page: the list, numbers and dates.
//!
//! They edit the JSON of each ticket as text, so that everything else keeps the documented notation.

use gettickets_protocol::{Field, FieldKind};
use serde_json::value::RawValue;

use super::catalog::{Quirk, Quirks};
use super::pages::Counts;
use crate::wire;

/// The quirks that change the JSON of a ticket.
const OF_A_TICKET: &[Quirk] = &[
    Quirk::Strings,
    Quirk::Ints,
    Quirk::EmptyString,
    Quirk::AttachmentsEmptyList,
    Quirk::AttachmentsEmptyObject,
    Quirk::AttachmentsNested,
    Quirk::DatesIso,
    Quirk::DatesCarbon,
    Quirk::DatesWithoutTime,
    Quirk::DatesUnreadable,
];

/// The quirks that change the JSON around the tickets.
const OF_A_PAGE: &[Quirk] = &[
    Quirk::SingleObject,
    Quirk::NumericKeys,
    Quirk::BareList,
    Quirk::Strings,
    Quirk::Ints,
    Quirk::EmptyString,
    Quirk::NullTickets,
    Quirk::NoTicketsKey,
    Quirk::ExtraFields,
    Quirk::CountMismatch,
];

const NO_ATTACHMENTS: &str = "[]";
const ZERO_DATE: &str = "0000-00-00 00:00:00";

/// The page as JSON with these quirks, from the JSON objects of its tickets in the documented notation.
pub(crate) fn page(quirks: &Quirks, mut objects: Vec<String>, counts: &Counts) -> String {
    if quirks.has_any(OF_A_TICKET) {
        objects.iter_mut().for_each(|object| *object = ticket(quirks, std::mem::take(object)));
    }
    if !quirks.has_any(OF_A_PAGE) {
        return wire::page_json(&objects, counts.start, counts.total);
    }
    let head = head(quirks, counts);
    let list = list(quirks, &objects);
    let extra = if quirks.has(Quirk::ExtraFields) { r#","note":"not documented""# } else { "" };
    format!(r#"{{"result":"success",{head}{list}{extra}}}"#)
}

fn head(quirks: &Quirks, counts: &Counts) -> String {
    let Counts { total, start, returned } = counts;
    if quirks.has(Quirk::Strings) {
        format!(r#""totalresults":"{total}","startnumber":"{start}","numreturned":"{returned}""#)
    } else if quirks.has(Quirk::Ints) {
        format!(r#""totalresults":{total},"startnumber":{start},"numreturned":{returned}"#)
    } else {
        format!(r#""totalresults":"{total}","startnumber":{start},"numreturned":{returned}"#)
    }
}

/// The member `tickets`, with the comma before it.
fn list(quirks: &Quirks, tickets: &[String]) -> String {
    if tickets.is_empty() {
        if quirks.has(Quirk::NoTicketsKey) {
            return String::new();
        }
        if quirks.has(Quirk::NullTickets) {
            return r#","tickets":null"#.to_owned();
        }
        if quirks.has(Quirk::EmptyString) {
            return r#","tickets":"""#.to_owned();
        }
    }
    let list = match tickets {
        [ticket] if quirks.has(Quirk::SingleObject) => ticket.clone(),
        tickets if quirks.has(Quirk::NumericKeys) => {
            let numbered =
                tickets.iter().enumerate().map(|(index, ticket)| format!(r#""{}":{ticket}"#, index * 2));
            format!("{{{}}}", numbered.collect::<Vec<_>>().join(","))
        }
        tickets => format!("[{}]", tickets.join(",")),
    };
    if quirks.has(Quirk::BareList) {
        format!(r#","tickets":{list}"#)
    } else {
        format!(r#","tickets":{{"ticket":{list}}}"#)
    }
}

fn ticket(quirks: &Quirks, mut json: String) -> String {
    if quirks.has(Quirk::Ints) {
        for field in Field::all().filter(|field| field.kind() == FieldKind::Integer) {
            edit(&mut json, field, |value| Some(value.trim_matches('"').to_owned()));
        }
        edit(&mut json, Field::AttachmentsRemoved, |value| boolean(value, "1", "0"));
    }
    if quirks.has(Quirk::Strings) {
        edit(&mut json, Field::AttachmentsRemoved, |value| boolean(value, r#""1""#, r#""""#));
        edit(&mut json, Field::Attachments, |list| {
            let quoted = (0..10).fold(list.to_owned(), |list, index| {
                list.replace(&format!(r#""index":{index}}}"#), &format!(r#""index":"{index}"}}"#))
            });
            Some(quoted)
        });
    }
    edit(&mut json, Field::Attachments, |list| attachments(quirks, list));
    for field in [Field::Date, Field::Lastreply] {
        edit(&mut json, field, |value| date(quirks, field, value));
    }
    json
}

fn boolean(value: &str, yes: &str, no: &str) -> Option<String> {
    match value {
        "true" => Some(yes.to_owned()),
        "false" => Some(no.to_owned()),
        _ => None,
    }
}

fn attachments(quirks: &Quirks, list: &str) -> Option<String> {
    if list == NO_ATTACHMENTS {
        if quirks.has(Quirk::EmptyString) {
            return Some(r#""""#.to_owned());
        } else if quirks.has(Quirk::AttachmentsEmptyList) {
            return Some("[[]]".to_owned());
        } else if quirks.has(Quirk::AttachmentsEmptyObject) {
            return Some("[{}]".to_owned());
        }
    }
    quirks.has(Quirk::AttachmentsNested).then(|| format!(r#"{{"attachment":{list}}}"#))
}

/// A date in the quirk's notation; zero dates are unchanged.
fn date(quirks: &Quirks, field: Field, value: &str) -> Option<String> {
    let text = value.strip_prefix('"')?.strip_suffix('"')?;
    let (day, time) = text.split_once(' ').filter(|_| text != ZERO_DATE)?;
    if quirks.has(Quirk::DatesIso) {
        let zone = if field == Field::Date { ".000000Z" } else { "+02:00" };
        Some(format!(r#""{day}T{time}{zone}""#))
    } else if quirks.has(Quirk::DatesCarbon) {
        Some(format!(r#"{{"date":"{text}.000000","timezone_type":3,"timezone":"Europe\/Berlin"}}"#))
    } else if quirks.has(Quirk::DatesWithoutTime) {
        Some(format!(r#""{day}""#))
    } else if quirks.has(Quirk::DatesUnreadable) {
        let mut parts = day.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        Some(format!(r#""{day}\/{month}\/{year} {time}""#))
    } else {
        None
    }
}

/// Replaces the value of a field, as JSON, with the result of `change`. The quotes of a member's name are escaped
/// inside strings, so the first match is the member itself.
fn edit(json: &mut String, field: Field, change: impl FnOnce(&str) -> Option<String>) {
    let key = format!(r#""{}":"#, field.name());
    let Some(start) = json.find(&key).map(|at| at + key.len()) else { return };
    let rest = json.get(start..).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
    let Some(Ok(value)) = values.next() else { return };
    if let Some(changed) = change(value.get()) {
        let end = start + value.get().len();
        json.replace_range(start..end, &changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_value_is_edited() {
        let whole = r#"{"id":"7","subject":"\"date\":\"x\"","date":"2025-03-04 05:06:07","attachments":[{"filename":"a]}.png","index":0}],"flag":"0"}"#;
        let mut json = whole.to_owned();
        edit(&mut json, Field::Date, |value| {
            assert_eq!(value, r#""2025-03-04 05:06:07""#);
            Some("1".to_owned())
        });
        edit(&mut json, Field::Attachments, |value| {
            assert_eq!(value, r#"[{"filename":"a]}.png","index":0}]"#);
            Some("2".to_owned())
        });
        edit(&mut json, Field::Flag, |_| None);
        edit(&mut json, Field::Service, |_| Some("absent".to_owned()));
        let expected = r#"{"id":"7","subject":"\"date\":\"x\"","date":1,"attachments":2,"flag":"0"}"#;
        assert_eq!(json, expected);
    }
}
