//! A JSON text and its parts. serde_json splits an object or a list into raw values that borrow from the text, so that
//! the offset of each value and of each error is known. Parts are visited one at a time and not collected. This module
//! knows JSON only, and nothing about replies.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::DecodeErrorKind;
use crate::decode::json::checks::lone_surrogate;
use crate::tickets::span::Span;

/// An error and its byte offset.
#[derive(Debug)]
pub(in crate::decode::json) struct Error {
    pub(in crate::decode::json) kind: DecodeErrorKind,
    pub(in crate::decode::json) offset: usize,
}

/// Converts an error of serde_json from the part of the text that starts at `base`.
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
        DecodeErrorKind::Syntax { problem: format!("not JSON: {problem}") }
    };
    let offset = if kind == DecodeErrorKind::LoneSurrogate { escape_before(text, offset) } else { offset };
    Error { kind, offset }
}

/// Returns the start of the escape that contains this offset or precedes it.
fn escape_before(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let start = before.windows(2).rposition(|pair| pair == b"\\u").unwrap_or(offset);
    // serde_json reports a lone leading half at the escape after it.
    let leading = start.checked_sub(6).filter(|at| {
        let escape = text.get(*at..start).unwrap_or_default().to_ascii_lowercase();
        ["\\ud8", "\\ud9", "\\uda", "\\udb"].iter().any(|half| escape.starts_with(half))
    });
    leading.unwrap_or(start)
}

