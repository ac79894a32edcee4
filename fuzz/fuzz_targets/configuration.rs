//! The configuration file: any text is read or refused, and the error contains no value of the file, which may be a
//! secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toml::{Table, Value};

/// In the dictionary, so that inputs contain it as a value. It does not look like a key.
const MARK: &str = "S3cr3t-9F";

fuzz_target!(|text: &str| {
    if let Err(shown) = gettickets_cli::fuzzing::configuration(text) {
        assert!(!shown.is_empty() && !shown.contains('\n'), "{shown}");
        assert!(!shown.contains(MARK) || is_a_name(text), "{shown}");
    }
});

/// Whether the mark is the name of a profile, a department or an admin, or a key: errors may contain these.
fn is_a_name(text: &str) -> bool {
    let Ok(table) = text.parse::<Table>() else { return false };
    let named = table.get("default-profile").and_then(Value::as_str);
    named.is_some_and(|name| name.contains(MARK)) || has_key(&Value::Table(table))
}

fn has_key(value: &Value) -> bool {
    match value {
        Value::Table(table) => table.iter().any(|(key, value)| key.contains(MARK) || has_key(value)),
        Value::Array(list) => list.iter().any(has_key),
        _ => false,
    }
}
