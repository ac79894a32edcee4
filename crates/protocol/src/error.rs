//! Why a body could not be decoded: what was expected, what was found, and where.

use std::fmt;

use crate::{Field, FindingKind};

/// A body that is no reply to this call, or one that cannot be read without losing something.
///
/// It says where: [`offset`](DecodeError::offset) in bytes from the start of the body as it was given,
/// [`path`](DecodeError::path) such as `tickets.ticket[3].id`, and a short
/// [`excerpt`](DecodeError::excerpt) of what stands there.
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
}

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is empty, or has nothing but white space.
    Empty,
    /// The body is no reply of the API: an HTML page, as firewalls, logins and maintenance modes send, or
    /// JSON or XML of another kind.
    NotAReply {
        /// The title of the page, if it is HTML and has one.
        title: Option<String>,
    },
    /// The body is larger than the decoder was allowed to read.
    TooLarge {
        /// The most it may read, in bytes.
        limit: usize,
    },
    /// Lists and objects stand inside one another too deeply.
    TooDeep {
        /// How deep they may stand.
        limit: usize,
    },
    /// The body ends in the middle.
    Truncated,
    /// The text departs from its format's grammar.
    Syntax {
        /// What was expected or is wrong.
        problem: String,
    },
    /// Bytes that are not UTF-8 stand in JSON.
    InvalidUtf8,
    /// Text stands after the end of the reply.
    TrailingText,
    /// Half of a surrogate pair stands alone in a JSON text.
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
    /// An integer is not one, is negative, or needs more than 64 bits.
    InvalidInteger {
        /// Its name on the wire.
        name: String,
    },
    /// A truth value is not one.
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
    /// The reply says that it has tickets and came as name-value pairs, which cannot tell a list.
    NoListInNvp,
    /// Reading strictly, a reply departed from the documented shape.
    Strict {
        /// In which way.
        finding: FindingKind,
    },
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> DecodeError {
        DecodeError { details: Box::new(Details { kind, offset: None, path: None, excerpt: None }) }
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

    /// What stands there: at most 80 characters of the body, with control characters made visible.
    ///
    /// It is the server's text, and may hold anything that the server knows.
    pub fn excerpt(&self) -> Option<&str> {
        self.details.excerpt.as_deref()
    }

    /// Whether the body is no reply of the API at all.
    pub fn is_not_a_reply(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Empty | DecodeErrorKind::NotAReply { .. })
    }

    /// Whether the body ended in the middle, so that asking again may help.
    pub fn is_truncated(&self) -> bool {
        matches!(self.kind(), DecodeErrorKind::Truncated)
    }

    /// The same error with its excerpt and the texts in it passed through `change`; for a caller that has
    /// secrets to strike out.
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
            DecodeErrorKind::TooLarge { .. } => "too-large",
            DecodeErrorKind::TooDeep { .. } => "too-deep",
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
                write!(f, "this is not a reply of the API but a page titled {title:?}")
            }
            DecodeErrorKind::NotAReply { title: None } => f.write_str("this is not a reply of the API"),
            DecodeErrorKind::TooLarge { limit } => write!(f, "the reply is larger than {limit} bytes"),
            DecodeErrorKind::TooDeep { limit } => {
                write!(f, "lists and objects stand more than {limit} deep inside one another")
            }
            DecodeErrorKind::Truncated => f.write_str("the reply ends in the middle"),
            DecodeErrorKind::Syntax { problem } => f.write_str(problem),
            DecodeErrorKind::InvalidUtf8 => f.write_str("these bytes are not UTF-8"),
            DecodeErrorKind::TrailingText => f.write_str("text stands after the end of the reply"),
            DecodeErrorKind::LoneSurrogate => f.write_str("half of a surrogate pair stands alone"),
            DecodeErrorKind::Entity => {
                f.write_str("this entity is none that XML knows, or a document's own, which are refused")
            }
            DecodeErrorKind::UnknownEncoding { name } => write!(f, "the encoding {name:?} is not known"),
            DecodeErrorKind::MissingId => f.write_str("a ticket has no id"),
            DecodeErrorKind::InvalidInteger { name } => {
                write!(f, "{name} is not an integer from 0 to 18446744073709551615")
            }
            DecodeErrorKind::InvalidBoolean { field } => write!(f, "{field} is not a truth value"),
            DecodeErrorKind::WrongType { name, expected } => write!(f, "{name} is not {expected}"),
            DecodeErrorKind::UnknownResult { result } => {
                write!(f, "the result is {result:?}, neither success nor error")
            }
            DecodeErrorKind::NoListInNvp => {
                f.write_str("name-value pairs cannot carry a list of tickets; ask for json or xml")
            }
            DecodeErrorKind::Strict { finding } => write!(f, "{finding}, which strict reading refuses"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { kind, offset, path, excerpt } = &*self.details;
        write!(f, "{kind}")?;
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
