//! [`ColumnBuilder`]: one column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, GenericStringBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, NullArray, OffsetSizeTrait};
use arrow_schema::{ArrowError, DataType};
use gettickets_protocol::{Field, FieldKind, FieldSet, FieldValue, TicketRef};
use jiff::tz::TimeZone;

use crate::attachments::AttachmentsBuilder;
use crate::civil;
use crate::extra::ExtraBuilder;

/// A column under construction; `O` is the type of the offsets of its texts.
pub(crate) enum ColumnBuilder<O: OffsetSizeTrait> {
    Integers(UInt64Builder, Field),
    Texts(TextsBuilder<O>, Field),
    /// Times of the install's clock, or instants where its time zone is known.
    Timestamps(TimestampMicrosecondBuilder, Field, Option<TimeZone>),
    Booleans(BooleanBuilder, Field),
    Attachments(AttachmentsBuilder, Field),
    Extra(ExtraBuilder<O>),
    /// A kind that is new to the field history; a test fails until it has a column here.
    Null(usize),
}

impl<O: OffsetSizeTrait> ColumnBuilder<O> {
    /// The column of a field for these tickets. With a time zone, dates become instants.
    pub(crate) fn of(
        field: Field,
        tickets: &[TicketRef<'_>],
        zone: Option<&(TimeZone, DataType)>,
    ) -> ColumnBuilder<O> {
        let rows = tickets.len();
        match field.kind() {
            FieldKind::Integer => ColumnBuilder::Integers(UInt64Builder::with_capacity(rows), field),
            FieldKind::Text => {
                let length = |ticket: &TicketRef<'_>| ticket.text(field).len();
                ColumnBuilder::Texts(TextsBuilder::of(tickets, length), field)
            }
            FieldKind::DateTime => {
                let times = TimestampMicrosecondBuilder::with_capacity(rows);
                match zone {
                    None => ColumnBuilder::Timestamps(times, field, None),
                    Some((zone, data_type)) => ColumnBuilder::Timestamps(
                        times.with_data_type(data_type.clone()),
                        field,
                        Some(zone.clone()),
                    ),
                }
            }
            FieldKind::Boolean => ColumnBuilder::Booleans(BooleanBuilder::with_capacity(rows), field),
            FieldKind::Attachments => {
                ColumnBuilder::Attachments(AttachmentsBuilder::of(tickets, field), field)
            }
            _ => ColumnBuilder::Null(0),
        }
    }

    /// The column `extra`, beside the columns of these fields.
    pub(crate) fn extra(
        tickets: &[TicketRef<'_>],
        fields: FieldSet,
        zone: Option<&TimeZone>,
    ) -> ColumnBuilder<O> {
        ColumnBuilder::Extra(ExtraBuilder::of(tickets, fields, zone))
    }

    /// Adds a ticket's cell. `present` are the fields that the reply has for it and that are not null.
    pub(crate) fn append(&mut self, ticket: &TicketRef<'_>, present: FieldSet) -> Result<(), ArrowError> {
        match self {
            ColumnBuilder::Integers(column, field) => column.append_option(match ticket.value(*field) {
                Some(FieldValue::Integer(value)) => Some(value),
                _ => None,
            }),
            ColumnBuilder::Texts(column, field) => {
                column.append(present.contains(*field).then(|| ticket.text(*field)))?;
            }
            ColumnBuilder::Timestamps(column, field, zone) => {
                column.append_option(match (ticket.value(*field), zone) {
                    (Some(FieldValue::DateTime(Some(time))), None) => Some(civil::microseconds(time)),
                    (Some(FieldValue::DateTime(Some(time))), Some(zone)) => {
                        civil::instant(time, ticket.zone(*field), zone)
                    }
                    _ => None,
                })
            }
            ColumnBuilder::Booleans(column, field) => column.append_option(match ticket.value(*field) {
                Some(FieldValue::Boolean(value)) => Some(value),
                _ => None,
            }),
            ColumnBuilder::Attachments(column, field) => {
                column.append(match ticket.value(*field) {
                    Some(FieldValue::Attachments(list)) => Some(list),
                    _ => None,
                })?;
            }
            ColumnBuilder::Extra(column) => column.append(ticket)?,
            ColumnBuilder::Null(rows) => *rows += 1,
        }
        Ok(())
    }

    /// Returns the finished column.
    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            ColumnBuilder::Integers(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Texts(column, _) => column.finish(),
            ColumnBuilder::Timestamps(mut column, ..) => Arc::new(column.finish()),
            ColumnBuilder::Booleans(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Attachments(column, _) => column.finish()?,
            ColumnBuilder::Extra(column) => column.finish(),
            ColumnBuilder::Null(rows) => Arc::new(NullArray::new(rows)),
        })
    }
}

/// A text column under construction: `Utf8` with 31-bit offsets, `LargeUtf8` with 63-bit ones.
pub(crate) struct TextsBuilder<O: OffsetSizeTrait>(GenericStringBuilder<O>);

/// How many tickets are sampled to estimate the length of all texts.
const SAMPLE: usize = 256;
/// The estimated length of a text, in bytes, where there are fewer tickets.
const USUAL_LEN: usize = 24;

impl<O: OffsetSizeTrait> TextsBuilder<O> {
    /// A builder for one text of each ticket; `length` returns its approximate length.
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
