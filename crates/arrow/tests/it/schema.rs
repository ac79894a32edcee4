//! The schema has every field of the field history.

use std::sync::Arc;

use gettickets_arrow::arrow_schema::{DataType, Field as Column, TimeUnit};
use gettickets_arrow::{EXTRA, TableColumn, TableSchema, schema};
use gettickets_protocol::{FIELDS, Field, FieldKind, FieldSet, Version};

#[test]
fn every_field_of_the_history_has_a_column_with_its_meaning() {
    let schema = schema();
    let names: Vec<_> = schema.fields().iter().map(|column| column.name().as_str()).collect();
    let expected: Vec<_> = FIELDS.iter().map(|row| row.name).chain([EXTRA]).collect();
    assert_eq!(names, expected, "one column a field, in wire order, and one for the rest");
    for (row, column) in FIELDS.iter().zip(schema.fields()) {
        assert!(column.is_nullable(), "{} may be missing from a reply", row.name);
        assert_eq!(column.metadata()["meaning"], row.meaning);
        assert_eq!(column.metadata()["since"], row.since.to_string());
        assert_eq!(column.metadata().contains_key("sensitive"), row.sensitive, "{}", row.name);
    }
}

/// The type that Spark has for `array<struct<filename: string, index: bigint>>`.
fn attachments() -> DataType {
    let parts = [Column::new("filename", DataType::Utf8, true), Column::new("index", DataType::Int64, true)];
    DataType::List(Arc::new(Column::new("element", DataType::Struct(parts.into_iter().collect()), true)))
}

#[test]
fn every_kind_has_a_type() {
    for row in &FIELDS {
        let schema = schema();
        let found = schema.field_with_name(row.name).unwrap().data_type();
        let right = match row.kind {
            FieldKind::Integer => *found == DataType::Int64,
            FieldKind::Text => *found == DataType::Utf8,
            FieldKind::DateTime => *found == DataType::Timestamp(TimeUnit::Microsecond, None),
            FieldKind::Boolean => *found == DataType::Boolean,
            FieldKind::Attachments => *found == attachments(),
            _ => false,
        };
        assert!(right, "{} is {found}", row.name);
    }
}

#[test]
fn a_schema_has_the_columns_of_its_version() {
    for version in Version::MILESTONES {
        let schema = TableSchema::as_of_version(version).schema();
        for row in &FIELDS {
            let known = version >= row.since;
            assert_eq!(schema.field_with_name(row.name).is_ok(), known, "{} at {version}", row.name);
        }
        assert!(schema.field_with_name(EXTRA).is_ok());
    }
    let only = TableSchema::of([Field::Status, Field::Id].into_iter().collect::<FieldSet>()).schema();
    assert_eq!(only.fields().iter().map(|column| column.name()).collect::<Vec<_>>(), ["id", "status", EXTRA]);
}

fn names(table: &TableSchema) -> Vec<&'static str> {
    table.columns().iter().map(|column| column.name()).collect()
}

