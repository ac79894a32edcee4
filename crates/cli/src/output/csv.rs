//! CSV: a header with the wire names, a line for each ticket, the same columns for every server.
//!
//! Texts are as they were sent, entities and all. Dates are `YYYY-MM-DD HH:MM:SS`, which spreadsheets read;
//! a field that was not carried, a null and a zero date are empty; attachments and `extra` are JSON.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
//! formula, and a stranger writes the subjects. Such a text gets an apostrophe in front, as the Open Web
//! Application Security Project advises; programs that need every byte take NDJSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gettickets_protocol::{Field, FieldSet, TicketRef, Tickets, Value, Version};
use serde_json::value::RawValue;

use super::TicketWriter;

/// The column after the documented fields.
pub(crate) const EXTRA: &str = "extra";

/// Writes tickets as CSV.
pub(crate) struct CsvWriter<W> {
    out: W,
    columns: Vec<Field>,
    begun: bool,
    line: String,
}

impl<W: Write> CsvWriter<W> {
    /// Columns are the fields that a server of this version may send.
    pub(crate) fn new(out: W, version: Version) -> CsvWriter<W> {
        let columns = FieldSet::known_to(version).iter().collect();
        CsvWriter { out, columns, begun: false, line: String::new() }
    }

    /// Goes on where an earlier writer stopped, whose header is there.
    pub(crate) fn resumed(out: W, version: Version) -> CsvWriter<W> {
        CsvWriter { begun: true, ..CsvWriter::new(out, version) }
    }

    fn header(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            let names: Vec<&str> = self.columns.iter().map(|field| field.name()).collect();
            writeln!(self.out, "{},{EXTRA}", names.join(","))?;
        }
        Ok(())
    }

    fn row(&mut self, ticket: &TicketRef<'_>) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        for field in &self.columns {
            push_field(&mut line, ticket, *field);
            line.push(',');
        }
        push_quoted(&mut line, &extra(ticket));
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        self.line = line;
        Ok(())
    }
}

impl<W: Write> TicketWriter for CsvWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        self.header()?;
        tickets.iter().try_for_each(|ticket| self.row(&ticket))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.header()?;
        self.out.flush()
    }
}

pub(crate) fn push_field(line: &mut String, ticket: &TicketRef<'_>, field: Field) {
    match ticket.value(field) {
        None | Some(Value::Null | Value::DateTime(None)) => {}
        Some(Value::Integer(value)) => line.push_str(&value.to_string()),
        Some(Value::Boolean(value)) => line.push_str(if value { "true" } else { "false" }),
        Some(Value::DateTime(Some(time))) => line.push_str(&time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        Some(Value::Text(text) | Value::UnreadableDate(text)) => push_text(line, text),
        Some(value @ Value::Attachments(_)) => {
            // A list of names and numbers always has a spelling.
            push_quoted(line, &serde_json::to_string(&value).unwrap_or_default());
        }
        Some(_) => {}
    }
}

/// The unknown fields as one object, in which every number is as it was sent; empty where there are none.
pub(crate) fn extra(ticket: &TicketRef<'_>) -> String {
    let read = |(name, json)| Some((name, serde_json::from_str(json).ok()?));
    let fields: BTreeMap<&str, &RawValue> = ticket.extra_json().filter_map(read).collect();
    if fields.is_empty() { String::new() } else { serde_json::to_string(&fields).unwrap_or_default() }
}

/// Whether a spreadsheet would run this; the full-width signs too, which some locales take for theirs.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// Adds a text as a cell, defused.
pub(crate) fn push_text(line: &mut String, text: &str) {
    if is_formula(text) {
        push_quoted(line, &format!("'{text}"));
    } else {
        push_quoted(line, text);
    }
}

/// Adds a cell, in quotes where it needs them.
pub(crate) fn push_quoted(line: &mut String, text: &str) {
    let plain = !text.contains(['"', ',', '\n', '\r']) && !text.starts_with(' ') && !text.ends_with(' ');
    if plain {
        line.push_str(text);
    } else {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::Ticket;

    fn cell(text: &str) -> String {
        let mut line = String::new();
        push_text(&mut line, text);
        line
    }

    #[test]
    fn formulas_are_defused() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+44 20", "'+44 20"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "'＝1"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(cell(" padded "), "\" padded \"");
    }

    #[test]
    fn unknown_numbers_keep_every_digit() {
        let reply =
            r#"{"result":"success","tickets":{"ticket":[{"id":1,"b":123456789012345678901,"a":0.10}]}}"#;
        let page = gettickets_protocol::decode(reply).unwrap().into_page().unwrap();
        let mut out = Vec::new();
        CsvWriter::new(&mut out, Version::V1_0).write(page.tickets()).unwrap();
        let written = String::from_utf8(out).unwrap();
        let expected = r#","{""a"":0.10,""b"":123456789012345678901}""#;
        assert!(written.trim_end().ends_with(expected), "{written}");
    }

    #[test]
    fn the_columns_are_those_of_the_version() {
        let written = |version| {
            let mut out = Vec::new();
            let mut csv = CsvWriter::new(&mut out, version);
            csv.write(&Tickets::new(&[Ticket { id: 7, ..Ticket::default() }], version)).unwrap();
            csv.finish().unwrap();
            String::from_utf8(out).unwrap()
        };
        insta::assert_snapshot!(written(Version::V1_0), @r"
        id,tid,deptid,userid,name,email,cc,c,date,subject,status,priority,admin,attachment,attachments_removed,lastreply,flag,service,extra
        7,,0,0,,,,,,,Open,Medium,,,,,0,,
        ");
        assert!(written(Version::V8_0).starts_with("id,tid,deptid,userid,name,owner_name,email,"));
    }
}