/// The type of a value, determined by its first byte.
pub(super) enum ValueKind<'a> {
    Null,
    Boolean(bool),
    Number(&'a str),
    /// A string, with its quotes and escapes.
    Text(&'a str),
    List,
    Object,
}

/// The body. Its parts borrow from it, so that their offsets are known.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// Returns the offset of a part in the body.
    fn offset(self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    pub(super) fn error(self, part: &str, kind: DecodeErrorKind) -> Error {
        Error { kind, offset: self.offset(part) }
    }

    fn parse<T: Deserialize<'a>>(self, part: &'a str) -> Result<T, Error> {
        count_read(part);
        serde_json::from_str(part).map_err(|error| syntax(self.text, self.offset(part), &error))
    }

    pub(super) fn value_kind(self, part: &'a str) -> ValueKind<'a> {
        match part.as_bytes().first() {
            Some(b'{') => ValueKind::Object,
            Some(b'[') => ValueKind::List,
            Some(b'"') => ValueKind::Text(part),
            Some(b't') => ValueKind::Boolean(true),
            Some(b'f') => ValueKind::Boolean(false),
            Some(b'n') => ValueKind::Null,
            _ => ValueKind::Number(part),
        }
    }

    /// Calls a function with each element of a list, in order.
    pub(super) fn each_element(
        self,
        list: &'a str,
        mut call: impl FnMut(&'a str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        count_read(list);
        let mut failed = None;
        let mut deserializer = serde_json::Deserializer::from_str(list);
        let walked = deserializer.deserialize_seq(ElementsVisitor(|element: &'a RawValue| {
            call(element.get()).map_err(|error| failed = Some(error)).is_ok()
        }));
        self.finish_walk(list, failed, walked)
    }

    /// Calls a function with each key and value of an object, in order. Duplicate keys are included.
    pub(super) fn each_entry(
        self,
        object: &'a str,
        mut call: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        count_read(object);
        let mut failed = None;
        let mut deserializer = serde_json::Deserializer::from_str(object);
        let walked = deserializer.deserialize_map(EntriesVisitor(|key, value: &'a RawValue| {
            call(key, value.get()).map_err(|error| failed = Some(error)).is_ok()
        }));
        self.finish_walk(object, failed, walked)
    }

    fn finish_walk(
        self,
        part: &str,
        failed: Option<Error>,
        walked: serde_json::Result<()>,
    ) -> Result<(), Error> {
        match failed {
            Some(error) => Err(error),
            None => walked.map_err(|error| syntax(self.text, self.offset(part), &error)),
        }
    }

    /// Returns how many elements a list has.
    pub(super) fn count(self, list: &'a str) -> Result<usize, Error> {
        let mut count = 0;
        self.each_element(list, |_| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Checks the value of an unknown field, so that reading it later cannot fail: its escapes must form whole
    /// characters. Everything else was checked with the body. The value is scanned once, whatever its depth.
    pub(super) fn check(self, part: &'a str) -> Result<(), Error> {
        count_read(part);
        match lone_surrogate(part) {
            None => Ok(()),
            Some(at) => Err(Error { kind: DecodeErrorKind::LoneSurrogate, offset: self.offset(part) + at }),
        }
    }

    /// Returns the text of a string, borrowed if it has no escapes.
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

/// Counts the bytes that are read, for a test of the total work.
fn count_read(part: &str) {
    #[cfg(test)]
    tests::READ.with(|read| read.set(read.get() + part.len()));
    #[cfg(not(test))]
    let _ = part;
}

/// Calls a function with each element of a list until it returns false.
struct ElementsVisitor<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for ElementsVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            if !(self.0)(element) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Calls a function with each entry of an object until it returns false.
struct EntriesVisitor<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue) -> bool> Visitor<'de> for EntriesVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            if !(self.0)(key, map.next_value()?) {
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// A key, borrowed if it has no escapes.
struct Key<'a>(Cow<'a, str>);

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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::{TolerantReply, decode};
    use crate::finding::Findings;

    thread_local! {
        /// How many bytes were read in this thread.
        pub(super) static READ: Cell<usize> = const { Cell::new(0) };
    }

    /// How many bytes decoding reads.
    fn count_read(body: &str) -> usize {
        READ.set(0);
        assert!(matches!(decode(body, 0, Findings::default()), Ok(TolerantReply::Page(_))), "{body:.200}");
        READ.get()
    }

    /// Returns a value with this many levels and elements.
    fn nested(levels: usize, elements: usize) -> String {
        let inner = vec![r#"{"x":"caf\u00e9","y":[]}"#; elements].join(",");
        format!("{}[{inner}]{}", r#"{"a":["#.repeat(levels), "]}".repeat(levels))
    }

    #[test]
    fn the_work_is_linear_whatever_the_depth() {
        let in_ticket = |value: &str| {
            format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,"x":{value}}}]}}}}"#)
        };
        let note_top_level = |value: &str| format!(r#"{{"result":"success","tickets":[],"x":{value}}}"#);
        let bodies: [&dyn Fn(&str) -> String; 2] = [&in_ticket, &note_top_level];
        for body in bodies {
            for levels in [0, 1, 10, 25] {
                let (once, twice) = (body(&nested(levels, 5_000)), body(&nested(levels, 10_000)));
                let (work, double_work) = (count_read(&once), count_read(&twice));
                assert!(work <= 6 * once.len(), "{levels} levels: {work} bytes read of {}", once.len());
                assert!(double_work <= 2 * work, "{levels} levels: {work}, then {double_work}");
            }
        }
        // Accepting one extra level does not multiply the work.
        for nesting in ["[", r#"{"ticket":["#] {
            let closing = if nesting == "[" { "]" } else { "]}" };
            let ticket = vec![r#"{"id":1}"#; 5_000].join(",");
            let body =
                format!(r#"{{"result":"success","tickets":{{"ticket":[{nesting}{ticket}{closing}]}}}}"#);
            assert!(count_read(&body) <= 12 * body.len());
            let deep = format!(
                r#"{{"result":"success","tickets":{}{ticket}{}}}"#,
                nesting.repeat(20),
                closing.repeat(20)
            );
            READ.set(0);
            assert!(decode(&deep, 0, Findings::default()).is_err());
            assert!(READ.get() <= 12 * deep.len());
        }
    }
}
