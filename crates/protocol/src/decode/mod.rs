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
mod xml;

use std::any::Any;
use std::sync::Arc;

use crate::finding::Findings;
use crate::{DecodeError, DecodeErrorKind, FindingKind, Reply};

use self::format::Format;

/// Decodes a reply, leniently: what departs from the documented shape in a known way is read, and told by
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
/// [`DecodeError`] where the body is no reply, or cannot be read without losing something.
pub fn decode(body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
    Decoder::new().decode(body)
}

/// How deep lists and objects may stand inside one another; the documented shape needs five levels.
const MAX_DEPTH: usize = 64;

/// Decodes replies, with settings.
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
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder { strict: false, max_len: Decoder::DEFAULT_MAX_LEN, tolerant_only: false }
    }
}

impl Decoder {
    /// The most bytes that a body may have unless told otherwise: 256 MiB.
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
    /// [`DecodeError`] where the body is no reply, or cannot be read without losing something.
    pub fn decode(&self, body: impl Into<Vec<u8>>) -> Result<Reply, DecodeError> {
        let body: Vec<u8> = body.into();
        let mut findings = Findings::default();
        self.judge(match self.find(&body, &mut findings)? {
            Format::Json { start } => json::decode(body, start, findings, !self.tolerant_only),
            Format::Xml { start } => xml::decode(body, start, findings),
            Format::Nvp { start } => nvp::decode(&body, start, findings),
        }?)
    }

    /// Decodes a reply that lies in somebody else's memory. JSON is not copied: the page points into `body`,
    /// and holds `owner` for as long.
    ///
    /// It is for faces in other languages, whose strings don't move while they are referred to: `owner` is
    /// what keeps `body` alive, and the last page that points into it is what drops `owner`. In Rust itself
    /// [`decode`](Decoder::decode) takes a body over without a copy.
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
        let mut findings = Findings::default();
        self.judge(match self.find(body, &mut findings)? {
            Format::Json { start } => {
                json::decode_lent(body, Arc::new(owner), start, findings, !self.tolerant_only)
            }
            Format::Xml { start } => xml::decode(body.to_vec(), start, findings),
            Format::Nvp { start } => nvp::decode(body, start, findings),
        }?)
    }

    fn find(&self, body: &[u8], findings: &mut Findings) -> Result<Format, DecodeError> {
        if body.len() > self.max_len {
            return Err(DecodeError::new(DecodeErrorKind::TooLarge { limit: self.max_len }));
        }
        format::find(body, findings)
    }

    /// What was decoded, unless it departs from the documented shape and that is not to be.
    fn judge(&self, reply: Decoded) -> Result<Reply, DecodeError> {
        match (&reply.reply, reply.findings.as_slice().first()) {
            (_, Some(finding)) if self.strict => {
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

const _: () = assert!(Decoder::LARGEST_MAX_LEN * 6 < 1 << 31);

/// What a format's decoder makes of a body.
struct Decoded {
    reply: Reply,
    findings: Findings,
}

impl Decoded {
    /// An error carries no findings: its message says it all.
    fn into_reply(self) -> Reply {
        match self.reply {
            Reply::Tickets(page) => Reply::Tickets(page.with_findings(self.findings)),
            error @ Reply::Error(_) => error,
        }
    }
}

/// Where top-level findings are said to be.
fn at_top(findings: &mut Findings, kind: FindingKind, place: &str) {
    findings.note(kind, None, || place.to_owned(), None);
}
