//! Reads Parquet and Arrow files that this program wrote.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use arrow_ipc::reader::FileReader;
use gettickets_arrow::TableColumn;
use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::{
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt64Type,
};
use gettickets_arrow::arrow_array::{Array, RecordBatch, StructArray};
use gettickets_arrow::arrow_schema::{ArrowError, DataType, TimeUnit};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::input::Input;
use super::rows::{Row, RowObject, Rows, quoted};
use crate::exit::{Exit, Failure, Outcome};

/// The format of a table.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Parquet,
    Arrow,
}

impl Format {
    /// The format of a file that begins with these bytes, or `None` if it is not a table.
    pub(super) fn of(start: &[u8]) -> Option<Format> {
        [(&b"PAR1"[..], Format::Parquet), (b"ARROW1", Format::Arrow)]
            .into_iter()
            .find(|(magic, _)| start.starts_with(magic))
            .map(|(_, format)| format)
    }
}

/// The rows of a Parquet or Arrow file.
pub(super) struct TableRows {
    batches: Batches,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    row: usize,
    /// The number of the last row of the file that was read.
    number: u64,
}

impl TableRows {
    /// Opens a table. It is copied to a temporary file first, because its metadata is at its end and the input may be a
    /// pipe.
    pub(super) fn of(mut input: Input, format: Format) -> io::Result<TableRows> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut input, &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        let batches = match format {
            Format::Parquet => parquet(file)?,
            Format::Arrow => arrow(file)?,
        };
        Ok(TableRows { batches, batch: None, row: 0, number: 0 })
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

fn parquet(file: File) -> io::Result<Batches> {
    let damaged =
        |error| io::Error::new(io::ErrorKind::InvalidData, format!("the Parquet file is damaged: {error}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    Ok(Box::new(builder.build().map_err(damaged)?))
}

fn arrow(file: File) -> io::Result<Batches> {
    let reader = FileReader::try_new(file, None).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("the Arrow file is damaged: {error}"))
    })?;
    Ok(Box::new(reader))
}

impl Rows for TableRows {
    fn unit(&self) -> &'static str {
        "row"
    }

    fn next(&mut self) -> Outcome<Option<Row>> {
        loop {
            if let Some(batch) = &self.batch
                && self.row < batch.num_rows()
            {
                self.number += 1;
                let object = object(batch, self.row).map_err(|what| {
                    Failure::new(Exit::Unreadable, what).at(format!("row {}", self.number))
                })?;
                self.row += 1;
                return Ok(Some((self.number, object)));
            }
            match self.batches.next() {
                None => return Ok(None),
                Some(batch) => {
                    let damaged =
                        |error| Failure::new(Exit::Unreadable, format!("the file is damaged: {error}"));
                    self.batch = Some(batch.map_err(damaged)?);
                    self.row = 0;
                }
            }
        }
    }
}

/// A row as a JSON object.
fn object(batch: &RecordBatch, row: usize) -> Result<Vec<u8>, String> {
    let extra = batch.column_by_name(TableColumn::Extra.name()).and_then(|column| text(column, row));
    let mut object =
        RowObject::new(extra).map_err(|error| format!("the column extra is not a JSON object: {error}"))?;
    let schema = batch.schema_ref();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        match TableColumn::from_name(field.name()) {
            Some(TableColumn::Extra) => {}
            // These columns are computed from others.
            Some(TableColumn::DateUtc | TableColumn::LastreplyUtc | TableColumn::SubjectText) => {}
            // A field that the server did not send is null too.
            _ if column.is_null(row) => {}
            _ => {
                let json = json(column, row).ok_or_else(|| {
                    format!(
                        "the column {} has the type {}, which no export has",
                        field.name(),
                        column.data_type()
                    )
                })?;
                object.add(field.name(), &json);
            }
        }
    }
    Ok(object.finish())
}

/// A text that is not null.
fn text(column: &dyn Array, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(column.as_string_view().value(row)),
        _ => None,
    }
}

/// A value that is not null as JSON; `None` for a type that no export has.
fn json(column: &dyn Array, row: usize) -> Option<String> {
    Some(match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(unit, None) => quoted(&wall_clock(column, *unit, row)?),
        DataType::List(_) => attachments(column.as_list::<i32>().value(row).as_struct_opt()?)?,
        _ => quoted(text(column, row)?),
    })
}

/// Formats a local time as servers do.
fn wall_clock(column: &dyn Array, unit: TimeUnit, row: usize) -> Option<String> {
    let time = match unit {
        TimeUnit::Second => Timestamp::from_second(column.as_primitive::<TimestampSecondType>().value(row)),
        TimeUnit::Millisecond => {
            Timestamp::from_millisecond(column.as_primitive::<TimestampMillisecondType>().value(row))
        }
        TimeUnit::Microsecond => {
            Timestamp::from_microsecond(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        TimeUnit::Nanosecond => Timestamp::from_nanosecond(i128::from(
            column.as_primitive::<TimestampNanosecondType>().value(row),
        )),
    };
    let time = TimeZone::UTC.to_datetime(time.ok()?);
    Some(time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn attachments(list: &StructArray) -> Option<String> {
    let filenames = list.column_by_name("filename")?;
    let indexes = list.column_by_name("index")?;
    let one = |row| {
        let part = |column: &dyn Array| {
            if column.is_null(row) { Some("null".to_owned()) } else { json(column, row) }
        };
        Some(format!("{{\"filename\":{},\"index\":{}}}", part(filenames)?, part(indexes)?))
    };
    let entries = (0..list.len()).map(one).collect::<Option<Vec<String>>>()?;
    Some(format!("[{}]", entries.join(",")))
}
