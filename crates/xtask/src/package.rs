//! `cargo xtask package`: checks the packages to publish. It publishes nothing.

use std::fs;
use std::path::Path;

use crate::process::{Result, cargo, root, target};
use crate::tools;

const HELP: &str = "\
usage: cargo xtask package [--quick]

Checks the crates that are published: metadata, licenses and readme of each, that cargo packages them, that every two of
their features compile together (cargo-hack), and that maturin makes a source distribution of the Python package.
Nothing is published.

  --quick   without the features and the source distribution";

/// The published crates, in the order of their dependencies. The other crates are internal, or are published in another
/// form: the C library and the Python module.
const PUBLISHED: [&str; 6] = ["protocol", "client", "arrow", "sandbox", "warehouse", "cli"];

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

pub(crate) fn run(args: &[String]) -> Result {
    let quick = match args {
        [] => false,
        [only] if only == "--quick" => true,
        [only] if only == "--help" || only == "-h" => {
            println!("{HELP}");
            return Ok(());
        }
        _ => return Err(HELP.to_owned()),
    };
    let problems: Vec<String> = PUBLISHED.iter().flat_map(|name| metadata(name)).collect();
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    println!("metadata: {} crates are complete", PUBLISHED.len());
    packaged()?;
    if quick {
        return Ok(());
    }
    features()?;
    source_distribution()
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

/// Packages the crates like `cargo publish`, without building them.
fn packaged() -> Result {
    let mut package = cargo("package --quiet --no-verify --allow-dirty --locked --offline");
    for name in PUBLISHED {
        package = package.arg("--package").arg(package_name(name));
    }
    package.run()?;
    let folder = target().join("package");
    for name in PUBLISHED {
        let file = format!("{}-{}.crate", package_name(name), env!("CARGO_PKG_VERSION"));
        let path = folder.join(&file);
        let len = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        println!("{file}: {} KiB", len.div_ceil(1024));
        // The registry's limit is 10 MiB; a much smaller package that is still large contains something by mistake.
        if len > 1 << 20 {
            return Err(format!(
                "{file} is larger than 1 MiB; `tar -tzf {}` lists its files",
                path.display()
            ));
        }
    }
    Ok(())
}

fn package_name(folder: &str) -> String {
    match folder {
        "client" => "gettickets".to_owned(),
        other => format!("gettickets-{other}"),
    }
}

/// Compiles every pair of features of each crate, except features for this repository's tests.
fn features() -> Result {
    let mut hack = crate::process::program(
        tools::cargo_hack()?,
        "hack check --quiet --feature-powerset --depth 2 --exclude-features fuzzing",
    );
    for name in PUBLISHED {
        hack = hack.arg("--package").arg(package_name(name));
    }
    hack.run()
}

fn source_distribution() -> Result {
    let python = tools::python_with("dist-python", &crate::dist::PACKAGES)?;
    let out = target().join("package").join("python");
    let _ = fs::remove_dir_all(&out);
    tools::maturin(&python, "sdist --out").arg(&out).run()?;
    println!("{}", tools::only_file(&out, "gz")?.display());
    Ok(())
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
        let problems: Vec<String> = PUBLISHED.iter().flat_map(|name| metadata(name)).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}
