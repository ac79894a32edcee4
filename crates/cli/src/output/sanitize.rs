//! Makes text from a server safe to display. All text that people read is processed here.
//!
//! A stranger writes the subject of a ticket. Displayed unchanged, it could move a terminal's cursor, rename its
//! window, or reverse the rest of a line. So [unprintable characters](is_unprintable) are replaced by printable ones: a
//! control picture if Unicode has one (`␛`), else U+FFFD.

use std::borrow::Cow;

use gettickets_protocol::text::is_unprintable;

/// The replacement of a character that must not reach a terminal; `None` for a character that may.
fn replacement(at: char) -> Option<char> {
    match at {
        // C0: from U+2400 on there is a picture of each, in the same order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(at)),
        '\u{7f}' => Some('␡'),
        at if is_unprintable(at) => Some('\u{fffd}'),
        _ => None,
    }
}

fn replaced<'a>(text: &'a str, keep: impl Fn(char) -> Option<char>) -> Cow<'a, str> {
    if !text.chars().any(|at| replacement(at).is_some()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|at| keep(at).or_else(|| replacement(at)).unwrap_or(at)).collect())
}

/// Sanitizes a text for one line: line breaks and tabs become spaces.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |at| matches!(at, '\n' | '\r' | '\t').then_some(' '))
}

/// Sanitizes a text of several lines: line feeds and tabs are kept.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, |at| matches!(at, '\n' | '\t').then_some(at))
}

/// Sanitizes JSON for a terminal: the same document, with every unprintable character written as `\u….`
///
/// JSON itself escapes only C0. Every other unprintable character is inside a string, where an escape has the same
/// meaning, so programs that read the terminal's text lose nothing.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    let acts = |at: char| at != '\n' && replacement(at).is_some();
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for at in text.chars() {
        if acts(at) {
            for unit in at.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(at);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprintable_characters_are_replaced() {
        for (text, shown) in [
            ("plain é 你好 😀", "plain é 你好 😀"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
            ("a\0b\u{7f}", "a␀b␡"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("abc\u{202e}fed\u{2066}", "abc\u{fffd}fed\u{fffd}"),
            ("two\nlines\tand\ra tab", "two lines and a tab"),
            ("a\u{2060}b\u{e0041}\u{ad}", "a\u{fffd}b\u{fffd}\u{fffd}"),
            ("family 👨\u{200d}👩\u{200d}👧", "family 👨\u{200d}👩\u{200d}👧"),
        ] {
            assert_eq!(line(text), shown);
        }
        assert_eq!(lines("two\nlines\r\u{1b}"), "two\nlines␍␛");
    }

    #[test]
    fn no_control_character_remains() {
        for code in 0..=0x2_ffff {
            let Some(at) = char::from_u32(code) else { continue };
            let shown = line(&at.to_string()).into_owned();
            assert!(!shown.chars().any(char::is_control), "{code:#x}");
        }
    }

    #[test]
    fn sanitized_json_has_the_same_meaning() {
        let text = "\u{9b}31m \u{202e} é \u{7f} \u{e0041}";
        let written = serde_json::to_string(text).unwrap();
        let safe = json(&written).into_owned();
        assert!(!safe.chars().any(|at| replacement(at).is_some()), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }
}
