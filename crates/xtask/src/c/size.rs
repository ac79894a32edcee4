//! `cargo xtask size-c`: measures the stripped shared library with and without its parts, and fails if it is too large.
//! Because these are release builds, it also checks that they contain no paths of the build machine.

use std::fs;

use super::install::{Install, places};
use crate::process::{Result, target};

/// A library to build: its name, its features, and its maximum size in bytes.
struct Variant {
    name: &'static str,
    features: &'static [&'static str],
    most: u64,
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "protocol", features: &[], most: 1_300_000 },
    Variant { name: "protocol-client", features: &["client"], most: 4_000_000 },
    Variant { name: "protocol-client-arrow", features: &["client", "arrow"], most: 4_000_000 },
];

pub(crate) fn run(args: &[String]) -> Result {
    if !args.is_empty() {
        return Err("usage: cargo xtask size-c".to_owned());
    }
    check()
}

/// Builds every variant, and fails if one is too large.
fn check() -> Result {
    let mut too_large = Vec::new();
    for Variant { name, features, most } in VARIANTS {
        let prefix = target().join("size-c").join(name);
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        Install { prefix: prefix.clone(), features, default_features: false, ..Install::default() }.run()?;
        let library = prefix.join("lib").join("libgettickets.so");
        let bytes = fs::read(&library).map_err(|error| format!("{}: {error}", library.display()))?;
        names_no_place(&bytes).map_err(|place| format!("{} contains {place}", library.display()))?;
        let len = bytes.len() as u64;
        println!("{name:22} {len:>9} bytes, of {most} at most");
        if len > most {
            too_large.push(name);
        }
    }
    if too_large.is_empty() { Ok(()) } else { Err(format!("too large: {}", too_large.join(", "))) }
}

/// Fails if a library contains a path of the machine on which it was built; the error is that path.
fn names_no_place(library: &[u8]) -> Result {
    for (path, _) in places()? {
        // Including subfolders, because a short path may be a part of any text.
        for inner in ["crates", "bindings", "release-c", "registry", "lib"] {
            let found = path.join(inner).join("");
            let found = found.as_os_str().as_encoded_bytes();
            if library.windows(found.len()).any(|bytes| bytes == found) {
                return Err(String::from_utf8_lossy(found).into_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_is_found_in_a_library() {
        let library = |text: String| names_no_place(&[&[0x7f, b'E', b'L', b'F'], text.as_bytes()].concat());
        assert_eq!(library("/gettickets/crates/client/src/lib.rs".to_owned()), Ok(()));
        for (path, _) in places().unwrap_or_default() {
            assert!(library(format!("at {}/lib/x.rs", path.display())).is_err());
        }
    }
}
