//! Compares the public items of each library with the committed list in `tests/api`, so that a change of the API is seen in
//! review.

use std::collections::BTreeSet;

use super::published::{LIBRARIES, package_name};
use super::rustdoc;
use crate::process::{Result, program, root};
use crate::{files, tools};

/// Fails if the public items differ from the committed lists, or rewrites the lists.
pub(super) fn check(update: bool) -> Result {
    let tool = tools::cargo_public_api()?;
    let mut problems = Vec::new();
    for folder in LIBRARIES {
        let name = package_name(folder);
        let json = rustdoc::json(&name)?;
        // Without the implementations that follow from others: blanket ones, and those of auto traits.
        let items =
            program(&tool, "public-api --simplified --simplified --rustdoc-json").arg(&json).printed()?;
        let items = String::from_utf8_lossy(&items).into_owned();
        let file = root().join("tests").join("api").join(format!("{name}.txt"));
        if update {
            files::write(&file, &items)?;
            println!("{}: {} lines", file.display(), items.lines().count());
            continue;
        }
        let committed = files::read(&file)?;
        problems.extend(changes(&committed, &items));
        println!("{name}: {} public items", items.lines().count());
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nthe public items differ from those in tests/api. If that is intended, run `cargo xtask package api --update`, \
         review the difference, and describe the change in CHANGELOG.md",
        problems.join("\n")
    ))
}

/// Returns the removed and added items, as lines of a difference.
fn changes(committed: &str, found: &str) -> Vec<String> {
    let before: BTreeSet<&str> = committed.lines().collect();
    let after: BTreeSet<&str> = found.lines().collect();
    let removed = before.difference(&after).map(|line| format!("- {line}"));
    removed.chain(after.difference(&before).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_removed_and_added_items() {
        assert_eq!(changes("pub fn a()\npub fn b()\n", "pub fn a()\npub fn b()\n"), Vec::<String>::new());
        assert_eq!(
            changes("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"),
            ["- pub fn a()", "+ pub fn c()"]
        );
    }
}
