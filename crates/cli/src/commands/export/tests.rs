//! Tests of exports with a source of pages that can fail at any page.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::Path;

use arrow_ipc::reader::FileReader;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::arrow_array::types::Int64Type;
use gettickets_protocol::{Ticket, Tickets, Version};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

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
    fn new(cursor: Option<&RawValue>, end: u64) -> Numbered<'static> {
        let cursor = cursor.map(|cursor| serde_json::from_str::<Value>(cursor.get()).unwrap());
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

    fn cursor(&self) -> Option<Box<RawValue>> {
        to_raw_value(&json!({"next": self.next})).ok()
    }

    fn ended(&mut self) {}

    fn end(&self) -> Outcome {
        match self.holes {
            0 => Ok(()),
            holes => Err(Failure::new(Exit::Incomplete, format!("{holes} tickets are missing"))),
        }
    }

    fn lacks_unreadable_alone(&self) -> bool {
        self.holes > 0
    }
}

fn origin(encoding: Encoding) -> Origin {
    Origin {
        format: encoding.ending(),
        columns: String::new(),
        server: "https://a.example/".into(),
        request: String::new(),
    }
}

fn open(output: &Path, format: ExportFormat, earlier: Earlier) -> Outcome<Spool> {
    open_encoded(output, Encoding { format, compression: None }, earlier)
}

fn open_encoded(output: &Path, encoding: Encoding, earlier: Earlier) -> Outcome<Spool> {
    Spool::open(output, Contents::every_field(encoding), origin(encoding), earlier, Existing::Replace)
}

/// An install without a name or a time zone.
fn install() -> InstallContext {
    InstallContext {
        name: None,
        clock: jiff::civil::DateTime::ZERO.into(),
        zone_is_known: false,
        names: output::names::Names::default(),
    }
}

fn whole_run(spool: Spool, source: &mut dyn Source) -> Outcome<u64> {
    spool_all(spool, source, &AtomicBool::new(false))
}

