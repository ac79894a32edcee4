//! Reads CSV files that this program wrote: a header with the names of the columns, and a ticket in each row.

use std::io;

use ::csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use gettickets_protocol::FieldKind;
use serde::de::IgnoredAny;

use super::input::Input;
use super::rows::{Row, RowObject, Rows, quoted};
use crate::args::Column;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::csv::unguarded;

/// Whether a file begins with the header of an export: names separated by commas, including `id`.
pub(super) fn is_export(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let Some(header) = start.split(|byte| matches!(byte, b'\r' | b'\n')).next() else { return false };
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let mut names = header.split(|byte| *byte == b',');
    names.clone().all(is_name) && names.any(|name| name == b"id") && header.contains(&b',')
}

/// The rows of a CSV file.
pub(super) struct CsvRows {
    reader: Reader<Input>,
    /// Each column, with its name in the header; `None` for an unknown column.
    columns: Vec<(Option<Column>, String)>,
    record: StringRecord,
}

impl CsvRows {
    pub(super) fn of(input: Input) -> io::Result<CsvRows> {
        let mut reader = ReaderBuilder::new().from_reader(input);
        let header = reader.headers().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let column = |name: &str| (name.parse().ok(), name.to_owned());
        let columns = header.iter().map(|name| column(name.trim_start_matches('\u{feff}'))).collect();
        Ok(CsvRows { reader, columns, record: StringRecord::new() })
    }

    fn object(&self) -> Result<Vec<u8>, serde_json::Error> {
        let cells = || self.columns.iter().zip(&self.record);
        let extra = cells().find(|((column, _), _)| *column == Some(Column::Extra)).map(|(_, cell)| cell);
        let mut object = RowObject::new(extra.filter(|cell| !cell.is_empty()))?;
        for ((column, name), cell) in cells() {
            let text = || quoted(&unguarded(cell));
            match column {
                Some(Column::Field(field)) => match field.kind() {
                    FieldKind::Text => object.add(name, &text()),
                    FieldKind::Attachments if cell.is_empty() => {}
                    FieldKind::Attachments => {
                        serde_json::from_str::<IgnoredAny>(cell)?;
                        object.add(name, cell);
                    }
                    _ if cell.is_empty() => object.add(name, "null"),
                    _ => object.add(name, &text()),
                },
                // Columns that are computed from others, and `extra`, which was read above.
                Some(column) if *column != Column::Install => {}
                _ if cell.is_empty() => {}
                _ => object.add(name, &text()),
            }
        }
        Ok(object.finish())
    }
}

impl Rows for CsvRows {
    fn unit(&self) -> &'static str {
        "line"
    }

    fn next(&mut self) -> Outcome<Option<Row>> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(0, ::csv::Position::line);
                let object = self.object().map_err(|error| {
                    Failure::new(Exit::Unreadable, format!("a cell is not valid JSON: {error}"))
                        .at(format!("line {line}"))
                })?;
                Ok(Some((line, object)))
            }
            Err(error) => Err(failure(&error)),
        }
    }
}

fn failure(error: &::csv::Error) -> Failure {
    let line = error.position().map(::csv::Position::line);
    let what = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this row has {len} cells, but the header has {expected_len}")
        }
        ErrorKind::Utf8 { .. } => "this row is not UTF-8".to_owned(),
        _ => format!("this is not CSV: {error}"),
    };
    let failure = Failure::new(Exit::Unreadable, what);
    match line {
        Some(line) => failure.at(format!("line {line}")),
        None => failure,
    }
}
