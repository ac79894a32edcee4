//! Claims about exports, against a source that fails where it is told to.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::Path;

use arrow_ipc::reader::FileReader;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::UInt64Type;
use gettickets_protocol::{Ticket, Version};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use super::*;
use crate::args::ExportFormat;

const PAGE: u64 = 25;
const FORMATS: [ExportFormat; 5] =
    [ExportFormat::Csv, ExportFormat::Ndjson, ExportFormat::Json, ExportFormat::Parquet, ExportFormat::Arrow];

/// Tickets numbered from 1, in pages; fails after some.
struct Numbered<'a> {
    next: u64,
    end: u64,
    fail_at: Option<u64>,
    interrupt_at: Option<(u64, &'a AtomicBool)>,
    holes: u64,
    incomplete_at: Option<u64>,
}

impl Numbered<'_> {
    fn new(cursor: Option<&Value>, end: u64) -> Numbered<'static> {
        let next = cursor.and_then(|cursor| cursor["next"].as_u64()).unwrap_or(1);
        Numbered { next, end, fail_at: None, interrupt_at: None, holes: 0, incomplete_at: None }
    }
}

impl Source for Numbered<'_> {
    fn next_page(&mut self) -> Option<Outcome<Tickets>> {
        if self.fail_at.is_some_and(|at| self.next >= at) {
            return Some(Err(Failure::new(Exit::Unreached, "the server went away").hint("Is it there?")));
        }
        if self.incomplete_at.is_some_and(|at| self.next >= at) {
            return Some(Err(Failure::new(Exit::Incomplete, "one ticket cannot be sent")));
        }
        if let Some((at, flag)) = self.interrupt_at
            && self.next >= at
        {
            flag.store(true, Ordering::Relaxed);
        }
        let ids = self.next..(self.next + PAGE).min(self.end + 1);
        if ids.is_empty() {
            return None;
        }
        self.next = ids.end;
        let tickets: Vec<_> = ids
            .map(|id| Ticket { id, subject: format!("=ticket \"{id}\",\n"), ..Ticket::default() })
            .collect();
        Some(Ok(Tickets::new(&tickets, Version::V8_0)))
    }

    fn total(&self) -> Option<u64> {
        Some(self.end)
    }

    fn cursor(&self) -> Option<Value> {
        Some(json!({"next": self.next}))
    }

    fn end(&self) -> Outcome {
        match self.holes {
            0 => Ok(()),
            holes => Err(Failure::new(Exit::Incomplete, format!("{holes} tickets are missing"))),
        }
    }

    fn lacks_holes_alone(&self) -> bool {
        self.holes > 0
    }
}

fn origin(format: ExportFormat) -> Origin {
    Origin { format: format.word().into(), server: "https://a.example/".into(), request: String::new() }
}

fn open(output: &Path, format: ExportFormat, earlier: Earlier) -> Outcome<Spool> {
    Spool::open(output, format, origin(format), earlier)
}

fn whole_run(spool: Spool, source: &mut dyn Source) -> Outcome<u64> {
    spool_all(spool, source, &AtomicBool::new(false), &Progress::hidden())
}

