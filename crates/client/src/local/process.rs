//! PHP as a process: one thread reads and writes its pipes, and ends it at the time limit.
//!
//! The thread polls the pipes without blocking, so a child that keeps a pipe open delays nothing: after PHP has ended,
//! the rest of the pipes is read, and they are closed.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::{Ended, Outcome};
use crate::cancellation::Cancellation;
use crate::error::{LocalError, LocalErrorKind};
use crate::transport::is_local_resources;

/// The most output around a reply, in bytes.
const MAX_NOISE: usize = 1 << 20;
/// How much of the end of standard error is kept, where PHP reports fatal errors.
const MAX_STDERR: usize = 8 << 10;
/// How long one poll waits. Between two polls the end of PHP, the time limit and the cancellation are checked.
const SLICE: Duration = Duration::from_millis(20);
/// How long to wait for a killed process to end. A process may be stuck in the kernel.
const MAX_REAP: Duration = Duration::from_secs(2);
/// How many seconds of processor time PHP may exceed the time limit by if this process is killed.
const ORPHAN_SECONDS: u64 = 5;
/// The variable that marks the processes of one call.
#[cfg(target_os = "linux")]
const MARKER: &str = "GETTICKETS_LOCAL_CALL";
/// Variables with this prefix are not inherited: they may contain credentials.
const OWN_PREFIX: &str = "GETTICKETS_";

pub(super) struct Program<'a> {
    pub(super) php: &'a OsStr,
    pub(super) hidden_variables: &'a [OsString],
    pub(super) code: &'a str,
    /// Marks the processes of this call in their environment.
    pub(super) marker: &'a str,
}

pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) max_reply: usize,
}

/// Runs PHP with this text as its standard input.
pub(super) fn run(
    program: &Program<'_>,
    input: String,
    limits: &Limits,
    cancellation: &Cancellation,
) -> Result<Outcome, LocalError> {
    let deadline = Instant::now().checked_add(limits.timeout);
    let mut child = spawn(program, limits.timeout)?;
    let group = Group::of(&child, program.marker);
    let outcome = thread::scope(|scope| {
        let work = || {
            without_sigpipe();
            serve(&mut child, input, limits, deadline, cancellation)
        };
        // A thread of its own, so that its signal mask ends with it.
        let thread = thread::Builder::new().name("gettickets-php".to_owned()).spawn_scoped(scope, work);
        thread.map(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread of PHP panicked")))
        })
    });
    let outcome = outcome.and_then(|outcome| outcome);
    if !matches!(outcome, Ok(Outcome::Ended(Ended { overflowed: false, .. }))) {
        group.kill();
        reap(&mut child, MAX_REAP);
    }
    outcome.map_err(|error| failed(&error, LocalErrorKind::Died))
}

fn failed(error: &io::Error, kind: LocalErrorKind) -> LocalError {
    let kind = if is_local_resources(error) { LocalErrorKind::LocalResources } else { kind };
    LocalError::new(kind).with_message(error.to_string())
}

/// Blocks SIGPIPE on this thread, which a write to a closed pipe causes. Rust programs ignore it, but it ends programs
/// in other languages.
fn without_sigpipe() {
    use nix::sys::signal::{SigSet, Signal};
    // It fails only for an invalid set.
    let _ = SigSet::from(Signal::SIGPIPE).thread_block();
}

fn spawn(program: &Program<'_>, timeout: Duration) -> Result<Child, LocalError> {
    let mut command = Command::new(program.php);
    // php.ini is used, as it loads the extensions that the install needs.
    for setting in ["display_errors=stderr", "html_errors=0", "log_errors=0", "serialize_precision=-1"] {
        command.arg("-d").arg(setting);
    }
    // This process ends PHP and its children at the time limit. PHP's own limit applies if this process is killed.
    let seconds = timeout.as_secs().saturating_add(ORPHAN_SECONDS).min(i32::MAX as u64);
    command.arg("-d").arg(format!("max_execution_time={seconds}"));
    command.arg("-r").arg(program.code);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().starts_with(OWN_PREFIX) {
            command.env_remove(name);
        }
    }
    for name in program.hidden_variables {
        command.env_remove(name);
    }
    #[cfg(target_os = "linux")]
    command.env(MARKER, program.marker);
    command.process_group(0);
    command.spawn().map_err(|error| {
        let program = program.php.to_string_lossy().into_owned();
        failed(
            &error,
            match error.kind() {
                ErrorKind::NotFound => LocalErrorKind::NoPhp { program },
                _ => LocalErrorKind::PhpNotRun { program },
            },
        )
    })
}

