//! Quirks of how JSON spells a page: the list's shape, and numbers as text or not.
//!
//! The reply is taken apart and put together again as text, so that everything that is not bent stays
//! spelled as the documentation has it.

use gettickets_protocol::{Field, Kind, Page, Version};

use super::{Quirk, Quirks};

/// The quirks that this file knows.
const SPELLING: &[Quirk] = &[
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

/// The page as JSON under these quirks.
pub(crate) fn json(quirks: &Quirks, page: &Page, version: Version) -> String {
    if !quirks.has_any(SPELLING) {
        return page.to_wire_json(version);
    }
    let tickets: Vec<String> = (0..page.len()).map(|index| ticket(quirks, page, index, version)).collect();
    let counts = counts(quirks, page);
    let list = list(quirks, &tickets);
    let extra = if quirks.has(Quirk::ExtraFields) { r#","note":"not documented""# } else { "" };
    format!(r#"{{"result":"success",{counts}{list}{extra}}}"#)
}

/// How many tickets `numreturned` claims.
pub(crate) fn claimed(quirks: &Quirks, page: &Page) -> u64 {
    page.len() as u64 + if quirks.has(Quirk::CountMismatch) { 2 } else { 0 }
}

fn counts(quirks: &Quirks, page: &Page) -> String {
    let total = page.totalresults().unwrap_or(0);
    let start = page.startnumber().unwrap_or(0);
    let returned = claimed(quirks, page);
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

fn ticket(quirks: &Quirks, page: &Page, index: usize, version: Version) -> String {
    let alone = Page::new(page.tickets().slice(index..=index), 0, 1).to_wire_json(version);
    let within = alone.split_once(r#""ticket":["#).and_then(|(_, rest)| rest.strip_suffix("]}}"));
    let mut json = within.unwrap_or_default().to_owned();
    if quirks.has(Quirk::Ints) {
        for field in Field::all().filter(|field| field.kind() == Kind::Integer) {
            json = unquoted(&json, field.name());
        }
        json = json.replace(r#""attachments_removed":true"#, r#""attachments_removed":1"#);
        json = json.replace(r#""attachments_removed":false"#, r#""attachments_removed":0"#);
    }
    if quirks.has(Quirk::Strings) {
        json = json.replace(r#""attachments_removed":true"#, r#""attachments_removed":"1""#);
        json = json.replace(r#""attachments_removed":false"#, r#""attachments_removed":"""#);
        for index in 0..10 {
            json = json.replace(&format!(r#""index":{index}}}"#), &format!(r#""index":"{index}"}}"#));
        }
    }
    if quirks.has(Quirk::EmptyString) {
        json = json.replace(r#""attachments":[]"#, r#""attachments":"""#);
    }
    json
}

/// Takes the quotation marks off a number. They are escaped inside a text, so that this member of the
/// ticket is the only place that can match.
fn unquoted(json: &str, name: &str) -> String {
    let key = format!(r#""{name}":"#);
    let Some((before, after)) = json.split_once(&format!("{key}\"")) else { return json.to_owned() };
    let Some((number, rest)) = after.split_once('"') else { return json.to_owned() };
    format!("{before}{key}{number}{rest}")
}
