//! [`Redactor`]: finds secrets in server text, which may echo the request in any encoding.
//!
//! A secret is searched character by character. Each character may be plain or encoded as in a form body, HTML or JSON,
//! up to twice more; so encodings may be mixed, and hexadecimal digits may be upper or lower case. Encodings of the
//! whole secret (base64, hexadecimal, MD5) are searched as fixed patterns.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use zeroize::Zeroizing;

use crate::hash::md5_hex;
use crate::{entities, text};

/// Shorter secrets are only found where no letter or digit is next to them.
const MIN_LENGTH: usize = 4;
/// How many more times an encoding may be encoded, such as a form body inside a form body.
const LAYERS: usize = 2;
/// The longest character reference considered, in bytes. `&CounterClockwiseContourIntegral;` has 33.
const MAX_REFERENCE: usize = 40;
const REDACTED: &str = "[redacted]";

/// Replaces secrets in server text by `[redacted]`. Created once for given credentials by
/// [`Credentials::redactor`](crate::Credentials::redactor). Clones share their data.
///
/// A secret is found
///
/// - in plain text of either case, and encoded as in a form body (`%2F`, `%2f`, `+`, `%20`), HTML (`&amp;`, `&#38;`,
///   `&#x26;`) or JSON (`\/`, `\u0026`), in any mix and encoded up to twice more;
/// - encoded for HTML or JSON and then for a form body, for HTML and then for JSON, and the other way round;
/// - as base64, in either alphabet and at any alignment, alone or inside a longer text;
/// - as hexadecimal digits and as hexadecimal MD5, in upper or lower case;
/// - at the end of a truncated text, if at least 4 of its characters remain.
///
/// A secret of 1 to 3 characters is only found in the first way, and only where no letter or digit is next to it;
/// otherwise it would be found inside other words. An empty secret is never found.
///
/// The secrets are wiped from memory when the last clone is dropped; the patterns of their encodings are not.
///
/// ```
/// use gettickets_protocol::Credentials;
/// let redactor = Credentials::api("IDENTIFIER", "s3cr&t").redactor();
/// assert_eq!(redactor.redact("secret=s3cr%26t in s3cr&amp;t"), "secret=[redacted] in [redacted]");
/// ```
#[derive(Clone)]
pub struct Redactor {
    inner: Arc<Inner>,
}

struct Inner {
    secrets: Vec<Zeroizing<String>>,
    /// The bytes with which an encoding of a secret can begin.
    first_bytes: [bool; 256],
    /// Case-sensitive encodings of whole secrets.
    exact: Patterns,
    /// Encodings of whole secrets in hexadecimal digits.
    hexadecimal: Patterns,
}

/// Fixed patterns.
enum Patterns {
    None,
    Some(AhoCorasick),
    /// There are too many or too long patterns to search for. All text is redacted.
    TooLarge,
}

impl Patterns {
    fn new(patterns: &[Zeroizing<Vec<u8>>], ignore_case: bool) -> Patterns {
        if patterns.is_empty() {
            return Patterns::None;
        }
        let mut builder = AhoCorasickBuilder::new();
        builder.match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(ignore_case);
        match builder.build(patterns.iter().map(|pattern| pattern.as_slice())) {
            Ok(automaton) => Patterns::Some(automaton),
            Err(_) => Patterns::TooLarge,
        }
    }

