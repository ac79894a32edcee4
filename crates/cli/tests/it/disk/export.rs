//! Disk faults during exports of one install and of several.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use gettickets_sandbox::Sandbox;
use serde_json::Value;

use super::power::{self, Disk, Unsynced};
use super::preload::{self, Ended, Error, Fault};
use super::{drawn, moments};
use crate::installs::Installs;
use crate::program::{asking, run, text};

const TICKETS: u64 = 300;
const NAMES: [&str; 7] = ["t.csv", "t.ndjson", "t.json", "t.parquet", "t.arrow", "t.csv.gz", "t.ndjson.zst"];

fn sandbox() -> Sandbox {
    Sandbox::builder().tickets(TICKETS).start().unwrap()
}

/// A temporary directory with its canonical path, which the preloaded library needs for its comparison.
fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

fn export(sandbox: &Sandbox, file: &Path, options: &[&str]) -> Command {
    let mut command = asking(sandbox);
    command.args(["export", "--limitnum", "25", "--jobs", "1", "--output", text(file)]).args(options);
    command
}

/// Returns the ids in a file, sorted, or `None` if the file is incomplete.
pub(super) fn ids(file: &Path) -> Option<Vec<u64>> {
    use gettickets_arrow::arrow_array::cast::AsArray;
    use gettickets_arrow::arrow_array::types::Int64Type;
    let open = || fs::File::open(file).unwrap();
    let name = file.to_str().unwrap();
    let batches: Vec<_> = if name.ends_with(".parquet") {
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(open()).ok()?;
        reader.build().ok()?.collect::<Result<_, _>>().ok()?
    } else if name.ends_with(".arrow") {
        let reader = arrow_ipc::reader::FileReader::try_new(open(), None).ok()?;
        reader.collect::<Result<_, _>>().ok()?
    } else {
        Vec::new()
    };
    let mut ids: Vec<u64> = batches
        .iter()
        .flat_map(|batch| {
            batch["id"].as_primitive::<Int64Type>().values().iter().map(|id| id.cast_unsigned())
        })
        .collect();
    if batches.is_empty() {
        let mut content = String::new();
        let read = match name.rsplit_once('.').unwrap().1 {
            "gz" => flate2::read::MultiGzDecoder::new(open()).read_to_string(&mut content),
            "zst" => zstd::stream::read::Decoder::new(open()).unwrap().read_to_string(&mut content),
            _ => open().read_to_string(&mut content),
        };
        read.ok()?;
        if !content.ends_with('\n') {
            return None;
        }
        if name.contains(".csv") {
            ids = content
                .lines()
                .skip(1)
                .map(|line| line.split(',').next()?.parse().ok())
                .collect::<Option<_>>()?;
        } else if name.contains(".ndjson") {
            let id = |line: &str| serde_json::from_str::<Value>(line).ok()?["id"].as_u64();
            ids = content.lines().map(id).collect::<Option<_>>()?;
        } else {
            let document: Value = serde_json::from_str(&content).ok()?;
            ids = document["tickets"]
                .as_array()?
                .iter()
                .map(|one| one["id"].as_u64())
                .collect::<Option<_>>()?;
        }
    }
    ids.sort_unstable();
    Some(ids)
}

fn is_whole(file: &Path) -> bool {
    ids(file).is_some_and(|ids| ids.into_iter().eq(1..=TICKETS))
}

const OLD: &str = "an earlier export\n";

/// Checks that the file is unchanged or complete, that a run with `--resume` completes it, and that no other file
/// remains.
fn check(sandbox: &Sandbox, file: &Path, context: &str) {
    if file.exists() {
        let is_old = fs::read(file).is_ok_and(|content| content == OLD.as_bytes());
        assert!(is_old || is_whole(file), "{context}: an incomplete file has the final name");
    }
    let ran = run(&mut export(sandbox, file, &["--resume"]));
    assert_eq!(ran.code, 0, "{context}: {}", ran.err);
    assert!(is_whole(file), "{context}: {:?}", ids(file));
    let names: Vec<_> =
        fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [file.file_name().unwrap()], "{context}: other files remain");
}

#[test]
fn a_failed_call_preserves_the_last_good_state_and_the_error_says_what_is_kept() {
    let Some(library) = preload::library() else { return };
    let sandbox = sandbox();
    let mut random = fastrand::Rng::with_seed(1);
    let mut failed = 0;
    for name in NAMES {
        let (_folder, folder) = folder();
        let file = folder.join(name);
        let calls = preload::calls_of(export(&sandbox, &file, &[]), library, &folder);
        for error in Error::ALL {
            for at in drawn(&mut random, preload::fallible(&calls), 7) {
                power::empty(&folder);
                fs::write(&file, OLD).unwrap();
                let Ended { code, err } = preload::run_with(
                    export(&sandbox, &file, &[]),
                    library,
                    &folder,
                    at,
                    Fault::Fails(error),
                );
                let context = format!("{name}, {error:?} at call {at}: {code:?} {err}");
                match code {
                    // The result of this call does not matter.
                    Some(0) => assert!(is_whole(&file), "{context}"),
                    Some(6) => {
                        assert!(error.is_in(&err), "{context}");
                        let says = ["No ticket was saved", "--resume", "kept", "finishes"];
                        assert!(says.iter().any(|text| err.contains(text)), "{context}");
                        failed += 1;
                    }
                    _ => panic!("{context}"),
                }
                check(&sandbox, &file, &context);
            }
        }
    }
    assert!(failed > 50, "{failed}");
}

