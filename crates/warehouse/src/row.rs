//! A ticket as a row, with the columns of every table. Used by the mirror and by Singer.

use std::sync::LazyLock;

use gettickets::{DateTime, FIELDS, Field, FieldKind, FieldValue, TicketRef};
use gettickets_arrow::{ColumnKind, NumberTooLarge, TableColumn, signed};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use xxhash_rust::xxh3::Xxh3;

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Text(String),
}

impl Cell {
    /// The value as text, for the table of changes.
    pub(crate) fn to_text(&self) -> Option<String> {
        match self {
            Cell::Null => None,
            Cell::Integer(number) => Some(number.to_string()),
            Cell::Text(text) => Some(text.clone()),
        }
    }
}

/// A ticket as a row: one cell for each of the [`columns`], in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) cells: Vec<Cell>,
    /// A digest of the server's data, by which a changed ticket is detected without reading its row.
    pub(crate) fingerprint: i64,
    /// Whether a text has a NUL character, which databases do not store.
    pub(crate) had_nul: bool,
}

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
        let mut digest = Xxh3::new();
        let mut cells = Vec::with_capacity(FIELDS.len() + 4);
        // A time column cannot hold the text of an unreadable date, so the text is stored here, as in every table.
        let mut extra = serde_json::Map::new();
        for spec in &FIELDS {
            let cell = match ticket.value(spec.field) {
                None | Some(FieldValue::Null) => Cell::Null,
                Some(_) if spec.sensitive && !access_keys => Cell::Null,
                Some(FieldValue::Integer(number)) => Cell::Integer(signed(&ticket, spec.name, number)?),
                Some(FieldValue::Boolean(value)) => Cell::Integer(value.into()),
                Some(FieldValue::Text(text)) => Cell::Text(text.to_owned()),
                Some(FieldValue::DateTime(time)) => {
                    time.map_or(Cell::Null, |time| Cell::Text(wall_clock(time)))
                }
                Some(FieldValue::Attachments(attachments)) => {
                    let attachments = attachments.map(|attachment| {
                        let index = signed(&ticket, spec.name, attachment.index)?;
                        Ok(json!({"filename": attachment.filename, "index": index}))
                    });
                    Cell::Text(attachments.collect::<Result<serde_json::Value, _>>()?.to_string())
                }
                Some(FieldValue::UnreadableDate(text)) => {
                    extra.insert(spec.name.to_owned(), text.into());
                    Cell::Null
                }
                // A value kind without a case here is stored as its documented text.
                Some(other) => Cell::Text(serde_json::to_string(&other).unwrap_or_default()),
            };
            write(&mut digest, &cell);
            cells.push(cell);
            if spec.kind == FieldKind::DateTime {
                let time = if spec.field == Field::Date { ticket.date() } else { ticket.lastreply() };
                let zone = ticket.time_zone(spec.field, zone);
                cells.push(time.zip(zone).map_or(Cell::Null, |(time, zone)| utc(time, &zone)));
            }
            if spec.field == Field::Subject {
                cells.push(Cell::Text(ticket.subject_text().into_owned()));
            }
        }
        extra.extend(ticket.extra());
        let extra = if extra.is_empty() {
            Cell::Null
        } else {
            Cell::Text(serde_json::Value::from(extra).to_string())
        };
        write(&mut digest, &extra);
        cells.push(extra);
        let mut had_nul = false;
        for cell in &mut cells {
            if let Cell::Text(text) = cell
                && text.contains('\0')
            {
                *text = text.replace('\0', "\u{fffd}");
                had_nul = true;
            }
        }
        let id = signed(&ticket, "id", ticket.id())?;
        Ok(Row { id, cells, fingerprint: digest.digest().cast_signed(), had_nul })
    }

    /// The cell of a field.
    pub(crate) fn cell(&self, field: Field) -> &Cell {
        let found = POSITIONS.iter().find(|(of, _)| *of == field);
        found.and_then(|(_, index)| self.cells.get(*index)).unwrap_or(&Cell::Null)
    }
}

/// The positions of the documented fields among the columns.
static POSITIONS: LazyLock<Vec<(Field, usize)>> = LazyLock::new(|| {
    let names: Vec<String> = columns().map(|(name, _)| name).collect();
    let position = |name| names.iter().position(|column| column == name);
    FIELDS.iter().filter_map(|spec| Some((spec.field, position(spec.name)?))).collect()
});

fn write(digest: &mut Xxh3, cell: &Cell) {
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

/// Formats a time as `YYYY-MM-DD HH:MM:SS`, which sorts by time and which databases can read.
pub(crate) fn wall_clock(time: DateTime) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Converts a local time to UTC. A local time that occurs twice is the first of the two; for one that a clock change
/// skipped, the offset before the change is used.
fn utc(time: DateTime, zone: &TimeZone) -> Cell {
    match zone.to_ambiguous_timestamp(time).compatible() {
        Ok(timestamp) => Cell::Text(timestamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
        Err(_) => Cell::Null,
    }
}
