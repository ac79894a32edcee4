//! Clients that others wrote, against the sandbox: tests/interop says which and what they show.

use crate::process::{Result, cargo, program, root, target};
use crate::tools;

/// What the tests import, pinned: a change of theirs is to be seen as such.
const PACKAGES: [&str; 1] = ["whmcspy==0.3.0"];

pub(super) fn run() -> Result {
    // With the tests' features and profile, so that what the step before has built serves here too.
    cargo("build --workspace --bins --tests --locked --quiet").run()?;
    let gettickets =
        target().join("debug").join("gettickets").with_extension(std::env::consts::EXE_EXTENSION);
    let python = tools::python_with("interop-python", &PACKAGES)?;
    program(
        python,
        "-W error::ResourceWarning -m unittest discover --verbose --pattern test_*.py --start-directory",
    )
    .arg(root().join("tests").join("interop"))
    .env("GETTICKETS", gettickets)
    .env("PYTHONDONTWRITEBYTECODE", "1")
    .run()
}
