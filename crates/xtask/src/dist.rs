//! `cargo xtask dist`: the Python package as it is published, a wheel and a source distribution.

use std::fs;
use std::path::Path;

use crate::process::{Result, program, root, target};
use crate::tools;

/// What builds them, pinned. zig's C compiler and libc make a wheel that older systems can load, too.
const PACKAGES: [&str; 2] = ["maturin==1.16.0", "ziglang==0.17.1"];
/// The oldest libc that the wheel is for: that of 2014, as most wheels are.
const COMPATIBILITY: &str = "manylinux_2_17";

pub(crate) fn run(args: &[String]) -> Result {
    if !args.is_empty() {
        return Err("usage: cargo xtask dist\n\nbuilds a wheel and a source distribution of the Python package below \
                    target/dist, and checks that the latter builds from itself, without the network"
            .to_owned());
    }
    let python = tools::python_with("dist-python", &PACKAGES)?;
    let out = target().join("dist");
    // What an earlier version left there would be taken for this one.
    let _ = fs::remove_dir_all(&out);
    tools::maturin(&python, "build --release --locked --zig --compatibility")
        .arg(COMPATIBILITY)
        .arg("--out")
        .arg(&out)
        .run()?;
    tools::maturin(&python, "sdist --out").arg(&out).run()?;
    let wheel = tools::only_file(&out, "whl")?;
    smoke(&python, &wheel)?;
    let sdist = tools::only_file(&out, "gz")?;
    let rebuilt = rebuild(&python, &sdist)?;
    smoke(&python, &rebuilt)?;
    println!("\n{}\n{}", wheel.display(), sdist.display());
    Ok(())
}

/// Builds a wheel from the source distribution alone: unpacked elsewhere, without the network, and with the
/// versions that its own lock file names.
fn rebuild(python: &Path, sdist: &Path) -> Result<std::path::PathBuf> {
    let check = target().join("dist-check");
    let _ = fs::remove_dir_all(&check);
    fs::create_dir_all(&check).map_err(|error| format!("{}: {error}", check.display()))?;
    program("tar", "-xzf").arg(sdist).arg("-C").arg(&check).run()?;
    let sources = tools::only_directory(&check)?;
    // The crates that the lock file names are fetched first, as whoever builds without a network has done.
    let manifest = sources.join("Cargo.toml");
    crate::process::cargo("fetch --locked --quiet --manifest-path").arg(&manifest).run()?;
    let wheels = check.join("wheels");
    tools::maturin(python, "build --profile dev --locked --offline --quiet --compatibility linux --out")
        .arg(&wheels)
        .directory(&sources)
        .env("CARGO_NET_OFFLINE", "true")
        // The builds of the tests serve here too, where the sources are the same.
        .env("CARGO_TARGET_DIR", target())
        .run()?;
    tools::only_file(&wheels, "whl")
}

/// Installs a wheel where nothing else is, and does with it what every version of Python has to do.
fn smoke(python: &Path, wheel: &Path) -> Result {
    let tests = root().join("bindings").join("python").join("tests");
    tools::smoke(python, wheel, &tests.join("smoke.py"))
}
