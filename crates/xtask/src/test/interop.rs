//! Runs third-party clients against the sandbox; see tests/interop.

use crate::process::{Result, cargo, program, root, target};
use crate::tools;

/// The packages of the tests, pinned so that changes in them are noticed.
const PACKAGES: [&str; 1] = ["whmcspy==0.3.0"];

pub(super) fn run() -> Result {
    // With the features and profile of the previous step, so that its artifacts are reused.
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
