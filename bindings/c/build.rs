//! Gives the shared library its soname, `libgettickets.so.` and the number of the ABI, and keeps it loaded:
//! threads of the library, its thread-local data and its fork handler must not outlive its code.

use std::env;
use std::fs;

fn main() {
    println!("cargo::rerun-if-changed=src/version.rs");
    let source = fs::read_to_string("src/version.rs").unwrap_or_default();
    let number = source
        .lines()
        .find_map(|line| line.strip_prefix("pub const GETTICKETS_ABI_VERSION: u32 = ")?.strip_suffix(';'));
    let Some(number) = number else {
        println!("cargo::error=src/version.rs has no line with GETTICKETS_ABI_VERSION");
        return;
    };
    // Other systems have no soname.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libgettickets.so.{number}");
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
