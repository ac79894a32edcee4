//! Detects the format of a body and where the reply starts.

use super::decoded::note_top_level;
use super::excerpt;
use crate::finding::Findings;
use crate::{DecodeError, DecodeErrorKind, FindingKind, PageKind, page_kind, text};

/// How many bytes of text may precede a reply. A PHP notice has a few hundred bytes.
const MAX_NOISE: usize = 64 << 10;
/// How many positions in such text are tried as the start of a reply, so that the work stays linear.
const MAX_TRIES: usize = 8;
/// How many characters of text around a reply a finding shows.
const MAX_DETAIL: usize = 200;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A format and the offset at which the reply starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json { start: usize },
    Xml { start: usize },
    Nvp { start: usize },
}

/// Finds the reply in a body. Byte order marks, white space and PHP notices can precede it.
pub(super) fn find(body: &[u8], findings: &mut Findings) -> Result<Format, DecodeError> {
    let mut start = 0;
    if body.starts_with(BYTE_ORDER_MARK) {
        note_top_level(findings, FindingKind::ByteOrderMark, "byte 0");
        start = BYTE_ORDER_MARK.len();
    }
    let rest = body.get(start..).unwrap_or_default();
    start += rest.len() - rest.trim_ascii_start().len();
    let rest = body.get(start..).unwrap_or_default();
    match rest.first() {
        None => return Err(DecodeError::new(DecodeErrorKind::Empty)),
        Some(b'{') => return Ok(Format::Json { start }),
        Some(b'<') if begins_xml(rest) => return Ok(Format::Xml { start }),
        Some(_) if begins_nvp(rest) => return Ok(Format::Nvp { start }),
        Some(_) => {}
    }
    match find_after_noise(rest) {
        Some((noise, json)) => {
            let text = rest.get(..noise).unwrap_or_default();
            note_noise(findings, FindingKind::LeadingText, start, text);
            let start = start + noise;
            Ok(if json { Format::Json { start } } else { Format::Xml { start } })
        }
        None => Err(not_a_reply(body, start)),
    }
}

/// Reports text before or after a reply as a finding.
pub(super) fn note_noise(findings: &mut Findings, kind: FindingKind, offset: usize, text: &[u8]) {
    // Redact the whole text before truncating it: PHP may print the request.
    let text = String::from_utf8_lossy(text.get(..MAX_NOISE).unwrap_or(text));
    let text = excerpt::without_access_keys(&text);
    let text = match findings.redactor() {
        Some(redactor) => redactor.redact(&text).into_owned(),
        None => text,
    };
    let visible = page_kind::visible_text(&text);
    let detail = text::excerpt(visible.text.trim(), MAX_DETAIL);
    findings.note(kind, None, || format!("byte {offset}"), Some(detail));
}

/// Returns whether the text after a reply is another document or a fragment of one, rather than a message such as a PHP
/// warning.
pub(super) fn is_document(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    match rest.first() {
        Some(b'}' | b']' | b',' | b':' | b'"') => true,
        Some(b'{' | b'[') => {
            let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
            begins_json_reply(rest) || matches!(values.next(), Some(Ok(_)))
        }
        _ => begins_xml(rest) || begins_nvp(rest) || begins_page(rest),
    }
}

fn begins_page(text: &[u8]) -> bool {
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    begins(b"<!doctype") || begins(b"<html")
}

fn begins_xml(text: &[u8]) -> bool {
    text.starts_with(b"<?xml") || text.starts_with(b"<whmcsapi")
}

fn begins_nvp(text: &[u8]) -> bool {
    text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case(b"result="))
}

fn begins_html(text: &[u8]) -> bool {
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    // PHP wraps its notices in these.
    let is_php_notice = begins(b"<br") || begins(b"<b>");
    let is_tag = matches!(text, [b'<', b'!' | b'a'..=b'z' | b'A'..=b'Z', ..]);
    is_tag && !is_php_notice && !begins_xml(text)
}

/// Finds a reply after other text. Returns the length of that text, and whether the reply is JSON (`true`) or XML.
fn find_after_noise(text: &[u8]) -> Option<(usize, bool)> {
    let window = text.get(..MAX_NOISE).unwrap_or(text);
    let json = window.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    let candidates = json.filter(|at| text.get(*at..).is_some_and(begins_json_reply)).take(MAX_TRIES);
    let mut first = None;
    for at in candidates {
        first = first.or(Some((at, true)));
        let rest = text.get(at..).unwrap_or_default();
        if serde_json::from_slice::<serde::de::IgnoredAny>(rest).is_ok() {
            return Some((at, true));
        }
    }
    let xml = || {
        let mut tags = window.iter().enumerate().filter(|(_, byte)| **byte == b'<').map(|(at, _)| at);
        tags.find(|at| text.get(*at..).is_some_and(begins_xml)).map(|at| (at, false))
    };
    // No complete JSON: use the first candidate, so that the error is about it, unless it is a script in an HTML page.
    first.filter(|_| !begins_html(text)).or_else(xml)
}

