//! [`ColumnBuilder`]: one column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, StringBuilder, TimestampMicrosecondBuilder, UInt64Builder};
use arrow_array::{ArrayRef, NullArray};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, FieldSet, Kind, TicketRef, Value};

use crate::attachments::AttachmentsBuilder;
use crate::civil;
use crate::extra::ExtraBuilder;

/// A column while it is made.
pub(crate) enum ColumnBuilder {
    Integers(UInt64Builder, Field),
    Texts(TextsBuilder, Field),
    Timestamps(TimestampMicrosecondBuilder, Field),
    Booleans(BooleanBuilder, Field),
    Attachments(AttachmentsBuilder, Field),
    Extra(ExtraBuilder),
    /// A kind that is new to the field history; a test fails until it has a column here.
    Nothing(usize),
}

impl ColumnBuilder {
    /// The column of a field, for so many tickets.
    pub(crate) fn of(field: Field, rows: usize) -> ColumnBuilder {
        match field.kind() {
            Kind::Integer => ColumnBuilder::Integers(UInt64Builder::with_capacity(rows), field),
            Kind::Text => ColumnBuilder::Texts(TextsBuilder::for_rows(rows), field),
            Kind::DateTime => {
                ColumnBuilder::Timestamps(TimestampMicrosecondBuilder::with_capacity(rows), field)
            }
            Kind::Boolean => ColumnBuilder::Booleans(BooleanBuilder::with_capacity(rows), field),
            Kind::Attachments => ColumnBuilder::Attachments(AttachmentsBuilder::for_rows(rows), field),
            _ => ColumnBuilder::Nothing(0),
        }
    }

    /// The column of fields that are in no version's documentation.
    pub(crate) fn extra(rows: usize) -> ColumnBuilder {
        ColumnBuilder::Extra(ExtraBuilder::for_rows(rows))
    }

    /// Adds a ticket's cell. `present` are the fields that it carries and that are not null.
    pub(crate) fn append(&mut self, ticket: &TicketRef<'_>, present: FieldSet) -> Result<(), ArrowError> {
        match self {
            ColumnBuilder::Integers(column, field) => column.append_option(match ticket.value(*field) {
                Some(Value::Integer(value)) => Some(value),
                _ => None,
            }),
            ColumnBuilder::Texts(column, field) => {
                column.append(present.contains(*field).then(|| ticket.text(*field)))?;
            }
            ColumnBuilder::Timestamps(column, field) => column.append_option(match ticket.value(*field) {
                Some(Value::DateTime(Some(time))) => Some(civil::microseconds(time)),
                _ => None,
            }),
            ColumnBuilder::Booleans(column, field) => column.append_option(match ticket.value(*field) {
                Some(Value::Boolean(value)) => Some(value),
                _ => None,
            }),
            ColumnBuilder::Attachments(column, field) => {
                column.append(match ticket.value(*field) {
                    Some(Value::Attachments(list)) => Some(list),
                    _ => None,
                })?;
            }
            ColumnBuilder::Extra(column) => column.append(ticket)?,
            ColumnBuilder::Nothing(rows) => *rows += 1,
        }
        Ok(())
    }

    /// The column, whole.
    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            ColumnBuilder::Integers(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Texts(column, _) => column.finish(),
            ColumnBuilder::Timestamps(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Booleans(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Attachments(column, _) => column.finish()?,
            ColumnBuilder::Extra(column) => column.finish(),
            ColumnBuilder::Nothing(rows) => Arc::new(NullArray::new(rows)),
        })
    }
}

/// Texts, which `Utf8` counts in 31 bits.
pub(crate) struct TextsBuilder {
    column: StringBuilder,
    /// How many texts are expected in all.
    rows: usize,
}

/// After so many texts their length tells how much room all of them take.
const SAMPLE: usize = 256;
/// Room for so many bytes a text is made before that.
const USUAL_LEN: usize = 24;

impl TextsBuilder {
    pub(crate) fn for_rows(rows: usize) -> TextsBuilder {
        TextsBuilder { column: StringBuilder::with_capacity(rows, rows.min(SAMPLE) * USUAL_LEN), rows }
    }

    pub(crate) fn append(&mut self, text: Option<&str>) -> Result<(), ArrowError> {
        let Some(text) = text else {
            self.column.append_null();
            return Ok(());
        };
        let bytes = self.column.values_slice().len() + text.len();
        if i32::try_from(bytes).is_err() {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
        if self.column.offsets_slice().len() == SAMPLE && self.rows > SAMPLE {
            self.make_room(bytes);
        }
        self.column.append_value(text);
        Ok(())
    }

    /// Makes room once for what the sample lets expect, and an eighth more, so that the buffer hardly ever
    /// has to grow.
    fn make_room(&mut self, sampled: usize) {
        let expected = sampled.saturating_mul(self.rows) / SAMPLE;
        let mut roomy = StringBuilder::with_capacity(self.rows, expected + expected / 8);
        // A builder can't be told to make room; the sample is small.
        let _ = roomy.append_array(&self.column.finish());
        self.column = roomy;
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        Arc::new(self.column.finish())
    }
}
