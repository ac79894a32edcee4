//! Text from outside as it may be printed: on one line, bounded, with invisible characters escaped.

use std::fmt::{self, Write};

/// Displays a text with what could disguise or damage a terminal's output escaped.
pub(super) struct Visible<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '\n' | '\r' | '\t' => f.write_char(' ')?,
                hidden if is_hidden(hidden) => write!(f, "{}", hidden.escape_unicode())?,
                control if control.is_control() => write!(f, "{}", control.escape_default())?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Whether a character changes how others look, or is not seen itself.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// The beginning of a text, at most this many characters; a cut is marked.
pub(crate) fn shortened(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}… (cut)", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_escaped() {
        for (text, shown) in [
            ("plain äöü 漢", "plain äöü 漢"),
            ("a\nb\tc", "a b c"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{202e}x\u{2060}\u{e0041}\u{feff}", "\\u{202e}x\\u{2060}\\u{e0041}\\u{feff}"),
        ] {
            assert_eq!(Visible(text).to_string(), shown);
        }
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(shortened("äbc", 3), "äbc");
        assert_eq!(shortened("äbcd", 3), "äbc… (cut)");
    }
}
