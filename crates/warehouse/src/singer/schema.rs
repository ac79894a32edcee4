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
    /// The index among the cells of a row; `None` for the install.
    pub(super) cell: Option<usize>,
}

/// Every column; the access key only on request.
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
    if property.kind == Type::Integer {
        let kind = if is_key(property) { json!("integer") } else { json!(["integer", "null"]) };
        return integer(kind);
    }
    if is_key(property) {
        return json!({"type": "string"});
    }
    match (property.kind, property.name.as_str()) {
        (Type::Boolean, _) => json!({"type": ["boolean", "null"]}),
        // A local time has no zone, which the format date-time would require.
        (Type::Text | Type::WallClock | Type::Integer, _) => json!({"type": ["string", "null"]}),
        (Type::Utc, _) => json!({"type": ["string", "null"], "format": "date-time"}),
        (Type::Json, "attachments") => json!({
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {"filename": {"type": "string"}, "index": integer(json!(["integer", "null"]))},
            },
        }),
        (Type::Json, _) => json!({"type": ["object", "null"]}),
    }
}

fn is_key(property: &Property) -> bool {
    KEYS.contains(&property.name.as_str())
}

/// An integer type. Targets choose the type of a column by its bounds: without them, some choose 32 bits.
fn integer(kind: Value) -> Value {
    json!({"type": kind, "minimum": 0, "maximum": i64::MAX})
}
