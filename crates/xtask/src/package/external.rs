//! Checks that the public API exposes types of no other crates than those that are allowed: a new major version of an
//! exposed crate is a breaking change here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::published::{LIBRARIES, package_name};
use super::rustdoc;
use crate::files;
use crate::process::Result;

/// A crate whose types the API may expose.
struct Allowed {
    name: &'static str,
    /// The folders of the libraries that may expose it.
    by: &'static [&'static str],
    /// Why it may.
    reason: &'static str,
}

/// The crates whose types the API may expose, beside the standard library and the crates of this repository.
const ALLOWED: [Allowed; 11] = [
    Allowed {
        name: "arrow_array",
        by: &["arrow"],
        reason: "record batches, which exist to be passed to other users of Arrow",
    },
    Allowed { name: "arrow_data", by: &["arrow"], reason: "the structs of the Arrow C data interface" },
    Allowed { name: "arrow_schema", by: &["arrow"], reason: "the schema of the record batches" },
    Allowed { name: "futures_core", by: &["client"], reason: "`AsyncScan` is a `Stream`" },
    Allowed {
        name: "http",
        by: &["client"],
        reason: "requests and responses of a `Transport`, in the types that HTTP libraries share",
    },
    Allowed { name: "jiff", by: &LIBRARIES, reason: "dates and time zones" },
    Allowed {
        name: "rusqlite",
        by: &["sandbox", "warehouse"],
        reason: "only conversions of its error, which trait implementations cannot hide; to be replaced before 1.0",
    },
    Allowed {
        name: "serde_core",
        by: &["protocol", "client"],
        reason: "the traits of serde, which derived code names by this crate",
    },
    Allowed {
        name: "serde_json",
        by: &["protocol", "warehouse"],
        reason: "values of unknown fields, and documents of Singer",
    },
    Allowed {
        name: "tokio_postgres",
        by: &["warehouse"],
        reason: "only a conversion of its error, as for rusqlite; to be replaced before 1.0",
    },
    Allowed {
        name: "zeroize",
        by: &["protocol", "client"],
        reason: "secrets, which are erased from memory when they are dropped",
    },
];

/// Crates that are part of the compiler.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

/// Fails if an item exposes a type of a crate that is not allowed, or if an allowed crate is not exposed anywhere.
pub(super) fn check() -> Result {
    let mut problems = Vec::new();
    let mut all = BTreeSet::new();
    for folder in LIBRARIES {
        let name = package_name(folder);
        let file = rustdoc::json(&name)?;
        let document = serde_json::from_str(&files::read(&file)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let exposed = exposed(&document).ok_or_else(|| format!("{}: unknown format", file.display()))?;
        println!("{name}: {}", Vec::from_iter(exposed.keys().map(String::as_str)).join(", "));
        problems.extend(refused(folder, &exposed).into_iter().map(|problem| format!("{name}: {problem}")));
        all.extend(exposed.into_keys().map(|exposed| (folder, exposed)));
    }
    for allowed in ALLOWED {
        for folder in allowed.by.iter().filter(|folder| !all.contains(&(**folder, allowed.name.to_owned()))) {
            problems.push(format!(
                "crates/{folder} exposes no type of {} ({}): remove it from ALLOWED",
                allowed.name, allowed.reason
            ));
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nhide the type behind one of this repository, or add its crate to ALLOWED in \
         crates/xtask/src/package/external.rs, with the reason",
        problems.join("\n")
    ))
}

/// Returns the crates whose types the public items of a crate mention, each with examples.
fn exposed(document: &Value) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let items = document["index"].as_object()?;
    let own = items.get(&document["root"].as_u64()?.to_string())?["crate_id"].as_u64()?;
    let mut exposed = BTreeMap::new();
    for item in items.values() {
        // Implementations that follow from others: `impl<T> From<T> for T`, `impl Send for …`.
        let implementation = item.pointer("/inner/impl").unwrap_or(&Value::Null);
        let follows = !implementation["blanket_impl"].is_null() || implementation["is_synthetic"] == true;
        if item["crate_id"].as_u64()? == own && !follows {
            let mut found = Vec::new();
            paths(&item["inner"], &mut found);
            for id in found {
                let Some(path) = document["paths"].get(id.to_string()) else { continue };
                let crate_id = path["crate_id"].as_u64()?;
                if crate_id == own {
                    continue;
                }
                let name = document["external_crates"].get(crate_id.to_string())?["name"].as_str()?;
                if !STANDARD.contains(&name) {
                    let parts: Vec<&str> =
                        path["path"].as_array()?.iter().filter_map(Value::as_str).collect();
                    let used_in = item["name"].as_str().unwrap_or("an implementation");
                    exposed
                        .entry(name.to_owned())
                        .or_insert_with(BTreeSet::new)
                        .insert(format!("{} in {used_in}", parts.join("::")));
                }
            }
        }
    }
    Some(exposed)
}

