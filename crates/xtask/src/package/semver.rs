//! Compares the API of the libraries with that of an earlier revision (cargo-semver-checks).

use super::published::{LIBRARIES, VERSION, arguments};
use crate::process::{Result, program, target};
use crate::tools;

/// Reports breaking changes since a git revision: the newest tag before this commit if none is given. It fails from version
/// 1.0 on. Before, each minor version may break the API, and CHANGELOG.md lists how.
///
/// The registry is not the baseline, because nothing has been published.
pub(super) fn check(revision: Option<&str>) -> Result {
    let newest = || program("git", "describe --tags --abbrev=0 HEAD^").output();
    let Some(revision) = revision.map(str::to_owned).or_else(newest) else {
        println!("there is no tag to compare with; `--baseline REVISION` compares with another revision");
        return Ok(());
    };
    println!("compared with {revision}");
    let compared = program(tools::cargo_semver_checks()?, "semver-checks --all-features --baseline-rev")
        .arg(&revision)
        .args(&arguments(&LIBRARIES))
        .env("CARGO_TARGET_DIR", target().join("semver"))
        .run();
    match compared {
        Err(error) if may_break(VERSION) => {
            println!("{error}: the changes are allowed before version 1.0");
            Ok(())
        }
        other => other,
    }
}

/// Whether the API of a version is not yet stable.
fn may_break(version: &str) -> bool {
    version.starts_with("0.")
}

#[cfg(test)]
mod tests {
    use super::may_break;

    #[test]
    fn the_api_is_stable_from_version_1_on() {
        assert!(may_break("0.1.0") && may_break("0.10.2"));
        assert!(!may_break("1.0.0") && !may_break("10.0.0") && !may_break("1.0.0-rc.1"));
    }
}
