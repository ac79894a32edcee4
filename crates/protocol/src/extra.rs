//! The values of fields that are in no version's documentation: JSON, held as the text that was sent.
//!
//! Canonical JSON writes them in one spelling, with keys sorted, but never a number as another one: numbers
//! that no type of ours holds go out as they came.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// The unknown fields of a page: each as JSON, and as the values that callers read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    json: BTreeMap<String, Box<str>>,
    values: Map<String, Value>,
}

impl Extra {
    /// From names and values that were checked when they were decoded.
    pub(crate) fn new(json: BTreeMap<String, Box<str>>) -> Extra {
        let values = json.iter().map(|(name, json)| (name.clone(), Kept::read(json).into_value())).collect();
        Extra { json, values }
    }

    pub(crate) fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    pub(crate) fn json(&self) -> impl Iterator<Item = (&str, &str)> {
        self.json.iter().map(|(name, json)| (&**name, &**json))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }
}

/// Unknown fields as canonical JSON has them: sorted by name.
impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.json().map(|(name, json)| (name, Kept::read(json))))
    }
}

/// A value, read as far as canonical JSON needs it.
#[derive(Debug)]
pub(crate) enum Kept<'a> {
    /// Null, a truth value, a text, or a number that is held exactly.
    Plain(Value),
    /// Any other number, as it was sent.
    Number(&'a RawValue),
    List(Vec<Kept<'a>>),
    Object(BTreeMap<String, Kept<'a>>),
}

impl<'a> Kept<'a> {
    /// Reads a value that was checked when it was decoded; what is no JSON reads as null.
    pub(crate) fn read(json: &'a str) -> Kept<'a> {
        Kept::try_read(json).unwrap_or(Kept::Plain(Value::Null))
    }

    fn try_read(json: &'a str) -> serde_json::Result<Kept<'a>> {
        let raw: &'a RawValue = serde_json::from_str(json)?;
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let entries: BTreeMap<String, &'a RawValue> = serde_json::from_str(text)?;
                let read = entries.into_iter().map(|(key, value)| Ok((key, Kept::try_read(value.get())?)));
                Kept::Object(read.collect::<serde_json::Result<_>>()?)
            }
            Some(b'[') => {
                let list: Vec<&'a RawValue> = serde_json::from_str(text)?;
                Kept::List(
                    list.into_iter().map(|value| Kept::try_read(value.get())).collect::<Result<_, _>>()?,
                )
            }
            Some(b'-' | b'0'..=b'9') => match serde_json::from_str::<Number>(text) {
                Ok(number) if number.to_string() == text => Kept::Plain(Value::Number(number)),
                _ => Kept::Number(raw),
            },
            _ => Kept::Plain(serde_json::from_str(text)?),
        })
    }

    /// The value as serde_json's, which holds integers of 64 bits and floats. Other integers and fractions
    /// become the nearest float, and a number past all floats its text.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Kept::Plain(value) => value,
            Kept::Number(raw) => {
                serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::String(raw.get().to_owned()))
            }
            Kept::List(list) => list.into_iter().map(Kept::into_value).collect(),
            Kept::Object(entries) => {
                entries.into_iter().map(|(key, value)| (key, value.into_value())).collect()
            }
        }
    }
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Kept::Plain(value) => value.serialize(serializer),
            Kept::Number(raw) => raw.serialize(serializer),
            Kept::List(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                list.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Kept::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
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
            (r#" { "b" : [ 1E2 , null ] , "a" : "\/\u00e9" } "#, r#"{"a":"/é","b":[1E2,null]}"#),
        ] {
            assert_eq!(serde_json::to_string(&Kept::read(sent)).unwrap(), canonical, "{sent}");
        }
    }

    #[test]
    fn a_value_holds_the_nearest_float_or_the_text() {
        let value = Kept::read(r#"[123456789012345678901234567890, 1e999, 7]"#).into_value();
        assert_eq!(value, serde_json::json!([1.234_567_890_123_456_8e29, "1e999", 7]));
    }
}
