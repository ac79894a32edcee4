//! JSON has two decoders, which give the same result: the tolerant one is the specification of the fast one.

mod checks;
mod fast;
mod locate;
mod tolerant;

use std::any::Any;
use std::sync::Arc;

use super::decoded::{Decoded, Failed};
use super::{excerpt, format};
use crate::finding::Findings;
use crate::tickets::body::Body;
use crate::{DecodeError, DecodeErrorKind, FindingKind, PageKind};

/// Decodes the JSON that starts at this offset of the body. On failure the body is returned with the error.
pub(super) fn decode(
    mut body: Vec<u8>,
    start: usize,
    mut findings: Findings,
    try_fast: bool,
) -> Result<Decoded, Failed> {
    // What precedes the JSON may be in any encoding.
    let before: Vec<u8> = body.drain(..start).collect();
    let whole = |rest: &[u8]| [&before, rest].concat();
    let mut text = match String::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let end = end_before_other_text(&bytes, offset, start, &mut findings);
            match end.and_then(|end| String::from_utf8(bytes.get(..end)?.to_vec()).ok()) {
                Some(text) => text,
                None => {
                    let error = located(DecodeErrorKind::InvalidUtf8, &bytes, offset, start);
                    return Err(Failed { error, body: whole(&bytes) });
                }
            }
        }
    };
    if try_fast && let Some(builder) = fast::decode(&text) {
        return Ok(Decoded { findings, ..builder.finish(text) });
    }
    match tolerant::decode(&text, start, findings) {
        Ok(tolerant::TolerantReply::Page(builder)) => Ok(builder.finish(std::mem::take(&mut text))),
        Ok(tolerant::TolerantReply::Error(decoded)) => Ok(decoded),
        Err(error) => {
            let error = located(error.kind, text.as_bytes(), error.offset, start);
            let body = if before.is_empty() { text.into_bytes() } else { whole(text.as_bytes()) };
            Err(Failed { error, body })
        }
    }
}

/// As [`decode`], for a body in memory of another owner, which is not copied.
pub(super) fn decode_shared(
    body: &'static [u8],
    owner: Arc<dyn Any + Send + Sync>,
    start: usize,
    mut findings: Findings,
    try_fast: bool,
) -> Result<Decoded, DecodeError> {
    let body = body.get(start..).unwrap_or_default();
    let text = match simdutf8::compat::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let end = end_before_other_text(body, error.valid_up_to(), start, &mut findings);
            end.and_then(|end| std::str::from_utf8(body.get(..end)?).ok())
                .ok_or_else(|| located(DecodeErrorKind::InvalidUtf8, body, error.valid_up_to(), start))?
        }
    };
    let locate = |error: tolerant::Error| located(error.kind, text.as_bytes(), error.offset, start);
    if try_fast && let Some(builder) = fast::decode(text) {
        return Ok(Decoded { findings, ..builder.finish(Body::Shared(text, owner)) });
    }
    match tolerant::decode(text, start, findings).map_err(locate)? {
        tolerant::TolerantReply::Page(builder) => Ok(builder.finish(Body::Shared(text, owner))),
        tolerant::TolerantReply::Error(decoded) => Ok(decoded),
    }
}

/// Finds a complete document before the first byte that is not UTF-8. Text after it, such as a PHP warning in another
/// encoding, becomes a finding. Returns the end of the document, or `None` if it is incomplete or followed by another
/// document.
fn end_before_other_text(json: &[u8], bad: usize, base: usize, findings: &mut Findings) -> Option<usize> {
    let end = tolerant::document_end(json.get(..bad)?)?;
    let rest = json.get(end..)?;
    let blank = rest.len() - rest.trim_ascii_start().len();
    (!format::is_document(rest)).then(|| {
        format::note_noise(findings, FindingKind::TrailingText, base + end + blank, rest);
        end
    })
}

/// Creates an error with its offset, path and excerpt. `base` is the offset of the JSON in the body.
fn located(kind: DecodeErrorKind, json: &[u8], offset: usize, base: usize) -> DecodeError {
    let is_page = matches!(kind, DecodeErrorKind::NotAReply { .. });
    let error = DecodeError::new(kind)
        .at(base + offset)
        .with_path(locate::path_at(json, offset))
        .with_excerpt(excerpt::at(json, offset));
    if is_page { error.with_page_kind(PageKind::detect(None, &String::from_utf8_lossy(json))) } else { error }
}
