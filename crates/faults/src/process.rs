//! Runs a program to its end, and measures its memory.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::check;

/// How often the memory of a running program is read.
const PAUSE: Duration = Duration::from_millis(5);

/// A program that was run.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status; `None` if it was killed because it took too long.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
    /// Its peak memory, in MiB.
    pub memory: u64,
}

/// Runs a program, and kills it after this time.
pub fn run(command: &mut Command, limit: Duration) -> Ran {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let read = |mut stream: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = read(Box::new(child.stdout.take().unwrap()));
    let err = read(Box::new(child.stderr.take().unwrap()));
    let (start, mut memory) = (Instant::now(), 0);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        memory = memory.max(check::peak_memory(Some(child.id())).unwrap_or(0));
        thread::sleep(PAUSE);
    };
    Ran { status, out: out.join().unwrap(), err: err.join().unwrap(), memory }
}
