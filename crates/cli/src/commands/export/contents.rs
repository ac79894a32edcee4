//! [`Contents`]: which columns an export writes, and in which format.

use std::io::{self, Write};

use gettickets_arrow::arrow_schema::SchemaRef;
use gettickets_arrow::{TableColumn, TableSchema};
use gettickets_protocol::Version;

use crate::args::{Column, Encoding, ExportArgs, ExportFormat, Format};
use crate::commands::columns::{of_names, refuse_repeated};
use crate::exit::{Failure, Outcome};
use crate::output::arrow::ArrowWriter;
use crate::output::batches::{BatchWriter, Gathered};
use crate::output::csv::CsvWriter;
use crate::output::json::JsonWriter;
use crate::output::ndjson::NdjsonWriter;
use crate::output::parquet::ParquetWriter;
use crate::output::selected::{Part, SelectedWriter, Selection};
use crate::output::{InstallContext, TicketWriter};

/// The columns of an export.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(super) encoding: Encoding,
    /// The columns of Parquet and Arrow.
    table: TableSchema,
    /// The columns of the other formats.
    selection: Selection,
}

impl Contents {
    /// The columns that the arguments select for one install.
    pub(super) fn of_one(
        args: &ExportArgs,
        encoding: Encoding,
        install: &InstallContext,
    ) -> Outcome<Contents> {
        let table = match install.for_tables().zone {
            Some(zone) => TableSchema::default().in_time_zone(zone),
            None => TableSchema::default(),
        };
        let table = match (&install.name, args.columns.contains(&Column::Install)) {
            (Some(name), true) => table.of_install(name.as_str()),
            _ => table,
        };
        // The install's name is written if its column was selected.
        let named = install.name.clone().filter(|_| args.columns.contains(&Column::Install));
        let context = InstallContext { name: named, ..install.clone() };
        Contents::new(args, encoding, table, std::slice::from_ref(&context))
    }

    /// The columns that the arguments select for several installs.
    pub(super) fn of_several(
        args: &ExportArgs,
        encoding: Encoding,
        installs: &[InstallContext],
    ) -> Outcome<Contents> {
        let table = TableSchema::default().with_install();
        let is_zone_known = installs.iter().any(|install| install.zone_is_known);
        let table = if is_zone_known { table.with_utc() } else { table };
        Contents::new(args, encoding, table, installs)
    }

    fn new(
        args: &ExportArgs,
        encoding: Encoding,
        table: TableSchema,
        installs: &[InstallContext],
    ) -> Outcome<Contents> {
        let columns = &args.columns;
        refuse_repeated(columns)?;
        refuse_unknown_zones(columns, installs)?;
        let Some(install) = installs.first().cloned() else {
            return Err(Failure::usage("no install can be read"));
        };
        if columns.contains(&Column::Install) && install.name.is_none() {
            return Err(Failure::usage("the column install needs a profile, and none is selected")
                .hint("Name a profile with --profile, or leave out the column"));
        }
        let table = if args.decoded_text { table.with_subject_text() } else { table };
        let table = match columns.is_empty() || !encoding.format.is_columnar() {
            true => table,
            false => table.select(columns.iter().map(|column| column.name())).map_err(|error| {
                Failure::usage(format!("--columns: {error}"))
                    .hint("Select these columns, or write another format, such as csv")
            })?,
        };
        let columns = (!columns.is_empty()).then(|| columns.clone());
        let mut added = Vec::new();
        if args.decoded_text && columns.is_none() {
            added.extend(Column::DECODED.map(Column::Decoded));
        }
        // JSON contains the ids only, and stays canonical.
        if encoding.format == ExportFormat::Csv && columns.is_none() {
            added.extend(of_names(installs.iter().map(|install| &install.names)));
        }
        Ok(Contents { encoding, table, selection: Selection { columns, added, install } })
    }

    /// Every field of the tickets of one install, in this format.
    #[cfg(test)]
    pub(super) fn every_field(encoding: Encoding) -> Contents {
        let install = InstallContext {
            name: None,
            clock: crate::output::clock::Clock::from(jiff::civil::DateTime::ZERO),
            zone_is_known: false,
            names: crate::output::names::Names::default(),
        };
        let selection = Selection { columns: None, added: Vec::new(), install };
        Contents { encoding, table: TableSchema::default(), selection }
    }

