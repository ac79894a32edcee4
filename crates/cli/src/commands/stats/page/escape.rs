//! [`Escaped`]: text from a server, escaped for the page.

use std::fmt::{self, Display, Formatter, Write};

use crate::output::sanitize;

/// Formats a text as HTML or SVG content, or as an attribute's value in double quotes.
///
/// Besides markup it replaces control characters, which HTML and XML do not allow, and characters that change the text
/// direction.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        sanitize::line(self.0).chars().try_for_each(|letter| match letter {
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
    fn no_text_from_a_server_becomes_markup() {
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
