//! Compiles the crates with the oldest versions of their dependencies that their manifests accept, so that no manifest
//! accepts a version that lacks what the code uses.

use std::fs;

use super::published::{CRATES, arguments};
use crate::process::{Program, Result, cargo, target};

/// Fails if the crates do not compile with the oldest versions. Cargo.lock is not changed: the versions are in a lock file
/// of their own.
pub(super) fn check() -> Result {
    let home = target().join("minimal");
    let lock = home.join("Cargo.lock");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    // Otherwise its versions would be kept.
    let _ = fs::remove_file(&lock);
    let setting = format!("resolver.lockfile-path={:?}", lock.display().to_string());
    let unstable = |program: Program| {
        program
            .args("-Zdirect-minimal-versions -Zlockfile-path --config")
            .arg(&setting)
            // Makes the installed cargo accept these options.
            .env("RUSTC_BOOTSTRAP", "1")
            // Shared with the checks of the API, which are built with the same setting.
            .env("CARGO_TARGET_DIR", target().join("api"))
    };
    unstable(cargo("generate-lockfile --quiet")).run()?;
    unstable(cargo("check --quiet --locked --all-features").args(&arguments(&CRATES))).run().map_err(|error| {
        format!(
            "{error}\nthe code needs a newer version of a dependency than Cargo.toml requires, or that version needs newer \
             dependencies than it states: raise the requirement there ({} has the versions)",
            lock.display()
        )
    })?;
    println!("{} crates compile with the oldest dependencies that they accept", CRATES.len());
    Ok(())
}
