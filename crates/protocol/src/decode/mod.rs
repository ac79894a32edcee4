//! From bytes to types.
//!
//! The format is found from the body. JSON has two decoders: a fast one that knows the documented shape
//! alone, and a tolerant one that takes the whole body at the first surprise and whose meaning is the
//! specification of both.

mod builder;
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
use crate::{DecodeError, DecodeErrorKind, FindingKind, Redactor, Reply};

use self::format::Format;

/// Decodes a reply, leniently: known deviations from the documented shape are accepted, and reported as
/// [`Page::findings`](crate::Page::findings). A `Vec<u8>` or `String` is taken over without a copy.
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
/// [`DecodeError`] if the body is not a reply, or cannot be read without losing something.
pub fn decode(body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
    Decoder::new().decode(body)
}

/// How deep lists and objects may be nested; the documented shape has five levels.
const MAX_DEPTH: usize = 64;

/// Decodes replies, with settings.
///
/// The time is linear in the body, however deep it is nested: each byte is read a few times. Beside the body, decoding takes
/// memory for what is in it: some 110 bytes a ticket, 16 an attachment, 16 an unknown field, 20 an unknown XML element, and a
/// few hundred for each name of unknown fields, of which a page has 65,536 at most. Documented tickets so take a fifth of the
/// body's size once more; the worst body, of tickets that have an id alone, takes 13 times its size. A test measures this,
/// and holds it under 16 times. [`Page::extra`](crate::Page::extra) and [`TicketRef::extra`](crate::TicketRef::extra) build
/// values of serde_json when they are called, which take more.
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
    /// The most bytes that a body may have by default: 256 MiB.
    pub const DEFAULT_MAX_LEN: usize = 256 << 20;
    /// The most bytes that a body may ever have: 340 MiB. A page's texts are found by offsets of 31 bits,
    /// and a byte takes three once it is replaced, and six as a control character in an unknown XML element,
    /// which is kept as JSON.
    pub const LARGEST_MAX_LEN: usize = 340 << 20;

    /// A decoder with the default settings.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Refuses what would be a finding. Default: `false`.
    #[must_use]
    pub fn strict(self, strict: bool) -> Decoder {
        Decoder { strict, ..self }
    }

    /// The most bytes that a body may have. Default: [`DEFAULT_MAX_LEN`](Decoder::DEFAULT_MAX_LEN);
    /// anything above [`LARGEST_MAX_LEN`](Decoder::LARGEST_MAX_LEN) counts as that.
    #[must_use]
    pub fn max_len(self, max_len: usize) -> Decoder {
        Decoder { max_len: max_len.min(Decoder::LARGEST_MAX_LEN), ..self }
    }

    /// Redacts every text of the server in an error, in the message of an API error and in a finding: the body is redacted
    /// before any excerpt is cut from it. A reply without these is not searched, so that good replies cost nothing.
    ///
    /// Where a secret with a quote, a `&` or the like broke the reply that echoes it, the error is that of the redacted
    /// body. An offset is then one in the redacted body. Of a body of more than 4 MiB that cannot be decoded, no text is
    /// shown at all.
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

    /// Never takes the fast path; for tests and measurements that compare the two.
    #[doc(hidden)]
    #[must_use]
    pub fn tolerant_only(self, tolerant_only: bool) -> Decoder {
        Decoder { tolerant_only, ..self }
    }

    /// Decodes a reply. A `Vec<u8>` or `String` is taken over without a copy.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the body is not a reply, or cannot be read without losing something.
    pub fn decode(&self, body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
        match self.decode_owned(body.into()) {
            Ok(reply) => self.reply(reply),
            Err(Failed { error, body }) => self.redacted(error, &body),
        }
    }

    fn decode_owned(&self, body: Vec<u8>) -> Result<Decoded, Failed> {
        let mut findings = Findings::new(self.redactor.clone());
        let format = match self.find(&body, &mut findings) {
            Ok(format) => format,
            Err(error) => return Err(Failed { error, body }),
        };
        match format {
            Format::Json { start } => json::decode(body, start, findings, !self.tolerant_only),
            Format::Xml { start } => {
                // An error needs the body again only to be redacted.
                let kept = if self.redactor.is_some() { body.clone() } else { Vec::new() };
                xml::decode(body, start, findings).map_err(|error| Failed { error, body: kept })
            }
            Format::Nvp { start } => {
                nvp::decode(&body, start, findings).map_err(|error| Failed { error, body })
            }
        }
    }

    /// An error without secrets. Its excerpt is cut to length, and half a secret is not found any more; so where there is
    /// a secret in the body, it is redacted there, and the body decoded once more.
    fn redacted(&self, error: DecodeError, body: &[u8]) -> Result<Reply, DecodeError> {
        let Some(redactor) = &self.redactor else { return Err(error) };
        let withheld = |error: DecodeError| error.map_texts(|_| NOT_SHOWN.to_owned());
        if body.len() > MAX_REDACTED {
            return Err(withheld(error));
        }
        let text = String::from_utf8_lossy(body);
        let Cow::Owned(clean) = redactor.redact(&text) else {
            // A text in another encoding is found in the error alone.
            return Err(error.map_texts(|text| redactor.redact(text).into_owned()));
        };
        let plain = Decoder { redactor: None, ..self.clone() };
        match plain.decode(clean) {
            Ok(reply @ Reply::Error(_)) => Ok(reply),
            // Only the redaction made it a page, which is not what was sent.
            Ok(Reply::Tickets(_)) => Err(withheld(error)),
            Err(error) => Err(error),
        }
    }

    /// Decodes a reply in memory of another owner. JSON is not copied: the page points into `body`, and holds `owner` for
    /// as long.
    ///
    /// It is for bindings of other languages, whose strings don't move while they are referred to: `owner` is what keeps
    /// `body` alive, and the last page that points into it drops `owner`. In Rust itself [`decode`](Decoder::decode) takes
    /// a body over without a copy.
    ///
    /// ```
    /// use gettickets_protocol::Decoder;
    /// const SAVED: &str = r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}"#;
    /// assert!(Decoder::new().decode_lent(SAVED.as_bytes(), ())?.into_page()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`decode`](Decoder::decode).
    pub fn decode_lent(
        &self,
        body: &'static [u8],
        owner: impl Any + Send + Sync,
    ) -> Result<Reply, DecodeError> {
        let mut findings = Findings::new(self.redactor.clone());
        let reply = self.find(body, &mut findings).and_then(|format| match format {
            Format::Json { start } => {
                json::decode_lent(body, Arc::new(owner), start, findings, !self.tolerant_only)
            }
            Format::Xml { start } => xml::decode(body.to_vec(), start, findings),
            Format::Nvp { start } => nvp::decode(body, start, findings),
        });
        match reply {
            Ok(reply) => self.reply(reply),
            Err(error) => self.redacted(error, body),
        }
    }

    fn find(&self, body: &[u8], findings: &mut Findings) -> Result<Format, DecodeError> {
        if body.len() > self.max_len {
            return Err(DecodeError::new(DecodeErrorKind::TooLarge { limit: self.max_len }));
        }
        format::find(body, findings)
    }

    /// The decoded reply, unless it has a finding and the decoder is strict.
    fn reply(&self, reply: Decoded) -> Result<Reply, DecodeError> {
        match reply.findings.first() {
            Some(finding) if self.strict => {
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

/// Larger bodies are not searched for secrets, and no text of them is shown.
const MAX_REDACTED: usize = 4 << 20;
const NOT_SHOWN: &str = "(not shown)";

const _: () = assert!(Decoder::LARGEST_MAX_LEN * 6 < 1 << 31);

/// What a format's decoder reads from a body.
struct Decoded {
    reply: Reply,
    findings: Findings,
}

/// Why a body could not be decoded, and the body.
struct Failed {
    error: DecodeError,
    body: Vec<u8>,
}

impl Decoded {
    /// An error has no findings: its message is all that matters.
    fn into_reply(self) -> Reply {
        match self.reply {
            Reply::Tickets(page) => Reply::Tickets(page.with_findings(self.findings.into_list())),
            error @ Reply::Error(_) => error,
        }
    }
}

/// Notes a finding about the top level; its place may be a key of the server's.
fn at_top(findings: &mut Findings, kind: FindingKind, place: &str) {
    findings.note(kind, None, || place.to_owned(), None);
}
