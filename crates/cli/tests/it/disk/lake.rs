//! Disk faults during exports to a lake: after the next run has started, all files of the interrupted run exist or
//! none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::drawn;
use super::power::{self, Disk, Unsynced};
use super::preload::{self, Error, Fault};
use crate::installs::Installs;
use crate::program::{Ran, run, text};

/// The ids in each directory of a lake. Every file that is not hidden must be complete.
type Rows = BTreeMap<PathBuf, Vec<u64>>;

fn rows(lake: &Path) -> Rows {
    let mut rows = Rows::new();
    for file in files(lake) {
        if !is_hidden(&file) {
            let ids = super::export::ids(&file).unwrap_or_else(|| panic!("{} is incomplete", file.display()));
            rows.entry(file.parent().unwrap().to_owned()).or_default().extend(ids);
        }
    }
    rows.values_mut().for_each(|ids| ids.sort_unstable());
    rows
}

fn is_hidden(file: &Path) -> bool {
    file.file_name().unwrap().to_str().unwrap().starts_with('.')
}

fn files(lake: &Path) -> Vec<PathBuf> {
    let (mut files, mut directories) = (Vec::new(), vec![lake.to_owned()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let is_directory = entry.file_type().unwrap().is_dir();
            if is_directory { &mut directories } else { &mut files }.push(entry.path());
        }
    }
    files
}

struct Setup {
    installs: Installs,
    _folder: tempfile::TempDir,
    lake: PathBuf,
}

impl Setup {
    fn new() -> Setup {
        let installs = Installs::start(&[("berlin", 90), ("london", 60)]);
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().canonicalize().unwrap().join("lake");
        fs::create_dir(&lake).unwrap();
        Setup { installs, _folder: folder, lake }
    }

    fn export(&self, options: &[&str]) -> Command {
        let mut command = self.installs.program(&["export", "--all-profiles", "--output", text(&self.lake)]);
        command.args(["--partition-by", "install,opened_year"]).args(options);
        command
    }

    /// Writes a lake, and changes the tickets so that the next one differs. Returns both.
    fn two(&self) -> (Rows, Rows) {
        assert_eq!(run(&mut self.export(&[])).code, 0);
        let old = rows(&self.lake);
        let kept = self.installs.file("kept");
        fs::rename(&self.lake, &kept).unwrap();
        for sandbox in &self.installs.sandboxes {
            let ids = sandbox.store().ids().unwrap();
            for id in ids.iter().step_by(3) {
                sandbox.store().delete(*id).unwrap();
            }
        }
        fs::create_dir(&self.lake).unwrap();
        assert_eq!(run(&mut self.export(&[])).code, 0);
        let new = rows(&self.lake);
        assert!(old != new);
        (old, new)
    }

    /// Restores the first lake.
    fn reset(&self) {
        power::empty(&self.lake);
        copy(Path::new(&self.installs.file("kept")), &self.lake);
    }

    /// Starts a run that finishes or undoes interrupted runs, and then fails because the directory has files.
    fn recover(&self) -> Ran {
        let ran = run(&mut self.export(&[]));
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("--overwrite replaces them"), "{}", ran.err);
        let hidden: Vec<_> = files(&self.lake).into_iter().filter(|file| is_hidden(file)).collect();
        assert!(hidden.is_empty(), "{hidden:?}");
        ran
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_run_that_is_killed_is_finished_or_undone_by_the_next() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    let (old, new) = setup.two();
    setup.reset();
    let calls = preload::calls_of(setup.export(&["--overwrite"]), library, &setup.lake);
    assert_eq!(rows(&setup.lake), new);
    let mut random = fastrand::Rng::with_seed(5);
    let (mut finished, mut undone) = (0, 0);
    for at in drawn(&mut random, calls.len() as u64, 24) {
        setup.reset();
        let ended = preload::run_with(setup.export(&["--overwrite"]), library, &setup.lake, at, Fault::Kills);
        let context = format!("call {at} of {}: {ended:?}", calls.len());
        assert_eq!(ended.code, None, "{context}");
        // Files with a final name must be complete.
        rows(&setup.lake);
        let is_left = files(&setup.lake).iter().any(|file| is_hidden(file));
        // Sometimes the run that recovers is killed as well.
        let again = random.u64(1..30);
        let second = preload::run_with(setup.export(&[]), library, &setup.lake, again, Fault::Kills);
        assert!(matches!(second.code, None | Some(2)), "{context}: {second:?}");
        let ran = setup.recover();
        let found = rows(&setup.lake);
        assert!(found == old || found == new, "{context}: {found:?}");
        finished += usize::from(found == new);
        undone += usize::from(found == old);
        let said = format!("{}{}", second.err, ran.err);
        let is_said = said.contains("was interrupted");
        assert!(is_said || !is_left || second.code.is_none(), "{context}: {said}");
    }
    println!("{finished} finished, {undone} undone");
    assert!(finished > 0 && undone > 0, "{finished} {undone}");
}