/// Writes to and reads from PHP until it has ended, or has to be killed.
fn serve(
    child: &mut Child,
    input: String,
    limits: &Limits,
    deadline: Option<Instant>,
    cancellation: &Cancellation,
) -> io::Result<Outcome> {
    let mut stdin = Input { pipe: child.stdin.take(), rest: input.into_bytes(), written: 0 };
    let mut stdout = Output { pipe: child.stdout.take(), kept: Vec::new() };
    let mut stderr = Output { pipe: child.stderr.take(), kept: Vec::new() };
    let max_stdout = limits.max_reply.saturating_add(MAX_NOISE);
    [
        stdin.pipe.as_ref().map(AsFd::as_fd),
        stdout.pipe.as_ref().map(AsFd::as_fd),
        stderr.pipe.as_ref().map(AsFd::as_fd),
    ]
    .into_iter()
    .flatten()
    .try_for_each(set_nonblocking)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let ended = |status: Option<ExitStatus>, stdout: Output<_>, stderr: &[u8], overflowed| {
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        Outcome::Ended(Ended { status, stdout: stdout.kept, stderr: text(stderr), overflowed })
    };
    loop {
        // Checked before the pipes are read: after PHP has ended, they contain all of its output.
        let status = child.try_wait()?;
        stdin.write();
        let is_full = stdout.read(max_stdout);
        stderr.read_tail(MAX_STDERR);
        if is_full {
            return Ok(ended(None, stdout, &stderr.kept, true));
        }
        if status.is_some() {
            return Ok(ended(status, stdout, &stderr.kept, false));
        }
        if cancellation.is_cancelled() {
            return Ok(Outcome::Cancelled);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(Outcome::TimedOut { stderr: text(&stderr.kept) });
        }
        wait_for_any(&stdin, &stdout, &stderr, left.unwrap_or(SLICE).min(SLICE));
    }
}

/// Waits until a pipe can be read or written, at most this long.
fn wait_for_any<I: AsFd, O: AsFd, E: AsFd>(
    stdin: &Input<I>,
    stdout: &Output<O>,
    stderr: &Output<E>,
    time: Duration,
) {
    let mut pipes = Vec::with_capacity(3);
    if let Some(pipe) = &stdin.pipe {
        pipes.push(PollFd::new(pipe, PollFlags::OUT));
    }
    if let Some(pipe) = &stdout.pipe {
        pipes.push(PollFd::new(pipe, PollFlags::IN));
    }
    if let Some(pipe) = &stderr.pipe {
        pipes.push(PollFd::new(pipe, PollFlags::IN));
    }
    // PHP closed its output, so it is about to end.
    let time = if stdout.pipe.is_none() { time.min(Duration::from_millis(1)) } else { time };
    let timeout = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    // Even if it was interrupted, everything is checked again.
    let _ = poll(&mut pipes, Some(&timeout));
}

fn set_nonblocking(pipe: BorrowedFd<'_>) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    Ok(rustix::fs::fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?)
}

/// Standard input of PHP; closed after everything was written.
struct Input<P> {
    pipe: Option<P>,
    rest: Vec<u8>,
    written: usize,
}

impl<P: Write> Input<P> {
    fn write(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            let rest = self.rest.get(self.written..).unwrap_or_default();
            match pipe.write(rest) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(written @ 1..) if written < rest.len() => self.written += written,
                // Everything was written, or PHP closed it, which is detected elsewhere.
                _ => self.pipe = None,
            }
        }
    }
}

/// Standard output or error of PHP.
struct Output<P> {
    pipe: Option<P>,
    kept: Vec<u8>,
}

