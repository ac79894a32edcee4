//! Measures, cuts and pads text on a terminal.
//!
//! Terminals give each grapheme cluster its own cells. Arabic lam and alef, for example, take two cells, although
//! Unicode's rules for strings join them into one.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The number of cells that a text takes.
pub(crate) fn of(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Cuts a text to at most this many cells; `…` marks a cut.
pub(crate) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if of(text) <= width {
        return Cow::Borrowed(text);
    }
    let Some(room) = width.checked_sub(1) else { return Cow::Borrowed("") };
    let mut end = 0;
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster.width();
        if used > room {
            break;
        }
        end = at + cluster.len();
    }
    // A joiner at the cut would join the text and the ellipsis.
    let kept = text.get(..end).unwrap_or_default().trim_end_matches(['\u{200d}', ' ']);
    Cow::Owned(format!("{kept}…"))
}

/// The spaces that pad a text to this many cells.
pub(crate) fn fill(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_the_number_of_cells_of_a_terminal() {
        for (text, width) in [
            ("", 0),
            ("plain", 5),
            ("你好", 4),
            ("e\u{301}", 1),
            // Lam and alef are joined in print and take two cells, also with a mark between them.
            ("لا", 2),
            ("سلام", 4),
            ("الأولى", 6),
            // Hebrew alef and lamed with a joiner.
            ("א\u{200d}ל", 2),
            ("👨\u{200d}👩\u{200d}👧", 2),
            ("❤\u{fe0f}", 2),
            ("🇩🇪", 2),
        ] {
            assert_eq!(of(text), width, "{text:?}");
        }
    }

    #[test]
    fn texts_are_cut_by_cells() {
        for (text, width, shown) in [
            ("short", 5, "short"),
            ("longer", 5, "long…"),
            ("two words", 5, "two…"),
            ("你好世界", 8, "你好世界"),
            ("你好世界", 7, "你好世…"),
            ("你好世界", 6, "你好…"),
            ("é\u{301}é\u{301}é\u{301}", 2, "é\u{301}…"),
            ("سلام عليكم", 5, "سلام…"),
            ("anything", 1, "…"),
            ("anything", 0, ""),
        ] {
            let cut = cut(text, width);
            assert_eq!(cut, shown);
            assert!(of(&cut) <= width, "{text:?} to {width}");
        }
    }
}
