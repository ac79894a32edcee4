//! Encodes wire JSON: the documented format, as PHP writes it.

use crate::{Field, FieldValue, Page, TicketRef};

pub(super) fn page(page: &Page) -> String {
    // A ticket takes about 600 bytes.
    let mut out = String::with_capacity(128 + page.len() * 640);
    out.push_str(r#"{"result":"success""#);
    if let Some(total) = page.totalresults() {
        out.push_str(&format!(r#","totalresults":"{total}""#));
    }
    for (name, count) in [("startnumber", page.startnumber()), ("numreturned", page.numreturned())] {
        if let Some(count) = count {
            out.push_str(&format!(r#","{name}":{count}"#));
        }
    }
    out.push_str(r#","tickets":{"ticket":["#);
    for (index, one) in page.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        ticket(&mut out, &one);
    }
    out.push_str("]}");
    for (name, json) in page.extra_json() {
        out.push(',');
        string(&mut out, name);
        out.push(':');
        out.push_str(json);
    }
    out.push('}');
    out
}

pub(super) fn error(message: Option<&str>) -> String {
    let mut out = r#"{"result":"error""#.to_owned();
    if let Some(message) = message {
        out.push_str(r#","message":"#);
        string(&mut out, message);
    }
    out.push('}');
    out
}

fn ticket(out: &mut String, ticket: &TicketRef<'_>) {
    out.push('{');
    let mut separator = "";
    for field in ticket.fields().iter() {
        out.push_str(separator);
        separator = ",";
        string(out, field.name());
        out.push(':');
        value(out, ticket, field);
    }
    for (name, json) in ticket.extra_json() {
        out.push_str(separator);
        separator = ",";
        string(out, name);
        out.push(':');
        // The JSON as it was sent, which keeps numbers exact.
        out.push_str(json);
    }
    out.push('}');
}

fn value(out: &mut String, ticket: &TicketRef<'_>, field: Field) {
    match ticket.value(field) {
        None | Some(FieldValue::Null) => out.push_str("null"),
        Some(FieldValue::Integer(value)) => out.push_str(&format!(r#""{value}""#)),
        Some(FieldValue::Text(text)) => string(out, text),
        // The text as it was sent, which keeps unreadable dates.
        Some(FieldValue::DateTime(_) | FieldValue::UnreadableDate(_)) => string(out, ticket.text(field)),
        Some(FieldValue::Boolean(value)) => out.push_str(if value { "true" } else { "false" }),
        Some(FieldValue::Attachments(list)) => {
            out.push('[');
            for (index, attachment) in list.enumerate() {
                out.push_str(if index > 0 { r#",{"filename":"# } else { r#"{"filename":"# });
                string(out, attachment.filename);
                out.push_str(&format!(r#","index":{}}}"#, attachment.index));
            }
            out.push(']');
        }
    }
}

/// Writes a string as PHP's `json_encode` does: slashes escaped, non-ASCII characters as `\u`.
fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| !(' '..='~').contains(&c) || matches!(c, '"' | '\\' | '/')) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(special) = chars.next() {
            escape(out, special);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(out: &mut String, special: char) {
    match special {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '/' => out.push_str("\\/"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        // PHP does not escape this character.
        '\u{7f}' => out.push(special),
        _ => {
            for unit in special.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_php_escapes_them() {
        let mut out = String::new();
        string(&mut out, "a/b \"é\" \\ 😀\u{1}\u{7f}\n");
        assert_eq!(out, r#""a\/b \"\u00e9\" \\ \ud83d\ude00\u0001"#.to_owned() + "\u{7f}\\n\"");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), "a/b \"é\" \\ 😀\u{1}\u{7f}\n");
        out.clear();
        string(&mut out, "\r\t\u{8}\u{c}");
        assert_eq!(out, r#""\r\t\b\f""#);
    }
}
