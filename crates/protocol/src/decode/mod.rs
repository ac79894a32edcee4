//! Decoding: from bytes to types.
//!
//! The format is detected from the body. JSON has two decoders: a fast one, which reads only the documented format, and
//! a tolerant one, which reads the whole body again if the fast one fails. The tolerant decoder is the specification of
//! both.

mod builder;
mod decoded;
mod excerpt;
mod format;
mod json;
mod nvp;
mod other_call;
mod xml;

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use crate::finding::Findings;
use crate::{DecodeError, DecodeErrorKind, Redactor, Reply};

use self::decoded::{Decoded, Failed};
use self::format::Format;

/// Decodes a reply. Known deviations from the documented format are accepted and reported as
/// [`Page::findings`](crate::Page::findings). A `Vec<u8>` or `String` is not copied.
///
/// ```
/// use gettickets_protocol::{ApiErrorClass, Reply, decode};
/// let Reply::Error(error) = decode(r#"{"result":"error","message":"Authentication Failed"}"#)? else { panic!() };
/// assert_eq!(error.class(), ApiErrorClass::Authentication);
/// # Ok::<(), gettickets_protocol::DecodeError>(())
/// ```
///
/// # Errors
///
/// [`DecodeError`] if the body is not a reply, or cannot be read without losing data.
pub fn decode(body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
    Decoder::new().decode(body)
}

/// Decodes replies, with settings.
///
/// The time is linear in the size of the body, whatever its nesting. The memory, besides the body, is about 110 bytes
/// per ticket, 16 per attachment, 16 per unknown field, 20 per unknown XML element, and a few hundred for each
/// different name of an unknown field, of which a page may have 65,536. For documented tickets this is a fifth of the
/// size of the body. The worst case, tickets that have only an id, takes 13 times the size of the body; a test keeps it
/// below 16 times. [`Page::extra`](crate::Page::extra) and [`TicketRef::extra`](crate::TicketRef::extra) build
/// serde_json values when called, which take more.
///
/// ```
/// use gettickets_protocol::Decoder;
/// let notice = "Notice: Undefined index\n{\"result\":\"success\",\"tickets\":\"\"}";
/// assert!(Decoder::new().decode(notice).is_ok());
/// assert!(Decoder::new().strict(true).decode(notice).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    strict: bool,
    max_len: usize,
    tolerant_only: bool,
    redactor: Option<Redactor>,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder { strict: false, max_len: Decoder::DEFAULT_MAX_LEN, tolerant_only: false, redactor: None }
    }
}

impl Decoder {
    /// The default limit of the size of a body: 256 MiB.
    pub const DEFAULT_MAX_LEN: usize = 256 << 20;
    /// The largest limit: 340 MiB. Texts are addressed by 31-bit offsets, and one byte of the body can become six: a
    /// control character in an unknown XML element, which is kept as JSON.
    pub const LARGEST_MAX_LEN: usize = 340 << 20;

    /// Creates a decoder with the default settings.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Whether a page with a finding is an error, which names the first finding. Default: `false`.
    ///
    /// An error of the API is returned as [`Reply::Error`] in any case, so that its message is not lost: it has no data
    /// that a deviation could affect.
    ///
    /// ```
    /// use gettickets_protocol::{Decoder, Reply};
    /// let body = "Notice: Undefined index\n{\"result\":\"error\",\"message\":\"Authentication Failed\"}";
    /// let Reply::Error(error) = Decoder::new().strict(true).decode(body)? else { panic!() };
    /// assert_eq!(error.message(), Some("Authentication Failed"));
    /// # Ok::<(), gettickets_protocol::DecodeError>(())
    /// ```
    #[must_use]
    pub fn strict(self, strict: bool) -> Decoder {
        Decoder { strict, ..self }
    }

    /// The limit of the size of a body, in bytes. Default: [`DEFAULT_MAX_LEN`](Decoder::DEFAULT_MAX_LEN). A larger
    /// value than [`LARGEST_MAX_LEN`](Decoder::LARGEST_MAX_LEN) is reduced to that.
    #[must_use]
    pub fn max_len(self, max_len: usize) -> Decoder {
        Decoder { max_len: max_len.min(Decoder::LARGEST_MAX_LEN), ..self }
    }

    /// Redacts all server text in errors, in the message of an API error and in findings. The body is redacted before
    /// an excerpt is cut from it. A reply without these is not searched, so redaction costs nothing for normal pages.
    ///
    /// A server may echo a secret without encoding it, so that a quote or an `&` in the secret makes the reply invalid.
    /// Then the redacted body is decoded instead, and offsets refer to the redacted body. If a body of more than 4 MiB
    /// cannot be decoded, none of its text is shown.
    ///
    /// ```
    /// use gettickets_protocol::{Credentials, Decoder, Reply};
    /// let redactor = Credentials::api("IDENTIFIER", "a\"b,c").redactor();
    /// let body = r#"{"result":"error","message":"no such secret: a"b,c"}"#;
    /// let Reply::Error(error) = Decoder::new().redactor(redactor).decode(body)? else { panic!() };
    /// assert_eq!(error.message(), Some("no such secret: [redacted]"));
    /// # Ok::<(), gettickets_protocol::DecodeError>(())
    /// ```
    #[must_use]
    pub fn redactor(self, redactor: Redactor) -> Decoder {
        Decoder { redactor: Some(redactor), ..self }
    }