    fn find_in(&self, text: &str, found: &mut Vec<Range<usize>>) {
        match self {
            Patterns::None => {}
            Patterns::Some(automaton) => found.extend(automaton.find_iter(text).map(|found| found.range())),
            Patterns::TooLarge => found.push(0..text.len()),
        }
    }
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Redactor {
        let secrets: Vec<_> = secrets
            .into_iter()
            .filter(|secret| !secret.is_empty())
            .map(|secret| Zeroizing::new(secret.to_owned()))
            .collect();
        let mut first_bytes = [false; 256];
        let (mut exact, mut hexadecimal) = (Vec::new(), Vec::new());
        for secret in &secrets {
            let first = secret.chars().next().unwrap_or_default();
            let first_byte = |c: char| c.encode_utf8(&mut [0; 4]).bytes().next().unwrap_or_default();
            let plain = std::iter::once(first).chain(first.to_lowercase()).chain(first.to_uppercase());
            for byte in plain.map(first_byte).chain(*b"%&\\+") {
                if let Some(begins) = first_bytes.get_mut(usize::from(byte)) {
                    *begins = true;
                }
            }
            if is_short(secret) {
                continue;
            }
            exact.extend(base64_patterns(secret.as_bytes()));
            hexadecimal.push(Zeroizing::new(hex_of(secret.as_bytes())));
            hexadecimal.push(Zeroizing::new(md5_hex(secret).as_bytes().to_vec()));
            if secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                hexadecimal.push(Zeroizing::new(secret.as_bytes().to_vec()));
            }
        }
        let exact = Patterns::new(&exact, false);
        let hexadecimal = Patterns::new(&hexadecimal, true);
        Redactor { inner: Arc::new(Inner { secrets, first_bytes, exact, hexadecimal }) }
    }

    /// Returns the text with every secret replaced.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut out, mut kept) = (String::with_capacity(text.len()), 0);
        for range in found {
            out.push_str(text.get(kept..range.start).unwrap_or_default());
            out.push_str(REDACTED);
            kept = range.end;
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Returns the start of a text, redacted, then truncated to `max_chars` characters and [escaped](text::escape).
    /// Redaction comes first, so that no part of a secret is left where the text is cut.
    pub fn excerpt(&self, text: &str, max_chars: usize) -> String {
        text::excerpt(&self.redact(text), max_chars)
    }

    /// Returns the ranges of the secrets, sorted and without overlap.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.inner.exact.find_in(text, &mut found);
        self.inner.hexadecimal.find_in(text, &mut found);
        self.find_encoded(text, &mut found);
        found.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    fn find_encoded(&self, text: &str, found: &mut Vec<Range<usize>>) {
        let mut ends = EncodedEnds::default();
        for (at, byte) in text.bytes().enumerate() {
            if !self.inner.first_bytes.get(usize::from(byte)).is_some_and(|begins| *begins) {
                continue;
            }
            let Some(rest) = text.get(at..) else { continue };
            let encoded = self.inner.secrets.iter().filter_map(|secret| {
                let len = ends.encoded_len(rest, secret)?;
                let alone = || {
                    let before = text.get(..at).and_then(|before| before.chars().next_back());
                    let after = rest.get(len..).and_then(|after| after.chars().next());
                    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
                };
                (!is_short(secret) || alone()).then_some(len)
            });
            if let Some(len) = encoded.max() {
                found.push(at..at + len);
            }
        }
    }
}

/// Does not show secrets.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.inner.secrets.len()).finish()
    }
}

fn is_short(secret: &str) -> bool {
    secret.chars().count() < MIN_LENGTH
}

