//! `gettickets export`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, Profiles, Since, WholeArgs};

/// Write every ticket that matches into a file
///
/// The file gets its name once it is whole. Until then FILE.partial and FILE.resume are beside it; after an
/// interruption the same command with --resume continues from there. Where all tickets but some that nobody can
/// read are there, the file is FILE.incomplete, and the exit code is 5.
///
/// A new file can be read by its owner alone; a file that is replaced keeps its owner and its mode. A symbolic
/// link is followed. A device or a FIFO is written to as standard output is.
///
/// With several profiles the installs are read at the same time, and the file has a column `install`. If one of them fails, the
/// others are written, and the file is FILE.incomplete. Such an export cannot be resumed. With {install} in the name there is a
/// file for each install, which can: the files of 'tickets/install={install}/tickets.parquet' are read as one table with a
/// column `install` by DuckDB, polars and Spark.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArgs {
    /// File to write; - for standard output. The format follows from the ending, such as .csv or .parquet;
    /// .csv.gz, .ndjson.zst and the like are compressed. {install} stands for the name of the profile
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format, where the file's ending does not name one
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ExportFormat>,
    /// Continue an interrupted export; begin where there is none
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// Begin again, and remove what an interrupted export left
    #[arg(long)]
    pub(crate) restart: bool,
    /// Fail where the file exists already, instead of replacing it
    #[arg(long)]
    pub(crate) no_clobber: bool,
    #[command(flatten)]
    pub(crate) query: WholeArgs,
    /// Only tickets opened or answered since then, by the install's clock
    #[arg(long, value_name = "WHEN", help_heading = "Tickets")]
    pub(crate) updated_since: Option<Since>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs<Profiles>,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A line for each ticket; cells that a spreadsheet would run as formulas get an apostrophe in front
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

    /// The format of a file's ending. What compresses the file is not looked at.
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

    /// Whether the format compresses its own columns, so that it is not compressed as a whole.
    pub(crate) fn is_columnar(self) -> bool {
        matches!(self, ExportFormat::Parquet | ExportFormat::Arrow)
    }
}

/// What a file as a whole is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// gzip, with the ending `.gz`.
    Gzip,
    /// Zstandard, with the ending `.zst`.
    Zstd,
}

impl Compression {
    /// The compression of a file's ending.
    pub(crate) fn of_file(path: &Path) -> Option<Compression> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "gz" => Some(Compression::Gzip),
            "zst" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

/// A format and what it is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) format: ExportFormat,
    pub(crate) compression: Option<Compression>,
}

impl Encoding {
    /// The ending of such a file: `csv`, `csv.gz`.
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
    fn the_format_follows_from_the_ending() {
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
    fn the_word_of_a_format_is_a_value_of_the_flag() {
        for format in ExportFormat::value_variants() {
            assert_eq!(ExportFormat::from_str(format.word(), false).as_ref(), Ok(format));
        }
    }
}
