//! JSON, which has two decoders with one meaning.

mod fast;
mod locate;
mod tolerant;

use std::any::Any;
use std::sync::Arc;

use super::{Decoded, excerpt};
use crate::finding::Findings;
use crate::tickets::body::Body;
use crate::{DecodeError, DecodeErrorKind};

/// Decodes the JSON that starts at this offset of the body.
pub(super) fn decode(
    mut body: Vec<u8>,
    start: usize,
    findings: Findings,
    try_fast: bool,
) -> Result<Decoded, DecodeError> {
    // What stands before may be in any encoding.
    body.drain(..start);
    let text = String::from_utf8(body).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        place(DecodeErrorKind::InvalidUtf8, error.as_bytes(), offset, start)
    })?;
    decode_text(text.into(), start, findings, try_fast)
}

/// As [`decode`], of a body that is lent and not copied.
pub(super) fn decode_lent(
    body: &'static [u8],
    owner: Arc<dyn Any + Send + Sync>,
    start: usize,
    findings: Findings,
    try_fast: bool,
) -> Result<Decoded, DecodeError> {
    let body = body.get(start..).unwrap_or_default();
    let text = simdutf8::compat::from_utf8(body)
        .map_err(|error| place(DecodeErrorKind::InvalidUtf8, body, error.valid_up_to(), start))?;
    decode_text(Body::Lent(text, owner), start, findings, try_fast)
}

fn decode_text(text: Body, start: usize, findings: Findings, try_fast: bool) -> Result<Decoded, DecodeError> {
    if try_fast && let Some(builder) = fast::decode(&text) {
        return Ok(Decoded { findings, ..builder.finish(text) });
    }
    let place = |error: tolerant::Error| place(error.kind, text.as_bytes(), error.offset, start);
    match tolerant::decode(&text, findings) {
        Ok(tolerant::Outcome::Page(builder)) => Ok(builder.finish(text)),
        Ok(tolerant::Outcome::Error(decoded)) => Ok(decoded),
        Err(error) => Err(place(error)),
    }
}

/// An error with its place: `base` is how much of the body stood before the JSON.
fn place(kind: DecodeErrorKind, json: &[u8], offset: usize, base: usize) -> DecodeError {
    DecodeError::new(kind)
        .at(base + offset)
        .with_path(locate::path_at(json, offset))
        .with_excerpt(excerpt::at(json, offset))
}