fn hex_of(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Returns the base64 characters that are determined by these bytes alone, when 0, 1 or 2 other bytes precede them: in
/// both alphabets, and with the two special characters encoded as in form bodies and JSON.
fn base64_patterns(bytes: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut patterns = Vec::new();
    for before in 0..3 {
        let padded: Zeroizing<Vec<u8>> =
            Zeroizing::new(std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect());
        let first = (before * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        let sextet = |number: usize| {
            let (byte, shift) = (number * 6 / 8, number * 6 % 8);
            let at = |byte: usize| u16::from(padded.get(byte).copied().unwrap_or_default());
            let value = (at(byte) << 8 | at(byte + 1)) >> (10 - shift) & 63;
            ALPHABET.get(usize::from(value)).copied().unwrap_or_default()
        };
        let standard: Zeroizing<Vec<u8>> = Zeroizing::new((first..end).map(sextet).collect());
        if standard.contains(&b'+') || standard.contains(&b'/') {
            for [plus, slash] in
                [["-", "_"], ["%2B", "%2F"], ["%2b", "%2f"], ["+", "\\/"], ["\\u002b", "\\/"]]
            {
                let mut encoded = Zeroizing::new(Vec::with_capacity(standard.len() * 6));
                for byte in standard.iter() {
                    match byte {
                        b'+' => encoded.extend(plus.bytes()),
                        b'/' => encoded.extend(slash.bytes()),
                        other => encoded.push(*other),
                    }
                }
                patterns.push(encoded);
            }
        }
        patterns.push(standard);
    }
    patterns.into_iter()
}

/// The offsets at which encodings of the matched part of a secret end. A character can be encoded in ways of which one
/// begins another, so several are followed at once. Allocated once, as it is used at every byte.
#[derive(Default)]
struct EncodedEnds {
    here: Vec<usize>,
    next: Vec<usize>,
}

impl EncodedEnds {
    /// Returns the length of the longest encoding of the secret at the start of the text. A text that ends inside the
    /// secret matches too, if enough of the secret is there.
    fn encoded_len(&mut self, text: &str, secret: &str) -> Option<usize> {
        self.here.clear();
        self.here.push(0);
        for (count, wanted) in secret.chars().enumerate() {
            if count >= MIN_LENGTH && self.here.contains(&text.len()) {
                return Some(text.len());
            }
            self.next.clear();
            for end in &self.here {
                encodings(text.get(*end..).unwrap_or_default(), wanted, |len| {
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

/// Calls `found` with the length of each encoding of this character that the text starts with.
fn encodings(text: &str, wanted: char, mut found: impl FnMut(usize)) {
    if let Some(first) = text.chars().next().filter(|first| is_same_letter(*first, wanted)) {
        found(first.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'+') if wanted == ' ' => found(1),
        Some(b'%') => {
            for layers in 0..=LAYERS {
                let encoded = percent(text, wanted, layers);
                // A space becomes a plus sign before it is encoded again.
                let plus = (wanted == ' ').then(|| percent(text, '+', layers)).flatten();
                encoded.into_iter().chain(plus).for_each(&mut found);
                let inner = Unwrapped::new(text, |text| percent_byte(text, layers));
                inner.references(wanted, &mut found);
                escaped(&inner.text, wanted, |len| inner.found(len, &mut found));
            }
        }
        Some(b'&') => (0..=LAYERS).filter_map(|layers| reference(text, wanted, layers)).for_each(found),
        Some(b'\\') => {
            for backslashes in [1, 2, 4] {
                Unwrapped::new(text, |text| escaped_byte(text, backslashes)).references(wanted, &mut found);
            }
            escaped(text, wanted, found);
        }
        _ => {}
    }
}

/// Whether two characters are the same but for their case.
fn is_same_letter(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

/// The beginning of a text without its outer encoding, for characters that were encoded in another way before.
struct Unwrapped {
    text: String,
    /// Where each byte of the text ends in the outer one.
    ends: Vec<usize>,
}

impl Unwrapped {
    /// `byte` decodes an ASCII character at the start of a text, and returns it with its encoded length. What it does not
    /// decode is plain. Empty if the text does not begin with an encoded ampersand or backslash.
    fn new(text: &str, byte: impl Fn(&str) -> Option<(u8, usize)>) -> Unwrapped {
        let mut unwrapped = Unwrapped { text: String::new(), ends: Vec::new() };
        if byte(text).is_none_or(|(first, _)| first != b'&' && first != b'\\') {
            return unwrapped;
        }
        let mut end = 0;
        while unwrapped.ends.len() < MAX_REFERENCE {
            let Some(rest) = text.get(end..).filter(|rest| !rest.is_empty()) else { break };
            let plain = || rest.bytes().next().filter(u8::is_ascii).map(|plain| (plain, 1));
            let Some((decoded, len)) = byte(rest).or_else(plain) else { break };
            end += len;
            unwrapped.text.push(char::from(decoded));
            unwrapped.ends.push(end);
        }
        unwrapped
    }

    /// Calls `found` with the outer length of a part of the text that has this length.
    fn found(&self, len: usize, found: &mut impl FnMut(usize)) {
        if let Some(end) = len.checked_sub(1).and_then(|last| self.ends.get(last)) {
            found(*end);
        }
    }

    /// Calls `found` with the outer length of each character reference that the text starts with.
    fn references(&self, wanted: char, found: &mut impl FnMut(usize)) {
        for len in (0..=LAYERS).filter_map(|layers| reference(&self.text, wanted, layers)) {
            self.found(len, found);
        }
    }
}

/// Decodes `%2F`, or `%252F` with one more layer, where it is ASCII.
fn percent_byte(text: &str, layers: usize) -> Option<(u8, usize)> {
    let mut rest = text.strip_prefix('%')?;
    for _ in 0..layers {
        rest = rest.strip_prefix("25")?;
    }
    let byte = u8::from_str_radix(hex(rest, 2)?, 16).ok().filter(u8::is_ascii)?;
    Some((byte, text.len() - rest.len() + 2))
}

/// Decodes `\u0026`, with this many backslashes, where it is ASCII.
fn escaped_byte(text: &str, backslashes: usize) -> Option<(u8, usize)> {
    let mut rest = text;
    for _ in 0..backslashes {
        rest = rest.strip_prefix('\\')?;
    }
    let byte = u8::from_str_radix(hex(rest.strip_prefix("u00")?, 2)?, 16).ok().filter(u8::is_ascii)?;
    Some((byte, backslashes + 5))
}

/// Matches `%2F`, or `%252F` with one more layer.
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

/// Matches `&amp;`, `&#039;` and `&#x27;`, or `&amp;#039;` with one more layer.
fn reference(text: &str, wanted: char, layers: usize) -> Option<usize> {
    let mut rest = text.strip_prefix('&')?;
    for _ in 0..layers {
        rest = rest.strip_prefix("amp;")?;
    }
    let end = rest.bytes().take(MAX_REFERENCE).position(|byte| byte == b';')?;
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
            let encoded = format!("&{name};");
            entities::decoded(&encoded).chars().eq([wanted])
        }
    };
    same.then(|| text.len() - rest.len() + end + 1)
}

/// Matches `\/`, `\n` and `\u0026`, with one to seven backslashes.
fn escaped(text: &str, wanted: char, mut found: impl FnMut(usize)) {
    // Each further layer of encoding doubles the backslashes, and adds one where it encodes the character itself.
    let backslashes = text.bytes().take(7).take_while(|byte| *byte == b'\\').count();
    for layer in [1, 2, 3, 4, 7].into_iter().filter(|layer| *layer <= backslashes) {
        let rest = text.get(layer..).unwrap_or_default();
        let letter = match wanted {
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            same => same,
        };
        // A backslash before a letter or digit has another meaning.
        let is_escape = letter != wanted || !wanted.is_ascii_alphanumeric();
        if is_escape && rest.starts_with(letter) {
            found(layer + letter.len_utf8());
        }
        if is_escape && letter == wanted {
            (0..=LAYERS)
                .filter_map(|layers| reference(rest, wanted, layers))
                .for_each(|len| found(layer + len));
        }
        let units = wanted.encode_utf16(&mut [0; 2]).len();
        if let Some(len) = utf16(rest, wanted, text.get(..layer).unwrap_or_default(), units) {
            found(layer + len);
        }
    }
}

/// Matches `u0026`, or both halves of a surrogate pair with the backslashes between them.
fn utf16(text: &str, wanted: char, backslashes: &str, units: usize) -> Option<usize> {
    let mut rest = text;
    for (index, unit) in wanted.encode_utf16(&mut [0; 2]).iter().enumerate() {
        rest = rest.strip_prefix('u')?;
        (u16::from_str_radix(hex(rest, 4)?, 16) == Ok(*unit)).then_some(())?;
        rest = rest.get(4..)?;
        if index + 1 < units {
            rest = rest.strip_prefix(backslashes)?;
        }
    }
    Some(text.len() - rest.len())
}

/// Returns this many hexadecimal digits at the start. (`from_str_radix` alone would accept a sign.)
fn hex(text: &str, digits: usize) -> Option<&str> {
    text.get(..digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
        Redactor::new(secrets.iter().copied()).redact(text)
    }

    fn form(value: &str) -> String {
        let mut body = String::new();
        crate::form::push(&mut body, "", value);
        body.split_off(1)
    }

    #[test]
    fn a_secret_is_found_in_every_encoding() {
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
            // HTML in a form body, once and twice; JSON in a form body; HTML in JSON; JSON in HTML; upper case.
            "s3+cr%3Dt%26amp%3B%26quot%3B%26lt%3B%26%23039%3B%2F%C3%A9%7E",
            "s3%2Bcr%253Dt%2526amp%253B%2526quot%253B%2526lt%253B%2526%2523039%253B%252F%25C3%25A9%257E",
            "s3+cr%3Dt%26%5C%22%3C%27%5C%2F%5Cu00e9%7E",
            r#"s3 cr=t\u0026amp;\u0026quot;\u0026lt;\u0026#039;\/\u00e9~"#,
            r#"s3 cr=t&amp;\&quot;&lt;'\/é~"#,
            "S3 CR=T&\"<'/É~",
            r#"s3 cr=t&\\\"<'\\\/\\u00e9~"#,
        ] {
            assert_eq!(redact(&format!("a={text}&b"), &[SECRET]), "a=[redacted]&b", "{text}");
        }
        for text in ["s3cr=t&\"<'/é~", "s3%20cr%3Dt.", "&amp;&#;&#xZ;&;%%2\\u\\u00", ""] {
            assert_eq!(redact(text, &[SECRET]), text);
        }
    }

    #[test]
    fn other_texts_of_the_same_length_are_kept() {
        for (text, secret) in [
            // A plus sign encodes a space and no other character.
            ("pass+ord1", "password1"),
            ("+++++++++", "password1"),
            // A backslash before a letter has a meaning of its own, and another character is not the one of the secret.
            (r"sec\ret-key", "secret-key"),
            (r"secret\xkey", "secret-key"),
            (r"sec\&#114;et-key", "secret-key"),
        ] {
            assert_eq!(redact(text, &[secret]), text);
        }
    }

    #[test]
    fn secrets_that_look_like_encodings_are_found() {
        for secret in
            ["%25%25", "&amp;", "a\\u0026", "++++", "\\\\\\\\", "😀😀😀😀", "a\nb\tc", "a\u{8}\r\u{c}z"]
        {
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
    fn short_secrets_are_found_between_other_characters_and_the_longest_is_taken() {
        assert_eq!(redact("abcdef abcd", &["abcd", "abcdef"]), "[redacted] [redacted]");
        assert_eq!(redact("secret=abc&x=abcd", &["abc", ""]), "secret=[redacted]&x=abcd");
        assert_eq!(redact("abc", &["abc"]), "[redacted]");
        assert_eq!(redact("a%26c. xa&c", &["a&c"]), "[redacted]. xa&c");
        assert_eq!(redact("xa%26cdx", &["a&cd"]), "x[redacted]x");
        assert_eq!(redact("no 1 in 10", &["1"]), "no [redacted] in 10");
    }

    #[test]
    fn encodings_of_the_whole_secret_are_found() {
        // The right-hand sides are what Python 3.11 prints for b64encode, hex and md5.
        const SECRET: &str = "s3cr\u{e9}t>>>???";
        for text in [
            "czNjcsOpdD4-Pj8_Pw==",
            "czNjcsOpdD4+Pj8/Pw==",
            "czNjcsOpdD4%2BPj8%2FPw%3D%3D",
            "czNjcsOpdD4%2bPj8%2fPw%3d%3d",
            "czNjcsOpdD4+Pj8\\/Pw==",
            "eHMzY3LDqXQ+Pj4/Pz8=",
            "eHlzM2Nyw6l0Pj4+Pz8/eg==",
            "73336372c3a9743e3e3e3f3f3f",
            "73336372C3A9743E3E3E3F3F3F",
        ] {
            let shown = redact(text, &[SECRET]).into_owned();
            assert!(shown.contains(REDACTED), "{text}");
            // Characters at either end may depend on other bytes too.
            assert!(shown.replace(REDACTED, "").len() <= 8, "{text}: {shown}");
        }
        for md5 in ["5f4dcc3b5aa765d61d8327deb882cf99", "5F4DCC3B5AA765D61D8327DEB882CF99"] {
            assert_eq!(redact(md5, &["password"]), REDACTED);
            assert_eq!(redact(md5, &["5f4dcc3b5aa765d61d8327deb882cf99"]), REDACTED);
        }
    }

    #[test]
    fn a_secret_at_the_end_of_a_truncated_text_is_found() {
        const SECRET: &str = "ab\"cd&ef";
        for (text, shown) in [
            ("the secret ab\"cd&e", "the secret [redacted]"),
            ("the secret ab%22cd", "the secret [redacted]"),
            ("the secret ab\"", "the secret ab\""),
        ] {
            assert_eq!(redact(text, &[SECRET]), shown);
        }
        let redactor = Redactor::new([SECRET]);
        for cut in 1..40 {
            let shown = redactor.excerpt("the secret ab\"cd&ef is wrong", cut);
            assert!(!shown.contains("ab\"") && !shown.contains("cd"), "{shown}");
        }
    }

    #[test]
    fn debug_shows_how_many_secrets_there_are_and_none_of_them() {
        let redactor = Redactor::new(["s3cr3t", "hunter2"]);
        assert_eq!(format!("{redactor:?}"), "Redactor { secrets: 2 }");
    }

    #[test]
    fn the_work_is_linear_in_the_text() {
        let secret = format!("{}b", "a".repeat(30));
        for text in ["a", "\\", "%", "&amp;", "%25", "&#37;", "\\u00"] {
            assert!(
                !redact(&(text.repeat(200_000) + "."), &[&secret, "%%%%%%%%!", "\\\\\\\\!"])
                    .contains("[redacted]")
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn every_mix_of_encodings_is_found(
            parts in proptest::collection::vec((proptest::prelude::any::<char>(), 0..4_usize), 4..20),
        ) {
            let secret: String = parts.iter().map(|(c, _)| *c).collect();
            let encode = |(c, how): &(char, usize)| match how {
                0 => c.to_string(),
                1 => form(&c.to_string()),
                2 => format!("&#{};", u32::from(*c)),
                _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            };
            let text: String = parts.iter().map(encode).collect();
            proptest::prop_assert_eq!(redact(&text, &[&secret]), "[redacted]", "{} in {}", secret, text);
        }
    }
}
