//! Checks the stated minimum Rust version against the dependencies. That the code itself needs no newer one is checked by
//! clippy's `incompatible_msrv` and by the CI job `minimum-rust`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::published::packages;
use crate::files;
use crate::process::{Result, cargo, root};

/// Pages that state the version.
const PAGES: [&str; 4] =
    ["README.md", "bindings/c/README.md", "bindings/python/README.md", "docs/src/start/command-line.md"];

/// Major, minor and patch number.
type Version = (u32, u32, u32);

/// Fails if a dependency of a published package needs a newer version, or a page states another one.
pub(super) fn check() -> Result {
    let printed = cargo("metadata --format-version 1 --all-features --locked").printed()?;
    let metadata = serde_json::from_slice(&printed).map_err(|error| format!("cargo metadata: {error}"))?;
    let graph = Graph::of(&metadata).ok_or("cargo metadata has another format than expected")?;
    let stated = graph.stated()?;
    let mut problems = graph.too_new(&packages(), &stated);
    for page in PAGES {
        let text = files::read(root().join(page))?;
        if !text.contains(&format!("Rust {stated}")) {
            problems.push(format!("{page} does not say \"Rust {stated}\", the `rust-version` of Cargo.toml"));
        }
    }
    if problems.is_empty() {
        println!("Rust {stated} is enough for every dependency");
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}

/// The packages that cargo resolves.
struct Graph {
    packages: BTreeMap<String, Package>,
}

/// A package and the ids of what it is compiled with.
struct Package {
    name: String,
    version: String,
    rust_version: Option<String>,
    dependencies: Vec<String>,
}

impl Graph {
    /// Reads the output of `cargo metadata`.
    fn of(metadata: &Value) -> Option<Graph> {
        let mut packages = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            let found = Package {
                name: package["name"].as_str()?.to_owned(),
                version: package["version"].as_str()?.to_owned(),
                rust_version: package["rust_version"].as_str().map(str::to_owned),
                dependencies: Vec::new(),
            };
            packages.insert(package["id"].as_str()?.to_owned(), found);
        }
        for node in metadata.pointer("/resolve/nodes")?.as_array()? {
            let mut dependencies = Vec::new();
            for dependency in node["deps"].as_array()? {
                // Dependencies of tests do not reach users.
                if dependency["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"] != "dev") {
                    dependencies.push(dependency["pkg"].as_str()?.to_owned());
                }
            }
            packages.get_mut(node["id"].as_str()?)?.dependencies = dependencies;
        }
        Some(Graph { packages })
    }

    /// Returns the version that the published packages state, which is the same for all.
    fn stated(&self) -> Result<String> {
        let published = packages();
        let stated: BTreeSet<&str> = self
            .packages
            .values()
            .filter(|package| published.contains(&package.name))
            .map(|package| package.rust_version.as_deref().unwrap_or("none"))
            .collect();
        match Vec::from_iter(stated).as_slice() {
            [only] => Ok((*only).to_owned()),
            several => Err(format!("the published packages state different Rust versions: {several:?}")),
        }
    }

    /// Returns the dependencies of these packages that need a newer Rust than the stated one.
    fn too_new(&self, roots: &[String], stated: &str) -> Vec<String> {
        let mut problems = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let is_root = |(_, package): &(&String, &Package)| roots.contains(&package.name);
        let mut next: Vec<&String> = self.packages.iter().filter(is_root).map(|(id, _)| id).collect();
        while let Some(id) = next.pop() {
            let Some(package) = self.packages.get(id).filter(|_| seen.insert(id)) else { continue };
            next.extend(&package.dependencies);
            let Some(needed) = &package.rust_version else { continue };
            if number(needed) > number(stated) {
                problems.insert(format!(
                    "{} {} needs Rust {needed}, and Cargo.toml states {stated}: use an earlier version of it \
                     (`cargo tree --invert {}` shows who depends on it), or raise `rust-version`",
                    package.name, package.version, package.name
                ));
            }
        }
        problems.into_iter().collect()
    }
}

/// Returns the numbers of a version. Missing ones are 0.
fn number(version: &str) -> Version {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Value {
        let package = |name: &str, needed: &str| serde_json::json!({"id": name, "name": name, "version": "1.2.3", "rust_version": needed});
        serde_json::json!({
            "packages": [
                package("program", "1.89"), package("direct", "1.80.1"), package("indirect", "1.89.1"),
                package("for-tests", "1.95"), package("unrelated", "1.95")
            ],
            "resolve": {"nodes": [
                {"id": "program", "deps": [
                    {"pkg": "direct", "dep_kinds": [{"kind": null}]},
                    {"pkg": "for-tests", "dep_kinds": [{"kind": "dev"}]}
                ]},
                {"id": "direct", "deps": [{"pkg": "indirect", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]}]},
            ]}
        })
    }

    #[test]
    fn dependencies_that_need_a_newer_rust_are_named() {
        let graph = Graph::of(&metadata()).unwrap();
        let problems = graph.too_new(&["program".to_owned()], "1.89");
        assert!(
            problems.len() == 1 && problems[0].starts_with("indirect 1.2.3 needs Rust 1.89.1"),
            "{problems:?}"
        );
        assert_eq!(graph.too_new(&["program".to_owned()], "1.90"), Vec::<String>::new());
        assert_eq!(graph.too_new(&["unrelated".to_owned()], "1.90").len(), 1);
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(number("1.100") > number("1.89.9") && number("1.89") == number("1.89.0"));
    }

    #[test]
    fn other_formats_are_not_read() {
        assert!(Graph::of(&serde_json::json!({"packages": [{"name": "x"}]})).is_none());
    }
}
