//! Formats the measurements of mirrors, fleets and lakes as Markdown tables.

use std::fmt;

use serde::Serialize;

use crate::numbers::{Ratio, grouped, median, verdict};
use crate::scan::usage::Taken;

/// One table.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The heading of the first column.
    pub(super) what: String,
    pub(super) rows: Vec<Row>,
}

/// A job and the measurements of its repetitions.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    what: String,
    tickets: u64,
    turns: Vec<Turn>,
    /// The number of rows that a run wrote.
    pub(super) written_rows: Option<u64>,
    pub(super) goal: Option<Goal>,
}

/// The measurements of one repetition.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Turn {
    pub(super) taken: Taken,
    pub(super) server_cpu_seconds: f64,
    pub(super) requests: u64,
}

/// A value and its limit.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Goal {
    /// The meaning of the value, such as "x export to NDJSON".
    pub(super) what: String,
    pub(super) value: Value,
    pub(super) at_most: f64,
}

/// A number, or a ratio of times with its spread.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    Number(f64),
    Ratio(Ratio),
}

impl Row {
    pub(super) fn new(what: impl Into<String>, tickets: u64) -> Row {
        Row { what: what.into(), tickets, turns: Vec::new(), written_rows: None, goal: None }
    }

    pub(super) fn add(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    /// The maximum memory of all repetitions, in megabytes.
    pub(super) fn peak_megabytes(&self) -> f64 {
        self.turns.iter().map(|turn| turn.taken.peak_bytes).max().unwrap_or(0) as f64 / 1e6
    }

    /// The maximum amount that a repetition wrote, in megabytes.
    pub(super) fn written_megabytes(&self) -> f64 {
        self.turns.iter().map(|turn| turn.taken.written_bytes).max().unwrap_or(0) as f64 / 1e6
    }

    /// The maximum number of requests of all repetitions.
    pub(super) fn requests(&self) -> u64 {
        self.turns.iter().map(|turn| turn.requests).max().unwrap_or(0)
    }

    fn median(&self, value: impl Fn(&Turn) -> f64) -> f64 {
        median(&self.turns.iter().map(value).collect::<Vec<f64>>())
    }

    fn times(&self) -> Vec<f64> {
        self.turns.iter().map(|turn| turn.taken.seconds).collect()
    }

    /// Adds a goal for the ratio of the time to that of another row.
    pub(super) fn at_most(&mut self, times: f64, other: &Row) {
        let value = Value::Ratio(Ratio::of(&self.times(), &other.times()));
        self.goal = Some(Goal { what: format!("x {}", other.what), value, at_most: times });
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = self.goal.as_ref().map_or_else(String::new, |goal| {
            let Goal { what, value, at_most } = goal;
            let remark = |value: f64| format!("goal {at_most} at most: {}", verdict(value <= *at_most));
            match value {
                Value::Number(value) => format!("**{value:.1}** ({}) {what}", remark(*value)),
                Value::Ratio(ratio) => format!("{} {what}", ratio.with(&remark(ratio.median))),
            }
        });
        writeln!(
            f,
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.0} | {} | {} | {:.1} | {goal} |",
            self.what,
            grouped(self.tickets),
            self.median(|turn| turn.taken.seconds),
            self.median(|turn| turn.taken.cpu_seconds),
            self.median(|turn| turn.server_cpu_seconds),
            self.peak_megabytes(),
            grouped(self.requests()),
            self.written_rows.map_or_else(String::new, grouped),
            self.written_megabytes(),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {} | tickets | s | CPU s, client | CPU s, sandbox | peak memory, MB | requests | rows written | MB written | goal |",
            self.what
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        self.rows.iter().try_for_each(|row| row.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(what: &str, seconds: &[f64]) -> Row {
        let mut row = Row::new(what, 100_000);
        for seconds in seconds {
            let taken = Taken {
                seconds: *seconds,
                cpu_seconds: 0.5,
                peak_bytes: 30_000_000,
                written_bytes: 1_500_000,
            };
            row.add(Turn { taken, server_cpu_seconds: 0.25, requests: 1_003 });
        }
        row
    }

    #[test]
    fn a_row_has_medians_and_a_verdict() {
        let export = row("export", &[0.7, 0.5, 0.9]);
        let mut mirror = row("mirror", &[1.5, 1.4, 1.3]);
        mirror.at_most(2.0, &export);
        mirror.written_rows = Some(1_001);
        assert_eq!(
            mirror.to_string().trim(),
            "| mirror | 100,000 | 1.40 | 0.50 | 0.25 | 30 | 1,003 | 1,001 | 1.5 | **2.0** (1.4 to 2.8; goal 2 at most: met) x export |"
        );
        mirror.at_most(1.5, &export);
        assert!(mirror.to_string().contains("; goal 1.5 at most: MISSED)"));
    }
}
