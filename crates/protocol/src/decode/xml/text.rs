//! Converts the bytes of XML to text, in the declared encoding. Invalid bytes are replaced.

use encoding_rs::{Encoding, UTF_8};

use crate::finding::Findings;
use crate::{DecodeError, DecodeErrorKind, FindingKind};

/// The body as text.
pub(super) struct Text {
    pub(super) text: String,
    /// Whether invalid bytes were replaced.
    pub(super) replaced: bool,
    /// Whether offsets in the text differ from those in the body.
    pub(super) rewritten: bool,
}

/// Reads the body in the encoding that it declares.
pub(super) fn to_text(body: Vec<u8>, findings: &mut Findings) -> Result<Text, DecodeError> {
    let encoding = match declared_encoding(&body) {
        None => UTF_8,
        Some(label) => Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
            let name = findings.excerpt(&label, 40);
            DecodeError::new(DecodeErrorKind::UnknownEncoding { name }).at(0)
        })?,
    };
    if encoding != UTF_8 {
        let name = Some(encoding.name().to_owned());
        findings.note(FindingKind::DeclaredEncoding, None, || "byte 0".into(), name);
    }
    // If the body were UTF-16, its declaration could not have been read, so a declaration of UTF-16 is wrong.
    let encoding = encoding.output_encoding();
    if encoding == UTF_8 {
        return Ok(match String::from_utf8(body) {
            Ok(text) => Text { text, replaced: false, rewritten: false },
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                Text { text, replaced: true, rewritten: true }
            }
        });
    }
    let (text, replaced) = encoding.decode_without_bom_handling(&body);
    Ok(Text { text: text.into_owned(), replaced, rewritten: true })
}

/// Returns the encoding in the XML declaration.
fn declared_encoding(body: &[u8]) -> Option<String> {
    let declaration = body.strip_prefix(b"<?xml")?;
    let end = declaration.iter().take(200).position(|byte| *byte == b'>')?;
    let declaration = String::from_utf8_lossy(declaration.get(..end)?).into_owned();
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value.get(1..)?.split(quote).next().map(str::to_owned)
}
