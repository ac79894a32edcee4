//! Errors in the configuration file. They name the line and the key, and never contain a value, which may be a secret.

use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor, value};
use toml::de::{DeTable, DeValue};

use crate::exit::Failure;
use crate::similar::Comparison;

/// The keys that a level of the file may have.
pub(super) type Keys = &'static [&'static str];

/// The keys at the top of the file and those of a profile.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    pub(super) top: Keys,
    pub(super) profile: Keys,
}

/// Converts the error of a text that is not a configuration.
pub(super) fn failure(text: &str, error: &toml::de::Error, levels: Levels) -> Failure {
    let failure = match DeTable::parse(text) {
        // The parser's messages are fixed texts: what is wrong with the syntax, and what it expected.
        Err(_) => Failure::usage(error.message().replace('\n', " ")),
        Ok(document) => {
            let found = error.span().and_then(|span| find(document.get_ref(), &span)).unwrap_or_default();
            if error.message().starts_with("unknown field ") {
                unknown_key(&found, levels)
            } else {
                wrong_value(&found.path, error.message())
            }
        }
    };
    match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or_default();
            failure.at(format!("line {}", before.matches('\n').count() + 1))
        }
        None => failure,
    }
}

/// A place in the file.
#[derive(Default)]
struct Found<'a> {
    /// The keys that lead to it, the outermost first.
    path: Vec<&'a str>,
    /// The value there is a table.
    is_table: bool,
}

/// Searches for the entry whose key or value has this span.
fn find<'a>(table: &'a DeTable<'_>, span: &Range<usize>) -> Option<Found<'a>> {
    table.iter().find_map(|(key, value)| {
        let inside = match value.get_ref() {
            DeValue::Table(table) => find(table, span),
            _ => None,
        };
        let here = || {
            (key.span() == *span || value.span() == *span)
                .then(|| Found { path: Vec::new(), is_table: value.get_ref().is_table() })
        };
        let mut found = inside.or_else(here)?;
        found.path.insert(0, key.get_ref());
        Some(found)
    })
}

fn unknown_key(found: &Found<'_>, levels: Levels) -> Failure {
    let is_top = found.path.len() < 2;
    let (own, other) = if is_top { (levels.top, levels.profile) } else { (levels.profile, levels.top) };
    let key = found.path.last().copied().unwrap_or_default();
    let similar = nearest(key, own);
    let elsewhere = nearest(key, other);
    let secret = SECRETS.iter().find(|(name, _)| squeezed(key) == *name);
    // A word, or a name that is similar to a key. Another text may really be a value.
    let is_word = key.len() <= 24 && key.chars().all(|at| at.is_ascii_lowercase() || "-_".contains(at));
    let is_shown = !key.is_empty() && (is_word || similar.or(elsewhere).is_some() || secret.is_some());
    let hint = if let Some((_, instead)) = secret {
        format!(
            "This file holds no secrets: write the secret into a file that only you can read, and name that file \
             in the key `{instead}` of a profile, as in {instead} = \"main.secret\""
        )
    } else if let Some(similar) = similar {
        format!("Did you mean `{similar}`?")
    } else if let (Some(key), true) = (elsewhere, is_top) {
        format!("`{key}` is a key of a profile: write it below a line such as [profiles.main]")
    } else if let Some(key) = elsewhere {
        format!("Write `{key}` at the top of the file, above the first line in brackets")
    } else if is_top && found.is_table {
        "The table of a profile has `profiles` before its name, as in [profiles.main]".to_owned()
    } else {
        format!("Known keys: {}", own.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
    };
    let what = if is_shown { format!("unknown key `{key}`") } else { "unknown key".to_owned() };
    Failure::usage(what).hint(hint)
}

/// Keys that would hold a secret, as [`squeezed`] returns them, and the key to use instead.
const SECRETS: [(&str, &str); 8] = [
    ("secret", "secret-file"),
    ("apisecret", "secret-file"),
    ("clientsecret", "secret-file"),
    ("password", "password-file"),
    ("passwd", "password-file"),
    ("pass", "password-file"),
    ("accesskey", "access-key-file"),
    ("apiaccesskey", "access-key-file"),
];

/// A key without the differences that users confuse: case, hyphens and underscores.
fn squeezed(key: &str) -> String {
    key.chars().filter(|at| !matches!(at, '-' | '_')).flat_map(char::to_lowercase).collect()
}

const SIMILAR: Comparison = Comparison { plain: squeezed, errors: |len| 1 + len.min(8) / 4 };

/// The known key that was probably meant.
fn nearest(key: &str, known: Keys) -> Option<&'static str> {
    SIMILAR.nearest(key, known.iter().copied())
}

fn wrong_value(path: &[&str], message: &str) -> Failure {
    // serde writes `invalid type: string "VALUE", expected …`; the value may itself contain ", expected ".
    let is_type = ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start));
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected).filter(|_| is_type);
    let what = match path {
        [_, _, table, _] if expected.is_none() => {
            return Failure::usage(format!("a key in the table `{table}` is not an id"))
                .hint(format!("Write ids as keys and names as values, as in {table} = {{ 1 = \"Sales\" }}"));
        }
        [_, _, table, _] => format!("a name in the table `{table}`"),
        [key] | [_, _, key] => format!("`{key}`"),
        [_, _] => "a profile".to_owned(),
        _ => "a value".to_owned(),
    };
    let must = match expected {
        Some("u32") => "must be a whole number from 0 to 4294967295",
        Some("a boolean") => "must be true or false, without quotes",
        Some("a string" | "path string") => "must be a text in quotes",
        Some("a map") => "must be a table",
        Some(expected) if expected.starts_with("struct ") => "must be a table",
        _ => "has a wrong type",
    };
    Failure::usage(format!("{what} {must}"))
}

/// The keys of a struct, as serde names them.
pub(super) fn keys_of<'de, T: Deserialize<'de>>() -> Keys {
    struct Names<'a>(&'a mut Keys);

    impl<'de> Deserializer<'de> for Names<'_> {
        type Error = value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, value::Error> {
            Err(value::Error::custom(""))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: Keys,
            visitor: V,
        ) -> Result<V::Value, value::Error> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut keys: Keys = &[];
    // It always fails: the names are all that is needed.
    let _ = T::deserialize(Names(&mut keys));
    keys
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_key_is_found() {
        const KNOWN: super::Keys = &["url", "secret-file", "time-zone", "timeout", "ca-file", "profiles"];
        for (key, meant) in [
            ("urll", Some("url")),
            ("URL", Some("url")),
            ("secretfile", Some("secret-file")),
            ("secret_file", Some("secret-file")),
            ("Secret-Fiel", Some("secret-file")),
            ("timezone", Some("time-zone")),
            ("time-out", Some("timeout")),
            ("cafile", Some("ca-file")),
            ("profile", Some("profiles")),
            ("prof", Some("profiles")),
            ("hunter", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(key, KNOWN), meant, "{key}");
        }
        assert_eq!(nearest(&"secret-file".repeat(100_000), KNOWN), None);
    }
}
