//! Generates the table of quirks: deviations of servers that the sandbox imitates.

use gettickets_sandbox::Quirk;

use crate::markdown::{self, code};

/// Every quirk: its name, and what the server does.
pub(super) fn table() -> String {
    let rows = Quirk::ALL.iter().map(|quirk| [code(quirk.name()), quirk.description().to_owned()]);
    markdown::table(["quirk", "what the server does"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quirk_has_a_row() {
        let table = table();
        for quirk in Quirk::ALL {
            assert!(table.contains(&format!("| `{}` | ", quirk.name())), "{quirk}");
        }
    }
}