#[test]
fn optional_columns_are_at_their_positions_in_the_layout() {
    let all: Vec<TableColumn> = TableColumn::all().collect();
    let utc = || TableSchema::default().in_time_zone(jiff::tz::TimeZone::UTC);
    assert_eq!(utc().with_install().with_subject_text().columns(), all);
    assert_eq!(TableSchema::default().with_subject_text().of_install("eu").with_utc().columns(), all);
    assert_eq!(utc().with_utc().columns(), utc().columns(), "nothing is added twice");
    let without = utc().without(TableColumn::DateUtc).without(TableColumn::LastreplyUtc);
    assert_eq!(without.columns(), TableSchema::default().columns());
    assert_eq!(without.schema(), schema());
    for table in [utc().with_install(), utc().with_install().large_texts()] {
        let found: Vec<String> = table.schema().fields().iter().map(|column| column.name().clone()).collect();
        assert_eq!(found, names(&table));
        assert!(table.schema().fields().iter().all(|column| column.is_nullable()));
        let date_utc = table.schema().field_with_name("date_utc").unwrap().data_type().clone();
        assert_eq!(date_utc, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    }
}

#[test]
fn selected_columns_are_in_the_order_given() {
    let table = TableSchema::default().in_time_zone(jiff::tz::TimeZone::UTC).of_install("eu");
    let chosen = ["subject_text", "lastreply_utc", "install", "id", "extra"];
    for table in [table.select(chosen).unwrap(), table.large_texts().select(chosen).unwrap()] {
        assert_eq!(names(&table), chosen);
        assert_eq!(names(&table.large_texts()), chosen);
    }
    assert_eq!(
        *table.large_texts().select(["tid"]).unwrap().schema().field(0).data_type(),
        DataType::LargeUtf8
    );
}

#[test]
fn an_invalid_selection_is_an_error_that_lists_the_columns() {
    let table = TableSchema::default();
    for (chosen, expected) in [
        (&["id", "subjekt"][..], "unknown column \"subjekt\"; the columns are id, "),
        (&["id", "tid", "id"], "the column \"id\" is selected twice; the columns are id, "),
        (&["date_utc"], "the column \"date_utc\" needs the time zone of the install, which is not set; "),
        (&["install"], "the column \"install\" needs the name of the install, which is not set; "),
        (&["ID"], "unknown column \"ID\"; "),
        (&[], "no column is selected; the columns are id, "),
    ] {
        let error = table.select(chosen).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.to_string().ends_with(", subject, subject_text, status, priority, admin, attachment, attachments, attachments_removed, lastreply, flag, service, extra"), "{error}");
        assert_eq!(error.needs_time_zone(), chosen == ["date_utc"]);
    }
    let old = TableSchema::as_of_version(Version::V1_0).select(["owner_name"]).unwrap_err().to_string();
    assert!(old.starts_with("the table has no column \"owner_name\"; "), "{old}");
}

#[test]
fn columns_are_left_out_and_added_at_their_place() {
    let table = TableSchema::default();
    let count = table.columns().len();
    let id = TableColumn::Field(Field::Id);
    let without = table.clone().without(id);
    assert_eq!(without.columns().len(), count - 1);
    assert!(!without.columns().contains(&id));
    assert_eq!(without.clone().without(id).columns(), without.columns(), "it is not there");
    for table in [table.clone(), without] {
        let table = table.with_subject_text();
        let place = |column| table.columns().iter().position(|other| *other == column).unwrap();
        let all: Vec<TableColumn> =
            TableColumn::all().filter(|column| table.columns().contains(column)).collect();
        assert_eq!(table.columns(), all);
        assert_eq!(place(TableColumn::SubjectText), place(TableColumn::Field(Field::Subject)) + 1);
        assert_eq!(table.clone().with_subject_text().columns(), table.columns());
    }
}

#[test]
fn large_texts_keep_the_columns_and_the_install() {
    let of_main = || TableSchema::default().of_install("main");
    for table in [
        of_main(),
        of_main().with_subject_text(),
        of_main().without(TableColumn::Install),
        of_main().in_time_zone(jiff::tz::TimeZone::UTC),
    ] {
        let large = table.large_texts();
        assert_eq!(large.columns(), table.columns());
        assert_eq!(large.install().name.as_deref(), Some("main"));
        assert_eq!(large.install().zone, table.install().zone);
        let schema = large.schema();
        assert_eq!(schema.field_with_name("subject").unwrap().data_type(), &DataType::LargeUtf8);
    }
}

#[test]
fn an_error_lists_the_columns_that_can_be_selected() {
    let table = TableSchema::default().without(TableColumn::Field(Field::Cc));
    let error = table.select(["cc"]).unwrap_err();
    assert!(!error.available().contains(&TableColumn::Field(Field::Cc)), "{error}");
    assert!(error.available().contains(&TableColumn::SubjectText), "{error}");
    assert_eq!(error.available().len(), table.columns().len() + 1);
}
