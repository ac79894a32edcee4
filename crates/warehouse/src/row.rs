//! A ticket as a row, with the columns of every table. Used by the mirror and by Singer.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use gettickets::{DateTime, FIELDS, Field, FieldKind, FieldValue, TicketRef};
use gettickets_arrow::{ColumnKind, NumberTooLarge, TableColumn, signed};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use xxhash_rust::xxh3::Xxh3;

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// The value as text, for the table of changes.
    pub(crate) fn to_text(self) -> Option<Cow<'a, str>> {
        match self {
            Cell::Null => None,
            Cell::Integer(number) => Some(number.to_string().into()),
            Cell::Text(text) => Some(text.into()),
        }
    }
}

/// A value of a column, with the place of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Slot {
    Null,
    Integer(i64),
    Text(Range<usize>),
}

/// A ticket as a row: one cell for each of the [`columns`], in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: i64,
    slots: Vec<Slot>,
    /// The texts of all cells.
    text: String,
    /// A digest of the server's data, by which a changed ticket is detected without reading its row.
    pub(crate) fingerprint: i64,
    /// Whether a text has a NUL character, which databases do not store.
    pub(crate) had_nul: bool,
}

/// The usual length of a row's texts, in bytes.
const TEXT: usize = 512;

/// The fields whose changes are recorded.
pub(crate) const TRACKED: [Field; 6] =
    [Field::Status, Field::Deptid, Field::Priority, Field::Flag, Field::Lastreply, Field::Subject];

/// The type of a column; each database maps it to a type of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Integer,
    Boolean,
    Text,
    Json,
    /// A local time of the install, without a zone.
    WallClock,
    Utc,
}

/// The columns of a ticket: those of every table, without the install.
pub(crate) fn columns() -> impl Iterator<Item = (String, Type)> {
    TableColumn::all().filter(|column| *column != TableColumn::Install).map(|column| {
        let kind = match column.kind() {
            ColumnKind::Integer => Type::Integer,
            ColumnKind::Boolean => Type::Boolean,
            ColumnKind::WallClock => Type::WallClock,
            ColumnKind::Utc => Type::Utc,
            ColumnKind::Attachments | ColumnKind::Json => Type::Json,
            _ => Type::Text,
        };
        (column.name().to_owned(), kind)
    })
}

impl Row {
    /// Converts a ticket to a row. UTC columns are null unless the zone of the install or of the date is known.
    pub(crate) fn new(
        ticket: TicketRef<'_>,
        zone: Option<&TimeZone>,
        access_keys: bool,
    ) -> Result<Row, NumberTooLarge> {
        Row::default().refill(ticket, zone, access_keys)
    }

    /// Like [`new`](Row::new), with the memory of this row.
    pub(crate) fn refill(
        self,
        ticket: TicketRef<'_>,
        zone: Option<&TimeZone>,
        access_keys: bool,
    ) -> Result<Row, NumberTooLarge> {
        let mut row = self;
        row.slots.clear();
        row.slots.reserve(FIELDS.len() + 4);
        row.text.clear();
        row.text.reserve(TEXT);
        row.had_nul = false;
        row.id = signed(&ticket, "id", ticket.id())?;
        let mut digest = Xxh3::new();
        // A time column cannot hold the text of an unreadable date, so the text is stored here, as in every table.
        let mut extra = serde_json::Map::new();
        for spec in &FIELDS {
            let number = |number| signed(&ticket, spec.name, number);
            match ticket.value(spec.field) {
                None | Some(FieldValue::Null) => row.push(Cell::Null),
                Some(_) if spec.sensitive && !access_keys => row.push(Cell::Null),
                Some(FieldValue::Integer(value)) => row.push(Cell::Integer(number(value)?)),
                Some(FieldValue::Boolean(value)) => row.push(Cell::Integer(value.into())),
                Some(FieldValue::Text(text)) => row.push(Cell::Text(text)),
                Some(FieldValue::DateTime(None)) => row.push(Cell::Null),
                Some(FieldValue::DateTime(Some(time))) => {
                    row.push_printed(|text| TIMES.print_datetime(&time, text));
                }
                Some(FieldValue::Attachments(attachments)) => {
                    let attachments = attachments.map(|attachment| {
                        let index = number(attachment.index)?;
                        Ok(json!({"filename": attachment.filename, "index": index}))
                    });
                    let attachments = attachments.collect::<Result<serde_json::Value, _>>()?;
                    row.push(Cell::Text(&attachments.to_string()));
                }
                Some(FieldValue::UnreadableDate(text)) => {
                    extra.insert(spec.name.to_owned(), text.into());
                    row.push(Cell::Null);
                }
                // A value kind without a case here is stored as its documented text.
                Some(other) => row.push(Cell::Text(&serde_json::to_string(&other).unwrap_or_default())),
            }
            write(&mut digest, row.last());
            if spec.kind == FieldKind::DateTime {
                let time = if spec.field == Field::Date { ticket.date() } else { ticket.lastreply() };
                match time.zip(ticket.time_zone(spec.field, zone)).and_then(|(time, zone)| utc(time, &zone)) {
                    Some(time) => row.push_printed(|text| TIMES.print_timestamp(&time, text)),
                    None => row.push(Cell::Null),
                }
            }
            if spec.field == Field::Subject {
                row.push(Cell::Text(&ticket.subject_text()));
            }
        }
        extra.extend(ticket.extra());
        if extra.is_empty() {
            row.push(Cell::Null);
        } else {
            row.push(Cell::Text(&serde_json::Value::from(extra).to_string()));
        }
        write(&mut digest, row.last());
        row.fingerprint = digest.digest().cast_signed();
        if row.text.contains('\0') {
            row.replace_nul();
        }
        Ok(row)
    }

