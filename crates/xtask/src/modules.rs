//! Finds import circles: files of one crate that import each other, directly or through others.
//!
//! A file imports another if it contains a path that begins with `crate`, `super` or `self` and leads there. `mod`
//! lines and `#[cfg(test)]` modules are ignored. A re-exported name counts as imported from the file that defines it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::files;
use crate::process::{Result, root};

/// Fails if any crate of the workspace has an import circle.
pub(crate) fn run(_args: &[String]) -> Result {
    let mut circles = Vec::new();
    for folder in ["crates", "bindings"] {
        let entries = fs::read_dir(root().join(folder)).map_err(|error| format!("{folder}: {error}"))?;
        let mut crates: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        crates.sort();
        for path in crates.iter().filter(|path| path.join("src").is_dir()) {
            let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
            let files = Crate::read(&path.join("src"))?;
            println!("{name}: {} modules", files.modules.len());
            circles
                .extend(files.circles().into_iter().map(|circle| format!("{name}: {}", circle.join(", "))));
        }
    }
    if circles.is_empty() {
        return Ok(());
    }
    Err(format!(
        "these files import each other; move what they share into a file below both:\n  {}",
        circles.join("\n  ")
    ))
}

/// The modules of a crate that are files, by their path from the crate's root.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Vec<String>, Module>,
}

/// One file.
struct Module {
    file: String,
    /// The paths in the file, from the crate's root.
    paths: BTreeSet<Vec<String>>,
    /// The re-exports of the file: local name, path from the crate's root.
    exports: BTreeMap<String, Vec<String>>,
}

impl Crate {
    fn read(src: &Path) -> Result<Crate> {
        let mut files = Vec::new();
        rust_files(src, &mut files)?;
        let mut found = Crate::default();
        for file in files {
            let relative = file.strip_prefix(src).unwrap_or(&file);
            let mut module: Vec<String> =
                relative.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module.last().is_some_and(|name| matches!(name.as_str(), "mod" | "lib" | "main")) {
                module.pop();
            }
            if module.last().is_some_and(|name| name == "tests") {
                continue;
            }
            let text = files::read(&file)?;
            let parsed = Module::parse(relative.display().to_string(), &module, &text);
            // main.rs beside lib.rs has the same path; together they are the root.
            match found.modules.get_mut(&module) {
                Some(root) => {
                    root.paths.extend(parsed.paths);
                    root.exports.extend(parsed.exports);
                }
                None => {
                    found.modules.insert(module, parsed);
                }
            }
        }
        Ok(found)
    }

    /// The module that a path leads to, through re-exports.
    fn resolve(&self, path: &[String], depth: u32) -> Option<&[String]> {
        let len =
            (0..=path.len()).rev().find(|len| self.modules.contains_key(path.get(..*len).unwrap_or(&[])))?;
        let (module, rest) = path.split_at(len);
        let (key, found) = self.modules.get_key_value(module)?;
        let target = rest.first().and_then(|name| found.exports.get(name));
        match target {
            Some(target) if depth < 16 => {
                let whole: Vec<String> =
                    target.iter().chain(rest.get(1..).unwrap_or_default()).cloned().collect();
                self.resolve(&whole, depth + 1)
            }
            _ => Some(key),
        }
    }

    fn edges(&self) -> BTreeMap<&[String], BTreeSet<&[String]>> {
        let target =
            |key: &[String], path: &Vec<String>| self.resolve(path, 0).filter(|target| *target != key);
        self.modules
            .iter()
            .map(|(key, module)| {
                let key = key.as_slice();
                (key, module.paths.iter().filter_map(|path| target(key, path)).collect())
            })
            .collect()
    }

    /// The groups of files that reach each other.
    fn circles(&self) -> Vec<Vec<String>> {
        let edges = self.edges();
        let reach: BTreeMap<&[String], BTreeSet<&[String]>> =
            edges.keys().map(|from| (*from, reachable(&edges, from))).collect();
        let mut done: BTreeSet<&[String]> = BTreeSet::new();
        let mut circles = Vec::new();
        for (from, to) in &reach {
            if done.contains(from) || !to.contains(from) {
                continue;
            }
            let group: Vec<&[String]> = to
                .iter()
                .copied()
                .filter(|other| reach.get(other).is_some_and(|back| back.contains(from)))
                .collect();
            done.extend(&group);
            circles.push(group.iter().filter_map(|key| Some(self.modules.get(*key)?.file.clone())).collect());
        }
        circles
    }
}

fn reachable<'a>(
    edges: &BTreeMap<&'a [String], BTreeSet<&'a [String]>>,
    from: &[String],
) -> BTreeSet<&'a [String]> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&[String]> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = next.pop() {
        if seen.insert(module) {
            next.extend(edges.get(module).into_iter().flatten());
        }
    }
    seen
}

