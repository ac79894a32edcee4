//! Checks of JSON text that both decoders make.

use crate::decode::decoded::MAX_DEPTH;

/// Counts brackets outside strings.
#[derive(Default)]
pub(super) struct Brackets {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    /// For a part of a document that is within this many brackets.
    pub(super) fn within(depth: usize) -> Brackets {
        Brackets { depth, ..Brackets::default() }
    }

    /// Returns the end of the first document. The error is the offset of the bracket that exceeds the limit.
    pub(super) fn end(mut self, text: &[u8]) -> Result<Option<usize>, usize> {
        for (offset, byte) in text.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(offset);
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Ok(Some(offset + 1));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

/// Returns the offset of the first escape in this valid JSON that is half of a surrogate pair, and so no character.
pub(super) fn lone_surrogate(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    // JSON has backslashes only inside strings.
    let mut rest = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\\').map(|(at, _)| at);
    let mut read = 0;
    while let Some(at) = rest.find(|at| *at >= read) {
        read = at + 2;
        match utf16_unit(bytes, at) {
            Some(0xD800..0xDC00) => {
                let second = utf16_unit(bytes, at + 6);
                if !second.is_some_and(|second| (0xDC00..0xE000).contains(&second)) {
                    return Some(at);
                }
                read = at + 12;
            }
            Some(0xDC00..0xE000) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the UTF-16 unit of the escape at this offset, if it has the form `\u00e9`.
fn utf16_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_found() {
        for (json, at) in [
            (r#""a""#, None),
            (r#""\u00e9 \ud83d\ude00 \\ud83d""#, None),
            (r#""\ud83d""#, Some(1)),
            (r#""a\ude00""#, Some(2)),
            (r#"["\ud83d\ude00\ud83d\n"]"#, Some(14)),
            (r#""\ud83d\ud83d\ude00""#, Some(1)),
            (r#""\uD83D \uDE00""#, Some(1)),
            (r#""after this\n\ud83d""#, Some(13)),
        ] {
            assert_eq!(lone_surrogate(json), at, "{json}");
        }
    }

    #[test]
    fn brackets_outside_are_counted() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(Brackets::default().end(b"{\"a]\":[1]} x"), Ok(Some(10)));
        // Escaped quotes and backslashes in strings.
        assert_eq!(Brackets::default().end(br#"["\"]"]x"#), Ok(Some(7)));
        assert_eq!(Brackets::default().end(br#"["\\"]x"#), Ok(Some(6)));
        // Outside a string a backslash escapes nothing.
        assert_eq!(Brackets::default().end(br"[\]x"), Ok(Some(3)));
        assert!(Brackets::within(4).end(nested(MAX_DEPTH - 4).as_bytes()).is_ok());
        assert_eq!(Brackets::within(4).end(nested(MAX_DEPTH - 3).as_bytes()), Err(MAX_DEPTH - 4));
    }
}
