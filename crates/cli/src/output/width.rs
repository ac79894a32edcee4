//! How wide a text is on a terminal, and how to cut and fill it to a width.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that a text takes.
pub(crate) fn of(text: &str) -> usize {
    text.width()
}

/// The text in at most this many columns; where it is cut, `…` says so.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if of(text) <= width {
        return Cow::Borrowed(text);
    }
    let Some(room) = width.checked_sub(1) else { return Cow::Borrowed("") };
    let mut end = 0;
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        end = at + character.len_utf8();
    }
    // A joiner at the cut would join what was cut off to the ellipsis.
    let kept = text.get(..end).unwrap_or_default().trim_end_matches(['\u{200d}', ' ']);
    Cow::Owned(format!("{kept}…"))
}

/// Spaces that fill a text up to this many columns.
pub(crate) fn fill(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        for (text, width, shown) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("two words", 5, "two…"),
            ("你好世界", 8, "你好世界"),
            ("你好世界", 7, "你好世…"),
            ("你好世界", 6, "你好…"),
            ("é\u{301}é\u{301}é\u{301}", 2, "é\u{301}…"),
            ("anything", 1, "…"),
            ("anything", 0, ""),
        ] {
            let cut = cut(text, width);
            assert_eq!(cut, shown);
            assert!(of(&cut) <= width, "{text:?} to {width}");
        }
    }
}