/// Returns the ids in an exported file, read by code other than the writer's if possible.
fn ids(output: &Path, format: ExportFormat) -> Vec<u64> {
    let of_batches = |batches: &mut dyn Iterator<Item = RecordBatch>| {
        batches
            .flat_map(|batch| batch["id"].as_primitive::<Int64Type>().values().to_vec())
            .map(i64::cast_unsigned)
            .collect()
    };
    let text = || fs::read_to_string(output).unwrap();
    let id = |ticket: &Value| ticket["id"].as_u64().unwrap();
    match format {
        ExportFormat::Csv => {
            let text = text();
            assert!(text.starts_with("id,tid,") && text.matches("id,tid,").count() == 1, "one header");
            // Each subject has a line break in quotes.
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
fn every_format_holds_every_ticket_and_nothing_is_left_beside_it() {
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
fn a_continued_export_neither_loses_nor_repeats_a_ticket() {
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
fn tickets_after_the_checkpoint_are_fetched_again() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let mut source = Numbered::new(None, 100);
        let mut spool = open(&output, format, Earlier::Refuse).unwrap();
        spool.push(&source.next_page().unwrap().unwrap()).unwrap();
        spool.save(source.cursor(), false).unwrap();
        spool.push(&source.next_page().unwrap().unwrap()).unwrap();
        // As if the run were killed, so that no destructor runs.
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
fn finishing_a_complete_export_sends_no_request() {
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
fn ctrl_c_stops_after_the_page_and_prints_how_to_continue() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    let flag = AtomicBool::new(false);
    let mut source = Numbered { interrupt_at: Some((26, &flag)), ..Numbered::new(None, 100) };
    let failure = spool_all(spool, &mut source, &flag).unwrap_err();
    assert_eq!(
        failure.paragraph(),
        "interrupted; 50 tickets are kept. The same command with --resume continues from there."
    );
    assert_eq!(failure.exit, Exit::Incomplete);
}

#[test]
fn an_export_without_tickets_leaves_no_file_and_reports_the_error() {
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
    assert!(refused.starts_with("an interrupted export of 50 tickets is in "), "{refused}");
    let mixed = said(Earlier::Resume, ExportFormat::Json).unwrap();
    assert!(
        mixed.ends_with("t.csv.resume belongs to another export: its format is \"csv\", not \"json\""),
        "{mixed}"
    );
    let spool = open(&output, ExportFormat::Json, Earlier::Restart).unwrap();
    assert!(spool.cursor().is_none() && spool.tickets() == 0);
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

#[test]
fn an_export_never_takes_the_finished_file_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let partial = directory.path().join("t.ndjson.partial");
    for _ in 0..50 {
        // The other run has opened the partial file of this one, and locks it once it has its final name.
        let spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
        let opened = files::open_own(&partial).unwrap().unwrap();
        whole_run(spool, &mut Numbered::new(None, 10)).unwrap();
        opened.try_lock().unwrap();
        assert!(!files::is_still_at(&opened, &partial).unwrap(), "so it is not used");

        let second = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
        assert_eq!(ids(&output, ExportFormat::Ndjson).len(), 10, "the finished file is whole");
        whole_run(second, &mut Numbered::new(None, 20)).unwrap();
        assert_eq!(names(directory.path()), ["t.ndjson"]);
    }
}

#[test]
fn many_exports_of_one_file_at_once_leave_one_complete_file() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let finished: u32 = std::thread::scope(|scope| {
        let run = || {
            let mut finished = 0;
            for _ in 0..20 {
                match open(&output, ExportFormat::Ndjson, Earlier::Refuse) {
                    Ok(spool) => {
                        whole_run(spool, &mut Numbered::new(None, 60)).unwrap();
                        finished += 1;
                    }
                    Err(failure) => {
                        assert!(failure.what.starts_with("another export is writing "), "{}", failure.what);
                        continue;
                    }
                }
                assert_eq!(ids(&output, ExportFormat::Ndjson).len(), 60);
            }
            finished
        };
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert!(finished > 0);
    open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap().discard();
    assert_eq!(names(directory.path()), ["t.ndjson"]);
}

/// An interrupted export of 50 tickets.
fn interrupted(output: &Path) {
    let spool = open(output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    let mut source = Numbered { fail_at: Some(30), ..Numbered::new(None, 100) };
    whole_run(spool, &mut source).unwrap_err();
}

#[test]
fn a_partial_file_that_does_not_match_the_checkpoint_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let (partial, resume) =
        (directory.path().join("t.ndjson.partial"), directory.path().join("t.ndjson.resume"));
    interrupted(&output);
    let (content, checkpoint) = (fs::read(&partial).unwrap(), fs::read_to_string(&resume).unwrap());
    let length = format!("\"bytes\":{}", content.len());
    assert!(checkpoint.contains(&length), "{checkpoint}");
    let other = String::from_utf8(content.clone()).unwrap().replacen("\"id\":1,", "\"id\":2,", 1);
    for (content, checkpoint) in [
        (content[..content.len() / 2].to_vec(), checkpoint.clone()),
        (Vec::new(), checkpoint.clone()),
        (other.into_bytes(), checkpoint.clone()),
        (content.clone(), checkpoint.replace(&length, "\"bytes\":0")),
        (content.clone(), checkpoint.replace(&length, "\"bytes\":10")),
    ] {
        fs::write(&partial, &content).unwrap();
        fs::write(&resume, &checkpoint).unwrap();
        let failure = open(&output, ExportFormat::Ndjson, Earlier::Resume).err().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.what.contains("is not the file that"), "{}", failure.what);
        assert!(failure.hint.unwrap().contains("--restart"));
        assert_eq!(fs::read(&partial).unwrap(), content, "nothing was touched");
    }
    fs::write(&partial, &content).unwrap();
    fs::write(&resume, &checkpoint).unwrap();
    assert_eq!(open(&output, ExportFormat::Ndjson, Earlier::Resume).unwrap().tickets(), 50);
}

#[test]
fn a_stale_or_foreign_file_is_reported_with_the_command_that_removes_it() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let (partial, resume) =
        (directory.path().join("t.ndjson.partial"), directory.path().join("t.ndjson.resume"));
    let said = |earlier| open(&output, ExportFormat::Ndjson, earlier).err().unwrap().paragraph();

    interrupted(&output);
    fs::remove_file(&partial).unwrap();
    for earlier in [Earlier::Refuse, Earlier::Resume] {
        let said = said(earlier);
        assert!(said.contains("t.ndjson.resume is left over from an export whose "), "{said}");
        assert!(said.ends_with("The same command with --restart removes it and begins again."), "{said}");
        assert_eq!(names(directory.path()), ["t.ndjson.resume"]);
    }
    open(&output, ExportFormat::Ndjson, Earlier::Restart).unwrap().discard();
    assert!(names(directory.path()).is_empty());

    fs::write(&resume, "my notes").unwrap();
    for earlier in [Earlier::Refuse, Earlier::Resume, Earlier::Restart] {
        let said = said(earlier);
        assert!(said.contains("t.ndjson.resume is not a checkpoint of an export"), "{said}");
        assert!(said.ends_with(&format!("rm -- '{}'.", resume.display())), "{said}");
    }
    assert_eq!(fs::read_to_string(&resume).unwrap(), "my notes");
    fs::remove_file(&resume).unwrap();

    fs::write(&partial, "a download of someone's").unwrap();
    for earlier in [Earlier::Refuse, Earlier::Resume, Earlier::Restart] {
        let said = said(earlier);
        assert!(said.ends_with(&format!("rm -- '{}'.", partial.display())), "{said}");
    }
    assert_eq!(fs::read_to_string(&partial).unwrap(), "a download of someone's");
}

#[test]
fn an_export_can_begin_after_a_run_killed_before_its_first_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let mut spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    spool.push(&Numbered::new(None, 9).next_page().unwrap().unwrap()).unwrap();
    drop(spool);
    fs::write(directory.path().join("t.ndjson.tmp-Ab3xYz"), "left over").unwrap();
    let spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    assert_eq!(spool.tickets(), 0);
    whole_run(spool, &mut Numbered::new(None, 9)).unwrap();
    assert_eq!(names(directory.path()), ["t.ndjson"]);
}

#[test]
fn an_export_can_begin_after_a_run_killed_after_the_rename() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    let resume = directory.path().join("t.ndjson.resume");
    let mut spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
    spool.push(&Numbered::new(None, 9).next_page().unwrap().unwrap()).unwrap();
    spool.save(None, true).unwrap();
    drop(spool);
    fs::rename(directory.path().join("t.ndjson.partial"), &output).unwrap();
    assert!(resume.exists());
    // The next run may be killed too, before it writes a checkpoint of its own.
    for partial in [false, true] {
        let left = fs::read(&resume).unwrap();
        if partial {
            fs::write(directory.path().join("t.ndjson.partial"), "").unwrap();
        }
        let spool = open(&output, ExportFormat::Ndjson, Earlier::Refuse).unwrap();
        whole_run(spool, &mut Numbered::new(None, 9)).unwrap();
        assert_eq!(names(directory.path()), ["t.ndjson"]);
        fs::write(&resume, left).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn no_symbolic_link_of_a_temporary_name_is_followed() {
    for name in ["t.csv.partial", "t.csv.resume"] {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, directory.path().join(name)).unwrap();
        for earlier in [Earlier::Refuse, Earlier::Resume, Earlier::Restart] {
            let failure =
                open(&directory.path().join("t.csv"), ExportFormat::Csv, earlier).err().unwrap().paragraph();
            assert!(failure.contains(&format!("{name}: it is a symbolic link")), "{failure}");
            assert!(failure.contains("rm -- '"), "{failure}");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
    // This name is renamed over, which leaves what the link leads to.
    let directory = tempfile::tempdir().unwrap();
    let victim = directory.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, directory.path().join("t.incomplete")).unwrap();
    let spool = open(&directory.path().join("t"), ExportFormat::Csv, Earlier::Refuse).unwrap();
    spool.finish_incomplete("one is missing").unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[cfg(unix)]
#[test]
fn every_file_of_an_export_is_private() {
    use std::os::unix::fs::PermissionsExt;
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let modes = || -> Vec<u32> {
            let entries = fs::read_dir(directory.path()).unwrap();
            entries.map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777).collect()
        };
        let spool = open(&output, format, Earlier::Refuse).unwrap();
        let mut source = Numbered { fail_at: Some(30), ..Numbered::new(None, 100) };
        whole_run(spool, &mut source).unwrap_err();
        assert_eq!(modes(), [0o600, 0o600], "{format:?}");
        let spool = open(&output, format, Earlier::Resume).unwrap();
        let mut source = Numbered::new(spool.cursor(), 100);
        whole_run(spool, &mut source).unwrap();
        assert_eq!(modes(), [0o600], "{format:?}");
        fs::set_permissions(&output, fs::Permissions::from_mode(0o644)).unwrap();
        whole_run(open(&output, format, Earlier::Refuse).unwrap(), &mut Numbered::new(None, 5)).unwrap();
        assert_eq!(modes(), [0o644], "{format:?}: the mode of an existing file is kept");
    }
}

#[test]
fn no_clobber_keeps_an_existing_file() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let encoding = Encoding { format, compression: None };
        let open = |earlier| {
            Spool::open(&output, Contents::every_field(encoding), origin(encoding), earlier, Existing::Keep)
        };
        let spool = open(Earlier::Refuse).unwrap();
        fs::write(&output, "made meanwhile").unwrap();
        let failure = whole_run(spool, &mut Numbered::new(None, 5)).unwrap_err().paragraph();
        assert!(failure.contains("created in the meantime") && failure.contains("--resume"), "{failure}");
        assert_eq!(fs::read_to_string(&output).unwrap(), "made meanwhile");
        let failure = open(Earlier::Resume).err().unwrap().paragraph();
        assert!(
            failure.ends_with("exists already. Name another file, or leave out --no-clobber."),
            "{failure}"
        );
        fs::remove_file(&output).unwrap();
        let spool = open(Earlier::Resume).unwrap();
        whole_run(spool, &mut Numbered { fail_at: Some(0), ..Numbered::new(None, 0) }).unwrap();
        assert_eq!(ids(&output, format).len(), 5, "{format:?}");
    }
}

#[test]
fn a_compressed_export_can_be_interrupted_anywhere() {
    use std::io::Read;
    for compression in [Compression::Gzip, Compression::Zstd] {
        for count in [0, 130] {
            let directory = tempfile::tempdir().unwrap();
            let output = directory.path().join("t");
            let encoding = Encoding { format: ExportFormat::Ndjson, compression: Some(compression) };
            for stop in [60, 61] {
                let spool = open_encoded(&output, encoding, Earlier::Resume).unwrap();
                let mut source = Numbered { fail_at: Some(stop), ..Numbered::new(spool.cursor(), count) };
                let _ = whole_run(spool, &mut source);
            }
            let spool = open_encoded(&output, encoding, Earlier::Resume).unwrap();
            let mut source = Numbered::new(spool.cursor(), count);
            whole_run(spool, &mut source).unwrap();
            let file = File::open(&output).unwrap();
            let mut text = String::new();
            match compression {
                Compression::Gzip => {
                    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap()
                }
                Compression::Zstd => {
                    zstd::stream::read::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap()
                }
            };
            let found: Vec<u64> = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap())
                .collect();
            assert_eq!(found, (1..=count).collect::<Vec<_>>(), "{compression:?}");
        }
    }
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
fn a_file_without_some_tickets_is_named_as_incomplete() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("t.ndjson");
    fs::write(&output, "the whole file of yesterday").unwrap();
    let open = |cursor: Option<&RawValue>| Ok(Numbered { holes: 2, ..Numbered::new(cursor, 30) });
    let args = args(&[output.to_str().unwrap()]);
    let failure = export(&args, &install(), String::new(), open, &AtomicBool::new(false)).unwrap_err();
    assert_eq!(failure.exit, Exit::Incomplete);
    assert!(failure.what.starts_with("2 tickets are missing"), "{}", failure.what);
    assert!(failure.what.ends_with(".ndjson.incomplete"), "{}", failure.what);
    assert_eq!(ids(&directory.path().join("t.ndjson.incomplete"), ExportFormat::Ndjson).len(), 30);
    assert_eq!(fs::read_to_string(&output).unwrap(), "the whole file of yesterday");
    assert_eq!(names(directory.path()), ["t.ndjson", "t.ndjson.incomplete"]);

    // A whole export supersedes it.
    let open = |cursor: Option<&RawValue>| Ok(Numbered::new(cursor, 30));
    export(&args, &install(), String::new(), open, &AtomicBool::new(false)).unwrap();
    assert_eq!(names(directory.path()), ["t.ndjson"]);
}

