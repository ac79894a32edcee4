//! Checks the metadata of each published crate: what its manifest states, and its license files.

use std::fs;
use std::path::Path;

use super::published::CRATES;
use crate::process::{Result, root};

/// Lines that the manifest of every published crate has.
const LINES: [&str; 7] = [
    "version.workspace = true",
    "edition.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "repository.workspace = true",
    "readme.workspace = true",
    "keywords.workspace = true",
];

/// The applicable categories of the registry, which refuses unknown ones.
const CATEGORIES: [&str; 8] = [
    "api-bindings",
    "command-line-utilities",
    "database",
    "development-tools::testing",
    "encoding",
    "parser-implementations",
    "science",
    "web-programming::http-client",
];

/// Fails if a manifest is incomplete or a license file is missing.
pub(super) fn check() -> Result {
    let problems: Vec<String> = CRATES.iter().flat_map(|name| metadata(name)).collect();
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    println!("{} crates are complete", CRATES.len());
    Ok(())
}

/// Returns the problems in the manifest and the folder of a crate.
fn metadata(name: &str) -> Vec<String> {
    let folder = root().join("crates").join(name);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let mut problems = missing(&manifest);
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let text = |folder: &Path| fs::read(folder.join(license)).ok();
        if text(&folder).is_none() || text(&folder) != text(root()) {
            problems.push(format!("{license} is not that of the repository: copy it"));
        }
    }
    problems.into_iter().map(|problem| format!("crates/{name}: {problem}")).collect()
}

/// Returns the problems in a manifest.
fn missing(manifest: &str) -> Vec<String> {
    let (package, rest) = manifest.split_once("\n\n").unwrap_or((manifest, ""));
    let mut problems: Vec<String> = LINES
        .iter()
        .filter(|line| !package.lines().any(|other| other == **line))
        .map(|line| format!("the manifest lacks `{line}`"))
        .collect();
    let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    if !value("description").is_some_and(|text| (40..=200).contains(&text.len())) {
        problems.push("the description has less than 40 or more than 200 characters".to_owned());
    }
    let categories = value("categories").unwrap_or_default().trim_matches(['[', ']']);
    let categories: Vec<&str> =
        categories.split(", ").map(|word| word.trim_matches('"')).filter(|word| !word.is_empty()).collect();
    if !(1..=5).contains(&categories.len()) || !categories.iter().all(|word| CATEGORIES.contains(word)) {
        problems.push(format!("categories are one to five of {CATEGORIES:?}"));
    }
    if value("publish").is_some() || value("publish.workspace").is_some() {
        problems.push("the manifest restricts where the crate is published".to_owned());
    }
    if !rest.contains("[package.metadata.docs.rs]\nall-features = true\n") {
        problems.push("the manifest lacks [package.metadata.docs.rs] with all-features".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_of_a_manifest_are_named() {
        let whole = format!(
            "[package]\nname = \"x\"\ndescription = \"A description that says what the crate is.\"\n{}\n\
             categories = [\"api-bindings\"]\n\n[dependencies]\n\n[package.metadata.docs.rs]\nall-features = true\n",
            LINES.join("\n")
        );
        assert_eq!(missing(&whole), Vec::<String>::new());
        for (part, with, problem) in [
            ("license.workspace", "license", "license.workspace"),
            ("A description that says what the crate is.", "Short.", "the description"),
            ("api-bindings", "support", "categories are"),
            ("categories", "publish = false\ncategories", "restricts"),
            ("all-features", "no-features", "docs.rs"),
        ] {
            let problems = missing(&whole.replace(part, with));
            assert!(problems.len() == 1 && problems[0].contains(problem), "{problems:?}");
        }
    }

    #[test]
    fn every_published_crate_is_complete() {
        let problems: Vec<String> = CRATES.iter().flat_map(|name| metadata(name)).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}
