//! The rows of a table, and the table as text.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of one candidate for one page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) contender: String,
    pub(crate) tickets: usize,
    /// Length of the body.
    pub(crate) bytes: usize,
    pub(crate) repetitions: usize,
    pub(crate) median_ns: u64,
    pub(crate) min_ns: u64,
    /// `None` for a program whose allocations cannot be counted.
    #[serde(default)]
    pub(crate) allocations: Option<u64>,
    #[serde(default)]
    pub(crate) allocated_bytes: Option<u64>,
    /// How many times faster the median is than that of each reference, by the reference's name.
    #[serde(default)]
    pub(crate) times_faster_than: BTreeMap<String, f64>,
}

impl Row {
    fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 * 1e3 / (self.median_ns.max(1) as f64)
    }

    fn ns_per_ticket(&self) -> f64 {
        self.median_ns as f64 / self.tickets.max(1) as f64
    }
}

/// The rows of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    name: &'static str,
    title: &'static str,
    /// The candidates with which the others are compared; each is a column of ratios.
    references: &'static [&'static str],
    rows: Vec<Row>,
}

impl Table {
    /// A table with these rows; ratios are between rows with the same number of tickets.
    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        references: &'static [&'static str],
        mut rows: Vec<Row>,
    ) -> Table {
        for &reference in references {
            let medians: BTreeMap<usize, u64> = rows
                .iter()
                .filter(|row| row.contender == reference)
                .map(|row| (row.tickets, row.median_ns))
                .collect();
            for row in &mut rows {
                if let Some(&median) = medians.get(&row.tickets) {
                    let ratio = median as f64 / row.median_ns.max(1) as f64;
                    row.times_faster_than.insert(reference.to_owned(), ratio);
                }
            }
        }
        Table { name, title, references, rows }
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
            if before.is_none_or(|before| before.tickets != row.tickets) {
                self.heading(f, row, width)?;
            }
            write!(
                f,
                "{:width$}  {:>10}  {:>10}  {:>7.0}  {:>9.0}  {:>11}",
                row.contender,
                milliseconds(row.median_ns),
                milliseconds(row.min_ns),
                row.megabytes_per_second(),
                row.ns_per_ticket(),
                row.allocations.map_or_else(|| "-".to_owned(), |count| grouped(count as usize)),
            )?;
            for &reference in self.references {
                let column = column(reference).chars().count();
                match row.times_faster_than.get(reference) {
                    Some(ratio) => write!(f, "  {:>column$}", format!("{ratio:.2}"))?,
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
        let page = format!("{} tickets, {} bytes", grouped(row.tickets), grouped(row.bytes));
        writeln!(f, "\n{page}; {} turns each", grouped(row.repetitions))?;
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

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.4}", nanoseconds as f64 / 1e6)
}

/// Formats a number with thousands separators.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(contender: &str, tickets: usize, median_ns: u64) -> Row {
        let row = serde_json::json!({
            "contender": contender, "tickets": tickets, "bytes": tickets * 500, "repetitions": 5,
            "median_ns": median_ns, "min_ns": median_ns,
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_ratio_is_taken_within_a_size() {
        let rows =
            vec![row("ours", 25, 10), row("peer", 25, 50), row("ours", 250, 100), row("peer", 250, 300)];
        let table = Table::new("t", "T", &["peer"], rows);
        let ratios: Vec<f64> = table.rows.iter().map(|row| row.times_faster_than["peer"]).collect();
        assert_eq!(ratios, [5.0, 1.0, 3.0, 1.0]);
    }

    #[test]
    fn a_reference_that_was_not_measured_has_no_ratio() {
        let table = Table::new("t", "T", &["peer"], vec![row("ours", 1_000, 2_500_000)]);
        let text = table.to_string();
        assert!(text.contains("1,000 tickets, 500,000 bytes"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("ours") && line.ends_with("-")), "{text}");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
