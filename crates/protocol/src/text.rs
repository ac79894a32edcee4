//! Makes server text safe to display: truncated, and with invisible characters escaped.
//!
//! Server text is untrusted: it can contain terminal escapes, characters that reorder text, and invisible ones. This is
//! the only list of such characters in the project.

use std::borrow::Cow;

/// Returns whether a character must not be printed as it is: control characters, line separators, and format characters
/// that are invisible or reorder text.
///
/// The joiners U+200C and U+200D and the variation selectors U+FE00 to U+FE0F are printable: Persian and emoji need
/// them, and they do not reorder or hide other text.
///
/// ```
/// use gettickets_protocol::text::is_unprintable;
/// assert!(is_unprintable('\u{1b}') && is_unprintable('\u{202e}') && is_unprintable('\u{e0041}'));
/// assert!(!is_unprintable('é') && !is_unprintable('😀'));
/// ```
pub const fn is_unprintable(character: char) -> bool {
    matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, combining grapheme joiner, Arabic and Syriac number signs and marks.
        | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}'
        // Fillers and Mongolian selectors.
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        // Zero-width space, direction marks, line and paragraph separators, embeddings and overrides.
        | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        // Word joiner, invisible operators, isolates, deprecated format characters.
        | '\u{2060}'..='\u{206f}'
        // Byte order mark, interlinear annotations, noncharacters.
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        // Format characters of single scripts, of shorthand and of music.
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        // Tag characters, variation selectors 17 to 256, and other default-ignorable characters.
        | '\u{e0000}'..='\u{e0fff}')
}

/// Replaces every [unprintable](is_unprintable) character by an escape such as `\u{202e}` or `\n`.
///
/// ```
/// use gettickets_protocol::text::escape;
/// assert_eq!(escape("a\u{202e}b\n"), "a\\u{202e}b\\n");
/// assert_eq!(escape("plain"), "plain");
/// ```
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    text.chars().for_each(|character| push_escaped(&mut out, character));
    Cow::Owned(out)
}

fn push_escaped(out: &mut String, character: char) {
    if is_unprintable(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// Returns the first `max_chars` characters of a text, [escaped](escape), followed by `…` if the text is longer.
///
/// ```
/// use gettickets_protocol::text::excerpt;
/// assert_eq!(excerpt("abcdef", 3), "abc…");
/// assert_eq!(excerpt("abc", 3), "abc");
/// ```
pub fn excerpt(text: &str, max_chars: usize) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    chars.by_ref().take(max_chars).for_each(|character| push_escaped(&mut out, character));
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

/// Returns the text, or its first `max_chars` characters and a remark with the length of the text.
///
/// ```
/// use gettickets_protocol::text::bounded;
/// assert_eq!(bounded("abcdef", 3), "abc… (cut after 3 of 6 characters)");
/// assert_eq!(bounded("abc", 3), "abc");
/// ```
pub fn bounded(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            let len = text.chars().count();
            Cow::Owned(format!("{kept}… (cut after {max_chars} of {len} characters)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped() {
        for character in [
            '\0',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200f}',
            '\u{2028}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{206f}',
            '\u{3164}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0001}',
            '\u{e0020}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e0100}',
        ] {
            let shown = escape(&character.to_string()).into_owned();
            assert!(shown.is_ascii() && shown.starts_with('\\'), "{shown}");
        }
        for text in ["é", "日本", "👩\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "می\u{200c}خواهم", "a b", "\u{fffd}"]
        {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn no_control_character_is_printable() {
        let controls = (0..=0x10ffff).filter_map(char::from_u32).filter(|character| character.is_control());
        assert!(controls.into_iter().all(is_unprintable));
    }
}
