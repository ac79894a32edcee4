//! Measurements other than times, such as sizes, each with its unit and its upper limit.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::numbers::verdict;

/// One measurement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: String,
    /// The goal, if there is one.
    at_most: Option<f64>,
}

/// The measurements of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Figure>,
}

impl Figure {
    fn verdict(&self) -> String {
        let text = |most| format!("at most {}: {}", short(most), verdict(self.value <= most));
        self.at_most.map_or_else(String::new, text)
    }
}

impl Figures {
    /// The figures as they are published. Those with a goal are bold, and so compared with later ones, except times, which
    /// vary too much.
    pub(crate) fn to_markdown(&self) -> String {
        let mut out = "| | measured | goal |\n|---|---|---|\n".to_owned();
        for row in &self.rows {
            let is_compared = row.at_most.is_some() && row.unit != "ms";
            let bold = if is_compared { "**" } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "| {} | {bold}{}{bold} {} | {} |",
                row.what,
                short(row.value),
                row.unit,
                row.verdict()
            );
        }
        out
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or_default();
        writeln!(f, "{}\n", self.title)?;
        for row in &self.rows {
            let line =
                format!("{:width$}  {:>9} {:<2}  {}", row.what, short(row.value), row.unit, row.verdict());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Rounds to three digits; whole numbers keep all their digits.
fn short(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_printed_with_its_verdict() {
        let row = |value, at_most| Figure { what: "wheel".into(), value, unit: "MB".into(), at_most };
        let rows = vec![row(6.96, Some(8.0)), row(8.04, Some(8.0)), row(123.4, None)];
        let figures = Figures { name: "f", title: "F", rows };
        assert_eq!(
            figures.to_markdown(),
            "| | measured | goal |\n|---|---|---|\n| wheel | **7.0** MB | at most 8.0: met |\n\
             | wheel | **8.0** MB | at most 8.0: MISSED |\n| wheel | 123 MB |  |\n"
        );
        let text = figures.to_string();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "wheel        7.0 MB  at most 8.0: met",
                "wheel        8.0 MB  at most 8.0: MISSED",
                "wheel        123 MB"
            ]
        );
    }
}