    /// The columns of Parquet, without the install if it is part of the directory's name.
    pub(super) fn into_table(self, without_install: bool) -> Outcome<TableSchema> {
        if !without_install {
            return Ok(self.table);
        }
        let table = self.table.without(TableColumn::Install);
        match table.columns() {
            [] => Err(Failure::usage("no column is left beside the partition install")
                .hint("Select more columns with --columns")),
            _ => Ok(table),
        }
    }

    /// The schema of Parquet and Arrow.
    pub(super) fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    /// The names of the columns and the time zone, to compare with an interrupted export. Empty if every field is
    /// written.
    pub(super) fn layout(&self) -> String {
        if self.encoding.format.is_columnar() {
            let names: Vec<&str> = self.table.columns().iter().map(|column| column.name()).collect();
            let zone = self.selection.install.for_tables().zone;
            let zone =
                zone.map(|zone| format!(" in {}", zone.iana_name().unwrap_or("a zone without a name")));
            return names.join(",") + &zone.unwrap_or_default();
        }
        let columns = self.selection.columns.as_ref().unwrap_or(&self.selection.added);
        columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(",")
    }

    /// An empty collection of pages for batches of this schema.
    pub(super) fn gathered(&self) -> Gathered {
        Gathered::new(self.table.clone(), self.selection.install.for_tables())
    }

    /// Creates a writer of the format, uncompressed.
    pub(super) fn writer<'w>(&self, out: impl Write + Send + 'w) -> io::Result<Box<dyn TicketWriter + 'w>> {
        let schema = self.schema();
        Ok(match self.encoding.format {
            ExportFormat::Parquet => {
                Box::new(BatchWriter::new(ParquetWriter::new(out, schema)?, self.gathered()))
            }
            ExportFormat::Arrow => {
                Box::new(BatchWriter::new(ArrowWriter::new(out, &schema)?, self.gathered()))
            }
            ExportFormat::Csv | ExportFormat::Ndjson | ExportFormat::Json => self.text_writer(out, None),
        })
    }

    /// Creates a writer of a text format that continues after this many tickets.
    pub(super) fn text_writer<'w>(
        &self,
        out: impl Write + 'w,
        resumed_after: Option<u64>,
    ) -> Box<dyn TicketWriter + 'w> {
        let format = match self.encoding.format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Json => Format::Json,
            _ => Format::Ndjson,
        };
        if !self.is_plain() {
            let selection = self.selection.clone();
            return match resumed_after {
                Some(tickets) => Box::new(SelectedWriter::resumed(out, format, selection, tickets)),
                None => Box::new(SelectedWriter::new(out, format, selection, Part::default())),
            };
        }
        // The columns of CSV are those of the newest version, whatever version the server has.
        let version = Version::LATEST;
        match (format, resumed_after) {
            (Format::Csv, Some(_)) => Box::new(CsvWriter::resumed(out, version)),
            (Format::Csv, None) => Box::new(CsvWriter::new(out, version)),
            (Format::Json, Some(tickets)) => Box::new(JsonWriter::resumed(out, tickets)),
            (Format::Json, None) => Box::new(JsonWriter::new(out)),
            _ => Box::new(NdjsonWriter::new(out)),
        }
    }

    /// Whether exactly the fields of the server are written.
    fn is_plain(&self) -> bool {
        let Selection { columns, added, install } = &self.selection;
        columns.is_none() && added.is_empty() && install.name.is_none()
    }
}

/// Fails if times in UTC are selected and the time zone of an install is not known.
fn refuse_unknown_zones(columns: &[Column], installs: &[InstallContext]) -> Outcome {
    let Some(column) = columns.iter().find(|column| matches!(column, Column::Utc(_))) else { return Ok(()) };
    let Some(unknown) = installs.iter().find(|install| !install.zone_is_known) else { return Ok(()) };
    let name = unknown.name.as_ref().map_or_else(String::new, |name| format!("{name}: "));
    let what = format!("{name}the column {} needs the time zone of the install", column.name());
    Err(Failure::usage(what).hint("Give it with --time-zone, such as Europe/Berlin, or in the profile"))
}
