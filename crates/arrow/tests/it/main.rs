//! Integration tests of record batches.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a claim that fails here is the report"
)]

mod batch;
#[cfg(feature = "ffi")]
mod ffi;
mod property;
mod reader;
mod schema;

use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::{Int64Type, TimestampMicrosecondType};
use gettickets_arrow::arrow_array::{Array, RecordBatch};
use gettickets_protocol::{DateTime, FIELDS, FieldValue, TicketRef};

/// Checks that every value of a row is that of the ticket's getters.
fn assert_row_is(batch: &RecordBatch, row: usize, ticket: TicketRef<'_>) {
    for spec in &FIELDS {
        let column = batch.column_by_name(spec.name).expect("a column for every field");
        let there = !column.is_null(row);
        let name = spec.name;
        match ticket.value(spec.field) {
            None | Some(FieldValue::Null | FieldValue::DateTime(None) | FieldValue::UnreadableDate(_)) => {
                assert!(!there, "{name} is null")
            }
            Some(FieldValue::Integer(value)) => {
                assert!(
                    there && column.as_primitive::<Int64Type>().value(row).cast_unsigned() == value,
                    "{name}"
                );
            }
            Some(FieldValue::Text(text)) => {
                assert!(there, "{name}");
                assert_eq!(column.as_string::<i32>().value(row), text, "{name}");
            }
            Some(FieldValue::DateTime(Some(time))) => {
                let column = column.as_primitive::<TimestampMicrosecondType>();
                assert!(there, "{name}");
                assert_eq!(time_of(column.value(row)), time, "{name}");
            }
            Some(FieldValue::Boolean(value)) => {
                assert!(there && column.as_boolean().value(row) == value, "{name}");
            }
            Some(FieldValue::Attachments(list)) => {
                assert!(there, "{name}");
                let cell = column.as_list::<i32>().value(row);
                let parts = cell.as_struct();
                let names = parts.column(0).as_string::<i32>();
                let indexes = parts.column(1).as_primitive::<Int64Type>();
                let found: Vec<_> = names
                    .iter()
                    .flatten()
                    .zip(indexes.values().iter().map(|index| index.cast_unsigned()))
                    .collect();
                let expected: Vec<_> = list.map(|one| (one.filename, one.index)).collect();
                assert_eq!(found, expected, "{name}");
            }
            Some(other) => panic!("{name}: no claim is made of {other:?}"),
        }
    }
    let extra = batch["extra"].as_string::<i32>();
    let expected = ticket.extra();
    match extra.is_null(row) {
        true => assert!(expected.is_empty()),
        false => {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(extra.value(row)).unwrap(),
                serde_json::Value::Object(expected)
            );
        }
    }
}

/// A conversion independent of the one under test.
fn time_of(microseconds: i64) -> DateTime {
    let epoch = jiff::civil::date(1970, 1, 1);
    let day = epoch + jiff::Span::new().days(microseconds.div_euclid(86_400_000_000));
    day.at(0, 0, 0, 0) + jiff::Span::new().microseconds(microseconds.rem_euclid(86_400_000_000))
}
