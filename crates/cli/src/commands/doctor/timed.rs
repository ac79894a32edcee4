//! A connection with a deadline: however slowly the other side sends, no step takes longer.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The time limits of a check: one for each step, one for the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    step: Duration,
    end: Instant,
}

/// How many times the limit of a step the whole check may take.
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

    /// Whether the time for the whole check is over.
    pub(super) fn are_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// The time left until a deadline, or an error if there is none.
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

    /// Begins another step.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }
}

/// The error of a wait that was too long: systems report it in two ways.
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
