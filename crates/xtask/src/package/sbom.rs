//! Writes the dependencies of what users install as CycloneDX documents (a software bill of materials).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::published::{BINARIES, VERSION};
use crate::process::{Result, cargo, program, root, target};
use crate::{files, tools};

/// The name of the files that cargo-cyclonedx writes beside each manifest, without `.json`. They are moved or removed.
const TEMPORARY: &str = "xtask-sbom";

/// A package: its name and its version.
type Package = (String, String);

/// Writes a document for each program or library, and fails if it does not name exactly the packages that cargo resolves.
pub(super) fn check() -> Result {
    let folder = target().join("package").join("sbom");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let written = documents();
    let generated = written.and_then(|()| BINARIES.iter().try_for_each(|name| one(name, &folder)));
    members().iter().for_each(|member| {
        let _ = fs::remove_file(member.join(TEMPORARY).with_extension("json"));
    });
    generated
}

/// Runs cargo-cyclonedx, which writes one file into the directory of each member of the workspace.
fn documents() -> Result {
    // The documents have no serial number and the time of the commit, so that the same sources give the same documents.
    let time = program("git", "log -1 --format=%ct").output().unwrap_or_else(|| "0".to_owned());
    program(
        tools::cargo_cyclonedx()?,
        "cyclonedx --quiet --all --target all --format json --spec-version 1.5 --override-filename",
    )
    .arg(TEMPORARY)
    .env("SOURCE_DATE_EPOCH", time)
    .run()
}

/// Returns the directories of the members of the workspace.
fn members() -> Vec<PathBuf> {
    let crates =
        fs::read_dir(root().join("crates")).into_iter().flatten().flatten().map(|entry| entry.path());
    crates.chain(["c", "python"].map(|name| root().join("bindings").join(name))).collect()
}

/// Writes the document of one package.
fn one(name: &str, folder: &Path) -> Result {
    let directory = match name {
        "gettickets-cli" => root().join("crates").join("cli"),
        binding => root().join("bindings").join(binding.trim_start_matches("gettickets-")),
    };
    let file = directory.join(TEMPORARY).with_extension("json");
    let text = files::read(&file)?;
    let tree = cargo("tree --locked --target all --edges normal,build --prefix none --format {p} --package")
        .arg(name)
        .printed()?;
    let resolved = resolved(&String::from_utf8_lossy(&tree));
    // Where the sources are on this machine is not part of the document.
    let text = text.replace(&format!("{}/", root().display()), "");
    let mut document: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    prune(&mut document, &resolved);
    let problems = problems(&document, name, &resolved);
    if !problems.is_empty() {
        return Err(format!("the document of {name} is wrong:\n{}", problems.join("\n")));
    }
    let text = format!("{document:#}\n");
    if let Some(path) = [root().display().to_string(), home()].iter().find(|path| text.contains(*path)) {
        return Err(format!("the document of {name} contains a path of this machine: {path}"));
    }
    let file = folder.join(format!("{name}-{VERSION}.cdx.json"));
    files::write(&file, text)?;
    println!("{}: {} packages", file.display(), resolved.len() - 1);
    Ok(())
}

/// The user's directory, which has cargo's copies of the sources.
fn home() -> String {
    std::env::home_dir().map_or_else(|| "/home/".to_owned(), |home| format!("{}/", home.display()))
}

/// Reads lines of `cargo tree` such as `serde v1.0.229 (proc-macro)`.
fn resolved(tree: &str) -> BTreeSet<Package> {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    tree.lines().filter_map(package).collect()
}

fn package_of(component: &Value) -> Option<Package> {
    Some((component["name"].as_str()?.to_owned(), component["version"].as_str()?.to_owned()))
}

/// Removes packages that only other members of the workspace depend on: cargo-cyclonedx joins the features of all of them,
/// and with them their optional dependencies.
fn prune(document: &mut Value, resolved: &BTreeSet<Package>) {
    let mut removed = BTreeSet::new();
    if let Some(components) = document["components"].as_array_mut() {
        components.retain(|component| {
            let kept = package_of(component).is_none_or(|package| resolved.contains(&package));
            if !kept {
                removed.extend(component["bom-ref"].as_str().map(str::to_owned));
            }
            kept
        });
    }
    let is_removed = |reference: &Value| reference.as_str().is_some_and(|name| removed.contains(name));
    if let Some(dependencies) = document["dependencies"].as_array_mut() {
        dependencies.retain(|dependency| !is_removed(&dependency["ref"]));
        for dependency in dependencies {
            if let Some(on) = dependency["dependsOn"].as_array_mut() {
                on.retain(|reference| !is_removed(reference));
            }
        }
    }
}

/// Returns what is wrong in a document.
fn problems(document: &Value, name: &str, resolved: &BTreeSet<Package>) -> Vec<String> {
    let mut problems = Vec::new();
    if document["bomFormat"] != "CycloneDX" {
        problems.push("it is not a CycloneDX document".to_owned());
    }
    let subject = document.pointer("/metadata/component").unwrap_or(&Value::Null);
    if subject["name"] != name {
        problems.push(format!("it describes {} instead of {name}", subject["name"]));
    }
    let components = document["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named: BTreeSet<Package> = components.iter().chain([subject]).filter_map(package_of).collect();
    let missing = resolved.difference(&named).map(|(name, version)| format!("it lacks {name} {version}"));
    problems.extend(missing);
    for component in components {
        if component["purl"].as_str().is_none_or(str::is_empty) {
            problems.push(format!("{} has no package URL", component["name"]));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str =
        "program v0.1.0 (/a/b)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nserde v1.0.0 (*)\n\n";

    fn document() -> Value {
        serde_json::json!({
            "bomFormat": "CycloneDX",
            "metadata": {"component": {"name": "program", "version": "0.1.0"}},
            "components": [
                {"name": "serde", "version": "1.0.0", "bom-ref": "s", "purl": "pkg:cargo/serde@1.0.0"},
                {"name": "serde_derive", "version": "1.0.0", "bom-ref": "d", "purl": "pkg:cargo/serde_derive@1.0.0"},
                {"name": "optional", "version": "3.0.0", "bom-ref": "o", "purl": "pkg:cargo/optional@3.0.0"}
            ],
            "dependencies": [{"ref": "p", "dependsOn": ["s", "o"]}, {"ref": "o"}]
        })
    }

    #[test]
    fn packages_that_the_program_does_not_contain_are_removed() {
        let mut pruned = document();
        prune(&mut pruned, &resolved(TREE));
        assert_eq!(pruned["components"].as_array().unwrap().len(), 2);
        assert_eq!(pruned["dependencies"], serde_json::json!([{"ref": "p", "dependsOn": ["s"]}]));
        assert_eq!(problems(&pruned, "program", &resolved(TREE)), Vec::<String>::new());
    }

    #[test]
    fn missing_packages_are_named() {
        let tree = format!("{TREE}ring v0.17.0\n");
        assert_eq!(problems(&document(), "program", &resolved(&tree)), ["it lacks ring 0.17.0"]);
    }

    #[test]
    fn documents_of_something_else_are_refused() {
        let mut other = document();
        other["bomFormat"] = "SPDX".into();
        other["components"][0]["purl"] = Value::Null;
        assert_eq!(problems(&other, "library", &resolved(TREE)).len(), 3);
    }
}
