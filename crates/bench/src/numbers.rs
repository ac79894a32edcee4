//! Medians, ratios with their spread, and numbers as text.

use std::fmt;

use serde::Serialize;

#[path = "../../xtask/src/grouped.rs"]
mod grouped;
pub(crate) use self::grouped::grouped;

/// How many times as fast one program is as another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Ratio {
    /// The ratio of the medians.
    pub(crate) median: f64,
    /// The limits of the middle half of the ratios of all turns; absent if only one turn has both programs.
    spread: Option<(f64, f64)>,
}

impl Ratio {
    /// Compares the times of the peer with ours. Times of the same turn have the same index.
    pub(crate) fn of(peer: &[f64], ours: &[f64]) -> Ratio {
        let ratio = |peer: f64, ours: f64| peer / ours.max(f64::MIN_POSITIVE);
        let mut turns: Vec<f64> = peer.iter().zip(ours).map(|(peer, ours)| ratio(*peer, *ours)).collect();
        turns.sort_by(f64::total_cmp);
        let from = turns.len() / 4;
        let spread = match (turns.get(from), turns.iter().rev().nth(from)) {
            (Some(low), Some(high)) if turns.len() > 1 => Some((*low, *high)),
            _ => None,
        };
        Ratio { median: ratio(median(peer), median(ours)), spread }
    }

    /// Formats the ratio with a remark, such as its goal.
    pub(crate) fn with(&self, remark: &str) -> String {
        let spread = self.spread.map(|(low, high)| format!("{low:.1} to {high:.1}"));
        let remarks: Vec<&str> = spread.as_deref().into_iter().chain(Some(remark)).collect();
        let remarks =
            remarks.iter().filter(|remark| !remark.is_empty()).copied().collect::<Vec<_>>().join("; ");
        let ratio = self.median;
        if remarks.is_empty() { format!("**{ratio:.1}**") } else { format!("**{ratio:.1}** ({remarks})") }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with(""))
    }
}

pub(crate) const fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

/// The median, or 0 if there are no values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_the_middle_half_of_its_turns() {
        let ratio = Ratio::of(&[10.0, 30.0, 20.0, 90.0, 20.0], &[10.0; 5]);
        assert_eq!(ratio, Ratio { median: 2.0, spread: Some((2.0, 3.0)) });
        assert_eq!(ratio.to_string(), "**2.0** (2.0 to 3.0)");
        assert_eq!(ratio.with("goal 2: met"), "**2.0** (2.0 to 3.0; goal 2: met)");
        let two = Ratio::of(&[10.0, 30.0], &[10.0, 10.0]);
        assert_eq!(two.to_string(), "**3.0** (1.0 to 3.0)");
    }

    #[test]
    fn a_ratio_of_a_single_turn_has_no_spread() {
        let ratio = Ratio::of(&[30.0], &[10.0, 10.0, 20.0]);
        assert_eq!(
            (ratio.to_string(), ratio.with("goal 2: met")),
            ("**3.0**".into(), "**3.0** (goal 2: met)".into())
        );
    }
}
