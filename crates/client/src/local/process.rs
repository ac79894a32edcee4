//! PHP as a process: fed, drained and ended in time.
//!
//! Standard input, output and error each have a thread, so that none can block another. What PHP starts is
//! in a process group of its own, so that a time limit ends all of it.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{LocalError, LocalErrorKind};

/// How much may be printed around a reply.
const NOISE: usize = 1 << 20;
/// How much of standard error is kept: its end, where PHP says what was fatal.
const KEPT_STDERR: usize = 8 << 10;
/// How long output may still come after PHP has ended; what it left running may hold the pipe for ever.
const GRACE: Duration = Duration::from_millis(500);

/// By how many seconds of processor time PHP may outlive the time limit where nobody is left to end it.
const ORPHAN: u64 = 5;

pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) max_reply: usize,
}

/// What is left of a process that has ended.
pub(super) struct Ended {
    pub(super) status: Option<ExitStatus>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
    pub(super) overflowed: bool,
}

enum Event {
    Exited(Option<ExitStatus>),
    OutputEnded { overflowed: bool },
}

pub(super) fn run(php: &OsStr, code: &str, input: String, limits: Limits) -> Result<Ended, LocalError> {
    let deadline = Instant::now() + limits.timeout;
    let mut child = spawn(php, code, limits.timeout)?;
    let group = Group::of(&child);
    let stdout = Arc::new(Mutex::new(Vec::new()));
    let stderr = Arc::new(Mutex::new(Vec::new()));
    let (events, inbox) = channel();

    if let Some(mut pipe) = child.stdin.take() {
        thread::spawn(move || {
            without_sigpipe();
            // A PHP that ends without reading says so in other ways.
            let _ = pipe.write_all(input.as_bytes());
        });
    }
    if let Some(pipe) = child.stdout.take() {
        let (kept, events) = (Arc::clone(&stdout), events.clone());
        let cap = limits.max_reply.saturating_add(NOISE);
        thread::spawn(move || drain_all(pipe, &kept, cap, &events));
    }
    let stderr_ended = child.stderr.take().map(|pipe| {
        let kept = Arc::clone(&stderr);
        thread::spawn(move || drain_tail(pipe, &kept))
    });
    thread::spawn(move || events.send(Event::Exited(child.wait().ok())));

    let outcome = wait(&inbox, deadline);
    if !matches!(outcome, Outcome::Ended { .. }) {
        group.kill();
    }
    let (status, overflowed) = match outcome {
        Outcome::Ended { status } => (status, false),
        Outcome::Overflowed => (None, true),
        Outcome::TimedOut => {
            let error = LocalError::new(LocalErrorKind::TimedOut { limit: limits.timeout });
            return Err(error.with_stderr(&text(&stderr)));
        }
    };
    // Standard error ends with the process unless something it left behind holds on to it.
    let grace = Instant::now() + GRACE;
    while stderr_ended.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < grace {
        thread::sleep(Duration::from_millis(1));
    }
    let taken = std::mem::take(&mut *stdout.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Ended { status, stdout: taken, stderr: text(&stderr), overflowed })
}

/// Blocks the signal that comes to a thread which writes to a pipe that nobody reads any more. Rust programs
/// ignore it; a program in another language that this is part of is ended by it. What is blocked goes with
/// the thread, and the write gives an error instead.
fn without_sigpipe() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        // It fails only for a set that is none.
        let _ = SigSet::from(Signal::SIGPIPE).thread_block();
    }
}

fn spawn(php: &OsStr, code: &str, timeout: Duration) -> Result<Child, LocalError> {
    let mut command = Command::new(php);
    // The install's own php.ini counts, as it loads the extensions that the install needs.
    for setting in ["display_errors=stderr", "html_errors=0", "log_errors=0", "serialize_precision=-1"] {
        command.arg("-d").arg(setting);
    }
    // Our own limit ends PHP with all that it started. This one is for the case that we are ended ourselves:
    // nobody would stop a PHP that runs in circles then.
    command.arg("-d").arg(format!("max_execution_time={}", timeout.as_secs().saturating_add(ORPHAN)));
    command.arg("-r").arg(code);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(|error| {
        let kind = match error.kind() {
            ErrorKind::NotFound => LocalErrorKind::NoPhp { program: php.to_string_lossy().into_owned() },
            _ => LocalErrorKind::PhpNotRun { program: php.to_string_lossy().into_owned() },
        };
        LocalError::new(kind).with_message(error.to_string())
    })
}

enum Outcome {
    Ended { status: Option<ExitStatus> },
    Overflowed,
    TimedOut,
}

/// Waits for the process to end and its output to be read, the latter for a little longer.
fn wait(inbox: &Receiver<Event>, deadline: Instant) -> Outcome {
    let mut exited = None;
    let mut output_ended = false;
    let mut until = deadline;
    loop {
        match (exited, output_ended) {
            (Some(status), true) => return Outcome::Ended { status },
            (Some(_), false) => until = until.min(Instant::now() + GRACE),
            _ => {}
        }
        match (inbox.recv_timeout(until.saturating_duration_since(Instant::now())), exited) {
            (Ok(Event::Exited(status)), _) => exited = Some(status),
            (Ok(Event::OutputEnded { overflowed: true }), _) => return Outcome::Overflowed,
            (Ok(Event::OutputEnded { overflowed: false }), _) => output_ended = true,
            // Something that PHP started still holds its output; all that PHP wrote has been read.
            (Err(_), Some(status)) => return Outcome::Ended { status },
            (Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected), None) => {
                return Outcome::TimedOut;
            }
        }
    }
}

/// Keeps everything up to a cap.
fn drain_all(mut pipe: impl Read, kept: &Mutex<Vec<u8>>, cap: usize, events: &Sender<Event>) {
    let mut buffer = vec![0; 64 << 10];
    let mut overflowed = false;
    loop {
        let read = match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len().saturating_add(read) > cap {
            overflowed = true;
            break;
        }
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
    // Nobody listens any more once the time is up.
    let _ = events.send(Event::OutputEnded { overflowed });
}

/// Keeps the end.
fn drain_tail(mut pipe: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 8 << 10];
    while let Ok(read @ 1..) = pipe.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let surplus = kept.len().saturating_sub(KEPT_STDERR);
        kept.drain(..surplus);
    }
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).trim().to_owned()
}

/// The process and all that it started.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    fn of(child: &Child) -> Group {
        #[cfg(unix)]
        return Group { leader: i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) };
        #[cfg(not(unix))]
        {
            let _ = child;
            Group {}
        }
    }

    /// Where there are no process groups, PHP is left to end by itself.
    fn kill(&self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // It may have ended in the meantime, which is what was wanted.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}
