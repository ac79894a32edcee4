//! The lists of mutants that no test detects, with the reasons why they change no result.
//!
//! The list of a package is `.cargo/survivors/PACKAGE.toml`. It names a mutant by its file, its change and the text of its
//! line: a line's number changes when lines are added above it. If a line has the same change twice, both have one name.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::list::Mutant;

/// The content of a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    survivors: Vec<Group>,
}

/// Mutants with the same reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    mutants: Vec<String>,
}

/// The listed mutants of a package.
#[derive(Debug, Default)]
pub(crate) struct Survivors {
    listed: HashSet<String>,
    /// The list's name for each mutant of the package, by the name that cargo-mutants prints.
    names: HashMap<String, String>,
}

impl Survivors {
    /// Reads the list of this package, and the lines of these mutants.
    pub(crate) fn read(tree: &Path, package: &str, mutants: &[Mutant]) -> Result<Survivors, String> {
        let listed = read(&file(tree, package))?;
        let (mut texts, mut names) = (HashMap::new(), HashMap::new());
        for mutant in mutants.iter().filter(|mutant| mutant.package == package) {
            if !texts.contains_key(&mutant.file) {
                texts.insert(&mutant.file, crate::read(&tree.join(&mutant.file))?);
            }
            let line = texts[&mutant.file].lines().nth(mutant.span.start.line.saturating_sub(1));
            if let (Some(line), Some(change)) = (line, change(&mutant.name)) {
                names.insert(mutant.name.clone(), format!("{}: {change}: {}", mutant.file, line.trim()));
            }
        }
        let listed = listed.survivors.into_iter().flat_map(|group| group.mutants).collect();
        Ok(Survivors { listed, names })
    }

    /// Whether this mutant is listed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|listed| self.listed.contains(listed))
    }

    /// The entries of the list that no longer name a mutant, or name detected mutants only.
    pub(crate) fn superfluous(&self, detected: &HashSet<&str>, missed: &HashSet<&str>) -> Vec<&str> {
        let named = |names: &HashSet<&str>| -> HashSet<&str> {
            self.names
                .iter()
                .filter(|(name, _)| names.contains(name.as_str()))
                .map(|(_, key)| &**key)
                .collect()
        };
        let (detected, missed) = (named(detected), named(missed));
        let exist: HashSet<&str> = self.names.values().map(String::as_str).collect();
        let listed = self.listed.iter().map(String::as_str);
        let mut superfluous: Vec<_> = listed
            .filter(|key| !exist.contains(key) || (detected.contains(key) && !missed.contains(key)))
            .collect();
        superfluous.sort_unstable();
        superfluous
    }
}

fn file(tree: &Path, package: &str) -> PathBuf {
    tree.join(".cargo").join("survivors").join(package).with_extension("toml")
}

/// Reads a file. A package without one has no listed mutants.
fn read(path: &Path) -> Result<Listed, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Listed::default()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let listed: Listed = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    match listed.survivors.iter().find(|group| group.reason.trim().is_empty() || group.mutants.is_empty()) {
        Some(group) => Err(format!("{}: a reason or its mutants are missing: {group:?}", path.display())),
        None => Ok(listed),
    }
}

/// The change in the name of a mutant, without the place: `FILE:LINE:COLUMN: CHANGE`.
fn change(name: &str) -> Option<&str> {
    name.split_once(": ").map(|(_, change)| change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{Position, Span};

    fn mutant(line: usize, change: &str) -> Mutant {
        let start = Position { line, column: 8 };
        Mutant {
            name: format!("src/a.rs:{line}:8: {change}"),
            package: "p".to_owned(),
            file: "src/a.rs".to_owned(),
            span: Span { start, end: start },
            replacement: String::new(),
        }
    }

    #[test]
    fn a_mutant_is_named_by_its_file_its_change_and_its_line() {
        let tree = std::env::temp_dir().join(format!("survivors-{}", std::process::id()));
        fs::create_dir_all(tree.join("src")).unwrap();
        fs::create_dir_all(tree.join(".cargo/survivors")).unwrap();
        fs::write(tree.join("src/a.rs"), "fn a() {\n    if b < c {\n    if b < d {\n").unwrap();
        let entry = |line: &str| format!("\"src/a.rs: replace < with <= in a: {line}\"");
        let entries = format!("[{}, {}]", entry("if b < c {"), entry("if gone {"));
        fs::write(
            file(&tree, "p"),
            format!("[[survivors]]\nreason = \"b is never c\"\nmutants = {entries}\n"),
        )
        .unwrap();
        let change = "replace < with <= in a";
        let mutants = [mutant(2, change), mutant(3, change), mutant(2, "replace < with > in a")];
        let survivors = Survivors::read(&tree, "p", &mutants).unwrap();
        let has: Vec<_> = mutants.iter().map(|mutant| survivors.has(&mutant.name)).collect();
        assert_eq!(has, [true, false, false]);
        let first = HashSet::from([mutants[0].name.as_str()]);
        let gone = "src/a.rs: replace < with <= in a: if gone {";
        assert_eq!(survivors.superfluous(&HashSet::new(), &first), [gone]);
        let both = survivors.superfluous(&first, &HashSet::new());
        assert_eq!(both, ["src/a.rs: replace < with <= in a: if b < c {", gone]);
        fs::write(file(&tree, "p"), "[[survivors]]\nreason = \"\"\nmutants = [\"x\"]\n").unwrap();
        assert!(Survivors::read(&tree, "p", &mutants).unwrap_err().contains("missing"));
        assert!(Survivors::read(&tree, "other", &[]).unwrap().listed.is_empty());
        fs::remove_dir_all(tree).unwrap();
    }

    #[test]
    fn the_code_of_each_listed_mutant_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = root.join(".cargo").join("survivors");
        let mut problems = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let listed = read(&entry.unwrap().path()).unwrap();
            for mutant in listed.survivors.iter().flat_map(|group| &group.mutants) {
                let parts: Vec<_> = mutant.splitn(2, ": ").collect();
                let [path, rest] = parts[..] else { panic!("{mutant}: no file") };
                let text = fs::read_to_string(root.join(path)).unwrap_or_default();
                let is_there = |line: &str| {
                    let line = line.trim();
                    !line.is_empty() && rest.strip_suffix(line).is_some_and(|change| change.ends_with(": "))
                };
                if !text.lines().any(is_there) {
                    problems.push(mutant.clone());
                }
            }
        }
        assert!(problems.is_empty(), "no line has the code of these:\n{}", problems.join("\n"));
    }
}
