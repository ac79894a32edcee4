//! Excerpts of a body for error messages: short, escaped, and without the access keys of tickets.

use crate::text;

/// The most characters of an excerpt.
const MAX_CHARS: usize = 80;

/// How many bytes before an excerpt are searched for the start of an access key, which has eight characters.
const BEFORE: usize = 64;

/// Returns the text at an offset, or the text before it at the end of the body. The access keys of tickets are replaced
/// by `…`.
pub(super) fn at(body: &[u8], offset: usize) -> String {
    let (start, end) = if offset < body.len() {
        (offset, body.len().min(offset + MAX_CHARS * 4))
    } else {
        (body.len().saturating_sub(MAX_CHARS / 2), body.len())
    };
    let window_start = start.saturating_sub(BEFORE);
    let window = body.get(window_start..end).unwrap_or_default();
    let (mut out, mut at) = (Vec::new(), start - window_start);
    for (key_start, key_end) in access_keys(window) {
        if key_end > at {
            out.extend_from_slice(window.get(at..key_start.max(at)).unwrap_or_default());
            out.extend_from_slice("…".as_bytes());
            at = key_end;
        }
    }
    out.extend_from_slice(window.get(at..).unwrap_or_default());
    text::excerpt(&String::from_utf8_lossy(&out), MAX_CHARS)
}

/// Returns the text with the access keys of tickets replaced by `…`.
pub(super) fn without_access_keys(text: &str) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for (start, end) in access_keys(text.as_bytes()) {
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push('…');
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Returns the ranges of the values of `c` in JSON, XML and name-value pairs, in order.
fn access_keys(window: &[u8]) -> Vec<(usize, usize)> {
    let mut keys = Vec::new();
    let mut at = 0;
    while let Some(rest) = window.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((opening, closings)) = access_key_opening(rest) else {
            at += 1;
            continue;
        };
        let start = at + opening;
        let value = window.get(start..).unwrap_or_default();
        let closes = |here: usize| {
            closings.iter().any(|closing| value.get(here..).is_some_and(|rest| rest.starts_with(closing)))
        };
        let len = (0..value.len()).find(|here| closes(*here)).unwrap_or(value.len());
        keys.push((start, start + len));
        at = start + len;
    }
    keys
}

const END_OF_TEXT: &[&[u8]] = &[b"\""];
const END_OF_NUMBER: &[&[u8]] = &[b",", b"}", b" ", b"\t", b"\r", b"\n"];
const END_OF_PAIR: &[&[u8]] = &[b";"];
const END_OF_ELEMENT: &[&[u8]] = &[b"</c"];

/// If a value of `c` begins here, returns the length of what precedes it, and what ends it.
fn access_key_opening(text: &[u8]) -> Option<(usize, &'static [&'static [u8]])> {
    let opening = |rest: &[u8]| text.len() - rest.len();
    let json_key = text.strip_prefix(b"\"c\"").or_else(|| {
        let escape = text.get(..8).is_some_and(|key| key.eq_ignore_ascii_case(b"\"\\u0063\""));
        text.get(8..).filter(|_| escape)
    });
    if let Some(rest) = json_key {
        let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let quoted = rest.strip_prefix(b"\"").map(|rest| (opening(rest), END_OF_TEXT));
        // With JSON_NUMERIC_CHECK, PHP writes a string of digits as a number.
        return quoted.or(Some((opening(rest), END_OF_NUMBER)));
    }
    if let Some(rest) = text.strip_prefix(b"[c]=") {
        return Some((opening(rest), END_OF_PAIR));
    }
    let rest = text.strip_prefix(b"<c")?;
    let tag_end = rest.iter().position(|byte| *byte == b'>')?;
    let is_c = matches!(rest.first(), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'));
    is_c.then(|| (opening(rest) + tag_end + 1, END_OF_ELEMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_bounded_and_visible() {
        assert_eq!(at(b"abc\x1b[31mdef", 2), "c\\u{1b}[31mdef");
        assert_eq!(at("a\u{202e}b".as_bytes(), 0), "a\\u{202e}b");
        for character in ["x", "é"] {
            assert_eq!(at(character.repeat(500).as_bytes(), 0).chars().count(), MAX_CHARS + 1);
        }
        assert_eq!(at(b"the end", 7), "the end");
        assert_eq!(at(b"", 0), "");
    }

    #[test]
    fn access_keys_are_not_shown() {
        assert_eq!(at(br#"{"c":"KPqH7yG3","x":1}"#, 0), r#"{"c":"…","x":1}"#);
        assert_eq!(at(br#"{"c": "KPqH7"#, 12), r#"{"c": "…"#);
        assert_eq!(at(br#"{"c":"KPqH7\ud800"}"#, 8), "…\"}");
        // At the end of the key there is nothing to hide.
        assert_eq!(at(br#"{"c":"KPqH7yG3","x":1}"#, 14), r#"","x":1}"#);
        assert_eq!(at(br#"{"\u0063":"KPqH7yG3","x":1}"#, 0), r#"{"\u0063":"…","x":1}"#);
        assert_eq!(at(br#"{"c":12345678,"x":1}"#, 0), r#"{"c":…,"x":1}"#);
        assert_eq!(at(br#"{"c" : 12345678 }"#, 9), "… }");
        assert_eq!(at(br#"{"c":1234"#, 9), r#"{"c":…"#);
        assert_eq!(at(b"<c>KPqH7yG3</c><d>", 0), "<c>…</c><d>");
        assert_eq!(at(b"<c ><![CDATA[KPqH7yG3]]></c><d>", 8), "…</c><d>");
        assert_eq!(at(b"<c lang=\"x\">KPqH7yG3</c><d>", 0), "<c lang=\"x\">…</c><d>");
        assert_eq!(at(b"tickets[ticket][0][c]=KPqH7yG3;a=b", 0), "tickets[ticket][0][c]=…;a=b");
    }
}
