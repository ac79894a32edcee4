//! What the steps found, as it is shown.

use std::io::{self, Write};
use std::time::Duration;

use anstream::AutoStream;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{sanitise, style};

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Works, and deserves a look.
    Doubtful,
    /// Does not work.
    Bad(Exit),
    /// Not looked at.
    Skipped,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    state: State,
    seen: String,
    todo: Option<String>,
}

impl Step {
    pub(super) fn good(name: &'static str, seen: impl Into<String>) -> Step {
        Step { name, state: State::Good, seen: seen.into(), todo: None }
    }

    pub(super) fn doubtful(name: &'static str, seen: impl Into<String>, todo: impl Into<String>) -> Step {
        Step { name, state: State::Doubtful, seen: seen.into(), todo: Some(todo.into()) }
    }

    pub(super) fn bad(
        name: &'static str,
        exit: Exit,
        seen: impl Into<String>,
        todo: impl Into<String>,
    ) -> Step {
        Step { name, state: State::Bad(exit), seen: seen.into(), todo: Some(todo.into()) }
    }

    pub(super) fn failed(name: &'static str, failure: Failure) -> Step {
        Step { name, state: State::Bad(failure.exit), seen: failure.what, todo: failure.hint }
    }

    pub(super) fn skipped(name: &'static str, why: impl Into<String>) -> Step {
        Step { name, state: State::Skipped, seen: why.into(), todo: None }
    }
}

/// All steps, shown as they are done.
pub(super) struct Report {
    out: AutoStream<io::Stdout>,
    /// The exit code of the first step that does not work.
    worst: Option<Exit>,
    doubtful: usize,
    broken: io::Result<()>,
}

impl Report {
    pub(super) fn start() -> Report {
        Report { out: AutoStream::auto(io::stdout()), worst: None, doubtful: 0, broken: Ok(()) }
    }

    /// Whether every step so far works.
    pub(super) fn is_good(&self) -> bool {
        self.worst.is_none()
    }

    pub(super) fn add(&mut self, step: Step) {
        match step.state {
            State::Bad(exit) => self.worst = self.worst.or(Some(exit)),
            State::Doubtful => self.doubtful += 1,
            State::Good | State::Skipped => {}
        }
        if self.broken.is_ok() {
            self.broken = write(&mut self.out, &step);
        }
    }

    /// The verdict, and with it the exit code.
    pub(super) fn end(mut self) -> Outcome {
        self.broken?;
        let (bad, good) = (style::ERROR, style::GOOD);
        let verdict = match (self.worst, self.doubtful) {
            (Some(_), _) => format!("{bad}This does not work yet.{bad:#} Begin with the first ✗ above."),
            (None, 0) => format!("{good}Everything works.{good:#}"),
            (None, 1) => format!("{good}It works.{good:#} One thing deserves a look."),
            (None, count) => format!("{good}It works.{good:#} {count} things deserve a look."),
        };
        writeln!(self.out, "\n{verdict}")?;
        self.out.flush()?;
        match self.worst {
            // The report has said it all; only the exit code is left to tell.
            Some(exit) => Err(Failure::silent(exit)),
            None => Ok(()),
        }
    }
}

fn write(out: &mut impl Write, step: &Step) -> io::Result<()> {
    let (look, mark) = match step.state {
        State::Good => (style::GOOD, '✓'),
        State::Doubtful => (style::WARNING, '!'),
        State::Bad(_) => (style::ERROR, '✗'),
        State::Skipped => (style::DIM, '·'),
    };
    let (bold, name) = (style::BOLD, step.name);
    let seen = sanitise::line(step.seen.trim());
    writeln!(out, "{look}{mark}{look:#} {bold}{name:<12}{bold:#} {seen}")?;
    if let Some(todo) = step.todo.as_deref().map(str::trim).filter(|todo| !todo.is_empty()) {
        writeln!(out, "{:15}{look}→{look:#} {}", "", sanitise::line(todo))?;
    }
    out.flush()
}

/// A time as people say it.
pub(super) fn took(time: Duration) -> String {
    match time.as_millis() {
        0 => "under 1 ms".to_owned(),
        milliseconds @ ..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_says_what_was_seen_and_what_to_do() {
        let mut out = Vec::new();
        write(&mut out, &Step::good("address", "https://example.com/")).unwrap();
        write(&mut out, &Step::doubtful("clock", "95 s ahead", "Set it.")).unwrap();
        write(&mut out, &Step::bad("TLS", Exit::Unreached, "expired\u{1b}[2J", "Renew it.")).unwrap();
        write(&mut out, &Step::skipped("permission", "not reached")).unwrap();
        let shown = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        insta::assert_snapshot!(shown, @r"
        ✓ address      https://example.com/
        ! clock        95 s ahead
                       → Set it.
        ✗ TLS          expired␛[2J
                       → Renew it.
        · permission   not reached
        ");
    }
}
