//! [`ColumnBuilder`]: one column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, GenericStringBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, NullArray, OffsetSizeTrait};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, FieldSet, Kind, TicketRef, Value};

use crate::attachments::AttachmentsBuilder;
use crate::civil;
use crate::extra::ExtraBuilder;

/// A column while it is made; texts are counted as `O` says.
pub(crate) enum ColumnBuilder<O: OffsetSizeTrait> {
    Integers(UInt64Builder, Field),
    Texts(TextsBuilder<O>, Field),
    Timestamps(TimestampMicrosecondBuilder, Field),
    Booleans(BooleanBuilder, Field),
    Attachments(AttachmentsBuilder, Field),
    Extra(ExtraBuilder<O>),
    /// A kind that is new to the field history; a test fails until it has a column here.
    Nothing(usize),
}

impl<O: OffsetSizeTrait> ColumnBuilder<O> {
    /// The column of a field, for these tickets.
    pub(crate) fn of(field: Field, tickets: &[TicketRef<'_>]) -> ColumnBuilder<O> {
        let rows = tickets.len();
        match field.kind() {
            Kind::Integer => ColumnBuilder::Integers(UInt64Builder::with_capacity(rows), field),
            Kind::Text => {
                let length = |ticket: &TicketRef<'_>| ticket.text(field).len();
                ColumnBuilder::Texts(TextsBuilder::of(tickets, length), field)
            }
            Kind::DateTime => {
                ColumnBuilder::Timestamps(TimestampMicrosecondBuilder::with_capacity(rows), field)
            }
            Kind::Boolean => ColumnBuilder::Booleans(BooleanBuilder::with_capacity(rows), field),
            Kind::Attachments => ColumnBuilder::Attachments(AttachmentsBuilder::of(tickets, field), field),
            _ => ColumnBuilder::Nothing(0),
        }
    }

    /// The column of fields that are in no version's documentation.
    pub(crate) fn extra(tickets: &[TicketRef<'_>]) -> ColumnBuilder<O> {
        ColumnBuilder::Extra(ExtraBuilder::of(tickets))
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

/// Texts while they are put together, counted as the column counts them: `Utf8` in 31 bits, `LargeUtf8` in 63.
pub(crate) struct TextsBuilder<O: OffsetSizeTrait>(GenericStringBuilder<O>);

/// How many tickets tell how long the texts of all of them are.
const SAMPLE: usize = 256;
/// What fewer tickets are taken to have, in bytes a text.
const USUAL_LEN: usize = 24;

impl<O: OffsetSizeTrait> TextsBuilder<O> {
    /// For the texts of these tickets. `length` tells how long that of a ticket is, or nearly.
    pub(crate) fn of(tickets: &[TicketRef<'_>], length: impl Fn(&TicketRef<'_>) -> usize) -> TextsBuilder<O> {
        let room = match tickets.get(..SAMPLE) {
            // An eighth more, so that the buffer hardly ever has to grow.
            Some(sample) => {
                let sampled: usize = sample.iter().map(length).sum();
                let expected = sampled.saturating_mul(tickets.len()) / SAMPLE;
                expected.saturating_add(expected / 8)
            }
            // Few texts are not worth reading twice.
            None => tickets.len() * USUAL_LEN,
        };
        TextsBuilder(GenericStringBuilder::with_capacity(tickets.len(), room.min(O::MAX_OFFSET)))
    }

    pub(crate) fn append(&mut self, text: Option<&str>) -> Result<(), ArrowError> {
        let Some(text) = text else {
            self.0.append_null();
            return Ok(());
        };
        let bytes = self.0.values_slice().len() + text.len();
        if bytes > O::MAX_OFFSET {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
        self.0.append_value(text);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}