impl Module {
    fn parse(file: String, module: &[String], text: &str) -> Module {
        let tokens = tokens(text);
        let tokens = without_tests(&tokens);
        let mut parsed = Module { file, paths: BTreeSet::new(), exports: BTreeMap::new() };
        let mut at = 0;
        let mut exported = false;
        while let Some(token) = tokens.get(at) {
            match token.as_str() {
                "use" => {
                    exported = at > 0 && matches!(tokens.get(at - 1).map(String::as_str), Some("pub" | ")"))
                }
                ";" => exported = false,
                "crate" | "super" | "self" if tokens.get(at + 1).is_some_and(|next| next == "::") => {
                    // `pub(crate)` and `self.field` have no `::` after them; `a::self::b` does not exist.
                    let from = match token.as_str() {
                        "crate" => Vec::new(),
                        "super" => module.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default(),
                        _ => module.to_vec(),
                    };
                    let mut leaves = Vec::new();
                    at = tree(tokens, at + 1, from, &mut leaves);
                    for (name, path) in leaves {
                        match name {
                            Some(name) if exported => {
                                // A file that uses its own re-export imports it as well.
                                if tokens.iter().filter(|token| **token == name).count() > 1 {
                                    parsed.paths.insert(path.clone());
                                }
                                parsed.exports.insert(name, path);
                            }
                            _ => {
                                parsed.paths.insert(path);
                            }
                        }
                    }
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        parsed
    }
}

/// A path, and its local name if it was imported.
type Leaf = (Option<String>, Vec<String>);

/// Parses the rest of a path: `::a::b`, `::{a, b::c}`. Returns the index after it.
fn tree(tokens: &[String], mut at: usize, mut path: Vec<String>, leaves: &mut Vec<Leaf>) -> usize {
    let is = |at: usize, token: &str| tokens.get(at).is_some_and(|found| found == token);
    while is(at, "::") {
        at += 1;
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while at < tokens.len() && !is(at, "}") {
                    let mut inner = path.clone();
                    if is(at, "super") {
                        inner.pop();
                    } else if let Some(name) = tokens.get(at).filter(|name| is_name(name) && *name != "self")
                    {
                        inner.push(name.clone());
                    }
                    at = tree(tokens, at + 1, inner, leaves);
                    if is(at, ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some("super") => {
                path.pop();
            }
            Some(name) if is_name(name) => path.push(name.to_owned()),
            _ => break,
        }
        at += 1;
    }
    let mut name = path.last().cloned();
    if is(at, "as") {
        name = tokens.get(at + 1).cloned();
        at += 2;
    }
    leaves.push((name, path));
    at
}

fn is_name(token: &str) -> bool {
    token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Leaves out `#[cfg(test)] mod name { … }`.
fn without_tests(tokens: &[String]) -> &[String] {
    let pattern = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let starts = |window: &[String]| window.iter().map(String::as_str).eq(pattern);
    // Test modules are the last item of a file here.
    let end = tokens.windows(pattern.len()).position(starts).unwrap_or(tokens.len());
    tokens.get(..end).unwrap_or(tokens)
}

/// Splits into names, `::` and single punctuation characters, without comments, strings and characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let start = rest.find('"').map_or(rest.len(), |quote| quote + 1);
            let close = format!("\"{}", "#".repeat(hashes));
            let body = rest.get(start..).unwrap_or_default();
            body.find(&close).map_or(rest.len(), |end| start + end + close.len())
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            character(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest.get(..len).unwrap_or_default().to_owned());
            len
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = rest.get(len.max(1)..).unwrap_or_default();
    }
    tokens
}

/// The number of `#` of a raw string that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after.get(hashes..)?.starts_with('"').then_some(hashes)
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, or of the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text.get(2..).and_then(|rest| rest.find('\'')).map_or(1, |end| {
            // `'\''`: the first quote found is the escaped one.
            if text.as_bytes().get(2) == Some(&b'\'') { 4 } else { end + 3 }
        }),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let mut found = Crate::default();
        for (name, text) in files {
            let mut module: Vec<String> = name.split('/').map(str::to_owned).collect();
            if *name == "lib" {
                module.clear();
            }
            found.modules.insert(module.clone(), Module::parse((*name).to_owned(), &module, text));
        }
        found.circles()
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle() {
        let found =
            circles(&[("a", "use crate::b::B;"), ("b", "use super::a::{self, A};"), ("c", "use crate::a;")]);
        assert_eq!(found, [["a", "b"]]);
    }

    #[test]
    fn a_parent_and_its_child_can_be_a_circle() {
        let found = circles(&[("a", "mod c; use self::c::C;"), ("a/c", "use super::Thing;")]);
        assert_eq!(found, [["a", "a/c"]]);
        assert!(circles(&[("a", "mod c; use self::c::C;"), ("a/c", "fn f() {}")]).is_empty());
    }

    #[test]
    fn a_reexported_name_is_imported_from_its_own_file() {
        let files = [("lib", "mod a; mod b; pub use crate::a::A;"), ("a", ""), ("b", "use crate::A;")];
        assert!(circles(&files).is_empty());
        let files = [
            ("lib", "mod a; mod b; pub use crate::a::A as X;"),
            ("a", "use crate::b;"),
            ("b", "use crate::X;"),
        ];
        assert_eq!(circles(&files), [["a", "b"]]);
    }

    #[test]
    fn a_file_that_uses_its_reexport_imports_it() {
        let uses = [("a", "mod c; pub use self::c::C; fn f(c: C) {}"), ("a/c", "use super::Thing;")];
        assert_eq!(circles(&uses), [["a", "a/c"]]);
        let only_exports = [("a", "mod c; pub use self::c::C;"), ("a/c", "use super::Thing;")];
        assert!(circles(&only_exports).is_empty());
    }

    #[test]
    fn comments_strings_and_tests_are_ignored() {
        let text = r##"
            // use crate::b;
            const A: &str = "crate::b::C"; const R: &str = r#"crate::b"#; const Q: char = '"';
            fn f<'a>(x: &'a str) {} /* crate::b::D */
            #[cfg(test)] mod tests { use crate::b; }
        "##;
        assert!(circles(&[("a", text), ("b", "use crate::a::A;")]).is_empty());
    }
}
