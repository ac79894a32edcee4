//! The schema is the field history, and a field it forgets is found here.

use gettickets_arrow::arrow_schema::{DataType, TimeUnit};
use gettickets_arrow::{EXTRA, Layout, schema};
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

#[test]
fn every_kind_has_a_type() {
    for row in &FIELDS {
        let schema = schema();
        let found = schema.field_with_name(row.name).unwrap().data_type();
        let right = match row.kind {
            FieldKind::Integer => *found == DataType::UInt64,
            FieldKind::Text => *found == DataType::Utf8,
            FieldKind::DateTime => *found == DataType::Timestamp(TimeUnit::Microsecond, None),
            FieldKind::Boolean => *found == DataType::Boolean,
            FieldKind::Attachments => matches!(found, DataType::List(_)),
            _ => false,
        };
        assert!(right, "{} is {found}", row.name);
    }
}

#[test]
fn a_layout_has_the_columns_that_its_version_knows() {
    for version in Version::MILESTONES {
        let schema = Layout::at(version).schema();
        for row in &FIELDS {
            let known = version >= row.since;
            assert_eq!(schema.field_with_name(row.name).is_ok(), known, "{} at {version}", row.name);
        }
        assert!(schema.field_with_name(EXTRA).is_ok());
    }
    let only = Layout::of([Field::Status, Field::Id].into_iter().collect::<FieldSet>()).schema();
    assert_eq!(only.fields().iter().map(|column| column.name()).collect::<Vec<_>>(), ["id", "status", EXTRA]);
}
