//! A JSON text and its parts: serde_json cuts an object or a list into raw values that borrow from the
//! text, so that the place of each is known, and of each error too. Nothing here knows what a reply is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::DecodeErrorKind;
use crate::tickets::arena::Span;

/// What is wrong, and at which byte.
#[derive(Debug)]
pub(in crate::decode::json) struct Error {
    pub(in crate::decode::json) kind: DecodeErrorKind,
    pub(in crate::decode::json) offset: usize,
}

/// An error of serde_json, met in the part of the text that starts at `base`.
pub(super) fn syntax(text: &str, base: usize, error: &serde_json::Error) -> Error {
    let part = text.get(base..).unwrap_or_default();
    let line_start = match error.line() {
        0 | 1 => 0,
        line => part.match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    let offset = (base + line_start + error.column().saturating_sub(1)).min(text.len());
    if error.is_eof() {
        return Error { kind: DecodeErrorKind::Truncated, offset: text.len() };
    }
    let message = error.to_string();
    let problem = message.rsplit_once(" at line ").map_or(&*message, |(problem, _)| problem);
    let kind = if problem == "trailing characters" {
        DecodeErrorKind::TrailingText
    } else if problem.contains("surrogate") || problem.contains("unexpected end of hex escape") {
        DecodeErrorKind::LoneSurrogate
    } else {
        DecodeErrorKind::Syntax { problem: format!("this is not JSON: {problem}") }
    };
    let offset = if kind == DecodeErrorKind::LoneSurrogate { escape_before(text, offset) } else { offset };
    Error { kind, offset }
}

/// Where the escape starts that an error was met in or right behind.
fn escape_before(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let start = before.windows(2).rposition(|pair| pair == b"\\u").unwrap_or(offset);
    // A leading half is found out by what follows it.
    let leading = start.checked_sub(6).filter(|at| {
        let escape = text.get(*at..start).unwrap_or_default().to_ascii_lowercase();
        ["\\ud8", "\\ud9", "\\uda", "\\udb"].iter().any(|half| escape.starts_with(half))
    });
    leading.unwrap_or(start)
}

/// A value cut one level deep. Every part borrows from the body.
pub(super) enum Shape<'a> {
    Null,
    Boolean(bool),
    Number(&'a str),
    /// A string, with its quotes and escapes.
    Text(&'a str),
    List(Vec<&'a RawValue>),
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
}

/// The body, which tells where each of its parts stands.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// Where a part of the body stands in it.
    fn offset(self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    pub(super) fn error(self, part: &str, kind: DecodeErrorKind) -> Error {
        Error { kind, offset: self.offset(part) }
    }

    pub(super) fn parse<T: Deserialize<'a>>(self, part: &'a str) -> Result<T, Error> {
        serde_json::from_str(part).map_err(|error| syntax(self.text, self.offset(part), &error))
    }

    pub(super) fn shape(self, part: &'a str) -> Result<Shape<'a>, Error> {
        Ok(match part.as_bytes().first() {
            Some(b'{') => Shape::Object(self.parse::<Entries<'a>>(part)?.0),
            Some(b'[') => Shape::List(self.parse::<Elements<'a>>(part)?.0),
            Some(b'"') => Shape::Text(part),
            Some(b't') => Shape::Boolean(true),
            Some(b'f') => Shape::Boolean(false),
            Some(b'n') => Shape::Null,
            _ => Shape::Number(part),
        })
    }

    /// Reads a value of unknown meaning and drops it, so that whoever asks for it later meets no error.
    pub(super) fn check(self, part: &'a str) -> Result<(), Error> {
        match self.shape(part)? {
            Shape::Text(quoted) => self.unescape(quoted).map(drop),
            Shape::List(list) => list.into_iter().try_for_each(|value| self.check(value.get())),
            Shape::Object(entries) => entries.into_iter().try_for_each(|(_, value)| self.check(value.get())),
            Shape::Null | Shape::Boolean(_) | Shape::Number(_) => Ok(()),
        }
    }

    /// The text of a string; borrowed where it has no escape.
    pub(super) fn unescape(self, quoted: &'a str) -> Result<Cow<'a, str>, Error> {
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        if inner.contains('\\') {
            self.parse::<String>(quoted).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(inner))
        }
    }

    pub(super) fn span(self, part: &str) -> Span {
        let start = self.offset(part);
        Span::in_body(start, start + part.len())
    }
}

/// An object's entries in order, keys given twice included.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A list's elements.
struct Elements<'a>(Vec<&'a RawValue>);

/// A key, borrowed where it has no escape.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'de>, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::with_capacity(24);
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Elements<'de>, D::Error> {
        struct ElementsVisitor;
        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<'de>, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
