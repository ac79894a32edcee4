//! The partitions of a lake: directories that Hive, Spark, DuckDB, polars and pyarrow read as columns.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use gettickets_protocol::TicketRef;

use crate::args::PartitionKey;

/// The value of a partition key for a ticket that has no value.
const NOTHING: &str = "__HIVE_DEFAULT_PARTITION__";
/// The prefix of file names.
const PREFIX: &str = "part-";
/// The extension of files.
const ENDING: &str = ".parquet";
/// The ending of the journal of a run.
const JOURNAL_ENDING: &str = ".run";
/// The length of a time such as `20261129T001500Z`.
const TIME_LEN: usize = 16;
/// The number of random letters and digits after the time.
pub(super) const RANDOM_LEN: usize = 6;

/// The values of a partition's keys. Unused keys always have the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Values {
    /// The index of the install.
    pub(super) install: Option<usize>,
    /// The year and the month in which the ticket was opened, on the clock of the install.
    year: Option<i16>,
    month: Option<i8>,
}

impl Values {
    /// The values of a ticket of the install at this index.
    pub(super) fn of(keys: &[PartitionKey], install: usize, ticket: &TicketRef<'_>) -> Values {
        let mut values = Values::default();
        let opened = || ticket.date();
        for key in keys {
            match key {
                PartitionKey::Install => values.install = Some(install),
                PartitionKey::OpenedYear => values.year = opened().map(|time| time.year()),
                PartitionKey::OpenedMonth => {
                    values.year = opened().map(|time| time.year());
                    values.month = opened().map(|time| time.month());
                }
            }
        }
        values
    }

    /// The directory of the partition, relative to the lake's. `install` is the name of its install.
    pub(super) fn directory(&self, keys: &[PartitionKey], install: &str) -> PathBuf {
        let part = |key: &PartitionKey| {
            let value = match (key, self.year, self.month) {
                (PartitionKey::Install, ..) => escaped(install),
                (PartitionKey::OpenedYear, Some(year), _) => format!("{year:04}"),
                (PartitionKey::OpenedMonth, Some(year), Some(month)) => format!("{year:04}-{month:02}"),
                _ => NOTHING.to_owned(),
            };
            format!("{}={value}", key.name())
        };
        keys.iter().map(part).collect()
    }
}

/// Encodes a value as Hive does in directory names: special characters are percent-encoded.
pub(super) fn escaped(value: &str) -> String {
    if value.is_empty() {
        return NOTHING.to_owned();
    }
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_control() || "\"#%'*/:=?\\{}[]^<>|".contains(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{:02X}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The name of a run's files, which is unique to the run.
pub(super) fn file_name(now: jiff::Timestamp, random: &str) -> String {
    format!("{PREFIX}{}-{random}{ENDING}", now.strftime("%Y%m%dT%H%M%SZ"))
}

/// The temporary name of such a file, until the run has written all of its files. Readers skip it.
pub(super) fn temporary_name(name: &str) -> String {
    format!(".{name}.tmp")
}

/// The name of the journal of a run whose files have this name.
pub(super) fn journal_name(name: &str) -> String {
    format!(".{}{JOURNAL_ENDING}", name.strip_suffix(ENDING).unwrap_or(name))
}

/// The name of the files of the run that has a journal of this name.
pub(super) fn name_of_journal(journal: &str) -> Option<String> {
    let name = format!("{}{ENDING}", journal.strip_prefix('.')?.strip_suffix(JOURNAL_ENDING)?);
    is_file_name(&name).then_some(name)
}

/// Whether a file name has the form of [`file_name`].
pub(super) fn is_file_name(name: &str) -> bool {
    let Some(middle) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(ENDING)) else {
        return false;
    };
    let Some((time, random)) = middle.split_once('-') else { return false };
    time.len() == TIME_LEN
        && time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b'Z'))
        && random.len() == RANDOM_LEN
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The files of earlier runs below this directory, in any partition.
pub(super) fn files_below(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for directory in directories_below(root)? {
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            // A symbolic link is not a file here.
            if is_file_name(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The directory of a lake and the directories of its partitions. Nested directories come before their parents.
pub(super) fn directories_below(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut directories = vec![(root.to_owned(), 0)];
    let mut visited = 0;
    while let Some((directory, depth)) = directories.get(visited).cloned() {
        visited += 1;
        if depth == PartitionKey::COUNT {
            continue;
        }
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && entry.file_name().to_string_lossy().contains('=') {
                directories.push((entry.path(), depth + 1));
            }
        }
    }
    Ok(directories.into_iter().rev().map(|(directory, _)| directory).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::{Ticket, Tickets, Version};
    use jiff::civil::datetime;

    const ALL: [PartitionKey; 3] =
        [PartitionKey::Install, PartitionKey::OpenedYear, PartitionKey::OpenedMonth];

    #[test]
    fn values_are_encoded_as_hive_does() {
        for (value, encoded) in [
            ("eu-1", "eu-1"),
            ("a b.c_ü", "a b.c_ü"),
            ("a/b=c:d%e", "a%2Fb%3Dc%3Ad%25e"),
            ("..", ".."),
            ("\n\0\u{7f}", "%0A%00%7F"),
            ("[x]{y}\\\"'", "%5Bx%5D%7By%7D%5C%22%27"),
            ("", NOTHING),
        ] {
            assert_eq!(escaped(value), encoded, "{value:?}");
        }
    }

    #[test]
    fn each_key_is_a_directory_in_order() {
        let dated = Ticket { date: Some(datetime(2026, 3, 1, 0, 0, 0, 0)), ..Ticket::default() };
        let tickets = Tickets::new(&[dated, Ticket::default()], Version::V8_0);
        let directory = |keys: &[PartitionKey], row| {
            let ticket = tickets.iter().nth(row).unwrap();
            Values::of(keys, 7, &ticket).directory(keys, "eu/1").to_str().unwrap().to_owned()
        };
        assert_eq!(directory(&ALL, 0), "install=eu%2F1/opened_year=2026/opened_month=2026-03");
        assert_eq!(directory(&[ALL[2], ALL[0]], 0), "opened_month=2026-03/install=eu%2F1");
        assert_eq!(directory(&ALL[1..], 1), format!("opened_year={NOTHING}/opened_month={NOTHING}"));
    }

    #[test]
    fn only_files_of_runs_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let ours = file_name("2026-11-29T00:15:00Z".parse().unwrap(), "Ab3xYz");
        assert_eq!(ours, "part-20261129T001500Z-Ab3xYz.parquet");
        let month = directory.path().join("install=eu").join("opened_month=2026-03");
        std::fs::create_dir_all(&month).unwrap();
        std::fs::create_dir_all(directory.path().join("other")).unwrap();
        for name in
            [&ours, "part-0.parquet", "part-20261129T001500Z-notes1.txt", "part-20261129T001500Z-ü.parquet"]
        {
            std::fs::write(month.join(name), "").unwrap();
            std::fs::write(directory.path().join("other").join(name), "").unwrap();
        }
        assert_eq!(files_below(directory.path()).unwrap(), [month.join(ours)]);
    }
}
