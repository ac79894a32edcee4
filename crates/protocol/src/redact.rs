//! Finds secrets in texts from a server, which may echo the request in any spelling.
//!
//! A secret is looked for character by character, each as it is or as a form body, HTML or JSON spells it,
//! once or twice over; so spellings may mix, and capital and small hexadecimal digits are alike.

use std::borrow::Cow;

use crate::entities;

/// Secrets of fewer characters are left, as they would be found inside other words.
const FEWEST: usize = 4;
/// How often a spelling may be spelled again: a form body inside a form body.
const LAYERS: usize = 2;
/// The longest character reference looked at: `&CounterClockwiseContourIntegral;` has 33 bytes.
const LONGEST_REFERENCE: usize = 40;
const REDACTED: &str = "[redacted]";

/// The text with every one of the secrets replaced.
pub(crate) fn redact<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let secrets: Vec<&&str> = secrets.iter().filter(|secret| secret.chars().count() >= FEWEST).collect();
    let (mut out, mut ends) = (String::new(), Ends::default());
    let (mut kept, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match secrets.iter().filter_map(|secret| ends.spelled(rest, secret)).max() {
            Some(len) => {
                out.push_str(text.get(kept..at).unwrap_or_default());
                out.push_str(REDACTED);
                at += len;
                kept = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where spellings of the part of a secret that was met so far end; kept, as they are needed at every byte.
#[derive(Default)]
struct Ends {
    here: Vec<usize>,
    next: Vec<usize>,
}

impl Ends {
    /// How many bytes at the start of the text spell the secret, the most there can be.
    fn spelled(&mut self, text: &str, secret: &str) -> Option<usize> {
        // A character can be spelled in ways of which one begins another: all are followed at once.
        self.here.clear();
        self.here.push(0);
        for wanted in secret.chars() {
            self.next.clear();
            for end in &self.here {
                spellings(text.get(*end..).unwrap_or_default(), wanted, |len| {
                    if !self.next.contains(&(end + len)) {
                        self.next.push(end + len);
                    }
                });
            }
            std::mem::swap(&mut self.here, &mut self.next);
            if self.here.is_empty() {
                return None;
            }
        }
        self.here.iter().copied().max()
    }
}

/// Tells the length of each spelling of this character that the text starts with.
fn spellings(text: &str, wanted: char, mut found: impl FnMut(usize)) {
    if text.starts_with(wanted) {
        found(wanted.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'+') if wanted == ' ' => found(1),
        Some(b'%') => {
            for layers in 0..=LAYERS {
                let spelled = percent(text, wanted, layers);
                // A space is a plus sign before it is spelled again.
                let plus = (wanted == ' ').then(|| percent(text, '+', layers)).flatten();
                spelled.into_iter().chain(plus).for_each(&mut found);
            }
        }
        Some(b'&') => (0..=LAYERS).filter_map(|layers| reference(text, wanted, layers)).for_each(found),
        Some(b'\\') => escaped(text, wanted, found),
        _ => {}
    }
}

/// `%2F`, or `%252F` with one layer more.
fn percent(text: &str, wanted: char, layers: usize) -> Option<usize> {
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut [0; 4]).bytes() {
        rest = rest.strip_prefix('%')?;
        for _ in 0..layers {
            rest = rest.strip_prefix("25")?;
        }
        (u8::from_str_radix(hex(rest, 2)?, 16) == Ok(byte)).then_some(())?;
        rest = rest.get(2..)?;
    }
    Some(text.len() - rest.len())
}

/// `&amp;`, `&#039;` and `&#x27;`, or `&amp;#039;` with one layer more.
fn reference(text: &str, wanted: char, layers: usize) -> Option<usize> {
    let mut rest = text.strip_prefix('&')?;
    for _ in 0..layers {
        rest = rest.strip_prefix("amp;")?;
    }
    let end = rest.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';')?;
    let name = rest.get(..end)?;
    let same = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32) == Some(wanted)
        }
        None => {
            let spelled = format!("&{name};");
            entities::decoded(&spelled).chars().eq([wanted])
        }
    };
    same.then(|| text.len() - rest.len() + end + 1)
}

/// `\/`, `\n` and `\u0026`, their backslash spelled once or again.
fn escaped(text: &str, wanted: char, mut found: impl FnMut(usize)) {
    let backslashes = text.bytes().take(4).take_while(|byte| *byte == b'\\').count();
    // Spelled again, one backslash is two, and two are four.
    for layer in [1, 2, 4].into_iter().filter(|layer| *layer <= backslashes) {
        let rest = text.get(layer..).unwrap_or_default();
        let letter = match wanted {
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            same => same,
        };
        // A backslash before a letter or digit stands for something else.
        let is_escape = letter != wanted || !wanted.is_ascii_alphanumeric();
        if is_escape && rest.starts_with(letter) {
            found(layer + letter.len_utf8());
        }
        let units = wanted.encode_utf16(&mut [0; 2]).len();
        if let Some(len) = utf16(rest, wanted, text.get(..layer).unwrap_or_default(), units) {
            found(layer + len);
        }
    }
}

