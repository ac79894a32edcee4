//! Generates the table of findings: known deviations of replies.

use gettickets_protocol::FindingKind;

use crate::markdown::{self, code};
use crate::repository::Result;
use crate::source;

const SOURCE: &str = "crates/protocol/src/finding.rs";

/// Every finding: its code and its meaning.
pub(super) fn table() -> Result<String> {
    let documented = source::variants(SOURCE, "finding_kinds")?;
    let mut rows = Vec::new();
    for kind in FindingKind::ALL {
        let name = format!("{kind:?}");
        let text = documented.iter().find(|item| item.name == name).map(|item| item.text.clone());
        let text = text.ok_or_else(|| format!("{SOURCE}: {name} has no documentation"))?;
        rows.push([code(kind.code()), text]);
    }
    Ok(markdown::table(["finding", "meaning"], rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_row() {
        let table = table().unwrap();
        for kind in FindingKind::ALL {
            assert!(table.contains(&format!("| `{}` | ", kind.code())), "{}", kind.code());
        }
    }
}
