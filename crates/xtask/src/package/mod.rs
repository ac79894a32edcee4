//! `cargo xtask package`: checks the packages to publish. It publishes nothing.

mod api;
mod archives;
mod external;
mod manifest;
mod minimal;
mod published;
mod python;
mod rust_version;
mod rustdoc;
mod sbom;
mod semver;
mod workflows;

use crate::process::Result;

/// What the arguments choose.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    quick: bool,
    /// Rewrites the committed lists of public items.
    update: bool,
    /// The git revision whose API is compared.
    baseline: Option<String>,
    /// The names of the checks to run, or none for all.
    names: Vec<String>,
}

/// A check with a name.
struct Check {
    name: &'static str,
    about: &'static str,
    /// Whether it takes at most a few seconds, so that `--quick` runs it too.
    quick: bool,
    run: fn(&Options) -> Result,
}

/// Every check, fast ones first.
const CHECKS: &[Check] = &[
    Check {
        name: "metadata",
        about: "description, categories, license files, docs.rs settings of each crate",
        quick: true,
        run: |_| manifest::check(),
    },
    Check {
        name: "rust-version",
        about: "no dependency needs a newer Rust than Cargo.toml states, and the pages state the same",
        quick: true,
        run: |_| rust_version::check(),
    },
    Check {
        name: "archives",
        about: "cargo packages each crate, and no package is large",
        quick: true,
        run: |_| archives::check(),
    },
    Check {
        name: "workflows",
        about: "the files of .github are valid workflows, say what has not been run, and cover each platform",
        quick: false,
        run: |_| workflows::check(),
    },
    Check {
        name: "sbom",
        about: "writes a list of the dependencies (CycloneDX) of the program, the C library and the Python module",
        quick: false,
        run: |_| sbom::check(),
    },
    Check {
        name: "api",
        about: "the public items are those of tests/api; `--update` rewrites the files",
        quick: false,
        run: |options| api::check(options.update),
    },
    Check {
        name: "types",
        about: "public items expose types of no other crates than those that are allowed",
        quick: false,
        run: |_| external::check(),
    },
    Check {
        name: "features",
        about: "every two features of a crate compile together (cargo-hack)",
        quick: false,
        run: |_| archives::features(),
    },
    Check {
        name: "minimal",
        about: "the crates compile with the oldest version of each dependency that they accept",
        quick: false,
        run: |_| minimal::check(),
    },
    Check {
        name: "python",
        about: "a source distribution and a wheel, which twine and check-wheel-contents accept",
        quick: false,
        run: |_| python::check(),
    },
    Check {
        name: "semver",
        about: "compares the API with that of the newest tag, or with `--baseline`; fails from version 1.0 on",
        quick: false,
        run: |options| semver::check(options.baseline.as_deref()),
    },
    Check {
        name: "publish",
        about: "cargo publish --dry-run: compiles each crate from its package",
        quick: false,
        run: |_| archives::publish(),
    },
];

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{}", help());
        return Ok(());
    }
    let options = parse(args)?;
    for check in chosen(&options)? {
        println!("== {}", check.name);
        (check.run)(&options)
            .map_err(|error| format!("{error}\n`cargo xtask package {}` failed", check.name))?;
    }
    Ok(())
}

fn help() -> String {
    let mut text = "\
usage: cargo xtask package [--quick] [--update] [--baseline REVISION] [CHECK…]

Checks what is published: the Rust crates, the Python package, and the lists of dependencies. Nothing is published.
The checks, of which all run if none is named:
"
    .to_owned();
    for check in CHECKS {
        let quick = if check.quick { "*" } else { " " };
        text.push_str(&format!("\n {quick} {:13}{}", check.name, check.about));
    }
    text + "\n
  --quick               only those with a star, which take some seconds
  --update              rewrite the files that the check `api` compares
  --baseline REVISION   the git revision that the check `semver` compares with, instead of the newest tag"
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--update" => options.update = true,
            "--baseline" => {
                let revision = args.next().ok_or("--baseline needs a git revision")?;
                options.baseline = Some(revision.clone());
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}\n\n{}", help()));
            }
            name => options.names.push(name.to_owned()),
        }
    }
    Ok(options)
}

/// Returns the chosen checks in the order of the table.
fn chosen(options: &Options) -> Result<Vec<&'static Check>> {
    if let Some(unknown) = options.names.iter().find(|name| CHECKS.iter().all(|check| check.name != **name)) {
        return Err(format!("unknown check {unknown:?}\n\n{}", help()));
    }
    let named =
        |check: &Check| options.names.is_empty() || options.names.iter().any(|name| name == check.name);
    let chosen: Vec<&Check> =
        CHECKS.iter().filter(|check| named(check) && (check.quick || !options.quick)).collect();
    let updates = |check: &&Check| check.name == "api";
    if options.update && !chosen.iter().any(updates) {
        return Err("--update is only for the check `api`, which was not chosen".to_owned());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[&str]) -> Result<Vec<&'static str>> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Ok(chosen(&parse(&args)?)?.iter().map(|check| check.name).collect())
    }

    #[test]
    fn arguments_choose_checks() {
        assert_eq!(names(&[]).unwrap().len(), CHECKS.len());
        assert_eq!(names(&["--quick"]).unwrap(), ["metadata", "rust-version", "archives"]);
        assert_eq!(names(&["types", "api", "--update"]).unwrap(), ["api", "types"]);
        assert_eq!(names(&["semver", "--baseline", "v0.1.0"]).unwrap(), ["semver"]);
    }

    #[test]
    fn wrong_arguments_are_errors() {
        for (args, problem) in [
            (vec!["apis"], "unknown check \"apis\""),
            (vec!["--fast"], "unknown option --fast"),
            (vec!["--baseline"], "needs a git revision"),
            (vec!["--quick", "--update"], "only for the check `api`"),
        ] {
            let error = names(&args).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }
}
