//! Reads the canonical JSON that this program writes. It has unknown fields under `extra`; these are moved to the level
//! of the other fields, where a server sends them. Otherwise each export of an export would nest them one level deeper.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The entries of an object in order, including duplicates.
#[derive(Default)]
pub(super) struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Entries<'_> {
    /// Each name and its value as JSON.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.get()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries<'de>, M::Error> {
                let mut entries = Vec::new();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    entries.push((name, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// Moves the unknown fields of a ticket on a line of NDJSON to the level of its other fields. Returns other text
/// unchanged.
pub(super) fn ticket(line: &[u8]) -> Cow<'_, [u8]> {
    match has_extra(line).then(|| serde_json::from_slice::<Entries<'_>>(line)) {
        Some(Ok(entries)) => {
            rewritten(&entries).map_or(Cow::Borrowed(line), |text| Cow::Owned(text.into_bytes()))
        }
        _ => Cow::Borrowed(line),
    }
}

/// Does the same for a document with a list of such tickets. Returns other text unchanged.
pub(super) fn reply(body: &[u8]) -> Cow<'_, [u8]> {
    if !has_extra(body) {
        return Cow::Borrowed(body);
    }
    let Ok(Entries(entries)) = serde_json::from_slice::<Entries<'_>>(body) else {
        return Cow::Borrowed(body);
    };
    let mut changed = false;
    let mut parts = Vec::new();
    for (name, value) in &entries {
        let list = (name == "tickets").then(|| serde_json::from_str::<Vec<&RawValue>>(value.get()));
        let Some(Ok(list)) = list else {
            parts.push(entry(name, value.get()));
            continue;
        };
        let tickets: Vec<Cow<'_, str>> = list
            .into_iter()
            .map(|one| {
                let entries = serde_json::from_str::<Entries<'_>>(one.get()).ok();
                let text = entries.and_then(|entries| rewritten(&entries));
                changed |= text.is_some();
                text.map_or(Cow::Borrowed(one.get()), Cow::Owned)
            })
            .collect();
        parts.push(entry(name, &format!("[{}]", tickets.join(","))));
    }
    if changed { Cow::Owned(object(&parts).into_bytes()) } else { Cow::Borrowed(body) }
}

fn has_extra(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\"extra\"").is_some()
}

/// Replaces `extra` by its entries; returns `None` if there is no `extra` object.
fn rewritten(Entries(entries): &Entries<'_>) -> Option<String> {
    let (_, extra) = entries.iter().rfind(|(name, _)| name == "extra")?;
    let Entries(unknown) = serde_json::from_str(extra.get()).ok()?;
    let known = entries.iter().filter(|(name, _)| name != "extra");
    let parts: Vec<String> = known.chain(&unknown).map(|(name, value)| entry(name, value.get())).collect();
    Some(object(&parts))
}

pub(super) fn entry(name: &str, value: &str) -> String {
    format!("{}:{value}", serde_json::Value::from(name))
}

pub(super) fn object(entries: &[String]) -> String {
    format!("{{{}}}", entries.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Cow<'_, [u8]>) -> String {
        String::from_utf8(bytes.into_owned()).unwrap()
    }

    #[test]
    fn unknown_fields_are_moved_to_the_level_of_the_others() {
        for (line, expected) in [
            (r#"{"id":1,"extra":{"foo":"bar","n":1.50}}"#, r#"{"id":1,"foo":"bar","n":1.50}"#),
            (r#"{"id":1,"extra":{"extra":{"a":1}}}"#, r#"{"id":1,"extra":{"a":1}}"#),
            (r#"{"id":1,"extra":{}}"#, r#"{"id":1}"#),
            (r#"{"id":1,"extra":"a text"}"#, r#"{"id":1,"extra":"a text"}"#),
            (r#"{"id":1,"subject":"\"extra\""}"#, r#"{"id":1,"subject":"\"extra\""}"#),
            (r#"{"id":1,"extra":"#, r#"{"id":1,"extra":"#),
            ("extra", "extra"),
        ] {
            assert_eq!(text(ticket(line.as_bytes())), expected);
        }
    }

    #[test]
    fn a_server_reply_is_unchanged() {
        let ours = r#"{"result":"success","tickets":[{"id":1,"extra":{"a":1}},{"id":2}],"totalresults":2}"#;
        assert_eq!(
            text(reply(ours.as_bytes())),
            r#"{"result":"success","tickets":[{"id":1,"a":1},{"id":2}],"totalresults":2}"#
        );
        let server = r#"{"result":"success","tickets":{"ticket":[{"id":1,"extra":{"a":1}}]}}"#;
        assert_eq!(text(reply(server.as_bytes())), server);
    }
}
