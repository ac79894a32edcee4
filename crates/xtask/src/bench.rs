//! `cargo xtask bench`: the release build of the bench crate, with the arguments passed on, and before it what
//! its contenders in other languages need.

use std::path::{Path, PathBuf};

use crate::c::peers;
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

/// Every table; what comes first in its name says what its contenders need.
const TABLES: [&str; 6] = ["decode", "decode-xml", "decode-c", "python", "python-frames", "python-footprint"];

pub(crate) fn run(args: &[String]) -> Result {
    let mut bench = cargo("run --release --quiet --package gettickets-bench --");
    if wants(args, |table| table.starts_with("python")) {
        bench = with_python(bench)?;
    }
    if wants(args, |table| table == "decode-c") {
        let (program, lib) = peers::built()?;
        bench = bench.env("GETTICKETS_BENCH_C", program).env("LD_LIBRARY_PATH", lib);
    }
    args.iter().fold(bench, |bench, arg| bench.arg(arg)).run()
}

/// Whether such a table is among those asked for: by its name, or as none is named.
fn wants(args: &[String], such: impl Fn(&str) -> bool) -> bool {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return false;
    }
    let named: Vec<&str> = args.iter().map(String::as_str).filter(|arg| TABLES.contains(arg)).collect();
    named.is_empty() || named.into_iter().any(such)
}

/// Builds the package as it is published, but for this machine alone, and says where its contenders are.
fn with_python(bench: Program) -> Result<Program> {
    let python = tools::python_with("bench-python", &PYTHON_PACKAGES)?;
    let wheel = release_wheel(&python)?;
    program(&python, "-m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall")
        .arg(&wheel)
        .run()?;
    Ok(bench
        .env("GETTICKETS_BENCH_PYTHON", python)
        .env("GETTICKETS_BENCH_WHEEL", wheel)
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

#[cfg(test)]
mod tests {
    #[test]
    fn contenders_are_built_only_for_their_own_tables() {
        let wants = |line: &str, start: &str| {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            super::wants(&args, |table| table.starts_with(start))
        };
        for line in ["", "--size 25", "decode decode-c python --json"] {
            assert!(wants(line, "decode-c") && wants(line, "python"), "{line}");
        }
        for line in ["decode", "decode-xml --only ours", "--help"] {
            assert!(!wants(line, "decode-c") && !wants(line, "python"), "{line}");
        }
    }
}
