//! Measurements other than times, such as sizes, each with its unit and its upper limit.

use std::fmt;

use serde::{Deserialize, Serialize};

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
        match self.at_most {
            None => String::new(),
            Some(most) if self.value <= most => format!("at most {}: met", short(most)),
            Some(most) => format!("at most {}: MISSED", short(most)),
        }
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
        let text = Figures { name: "f", title: "F", rows }.to_string();
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
