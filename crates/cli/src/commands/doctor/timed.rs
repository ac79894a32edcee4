//! A connection with a deadline, so that a slow peer cannot delay a step.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The time limits of a check: one for each step, and one for all steps together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    step: Duration,
    end: Instant,
}

/// The limit of the whole check, in multiples of the limit of a step.
const STEPS: u32 = 6;

impl Limits {
    /// Limits that begin now.
    pub(super) fn begin(step: Duration) -> Limits {
        let now = Instant::now();
        let whole = step.saturating_mul(STEPS);
        Limits { step, end: now.checked_add(whole).unwrap_or(now) }
    }

    /// The deadline of a step that begins now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now().checked_add(self.step).map_or(self.end, |end| end.min(self.end))
    }

    /// Whether the time limit of the whole check has passed.
    pub(super) fn are_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// The time left until a deadline; an error if it has passed.
pub(super) fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(left),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A stream that fails with [`io::ErrorKind::TimedOut`] after its deadline.
#[derive(Debug)]
pub(super) struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    pub(super) fn new(stream: TcpStream, deadline: Instant) -> Timed {
        Timed { stream, deadline }
    }

    /// Sets the deadline of the next step.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

/// Maps both errors that systems report for a timed-out read to [`io::ErrorKind::TimedOut`].
fn named(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer).map_err(named)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        self.stream.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