/// Collects the ids of the types and traits that a part of the document mentions, and of what it exports again.
fn paths(part: &Value, found: &mut Vec<u64>) {
    match part {
        Value::Object(members) => {
            if members.contains_key("path") || members.contains_key("source") {
                found.extend(members.get("id").and_then(Value::as_u64));
            }
            members.values().for_each(|member| paths(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| paths(element, found)),
        _ => {}
    }
}

/// Returns the crates that the library in this folder may not expose, each with an example.
fn refused(folder: &str, exposed: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let is_allowed = |name: &String| {
        ALLOWED.iter().any(|allowed| allowed.name == name && allowed.by.contains(&folder))
            || name.split('_').next() == Some("gettickets")
    };
    exposed
        .iter()
        .filter(|(name, _)| !is_allowed(name))
        .map(|(name, examples)| {
            let example = examples.first().map_or("", String::as_str);
            format!("types of the crate {name} are exposed, for example {example}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let path = |id: u32| serde_json::json!({"resolved_path": {"path": "X", "id": id, "args": null}});
        serde_json::json!({
            "root": 0,
            "index": {
                "0": {"crate_id": 0, "name": "ours", "inner": {"module": {"items": [1, 2]}}},
                "1": {"crate_id": 0, "name": "send", "inner": {"function": {"inputs": [["x", path(10)]], "output": path(12)}}},
                "2": {"crate_id": 0, "name": null, "inner": {"use": {"source": "jiff::civil::Date", "name": "Date", "id": 11}}},
                "3": {"crate_id": 0, "name": null, "inner": {"impl": {"blanket_impl": path(10), "trait": path(13)}}},
                "4": {"crate_id": 5, "name": "theirs", "inner": {"function": {"output": path(13)}}}
            },
            "paths": {
                "10": {"crate_id": 7, "path": ["ureq", "Agent"]},
                "11": {"crate_id": 8, "path": ["jiff", "civil", "Date"]},
                "12": {"crate_id": 1, "path": ["core", "option", "Option"]},
                "13": {"crate_id": 9, "path": ["rustls", "Config"]}
            },
            "external_crates": {
                "1": {"name": "core"}, "7": {"name": "ureq"}, "8": {"name": "jiff"}, "9": {"name": "rustls"}
            }
        })
    }

    #[test]
    fn types_in_signatures_and_exports_are_found() {
        let exposed = exposed(&document()).unwrap();
        assert_eq!(Vec::from_iter(exposed.keys()), ["jiff", "ureq"]);
        assert_eq!(
            refused("client", &exposed),
            ["types of the crate ureq are exposed, for example ureq::Agent in send"]
        );
        let sqlite = BTreeMap::from([("rusqlite".to_owned(), BTreeSet::new())]);
        assert_eq!(refused("client", &sqlite).len(), 1, "only other libraries may expose it");
        assert!(refused("sandbox", &sqlite).is_empty());
    }

    #[test]
    fn other_documents_are_refused() {
        assert!(exposed(&serde_json::json!({"index": {}})).is_none());
    }
}