impl<P: Read> Output<P> {
    /// Reads the available bytes. Returns whether there are more than the limit.
    fn read(&mut self, limit: usize) -> bool {
        let mut chunk = [0; 64 << 10];
        while let Some(bytes) = self.chunk(&mut chunk) {
            if self.kept.len().saturating_add(bytes.len()) > limit {
                return true;
            }
            self.kept.extend_from_slice(bytes);
        }
        false
    }

    /// Reads the available bytes, and keeps the end. Reads a limited amount at a time, so that the other checks are
    /// made in between.
    fn read_tail(&mut self, limit: usize) {
        let mut chunk = [0; 8 << 10];
        for _ in 0..64 {
            let Some(bytes) = self.chunk(&mut chunk) else { return };
            self.kept.extend_from_slice(bytes);
            let surplus = self.kept.len().saturating_sub(limit);
            self.kept.drain(..surplus);
        }
    }

    /// The next bytes, if any are available.
    fn chunk<'a>(&mut self, chunk: &'a mut [u8]) -> Option<&'a [u8]> {
        loop {
            match self.pipe.as_mut()?.read(chunk) {
                Ok(read @ 1..) => return chunk.get(..read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => self.pipe = None,
            }
        }
    }
}

/// Waits for a killed process to end, so that it does not become a zombie; at most this long.
fn reap(child: &mut Child, time: Duration) {
    let began = Instant::now();
    while matches!(child.try_wait(), Ok(None)) && began.elapsed() < time {
        thread::sleep(Duration::from_millis(1));
    }
}

/// PHP and the processes that it started.
struct Group {
    leader: Option<rustix::process::Pid>,
    #[cfg(target_os = "linux")]
    marker: Vec<u8>,
}

impl Group {
    fn of(child: &Child, marker: &str) -> Group {
        #[cfg(not(target_os = "linux"))]
        let _ = marker;
        Group {
            leader: i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw),
            #[cfg(target_os = "linux")]
            marker: format!("{MARKER}={marker}").into_bytes(),
        }
    }

    fn kill(&self) {
        if let Some(leader) = self.leader {
            // It may have ended in the meantime.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
        #[cfg(target_os = "linux")]
        self.kill_marked();
    }

    /// Kills the processes that left the group, which have a variable in their environment.
    #[cfg(target_os = "linux")]
    fn kill_marked(&self) {
        until_none(|| {
            let killed = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter(|entry| {
                let name = entry.file_name();
                let pid = name.to_str().and_then(|name| name.parse().ok());
                pid.is_some_and(|pid| self.kill_if_marked(pid))
            });
            killed.count()
        });
    }

    /// Kills a process if it is marked. A descriptor of it is opened first, so that its id can't be reused.
    #[cfg(target_os = "linux")]
    fn kill_if_marked(&self, pid: i32) -> bool {
        use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
        let Some(descriptor) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        else {
            return false;
        };
        // Processes of other users, and those that have ended, cannot be read.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == self.marker)
            && pidfd_send_signal(descriptor, Signal::KILL).is_ok()
    }
}

