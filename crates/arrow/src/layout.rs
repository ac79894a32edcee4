//! [`Layout`]: which columns a batch has, and the batches that have them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow_array::types::{ByteArrayType, GenericStringType};
use arrow_array::{ArrayRef, OffsetSizeTrait, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use gettickets_protocol::{Field, FieldKind, FieldSet, TicketRef, Tickets, Version};
use jiff::tz::TimeZone;

use crate::attachments;
use crate::column::ColumnBuilder;

/// The name of the column that holds, as a JSON object, undocumented fields and the texts of dates that can't be read.
pub const EXTRA: &str = "extra";

// Made once: a schema takes as long as reading a page of 25 tickets.
static EVERY_FIELD: LazyLock<Layout> = LazyLock::new(|| Layout::with_texts::<i32>(FieldSet::ALL));
static EVERY_FIELD_LARGE: LazyLock<Layout> = LazyLock::new(|| Layout::with_texts::<i64>(FieldSet::ALL));

/// The schema of every batch that [`record_batch`] makes.
///
/// Each column carries, as metadata, the field's `meaning`, the server version it came with as `since`,
/// and `sensitive` = `true` where knowing the value opens a door. The schema is the same whatever a page
/// carried, so that batches of one scan, and of many, fit together.
///
/// ```
/// let schema = gettickets_arrow::schema();
/// assert_eq!(schema.field_with_name("owner_name")?.metadata()["since"], "8.0");
/// # Ok::<(), gettickets_arrow::ArrowError>(())
/// ```
pub fn schema() -> SchemaRef {
    EVERY_FIELD.schema()
}

/// A page's tickets as a record batch with every column.
///
/// # Errors
///
/// [`ArrowError::OffsetOverflowError`] where one column's texts are longer than 2 GiB together, which no
/// decoded page can reach.
pub fn record_batch(tickets: &Tickets) -> Result<RecordBatch, ArrowError> {
    EVERY_FIELD.record_batch(tickets)
}

/// Which columns to make, and of which types. By default all of them.
///
/// ```
/// use gettickets_arrow::Layout;
/// use gettickets_protocol::{Field, FieldSet, Version};
///
/// let without_key = Layout::of(FieldSet::ALL.difference([Field::C].into_iter().collect()));
/// assert!(without_key.schema().field_with_name("c").is_err());
/// assert!(Layout::at(Version::V7_10).schema().field_with_name("owner_name").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    fields: FieldSet,
    /// The time zone of the install, if known, and the type of the date columns then.
    zone: Option<(TimeZone, DataType)>,
    schema: SchemaRef,
    /// Builds the columns of the schema. A function pointer, so that a program without large texts has no code for
    /// them.
    columns: Columns,
}

