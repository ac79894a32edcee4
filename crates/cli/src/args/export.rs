//! `gettickets export`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{ConnectionArgs, Since, WholeArgs};

/// Write every ticket that matches into a file
///
/// The file appears under its name once it is whole. Until then FILE.partial and FILE.resume stand beside
/// it; after an interruption the same command with --resume goes on from there.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// File to write; its ending tells the format; - for stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format, where the file's ending does not tell
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<ExportFormat>,
    /// Go on with an interrupted export; begin where there is none
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// Begin again, and give up an interrupted export
    #[arg(long)]
    pub(crate) restart: bool,
    #[command(flatten)]
    pub(crate) query: WholeArgs,
    /// Only tickets opened or answered since then, by the install's clock
    #[arg(long, value_name = "WHEN", help_heading = "Tickets")]
    pub(crate) updated_since: Option<Since>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
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
    /// The word for it, as `--format` takes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Ndjson => "ndjson",
            ExportFormat::Json => "json",
            ExportFormat::Parquet => "parquet",
            ExportFormat::Arrow => "arrow",
        }
    }

    /// The format that a file's ending tells.
    pub(crate) fn of_file(path: &Path) -> Option<ExportFormat> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "csv" => ExportFormat::Csv,
            "ndjson" | "jsonl" => ExportFormat::Ndjson,
            "json" => ExportFormat::Json,
            "parquet" | "pq" => ExportFormat::Parquet,
            "arrow" | "feather" | "ipc" => ExportFormat::Arrow,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_ending_tells_its_format() {
        for (name, format) in [
            ("t.csv", Some(ExportFormat::Csv)),
            ("dir.csv/t.PARQUET", Some(ExportFormat::Parquet)),
            ("t.jsonl", Some(ExportFormat::Ndjson)),
            ("t.tar.json", Some(ExportFormat::Json)),
            ("t.feather", Some(ExportFormat::Arrow)),
            ("t.xlsx", None),
            ("csv", None),
            ("-", None),
        ] {
            assert_eq!(ExportFormat::of_file(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn a_format_s_word_is_what_the_flag_takes() {
        for format in ExportFormat::value_variants() {
            assert_eq!(ExportFormat::from_str(format.word(), false).as_ref(), Ok(format));
        }
    }
}