/// Returns whether an object starts here whose first key is one of a reply.
fn begins_json_reply(text: &[u8]) -> bool {
    const KEYS: [&str; 6] = ["result", "status", "message", "totalresults", "tickets", "action"];
    let after = text.get(1..).unwrap_or_default().trim_ascii_start();
    KEYS.iter().any(|key| {
        let quoted = after.strip_prefix(b"\"").and_then(|rest| rest.strip_prefix(key.as_bytes()));
        quoted.is_some_and(|rest| rest.starts_with(b"\""))
    })
}

/// Returns the error for a body that is not a reply: an HTML page, other JSON, or plain text.
pub(super) fn not_a_reply(body: &[u8], start: usize) -> DecodeError {
    let rest = body.get(start..).unwrap_or_default();
    let page = String::from_utf8_lossy(rest.get(..MAX_NOISE).unwrap_or(rest));
    let page = excerpt::without_access_keys(&page);
    let visible = page_kind::visible_text(&page);
    let is_data = matches!(rest.first(), Some(b'{' | b'[')) || begins_xml(rest);
    let shown = match visible.title {
        _ if is_data => Some(excerpt::at(body, start)),
        // A page with only a title has no other text to show.
        Some(_) if visible.text.is_empty() => None,
        None if visible.text.is_empty() => Some(excerpt::at(body, start)),
        _ => Some(visible.text),
    };
    let error = DecodeError::new(DecodeErrorKind::NotAReply { title: visible.title })
        .at(start)
        .with_page_kind(PageKind::detect(None, &page));
    match shown {
        Some(shown) => error.with_excerpt(shown),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> (Format, Vec<&'static str>) {
        let mut findings = Findings::default();
        let format = find(body.as_bytes(), &mut findings).unwrap();
        (format, findings.into_list().iter().map(|finding| finding.kind.code()).collect())
    }

    #[test]
    fn the_reply_is_found_after_other_output() {
        assert_eq!(found("{}"), (Format::Json { start: 0 }, vec![]));
        assert_eq!(found(" \r\n\t{}"), (Format::Json { start: 4 }, vec![]));
        assert_eq!(found("\u{feff}{}"), (Format::Json { start: 3 }, vec!["byte-order-mark"]));
        let notice = "<br />\n<b>Notice</b>: {x} in <b>a.php</b>\n{\"result\":\"success\"}";
        assert_eq!(found(notice), (Format::Json { start: 42 }, vec!["leading-text"]));
        assert_eq!(found("Warning: x\n<?xml version=\"1.0\"?>").0, Format::Xml { start: 11 });
        assert_eq!(found("<whmcsapi/>").0, Format::Xml { start: 0 });
        assert_eq!(found("result=error;").0, Format::Nvp { start: 0 });
    }

    #[test]
    fn the_complete_reply_is_used_where_the_text_before_it_quotes_one() {
        let body = "Debug: {\"result\" => 1}, {\"result\": \n{\"result\":\"success\"}";
        assert_eq!(found(body).0, Format::Json { start: body.rfind('{').unwrap() });
    }

    #[test]
    fn a_script_in_a_page_is_not_a_reply() {
        for body in [
            "<div><script>x={\"status\":\"blocked\"};</script></div>",
            "<script>var y = {\"message\": \"wait\"};</script>",
            "<!-- cached --><p>{\"result\": </p>",
        ] {
            let error = find(body.as_bytes(), &mut Findings::default()).unwrap_err();
            assert_eq!(error.kind(), &DecodeErrorKind::NotAReply { title: None }, "{body}");
        }
    }

    #[test]
    fn an_incomplete_reply_is_found_after_a_notice_in_html() {
        for notice in ["<br />\n<b>Warning</b>: a", "<b>Warning</b>: a", "<BR>\nWarning: a"] {
            let body = format!("{notice}\n{{\"result\":\"success\",\"tickets\":");
            assert_eq!(found(&body).0, Format::Json { start: notice.len() + 1 }, "{body}");
        }
    }

    #[test]
    fn html_pages_are_reported_with_their_title() {
        let page = "<!DOCTYPE html><html><head><TITLE>\n Down for\n Maintenance &amp; more </TITLE>";
        let error = find(page.as_bytes(), &mut Findings::default()).unwrap_err();
        let title = Some("Down for Maintenance & more".to_owned());
        assert_eq!(error.kind(), &DecodeErrorKind::NotAReply { title });
        assert_eq!(error.excerpt(), None, "the title is all the text");
        // A page without any text is shown as it is.
        let error = find(b"<p></p>", &mut Findings::default()).unwrap_err();
        assert_eq!(error.excerpt(), Some("<p></p>"));
        let empty = find(b" \n", &mut Findings::default()).unwrap_err();
        assert_eq!(empty.kind(), &DecodeErrorKind::Empty);
    }

    #[test]
    fn data_after_a_reply_is_a_document_and_a_message_is_not() {
        for rest in ["{\"a\":1}", "[1]", "{\"result\":\"success\",", "}", "<?xml", "result=error", "<HTML>"] {
            assert!(is_document(rest.as_bytes()), "{rest}");
        }
        for rest in ["{not JSON", "[2026-01-01] a log line", "Warning: a", "", "<br />"] {
            assert!(!is_document(rest.as_bytes()), "{rest}");
        }
    }
}