    /// Whether to skip the fast decoder. For tests and benchmarks that compare the two.
    #[doc(hidden)]
    #[must_use]
    pub fn tolerant_only(self, tolerant_only: bool) -> Decoder {
        Decoder { tolerant_only, ..self }
    }

    /// Decodes a reply. A `Vec<u8>` or `String` is not copied.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body is not a reply, or cannot be read without losing data.
    pub fn decode(&self, body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
        match self.decode_owned(body.into()) {
            Ok(reply) => self.reply(reply),
            Err(Failed { error, body }) => self.redacted(error, &body),
        }
    }

    fn decode_owned(&self, body: Vec<u8>) -> Result<Decoded, Failed> {
        let mut findings = Findings::new(self.redactor.clone());
        let format = match self.format_of(&body, &mut findings) {
            Ok(format) => format,
            Err(error) => return Err(Failed { error, body }),
        };
        match format {
            Format::Json { start } => json::decode(body, start, findings, !self.tolerant_only),
            Format::Xml { start } => {
                // On an error the body is needed again for redaction only.
                let kept = if self.redactor.is_some() { body.clone() } else { Vec::new() };
                xml::decode(body, start, findings).map_err(|error| Failed { error, body: kept })
            }
            Format::Nvp { start } => {
                nvp::decode(&body, start, findings).map_err(|error| Failed { error, body })
            }
        }
    }

    /// Returns the error without secrets. The excerpt in an error is truncated, and a truncated secret cannot be found;
    /// so if the body has a secret, the body is redacted and decoded again.
    fn redacted(&self, error: DecodeError, body: &[u8]) -> Result<Reply, DecodeError> {
        let Some(redactor) = &self.redactor else { return Err(error) };
        let withheld = |error: DecodeError| error.map_texts(|_| NOT_SHOWN.to_owned());
        if body.len() > MAX_REDACTED {
            return Err(withheld(error));
        }
        let text = String::from_utf8_lossy(body);
        let Cow::Owned(clean) = redactor.redact(&text) else {
            // In a body in another encoding, a secret is only found in the decoded error.
            return Err(error.map_texts(|text| redactor.redact(text).into_owned()));
        };
        let plain = Decoder { redactor: None, ..self.clone() };
        match plain.decode(clean) {
            Ok(reply @ Reply::Error(_)) => Ok(reply),
            // The redaction turned it into a page, which is not what the server sent.
            Ok(Reply::Tickets(_)) => Err(withheld(error)),
            Err(error) => Err(error),
        }
    }

    /// Decodes a reply in memory of another owner. JSON is not copied: the page refers to `body`, and keeps `owner`
    /// alive.
    ///
    /// For bindings to other languages, whose strings do not move while they are referenced. `owner` keeps `body` valid
    /// and is dropped with the last page that refers to it. Rust programs use [`decode`](Decoder::decode), which does
    /// not copy either.
    ///
    /// ```
    /// use gettickets_protocol::Decoder;
    /// const SAVED: &str = r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}"#;
    /// assert!(Decoder::new().decode_shared(SAVED.as_bytes(), ())?.into_page()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The same as [`decode`](Decoder::decode).
    pub fn decode_shared(
        &self,
        body: &'static [u8],
        owner: impl Any + Send + Sync,
    ) -> Result<Reply, DecodeError> {
        let mut findings = Findings::new(self.redactor.clone());
        let reply = self.format_of(body, &mut findings).and_then(|format| match format {
            Format::Json { start } => {
                json::decode_shared(body, Arc::new(owner), start, findings, !self.tolerant_only)
            }
            Format::Xml { start } => xml::decode(body.to_vec(), start, findings),
            Format::Nvp { start } => nvp::decode(body, start, findings),
        });
        match reply {
            Ok(reply) => self.reply(reply),
            Err(error) => self.redacted(error, body),
        }
    }

    fn format_of(&self, body: &[u8], findings: &mut Findings) -> Result<Format, DecodeError> {
        if body.len() > self.max_len {
            return Err(DecodeError::new(DecodeErrorKind::TooLarge { limit: self.max_len }));
        }
        format::find(body, findings)
    }

    /// Returns the decoded reply, or an error if it is a page with a finding and the decoder is strict.
    fn reply(&self, reply: Decoded) -> Result<Reply, DecodeError> {
        let is_page = matches!(reply.reply, Reply::Tickets(_));
        match reply.findings.first() {
            Some(finding) if self.strict && is_page => {
                let place = finding.places.first().cloned().unwrap_or_default();
                let error =
                    DecodeError::new(DecodeErrorKind::Strict { finding: finding.kind }).with_path(place);
                Err(match &finding.detail {
                    Some(detail) => error.with_excerpt(detail.clone()),
                    None => error,
                })
            }
            _ => Ok(reply.into_reply()),
        }
    }
}

/// The largest body that is searched for secrets. No text of a larger one is shown.
const MAX_REDACTED: usize = 4 << 20;
const NOT_SHOWN: &str = "(not shown)";

const _: () = assert!(Decoder::LARGEST_MAX_LEN * 6 < 1 << 31);
