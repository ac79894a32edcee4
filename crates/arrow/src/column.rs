//! [`ColumnBuilder`]: one column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use gettickets_protocol::{Field, FieldSet, FieldValue, TicketRef};

use crate::attachments::{self, AttachmentsBuilder};
use crate::civil;
use crate::error::signed;
use crate::extra::ExtraBuilder;
use crate::install::TableInstall;
use crate::layout::{ColumnKind, TableColumn};
use crate::texts::TextsBuilder;

/// The Arrow type of a column; `text` is the type of its texts.
pub(crate) fn data_type(column: TableColumn, text: &DataType) -> DataType {
    match column.kind() {
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Text | ColumnKind::Json => text.clone(),
        ColumnKind::WallClock => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnKind::Utc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnKind::Attachments => attachments::data_type(),
    }
}

/// A column under construction; `O` is the type of the offsets of its texts.
pub(crate) enum ColumnBuilder<O: OffsetSizeTrait> {
    Integers(Int64Builder, Field),
    Texts(TextsBuilder<O>, Field),
    DecodedTexts(TextsBuilder<O>, Field),
    /// Local times of the install.
    WallClocks(TimestampMicrosecondBuilder, Field),
    /// The same times in UTC.
    Instants(TimestampMicrosecondBuilder, Field),
    Booleans(BooleanBuilder, Field),
    Attachments(AttachmentsBuilder, Field),
    Install(TextsBuilder<O>),
    Extra(ExtraBuilder<O>),
}

impl<O: OffsetSizeTrait> ColumnBuilder<O> {
    /// Creates one of these columns of a batch of tickets.
    pub(crate) fn of(
        column: TableColumn,
        columns: &[TableColumn],
        tickets: &[TicketRef<'_>],
    ) -> ColumnBuilder<O> {
        let rows = tickets.len();
        let Some(field) = column.field() else {
            return match column {
                TableColumn::Install => ColumnBuilder::Install(TextsBuilder::of(tickets, |_| 8)),
                _ => ColumnBuilder::Extra(ExtraBuilder::of(tickets, columns)),
            };
        };
        let texts = || TextsBuilder::of(tickets, |ticket| ticket.text(field).len());
        let times = || TimestampMicrosecondBuilder::with_capacity(rows);
        match column.kind() {
            ColumnKind::Integer => ColumnBuilder::Integers(Int64Builder::with_capacity(rows), field),
            ColumnKind::Boolean => ColumnBuilder::Booleans(BooleanBuilder::with_capacity(rows), field),
            ColumnKind::WallClock => ColumnBuilder::WallClocks(times(), field),
            ColumnKind::Utc => {
                // The type of texts does not affect times.
                let data_type = data_type(column, &DataType::Utf8);
                ColumnBuilder::Instants(times().with_data_type(data_type), field)
            }
            ColumnKind::Attachments => {
                ColumnBuilder::Attachments(AttachmentsBuilder::of(tickets, field), field)
            }
            ColumnKind::Text | ColumnKind::Json if column == TableColumn::SubjectText => {
                ColumnBuilder::DecodedTexts(texts(), field)
            }
            ColumnKind::Text | ColumnKind::Json => ColumnBuilder::Texts(texts(), field),
        }
    }

    /// Adds the value of a ticket of this install. `present` are the fields that the ticket has and that are not null.
    pub(crate) fn append(
        &mut self,
        ticket: &TicketRef<'_>,
        present: FieldSet,
        install: &TableInstall,
    ) -> Result<(), ArrowError> {
        match self {
            ColumnBuilder::Integers(column, field) => column.append_option(match ticket.value(*field) {
                Some(FieldValue::Integer(value)) => Some(
                    signed(ticket, field.name(), value)
                        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?,
                ),
                _ => None,
            }),
            ColumnBuilder::Texts(column, field) => {
                column.append(present.contains(*field).then(|| ticket.text(*field)))?;
            }
            ColumnBuilder::DecodedTexts(column, field) => {
                column.append(ticket.decoded_text(*field).as_deref())?;
            }
            ColumnBuilder::WallClocks(column, field) => column.append_option(match ticket.value(*field) {
                Some(FieldValue::DateTime(Some(time))) => Some(civil::microseconds(time)),
                _ => None,
            }),
            ColumnBuilder::Instants(column, field) => {
                column.append_option(civil::instant(ticket, *field, install.zone.as_ref()));
            }
            ColumnBuilder::Booleans(column, field) => column.append_option(match ticket.value(*field) {
                Some(FieldValue::Boolean(value)) => Some(value),
                _ => None,
            }),
            ColumnBuilder::Attachments(column, field) => {
                let list = match ticket.value(*field) {
                    Some(FieldValue::Attachments(list)) => Some(list),
                    _ => None,
                };
                column.append(ticket, list)?;
            }
            ColumnBuilder::Install(column) => column.append(install.name.as_deref())?,
            ColumnBuilder::Extra(column) => column.append(ticket, install.zone.as_ref())?,
        }
        Ok(())
    }

    /// Returns the finished column.
    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            ColumnBuilder::Integers(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Texts(column, _)
            | ColumnBuilder::DecodedTexts(column, _)
            | ColumnBuilder::Install(column) => column.finish(),
            ColumnBuilder::WallClocks(mut column, _) | ColumnBuilder::Instants(mut column, _) => {
                Arc::new(column.finish())
            }
            ColumnBuilder::Booleans(mut column, _) => Arc::new(column.finish()),
            ColumnBuilder::Attachments(column, _) => column.finish()?,
            ColumnBuilder::Extra(column) => column.finish(),
        })
    }
}
