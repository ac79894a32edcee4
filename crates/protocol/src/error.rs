//! [`DecodeError`]: why a body could not be decoded, and where.

use std::fmt;

use crate::{Field, FindingKind, PageKind};

/// Error for a body that is not a reply to this call, or that cannot be read without losing data.
///
/// It has the byte [`offset`](DecodeError::offset) in the body, a [`path`](DecodeError::path) such as
/// `tickets.ticket[3].id`, and a short [`excerpt`](DecodeError::excerpt) of the text at the offset. All server text in
/// it is truncated and has its control characters escaped.
///
/// ```
/// let error = gettickets_protocol::decode(r#"{"result":"success","tickets":{"ticket":[{"tid":"1"}]}}"#).unwrap_err();
/// assert_eq!(error.path(), Some("tickets.ticket[0]"));
/// assert!(error.to_string().starts_with("a ticket has no id"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    // Boxed, to keep `Result` small.
    details: Box<Details>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: DecodeErrorKind,
    offset: Option<usize>,
    path: Option<String>,
    excerpt: Option<String>,
    page_kind: Option<PageKind>,
}

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is empty or only white space.
    Empty,
    /// The body is not a reply of the API: an HTML page, such as a firewall, a login or a maintenance mode sends, or
    /// other JSON or XML. [`page_kind`](DecodeError::page_kind) classifies it.
    NotAReply {
        /// The title of the page, if it is HTML and has one.
        title: Option<String>,
    },
    /// The body is a successful reply without `tickets`, and not an empty page: it has none of the three counts, or it
    /// has the keys of a reply to another call, or it has an unknown list or object.
    OtherCall {
        /// The call that it looks like, if known.
        looks_like: Option<&'static str>,
    },
    /// The body is larger than the decoder's limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Lists and objects are nested too deeply.
    TooDeep {
        /// The deepest nesting allowed.
        limit: usize,
    },
    /// The unknown fields of the page have too many different names.
    TooManyNames {
        /// The most names allowed.
        limit: usize,
    },
    /// The body is truncated.
    Truncated,
    /// The body is not valid in its format.
    Syntax {
        /// What is wrong.
        problem: String,
    },
    /// JSON has bytes that are not UTF-8.
    InvalidUtf8,
    /// Another document, or a fragment of one, follows the reply.
    TrailingText,
    /// A JSON string has a lone surrogate.
    LoneSurrogate,
    /// An XML document type declares entities, or a text uses an undefined one.
    Entity,
    /// The XML declares an unknown encoding.
    UnknownEncoding {
        /// The name of the encoding.
        name: String,
    },
    /// A ticket has no `id`.
    MissingId,
    /// A value is not an integer, is negative, or needs more than 64 bits.
    InvalidInteger {
        /// Its name on the wire.
        name: String,
    },
    /// A value is not a boolean.
    InvalidBoolean {
        /// The field.
        field: Field,
    },
    /// A value has the wrong type.
    WrongType {
        /// Its name on the wire.
        name: String,
        /// The expected type.
        expected: &'static str,
    },
    /// `result` is neither `success` nor `error`.
    UnknownResult {
        /// The value of `result`.
        result: String,
    },
    /// The reply states that it has tickets, but it is in name-value pairs, which cannot represent a list.
    NoListInNvp,
    /// The decoder is strict, and the page deviates from the documented format.
    Strict {
        /// The deviation.
        finding: FindingKind,
    },
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            details: Box::new(Details { kind, offset: None, path: None, excerpt: None, page_kind: None }),
        }
    }

    pub(crate) fn at(mut self, offset: usize) -> DecodeError {
        self.details.offset = Some(offset);
        self
    }

    pub(crate) fn with_path(mut self, path: impl Into<String>) -> DecodeError {
        let path = path.into();
        self.details.path = (!path.is_empty()).then_some(path);
        self
    }

    pub(crate) fn with_excerpt(mut self, excerpt: impl Into<String>) -> DecodeError {
        self.details.excerpt = Some(excerpt.into());
        self
    }

    pub(crate) fn with_page_kind(mut self, kind: PageKind) -> DecodeError {
        self.details.page_kind = Some(kind);
        self
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.details.kind
    }

    /// Returns the offset of the error, in bytes from the start of the body.
    pub fn offset(&self) -> Option<usize> {
        self.details.offset
    }

    /// Returns the path of the value with the error, such as `tickets.ticket[3].id`.
    pub fn path(&self) -> Option<&str> {
        self.details.path.as_deref()
    }

    /// Returns the text at that offset: at most 80 characters of the body, with
    /// [unprintable](crate::text::is_unprintable) ones escaped. For an HTML page or plain text in place of a reply, its
    /// visible text: at most 300 characters, without markup, including the first heading.
    ///
    /// It is server text and may contain any data, except access keys of tickets, which are removed.
    pub fn excerpt(&self) -> Option<&str> {
        self.details.excerpt.as_deref()
    }

    /// Returns what kind of page the server sent in place of a reply, judged by its text. If the HTTP status is known,
    /// refine it with [`PageKind::with_status`].
    pub fn page_kind(&self) -> Option<PageKind> {
        self.details.page_kind
    }

    /// Returns whether the body is empty or not a reply of the API.
    pub fn is_not_a_reply(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Empty | DecodeErrorKind::NotAReply { .. })
    }

    /// Returns whether the body is truncated, so that a retry may help.
    pub fn is_truncated(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Truncated)
    }

    /// Returns the error with `change`, such as a redaction, applied to all server text in it.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(&str) -> String) -> DecodeError {
        let details = &mut *self.details;
        details.excerpt = details.excerpt.take().map(|text| change(&text));
        details.path = details.path.take().map(|text| change(&text));
        match &mut details.kind {
            DecodeErrorKind::NotAReply { title: Some(text) }
            | DecodeErrorKind::Syntax { problem: text }
            | DecodeErrorKind::UnknownEncoding { name: text }
            | DecodeErrorKind::InvalidInteger { name: text }
            | DecodeErrorKind::WrongType { name: text, .. }
            | DecodeErrorKind::UnknownResult { result: text } => *text = change(text),
            _ => {}
        }
        self
    }
}