#[test]
fn a_scan_that_fails_only_for_unreadable_tickets_keeps_the_others() {
    for format in FORMATS {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("t");
        let spool = open(&output, format, Earlier::Refuse).unwrap();
        let mut source = Numbered { holes: 1, incomplete_at: Some(31), ..Numbered::new(None, 30) };
        let failure = whole_run(spool, &mut source).unwrap_err();
        assert_eq!(failure.exit, Exit::Incomplete);
        assert!(
            failure.what.starts_with("one ticket cannot be sent; 30 tickets are in "),
            "{}",
            failure.what
        );
        assert_eq!(ids(&directory.path().join("t.incomplete"), format).len(), 30);
        assert_eq!(names(directory.path()), ["t.incomplete"], "{format:?}");
    }
}

#[test]
fn a_missing_format_is_an_error_with_a_hint() {
    let said = |words: &[&str]| {
        let open = |_: Option<&RawValue>| -> Outcome<Numbered<'static>> { panic!("the server is not asked") };
        export(&args(words), &install(), String::new(), open, &AtomicBool::new(false))
            .unwrap_err()
            .paragraph()
    };
    assert_eq!(
        said(&["-"]),
        "standard output needs a format. Add --format with csv, ndjson, json, parquet or arrow."
    );
    assert!(said(&["t.xlsx"]).starts_with("the extension of t.xlsx is not that of a format."));
    assert!(
        said(&["t.parquet.gz"]).starts_with("t.parquet.gz: a parquet file is not compressed as a whole.")
    );
    assert_eq!(
        said(&["-", "--format", "csv", "--resume"]),
        "--resume needs a file, and standard output is not one. Export to a file, or leave out --resume."
    );
}

#[test]
fn unreadable_tickets_are_added_to_any_number_of_delivered_ones() {
    let mut report = gettickets::ScanReport::default();
    report.total = Some(10);
    let lacks = |report: &gettickets::ScanReport, delivered| scan::lacks_unreadable_alone(report, delivered);
    assert!(!lacks(&report, 10), "every ticket is readable");
    report.unreadable = vec![serde_json::from_value(json!({"offset": 4, "after": 7, "nth": 0})).unwrap()];
    assert!(!lacks(&report, 8));
    assert!(lacks(&report, 9));
    assert!(lacks(&report, u64::MAX));
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
    assert!(most.get() < output::batches::BATCH, "{}", most.get());
}
