//! Why a body could not be decoded: what was expected, what was found, and where.

use std::fmt;

use crate::{Field, FindingKind, PageKind};

/// A body that is not a reply to this call, or that cannot be read without losing something.
///
/// It has the place: [`offset`](DecodeError::offset) in bytes from the start of the body as it was given,
/// [`path`](DecodeError::path) such as `tickets.ticket[3].id`, and a short [`excerpt`](DecodeError::excerpt) of the text
/// there. Every text of the server in it is bounded and free of control characters.
///
/// ```
/// let error = gettickets_protocol::decode(r#"{"result":"success","tickets":{"ticket":[{"tid":"1"}]}}"#).unwrap_err();
/// assert_eq!(error.path(), Some("tickets.ticket[0]"));
/// assert!(error.to_string().starts_with("a ticket has no id"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    // Boxed, so that a `Result` of it stays small.
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
    /// The body is empty, or has nothing but white space.
    Empty,
    /// The body is not a reply of the API: an HTML page, as firewalls, logins and maintenance modes send, or JSON or XML
    /// of another kind. [`page_kind`](DecodeError::page_kind) classifies it.
    NotAReply {
        /// The title of the page, if it is HTML and has one.
        title: Option<String>,
    },
    /// The body is a reply of the API to another call: it has neither tickets nor what an empty page has.
    OtherCall {
        /// The call that it looks like, where that is clear.
        looks_like: Option<&'static str>,
    },
    /// The body is larger than the decoder was allowed to read.
    TooLarge {
        /// The most it may read, in bytes.
        limit: usize,
    },
    /// Lists and objects are nested too deeply.
    TooDeep {
        /// How deep they may be.
        limit: usize,
    },
    /// Unknown fields have more different names than a page may have.
    TooManyNames {
        /// How many it may have.
        limit: usize,
    },
    /// The body ends in the middle.
    Truncated,
    /// The text breaks its format's grammar.
    Syntax {
        /// What was expected or is wrong.
        problem: String,
    },
    /// JSON has bytes that are not UTF-8.
    InvalidUtf8,
    /// Another document follows the reply, or what is left of one.
    TrailingText,
    /// A JSON text has half of a surrogate pair.
    LoneSurrogate,
    /// An XML document type declares entities, or a text uses one that XML does not know.
    Entity,
    /// The XML declares an encoding that is not known.
    UnknownEncoding {
        /// Its name.
        name: String,
    },
    /// A ticket has no `id`.
    MissingId,
    /// A value is not an integer, is negative, or needs more than 64 bits.
    InvalidInteger {
        /// Its name on the wire.
        name: String,
    },
    /// A value is not a truth value.
    InvalidBoolean {
        /// The field.
        field: Field,
    },
    /// A value is of a type that the field never has.
    WrongType {
        /// Its name on the wire.
        name: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// `result` is neither `success` nor `error`.
    UnknownResult {
        /// What it is.
        result: String,
    },
    /// The reply says that it has tickets and is in name-value pairs, which cannot carry a list.
    NoListInNvp,
    /// The decoder is strict, and the reply deviates from the documented shape.
    Strict {
        /// How.
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

    /// What is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.details.kind
    }

    /// Where, in bytes from the start of the body.
    pub fn offset(&self) -> Option<usize> {
        self.details.offset
    }

    /// Where, as a path such as `tickets.ticket[3].id`.
    pub fn path(&self) -> Option<&str> {
        self.details.path.as_deref()
    }

    /// The text there: at most 80 characters of the body, with [unprintable](crate::text::is_unprintable) ones escaped.
    /// Of an HTML page or plain text in place of a reply, what a person would see of it: at most 300 characters, without
    /// markup, the first heading included.
    ///
    /// It is the server's text, and may hold anything that the server knows, but no ticket's access key.
    pub fn excerpt(&self) -> Option<&str> {
        self.details.excerpt.as_deref()
    }

    /// What kind of page the server sent in place of a reply, by its text. Where the HTTP status is known, use
    /// [`PageKind::with_status`] too.
    pub fn page_kind(&self) -> Option<PageKind> {
        self.details.page_kind
    }

    /// Whether the body is not a reply of the API at all.
    pub fn is_not_a_reply(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Empty | DecodeErrorKind::NotAReply { .. })
    }

    /// Whether the body ended in the middle, so that a retry may help.
    pub fn is_truncated(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Truncated)
    }

    /// The same error with every text of the server in it passed through `change`, such as a redaction.
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
                write!(f, "not a reply to GetTickets but to another call; it looks like {call}")
            }
            DecodeErrorKind::OtherCall { looks_like: None } => {
                f.write_str("not a reply to GetTickets: it has neither tickets nor their counts")
            }
            DecodeErrorKind::TooLarge { limit } => write!(f, "the reply is larger than {limit} bytes"),
            DecodeErrorKind::TooDeep { limit } => {
                write!(f, "lists and objects are nested more than {limit} levels deep")
            }
            DecodeErrorKind::TooManyNames { limit } => {
                write!(f, "unknown fields have more than {limit} different names")
            }
            DecodeErrorKind::Truncated => f.write_str("the reply ends in the middle"),
            DecodeErrorKind::Syntax { problem } => f.write_str(problem),
            DecodeErrorKind::InvalidUtf8 => f.write_str("bytes are not UTF-8"),
            DecodeErrorKind::TrailingText => f.write_str("another document follows the reply"),
            DecodeErrorKind::LoneSurrogate => f.write_str("a text has half of a surrogate pair"),
            DecodeErrorKind::Entity => f.write_str("undefined or custom XML entity"),
            DecodeErrorKind::UnknownEncoding { name } => write!(f, "unknown encoding {name:?}"),
            DecodeErrorKind::MissingId => f.write_str("a ticket has no id"),
            DecodeErrorKind::InvalidInteger { name } => {
                write!(f, "{name} is not an integer from 0 to 18446744073709551615")
            }
            DecodeErrorKind::InvalidBoolean { field } => write!(f, "{field} is not a truth value"),
            DecodeErrorKind::WrongType { name, expected } => write!(f, "{name} is not {expected}"),
            DecodeErrorKind::UnknownResult { result } => {
                write!(f, "the result is {result:?}, neither success nor error")
            }
            DecodeErrorKind::NoListInNvp => f.write_str("name-value pairs cannot carry a list of tickets"),
            DecodeErrorKind::Strict { finding } => write!(f, "{finding}, which strict decoding refuses"),
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
