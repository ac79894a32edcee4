//! `cargo xtask bench`: the release build of the bench crate, with the arguments passed on, and before it what
//! its contenders in other languages need.

use std::path::{Path, PathBuf};

use crate::process::{Program, Result, cargo, program, root, target};
use crate::tools;

/// What gettickets is measured beside in Python, pinned: figures are of these.
const PYTHON_PACKAGES: [&str; 7] = [
    "maturin==1.16.0",
    "msgspec==0.22.0",
    "orjson==3.13.0",
    "pydantic==2.14.4",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "pandas==3.1.1",
];

/// The tables whose contenders are in Python.
const PYTHON_TABLES: [&str; 2] = ["python", "python-frames"];
/// Every other table.
const RUST_TABLES: [&str; 2] = ["decode", "decode-xml"];

pub(crate) fn run(args: &[String]) -> Result {
    let named = |tables: &[&str]| args.iter().any(|arg| tables.contains(&arg.as_str()));
    let help = args.iter().any(|arg| arg == "--help" || arg == "-h");
    let mut bench = cargo("run --release --quiet --package gettickets-bench --");
    if !help && (named(&PYTHON_TABLES) || !named(&RUST_TABLES)) {
        bench = with_python(bench)?;
    }
    args.iter().fold(bench, |bench, arg| bench.arg(arg)).run()
}

/// Builds the package as it is published, but for this machine alone, and says where its contenders are.
fn with_python(bench: Program) -> Result<Program> {
    let python = tools::python_with("bench-python", &PYTHON_PACKAGES)?;
    let wheel = release_wheel(&python)?;
    program(&python, "-m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall")
        .arg(wheel)
        .run()?;
    Ok(bench
        .env("GETTICKETS_BENCH_PYTHON", python)
        .env("GETTICKETS_BENCH_PYTHON_FOLDER", root().join("bindings").join("python").join("bench")))
}

fn release_wheel(python: &Path) -> Result<PathBuf> {
    let wheels = target().join("bench-wheels");
    // What an earlier version left there would be taken for this one.
    let _ = std::fs::remove_dir_all(&wheels);
    tools::maturin(python, "build --release --locked --quiet --compatibility linux --out")
        .arg(&wheels)
        .run()?;
    tools::only_file(&wheels, "whl")
}