#[test]
fn a_failed_call_preserves_the_old_files_or_all_new_ones() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    let (old, new) = setup.two();
    setup.reset();
    let calls = preload::calls_of(setup.export(&["--overwrite"]), library, &setup.lake);
    let mut random = fastrand::Rng::with_seed(6);
    for error in Error::ALL {
        for at in drawn(&mut random, preload::fallible(&calls), 16) {
            setup.reset();
            let command = setup.export(&["--overwrite"]);
            let ended = preload::run_with(command, library, &setup.lake, at, Fault::Fails(error));
            let context = format!("{error:?} at call {at} of {}: {ended:?}", calls.len());
            let expected = match ended.code {
                Some(0) => &new,
                Some(6) if ended.err.contains("the next run into the directory finishes this run") => &new,
                Some(6) => {
                    assert!(error.is_in(&ended.err), "{context}");
                    &old
                }
                _ => panic!("{context}"),
            };
            setup.recover();
            assert_eq!(&rows(&setup.lake), expected, "{context}");
        }
    }
}

#[test]
fn a_power_failure_preserves_the_old_files_or_all_new_ones() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    let (old, new) = setup.two();
    setup.reset();
    let before = Disk::of(&setup.lake);
    let calls = preload::calls_of(setup.export(&["--overwrite"]), library, &setup.lake);
    let states = power::states(before, &calls);
    let mut random = fastrand::Rng::with_seed(7);
    for at in drawn(&mut random, calls.len() as u64, 12) {
        for unsynced in Unsynced::each(at) {
            power::empty(&setup.lake);
            states[at as usize].restore(unsynced);
            let context = format!("after call {at} of {}, {unsynced:?} left", calls.len());
            setup.recover();
            let found = rows(&setup.lake);
            assert!(found == old || found == new, "{context}: {found:?}");
            if at == calls.len() as u64 {
                assert_eq!(found, new, "{context}: the run had reported success");
            }
        }
    }
}

#[test]
fn a_run_in_progress_is_not_treated_as_interrupted() {
    use std::time::Duration;
    let setup = Setup::new();
    // The server of this run does not reply during the test.
    let slow =
        gettickets_sandbox::Sandbox::builder().tickets(9).latency(Duration::from_secs(600)).start().unwrap();
    setup.installs.configure(&format!(
        "[profiles.slow]\nurl = {:?}\nidentifier = {:?}\nsecret-file = \"berlin.secret\"\n",
        slow.url(),
        slow.identifier()
    ));
    let options = ["--output", text(&setup.lake), "--partition-by", "install,opened_year"];
    let mut waiting = setup
        .installs
        .program(&[&["export", "--profile", "slow"], &options[..]].concat())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while files(&setup.lake).is_empty() {
        assert!(waiting.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    let other = |more: &[&str]| {
        run(&mut setup.installs.program(&[&["export", "--profile", "berlin"], &options[..], more].concat()))
    };
    let refused = other(&[]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("another export is writing below"), "{}", refused.err);
    let adding = other(&["--append"]);
    assert_eq!(adding.code, 0, "{}", adding.err);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    let after = other(&["--overwrite"]);
    assert!(after.code == 0 && after.err.contains("was interrupted before it wrote a file"), "{}", after.err);
    assert!(files(&setup.lake).iter().all(|file| !is_hidden(file)));
}
