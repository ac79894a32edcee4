//! The JSON schema of the stream, from the columns of every table.

use serde_json::{Map, Value, json};

use crate::row::{Type, columns};

/// The name of the stream.
pub(super) const STREAM: &str = "tickets";
/// The name of the first column.
pub(super) const INSTALL: &str = "install";
/// The columns that identify a ticket.
pub(super) const KEYS: [&str; 2] = [INSTALL, "id"];
/// The column of incremental runs.
pub(super) const REPLICATION_KEY: &str = "lastreply";
/// The access key of a ticket.
const ACCESS_KEY: &str = "c";

/// A column of a record.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) kind: Type,
    /// The position among the cells of a row; `None` for the install.
    pub(super) cell: Option<usize>,
}

/// Every column, without the access key unless it is asked for.
pub(super) fn properties(access_keys: bool) -> Vec<Property> {
    let install = Property { name: INSTALL.to_owned(), kind: Type::Text, cell: None };
    let fields =
        columns().enumerate().map(|(index, (name, kind))| Property { name, kind, cell: Some(index) });
    std::iter::once(install)
        .chain(fields)
        .filter(|property| access_keys || property.name != ACCESS_KEY)
        .collect()
}

/// The JSON schema of a record with these columns.
pub(super) fn schema(properties: &[Property]) -> Value {
    let described: Map<String, Value> =
        properties.iter().map(|property| (property.name.clone(), described(property))).collect();
    json!({"type": "object", "properties": described})
}

fn described(property: &Property) -> Value {
    if KEYS.contains(&property.name.as_str()) {
        return json!({"type": if property.kind == Type::Integer { "integer" } else { "string" }});
    }
    match (property.kind, property.name.as_str()) {
        (Type::Integer, _) => json!({"type": ["integer", "null"]}),
        (Type::Boolean, _) => json!({"type": ["boolean", "null"]}),
        // A time on the install's clock has no zone, which the format date-time would need.
        (Type::Text | Type::WallClock, _) => json!({"type": ["string", "null"]}),
        (Type::Utc, _) => json!({"type": ["string", "null"], "format": "date-time"}),
        (Type::Json, "attachments") => json!({
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {"filename": {"type": "string"}, "index": {"type": ["integer", "null"]}},
            },
        }),
        (Type::Json, _) => json!({"type": ["object", "null"]}),
    }
}
