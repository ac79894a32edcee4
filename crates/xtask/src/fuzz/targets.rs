//! The fuzz targets and their settings.

use std::path::{Path, PathBuf};

/// A fuzz target: a file with its name in `fuzz/fuzz_targets`.
pub(super) struct Target {
    pub(super) name: &'static str,
    /// The feature of the fuzz crate that it needs, so that other targets are built without its dependencies.
    pub(super) feature: Option<&'static str>,
    /// The maximum length of an input, in bytes.
    pub(super) max_len: u32,
    /// The dictionary in `fuzz/`, without its extension.
    pub(super) dictionary: Option<&'static str>,
    /// Whether the initial inputs are the vectors, rather than a folder of seeds.
    pub(super) is_of_replies: bool,
}

impl Target {
    /// The folder of the initial inputs, relative to the repository's root.
    pub(super) fn seeds(&self) -> PathBuf {
        match self.is_of_replies {
            true => Path::new("tests").join("vectors"),
            false => Path::new("fuzz").join("seeds").join(self.name),
        }
    }
}

const fn target(name: &'static str, max_len: u32, dictionary: Option<&'static str>) -> Target {
    Target { name, feature: None, max_len, dictionary, is_of_replies: false }
}

const fn of_replies(name: &'static str) -> Target {
    Target { is_of_replies: true, ..target(name, 8192, Some("replies")) }
}

const fn with(feature: &'static str, target: Target) -> Target {
    Target { feature: Some(feature), ..target }
}

/// The maximum number of committed seeds of a target.
pub(super) const MOST_SEEDS: usize = 48;

/// Every target. A new one is a file, an entry in `fuzz/Cargo.toml`, a folder of seeds, and a row here and in
/// `fuzz/README.md`.
pub(super) const TARGETS: &[Target] = &[
    of_replies("decode"),
    of_replies("differential"),
    target("truncate", 2048, None),
    target("round_trip", 4096, None),
    target("request", 2048, Some("forms")),
    target("redact", 1024, None),
    target("cursor", 2048, Some("cursors")),
    target("scan", 4096, None),
    with("c", target("c_api", 2048, None)),
    with("cli", target("configuration", 2048, Some("configuration"))),
    with("cli", target("checkpoint", 2048, Some("cursors"))),
    with("cli", target("watch_state", 2048, Some("cursors"))),
];

#[cfg(test)]
mod tests {
    use super::{MOST_SEEDS, TARGETS};
    use crate::process::root;

    #[test]
    fn every_target_has_a_source_an_entry_a_dictionary_seeds_and_a_row() {
        let fuzz = root().join("fuzz");
        let read = |name: &str| std::fs::read_to_string(fuzz.join(name)).unwrap_or_default();
        let (manifest, readme) = (read("Cargo.toml"), read("README.md"));
        for target in TARGETS {
            let name = target.name;
            assert!(read(&format!("fuzz_targets/{name}.rs")).contains("fuzz_target!"), "{name}");
            let feature =
                target.feature.map_or(String::new(), |it| format!("required-features = [\"{it}\"]\n"));
            let entry = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n{feature}");
            assert!(manifest.contains(&entry), "fuzz/Cargo.toml lacks\n{entry}");
            assert!(readme.contains(&format!("\n| `{name}` | ")), "fuzz/README.md lacks {name}");
            if let Some(dictionary) = target.dictionary {
                assert!(fuzz.join(dictionary).with_extension("dict").is_file(), "{dictionary}");
            }
            assert!(root().join(target.seeds()).is_dir(), "{} is missing", target.seeds().display());
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn the_committed_seeds_are_small() {
        for target in TARGETS.iter().filter(|target| !target.is_of_replies) {
            let seeds = std::fs::read_dir(root().join(target.seeds())).unwrap();
            let sizes: Vec<u64> = seeds.map(|seed| seed.unwrap().metadata().unwrap().len()).collect();
            let total = sizes.iter().sum::<u64>();
            assert!(
                (1..=MOST_SEEDS).contains(&sizes.len()) && total <= 64 << 10,
                "{}: {total} bytes",
                target.name
            );
            assert!(sizes.iter().all(|size| *size <= target.max_len.into()), "{}", target.name);
        }
    }
}
