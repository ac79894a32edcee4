//! [`TableSchema`]: the columns of record batches, and the batches themselves.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow_array::types::{ByteArrayType, GenericStringType};
use arrow_array::{ArrayRef, OffsetSizeTrait, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Field as Column, Schema, SchemaRef};
use gettickets_protocol::{FieldSet, TicketRef, Tickets, Version};
use jiff::tz::TimeZone;

use crate::column::{self, ColumnBuilder};
use crate::error::ColumnError;
use crate::install::TableInstall;
use crate::layout::TableColumn;

// Built once: building a schema takes as long as reading a page of 25 tickets.
static EVERY_FIELD: LazyLock<TableSchema> = LazyLock::new(every_field::<i32>);
static EVERY_FIELD_LARGE: LazyLock<TableSchema> = LazyLock::new(every_field::<i64>);

fn every_field<O: OffsetSizeTrait>() -> TableSchema {
    TableSchema::with_texts::<O>(TableColumn::of_fields(FieldSet::ALL).collect(), TableInstall::default())
}

/// The schema of every batch that [`record_batch`] makes.
///
/// The metadata of each column has the `meaning` of the field, the server version that introduced it as `since`, and
/// `sensitive` = `true` if the value grants access. The schema does not depend on the fields of a page, so that all
/// batches have the same schema.
///
/// ```
/// let schema = gettickets_arrow::schema();
/// assert_eq!(schema.field_with_name("owner_name")?.metadata()["since"], "8.0");
/// # Ok::<(), gettickets_arrow::ArrowError>(())
/// ```
pub fn schema() -> SchemaRef {
    EVERY_FIELD.schema()
}

/// Converts the tickets of a page to a record batch with a column for each field and `extra`.
///
/// # Errors
///
/// [`ArrowError::ExternalError`] with [`NumberTooLarge`](crate::NumberTooLarge) if a number is larger than a signed
/// integer of 64 bits. [`ArrowError::OffsetOverflowError`] if the texts of one column are longer than 2 GiB together,
/// which is impossible for a decoded page.
pub fn record_batch(tickets: &Tickets) -> Result<RecordBatch, ArrowError> {
    EVERY_FIELD.record_batch(tickets)
}

/// The columns of record batches and their types. The default has a column for each field, and `extra`.
///
/// ```
/// use gettickets_arrow::TableSchema;
/// use gettickets_protocol::{Field, FieldSet, Version};
///
/// let without_key = TableSchema::of(FieldSet::ALL.difference([Field::C].into_iter().collect()));
/// assert!(without_key.schema().field_with_name("c").is_err());
/// assert!(TableSchema::as_of_version(Version::V7_10).schema().field_with_name("owner_name").is_err());
///
/// let chosen = TableSchema::default().in_time_zone(jiff::tz::TimeZone::UTC).select(["lastreply_utc", "id"])?;
/// assert_eq!(chosen.schema().field(0).name(), "lastreply_utc");
/// # Ok::<(), gettickets_arrow::ColumnError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TableSchema {
    columns: Arc<[TableColumn]>,
    /// The default install of tickets.
    install: TableInstall,
    schema: SchemaRef,
    /// Builds the columns of the schema. A function pointer, so that a program without large texts has no code for
    /// them.
    build: Build,
    /// Creates a table schema with the same size of texts.
    rebuild: fn(Vec<TableColumn>, TableInstall) -> TableSchema,
}

