//! Runs cargo on the published crates: packages them, compiles their features, and tries to publish them.

use std::fs;

use super::published::{CRATES, VERSION, arguments, package_name};
use crate::process::{Result, cargo, program, target};
use crate::tools;

/// Packages the crates like `cargo publish`, without compiling them.
pub(super) fn check() -> Result {
    cargo("package --quiet --no-verify --allow-dirty --locked --offline").args(&arguments(&CRATES)).run()?;
    let folder = target().join("package");
    for name in CRATES {
        let file = format!("{}-{VERSION}.crate", package_name(name));
        let path = folder.join(&file);
        let len = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        println!("{file}: {} KiB", len.div_ceil(1024));
        // The registry's limit is 10 MiB; a much smaller package that is still large contains something by mistake.
        if len > 1 << 20 {
            return Err(format!(
                "{file} is larger than 1 MiB; `tar -tzf {}` lists its files",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Compiles every pair of features of each crate, except features for this repository's tests.
pub(super) fn features() -> Result {
    program(
        tools::cargo_hack()?,
        "hack check --quiet --feature-powerset --depth 2 --exclude-features fuzzing",
    )
    .args(&arguments(&CRATES))
    .run()
}

/// Does what `cargo publish` does except the upload: packages the crates and compiles each from its package, with the
/// packages of the others as its dependencies.
pub(super) fn publish() -> Result {
    cargo("publish --dry-run --workspace --allow-dirty --locked").run()
}
