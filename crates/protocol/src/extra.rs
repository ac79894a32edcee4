//! The values of unknown fields, stored as the JSON text that was sent.
//!
//! Canonical JSON has one notation for each value, with sorted keys. Numbers never change: a number that no Rust type
//! can hold is written as it was sent. A value is scanned once, whatever its depth.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// The unknown fields of a page: as JSON, and as parsed values, which are built on first use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    json: BTreeMap<String, Box<str>>,
    values: OnceLock<Map<String, Value>>,
}

impl Extra {
    /// Creates the fields from names and values that the decoder checked.
    pub(crate) fn new(json: BTreeMap<String, Box<str>>) -> Extra {
        Extra { json, values: OnceLock::new() }
    }

    pub(crate) fn values(&self) -> &Map<String, Value> {
        let value = |(name, json): (&str, &str)| (name.to_owned(), Canonical::of(json).to_value());
        self.values.get_or_init(|| self.json().map(value).collect())
    }

    pub(crate) fn json(&self) -> impl Iterator<Item = (&str, &str)> {
        self.json.iter().map(|(name, json)| (&**name, &**json))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Extra) -> bool {
        let canonical = |(name, json)| (name, Canonical::of(json));
        self.json().map(canonical).eq(other.json().map(canonical))
    }
}

/// Unknown fields as in canonical JSON: sorted by name.
impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.json().map(|(name, json)| (name, Canonical::of(json))))
    }
}

/// A JSON value that serializes as canonical JSON.
///
/// The text must be valid JSON, which the decoder has checked; parts that are not valid become null. The parts are
/// found in one pass and take 12 bytes each.
#[derive(Debug)]
pub(crate) struct Canonical<'a> {
    json: &'a str,
    parts: Vec<Part>,
}

/// The range of a value or a key. The parts of a list or an object follow it.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: u32,
    end: u32,
    /// The number of parts in it, including itself.
    count: u32,
}

impl<'a> Canonical<'a> {
    pub(crate) fn of(json: &'a str) -> Canonical<'a> {
        let bytes = json.as_bytes();
        let (mut parts, mut open): (Vec<Part>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => continue,
                b'}' | b']' => {
                    let closed = open.pop();
                    let count = parts.len();
                    if let Some((index, part)) = closed.and_then(|index| Some((index, parts.get_mut(index)?)))
                    {
                        (part.end, part.count) = (at as u32, (count - index) as u32);
                    }
                    continue;
                }
                b'{' | b'[' => open.push(parts.len()),
                b'"' => {
                    while let Some(byte) = bytes.get(at) {
                        at += 1;
                        match byte {
                            b'"' => break,
                            b'\\' => at += 1,
                            _ => {}
                        }
                    }
                }
                _ => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let delimiter =
                        |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}');
                    at += rest.iter().position(delimiter).unwrap_or(rest.len());
                }
            }
            parts.push(Part { start: start as u32, end: at as u32, count: 1 });
        }
        Canonical { json, parts }
    }

    /// Converts to a serde_json value, which holds 64-bit integers and floats. Other numbers become the nearest float,
    /// and a number outside the range of floats becomes its text.
    pub(crate) fn to_value(&self) -> Value {
        self.root().to_value()
    }

    /// Returns the text, if the value is a string.
    pub(crate) fn as_text(&self) -> Option<String> {
        let root = self.root();
        root.text().starts_with('"').then(|| root.unescaped())
    }

    pub(crate) fn is_null(&self) -> bool {
        self.root().text() == "null"
    }

    fn root(&self) -> Node<'_, 'a> {
        Node { canonical: self, index: 0 }
    }
}

impl PartialEq for Canonical<'_> {
    fn eq(&self, other: &Canonical<'_>) -> bool {
        self.json == other.json || serde_json::to_string(self).ok() == serde_json::to_string(other).ok()
    }
}

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root().serialize(serializer)
    }
}

/// One value of a [`Canonical`].
#[derive(Clone, Copy)]
struct Node<'c, 'a> {
    canonical: &'c Canonical<'a>,
    index: usize,
}

