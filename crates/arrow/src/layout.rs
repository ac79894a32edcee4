//! [`TableColumn`]: the columns of every table of tickets, their order, kinds and meanings.
//!
//! Arrow, Parquet, data frames, SQL databases and Singer streams have these columns. A table that leaves some out keeps
//! the order of the others.

use std::fmt;

use gettickets_protocol::{FIELDS, Field, FieldKind, FieldSet};

/// The name of the column with a JSON object of unknown fields and the texts of unreadable dates.
pub const EXTRA: &str = "extra";
/// The name of the column with the name of the install.
pub const INSTALL: &str = "install";

/// A column of a table of tickets.
///
/// ```
/// use gettickets_arrow::TableColumn;
/// let names: Vec<&str> = TableColumn::all().map(TableColumn::name).collect();
/// assert_eq!(names[..3], ["install", "id", "tid"]);
/// assert_eq!(names.last(), Some(&"extra"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TableColumn {
    /// The name of the install, in tables of several installs.
    Install,
    /// A documented field, as the server sent it.
    Field(Field),
    /// The field `date` in UTC, if the time zone of the install is known.
    DateUtc,
    /// The field `lastreply` in UTC, if the time zone of the install is known.
    LastreplyUtc,
    /// The subject with its HTML entities decoded.
    SubjectText,
    /// A JSON object of unknown fields and of the texts of unreadable dates; null if there are none.
    Extra,
}

/// The kind of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A signed integer of 64 bits.
    Integer,
    /// True or false.
    Boolean,
    /// A text.
    Text,
    /// A JSON object as a text.
    Json,
    /// A date and time on the clock of the install, without a time zone.
    WallClock,
    /// A date and time in UTC.
    Utc,
    /// A list of attachments, each with a file name and an index.
    Attachments,
}

impl TableColumn {
    /// Every column, in the order of the layout.
    pub fn all() -> impl Iterator<Item = TableColumn> + Clone {
        let fields = FIELDS.iter().flat_map(|spec| {
            let field = TableColumn::Field(spec.field);
            std::iter::once(field).chain(TableColumn::utc_of(spec.field)).chain(text_of(spec.field))
        });
        std::iter::once(TableColumn::Install).chain(fields).chain(std::iter::once(TableColumn::Extra))
    }

    /// The columns of these fields and `extra`, in the order of the layout.
    pub fn of_fields(fields: FieldSet) -> impl Iterator<Item = TableColumn> + Clone {
        fields.iter().map(TableColumn::Field).chain(std::iter::once(TableColumn::Extra))
    }

    /// The column in UTC of a date field.
    pub const fn utc_of(field: Field) -> Option<TableColumn> {
        match field {
            Field::Date => Some(TableColumn::DateUtc),
            Field::Lastreply => Some(TableColumn::LastreplyUtc),
            _ => None,
        }
    }

    /// The column of this name.
    pub fn from_name(name: &str) -> Option<TableColumn> {
        TableColumn::all().find(|column| column.name() == name)
    }

    /// The name of the column. For a field it is the wire name.
    pub const fn name(self) -> &'static str {
        match self {
            TableColumn::Install => INSTALL,
            TableColumn::Field(field) => field.name(),
            TableColumn::DateUtc => "date_utc",
            TableColumn::LastreplyUtc => "lastreply_utc",
            TableColumn::SubjectText => "subject_text",
            TableColumn::Extra => EXTRA,
        }
    }

    /// The kind of its values.
    pub const fn kind(self) -> ColumnKind {
        match self {
            TableColumn::Install | TableColumn::SubjectText => ColumnKind::Text,
            TableColumn::DateUtc | TableColumn::LastreplyUtc => ColumnKind::Utc,
            TableColumn::Extra => ColumnKind::Json,
            TableColumn::Field(field) => match field.kind() {
                FieldKind::Integer => ColumnKind::Integer,
                FieldKind::Boolean => ColumnKind::Boolean,
                FieldKind::DateTime => ColumnKind::WallClock,
                FieldKind::Attachments => ColumnKind::Attachments,
                // Reached only by a field kind that was added without a case here; a test then fails.
                _ => ColumnKind::Text,
            },
        }
    }

    /// The meaning of the column, in one line.
    pub const fn meaning(self) -> &'static str {
        match self {
            TableColumn::Install => "Name of the install that the ticket is from.",
            TableColumn::Field(field) => field.spec().meaning,
            TableColumn::DateUtc => "Time of `date` in UTC.",
            TableColumn::LastreplyUtc => "Time of `lastreply` in UTC.",
            TableColumn::SubjectText => "Subject with HTML entities decoded.",
            TableColumn::Extra => "Unknown fields and the texts of unreadable dates, as one JSON object.",
        }
    }

    /// The field that the column shows or is computed from.
    pub const fn field(self) -> Option<Field> {
        match self {
            TableColumn::Field(field) => Some(field),
            TableColumn::DateUtc => Some(Field::Date),
            TableColumn::LastreplyUtc => Some(Field::Lastreply),
            TableColumn::SubjectText => Some(Field::Subject),
            TableColumn::Install | TableColumn::Extra => None,
        }
    }

    /// Whether its values grant access to tickets.
    pub const fn is_sensitive(self) -> bool {
        match self {
            TableColumn::Field(field) => field.spec().sensitive,
            _ => false,
        }
    }
}

fn text_of(field: Field) -> Option<TableColumn> {
    (field == Field::Subject).then_some(TableColumn::SubjectText)
}

impl fmt::Display for TableColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_unique() {
        let columns: Vec<TableColumn> = TableColumn::all().collect();
        for column in &columns {
            assert_eq!(TableColumn::from_name(column.name()), Some(*column));
        }
        assert_eq!(columns.len(), FIELDS.len() + 5);
        assert_eq!(TableColumn::from_name("subjekt"), None);
    }

    #[test]
    fn every_field_kind_has_a_column_kind() {
        for spec in &FIELDS {
            let kind = TableColumn::Field(spec.field).kind();
            let is_text = spec.kind == FieldKind::Text;
            assert_eq!(kind == ColumnKind::Text, is_text, "{}", spec.name);
            let has_utc = TableColumn::utc_of(spec.field).is_some();
            assert_eq!(kind == ColumnKind::WallClock, has_utc, "{}", spec.name);
        }
    }
}