/// Tickets in sequence, and for each install the number of its tickets.
type Build = fn(
    &[TableColumn],
    &[TicketRef<'_>],
    &mut dyn Iterator<Item = (&TableInstall, usize)>,
) -> Result<Vec<ArrayRef>, ArrowError>;

impl Default for TableSchema {
    fn default() -> TableSchema {
        EVERY_FIELD.clone()
    }
}

impl TableSchema {
    /// Creates a schema of these fields in wire order, and `extra`.
    pub fn of(fields: FieldSet) -> TableSchema {
        TableSchema::with_texts::<i32>(TableColumn::of_fields(fields).collect(), TableInstall::default())
    }

    fn with_texts<O: OffsetSizeTrait>(columns: Vec<TableColumn>, install: TableInstall) -> TableSchema {
        let text = GenericStringType::<O>::DATA_TYPE;
        let described: Vec<Column> = columns.iter().map(|column| described(*column, &text)).collect();
        TableSchema {
            columns: columns.into(),
            install,
            schema: Arc::new(Schema::new(described)),
            build: build::<O>,
            rebuild: TableSchema::with_texts::<O>,
        }
    }

    /// Creates a schema of the fields that a server of this version may send, and `extra`.
    pub fn as_of_version(version: Version) -> TableSchema {
        TableSchema::of(FieldSet::known_to(version))
    }

    /// Adds the columns `date_utc` and `lastreply_utc`, for installs whose time zones are known. They are null for an
    /// install without a time zone.
    ///
    /// A local time that occurs twice, because the clock is set back, is the first of the two.
    #[must_use]
    pub fn with_utc(self) -> TableSchema {
        self.with(TableColumn::DateUtc).with(TableColumn::LastreplyUtc)
    }

    /// Adds the columns [in UTC](TableSchema::with_utc), for an install whose clock is in this time zone.
    ///
    /// ```
    /// use gettickets_arrow::{TableSchema, arrow_schema::{DataType, TimeUnit}};
    /// use jiff::tz::{Offset, TimeZone};
    /// let table = TableSchema::default().in_time_zone(TimeZone::fixed(Offset::constant(-3)));
    /// let date = table.schema().field_with_name("date_utc")?.data_type().clone();
    /// assert_eq!(date, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    /// # Ok::<(), gettickets_arrow::ArrowError>(())
    /// ```
    #[must_use]
    pub fn in_time_zone(mut self, zone: TimeZone) -> TableSchema {
        self.install.zone = Some(zone);
        self.with_utc()
    }

    /// Adds the column `install`, for tables of several installs.
    #[must_use]
    pub fn with_install(self) -> TableSchema {
        self.with(TableColumn::Install)
    }

    /// Adds the column `install`, for an install of this name.
    #[must_use]
    pub fn of_install(mut self, name: impl Into<Arc<str>>) -> TableSchema {
        self.install.name = Some(name.into());
        self.with_install()
    }

    /// Adds the column `subject_text`: the subject with its HTML entities decoded.
    #[must_use]
    pub fn with_subject_text(self) -> TableSchema {
        self.with(TableColumn::SubjectText)
    }

    /// Leaves out a column.
    #[must_use]
    pub fn without(self, column: TableColumn) -> TableSchema {
        if !self.columns.contains(&column) {
            return self;
        }
        let columns = self.columns.iter().copied().filter(|kept| *kept != column).collect();
        (self.rebuild)(columns, self.install)
    }

    /// Adds a column at its position in the layout.
    fn with(self, column: TableColumn) -> TableSchema {
        if self.columns.contains(&column) {
            return self;
        }
        let place = |column| TableColumn::all().position(|other| other == column);
        let follows = |other: &TableColumn| place(*other) > place(column);
        let mut columns = self.columns.to_vec();
        columns.insert(columns.iter().position(follows).unwrap_or(columns.len()), column);
        (self.rebuild)(columns, self.install)
    }

    /// Uses `LargeUtf8` for texts, whose columns may be longer than 2 GiB. Names of attachments stay `Utf8`. This is
    /// for readers that would convert `Utf8`, such as pandas.
    ///
    /// ```
    /// use gettickets_arrow::{TableSchema, arrow_schema::DataType};
    /// let schema = TableSchema::default().large_texts().schema();
    /// assert_eq!(schema.field_with_name("subject")?.data_type(), &DataType::LargeUtf8);
    /// # Ok::<(), gettickets_arrow::ArrowError>(())
    /// ```
    #[must_use]
    pub fn large_texts(&self) -> TableSchema {
        let install = self.install.clone();
        if self.columns == EVERY_FIELD.columns {
            return TableSchema { install, ..EVERY_FIELD_LARGE.clone() };
        }
        TableSchema::with_texts::<i64>(self.columns.to_vec(), install)
    }

    /// Selects columns by name, in this order. `subject_text` can always be selected.
    ///
    /// ```
    /// use gettickets_arrow::TableSchema;
    /// let table = TableSchema::default().select(["subject_text", "id"])?;
    /// assert_eq!(table.columns().len(), 2);
    /// # Ok::<(), gettickets_arrow::ColumnError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ColumnError`] if a name is unknown or repeated, if the table does not have the column, or if there are no
    /// names. The message lists the columns.
    pub fn select<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Result<TableSchema, ColumnError> {
        let available = || self.selectable().collect::<Vec<_>>();
        let mut columns = Vec::new();
        for name in names {
            let name = name.as_ref();
            let column = TableColumn::from_name(name);
            let column = column.ok_or_else(|| ColumnError::unknown(name, available()))?;
            if columns.contains(&column) {
                return Err(ColumnError::repeated(column, available()));
            }
            if !self.selectable().any(|known| known == column) {
                return Err(ColumnError::absent(column, available()));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return Err(ColumnError::no_column(available()));
        }
        Ok((self.rebuild)(columns, self.install.clone()))
    }

    /// The columns that can be selected, in the order of the layout.
    fn selectable(&self) -> impl Iterator<Item = TableColumn> {
        TableColumn::all()
            .filter(|column| *column == TableColumn::SubjectText || self.columns.contains(column))
    }

    /// The columns, in the order of the schema.
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// The default install of tickets.
    pub fn install(&self) -> &TableInstall {
        &self.install
    }

    /// Returns the Arrow schema.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Converts the tickets of a page to a record batch.
    ///
    /// # Errors
    ///
    /// The same as [`record_batch`](crate::record_batch).
    pub fn record_batch(&self, tickets: &Tickets) -> Result<RecordBatch, ArrowError> {
        self.record_batch_of(&tickets.iter().collect::<Vec<_>>())
    }

    /// Converts tickets of any pages of one install to one record batch.
    ///
    /// # Errors
    ///
    /// As [`record_batch`](crate::record_batch). [`ArrowError::OffsetOverflowError`] if the texts of one column are
    /// longer than 2 GiB together and are not [large](TableSchema::large_texts).
    pub fn record_batch_of(&self, tickets: &[TicketRef<'_>]) -> Result<RecordBatch, ArrowError> {
        self.batch(tickets, &mut std::iter::once((&self.install, tickets.len())))
    }

    /// Converts tickets of several installs to one record batch. The rows of the installs are in the given order.
    ///
    /// ```
    /// use gettickets_arrow::arrow_array::cast::AsArray;
    /// use gettickets_arrow::{TableInstall, TableSchema};
    /// use gettickets_protocol::{Ticket, Tickets, Version};
    ///
    /// let page = Tickets::new(&[Ticket::default()], Version::V8_0);
    /// let install = |name: &str| TableInstall { name: Some(name.into()), zone: None };
    /// let table = TableSchema::default().with_install();
    /// let batch = table.record_batch_of_installs(&[(&install("eu"), &page), (&install("us"), &page)])?;
    /// assert_eq!(batch["install"].as_string::<i32>().value(1), "us");
    /// # Ok::<(), gettickets_arrow::ArrowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`record_batch_of`](TableSchema::record_batch_of).
    pub fn record_batch_of_installs(
        &self,
        runs: &[(&TableInstall, &Tickets)],
    ) -> Result<RecordBatch, ArrowError> {
        let tickets: Vec<TicketRef<'_>> = runs.iter().flat_map(|(_, tickets)| tickets.iter()).collect();
        self.batch(&tickets, &mut runs.iter().map(|(install, tickets)| (*install, tickets.len())))
    }

    /// Converts tickets to one record batch, each with its install.
    ///
    /// # Errors
    ///
    /// As [`record_batch_of`](TableSchema::record_batch_of).
    pub fn record_batch_of_rows(
        &self,
        rows: &[(&TableInstall, TicketRef<'_>)],
    ) -> Result<RecordBatch, ArrowError> {
        let tickets: Vec<TicketRef<'_>> = rows.iter().map(|(_, ticket)| *ticket).collect();
        self.batch(&tickets, &mut rows.iter().map(|(install, _)| (*install, 1)))
    }

    fn batch(
        &self,
        tickets: &[TicketRef<'_>],
        installs: &mut dyn Iterator<Item = (&TableInstall, usize)>,
    ) -> Result<RecordBatch, ArrowError> {
        let columns = (self.build)(&self.columns, tickets, installs)?;
        let rows = RecordBatchOptions::new().with_row_count(Some(tickets.len()));
        RecordBatch::try_new_with_options(self.schema(), columns, &rows)
    }
}

fn build<O: OffsetSizeTrait>(
    columns: &[TableColumn],
    tickets: &[TicketRef<'_>],
    installs: &mut dyn Iterator<Item = (&TableInstall, usize)>,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let builder = |column: &TableColumn| ColumnBuilder::<O>::of(*column, columns, tickets);
    let mut builders: Vec<_> = columns.iter().map(builder).collect();
    let mut rest = tickets.iter();
    for (install, count) in installs {
        // Row by row: the texts of a ticket are next to each other in the body, and sequential reads are the fastest.
        for ticket in rest.by_ref().take(count) {
            let present = ticket.fields().difference(ticket.null_fields());
            builders.iter_mut().try_for_each(|column| column.append(ticket, present, install))?;
        }
    }
    builders.into_iter().map(ColumnBuilder::finish).collect()
}

fn described(column: TableColumn, text: &DataType) -> Column {
    let mut metadata = HashMap::from([("meaning".to_owned(), column.meaning().to_owned())]);
    if let TableColumn::Field(field) = column {
        metadata.insert("since".to_owned(), field.spec().since.to_string());
    }
    if column.is_sensitive() {
        metadata.insert("sensitive".to_owned(), "true".to_owned());
    }
    Column::new(column.name(), column::data_type(column, text), true).with_metadata(metadata)
}
