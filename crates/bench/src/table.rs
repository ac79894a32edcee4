//! The rows of a table, and the table as text and as Markdown.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::corpus::Shape;
use crate::numbers::{Ratio, grouped, median};

/// The result of one candidate for one page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) contender: String,
    #[serde(default)]
    pub(crate) shape: Shape,
    pub(crate) tickets: usize,
    /// Length of the body.
    pub(crate) bytes: usize,
    /// The time of each turn in nanoseconds.
    #[serde(skip_serializing)]
    pub(crate) turns_ns: Vec<f64>,
    /// `None` for a program whose allocations cannot be counted.
    #[serde(default)]
    pub(crate) allocations: Option<u64>,
    #[serde(default)]
    pub(crate) allocated_bytes: Option<u64>,
    /// What follows from the turns; [`Table::new`] computes it.
    #[serde(skip_deserializing)]
    pub(crate) summary: Summary,
}

/// What is derived from the turns of a row.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    repetitions: usize,
    median_ns: f64,
    min_ns: f64,
    /// How many times faster the row is than that of each reference, by the reference's name.
    times_faster_than: BTreeMap<String, Ratio>,
}

impl Row {
    fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 * 1e3 / self.summary.median_ns.max(1.0)
    }

    fn ns_per_ticket(&self) -> f64 {
        self.summary.median_ns / self.tickets.max(1) as f64
    }

    fn is_of_the_same_body(&self, other: &Row) -> bool {
        (self.tickets, self.shape) == (other.tickets, other.shape)
    }
}

/// How a table is published: one line for each body, or several.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The headings of the columns after those of the body.
    pub(crate) headings: &'static [&'static str],
    pub(crate) lines: &'static [Line],
}

/// A line for each body. The label is the first cell, unless it is empty.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) label: &'static str,
    pub(crate) cells: &'static [Cell],
}

/// A published value, from the rows of these candidates.
#[derive(Debug)]
pub(crate) enum Cell {
    NsPerTicket(&'static str),
    Micros(&'static str),
    Allocations(&'static str),
    /// How many times as fast the second is as the first.
    Ratio(&'static str, &'static str),
}

/// The rows of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    name: &'static str,
    title: &'static str,
    /// The candidates with which the others are compared; each is a column of ratios.
    references: &'static [&'static str],
    #[serde(skip)]
    layout: &'static Layout,
    rows: Vec<Row>,
}

impl Table {
    /// A table with these rows; ratios are between rows of the same body.
    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        references: &'static [&'static str],
        layout: &'static Layout,
        mut rows: Vec<Row>,
    ) -> Table {
        let reference_rows: Vec<Row> =
            rows.iter().filter(|row| references.contains(&row.contender.as_str())).cloned().collect();
        for row in &mut rows {
            let others = reference_rows.iter().filter(|other| other.is_of_the_same_body(row));
            let times_faster_than = others
                .map(|other| (other.contender.clone(), Ratio::of(&other.turns_ns, &row.turns_ns)))
                .collect();
            row.summary = Summary {
                repetitions: row.turns_ns.len(),
                median_ns: median(&row.turns_ns),
                min_ns: row.turns_ns.iter().copied().min_by(f64::total_cmp).unwrap_or_default(),
                times_faster_than,
            };
        }
        Table { name, title, references, layout, rows }
    }

    /// The table as it is published.
    pub(crate) fn to_markdown(&self) -> String {
        let has_shapes = self.rows.iter().any(|row| row.shape != Shape::Documented);
        let has_labels = self.layout.lines.iter().any(|line| !line.label.is_empty());
        let mut headings = vec!["tickets"];
        headings.extend(has_shapes.then_some("body"));
        headings.extend(has_labels.then_some("library"));
        headings.extend(self.layout.headings);
        let mut out = format!("| {} |\n{}|\n", headings.join(" | "), "|---".repeat(headings.len()));
        for (index, first) in self.rows.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| self.rows.get(index));
            if before.is_some_and(|before| before.is_of_the_same_body(first)) {
                continue;
            }
            let of_the_body: Vec<&Row> =
                self.rows.iter().filter(|row| row.is_of_the_same_body(first)).collect();
            for line in self.layout.lines {
                let mut cells = vec![grouped(first.tickets as u64)];
                cells.extend(has_shapes.then(|| first.shape.name().to_owned()));
                cells.extend(has_labels.then(|| line.label.to_owned()));
                cells.extend(line.cells.iter().map(|cell| cell.text(&of_the_body).unwrap_or_default()));
                // Writing to a string cannot fail.
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        out
    }
}

