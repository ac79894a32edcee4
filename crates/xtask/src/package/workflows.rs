//! Checks the workflows of `.github`, which can't be run here.

use std::fs;

use crate::process::{Result, program, root};
use crate::{files, tools};

/// The first words of a workflow that has not been run.
const NOT_RUN: &str = "# Not yet run";

/// What a workflow must cover: the file, a text in it, and what that text covers.
const COVERED: [(&str, &str, &str); 16] = [
    ("ci.yml", "\"macOS, aarch64\", runner: macos-", "macOS on aarch64"),
    ("ci.yml", "\"macOS, x86-64\", runner: macos-", "macOS on x86-64"),
    ("ci.yml", "\"Windows, x86-64\", runner: windows-", "Windows"),
    ("ci.yml", "\"Linux, aarch64\", runner: ubuntu-24.04-arm", "Linux on aarch64"),
    ("ci.yml", "x86_64-unknown-linux-musl", "musl on x86-64"),
    ("ci.yml", "aarch64-unknown-linux-musl", "musl on aarch64"),
    ("ci.yml", "python: \"3.14t\"", "free-threaded Python"),
    ("ci.yml", "s/^rust-version = ", "the minimum Rust version"),
    ("release.yml", "x86_64-unknown-linux-musl", "musl on x86-64"),
    ("release.yml", "aarch64-unknown-linux-musl", "musl on aarch64"),
    ("release.yml", "x86_64-apple-darwin", "macOS on x86-64"),
    ("release.yml", "aarch64-apple-darwin", "macOS on aarch64"),
    ("release.yml", "x86_64-pc-windows-msvc", "Windows"),
    ("release.yml", "cargo xtask package", "the checks of what is published"),
    ("release.yml", "cargo publish --locked", "the publication of the crates"),
    ("release.yml", "target/package/sbom", "the lists of dependencies"),
];

/// Fails if a workflow is not valid, lacks a platform, or does not say that it has not been run.
pub(super) fn check() -> Result {
    let folder = root().join(".github").join("workflows");
    let unread = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unread)? {
        files.push(entry.map_err(unread)?.path());
    }
    files.sort();
    let mut problems = Vec::new();
    for file in &files {
        let text = files::read(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        problems.extend(missing(&name, &text));
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    // The schema of GitHub's workflows is part of this package, so nothing is downloaded.
    let python = tools::python_with("package-python", &super::python::PACKAGES)?;
    let checked = program(&python, "-m check_jsonschema --builtin-schema vendor.github-workflows");
    files.iter().fold(checked, |checked, file| checked.arg(file)).run()
}

/// Returns what a workflow lacks.
fn missing(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with(NOT_RUN) {
        problems.push(format!(".github/workflows/{name} does not begin with `{NOT_RUN}`"));
    }
    // Comments cover nothing.
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    for (_, part, what) in COVERED.iter().filter(|(file, ..)| *file == name) {
        if !lines.iter().any(|line| line.contains(part)) {
            problems.push(format!(".github/workflows/{name} does not cover {what} (`{part}`)"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_say_that_they_have_not_been_run() {
        assert_eq!(missing("site.yml", "# Not yet run, because…\nname: Site\n"), Vec::<String>::new());
        assert_eq!(missing("site.yml", "name: Site\n").len(), 1);
    }

    #[test]
    fn platforms_that_are_only_in_a_comment_are_missing() {
        let whole: String = COVERED.iter().map(|(_, part, _)| format!("  - {part}\n")).collect();
        let whole = format!("# Not yet run.\n{whole}");
        assert_eq!(missing("ci.yml", &whole), Vec::<String>::new());
        let without = whole.replace("- \"Windows", "# \"Windows");
        let problems = missing("ci.yml", &without);
        assert!(problems.len() == 1 && problems[0].contains("Windows"), "{problems:?}");
    }
}