/// The ids in an exported file, read by other code than wrote it where there is some.
fn ids(output: &Path, format: ExportFormat) -> Vec<u64> {
    let of_batches = |batches: &mut dyn Iterator<Item = RecordBatch>| {
        batches.flat_map(|batch| batch["id"].as_primitive::<UInt64Type>().values().to_vec()).collect()
    };
    let text = || fs::read_to_string(output).unwrap();
    let id = |ticket: &Value| ticket["id"].as_u64().unwrap();
    match format {
        ExportFormat::Csv => {
            let text = text();
            assert!(text.starts_with("id,tid,") && text.matches("id,tid,").count() == 1, "one header");
            // Subjects have a line break in quotes; records are told by what begins them.
            text.lines()
                .skip(1)
                .step_by(2)
                .map(|line| line.split(',').next().unwrap().parse().unwrap())
                .collect()
        }
        ExportFormat::Ndjson => text().lines().map(|line| id(&serde_json::from_str(line).unwrap())).collect(),
        ExportFormat::Json => {
            let document: Value = serde_json::from_str(&text()).unwrap();
            let ids: Vec<u64> = document["tickets"].as_array().unwrap().iter().map(id).collect();
            assert_eq!(document["numreturned"], ids.len());
            ids
        }
        ExportFormat::Parquet => {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(output).unwrap()).unwrap();
            of_batches(&mut reader.build().unwrap().map(Result::unwrap))
        }
        ExportFormat::Arrow => {
            let reader = FileReader::try_new(File::open(output).unwrap(), None).unwrap();
            of_batches(&mut reader.map(Result::unwrap))
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_format_holds_every_ticket_and_nothing_stands_beside_it() {
    for format in FORMATS {
        for count in [0, 1, PAGE, 20_000] {
            let directory = tempfile::tempdir().unwrap();
            let output = directory.path().join("t");
            let spool = open(&output, format, Earlier::Refuse).unwrap();
            assert_eq!(whole_run(spool, &mut Numbered::new(None, count)).unwrap(), count);
            assert_eq!(ids(&output, format), (1..=count).collect::<Vec<_>>(), "{format:?}");
            assert_eq!(names(directory.path()), ["t"], "{format:?}");
        }
    }
}

#[test]
fn an_interrupted_export_goes_on_without_loss_or_double() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        fs::write(&output, "the file of yesterday").unwrap();
        for (run, stop) in [60, 61, 300].into_iter().enumerate() {
            let earlier = if run == 0 { Earlier::Refuse } else { Earlier::Resume };
            let spool = open(&output, format, earlier).unwrap();
            let mut source = Numbered { fail_at: Some(stop), ..Numbered::new(spool.cursor(), 400) };
            let failure = whole_run(spool, &mut source).unwrap_err();
            assert_eq!(failure.exit, Exit::Incomplete);
            assert_eq!(fs::read_to_string(&output).unwrap(), "the file of yesterday", "{format:?}");
            assert_eq!(names(directory.path()), ["t", "t.partial", "t.resume"]);
        }
        let spool = open(&output, format, Earlier::Resume).unwrap();
        let mut source = Numbered::new(spool.cursor(), 400);
        assert_eq!(whole_run(spool, &mut source).unwrap(), 400);
        assert_eq!(ids(&output, format), (1..=400).collect::<Vec<_>>(), "{format:?}");
        assert_eq!(names(directory.path()), ["t"], "{format:?}");
    }
}

#[test]
fn what_was_written_after_the_checkpoint_is_fetched_again() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let mut source = Numbered::new(None, 100);
        let mut spool = open(&output, format, Earlier::Refuse).unwrap();
        spool.push(&source.next_page().unwrap().unwrap()).unwrap();
        spool.save(source.cursor(), false).unwrap();
        spool.push(&source.next_page().unwrap().unwrap()).unwrap();
        // As if killed: no destructor has anything to put right.
        drop(spool);
        let half = fs::OpenOptions::new().append(true).open(directory.path().join("t.partial"));
        std::io::Write::write_all(&mut half.unwrap(), b"half a ti").unwrap();

        let spool = open(&output, format, Earlier::Resume).unwrap();
        let mut source = Numbered::new(spool.cursor(), 100);
        whole_run(spool, &mut source).unwrap();
        assert_eq!(ids(&output, format), (1..=100).collect::<Vec<_>>(), "{format:?}");
    }
}

#[test]
fn an_export_that_only_had_to_be_finished_asks_the_server_nothing() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let mut source = Numbered::new(None, 40);
        let mut spool = open(&output, format, Earlier::Refuse).unwrap();
        while let Some(page) = source.next_page() {
            spool.push(&page.unwrap()).unwrap();
        }
        spool.save(None, true).unwrap();
        drop(spool);

        let spool = open(&output, format, Earlier::Resume).unwrap();
        assert!(spool.is_complete());
        let mut nothing = Numbered { fail_at: Some(0), ..Numbered::new(None, 0) };
        assert_eq!(whole_run(spool, &mut nothing).unwrap(), 40);
        assert_eq!(ids(&output, format), (1..=40).collect::<Vec<_>>(), "{format:?}");
    }
}

#[test]
fn ctrl_c_stops_after_the_page_and_says_how_to_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    let flag = AtomicBool::new(false);
    let mut source = Numbered { interrupt_at: Some((26, &flag)), ..Numbered::new(None, 100) };
    let failure = spool_all(spool, &mut source, &flag, &Progress::hidden()).unwrap_err();
    assert_eq!(
        failure.paragraph(),
        "interrupted; 50 tickets are kept. The same command with --resume goes on from there."
    );
    assert_eq!(failure.exit, Exit::Incomplete);
}