impl<'c, 'a> Node<'c, 'a> {
    fn text(self) -> &'a str {
        let part = self.canonical.parts.get(self.index);
        part.and_then(|part| self.canonical.json.get(part.start as usize..part.end as usize))
            .unwrap_or("null")
    }

    /// Iterates over the direct children: values, and in an object also keys.
    fn children(self) -> impl Iterator<Item = Node<'c, 'a>> {
        let count =
            |index: usize| self.canonical.parts.get(index).map_or(1, |part| part.count.max(1) as usize);
        let end = self.index + count(self.index);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let index = next;
            next += count(index);
            (index < end).then_some(Node { index, ..self })
        })
    }

    /// Returns the entries of an object, sorted by key. The last of duplicate keys is used.
    fn entries(self) -> BTreeMap<Cow<'a, str>, Node<'c, 'a>> {
        let mut entries = BTreeMap::new();
        let mut children = self.children();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            let text = key.text();
            let plain = text.get(1..text.len().saturating_sub(1)).filter(|inner| !inner.contains('\\'));
            entries.insert(plain.map_or_else(|| Cow::Owned(key.unescaped()), Cow::Borrowed), value);
        }
        entries
    }

    fn unescaped(self) -> String {
        serde_json::from_str(self.text()).unwrap_or_default()
    }

    fn to_value(self) -> Value {
        let text = self.text();
        match text.as_bytes().first() {
            Some(b'{') => {
                self.entries().into_iter().map(|(key, node)| (key.into_owned(), node.to_value())).collect()
            }
            Some(b'[') => self.children().map(Node::to_value).collect(),
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        }
    }
}

impl Serialize for Node<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        match text.as_bytes().first() {
            Some(b'{') => {
                let entries = self.entries();
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Some(b'[') => {
                let mut list = serializer.serialize_seq(None)?;
                self.children().try_for_each(|value| list.serialize_element(&value))?;
                list.end()
            }
            Some(b'"') => serializer.serialize_str(&self.unescaped()),
            Some(b'-' | b'0'..=b'9') => match serde_json::from_str::<Number>(text) {
                Ok(number) if number.to_string() == text => number.serialize(serializer),
                _ => match serde_json::from_str::<&RawValue>(text) {
                    Ok(raw) => raw.serialize(serializer),
                    Err(_) => serializer.serialize_unit(),
                },
            },
            _ => match serde_json::from_str::<Option<bool>>(text) {
                Ok(value) => value.serialize(serializer),
                Err(_) => serializer.serialize_unit(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_keeps_every_number() {
        for (sent, canonical) in [
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-1e999", "-1e999"),
            ("0.1000000000000000055", "0.1000000000000000055"),
            ("1.50", "1.50"),
            ("-0", "-0"),
            ("18446744073709551615", "18446744073709551615"),
            (r#"{"a":{"b":[{},[],"]}"],"a":{"x":1,"x":2}},"\u0061":[true,false]}"#, r#"{"a":[true,false]}"#),
            (
                r#"[{"b":[{},[],"]}\""],"a":{"x":1,"x":2}},null]"#,
                r#"[{"a":{"x":2},"b":[{},[],"]}\""]},null]"#,
            ),
            (r#" { "b" : [ 1E2 , null ] , "a" : "\/\u00e9" } "#, r#"{"a":"/é","b":[1E2,null]}"#),
        ] {
            assert_eq!(serde_json::to_string(&Canonical::of(sent)).unwrap(), canonical, "{sent}");
        }
    }

    #[test]
    fn numbers_are_numbers_in_formats_other_than_json() {
        // A formatter serializes numbers and texts, but not the raw text of a number, which only JSON has.
        struct Shown<'a>(Canonical<'a>);
        impl std::fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.serialize(f)
            }
        }
        for number in ["7", "-3", "0.5", "18446744073709551615"] {
            assert_eq!(Shown(Canonical::of(number)).to_string(), number);
        }
    }

    #[test]
    fn a_value_is_the_nearest_float_or_the_text() {
        let value = Canonical::of(r#"[123456789012345678901234567890, 1e999, 7]"#).to_value();
        assert_eq!(value, serde_json::json!([1.234_567_890_123_456_8e29, "1e999", 7]));
    }

    #[test]
    fn a_value_has_one_part_per_value_and_key_at_any_depth() {
        for depth in [1, 2, 30, 60] {
            for width in [100, 200] {
                let json =
                    format!("{}{}{}", "[".repeat(depth), vec!["1"; width].join(","), "]".repeat(depth));
                assert_eq!(Canonical::of(&json).parts.len(), depth + width);
            }
        }
        assert_eq!(size_of::<Part>(), 12);
    }

    #[test]
    fn invalid_json_is_read_without_a_panic() {
        for text in ["", " ", "{", "]", "\"", "\"\\", "{\"a\"", "[1", "}{", "{\"a\":}", "é", ":,"] {
            let canonical = Canonical::of(text);
            let _ = (canonical.to_value(), canonical.as_text(), serde_json::to_string(&canonical));
        }
    }
}
