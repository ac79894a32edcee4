//! The steps, in the order in which they run: fast ones first, and each after the step whose build it needs.

use super::{c, engines, interop, python};
use crate::process::{Result, cargo, program};
use crate::tools;

/// A check with a name.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) run: fn() -> Result,
}

/// Every step. A new one is a function and a row.
pub(super) const STEPS: &[Step] = &[
    Step { name: "format", about: "the code is formatted as rustfmt.toml says", run: format },
    Step { name: "words", about: "texts and names use standard words", run: words },
    Step { name: "modules", about: "no files of a crate import each other", run: modules },
    Step { name: "clippy", about: "no lint warns, tests included", run: clippy },
    Step { name: "deny", about: "licenses, bans and sources of the dependencies (deny.toml)", run: deny },
    Step { name: "rust", about: "every Rust test, documentation examples included", run: rust },
    Step { name: "scan", about: "the guarantee of a scan, with a report of the histories tried", run: scan },
    Step {
        name: "models",
        about: "the concurrent parts under model checkers, in a thousand schedules",
        run: models,
    },
    Step {
        name: "fuzz",
        about: "every fuzz target builds and runs for some seconds",
        run: crate::fuzz::test,
    },
    Step {
        name: "spreadsheet",
        about: "LibreOffice finds no formula in a CSV file; skipped if it is not installed",
        run: spreadsheet,
    },
    Step {
        name: "singer",
        about: "a Singer target loads the output of the command (meltanolabs-target-csv from PyPI)",
        run: singer,
    },
    Step {
        name: "docs",
        about: "rustdoc warns of nothing; the site's pages are complete, and their links lead somewhere",
        run: docs,
    },
    Step {
        name: "interop",
        about: "third-party clients read the sandbox (tests/interop)",
        run: interop::run,
    },
    Step { name: "c", about: "libgettickets from C and C++, installed like a release", run: c::run },
    Step {
        name: "python",
        about: "the Python package: stubs, types, tests, with every Python that is installed",
        run: python::run,
    },
    Step {
        name: "spark",
        about: "the Python package in Spark, dlt and the recipes, with Java from Debian",
        run: engines::run,
    },
];

fn format() -> Result {
    cargo("fmt --all --check").run().map_err(|error| format!("{error}\n`cargo fmt --all` formats the code"))
}

fn words() -> Result {
    crate::words::run(&[])
}

fn modules() -> Result {
    crate::modules::run(&[])
}

fn clippy() -> Result {
    cargo("clippy --workspace --all-targets --locked -- -D warnings").run()
}

fn deny() -> Result {
    let deny = tools::cargo_deny()?;
    // Two versions of one crate are a warning (deny.toml); their trees would hide errors.
    program(deny, "--locked --all-features check --hide-inclusion-graph licenses bans sources").run()
}

fn rust() -> Result {
    tools::php()?;
    tools::postgresql()?;
    if let Err(problem) = tools::nginx() {
        println!("skipped: the tests with nginx: {problem}");
    }
    cargo("test --workspace --locked")
        // Snapshots are only compared, regardless of the environment.
        .env("INSTA_UPDATE", "no")
        .without_env("INSTA_FORCE_PASS")
        .run()
}

/// The step `rust` has run these tests too, with fewer histories and without showing their report.
fn scan() -> Result {
    cargo("test --quiet --locked --workspace --test scan -- --nocapture --test-threads=1 model adversary")
        .env("SCAN_HISTORIES", "100000")
        .run()
}

/// The step `rust` has run these tests too, with fewer schedules.
fn models() -> Result {
    cargo("test --quiet --locked --workspace --test threads --test atomics")
        .env("MODEL_SCHEDULES", "1000")
        .run()
}

fn spreadsheet() -> Result {
    if !program("soffice", "--version").succeeds() {
        println!("skipped: LibreOffice is not installed (in Debian: apt-get install libreoffice-calc-nogui)");
        return Ok(());
    }
    // Of the whole workspace, so that the build of the tests is reused.
    cargo("test --workspace --locked --test it -- --ignored spreadsheet").run()
}

fn singer() -> Result {
    let python = tools::python_with("singer", &["meltanolabs-target-csv==0.5.0"])?;
    let target = python.with_file_name("target-csv");
    cargo("test --workspace --locked --test it -- --ignored a_target_loads")
        .env("GETTICKETS_TARGET_CSV", target)
        .run()
}

fn docs() -> Result {
    cargo("doc --workspace --no-deps --locked").env("RUSTDOCFLAGS", "-D warnings").run()?;
    crate::docs::tested_pages()
}
