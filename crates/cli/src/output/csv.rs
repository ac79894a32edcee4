//! CSV: a header with the wire names, a line for each ticket, and the same columns for every server.
//!
//! Texts are unchanged, including HTML entities. Dates are `YYYY-MM-DD HH:MM:SS`, which spreadsheets read. An absent
//! field, a null and a zero date are empty. Attachments and `extra` are JSON.
//!
//! # Formulas
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@` as a formula, and a stranger writes the subject of a
//! ticket. Such a text is prefixed with an apostrophe, as the Open Web Application Security Project advises. This
//! protects the cells of this file. Some spreadsheets, however, separate cells at `;`, at tabs or at `|` by default.
//! For them a quote may be in the middle of a cell, where it has no effect, and a separator in a text begins a new
//! cell. The same apostrophe therefore follows each separator and line break in a text if a formula would begin there,
//! and texts with a separator are quoted. In JSON the sign is escaped instead (`\u003d`), which has the same meaning.
//! Programs that need every byte should read NDJSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use gettickets_protocol::{Field, FieldSet, FieldValue, TicketRef, Tickets, Version};
use serde_json::value::RawValue;

use super::TicketWriter;

/// The column that follows the documented fields.
pub(crate) const EXTRA: &str = "extra";

/// Writes tickets as CSV.
pub(crate) struct CsvWriter<W> {
    out: W,
    columns: Vec<Field>,
    begun: bool,
    line: String,
}

impl<W: Write> CsvWriter<W> {
    /// Creates a writer. The columns are the fields of this server version.
    pub(crate) fn new(out: W, version: Version) -> CsvWriter<W> {
        let columns = FieldSet::known_to(version).iter().collect();
        CsvWriter { out, columns, begun: false, line: String::new() }
    }

    /// Continues after an earlier writer, which has written the header.
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
        push_json(&mut line, &extra(ticket));
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
        None | Some(FieldValue::Null | FieldValue::DateTime(None)) => {}
        Some(FieldValue::Integer(value)) => line.push_str(&value.to_string()),
        Some(FieldValue::Boolean(value)) => line.push_str(if value { "true" } else { "false" }),
        Some(FieldValue::DateTime(Some(time))) => {
            line.push_str(&time.strftime("%Y-%m-%d %H:%M:%S").to_string())
        }
        Some(FieldValue::Text(text) | FieldValue::UnreadableDate(text)) => push_text(line, text),
        Some(value @ FieldValue::Attachments(_)) => {
            // Names and numbers can always be serialized.
            push_json(line, &serde_json::to_string(&value).unwrap_or_default());
        }
        Some(_) => {}
    }
}

/// The unknown fields as a JSON object, with every number as the server sent it; empty if there are none.
pub(crate) fn extra(ticket: &TicketRef<'_>) -> String {
    let read = |(name, json)| Some((name, serde_json::from_str(json).ok()?));
    let fields: BTreeMap<&str, &RawValue> = ticket.extra_json().filter_map(read).collect();
    if fields.is_empty() { String::new() } else { serde_json::to_string(&fields).unwrap_or_default() }
}

/// The characters that begin a formula, including full-width signs, which some locales accept.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// The characters that may separate cells or lines, depending on the spreadsheet and its locale.
const SEPARATORS: [char; 6] = [';', '\t', '|', '\n', '\r', '\u{b}'];

/// Whether a spreadsheet would run a cell with this text. Leading spaces and quotes are skipped: spaces may be trimmed,
/// and spreadsheets disagree about quotes in the middle of a cell.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches([' ', '\u{a0}', '"']).starts_with(SIGNS)
}

/// Appends a text as a cell in which no spreadsheet finds a formula.
pub(crate) fn push_text(line: &mut String, text: &str) {
    // Some spreadsheets treat a leading tab or line break as the beginning of a formula.
    let begins = is_formula(text) || text.starts_with(SEPARATORS);
    let inside = text.match_indices(SEPARATORS).any(|(at, _)| text.get(at + 1..).is_some_and(is_formula));
    if !begins && !inside {
        return push_quoted(line, text);
    }
    let mut guarded = String::with_capacity(text.len() + 8);
    if begins {
        guarded.push('\'');
    }
    let mut rest = text;
    while let Some(at) = rest.find(SEPARATORS) {
        // Each separator is one byte.
        let (cell, after) = rest.split_at(at + 1);
        guarded.push_str(cell);
        if is_formula(after) {
            guarded.push('\'');
        }
        rest = after;
    }
    guarded.push_str(rest);
    push_quoted(line, &guarded);
}

/// Returns the text of a cell that [`push_text`] wrote. If the text itself had an apostrophe before something that looks
/// like a formula, that is removed too.
pub(crate) fn unguarded(cell: &str) -> Cow<'_, str> {
    let guards = |at: usize| {
        cell.get(at..)
            .and_then(|rest| rest.strip_prefix('\''))
            .is_some_and(|guarded| is_formula(guarded) || (at == 0 && guarded.starts_with(SEPARATORS)))
    };
    let begins = cell.match_indices(SEPARATORS).map(|(at, _)| at + 1);
    let added: Vec<usize> = std::iter::once(0).chain(begins).filter(|at| guards(*at)).collect();
    if added.is_empty() {
        return Cow::Borrowed(cell);
    }
    let kept = cell.char_indices().filter(|(at, _)| added.binary_search(at).is_err());
    Cow::Owned(kept.map(|(_, letter)| letter).collect())
}

/// Appends JSON as a cell. In JSON, a sign that follows a separator is always inside a string.
pub(crate) fn push_json(line: &mut String, json: &str) {
    if !json.contains(SEPARATORS) {
        return push_quoted(line, json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    let mut rest = json;
    while let Some(at) = rest.find(SEPARATORS) {
        let (cell, after) = rest.split_at(at + 1);
        escaped.push_str(cell);
        rest = after;
        if is_formula(after)
            && let Some((at, sign)) = after.char_indices().find(|(_, letter)| SIGNS.contains(letter))
        {
            let (before, _) = after.split_at(at);
            escaped.push_str(before);
            escaped.push_str(&format!("\\u{:04x}", u32::from(sign)));
            rest = after.get(at + sign.len_utf8()..).unwrap_or_default();
        }
    }
    escaped.push_str(rest);
    push_quoted(line, &escaped);
}

/// Appends a cell, in quotes if any spreadsheet needs them.
pub(crate) fn push_quoted(line: &mut String, text: &str) {
    let plain = !text.contains(['"', ','])
        && !text.contains(SEPARATORS)
        && !text.starts_with(' ')
        && !text.ends_with(' ');
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
    fn no_cell_is_a_formula_for_any_separator() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+44 20", "'+44 20"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t'=1\""),
            ("\r=1", "\"'\r'=1\""),
            ("\nx", "\"'\nx\""),
            ("＝1", "'＝1"),
            (" =1", "' =1"),
            ("a=b", "a=b"),
            ("a - b", "a - b"),
            ("", ""),
            // After characters that separate cells elsewhere.
            ("x;=cmd|' /C calc'!A0", "\"x;'=cmd|' /C calc'!A0\""),
            ("x;y", "\"x;y\""),
            ("x\t@SUM(A1)", "\"x\t'@SUM(A1)\""),
            ("x|+1", "\"x|'+1\""),
            ("x; =1;=2", "\"x;' =1;'=2\""),
            ("x\n-1", "\"x\n'-1\""),
            // Quotes in the middle of a cell.
            ("x;\"=1", "\"x;'\"\"=1\""),
            ("x,=1", "\"x,=1\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn cells_are_quoted_if_needed() {
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(cell(" padded "), "\" padded \"");
    }

    #[test]
    fn a_sign_behind_a_separator_in_json_is_escaped_and_means_the_same() {
        for text in ["x;=cmd", "x; \\\"=cmd;-1", "a;b", "=x|＠y", "no separator = none"] {
            let json = format!("{{\"name\":\"{text}\"}}");
            let mut line = String::new();
            push_json(&mut line, &json);
            let cell = line.trim_matches('"').replace("\"\"", "\"");
            for separator in SEPARATORS {
                assert!(!cell.split(separator).any(is_formula), "{cell}");
            }
            let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(read(&cell), read(&json));
        }
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