#[test]
fn an_export_that_got_nothing_leaves_nothing_and_keeps_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.csv");
    let spool = open(&output, ExportFormat::Csv, Earlier::Refuse).unwrap();
    let mut source = Numbered { fail_at: Some(0), ..Numbered::new(None, 100) };
    let failure = whole_run(spool, &mut source).unwrap_err();
    assert_eq!(
        (failure.exit, failure.paragraph().as_str()),
        (Exit::Unreached, "the server went away. Is it there?")
    );
    assert!(names(directory.path()).is_empty());
}

#[test]
fn an_interrupted_export_is_neither_overwritten_nor_mixed_with_another() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.csv");
    let spool = open(&output, ExportFormat::Csv, Earlier::Refuse).unwrap();
    let mut source = Numbered { fail_at: Some(30), ..Numbered::new(None, 100) };
    whole_run(spool, &mut source).unwrap_err();

    let said = |earlier, format| open(&output, format, earlier).err().map(|failure| failure.what);
    let refused = said(Earlier::Refuse, ExportFormat::Csv).unwrap();
    assert!(refused.starts_with("an interrupted export of 50 tickets stands beside "), "{refused}");
    let mixed = said(Earlier::Resume, ExportFormat::Json).unwrap();
    assert_eq!(mixed, "the interrupted export is another one: its format is \"csv\", not \"json\"");
    let spool = open(&output, ExportFormat::Json, Earlier::Restart).unwrap();
    assert_eq!((spool.cursor(), spool.tickets()), (None, 0));
}

#[test]
fn two_exports_do_not_write_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.csv");
    let first = open(&output, ExportFormat::Csv, Earlier::Refuse).unwrap();
    let second = open(&output, ExportFormat::Csv, Earlier::Restart).err().unwrap();
    assert!(second.what.starts_with("another export is writing "), "{}", second.what);
    drop(first);
    assert!(open(&output, ExportFormat::Csv, Earlier::Refuse).is_ok());
}

fn args(words: &[&str]) -> ExportArgs {
    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        export: ExportArgs,
    }
    <Only as clap::Parser>::try_parse_from([&["x", "--output"], words].concat()).unwrap().export
}

#[test]
fn a_file_with_holes_is_kept_and_told_to_be_incomplete() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let open = |cursor: Option<&Value>| Ok(Numbered { holes: 2, ..Numbered::new(cursor, 30) });
    let args = args(&[output.to_str().unwrap()]);
    let failure = export(&args, String::new(), open, &AtomicBool::new(false)).unwrap_err();
    assert_eq!(failure.exit, Exit::Incomplete);
    assert!(failure.what.starts_with("2 tickets are missing"), "{}", failure.what);
    assert_eq!(ids(&output, ExportFormat::Ndjson).len(), 30);
    assert_eq!(names(directory.path()), ["t.ndjson"]);
}

#[test]
fn a_scan_that_fails_for_holes_alone_gives_the_file_its_name() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let spool = open(&output, format, Earlier::Refuse).unwrap();
        let mut source = Numbered { holes: 1, incomplete_at: Some(31), ..Numbered::new(None, 30) };
        let failure = whole_run(spool, &mut source).unwrap_err();
        assert_eq!((failure.exit, failure.what.as_str()), (Exit::Incomplete, "one ticket cannot be sent"));
        assert_eq!(ids(&output, format).len(), 30);
        assert_eq!(names(directory.path()), ["t"], "{format:?}");
    }
}

#[test]
fn a_format_that_nothing_tells_is_asked_for() {
    let said = |words: &[&str]| {
        let open = |_: Option<&Value>| -> Outcome<Numbered<'static>> { panic!("the server is not asked") };
        export(&args(words), String::new(), open, &AtomicBool::new(false)).unwrap_err().paragraph()
    };
    assert_eq!(
        said(&["-"]),
        "stdout has no ending that tells a format. Add --format with csv, ndjson, json, parquet or arrow."
    );
    assert!(said(&["t.xlsx"]).starts_with("the ending of t.xlsx tells no format."));
}

#[test]
fn memory_between_pages_is_bounded_by_one_batch() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = open(&directory.path().join("t"), ExportFormat::Parquet, Earlier::Refuse).unwrap();
    let mut source = Numbered::new(None, 50_000);
    let most = Cell::new(0);
    while let Some(page) = source.next_page() {
        spool.push(&page.unwrap()).unwrap();
        most.set(most.get().max(spool.gathered_rows()));
    }
    assert!(most.get() < output::arrow::BATCH, "{}", most.get());
}