    /// A row with these cells.
    #[cfg(test)]
    pub(crate) fn of(id: i64, cells: &[Cell<'_>]) -> Row {
        let mut row =
            Row { id, slots: Vec::new(), text: String::new(), fingerprint: -id, had_nul: id % 2 == 0 };
        cells.iter().for_each(|cell| row.push(*cell));
        row
    }

    fn push(&mut self, cell: Cell<'_>) {
        self.slots.push(match cell {
            Cell::Null => Slot::Null,
            Cell::Integer(number) => Slot::Integer(number),
            Cell::Text(text) => {
                let start = self.text.len();
                self.text.push_str(text);
                Slot::Text(start..self.text.len())
            }
        });
    }

    /// Pushes the text that `print` appends, or null if it fails.
    fn push_printed(&mut self, print: impl FnOnce(&mut String) -> Result<(), jiff::Error>) {
        let start = self.text.len();
        let printed = print(&mut self.text);
        self.slots.push(if printed.is_ok() { Slot::Text(start..self.text.len()) } else { Slot::Null });
    }

    /// Replaces the NUL characters of all texts.
    fn replace_nul(&mut self) {
        let mut replaced = Row {
            id: self.id,
            slots: Vec::new(),
            text: String::new(),
            fingerprint: self.fingerprint,
            had_nul: true,
        };
        for cell in self.cells() {
            match cell {
                Cell::Text(text) => replaced.push(Cell::Text(&text.replace('\0', "\u{fffd}"))),
                other => replaced.push(other),
            }
        }
        *self = replaced;
    }

    /// The cells, in the order of the columns.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.slots.iter().map(|slot| self.filled(slot))
    }

    /// The cell of a column.
    pub(crate) fn cell_at(&self, column: usize) -> Cell<'_> {
        self.slots.get(column).map_or(Cell::Null, |slot| self.filled(slot))
    }

    /// The cell of a field.
    pub(crate) fn cell(&self, field: Field) -> Cell<'_> {
        let found = POSITIONS.iter().find(|(of, _)| *of == field);
        found.map_or(Cell::Null, |(_, column)| self.cell_at(*column))
    }

    /// The cell that was pushed last.
    fn last(&self) -> Cell<'_> {
        self.slots.last().map_or(Cell::Null, |slot| self.filled(slot))
    }

    fn filled(&self, slot: &Slot) -> Cell<'_> {
        match slot {
            Slot::Null => Cell::Null,
            Slot::Integer(number) => Cell::Integer(*number),
            Slot::Text(range) => Cell::Text(self.text.get(range.clone()).unwrap_or_default()),
        }
    }
}

/// The positions of the documented fields among the columns.
static POSITIONS: LazyLock<Vec<(Field, usize)>> = LazyLock::new(|| {
    let names: Vec<String> = columns().map(|(name, _)| name).collect();
    let position = |name| names.iter().position(|column| column == name);
    FIELDS.iter().filter_map(|spec| Some((spec.field, position(spec.name)?))).collect()
});

fn write(digest: &mut Xxh3, cell: Cell<'_>) {
    match cell {
        Cell::Null => digest.update(&[0]),
        Cell::Integer(number) => {
            digest.update(&[1]);
            digest.update(&number.to_le_bytes());
        }
        Cell::Text(text) => {
            digest.update(&[2]);
            digest.update(&(text.len() as u64).to_le_bytes());
            digest.update(text.as_bytes());
        }
    }
}

/// Prints times as `YYYY-MM-DD HH:MM:SS`, with a `Z` after times in UTC: a form that sorts by time and that databases can
/// read.
const TIMES: DateTimePrinter = DateTimePrinter::new().separator(b' ');

/// Formats a time as `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn wall_clock(time: DateTime) -> String {
    TIMES.datetime_to_string(&time)
}

/// Converts a local time to UTC. A local time that occurs twice is the first of the two; for one that a clock change
/// skipped, the offset before the change is used.
fn utc(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(time).compatible().ok()
}
