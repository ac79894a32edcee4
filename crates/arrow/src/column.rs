//! [`Column`]: one column of a batch while it is filled, block by block, from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, StringBuilder, TimestampMicrosecondBuilder, UInt64Builder};
use arrow_array::{ArrayRef, NullArray};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, Kind, TicketRef, Value};

use crate::{attachments, civil};

/// How many tickets tell how long the texts of a field are.
const SAMPLE: usize = 256;

/// A column that is being filled.
pub(crate) struct Column {
    field: Field,
    values: Values,
}

enum Values {
    Integers(UInt64Builder),
    /// The texts, and how many bytes they have.
    Texts(StringBuilder, usize),
    Moments(TimestampMicrosecondBuilder),
    Booleans(BooleanBuilder),
    /// Made whole at the end.
    Attachments,
    Nothing,
}

impl Column {
    /// An empty column with room for these tickets.
    pub(crate) fn new(field: Field, tickets: &[TicketRef<'_>]) -> Column {
        let count = tickets.len();
        let values = match field.kind() {
            Kind::Integer => Values::Integers(UInt64Builder::with_capacity(count)),
            Kind::Text => Values::Texts(StringBuilder::with_capacity(count, text_len(field, tickets)), 0),
            Kind::DateTime => Values::Moments(TimestampMicrosecondBuilder::with_capacity(count)),
            Kind::Boolean => Values::Booleans(BooleanBuilder::with_capacity(count)),
            Kind::Attachments => Values::Attachments,
            _ => Values::Nothing,
        };
        Column { field, values }
    }

    /// Adds a block of tickets.
    pub(crate) fn append(&mut self, block: &[TicketRef<'_>]) -> Result<(), ArrowError> {
        let found = block.iter().map(|ticket| ticket.value(self.field));
        match &mut self.values {
            Values::Integers(column) => found.for_each(|value| match value {
                Some(Value::Integer(value)) => column.append_value(value),
                _ => column.append_null(),
            }),
            Values::Texts(column, bytes) => {
                for value in found {
                    match value {
                        Some(Value::Text(text)) => {
                            *bytes = checked(*bytes + text.len())?;
                            column.append_value(text);
                        }
                        _ => column.append_null(),
                    }
                }
            }
            Values::Moments(column) => found.for_each(|value| match value {
                Some(Value::DateTime(Some(time))) => column.append_value(civil::microseconds(time)),
                _ => column.append_null(),
            }),
            Values::Booleans(column) => found.for_each(|value| match value {
                Some(Value::Boolean(value)) => column.append_value(value),
                _ => column.append_null(),
            }),
            Values::Attachments | Values::Nothing => {}
        }
        Ok(())
    }

    /// The column, once all of these tickets were added.
    pub(crate) fn finish(self, tickets: &[TicketRef<'_>]) -> Result<ArrayRef, ArrowError> {
        Ok(match self.values {
            Values::Integers(mut column) => Arc::new(column.finish()),
            Values::Texts(mut column, _) => Arc::new(column.finish()),
            Values::Moments(mut column) => Arc::new(column.finish()),
            Values::Booleans(mut column) => Arc::new(column.finish()),
            Values::Attachments => attachments::lists(tickets, self.field)?,
            Values::Nothing => Arc::new(NullArray::new(tickets.len())),
        })
    }
}

/// How many bytes the texts of a field are likely to have, so that the buffer rarely grows: an eighth more than
/// the first tickets have.
fn text_len(field: Field, tickets: &[TicketRef<'_>]) -> usize {
    let sample = tickets.get(..SAMPLE).unwrap_or(tickets);
    let len: usize = sample.iter().map(|ticket| ticket.text(field).len()).sum();
    let whole = len * tickets.len() / sample.len().max(1);
    if sample.len() == tickets.len() { whole } else { whole + whole / 8 }
}

/// `Utf8` counts the bytes of a column in 31 bits.
fn checked(bytes: usize) -> Result<usize, ArrowError> {
    if i32::try_from(bytes).is_err() {
        return Err(ArrowError::OffsetOverflowError(bytes));
    }
    Ok(bytes)
}

/// A builder for so many texts of so many bytes.
pub(crate) fn builder(items: usize, bytes: usize) -> Result<StringBuilder, ArrowError> {
    Ok(StringBuilder::with_capacity(items, checked(bytes)?))
}