#[test]
fn a_run_that_is_killed_twice_is_continued() {
    let Some(library) = preload::library() else { return };
    let sandbox = sandbox();
    let mut random = fastrand::Rng::with_seed(2);
    let mut kills = 0;
    for turn in 0..moments(24) {
        let name = NAMES[turn % NAMES.len()];
        let (_folder, folder) = folder();
        let file = folder.join(name);
        let is_replacing = random.bool();
        if is_replacing {
            fs::write(&file, OLD).unwrap();
        }
        // Half of the runs continue an export that stopped after some pages.
        if random.bool() {
            let ran = run(&mut export(&sandbox, &file, &["--max-requests", "5"]));
            assert_eq!(ran.code, 5, "{}", ran.err);
        }
        for round in 0..2 {
            let at = random.u64(1..40);
            let command = export(&sandbox, &file, &["--resume"]);
            let ended = preload::run_with(command, library, &folder, at, Fault::Kills);
            let context = format!("turn {turn}, {name}, round {round}, call {at}: {ended:?}");
            kills += usize::from(ended.code.is_none());
            assert!(matches!(ended.code, None | Some(0)), "{context}");
            match fs::read(&file) {
                Ok(content) if is_replacing && content == OLD.as_bytes() => {
                    assert!(ended.code.is_none(), "{context}")
                }
                Ok(_) => assert!(is_whole(&file), "{context}"),
                Err(_) => assert!(!is_replacing && ended.code.is_none(), "{context}"),
            }
        }
        check(&sandbox, &file, &format!("turn {turn}, {name}"));
    }
    println!("{kills} kills");
    assert!(kills > moments(24) / 2, "{kills}");
}

#[test]
fn a_power_failure_preserves_the_last_good_state_or_the_complete_file() {
    let Some(library) = preload::library() else { return };
    let sandbox = sandbox();
    let mut random = fastrand::Rng::with_seed(3);
    for name in ["t.ndjson", "t.parquet", "t.csv.gz"] {
        let (_folder, folder) = folder();
        let file = folder.join(name);
        // The run continues an interrupted one, so that a checkpoint exists from the beginning.
        fs::write(&file, OLD).unwrap();
        let ran = run(&mut export(&sandbox, &file, &["--max-requests", "5"]));
        assert_eq!(ran.code, 5, "{}", ran.err);
        let before = Disk::of(&folder);
        let calls = preload::calls_of(export(&sandbox, &file, &["--resume"]), library, &folder);
        let states = power::states(before, &calls);
        for at in drawn(&mut random, calls.len() as u64, 8) {
            for unsynced in Unsynced::each(at) {
                power::empty(&folder);
                states[at as usize].restore(unsynced);
                let context = format!("{name}, after call {at} of {}, {unsynced:?} left", calls.len());
                if at == calls.len() as u64 {
                    assert!(is_whole(&file), "{context}: the run had reported success");
                }
                check(&sandbox, &file, &context);
            }
        }
    }
}

#[test]
fn a_file_of_several_installs_is_complete_or_not_replaced() {
    let Some(library) = preload::library() else { return };
    let installs = Installs::start(&[("berlin", 130), ("london", 90)]);
    let mut random = fastrand::Rng::with_seed(4);
    let (_folder, folder) = folder();
    for name in ["t.ndjson", "t.parquet"] {
        let file = folder.join(name);
        let export = || installs.program(&["export", "--all-profiles", "--output", text(&file)]);
        let calls = preload::calls_of(export(), library, &folder);
        let whole = ids(&file).unwrap();
        assert_eq!(whole.len(), 220);
        let faults = [Fault::Kills, Fault::Fails(Error::Broken), Fault::Fails(Error::Full)];
        for fault in faults {
            for at in drawn(&mut random, preload::fallible(&calls), 5) {
                power::empty(&folder);
                fs::write(&file, OLD).unwrap();
                let ended = preload::run_with(export(), library, &folder, at, fault);
                let context = format!("{name}, {fault:?} at call {at}: {ended:?}");
                assert!(matches!(ended.code, None | Some(0 | 6)), "{context}");
                let is_old = fs::read(&file).is_ok_and(|content| content == OLD.as_bytes());
                assert!(is_old || ids(&file).as_ref() == Some(&whole), "{context}");
                assert!(!is_old || ended.code != Some(0), "{context}");
                assert_eq!(run(&mut export()).code, 0);
                assert_eq!(ids(&file).as_ref(), Some(&whole), "{context}");
                assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "{context}: other files remain");
            }
        }
    }
}
