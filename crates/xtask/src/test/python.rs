//! The Python package: builds one wheel and runs every check against it.

use std::env::consts::EXE_EXTENSION;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Result, cargo, program, root, target};
use crate::tools;

/// The packages that the checks need, pinned so that changes in them are noticed.
const PACKAGES: [&str; 16] = [
    "maturin==1.16.0",
    "pytest==9.2.0",
    "trustme==1.2.1",
    "mypy==2.4.1",
    "typing_extensions==4.16.0",
    "pandas-stubs==3.1.0.261029",
    "pyarrow-stubs==20.0.0.20260819",
    "pyright[nodejs]==1.1.414",
    "ruff==0.17.6",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
    "duckdb==2.0.1",
    "nanoarrow==0.9.0",
    "fastapi==0.165.0",
    "tqdm==4.70.1",
];

/// The minor versions of Python 3 to search for by name; the first is the oldest that the wheel supports.
const MINOR_VERSIONS: std::ops::Range<u32> = 10..16;

pub(super) fn run() -> Result {
    let python = tools::python_with("python", &PACKAGES)?;
    let home = root().join("bindings").join("python");
    let here = |module: &str, args: &str| {
        program(&python, "-m").arg(module).args(args).directory(&home).env("PYTHONDONTWRITEBYTECODE", "1")
    };
    here("ruff", "format --check --no-cache .").run()?;
    here("ruff", "check --quiet --no-cache .").run()?;

    let wheel = wheel(&python)?;
    tools::install_wheel(&python, &wheel)?;
    let cache = target().join("mypy-cache");
    let mypy = |args: &str| here("mypy", args).arg("--cache-dir").arg(&cache);
    mypy("--package gettickets").env("MYPYPATH", "python").run()?;
    mypy("tests/typing").run()?;
    // The optional extras are not installed here; the step `spark` has them.
    here("mypy.stubtest", "gettickets --mypy-config-file pyproject.toml --allowlist tests/typing/extras.txt")
        .run()?;
    here("pyright", "--pythonpath").arg(&python).run()?;
    // With the features and the profile of the other tests, so that their builds are reused.
    cargo("build --workspace --bins --tests --locked --quiet").run()?;
    let faults = target().join("debug").join("gettickets-faults").with_extension(EXE_EXTENSION);
    here("pytest", "--quiet").env("GETTICKETS_FAULT_SERVER", faults).run()?;
    let script = home.join("tests").join("smoke.py");
    interpreters().iter().try_for_each(|other| tools::smoke(other, &wheel, &script))
}

/// Builds the wheel with the profile and features of the other tests, so that their build is reused.
pub(crate) fn wheel(python: &Path) -> Result<PathBuf> {
    let wheels = target().join("wheels");
    // A wheel of an earlier version would be installed instead.
    let _ = fs::remove_dir_all(&wheels);
    tools::maturin(python, "build --profile dev --locked --quiet --compatibility linux --out")
        .arg(&wheels)
        .run()?;
    tools::only_file(&wheels, "whl")
}

/// Returns other supported interpreters on this machine: those on PATH, and those of pyenv.
fn interpreters() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        MINOR_VERSIONS.map(|minor| PathBuf::from(format!("python3.{minor}"))).collect();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    if let Some(versions) = pyenv.and_then(|pyenv| fs::read_dir(pyenv.join("versions")).ok()) {
        found.extend(versions.flatten().map(|version| version.path().join("bin").join("python")));
    }
    let version = |python: &PathBuf| {
        let output = program(python, "-c")
            .arg("import sys, sysconfig, venv, ensurepip; print(sys.version_info[:3], sysconfig.get_config_var('Py_GIL_DISABLED') or 0, sys.implementation.name)")
            .output()?;
        let numbers = output.strip_prefix("(3, ")?.strip_suffix(") 0 cpython")?;
        let minor: u32 = numbers.split(',').next()?.parse().ok()?;
        (minor >= MINOR_VERSIONS.start).then(|| numbers.to_owned())
    };
    let mut versions = Vec::new();
    found.retain(|python| match version(python) {
        Some(version) if !versions.contains(&version) => {
            versions.push(version);
            true
        }
        _ => false,
    });
    found
}