impl DecodeErrorKind {
    /// A stable name for programs, such as `missing-id`.
    pub const fn code(&self) -> &'static str {
        match self {
            DecodeErrorKind::Empty => "empty",
            DecodeErrorKind::NotAReply { .. } => "not-a-reply",
            DecodeErrorKind::OtherCall { .. } => "other-call",
            DecodeErrorKind::TooLarge { .. } => "too-large",
            DecodeErrorKind::TooDeep { .. } => "too-deep",
            DecodeErrorKind::TooManyNames { .. } => "too-many-names",
            DecodeErrorKind::Truncated => "truncated",
            DecodeErrorKind::Syntax { .. } => "syntax",
            DecodeErrorKind::InvalidUtf8 => "invalid-utf8",
            DecodeErrorKind::TrailingText => "trailing-text",
            DecodeErrorKind::LoneSurrogate => "lone-surrogate",
            DecodeErrorKind::Entity => "entity",
            DecodeErrorKind::UnknownEncoding { .. } => "unknown-encoding",
            DecodeErrorKind::MissingId => "missing-id",
            DecodeErrorKind::InvalidInteger { .. } => "invalid-integer",
            DecodeErrorKind::InvalidBoolean { .. } => "invalid-boolean",
            DecodeErrorKind::WrongType { .. } => "wrong-type",
            DecodeErrorKind::UnknownResult { .. } => "unknown-result",
            DecodeErrorKind::NoListInNvp => "no-list-in-nvp",
            DecodeErrorKind::Strict { .. } => "strict",
        }
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeErrorKind::Empty => f.write_str("the reply is empty"),
            DecodeErrorKind::NotAReply { title: Some(title) } => {
                write!(f, "not a reply of the API but a page titled {title:?}")
            }
            DecodeErrorKind::NotAReply { title: None } => f.write_str("not a reply of the API"),
            DecodeErrorKind::OtherCall { looks_like: Some(call) } => {
                write!(f, "this is a reply to another call, probably {call}")
            }
            DecodeErrorKind::OtherCall { looks_like: None } => {
                f.write_str("not a reply to GetTickets: it has no tickets and is not an empty page")
            }
            DecodeErrorKind::TooLarge { limit } => write!(f, "the reply is larger than {limit} bytes"),
            DecodeErrorKind::TooDeep { limit } => {
                write!(f, "lists and objects are nested more than {limit} levels deep")
            }
            DecodeErrorKind::TooManyNames { limit } => {
                write!(f, "unknown fields have more than {limit} different names")
            }
            DecodeErrorKind::Truncated => f.write_str("the reply is truncated"),
            DecodeErrorKind::Syntax { problem } => f.write_str(problem),
            DecodeErrorKind::InvalidUtf8 => f.write_str("the reply is not valid UTF-8"),
            DecodeErrorKind::TrailingText => f.write_str("another document follows the reply"),
            DecodeErrorKind::LoneSurrogate => f.write_str("a string has a lone surrogate"),
            DecodeErrorKind::Entity => f.write_str("undefined or custom XML entity"),
            DecodeErrorKind::UnknownEncoding { name } => write!(f, "unknown encoding {name:?}"),
            DecodeErrorKind::MissingId => f.write_str("a ticket has no id"),
            DecodeErrorKind::InvalidInteger { name } => {
                write!(f, "{name} is not an integer from 0 to 18446744073709551615")
            }
            DecodeErrorKind::InvalidBoolean { field } => write!(f, "{field} is not a boolean"),
            DecodeErrorKind::WrongType { name, expected } => write!(f, "{name} is not {expected}"),
            DecodeErrorKind::UnknownResult { result } => {
                write!(f, "result is {result:?}; expected success or error")
            }
            DecodeErrorKind::NoListInNvp => {
                f.write_str("name-value pairs cannot represent a list of tickets")
            }
            DecodeErrorKind::Strict { finding } => write!(f, "{finding} (an error in strict mode)"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, offset, path, excerpt, page_kind } = &*self.details;
        match (kind, page_kind) {
            (DecodeErrorKind::NotAReply { title }, Some(page)) if *page != PageKind::Other => {
                write!(f, "not a reply of the API: {page}")?;
                title.iter().try_for_each(|title| write!(f, ", titled {title:?}"))?;
            }
            _ => write!(f, "{kind}")?,
        }
        match (path, offset) {
            (Some(path), Some(offset)) => write!(f, ", at {path} (byte {offset})")?,
            (Some(path), None) => write!(f, ", at {path}")?,
            (None, Some(offset)) => write!(f, ", at byte {offset}")?,
            (None, None) => {}
        }
        match excerpt {
            Some(excerpt) => write!(f, "; found: {excerpt}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DecodeError {}
