//! [`ColumnBuilder`]: one column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, TimestampMicrosecondBuilder, UInt64Builder};
use arrow_array::{ArrayRef, NullArray, OffsetSizeTrait};
use arrow_schema::{ArrowError, DataType};
use gettickets_protocol::{Field, FieldKind, FieldSet, FieldValue, TicketRef};
use jiff::tz::TimeZone;

use crate::attachments::AttachmentsBuilder;
use crate::civil;
use crate::extra::ExtraBuilder;
use crate::texts::TextsBuilder;

/// A column under construction; `O` is the type of the offsets of its texts.
pub(crate) enum ColumnBuilder<O: OffsetSizeTrait> {
    Integers(UInt64Builder, Field),
    Texts(TextsBuilder<O>, Field),
    /// Local times of the install, or instants if its time zone is known.
    Timestamps(TimestampMicrosecondBuilder, Field, Option<TimeZone>),
    Booleans(BooleanBuilder, Field),
    Attachments(AttachmentsBuilder, Field),
    Extra(ExtraBuilder<O>),
    /// A new kind of field. A test fails until it has a column here.
    Null(usize),
}

impl<O: OffsetSizeTrait> ColumnBuilder<O> {
    /// Creates the column of a field. With a time zone, dates become instants.
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

    /// Creates the column `extra`, for a batch that also has the columns of these fields.
    pub(crate) fn extra(
        tickets: &[TicketRef<'_>],
        fields: FieldSet,
        zone: Option<&TimeZone>,
    ) -> ColumnBuilder<O> {
        ColumnBuilder::Extra(ExtraBuilder::of(tickets, fields, zone))
    }

    /// Adds the value of a ticket. `present` are the fields that the ticket has and that are not null.
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
