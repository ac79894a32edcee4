//! Tests of the files of a lake, without a server.

use std::fs::File;

use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::Int64Type;
use gettickets_protocol::{Ticket, Version};
use jiff::civil::date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

const KEYS: [PartitionKey; 2] = [PartitionKey::Install, PartitionKey::OpenedMonth];

fn context(name: &str) -> InstallContext {
    InstallContext {
        name: Some(name.to_owned()),
        clock: jiff::civil::DateTime::ZERO.into(),
        zone_is_known: true,
        names: output::names::Names::default(),
    }
}

/// Tickets with these ids, each opened on a different day.
fn page(ids: std::ops::Range<u64>) -> Tickets {
    let opened = |id: u64| date(2026, 1, 1).saturating_add(jiff::Span::new().days(id as i64)).at(0, 0, 0, 0);
    let tickets: Vec<Ticket> =
        ids.map(|id| Ticket { id, date: Some(opened(id)), ..Ticket::default() }).collect();
    Tickets::new(&tickets, Version::V8_0)
}

fn lake(directory: &Path) -> Lake {
    Lake::new(&KEYS, TableSchema::default(), &[context("eu"), context("us")], directory).unwrap()
}

/// A journal of a run into this directory.
fn journal(directory: &Path) -> Journal {
    Journal::begin(directory).unwrap()
}

/// The files below a directory and the ids in each, by the names of the directories.
fn ids(directory: &Path) -> BTreeMap<String, Vec<i64>> {
    let mut found = BTreeMap::new();
    for file in partition::files_below(directory).unwrap() {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
        let ids = reader
            .build()
            .unwrap()
            .flat_map(|batch| batch.unwrap()["id"].as_primitive::<Int64Type>().values().to_vec())
            .collect();
        let below = file.parent().unwrap().strip_prefix(directory).unwrap();
        assert!(found.insert(below.to_str().unwrap().to_owned(), ids).is_none(), "one file a partition");
    }
    found
}

#[test]
fn each_ticket_is_in_the_file_of_its_partition() {
    let directory = tempfile::tempdir().unwrap();
    let mut lake = lake(directory.path());
    for start in (0..60).step_by(20) {
        lake.push(0, &page(start..start + 20)).unwrap();
        lake.push(1, &page(start..start + 5)).unwrap();
        // As when the limit of tickets in memory is reached.
        lake.spill().unwrap();
    }
    let journal = journal(directory.path());
    let written = lake.write(directory.path(), journal.name(), &[true, true]).unwrap();
    assert_eq!((written.directories.len(), written.tickets), (5, 75));
    assert!(ids(directory.path()).is_empty(), "no file has its final name yet");
    written.publish(journal, &[]).unwrap();
    let expected = [
        ("install=eu/opened_month=2026-01", (0..31).collect::<Vec<_>>()),
        ("install=eu/opened_month=2026-02", (31..59).collect()),
        ("install=eu/opened_month=2026-03", vec![59]),
        ("install=us/opened_month=2026-01", (0..5).chain(20..25).collect()),
        ("install=us/opened_month=2026-02", (40..45).collect()),
    ];
    assert_eq!(ids(directory.path()), expected.map(|(name, ids)| (name.to_owned(), ids)).into());
}

#[test]
fn an_install_that_failed_has_no_file_and_no_directory() {
    let directory = tempfile::tempdir().unwrap();
    let mut lake = lake(directory.path());
    lake.push(0, &page(0..10)).unwrap();
    lake.push(1, &page(0..10)).unwrap();
    let journal = journal(directory.path());
    let written = lake.write(directory.path(), journal.name(), &[false, true]).unwrap();
    written.publish(journal, &[]).unwrap();
    assert_eq!(ids(directory.path()).into_keys().collect::<Vec<_>>(), ["install=us/opened_month=2026-01"]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_run_that_is_not_finished_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let opened = Directory::open(&parent.path().join("a/b")).unwrap();
    let path = opened.path.clone();
    let mut lake = lake(&path);
    lake.push(0, &page(0..40)).unwrap();
    let journal = journal(&path);
    let written = lake.write(&path, journal.name(), &[true, true]).unwrap();
    assert_eq!(fs::read_dir(path.join("install=eu")).unwrap().count(), 2);
    drop(written);
    drop(journal);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    drop(opened);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn the_number_of_directories_is_limited_whatever_dates_the_server_sends() {
    let directory = tempfile::tempdir().unwrap();
    let mut lake = lake(directory.path());
    let tickets: Vec<Ticket> = (0..=MAX_PARTITIONS)
        .map(|month| {
            let (year, month) = (1000 + month / 12, month % 12 + 1);
            let opened = date(year as i16, month as i8, 1).at(0, 0, 0, 0);
            Ticket { date: Some(opened), ..Ticket::default() }
        })
        .collect();
    let error = lake.push(0, &Tickets::new(&tickets, Version::V8_0)).unwrap_err();
    assert!(error.to_string().contains("more than 10000 partitions"), "{error}");
}

#[test]
fn files_of_earlier_runs_are_removed_for_the_installs_that_were_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = lake(directory.path());
    first.push(0, &page(0..10)).unwrap();
    first.push(1, &page(0..10)).unwrap();
    let run = journal(directory.path());
    let written = first.write(directory.path(), run.name(), &[true, true]).unwrap();
    written.publish(run, &[]).unwrap();
    let earlier = || partition::files_below(directory.path()).unwrap();
    assert_eq!(replaced(earlier(), false, &[]), [""; 0].map(PathBuf::from), "nothing was written");
    let replace = |is_by_install, installs: &[&str]| {
        journal(directory.path()).publish(&[], &replaced(earlier(), is_by_install, installs)).unwrap()
    };
    assert!(replace(true, &["us"]).is_empty());
    assert_eq!(ids(directory.path()).into_keys().collect::<Vec<_>>(), ["install=eu/opened_month=2026-01"]);
    assert!(replace(false, &["eu"]).is_empty());
    assert!(ids(directory.path()).is_empty());
}
