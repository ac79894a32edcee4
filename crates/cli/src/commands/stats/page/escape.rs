//! [`Escaped`]: the only way by which a server's text gets into the page.

use std::fmt::{self, Display, Formatter, Write};

use crate::output::sanitise;

/// A text as HTML or SVG content, or as an attribute's value in double quotes.
///
/// Beside the characters of markup it replaces those that act rather than show, as in a terminal: HTML and
/// XML do not allow control characters, and one that turns the direction would turn the rest of a row.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        sanitise::line(self.0).chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            letter => f.write_char(letter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_server_sends_is_markup() {
        let cases = [
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("\" onload=\"x", "&quot; onload=&quot;x"),
            ("Tom & Jerry &lt;", "Tom &amp; Jerry &amp;lt;"),
            ("a\u{0}b\u{1b}[31m\u{202e}", "a␀b␛[31m\u{fffd}"),
            ("日本語", "日本語"),
        ];
        for (text, expected) in cases {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }
}