/// Repeats a kill until it returns that there was no process to kill: one may start another while the list is read.
#[cfg(target_os = "linux")]
fn until_none(mut kill: impl FnMut() -> usize) {
    const MAX_ROUNDS: usize = 16;
    for _ in 0..MAX_ROUNDS {
        if kill() == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    #[cfg(target_os = "linux")]
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// A pipe that takes or gives these numbers of bytes, one after the other.
    struct Steps {
        steps: VecDeque<io::Result<usize>>,
        written: Vec<u8>,
    }

    impl Steps {
        fn new<const N: usize>(steps: [Result<usize, ErrorKind>; N]) -> Steps {
            let steps = steps.into_iter().map(|step| step.map_err(io::Error::from)).collect();
            Steps { steps, written: Vec::new() }
        }
    }

    impl Write for Steps {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = self.steps.pop_front().unwrap_or(Err(ErrorKind::WouldBlock.into()))?.min(bytes.len());
            self.written.extend_from_slice(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Steps {
        fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
            let len = self.steps.pop_front().unwrap_or(Err(ErrorKind::WouldBlock.into()))?.min(chunk.len());
            chunk[..len].fill(b'a' + self.steps.len() as u8);
            Ok(len)
        }
    }

    #[test]
    fn the_input_is_written_in_parts_and_the_pipe_closed_at_its_end() {
        let blocks = Err(ErrorKind::WouldBlock);
        let steps = Steps::new([Ok(3), Err(ErrorKind::Interrupted), Ok(2), blocks, Ok(1)]);
        let mut input = Input { pipe: Some(steps), rest: b"abcdefg".to_vec(), written: 0 };
        input.write();
        assert_eq!((input.written, input.pipe.as_ref().unwrap().written.as_slice()), (5, &b"abcde"[..]));
        input.write();
        assert_eq!(input.pipe.as_ref().unwrap().written, b"abcdef");
        input.pipe.as_mut().unwrap().steps.push_back(Ok(1));
        input.write();
        assert!(input.pipe.is_none(), "everything was written");

        for broken in [Ok(0), Err(ErrorKind::BrokenPipe)] {
            let mut input = Input { pipe: Some(Steps::new([broken])), rest: b"abc".to_vec(), written: 0 };
            input.write();
            assert!(input.pipe.is_none());
        }
    }

    #[test]
    fn output_is_read_up_to_a_limit_and_of_errors_the_end_is_kept() {
        let output = |steps| Output { pipe: Some(steps), kept: Vec::new() };
        let interrupted = Err(ErrorKind::Interrupted);
        let mut whole = output(Steps::new([Ok(4), interrupted, Ok(3)]));
        assert!(!whole.read(7));
        assert_eq!((whole.kept.len(), whole.pipe.is_some()), (7, true));
        assert!(output(Steps::new([Ok(4), Ok(4)])).read(7), "there is more than the limit");
        for end in [Ok(0), Err(ErrorKind::BrokenPipe)] {
            let mut ended = output(Steps::new([Ok(4), end]));
            assert!(!ended.read(7) && ended.pipe.is_none());
        }

        let mut tail = output(Steps::new([Ok(4), Ok(3), Ok(2)]));
        tail.read_tail(6);
        assert_eq!(tail.kept, b"cbbbaa");
    }

    #[test]
    fn a_wait_for_pipes_takes_its_time_while_none_can_be_read() {
        let (silent, _writer) = io::pipe().unwrap();
        let stdin = Input::<io::PipeWriter> { pipe: None, rest: Vec::new(), written: 0 };
        let stdout = Output { pipe: Some(silent), kept: Vec::new() };
        let stderr = Output::<io::PipeReader> { pipe: None, kept: Vec::new() };
        let (began, time) = (Instant::now(), Duration::from_millis(20));
        wait_for_any(&stdin, &stdout, &stderr, time);
        assert!(began.elapsed() >= time);
    }

    #[test]
    fn a_killed_process_is_waited_for_and_one_that_does_not_end_only_for_a_time() {
        let mut child = Command::new("sh").args(["-c", "sleep 0.1"]).spawn().unwrap();
        reap(&mut child, MAX_REAP);
        assert!(child.try_wait().unwrap().is_some(), "it was left as a zombie");
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        reap(&mut child, Duration::from_millis(20));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(ended, None, "its end was waited for");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_with_the_mark_of_a_call_are_killed_and_no_others() {
        let mark = format!("a test of process {}", std::process::id());
        let sleep = |mark: &str| Command::new("sleep").arg("30").env(MARKER, mark).spawn().unwrap();
        let (mut marked, mut by_id, mut other) = (sleep(&mark), sleep(&mark), sleep("another call"));
        let group = Group { leader: None, marker: format!("{MARKER}={mark}").into_bytes() };
        let killed = [&other, &by_id].map(|child| group.kill_if_marked(child.id() as i32));
        group.kill_marked();
        let signals = [&mut marked, &mut by_id].map(|child| child.wait().unwrap().signal());
        let ended = other.try_wait().unwrap();
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!((killed, signals, ended), ([false, true], [Some(9); 2], None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_are_killed_until_there_are_none_or_many_times() {
        for (killed, times) in [(vec![0, 5], 1), (vec![2, 1, 0, 5], 3), (vec![1; 99], 16)] {
            let mut rounds = killed.iter();
            until_none(|| *rounds.next().unwrap());
            assert_eq!(killed.len() - rounds.len(), times, "{killed:?}");
        }
    }
}
