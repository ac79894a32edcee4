//! The version of the library, and of its ABI.

use std::ffi::{CStr, c_char};

/// First number of the version of this header.
pub const GETTICKETS_VERSION_MAJOR: u32 = 0;
/// Second number of the version of this header.
pub const GETTICKETS_VERSION_MINOR: u32 = 1;
/// Third number of the version of this header.
pub const GETTICKETS_VERSION_PATCH: u32 = 0;
/// The ABI version of this header, which is also in the soname. It changes when a function is removed or
/// changed, not when one is added.
pub const GETTICKETS_ABI_VERSION: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// Returns the version of the library at run time, such as "0.1.0". `GETTICKETS_VERSION` is that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Returns the version of the library at run time as one number, to compare with `GETTICKETS_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_version_number() -> u32 {
    GETTICKETS_VERSION_MAJOR * 1_000_000 + GETTICKETS_VERSION_MINOR * 1_000 + GETTICKETS_VERSION_PATCH
}

/// Returns the ABI version of the library at run time. A program works with the library if
/// `GETTICKETS_ABI_VERSION` was the same when the program was compiled, and the library is not older than the
/// header of the program.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_abi_version() -> u32 {
    GETTICKETS_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_version_of_the_release() {
        let numbers =
            format!("{GETTICKETS_VERSION_MAJOR}.{GETTICKETS_VERSION_MINOR}.{GETTICKETS_VERSION_PATCH}");
        assert_eq!(VERSION.to_str(), Ok(&*numbers));
        assert_eq!(numbers, env!("CARGO_PKG_VERSION"));
        // cbindgen does not generate string macros, so this one is in cbindgen.toml.
        let text = format!("#define GETTICKETS_VERSION \"{numbers}\"");
        assert!(
            include_str!("../cbindgen.toml").lines().any(|line| line == text),
            "cbindgen.toml lacks {text}"
        );
    }
}
