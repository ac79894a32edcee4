//! Checks the Python package: its source distribution and its wheel.

use std::fs;

use crate::process::{Result, program, target};
use crate::tools;

/// The tools, pinned.
pub(super) const PACKAGES: [&str; 4] =
    ["maturin==1.16.0", "twine==7.0.0", "check-wheel-contents==0.6.3", "check-jsonschema==0.39.0"];

/// Builds both and checks their metadata and the files of the wheel.
pub(super) fn check() -> Result {
    let python = tools::python_with("package-python", &PACKAGES)?;
    let out = target().join("package").join("python");
    let _ = fs::remove_dir_all(&out);
    tools::maturin(&python, "sdist --out").arg(&out).run()?;
    let sdist = tools::only_file(&out, "gz")?;
    // Not the profile of a release: only the metadata and the names of the files are checked.
    let wheel = crate::test::wheel(&python)?;
    program(&python, "-m twine check --strict").arg(&sdist).arg(&wheel).run()?;
    program(&python, "-m check_wheel_contents").arg(&wheel).run()
}
