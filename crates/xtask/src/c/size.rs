//! `cargo xtask size-c`: how large the shared library is, stripped, with which parts, and whether that is too large.

use std::fs;

use super::install::Install;
use crate::process::{Result, target};

/// A library to build: what it has, its features beside none, and the most bytes that it may have.
struct Variant {
    name: &'static str,
    features: &'static [&'static str],
    most: u64,
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "protocol", features: &[], most: 1_000_000 },
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
pub(crate) fn check() -> Result {
    let mut too_large = Vec::new();
    for Variant { name, features, most } in VARIANTS {
        let prefix = target().join("size-c").join(name);
        let features = features.iter().map(|feature| (*feature).to_owned()).collect();
        Install { prefix: prefix.clone(), features, default_features: false, ..Install::default() }.run()?;
        let library = prefix.join("lib").join("libgettickets.so");
        let len = fs::metadata(&library).map_err(|error| format!("{}: {error}", library.display()))?.len();
        println!("{name:22} {len:>9} bytes, of {most} at most");
        if len > most {
            too_large.push(name);
        }
    }
    if too_large.is_empty() { Ok(()) } else { Err(format!("too large: {}", too_large.join(", "))) }
}