type Columns =
    fn(FieldSet, Option<&(TimeZone, DataType)>, &[TicketRef<'_>]) -> Result<Vec<ArrayRef>, ArrowError>;

impl Default for Layout {
    fn default() -> Layout {
        EVERY_FIELD.clone()
    }
}

impl Layout {
    /// These fields in wire order, and `extra`.
    pub fn of(fields: FieldSet) -> Layout {
        Layout::with_texts::<i32>(fields)
    }

    fn with_texts<O: OffsetSizeTrait>(fields: FieldSet) -> Layout {
        let text = GenericStringType::<O>::DATA_TYPE;
        let extra = Column::new(EXTRA, text.clone(), true).with_metadata(HashMap::from([(
            "meaning".to_owned(),
            "Undocumented fields, and texts of dates that can't be read, as one JSON object.".to_owned(),
        )]));
        let columns: Vec<Column> =
            fields.iter().map(|field| column_of(field, &text)).chain([extra]).collect();
        Layout { fields, zone: None, schema: Arc::new(Schema::new(columns)), columns: self::columns::<O> }
    }

    /// Dates as instants, for an install whose clock is in this time zone: `Timestamp(Microsecond, Some(name))`.
    ///
    /// A time that the clock shows twice, when it is set back, is the first of the two.
    ///
    /// ```
    /// use gettickets_arrow::{Layout, arrow_schema::{DataType, TimeUnit}};
    /// use jiff::tz::{Offset, TimeZone};
    /// let layout = Layout::default().in_time_zone(TimeZone::fixed(Offset::constant(-3)))?;
    /// let date = layout.schema().field_with_name("date")?.data_type().clone();
    /// assert_eq!(date, DataType::Timestamp(TimeUnit::Microsecond, Some("-03:00".into())));
    /// # Ok::<(), gettickets_arrow::ArrowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArrowError::InvalidArgumentError`] for a time zone that has neither a name nor a fixed offset, which Arrow
    /// can't describe.
    pub fn in_time_zone(self, zone: TimeZone) -> Result<Layout, ArrowError> {
        let name = match (zone.iana_name(), zone.to_fixed_offset()) {
            (Some(name), _) => name.to_owned(),
            (None, Ok(offset)) => offset_name(offset.seconds()),
            (None, Err(_)) => {
                let why = "the time zone has no name; use one of the IANA time zone database";
                return Err(ArrowError::InvalidArgumentError(why.to_owned()));
            }
        };
        let data_type = DataType::Timestamp(TimeUnit::Microsecond, Some(name.into()));
        let fields = self.schema.fields().iter().map(|column| match column.data_type() {
            DataType::Timestamp(..) => Arc::new(column.as_ref().clone().with_data_type(data_type.clone())),
            _ => Arc::clone(column),
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Ok(Layout { zone: Some((zone, data_type)), schema, ..self })
    }

    /// Texts as `LargeUtf8`, in columns that may be longer than 2 GiB; names of attachments stay `Utf8`. For readers
    /// that would convert them, as pandas does.
    ///
    /// ```
    /// use gettickets_arrow::{Layout, arrow_schema::DataType};
    /// let schema = Layout::default().large_texts().schema();
    /// assert_eq!(schema.field_with_name("subject")?.data_type(), &DataType::LargeUtf8);
    /// # Ok::<(), gettickets_arrow::ArrowError>(())
    /// ```
    #[must_use]
    pub fn large_texts(&self) -> Layout {
        let large = match self.fields {
            FieldSet::ALL => EVERY_FIELD_LARGE.clone(),
            fields => Layout::with_texts::<i64>(fields),
        };
        match &self.zone {
            None => large,
            // It had a name that Arrow takes before, and has it still.
            Some((zone, _)) => large.clone().in_time_zone(zone.clone()).unwrap_or(large),
        }
    }

    /// The fields that a server of this version may send, and `extra`.
    pub fn at(version: Version) -> Layout {
        Layout::of(FieldSet::known_to(version))
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A page's tickets as a record batch.
    ///
    /// # Errors
    ///
    /// As [`record_batch`](crate::record_batch).
    pub fn record_batch(&self, tickets: &Tickets) -> Result<RecordBatch, ArrowError> {
        self.record_batch_of(&tickets.iter().collect::<Vec<_>>())
    }

    /// Tickets of any pages as one record batch.
    ///
    /// # Errors
    ///
    /// [`ArrowError::OffsetOverflowError`] where one column's texts are longer than 2 GiB together, and are not
    /// [large](Layout::large_texts).
    pub fn record_batch_of(&self, tickets: &[TicketRef<'_>]) -> Result<RecordBatch, ArrowError> {
        let columns = (self.columns)(self.fields, self.zone.as_ref(), tickets)?;
        let rows = RecordBatchOptions::new().with_row_count(Some(tickets.len()));
        RecordBatch::try_new_with_options(self.schema(), columns, &rows)
    }
}

fn columns<O: OffsetSizeTrait>(
    fields: FieldSet,
    zone: Option<&(TimeZone, DataType)>,
    tickets: &[TicketRef<'_>],
) -> Result<Vec<ArrayRef>, ArrowError> {
    let builders = fields.iter().map(|field| ColumnBuilder::<O>::of(field, tickets, zone));
    let mut builders: Vec<_> =
        builders.chain([ColumnBuilder::extra(tickets, fields, zone.map(|(zone, _)| zone))]).collect();
    // Row by row: the texts of a ticket follow each other in the body, and memory is fastest read in order.
    for ticket in tickets {
        let present = ticket.fields().difference(ticket.null_fields());
        builders.iter_mut().try_for_each(|column| column.append(ticket, present))?;
    }
    builders.into_iter().map(ColumnBuilder::finish).collect()
}

/// A fixed offset as Arrow writes it: `+02:00`.
fn offset_name(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn column_of(field: Field, text: &DataType) -> Column {
    let row = field.spec();
    let mut metadata = HashMap::from([
        ("meaning".to_owned(), row.meaning.to_owned()),
        ("since".to_owned(), row.since.to_string()),
    ]);
    if row.sensitive {
        metadata.insert("sensitive".to_owned(), "true".to_owned());
    }
    Column::new(row.name, data_type(row.kind, text), true).with_metadata(metadata)
}

fn data_type(kind: FieldKind, text: &DataType) -> DataType {
    match kind {
        FieldKind::Integer => DataType::UInt64,
        FieldKind::Text => text.clone(),
        FieldKind::DateTime => DataType::Timestamp(TimeUnit::Microsecond, None),
        FieldKind::Boolean => DataType::Boolean,
        FieldKind::Attachments => attachments::data_type(),
        // A kind that is new to the field history; a test fails until it has a type here.
        _ => DataType::Null,
    }
}
