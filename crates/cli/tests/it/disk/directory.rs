//! Directories that cannot be written, that are full, or that are removed during a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use gettickets_sandbox::Sandbox;

use crate::installs::Installs;
use crate::program::{asking, run, text};

/// A file system of its own, which only root can mount.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(options: &str) -> Option<Mounted> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "gettickets-test"])
            .arg(folder.path())
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Mounted(folder));
        }
        eprintln!("skipped: a file system can be mounted by root only");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// The commands that write into a directory, each with the name of its output.
fn commands(sandbox: &Sandbox, directory: &Path) -> Vec<(&'static str, Command)> {
    let mut commands = Vec::new();
    for name in ["t.csv", "t.ndjson", "t.json", "t.parquet", "t.arrow", "t.csv.gz", "lake", "tickets.db"] {
        let path = directory.join(name);
        let mut command = asking(sandbox);
        match name {
            "tickets.db" => command.args(["mirror", text(&path)]),
            "lake" => command.args(["export", "--output", text(&path), "--partition-by", "opened_year"]),
            _ => command.args(["export", "--output", text(&path)]),
        };
        commands.push((name, command));
    }
    commands
}

fn names(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_directory_that_cannot_be_written_is_reported_by_name() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let Some(mounted) = Mounted::new("ro") else { return };
    for (name, mut command) in commands(&sandbox, mounted.path()) {
        let ran = run(&mut command);
        assert_eq!(ran.code, 2, "{name}: {}", ran.err);
        assert!(ran.err.contains(text(&mounted.path().join(name))), "{name}: {}", ran.err);
        assert!(ran.err.contains("Read-only file system"), "{name}: {}", ran.err);
        assert!(names(mounted.path()).is_empty());
    }
    assert_eq!(sandbox.request_count(), 0, "nothing is requested if it cannot be written");
}

#[test]
fn a_database_that_becomes_read_only_is_reported_and_not_changed() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let Some(mounted) = Mounted::new("size=8m") else { return };
    let file = mounted.path().join("tickets.db");
    let mirror = || run(asking(&sandbox).args(["mirror", text(&file)]));
    assert_eq!(mirror().code, 0);
    let before = fs::read(&file).unwrap();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(mounted.path()).status().unwrap();
    assert!(remounted.success());
    let requests = sandbox.request_count();
    let ran = mirror();
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("tickets.db") && ran.err.contains("Check that this user may write"),
        "{}",
        ran.err
    );
    assert_eq!((fs::read(&file).unwrap(), sandbox.request_count()), (before, requests));
}

#[test]
fn a_full_disk_is_reported_and_existing_files_are_kept() {
    let large = Sandbox::builder().tickets(6_000).start().unwrap();
    let small = Sandbox::builder().tickets(20).seed(2).start().unwrap();
    let Some(mounted) = Mounted::new("size=400k") else { return };
    for (index, (name, mut command)) in commands(&large, mounted.path()).into_iter().enumerate() {
        // The compressed tickets fit on the disk.
        if name == "t.csv.gz" {
            continue;
        }
        let path = mounted.path().join(name);
        let old = run(&mut commands(&small, mounted.path()).remove(index).1);
        assert_eq!(old.code, 0, "{name}: {}", old.err);
        match name {
            "lake" => {
                command.arg("--overwrite");
            }
            // The second install needs a different name in the database.
            "tickets.db" => {
                command.args(["--name", "large"]);
            }
            _ => {}
        }
        let before = tree(&path);
        let ran = run(&mut command);
        assert_eq!(ran.code, 6, "{name}: {}", ran.err);
        let says = ["No space left on device", "no space left for the database"];
        assert!(says.iter().any(|text| ran.err.contains(text)), "{name}: {}", ran.err);
        assert!(ran.err.contains("\nhint: "), "{name}: {}", ran.err);
        if name == "tickets.db" {
            let database = rusqlite::Connection::open(&path).unwrap();
            let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!((count("SELECT count(*) FROM tickets"), count("SELECT count(*) FROM runs")), (20, 1));
        } else {
            assert_eq!(tree(&path), before, "{name}");
        }
        super::power::empty(mounted.path());
    }
}

/// The files at or below a path, with their contents.
fn tree(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if path.is_file() {
        return vec![(path.to_owned(), fs::read(path).unwrap())];
    }
    let mut found: Vec<_> = names(path).iter().flat_map(|path| tree(path)).collect();
    found.sort();
    found
}

#[test]
fn a_limit_on_the_size_of_files_is_reported_by_the_mirror_and_the_lake() {
    let installs = Installs::start(&[("berlin", 4_000)]);
    for (name, arguments) in
        [("tickets.db", &["mirror"][..]), ("lake", &["export", "--partition-by", "opened_year", "--output"])]
    {
        let path = installs.file(name);
        let program = installs.program(&[arguments, &[&path, "--profile", "berlin"]].concat());
        // The unit is 512 or 1024 bytes, depending on the shell.
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -f 100 && exec \"$0\" \"$@\""]).arg(program.get_program());
        limited.args(program.get_args()).env_clear();
        for (variable, value) in program.get_envs() {
            limited.env(variable, value.unwrap());
        }
        let ran = run(&mut limited);
        assert_eq!(ran.code, 6, "{name}: {}", ran.err);
        assert!(ran.err.contains("\nhint: ") && ran.err.contains(name), "{name}: {}", ran.err);
        let again = run(&mut installs.program(&[arguments, &[&path, "--profile", "berlin"]].concat()));
        assert_eq!(again.code, 0, "{name}: {}", again.err);
    }
}

#[test]
fn a_directory_that_is_removed_during_a_run_is_reported() {
    for index in 0..8 {
        let sandbox = Sandbox::builder().tickets(1_500).latency(Duration::from_millis(60)).start().unwrap();
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("directory");
        fs::create_dir(&directory).unwrap();
        let (name, mut command) = commands(&sandbox, &directory).remove(index);
        if name == "tickets.db" {
            // Creates the database that the run updates.
            let small = Sandbox::builder().tickets(5).seed(2).start().unwrap();
            let ran = run(asking(&small).args(["mirror", text(&directory.join(name)), "--name", "other"]));
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
        let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        while sandbox.request_count() < 3 {
            thread::sleep(Duration::from_millis(2));
        }
        fs::remove_dir_all(&directory).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(6), "{name}: {err}");
        assert!(
            err.contains("error: ") && err.contains("\nhint: ") && err.contains("directory"),
            "{name}: {err}"
        );
        assert!(!directory.join(name).exists() || name == "lake", "{name}");
    }
}
