//! What this library is: its release, and the number of its ABI.

use std::ffi::{CStr, c_char};

/// First number of the release that this header belongs to.
pub const GETTICKETS_VERSION_MAJOR: u32 = 0;
/// Second number of the release that this header belongs to.
pub const GETTICKETS_VERSION_MINOR: u32 = 1;
/// Third number of the release that this header belongs to.
pub const GETTICKETS_VERSION_PATCH: u32 = 0;
/// The ABI that this header describes. It is in the soname, and raised when a program that was built for the
/// one before may not work: when a function is removed or changed, never when one is added.
pub const GETTICKETS_ABI_VERSION: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The release of the library that runs, such as "0.1.0"; `GETTICKETS_VERSION` and its parts are those of the
/// header that a program was built with.
///
/// Never NULL. The text is the library's and lives as long as it. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The ABI of the library that runs. A program works with it if it was built with a header whose
/// `GETTICKETS_ABI_VERSION` is the same.
///
/// May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_abi_version() -> u32 {
    GETTICKETS_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_numbers_of_the_release() {
        let numbers =
            format!("{GETTICKETS_VERSION_MAJOR}.{GETTICKETS_VERSION_MINOR}.{GETTICKETS_VERSION_PATCH}");
        assert_eq!(VERSION.to_str(), Ok(&*numbers));
        assert_eq!(numbers, env!("CARGO_PKG_VERSION"));
        // cbindgen makes no macro of a text, so that this one is written by hand.
        let text = format!("#define GETTICKETS_VERSION \"{numbers}\"");
        assert!(
            include_str!("../cbindgen.toml").lines().any(|line| line == text),
            "cbindgen.toml lacks {text}"
        );
    }
}
