//! `cargo xtask dist`: builds the Python package for release, as a wheel and a source distribution.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Result, cargo, program, root, target};
use crate::tools;

/// The build tools, pinned. With zig's C compiler and libc the wheel also loads on older systems.
pub(crate) const PACKAGES: [&str; 2] = ["maturin==1.16.0", "ziglang==0.17.1"];
/// The oldest libc that the wheel supports: that of 2014, like most wheels.
const COMPATIBILITY: &str = "manylinux_2_17";

pub(crate) fn run(args: &[String]) -> Result {
    if !args.is_empty() {
        return Err("usage: cargo xtask dist\n\nbuilds a wheel and a source distribution of the Python package below \
                    target/dist, and checks that the latter builds from itself, without the network"
            .to_owned());
    }
    let python = tools::python_with("dist-python", &PACKAGES)?;
    let out = target().join("dist");
    // Files of an earlier version would be used instead.
    let _ = fs::remove_dir_all(&out);
    tools::maturin(&python, "build --profile published --locked --zig --compatibility")
        .arg(COMPATIBILITY)
        .arg("--out")
        .arg(&out)
        .run()?;
    tools::maturin(&python, "sdist --out").arg(&out).run()?;
    let wheel = tools::only_file(&out, "whl")?;
    smoke(&python, &wheel)?;
    let sdist = tools::only_file(&out, "gz")?;
    let sources = unpacked(&sdist)?;
    prune_lock(&sources, &sdist)?;
    let rebuilt = rebuild(&python, &sources)?;
    smoke(&python, &rebuilt)?;
    // More than a gigabyte that is not needed again.
    let _ = fs::remove_dir_all(sources.parent().unwrap_or(&sources));
    println!("\n{}\n{}", wheel.display(), sdist.display());
    Ok(())
}

/// Unpacks the sources of the distribution into a separate directory.
fn unpacked(sdist: &Path) -> Result<PathBuf> {
    let check = target().join("dist-check");
    let _ = fs::remove_dir_all(&check);
    fs::create_dir_all(&check).map_err(|error| format!("{}: {error}", check.display()))?;
    program("tar", "-xzf").arg(sdist).arg("-C").arg(&check).run()?;
    tools::only_directory(&check)
}

/// Removes packages from the lock file that only this repository's tasks and benchmarks use: they are not in the
/// distribution, and cargo refuses a lock file that would change. Nothing is added, because the network is not used.
fn prune_lock(sources: &Path, sdist: &Path) -> Result {
    let manifest = sources.join("Cargo.toml");
    let pruned = cargo("metadata --offline --format-version 1 --manifest-path").arg(&manifest).output();
    pruned.ok_or("the lock file of the source distribution could not be pruned")?;
    let parent = sources.parent().unwrap_or(sources);
    let name = sources.file_name().unwrap_or_default();
    // Reproducible: the same sources give the same bytes.
    program("tar", "--sort=name --owner=0 --group=0 --numeric-owner --mtime=1980-01-01 -czf")
        .arg(sdist)
        .arg("-C")
        .arg(parent)
        .arg(name)
        .run()
}

/// Builds a wheel from only the sources of the distribution, offline and with the versions in its lock file. cargo has
/// already downloaded the crates.
fn rebuild(python: &Path, sources: &Path) -> Result<PathBuf> {
    let wheels = sources.with_file_name("wheels");
    tools::maturin(python, "build --profile dev --locked --offline --quiet --compatibility linux --out")
        .arg(&wheels)
        .directory(sources)
        .env("CARGO_NET_OFFLINE", "true")
        // With a shared target directory, cargo would consider newer artifacts of other sources up to date.
        .env("CARGO_TARGET_DIR", sources.with_file_name("target"))
        .run()?;
    tools::only_file(&wheels, "whl")
}

/// Installs a wheel into an empty environment and runs the smoke test.
fn smoke(python: &Path, wheel: &Path) -> Result {
    let tests = root().join("bindings").join("python").join("tests");
    tools::smoke(python, wheel, &tests.join("smoke.py"))
}
