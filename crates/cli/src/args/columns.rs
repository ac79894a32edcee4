//! The columns of `--columns` and `--sort`.

use std::str::FromStr;

use gettickets_protocol::{FIELDS, Field, FieldKind};

/// A column of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// A field of the ticket, as the server sent it.
    Field(Field),
    /// A text field with its HTML entities decoded.
    Decoded(Field),
    /// A time in UTC, converted from the install's time zone.
    Utc(Field),
    /// The requestor's name, else the name of the person who opened the ticket, else an email address.
    From,
    /// The department's name, from the server or the profile; else its id.
    Department,
    /// The name of the admin that the ticket is flagged to, from the profile; else the id.
    FlaggedTo,
    /// The number of attachments.
    Files,
    /// The name of the install, which is the name of its profile.
    Install,
    /// The unknown fields, as a JSON object.
    Extra,
}

impl Column {
    /// The text fields that `--decoded-text` decodes.
    pub(crate) const DECODED: [Field; 5] =
        [Field::Name, Field::OwnerName, Field::RequestorName, Field::Subject, Field::Admin];

    /// The columns that are not a single field.
    const COMBINED: [Column; 8] = [
        Column::Utc(Field::Date),
        Column::Utc(Field::Lastreply),
        Column::From,
        Column::Department,
        Column::FlaggedTo,
        Column::Files,
        Column::Install,
        Column::Extra,
    ];

    /// Every column.
    pub(crate) fn all() -> impl Iterator<Item = Column> {
        FIELDS
            .iter()
            .map(|spec| Column::Field(spec.field))
            .chain(Column::DECODED.map(Column::Decoded))
            .chain(Column::COMBINED)
    }

    /// The first column that occurs twice.
    pub(crate) fn repeated(columns: &[Column]) -> Option<Column> {
        let is_repeated =
            |(at, column): &(usize, &Column)| columns.iter().take(*at).any(|other| other == *column);
        columns.iter().enumerate().find(is_repeated).map(|(_, column)| *column)
    }

    /// The column's name. For a field it is the wire name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Column::Field(field) => field.name(),
            Column::Decoded(Field::Name) => "name_text",
            Column::Decoded(Field::OwnerName) => "owner_name_text",
            Column::Decoded(Field::RequestorName) => "requestor_name_text",
            Column::Decoded(Field::Admin) => "admin_text",
            Column::Decoded(_) => "subject_text",
            Column::Utc(Field::Date) => "date_utc",
            Column::Utc(_) => "lastreply_utc",
            Column::From => "from",
            Column::Department => "department",
            Column::FlaggedTo => "flagged_to",
            Column::Files => "files",
            Column::Install => "install",
            Column::Extra => "extra",
        }
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Column, String> {
        Column::all().find(|column| column.name().eq_ignore_ascii_case(name.trim())).ok_or_else(|| {
            let names: Vec<&str> = Column::all().map(Column::name).collect();
            format!("unknown column; the columns are {}", names.join(", "))
        })
    }
}

/// A field to sort by, ascending, or descending with `-` before its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) field: Field,
    pub(crate) descending: bool,
}

impl FromStr for SortKey {
    type Err = String;

    fn from_str(text: &str) -> Result<SortKey, String> {
        let (name, descending) = match text.trim().strip_prefix('-') {
            Some(name) => (name, true),
            None => (text.trim(), false),
        };
        let sortable = || FIELDS.iter().filter(|spec| spec.kind != FieldKind::Attachments);
        match sortable().find(|spec| spec.name.eq_ignore_ascii_case(name)) {
            Some(spec) => Ok(SortKey { field: spec.field, descending }),
            None => {
                let names: Vec<&str> = sortable().map(|spec| spec.name).collect();
                Err(format!(
                    "unknown field to sort by; the fields are {}, each also with - before it for descending order",
                    names.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_unique_and_parse() {
        let mut names = Vec::new();
        for column in Column::all() {
            assert_eq!(column.name().parse(), Ok(column));
            assert!(!names.contains(&column.name()), "{}", column.name());
            names.push(column.name());
        }
        assert!("subjekt".parse::<Column>().unwrap_err().contains("subject"));
    }

    #[test]
    fn a_repeated_column_is_found() {
        let columns =
            |names: &str| names.split(',').map(|name| name.parse().unwrap()).collect::<Vec<Column>>();
        assert_eq!(Column::repeated(&columns("id,tid,subject_text")), None);
        assert_eq!(Column::repeated(&columns("id,from,tid,from")), Some(Column::From));
        assert_eq!(Column::repeated(&[]), None);
    }

    #[test]
    fn every_table_column_has_a_name() {
        for column in gettickets_arrow::TableColumn::all() {
            assert_eq!(column.name().parse::<Column>().map(Column::name), Ok(column.name()));
        }
    }

    #[test]
    fn a_sort_field_may_have_a_minus() {
        assert_eq!("id".parse(), Ok(SortKey { field: Field::Id, descending: false }));
        assert_eq!("-Lastreply".parse(), Ok(SortKey { field: Field::Lastreply, descending: true }));
        for text in ["", "-", "--id", "attachments", "age"] {
            assert!(text.parse::<SortKey>().is_err(), "{text}");
        }
    }
}
