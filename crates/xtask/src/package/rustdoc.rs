//! Writes the documentation of a crate as JSON, which lists its public items.

use std::path::{Path, PathBuf};

use crate::files;
use crate::process::{Result, cargo, target};

/// The end of a document in the format that is read here and by the pinned cargo-public-api: that of Rust 1.95. rustdoc
/// promises no stability for it, so a newer compiler may need another version of the tool.
const FORMAT: &str = "\"format_version\":57}";

/// Writes the documentation of a crate with all features, and returns the file.
///
/// `RUSTC_BOOTSTRAP` makes the installed compiler accept the unstable format. Build scripts of dependencies read it, so the
/// build has its own directory: otherwise the next build would compile them again.
pub(super) fn json(package: &str) -> Result<PathBuf> {
    let build = target().join("api");
    cargo("rustdoc --quiet --locked --lib --all-features --package")
        .arg(package)
        .args("-- -Zunstable-options --output-format json")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &build)
        .run()?;
    let json = build.join("doc").join(format!("{}.json", package.replace('-', "_")));
    ensure_format(&json)?;
    Ok(json)
}

fn ensure_format(json: &Path) -> Result {
    let text = files::read(json)?;
    if has_format(&text) {
        return Ok(());
    }
    Err("the JSON of this rustdoc has another format: run this with Rust 1.95, or pin another version of cargo-public-api in \
         crates/xtask/src/tools.rs and change FORMAT in crates/xtask/src/package/rustdoc.rs"
        .to_owned())
}

fn has_format(json: &str) -> bool {
    json.trim_end().ends_with(FORMAT)
}

#[cfg(test)]
mod tests {
    use super::has_format;

    #[test]
    fn other_formats_are_refused() {
        assert!(has_format("{\"index\":{},\"format_version\":57}\n"));
        assert!(!has_format("{\"index\":{},\"format_version\":58}"));
    }
}
