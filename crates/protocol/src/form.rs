//! Form bodies: written as PHP's `http_build_query` writes them, and parsed as PHP parses them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// PHP's `urlencode` leaves letters, digits and `-_.` as they are.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b' ');

/// Adds `name=value` to a form body, with spaces as plus signs. It makes no copies of the value, which may be secret.
pub(crate) fn push(body: &mut String, name: &str, value: &str) {
    if !body.is_empty() {
        body.push('&');
    }
    body.push_str(name);
    body.push('=');
    for piece in utf8_percent_encode(value, ENCODED) {
        for (index, word) in piece.split(' ').enumerate() {
            if index > 0 {
                body.push('+');
            }
            body.push_str(word);
        }
    }
}

/// Parses the parameters of a form body. Invalid UTF-8 becomes U+FFFD.
pub(crate) fn parameters(body: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(body)
}

/// Converts to an integer as PHP's cast does: leading digits are used, anything else is 0. The result is clamped to the
/// range of `u64`.
pub(crate) fn php_integer(value: &str) -> u64 {
    let digits = value.trim_start().trim_start_matches('+');
    let end = digits.find(|at: char| !at.is_ascii_digit()).unwrap_or(digits.len());
    let digits = digits.get(..end).unwrap_or_default();
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) }
}

/// Converts to a boolean as PHP's filters do: an empty text, `0`, `false`, `off` and `no` are false; anything else is
/// true.
pub(crate) fn php_boolean(value: &str) -> bool {
    !["", "0", "false", "off", "no"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_php_encodes_them() {
        // The right-hand sides are what PHP 8.2 prints for `urlencode`.
        for (value, encoded) in [
            ("Awaiting Reply", "Awaiting+Reply"),
            ("a+b&c=d", "a%2Bb%26c%3Dd"),
            ("é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"),
            ("-_.~*", "-_.%7E%2A"),
            ("!@#$%.()[]", "%21%40%23%24%25.%28%29%5B%5D"),
            ("", ""),
        ] {
            let mut body = String::new();
            push(&mut body, "name", value);
            assert_eq!(body, format!("name={encoded}"));
        }
    }

    #[test]
    fn numbers_and_booleans_are_read_as_php_reads_them() {
        let numbers = [("25", 25), (" 7 ", 7), ("12abc", 12), ("abc", 0), ("", 0), ("-3", 0)];
        for (value, number) in numbers {
            assert_eq!(php_integer(value), number, "{value:?}");
        }
        assert_eq!(php_integer("99999999999999999999"), u64::MAX);
        for value in ["1", "true", "on", "TRUE", "yes"] {
            assert!(php_boolean(value), "{value:?}");
        }
        for value in ["", "0", "false", "off", "No"] {
            assert!(!php_boolean(value), "{value:?}");
        }
    }
}
