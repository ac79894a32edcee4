//! The MD5 of a text, which admin logins send in place of the password.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

/// Returns the MD5 of a text as 32 lowercase hexadecimal digits.
pub(crate) fn md5_hex(text: &str) -> Zeroizing<String> {
    use std::fmt::Write;
    let mut hex = Zeroizing::new(String::with_capacity(32));
    for byte in Md5::digest(text.as_bytes()) {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
