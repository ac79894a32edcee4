//! The steps of a check and their output, as text or as JSON.

use std::io::{self, Write};
use std::time::Duration;

use anstream::AutoStream;
use serde::Serialize;
use serde_json::json;

use crate::args::DoctorFormat;
use crate::exit::{Exit, Failure, Outcome, one_line};
use crate::output::{sanitize, style};

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Works, but needs attention.
    Doubtful,
    /// Does not work.
    Bad(Exit),
    /// Not checked.
    Skipped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Doubtful => "doubtful",
            State::Bad(_) => "bad",
            State::Skipped => "skipped",
        }
    }
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    state: State,
    seen: String,
    todo: Option<String>,
}

/// A step of the JSON document.
#[derive(Serialize)]
struct StepJson<'a> {
    name: &'a str,
    state: &'a str,
    seen: String,
    hint: Option<String>,
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

/// All steps. In text format each step is written as soon as it is done.
pub(super) struct Report {
    format: DoctorFormat,
    out: AutoStream<io::Stdout>,
    steps: Vec<Step>,
    /// The exit code of the first step that does not work.
    worst: Option<Exit>,
    doubtful: usize,
    broken: io::Result<()>,
}

impl Report {
    pub(super) fn start(format: DoctorFormat) -> Report {
        let out = AutoStream::auto(io::stdout());
        Report { format, out, steps: Vec::new(), worst: None, doubtful: 0, broken: Ok(()) }
    }

    /// Whether every step so far succeeded.
    pub(super) fn is_good(&self) -> bool {
        self.worst.is_none()
    }

    pub(super) fn add(&mut self, step: Step) {
        match step.state {
            State::Bad(exit) => self.worst = self.worst.or(Some(exit)),
            State::Doubtful => self.doubtful += 1,
            State::Good | State::Skipped => {}
        }
        if self.format == DoctorFormat::Text && self.broken.is_ok() {
            self.broken = write(&mut self.out, &step);
        }
        self.steps.push(step);
    }

    /// Writes the result, and returns the exit code.
    pub(super) fn end(mut self) -> Outcome {
        self.broken?;
        match self.format {
            DoctorFormat::Text => {
                let (bad, good) = (style::ERROR, style::GOOD);
                let verdict = match (self.worst, self.doubtful) {
                    (Some(_), _) => {
                        format!("{bad}This does not work yet.{bad:#} Begin with the first ✗ above.")
                    }
                    (None, 0) => format!("{good}Everything works.{good:#}"),
                    (None, 1) => format!("{good}It works.{good:#} Look into the line marked with !."),
                    (None, count) => {
                        format!("{good}It works.{good:#} Look into the {count} lines marked with !.")
                    }
                };
                writeln!(self.out, "\n{verdict}")?;
            }
            DoctorFormat::Json => {
                let exit = self.worst.unwrap_or(Exit::Done);
                let steps: Vec<StepJson<'_>> = self.steps.iter().map(Step::json).collect();
                let document = json!({
                    "works": self.worst.is_none(),
                    "exit_code": exit as u8,
                    "steps": steps,
                });
                writeln!(self.out, "{}", sanitize::json(&document.to_string()))?;
            }
        }
        self.out.flush()?;
        match self.worst {
            // The report has been printed; only the exit code is left.
            Some(exit) => Err(Failure::silent(exit)),
            None => Ok(()),
        }
    }
}

impl Step {
    fn json(&self) -> StepJson<'_> {
        StepJson {
            name: self.name,
            state: self.state.word(),
            seen: one_line(self.seen.trim()),
            hint: self.advice(),
        }
    }

    fn advice(&self) -> Option<String> {
        let todo = self.todo.as_deref().map(str::trim).filter(|todo| !todo.is_empty())?;
        Some(one_line(todo))
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
    let seen = one_line(step.seen.trim());
    writeln!(out, "{look}{mark}{look:#} {bold}{name:<12}{bold:#} {seen}")?;
    if let Some(todo) = step.advice() {
        writeln!(out, "{:15}{look}→{look:#} {todo}", "")?;
    }
    out.flush()
}

/// Formats a duration.
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
    fn a_step_shows_what_was_seen_and_what_to_do() {
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
