//! The table of executions in RELIABILITY.md.

use std::collections::BTreeMap;

use super::Run;
use super::targets::TARGETS;
use crate::grouped::grouped;
use crate::process::{Result, root};
use crate::{files, written};

const FILE: &str = "RELIABILITY.md";
/// The line of the file that precedes the table. The test that writes the rest of the file keeps what follows.
const BEGIN: &str = "<!-- written by `cargo xtask fuzz --record` -->";

/// Executions of a target, and the commit of its last run.
type Rows = BTreeMap<String, (u64, String)>;

/// Adds the executions of these runs to the table, except for runs with findings.
pub(super) fn add(runs: &[Run], commit: &str) -> Result {
    let runs = runs.iter().filter(|run| !run.failed).map(|run| (run.target, run.stats.executions));
    let file = root().join(FILE);
    files::write(&file, added(&files::read(&file)?, runs, commit)?)
}

/// The text with these executions added to its table.
fn added<'r>(text: &str, runs: impl Iterator<Item = (&'r str, u64)>, commit: &str) -> Result<String> {
    let mut rows = parse(written::part(text, BEGIN)?.1);
    for (target, executions) in runs {
        let row = rows.entry(target.to_owned()).or_default();
        *row = (row.0.saturating_add(executions), commit.to_owned());
    }
    let mut lines = String::from("| target | executions | commit of the last run |\n|---|---:|---|\n");
    for (name, (executions, commit)) in TARGETS.iter().filter_map(|target| rows.get_key_value(target.name)) {
        lines.push_str(&format!("| `{name}` | {} | `{commit}` |\n", grouped(*executions)));
    }
    let all = rows.values().fold(0_u64, |sum, (executions, _)| sum.saturating_add(*executions));
    lines.push_str(&format!("| all | {} | |\n", grouped(all)));
    written::replaced(text, BEGIN, &lines)
}

/// The rows of a table, without the sum.
fn parse(table: &str) -> Rows {
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, name, executions, commit, _] = cells.as_slice() else { return None };
        let executions = executions.replace(',', "").parse().ok()?;
        (*name != "all").then(|| ((*name).to_owned(), (executions, (*commit).to_owned())))
    };
    table.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::END;

    #[test]
    fn executions_add_up_and_the_rest_of_the_text_stays() {
        let empty = format!("before\n{BEGIN}\n{END}\nafter\n");
        let once = added(&empty, [("scan", 1_200_000), ("decode", 7)].into_iter(), "aaaa").unwrap();
        let twice = added(&once, [("decode", 999)].into_iter(), "bbbb").unwrap();
        assert_eq!(
            twice,
            format!(
                "before\n{BEGIN}\n\n| target | executions | commit of the last run |\n|---|---:|---|\n\
                 | `decode` | 1,006 | `bbbb` |\n| `scan` | 1,200,000 | `aaaa` |\n| all | 1,201,006 | |\n\n{END}\nafter\n"
            )
        );
        assert!(added("no table", std::iter::empty(), "aaaa").is_err());
    }
}
