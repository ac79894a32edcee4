//! The catalog: the columns of the stream, and what a user selected of them.

use serde_json::{Value, json};

use super::error::TapError;
use super::schema::{KEYS, Property, REPLICATION_KEY, STREAM, schema};

/// The replication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Every ticket, then ACTIVATE_VERSION, so that a target can remove tickets that are gone. Only this method finds
    /// tickets that were closed, moved or flagged without a reply.
    FullTable,
    /// The tickets that were opened or answered since the last run.
    Incremental,
}

impl Method {
    /// The method's name in a catalog.
    pub(super) fn word(self) -> &'static str {
        match self {
            Method::FullTable => "FULL_TABLE",
            Method::Incremental => "INCREMENTAL",
        }
    }
}

/// The selection of a catalog.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selected {
    /// Whether the stream is selected.
    pub(super) stream: bool,
    /// The names of the columns that are left out.
    pub(super) without: Vec<String>,
    pub(super) method: Option<Method>,
}

/// The catalog of `--discover`.
pub(super) fn discover(properties: &[Property], method: Method) -> Value {
    let of_stream = json!({
        "breadcrumb": [],
        "metadata": {
            "inclusion": "available",
            "selected": true,
            "table-key-properties": KEYS,
            "valid-replication-keys": [REPLICATION_KEY],
            "replication-method": method.word(),
        },
    });
    let of_properties = properties.iter().map(|property| {
        let inclusion = if is_automatic(&property.name) { "automatic" } else { "available" };
        json!({
            "breadcrumb": ["properties", property.name],
            "metadata": {"inclusion": inclusion, "selected-by-default": true},
        })
    });
    json!({"streams": [{
        "tap_stream_id": STREAM,
        "stream": STREAM,
        "key_properties": KEYS,
        "replication_key": REPLICATION_KEY,
        "replication_method": method.word(),
        "schema": schema(properties),
        "metadata": std::iter::once(of_stream).chain(of_properties).collect::<Vec<Value>>(),
    }]})
}

/// Whether a column is always included.
fn is_automatic(name: &str) -> bool {
    KEYS.contains(&name) || name == REPLICATION_KEY
}

/// Reads a catalog that a user edited.
pub(super) fn selected(catalog: &Value, properties: &[Property]) -> Result<Selected, TapError> {
    let streams = catalog.get("streams").and_then(Value::as_array);
    let streams = streams.ok_or_else(|| TapError::Catalog("it has no list of streams".to_owned()))?;
    let id = |stream: &Value| {
        let id = stream.get("tap_stream_id").or_else(|| stream.get("stream"))?;
        id.as_str().map(str::to_owned)
    };
    let Some(stream) = streams.iter().find(|stream| id(stream).as_deref() == Some(STREAM)) else {
        return Err(TapError::Catalog(format!("it has no stream {STREAM}")));
    };
    let metadata: Vec<&Value> =
        stream.get("metadata").and_then(Value::as_array).into_iter().flatten().collect();
    let of = |breadcrumb: Value| {
        let entry = metadata.iter().find(|entry| entry.get("breadcrumb") == Some(&breadcrumb));
        entry.and_then(|entry| entry.get("metadata"))
    };
    let of_stream = of(json!([]));
    let is_selected = of_stream.and_then(|metadata| metadata.get("selected")).and_then(Value::as_bool);
    let word = of_stream
        .and_then(|metadata| metadata.get("replication-method").or(metadata.get("forced-replication-method")))
        .or_else(|| stream.get("replication_method"))
        .and_then(Value::as_str);
    let method = match word {
        None => None,
        Some("FULL_TABLE") => Some(Method::FullTable),
        Some("INCREMENTAL") => Some(Method::Incremental),
        Some(word) => {
            let known = "FULL_TABLE or INCREMENTAL";
            return Err(TapError::Catalog(format!("the replication method {word} is not {known}")));
        }
    };
    let is_deselected = |property: &&Property| {
        let metadata = of(json!(["properties", property.name]));
        let selected = metadata.and_then(|metadata| metadata.get("selected")).and_then(Value::as_bool);
        selected == Some(false) && !is_automatic(&property.name)
    };
    let without = properties.iter().filter(is_deselected).map(|property| property.name.clone()).collect();
    Ok(Selected { stream: is_selected.unwrap_or(true), without, method })
}
