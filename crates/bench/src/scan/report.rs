//! The results of whole jobs, as a Markdown table.

use std::fmt;

use serde::Serialize;

use super::process::{Done, Served};
use crate::numbers::{Ratio, grouped, median, verdict};

/// All results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The heading of the first column of the groups.
    pub(super) what: &'static str,
    pub(super) groups: Vec<Group>,
    pub(super) exports: Vec<Exported>,
}

/// Candidates that did the same job.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) title: String,
    /// gettickets first.
    pub(crate) rows: Vec<Measured>,
}

/// The turns of one candidate.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    name: &'static str,
    goal: Option<f64>,
    most_requests: Option<u64>,
    seconds: Vec<f64>,
    cpu_seconds: Vec<f64>,
    server_cpu_seconds: Vec<f64>,
    requests: Vec<u64>,
}

/// One export.
#[derive(Debug, Serialize)]
pub(super) struct Exported {
    pub(super) format: String,
    pub(super) tickets: u64,
    pub(super) bytes: u64,
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    pub(super) server_cpu_seconds: f64,
    pub(super) peak_bytes: u64,
    pub(super) requests: u64,
}

/// The goal for an export to NDJSON: the maximum CPU time of a ticket, in microseconds.
const MOST_CPU_MICROS: f64 = 5.0;
/// The number of tickets from which the goals apply. In smaller exports, the work before and after the tickets is a large
/// part of the total.
const LONG: u64 = 100_000;
/// The goal for the memory of an export.
const MOST_PEAK_BYTES: u64 = 64_000_000;

impl Report {
    /// A report without exports.
    pub(crate) fn of_groups(what: &'static str, groups: Vec<Group>) -> Report {
        Report { what, groups, exports: Vec::new() }
    }
}

impl Measured {
    pub(crate) fn new(name: &'static str, goal: Option<f64>, most_requests: Option<u64>) -> Measured {
        Measured {
            name,
            goal,
            most_requests,
            seconds: Vec::new(),
            cpu_seconds: Vec::new(),
            server_cpu_seconds: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Adds a turn. Its measurements are divided by the number of times that the job was done in it.
    pub(crate) fn add(&mut self, done: &Done, before: &Served, after: &Served) {
        let times = done.times.max(1);
        self.seconds.push(done.seconds / times as f64);
        self.cpu_seconds.push(done.cpu_seconds / times as f64);
        self.server_cpu_seconds.push((after.cpu_seconds - before.cpu_seconds) / times as f64);
        self.requests.push((after.requests - before.requests) / times);
    }

    fn requests_cell(&self) -> String {
        let Some(most) = self.requests.iter().max() else { return String::new() };
        match self.most_requests {
            Some(goal) => format!("{most} (goal {goal} at most: {})", verdict(*most <= goal)),
            None => most.to_string(),
        }
    }
}

fn milliseconds(seconds: f64) -> String {
    let value = seconds * 1e3;
    if value < 100.0 { format!("{value:.2}") } else { grouped(value.round() as u64) }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.rows.first().map_or(&[][..], |row| row.seconds.as_slice());
        for (index, row) in self.rows.iter().enumerate() {
            let title = if index == 0 { self.title.as_str() } else { "" };
            // The peers' rows show how much faster gettickets is.
            let ratio = row.goal.map_or_else(String::new, |goal| {
                let ratio = Ratio::of(&row.seconds, ours);
                ratio.with(&format!("goal {goal}: {}", verdict(ratio.median >= goal)))
            });
            writeln!(
                f,
                "| {title} | {} | {} | {} | {} | {} | {ratio} |",
                row.name,
                milliseconds(median(&row.seconds)),
                milliseconds(median(&row.cpu_seconds)),
                milliseconds(median(&row.server_cpu_seconds)),
                row.requests_cell(),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |seconds: f64| seconds * 1e6 / self.tickets.max(1) as f64;
        let cpu = micros(self.cpu_seconds);
        let cpu_goal = match self.format.as_str() {
            "ndjson" if self.tickets >= LONG => {
                format!(" (goal {MOST_CPU_MICROS} at most: {})", verdict(cpu <= MOST_CPU_MICROS))
            }
            _ => String::new(),
        };
        let peak = self.peak_bytes as f64 / 1e6;
        writeln!(
            f,
            "| {} | {} | {:.2} | {:.2} | {cpu:.2}{cpu_goal} | {:.2} | {peak:.0} (goal {} at most: {}) | {} | {:.0} |",
            self.format,
            grouped(self.tickets),
            self.seconds,
            micros(self.seconds),
            micros(self.server_cpu_seconds),
            MOST_PEAK_BYTES / 1_000_000,
            verdict(self.peak_bytes <= MOST_PEAK_BYTES),
            grouped(self.requests),
            self.bytes as f64 / 1e6,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.groups.is_empty() {
            writeln!(
                f,
                "| {} | program | ms | CPU ms, client | CPU ms, sandbox | requests | gettickets is faster by |",
                self.what
            )?;
            writeln!(f, "|---|---|---|---|---|---|---|")?;
            self.groups.iter().try_for_each(|group| group.fmt(f))?;
        }
        if !self.exports.is_empty() {
            if !self.groups.is_empty() {
                writeln!(f)?;
            }
            writeln!(
                f,
                "| export to | tickets | s | µs a ticket | CPU µs a ticket, client | CPU µs a ticket, sandbox | peak memory, MB | requests | file, MB |"
            )?;
            writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
            self.exports.iter().try_for_each(|export| export.fmt(f))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &'static str, goal: Option<f64>, seconds: &[f64]) -> Measured {
        let mut measured = Measured::new(name, goal, goal.is_none().then_some(106));
        for (index, seconds) in seconds.iter().enumerate() {
            let done = Done { times: 2, seconds: seconds * 2.0, cpu_seconds: 0.5, tickets: 10 };
            let before = Served { cpu_seconds: 1.0, requests: 10 };
            let after = Served { cpu_seconds: 1.5, requests: 210 + 2 * index as u64 };
            measured.add(&done, &before, &after);
        }
        measured
    }

    #[test]
    fn a_row_has_medians_and_a_verdict() {
        let rows = vec![
            measured("ours", None, &[0.09, 0.01, 0.02]),
            measured("slow", Some(2.0), &[0.05, 0.05, 0.05]),
            measured("fast", Some(2.0), &[0.03, 0.03, 0.03]),
        ];
        let text = Group { title: "job".into(), rows }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "| job | ours | 20.00 | 250 | 250 | 102 (goal 106 at most: met) |  |",
                "|  | slow | 50.00 | 250 | 250 | 102 | **2.5** (0.6 to 5.0; goal 2: met) |",
                "|  | fast | 30.00 | 250 | 250 | 102 | **1.5** (0.3 to 3.0; goal 2: MISSED) |",
            ]
        );
    }

    #[test]
    fn an_export_has_verdicts_on_cpu_time_and_memory() {
        let export = Exported {
            format: "ndjson".into(),
            tickets: 1_000_000,
            bytes: 600_000_000,
            seconds: 6.0,
            cpu_seconds: 5.5,
            server_cpu_seconds: 2.0,
            peak_bytes: 40_000_000,
            requests: 1_003,
        };
        assert_eq!(
            export.to_string().trim(),
            "| ndjson | 1,000,000 | 6.00 | 6.00 | 5.50 (goal 5 at most: MISSED) | 2.00 | 40 (goal 64 at most: met) | 1,003 | 600 |"
        );
    }
}
