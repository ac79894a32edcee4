//! Exports with a ticket in each row. They are read in pieces, each of which is decoded as a page.

use std::io::{BufRead, Read};

use gettickets_protocol::{DecodeError, DecodeErrorKind, Decoder, Page, PageKind, Reply};
use serde::de::IgnoredAny;

use super::canonical::{self, Entries};
use super::input::{Input, MAX_LEN};
use crate::commands::reply_hints;
use crate::exit::{Exit, Failure, Outcome};

/// A row: its number, and its ticket as JSON.
pub(super) type Row = (u64, Vec<u8>);

/// A file with a ticket in each row.
pub(super) trait Rows {
    /// The name of a row in messages.
    fn unit(&self) -> &'static str;
    /// Returns the next row, or `None` at the end.
    fn next(&mut self) -> Outcome<Option<Row>>;
}

/// The rows of a file as pages.
pub(super) struct Pieces {
    rows: Box<dyn Rows>,
}

impl Pieces {
    pub(super) fn of(rows: impl Rows + 'static) -> Pieces {
        Pieces { rows: Box::new(rows) }
    }

    /// Returns the next tickets as a page: rows with a total of at least `least` bytes. Returns `None` at the end.
    pub(super) fn piece(&mut self, decoder: &Decoder, least: usize) -> Outcome<Option<Page>> {
        let mut rows = Vec::new();
        let mut length = 0;
        while length < least {
            let Some(row) = self.rows.next()? else { break };
            length += row.1.len();
            if length as u64 > MAX_LEN {
                return Err(Failure::new(
                    Exit::Unreadable,
                    format!("there are more than {} MiB of tickets", MAX_LEN >> 20),
                )
                .hint("Use the format table, ndjson or csv, which are written while the file is read"));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Ok(None);
        }
        // Each row must be valid by itself: concatenated, one row could close the list of another.
        if rows.iter().all(|(_, row)| is_ticket(row))
            && let Ok(Reply::Tickets(page)) =
                decoder.decode(page_of(rows.iter().map(|(_, row)| row.as_slice())))
        {
            return Ok(Some(page));
        }
        Err(first_failure(decoder, self.rows.unit(), &rows))
    }
}

/// The failure of a reply or row that is not readable.
pub(super) fn unreadable(error: &DecodeError) -> Failure {
    let hint = match error.kind() {
        // A file without any sign of a server is rarely a server's reply.
        DecodeErrorKind::NotAReply { title: None, .. }
            if error.page_kind().is_none_or(|kind| kind == PageKind::Other) =>
        {
            "Give a saved reply, or an export of this program".to_owned()
        }
        _ => reply_hints::decode_error(error),
    };
    Failure::new(Exit::Unreadable, error).hint(hint)
}

/// Whether a text is one JSON object with an id, and not a reply.
pub(super) fn is_ticket(text: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Probe {
        id: Option<IgnoredAny>,
        result: Option<IgnoredAny>,
    }
    // serde would accept a sequence of the two fields.
    text.starts_with(b"{")
        && serde_json::from_slice::<Probe>(text)
            .is_ok_and(|found| found.id.is_some() && found.result.is_none())
}

/// Joins tickets as the body of a reply.
fn page_of<'r>(rows: impl Iterator<Item = &'r [u8]>) -> Vec<u8> {
    let mut body = br#"{"result":"success","tickets":["#.to_vec();
    for (index, row) in rows.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row);
    }
    body.extend_from_slice(b"]}");
    body
}

/// The error for the first of these rows that is not a ticket.
fn first_failure(decoder: &Decoder, unit: &str, rows: &[Row]) -> Failure {
    for (number, row) in rows {
        let at = format!("{unit} {number}");
        if !is_ticket(row) {
            let failure = match serde_json::from_slice::<IgnoredAny>(row) {
                Err(error) => Failure::new(Exit::Unreadable, format!("this is not JSON: {error}")),
                Ok(_) => Failure::new(Exit::Unreadable, "this is not a ticket"),
            };
            return failure.at(at);
        }
        if let Err(error) = decoder.decode(page_of([row.as_slice()].into_iter())) {
            return unreadable(&error).at(at);
        }
    }
    Failure::new(Exit::Unreadable, format!("the {unit}s are not tickets"))
}

/// NDJSON: a ticket on each line.
pub(super) struct Lines {
    input: Input,
    /// The number of the last line read.
    number: u64,
}

impl Lines {
    pub(super) fn of(input: Input) -> Lines {
        Lines { input, number: 0 }
    }
}

impl Rows for Lines {
    fn unit(&self) -> &'static str {
        "line"
    }

    /// Returns the next line that is not empty, without its line ending.
    fn next(&mut self) -> Outcome<Option<Row>> {
        loop {
            let mut line = Vec::new();
            let read = self.input.by_ref().take(MAX_LEN + 1).read_until(b'\n', &mut line);
            let count = read.map_err(|error| Failure::new(Exit::Unreadable, error))?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 > MAX_LEN {
                return Err(Failure::new(
                    Exit::Unreadable,
                    format!("line {} is longer than {} MiB", self.number, MAX_LEN >> 20),
                ));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
            if !text.is_empty() {
                return Ok(Some((self.number, canonical::ticket(text).into_owned())));
            }
        }
    }
}

/// A row of a table as a JSON object, under construction.
pub(super) struct RowObject<'e> {
    entries: Vec<String>,
    extra: Entries<'e>,
}

impl<'e> RowObject<'e> {
    /// Creates an object with the entries of the column `extra`, which is a JSON object as text.
    ///
    /// If the text of a date is in `extra`, its own column is null, so entries of `extra` take precedence.
    pub(super) fn new(extra: Option<&'e str>) -> Result<RowObject<'e>, serde_json::Error> {
        let extra = match extra {
            Some(text) => serde_json::from_str(text)?,
            None => Entries::default(),
        };
        let entries = extra.iter().map(|(name, value)| canonical::entry(name, value)).collect();
        Ok(RowObject { entries, extra })
    }

    /// Adds the value of another column, as JSON, unless `extra` has it.
    pub(super) fn add(&mut self, name: &str, json: &str) {
        if !self.extra.iter().any(|(known, _)| known == name) {
            self.entries.push(canonical::entry(name, json));
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        canonical::object(&self.entries).into_bytes()
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