/// `u0026`, or both halves of a pair with the backslashes between.
fn utf16(text: &str, wanted: char, backslashes: &str, units: usize) -> Option<usize> {
    let mut rest = text;
    for (place, unit) in wanted.encode_utf16(&mut [0; 2]).iter().enumerate() {
        rest = rest.strip_prefix('u')?;
        (u16::from_str_radix(hex(rest, 4)?, 16) == Ok(*unit)).then_some(())?;
        rest = rest.get(4..)?;
        if place + 1 < units {
            rest = rest.strip_prefix(backslashes)?;
        }
    }
    Some(text.len() - rest.len())
}

/// So many hexadecimal digits at the start; `from_str_radix` alone would take a sign.
fn hex(text: &str, digits: usize) -> Option<&str> {
    text.get(..digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(value: &str) -> String {
        let mut body = String::new();
        crate::form::push(&mut body, "", value);
        body.split_off(1)
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        const SECRET: &str = "s3 cr=t&\"<'/é~";
        for text in [
            SECRET,
            "s3+cr%3Dt%26%22%3C%27%2F%C3%A9%7E",
            "s3+cr%3dt%26%22%3c%27%2f%c3%a9%7e",
            "s3%20cr%3Dt%26%22%3C%27%2F%C3%A9~",
            "s3%2Bcr%253Dt%2526%2522%253C%2527%252F%25C3%25A9%257E",
            "s3%252bcr%25253Dt%252526%252522%25253C%252527%25252F%2525C3%2525A9%25257E",
            "s3 cr=t&amp;&quot;&lt;&#039;/é~",
            "s3 cr=t&amp;&quot;&lt;&#39;/&eacute;~",
            "s3 cr=t&#38;&#34;&#60;&#x27;&#47;&#XE9;&#126;",
            "s3 cr=t&amp;amp;&amp;quot;&amp;lt;&amp;#039;/&amp;eacute;~",
            r#"s3 cr=t\u0026\u0022\u003C\u0027\/\u00e9~"#,
            r#"s3 cr=t&\"<'\/\u00E9~"#,
            r#"s3 cr=t\\u0026\\\\u0022\\u003C\\'\\/\\u00e9~"#,
        ] {
            assert_eq!(redact(&format!("a={text}&b"), &[SECRET]), "a=[redacted]&b", "{text}");
        }
        for text in ["s3cr=t&\"<'/é~", "s3%20cr%3Dt", "&amp;&#;&#xZ;&;%%2\\u\\u00", ""] {
            assert_eq!(redact(text, &[SECRET]), text);
        }
    }

    #[test]
    fn secrets_that_look_like_spellings_are_found() {
        for secret in ["%25%25", "&amp;", "a\\u0026", "++++", "\\\\\\\\", "😀😀😀😀", "a\nb\tc"] {
            let json = serde_json::to_string(secret).unwrap();
            let form = form(secret);
            let html = html_escape::encode_quoted_attribute(secret);
            for text in [secret, json.trim_matches('"'), &*form, &*html] {
                assert_eq!(redact(text, &[secret]), "[redacted]", "{secret} as {text}");
            }
        }
        assert_eq!(redact(r"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00", &["😀😀😀😀"]), "[redacted]");
    }

    #[test]
    fn short_secrets_are_left_and_the_longest_is_taken() {
        assert_eq!(redact("abc", &["abc", ""]), "abc");
        assert_eq!(redact("abcdef abcd", &["abcd", "abcdef"]), "[redacted] [redacted]");
    }

    #[test]
    fn the_work_is_linear_in_the_text() {
        let secret = format!("{}b", "a".repeat(30));
        for text in ["a", "\\", "%", "&amp;", "%25", "&#37;", "\\u00"] {
            assert!(
                !redact(&text.repeat(200_000), &[&secret, "%%%%%%%%!", "\\\\\\\\!"]).contains("[redacted]")
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn every_mix_of_spellings_is_found(
            parts in proptest::collection::vec((proptest::prelude::any::<char>(), 0..4_usize), 4..20),
        ) {
            let secret: String = parts.iter().map(|(c, _)| *c).collect();
            let spell = |(c, how): &(char, usize)| match how {
                0 => c.to_string(),
                1 => form(&c.to_string()),
                2 => format!("&#{};", u32::from(*c)),
                _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            };
            let text: String = parts.iter().map(spell).collect();
            proptest::prop_assert_eq!(redact(&text, &[&secret]), "[redacted]", "{} in {}", secret, text);
        }
    }
}
