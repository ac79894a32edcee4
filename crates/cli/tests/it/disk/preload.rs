//! Runs the program with the library `faults.c`, which makes its file operations fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// An error of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// EIO, at one call.
    Broken,
    /// ENOSPC, at this call and all later ones.
    Full,
}

impl Error {
    pub(super) const ALL: [Error; 2] = [Error::Broken, Error::Full];

    /// Whether a message contains the system's or SQLite's text for this error.
    pub(super) fn is_in(self, message: &str) -> bool {
        let texts: &[&str] = match self {
            Error::Broken => &["Input/output error", "disk I/O error"],
            Error::Full => &["No space left on device", "no space left"],
        };
        texts.iter().any(|text| message.contains(text))
    }
}

/// The fault at a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Fails(Error),
    Kills,
}

/// The kinds of calls that can fail: create, write, truncate, sync, rename, make a directory.
pub(super) const KINDS: &str = "cwtsrm";

/// Builds the library. Prints a message and returns `None` if there is no C compiler.
pub(super) fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/disk/faults.c");
        let folder =
            tempfile::Builder::new().prefix("faults-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let library = folder.path().join("faults.so");
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-lpthread")
            .output();
        match built {
            Ok(built) if built.status.success() => {
                // Some test runners use a process for each test, so all of them share the name.
                let name = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
                fs::rename(library, &name).unwrap();
                Some(name)
            }
            Ok(built) => panic!("faults.c: {}", String::from_utf8_lossy(&built.stderr)),
            Err(_) => None,
        }
    });
    if library.is_none() {
        eprintln!("skipped: there is no C compiler for the library that makes file operations fail");
    }
    library.as_deref()
}

/// The result of a run with a fault.
#[derive(Debug)]
pub(super) struct Ended {
    /// The exit code; `None` if the process was killed.
    pub(super) code: Option<i32>,
    pub(super) err: String,
}

fn run(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
    Ended { code: output.status.code(), err: String::from_utf8(output.stderr).unwrap() }
}

/// Runs a command with a fault at call number `at`, counted from 1, on the files below the directory `under`.
pub(super) fn run_with(mut command: Command, library: &Path, under: &Path, at: u64, fault: Fault) -> Ended {
    command.env("LD_PRELOAD", library).env("FAULTS_UNDER", under).env("FAULTS_AT", at.to_string());
    match fault {
        Fault::Kills => command.env("FAULTS_ACTION", "kill"),
        Fault::Fails(error) => command.env("FAULTS_KINDS", KINDS).envs(match error {
            Error::Broken => [("FAULTS_ACTION", "once"), ("FAULTS_ERRNO", "5")],
            Error::Full => [("FAULTS_ACTION", "on"), ("FAULTS_ERRNO", "28")],
        }),
    };
    run(&mut command)
}

/// Runs a command, which must succeed, and returns its calls on the files below the directory `under`.
pub(super) fn calls_of(mut command: Command, library: &Path, under: &Path) -> Vec<Call> {
    let log = tempfile::NamedTempFile::new().unwrap();
    command.env("LD_PRELOAD", library).env("FAULTS_UNDER", under).env("FAULTS_LOG", log.path());
    let ended = run(&mut command);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    parse(&fs::read(log.path()).unwrap())
}

/// A call that succeeded.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) kind: u8,
    pub(super) inode: u64,
    pub(super) offset: u64,
    pub(super) data: Vec<u8>,
    pub(super) path: PathBuf,
    pub(super) second: PathBuf,
}

/// The number of these calls that can fail.
pub(super) fn fallible(calls: &[Call]) -> u64 {
    calls.iter().filter(|call| KINDS.as_bytes().contains(&call.kind)).count() as u64
}

fn parse(mut log: &[u8]) -> Vec<Call> {
    let mut calls = Vec::new();
    while !log.is_empty() {
        let end = log.iter().position(|byte| *byte == b'\n').unwrap();
        let fields: Vec<&str> = std::str::from_utf8(&log[..end]).unwrap().split('\t').collect();
        log = &log[end + 1..];
        let kind = fields[0].as_bytes()[0];
        let length: usize = fields[3].parse().unwrap();
        let (data, rest) = log.split_at(if kind == b'w' { length } else { 0 });
        log = rest;
        calls.push(Call {
            kind,
            inode: fields[1].parse().unwrap(),
            offset: fields[2].parse().unwrap(),
            data: data.to_vec(),
            path: fields[4].into(),
            second: fields[5].into(),
        });
    }
    calls
}
