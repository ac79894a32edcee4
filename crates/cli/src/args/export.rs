//! `gettickets export`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Column, ConnectionArgs, Profiles, ScanQueryArgs, Since};

/// Write all matching tickets to a file
///
/// FILE appears when it is complete. Until then the tickets are in FILE.partial, and FILE.resume records the progress;
/// after an interruption, run the same command with --resume to continue. If the server cannot send some tickets, the
/// file is named FILE.incomplete, and the exit code is 5.
///
/// A new file is readable by its owner only; a file that is replaced keeps its owner and mode. Symbolic links are
/// followed. Devices and FIFOs are written like standard output.
///
/// Parquet and Arrow have typed columns: a column for each field and, where the time zone of the install is known,
/// date_utc and lastreply_utc.
///
/// With several profiles the installs are read concurrently, and the file has a column `install`. If one of them fails,
/// the others are written, and the file is named FILE.incomplete. Such an export cannot be resumed. With {install} in
/// the name, each install has its own file, and the export can be resumed. DuckDB, polars and Spark read the files of
/// 'tickets/install={install}/tickets.parquet' as one table with a column `install`.
///
/// With --partition-by the output is a directory of Parquet files for DuckDB, polars, pyarrow and Spark, as in
/// install=eu/opened_month=2026-11/part-20261129T001500Z-Ab3xYz.parquet. A run adds one file to each partition. The
/// files appear when all of them are complete. An install that fails adds no file. Without the key install, a failed
/// install means that nothing is written.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArgs {
    /// File to write; - for standard output. The extension, such as .csv or .parquet, determines the format; .gz
    /// and .zst add compression, such as .csv.gz. {install} is replaced by the name of the profile
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format, if the extension of the file does not determine it
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ExportFormat>,
    /// Continue an interrupted export, if there is one
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// Start again, and remove the files of an interrupted export
    #[arg(long)]
    pub(crate) restart: bool,
    /// Fail if the file exists, instead of replacing it
    #[arg(long)]
    pub(crate) no_clobber: bool,
    /// Write a directory of Parquet files, partitioned by these keys, such as install,opened_month; FILE is the
    /// directory
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        conflicts_with_all = ["resume", "restart", "no_clobber"]
    )]
    pub(crate) partition_by: Vec<PartitionKey>,
    /// Add to the files of earlier runs below the directory
    #[arg(long, requires = "partition_by", conflicts_with = "overwrite")]
    pub(crate) append: bool,
    /// Replace the files of earlier runs below the directory, once those of this run are complete
    #[arg(long, requires = "partition_by")]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) query: ScanQueryArgs,
    /// Only tickets opened or answered since this time, in the install's time zone
    #[arg(long, value_name = "WHEN", help_heading = "Tickets")]
    pub(crate) updated_since: Option<Since>,
    /// Columns or JSON keys to write, in this order, such as id,tid,subject_text,lastreply_utc
    #[arg(long, value_name = "COLUMNS", help_heading = "Output", value_delimiter = ',')]
    pub(crate) columns: Vec<Column>,
    /// Decode HTML entities in texts: as subject_text in Parquet and Arrow, and as subject_text and so on after the
    /// other fields in CSV and JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) decoded_text: bool,
    /// Read the whole list even with --updated-since, and do not stop where older tickets begin
    #[arg(long, help_heading = "Scan", requires = "updated_since")]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

/// A partition key, which is a column in the names of directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum PartitionKey {
    /// The name of the install
    Install,
    /// The year in which the ticket was opened, such as 2026, on the install's clock
    OpenedYear,
    /// The month in which the ticket was opened, such as 2026-11, on the install's clock
    OpenedMonth,
}

impl PartitionKey {
    /// The number of partition keys.
    pub(crate) const COUNT: usize = 3;

    /// The column's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            PartitionKey::Install => "install",
            PartitionKey::OpenedYear => "opened_year",
            PartitionKey::OpenedMonth => "opened_month",
        }
    }

    /// Returns whether a key occurs twice.
    pub(crate) fn repeated(keys: &[PartitionKey]) -> bool {
        keys.iter().enumerate().any(|(at, key)| keys.iter().take(at).any(|other| other == key))
    }
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A line for each ticket; cells that a spreadsheet would run as formulas are prefixed with an apostrophe
    Csv,
    /// Canonical JSON of a ticket on each line
    Ndjson,
    /// Canonical JSON: one document
    Json,
    /// Apache Parquet, compressed with Zstandard
    Parquet,
    /// Apache Arrow's IPC file, also called Feather
    Arrow,
}

impl ExportFormat {
    /// The value of `--format`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Ndjson => "ndjson",
            ExportFormat::Json => "json",
            ExportFormat::Parquet => "parquet",
            ExportFormat::Arrow => "arrow",
        }
    }

    /// The format that a file's extension names, ignoring compression.
    pub(crate) fn of_file(path: &Path) -> Option<ExportFormat> {
        let inner = match Compression::of_file(path) {
            Some(_) => path.with_extension(""),
            None => path.to_owned(),
        };
        let ending = inner.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "csv" => ExportFormat::Csv,
            "ndjson" | "jsonl" => ExportFormat::Ndjson,
            "json" => ExportFormat::Json,
            "parquet" | "pq" => ExportFormat::Parquet,
            "arrow" | "feather" | "ipc" => ExportFormat::Arrow,
            _ => return None,
        })
    }

    /// Whether the format compresses its own columns, so that the file itself is not compressed.
    pub(crate) fn is_columnar(self) -> bool {
        matches!(self, ExportFormat::Parquet | ExportFormat::Arrow)
    }
}

/// The compression of a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// gzip, with the extension `.gz`.
    Gzip,
    /// Zstandard, with the extension `.zst`.
    Zstd,
}

impl Compression {
    /// The compression that a file's extension names.
    pub(crate) fn of_file(path: &Path) -> Option<Compression> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "gz" => Some(Compression::Gzip),
            "zst" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

/// A format and its compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) format: ExportFormat,
    pub(crate) compression: Option<Compression>,
}

impl Encoding {
    /// The file extension, such as `csv` or `csv.gz`.
    pub(crate) fn ending(self) -> String {
        let compressed = match self.compression {
            None => "",
            Some(Compression::Gzip) => ".gz",
            Some(Compression::Zstd) => ".zst",
        };
        format!("{}{compressed}", self.format.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_determines_the_format() {
        for (name, format) in [
            ("t.csv", Some(ExportFormat::Csv)),
            ("dir.csv/t.PARQUET", Some(ExportFormat::Parquet)),
            ("t.jsonl", Some(ExportFormat::Ndjson)),
            ("t.tar.json", Some(ExportFormat::Json)),
            ("t.csv.gz", Some(ExportFormat::Csv)),
            ("t.ndjson.ZST", Some(ExportFormat::Ndjson)),
            ("t.gz", None),
            ("t.feather", Some(ExportFormat::Arrow)),
            ("t.xlsx", None),
            ("csv", None),
            ("-", None),
        ] {
            assert_eq!(ExportFormat::of_file(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn the_name_of_a_format_is_a_value_of_the_flag() {
        for format in ExportFormat::value_variants() {
            assert_eq!(ExportFormat::from_str(format.word(), false).as_ref(), Ok(format));
        }
    }
}
