//! Encodes XML as servers write it.

use crate::extra::Canonical;
use crate::{Field, FieldValue, Page, TicketRef, Version};

pub(super) fn page(page: &Page, version: Version) -> String {
    let mut out = String::with_capacity(256 + page.len() * 1024);
    open(&mut out, version);
    element(&mut out, "result", "success");
    let counts = [
        ("totalresults", page.totalresults()),
        ("startnumber", page.startnumber()),
        ("numreturned", page.numreturned()),
    ];
    for (name, count) in counts {
        if let Some(count) = count {
            element(&mut out, name, &count.to_string());
        }
    }
    out.push_str("<tickets>\n");
    for one in page.iter() {
        ticket(&mut out, &one);
    }
    out.push_str("</tickets>\n");
    for (name, json) in page.extra_json() {
        extra(&mut out, name, json);
    }
    out.push_str("</whmcsapi>");
    out
}

pub(super) fn error(message: Option<&str>, version: Version) -> String {
    let mut out = String::new();
    open(&mut out, version);
    element(&mut out, "result", "error");
    if let Some(message) = message {
        element(&mut out, "message", message);
    }
    out.push_str("</whmcsapi>");
    out
}

fn open(out: &mut String, version: Version) {
    out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    out.push_str(&format!("<whmcsapi version=\"{version}\">\n"));
    element(out, "action", "gettickets");
}

fn ticket(out: &mut String, ticket: &TicketRef<'_>) {
    out.push_str("<ticket>\n");
    for field in ticket.fields().iter() {
        value(out, ticket, field);
    }
    for (name, json) in ticket.extra_json() {
        extra(out, name, json);
    }
    out.push_str("</ticket>\n");
}

fn value(out: &mut String, ticket: &TicketRef<'_>, field: Field) {
    let name = field.name();
    match ticket.value(field) {
        None | Some(FieldValue::Null) => element(out, name, ""),
        Some(FieldValue::Integer(value)) => element(out, name, &value.to_string()),
        Some(FieldValue::Text(text)) => element(out, name, text),
        // The text as it was sent, which keeps unreadable dates.
        Some(FieldValue::DateTime(_) | FieldValue::UnreadableDate(_)) => {
            element(out, name, ticket.text(field))
        }
        Some(FieldValue::Boolean(value)) => element(out, name, if value { "1" } else { "" }),
        Some(FieldValue::Attachments(list)) => {
            out.push_str("<attachments>\n");
            for attachment in list {
                out.push_str("<attachment>\n");
                element(out, "filename", attachment.filename);
                element(out, "index", &attachment.index.to_string());
                out.push_str("</attachment>\n");
            }
            out.push_str("</attachments>\n");
        }
    }
}

/// Writes an unknown field, unless its name is not a plain XML name: the field is then left out. A value that is not a
/// string is written as JSON, which is decoded as text.
fn extra(out: &mut String, name: &str, json: &str) {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !starts || !chars.all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        return;
    }
    let value = Canonical::of(json);
    match value.as_text() {
        Some(text) => element(out, name, &text),
        None if value.is_null() => element(out, name, ""),
        None => element(out, name, &serde_json::to_string(&value).unwrap_or_default()),
    }
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>"));
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A parser would normalize it to a line feed.
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out.push_str(&format!("</{name}>\n"));
}