impl Cell {
    /// The text of the cell; `None` if a candidate was not measured.
    fn text(&self, rows: &[&Row]) -> Option<String> {
        let find = |name: &str| rows.iter().find(|row| row.contender == name);
        Some(match self {
            Cell::NsPerTicket(name) => format!("{:.0}", find(name)?.ns_per_ticket()),
            Cell::Micros(name) => match find(name)?.summary.median_ns / 1e3 {
                micros if micros < 100.0 => format!("{micros:.1}"),
                micros => grouped(micros.round() as u64),
            },
            Cell::Allocations(name) => grouped(find(name)?.allocations?),
            Cell::Ratio(peer, ours) => Ratio::of(&find(peer)?.turns_ns, &find(ours)?.turns_ns).to_string(),
        })
    }
}

/// All results, for programs.
pub(crate) fn document(tables: &[impl Serialize]) -> serde_json::Value {
    serde_json::json!({ "machine": machine(), "tables": tables })
}

/// The processor's name and number of cores, if the system reports them.
fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores", model.map_or(std::env::consts::ARCH, |(_, model)| model))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.contender.chars().count()).max().unwrap_or_default();
        writeln!(f, "{} ({})", self.title, machine())?;
        for (index, row) in self.rows.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| self.rows.get(index));
            if before.is_none_or(|before| !before.is_of_the_same_body(row)) {
                self.heading(f, row, width)?;
            }
            write!(
                f,
                "{:width$}  {:>10}  {:>10}  {:>7.0}  {:>9.0}  {:>11}",
                row.contender,
                milliseconds(row.summary.median_ns),
                milliseconds(row.summary.min_ns),
                row.megabytes_per_second(),
                row.ns_per_ticket(),
                row.allocations.map_or_else(|| "-".to_owned(), grouped),
            )?;
            for &reference in self.references {
                let column = column(reference).chars().count();
                match row.summary.times_faster_than.get(reference) {
                    Some(ratio) => write!(f, "  {:>column$}", format!("{:.2}", ratio.median))?,
                    None => write!(f, "  {:>column$}", "-")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Table {
    fn heading(&self, f: &mut fmt::Formatter<'_>, row: &Row, width: usize) -> fmt::Result {
        let shape =
            if row.shape == Shape::Documented { String::new() } else { format!(", {}", row.shape.name()) };
        let page =
            format!("{} tickets{shape}, {} bytes", grouped(row.tickets as u64), grouped(row.bytes as u64));
        writeln!(f, "\n{page}; {} turns each", grouped(row.summary.repetitions as u64))?;
        write!(
            f,
            "{:width$}  {:>10}  {:>10}  {:>7}  {:>9}  {:>11}",
            "", "median ms", "least ms", "MB/s", "ns/ticket", "allocations"
        )?;
        self.references.iter().try_for_each(|reference| write!(f, "  {}", column(reference)))?;
        writeln!(f)
    }
}

fn column(reference: &str) -> String {
    format!("x {reference}")
}

fn milliseconds(nanoseconds: f64) -> String {
    format!("{:.4}", nanoseconds / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout {
        headings: &["ns a ticket", "x peer"],
        lines: &[Line { label: "", cells: &[Cell::NsPerTicket("ours"), Cell::Ratio("peer", "ours")] }],
    };

    fn row(contender: &str, tickets: usize, turns_ns: &[u64]) -> Row {
        let row = serde_json::json!({
            "contender": contender, "tickets": tickets, "bytes": tickets * 500, "turns_ns": turns_ns,
        });
        serde_json::from_value(row).unwrap()
    }

    fn table(rows: Vec<Row>) -> Table {
        Table::new("t", "T", &["peer"], &LAYOUT, rows)
    }

    #[test]
    fn a_ratio_is_taken_within_a_body() {
        let mut rows = vec![
            row("ours", 25, &[10, 10]),
            row("peer", 25, &[50, 40]),
            row("ours", 250, &[100]),
            row("peer", 250, &[300]),
        ];
        let reordered = [row("ours", 250, &[150]), row("peer", 250, &[300])];
        rows.extend(reordered.map(|row| Row { shape: Shape::Reordered, ..row }));
        let table = table(rows);
        let ratios: Vec<f64> =
            table.rows.iter().map(|row| row.summary.times_faster_than["peer"].median).collect();
        assert_eq!(ratios, [5.0, 1.0, 3.0, 1.0, 2.0, 1.0]);
        assert_eq!(
            table.to_markdown(),
            "| tickets | body | ns a ticket | x peer |\n|---|---|---|---|\n\
             | 25 | as documented | 0 | **5.0** (4.0 to 5.0) |\n\
             | 250 | as documented | 0 | **3.0** |\n\
             | 250 | another order | 1 | **2.0** |\n"
        );
    }

    #[test]
    fn a_reference_that_was_not_measured_has_no_ratio() {
        let table = table(vec![row("ours", 1_000, &[2_500_000])]);
        let text = table.to_string();
        assert!(text.contains("1,000 tickets, 500,000 bytes"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("ours") && line.ends_with("-")), "{text}");
        assert!(table.to_markdown().ends_with("| 1,000 | 2500 |  |\n"));
    }
}
