//! JSON, which has two decoders with one meaning.

mod fast;
mod locate;
mod tolerant;

use super::{Decoded, excerpt};
use crate::finding::Findings;
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
