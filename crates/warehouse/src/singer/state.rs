//! The state: bookmarks of complete runs, and cursors of interrupted runs.
//!
//! ```json
//! {"bookmarks": {"tickets": {"version": 1770000000000, "partitions": [{
//!   "context": {"install": "main"},
//!   "replication_key": "lastreply", "replication_key_value": "2026-01-31 12:30:00",
//!   "progress": {"method": "FULL_TABLE", "since": null, "cursor": {}}
//! }]}}}
//! ```

use std::collections::BTreeMap;

use gettickets::DateTime;
use gettickets::scan::Cursor;
use serde_json::{Map, Value, json};

use super::catalog::Method;
use super::error::TapError;
use super::schema::{INSTALL, REPLICATION_KEY, STREAM};
use crate::row::wall_clock;

/// The state of the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The version of the full run in progress.
    pub(super) version: Option<i64>,
    /// The installs by name.
    partitions: BTreeMap<String, Partition>,
}

/// The state of an install.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition {
    /// The newest reply in a complete run, in local time of the install.
    pub(super) bookmark: Option<DateTime>,
    pub(super) progress: Option<Progress>,
}

/// The progress of an incomplete run.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) method: Method,
    /// The time from which an incremental run reads.
    pub(super) since: Option<DateTime>,
    /// The newest reply so far.
    pub(super) newest: Option<DateTime>,
    /// The cursor at which the scan continues; `None` for an install that this full run has read to its end.
    pub(super) cursor: Option<Box<Cursor>>,
}

impl State {
    /// Returns the state of an install.
    pub(super) fn partition(&mut self, install: &str) -> &mut Partition {
        self.partitions.entry(install.to_owned()).or_default()
    }

    /// Removes the progress of every install.
    pub(super) fn clear_progress(&mut self) {
        self.partitions.values_mut().for_each(|partition| partition.progress = None);
    }

    pub(super) fn parse(state: &Value) -> Result<State, TapError> {
        let Some(stream) = state.get("bookmarks").and_then(|bookmarks| bookmarks.get(STREAM)) else {
            return match state
                .as_object()
                .is_some_and(|object| object.is_empty() || object.contains_key("bookmarks"))
            {
                true => Ok(State::default()),
                false => Err(TapError::State("it has no bookmarks".to_owned())),
            };
        };
        let version = stream.get("version").and_then(Value::as_i64);
        let partitions = stream.get("partitions").and_then(Value::as_array).into_iter().flatten();
        let partitions = partitions.map(Partition::parse).collect::<Result<_, _>>()?;
        Ok(State { version, partitions })
    }

    pub(super) fn to_json(&self) -> Value {
        let mut stream = Map::new();
        if let Some(version) = self.version {
            stream.insert("version".to_owned(), version.into());
        }
        let partitions =
            self.partitions.iter().map(|(install, partition)| partition.to_json(install)).collect();
        stream.insert("partitions".to_owned(), Value::Array(partitions));
        json!({"bookmarks": {STREAM: stream}})
    }
}

impl Partition {
    fn parse(partition: &Value) -> Result<(String, Partition), TapError> {
        let install =
            partition.get("context").and_then(|context| context.get(INSTALL)).and_then(Value::as_str);
        let install = install
            .ok_or_else(|| TapError::State(format!("a partition of {STREAM} does not name its install")))?;
        let time = |value: Option<&Value>| match value {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_str().and_then(|text| text.parse::<DateTime>().ok()) {
                Some(time) => Ok(Some(time)),
                None => Err(TapError::State(format!("a time of the install {install} cannot be read"))),
            },
        };
        let bookmark = time(partition.get("replication_key_value"))?;
        let progress = match partition.get("progress") {
            None => None,
            Some(progress) => Some(Progress {
                method: match progress.get("method").and_then(Value::as_str) {
                    Some("INCREMENTAL") => Method::Incremental,
                    _ => Method::FullTable,
                },
                since: time(progress.get("since"))?,
                newest: time(progress.get("newest"))?,
                cursor: match progress.get("cursor") {
                    None | Some(Value::Null) => None,
                    Some(cursor) => Some(serde_json::from_value(cursor.clone()).map_err(|_| {
                        TapError::State(format!(
                            "the cursor of the install {install} is not one of this version of gettickets"
                        ))
                    })?),
                },
            }),
        };
        Ok((install.to_owned(), Partition { bookmark, progress }))
    }

    fn to_json(&self, install: &str) -> Value {
        let mut partition = Map::new();
        partition.insert("context".to_owned(), json!({INSTALL: install}));
        if let Some(bookmark) = self.bookmark {
            partition.insert("replication_key".to_owned(), REPLICATION_KEY.into());
            partition.insert("replication_key_value".to_owned(), wall_clock(bookmark).into());
        }
        if let Some(progress) = &self.progress {
            partition.insert(
                "progress".to_owned(),
                json!({
                    "method": progress.method.word(),
                    "since": progress.since.map(wall_clock),
                    "newest": progress.newest.map(wall_clock),
                    "cursor": progress.cursor,
                }),
            );
        }
        Value::Object(partition)
    }
}
