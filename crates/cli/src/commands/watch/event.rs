//! [`Record`]: an event in the form in which it is delivered: a line of text or a JSON object.

use std::io::{self, Write};

use anstream::AutoStream;
use gettickets::Status;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::known::{Event, EventKind};
use super::outage;
use crate::args::{Format, WatchFormat};
use crate::output::{self, sanitize, stdout, style, width};

/// The width of all columns except the subject.
const BESIDE: usize = 47;
/// The width of the subject if the width of the terminal is unknown.
const SUBJECT: usize = 60;
/// The maximum number of characters of a value in a line.
const VALUE: usize = 40;

/// An event as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) event: EventKind,
    /// The event's id, which is the same if the event is delivered again.
    pub(super) event_id: String,
    /// When this machine saw the event.
    pub(super) seen_at: String,
    pub(super) id: u64,
    pub(super) tid: String,
    /// The changed fields by name, each with its `old` and its `new` value.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) changes: Map<String, Value>,
    /// The ticket without its access key.
    pub(super) ticket: Value,
}

impl Record {
    /// `poll` is the number of the poll that found the event.
    pub(super) fn new(event: Event, poll: u64, now: Timestamp) -> Record {
        let Event { kind, id, tid, changes, ticket } = event;
        let mut digest = Context::new(&SHA256);
        for part in [&poll.to_string(), kind.word(), &id.to_string(), &ticket.to_string()] {
            digest.update(part.as_bytes());
            digest.update(b"\n");
        }
        let digest = digest.finish();
        let event_id = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let changes =
            changes.into_iter().map(|(name, old, new)| (name, json!({"old": old, "new": new}))).collect();
        Record { event: kind, event_id, seen_at: outage::shown(now), id, tid, changes, ticket }
    }

    /// The record as a line of JSON, without the line feed.
    pub(super) fn json(&self) -> String {
        // Maps with string keys can always be serialized.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Writes events to standard output.
pub(super) struct EventWriter<W> {
    out: W,
    format: WatchFormat,
}

impl EventWriter<Box<dyn Write>> {
    pub(super) fn new(format: WatchFormat) -> Self {
        let out: Box<dyn Write> = match format {
            WatchFormat::Lines => Box::new(AutoStream::auto(io::stdout())),
            WatchFormat::Ndjson => stdout::for_format(Format::Ndjson),
        };
        EventWriter { out, format }
    }
}

impl<W: Write> EventWriter<W> {
    /// Writes an event.
    pub(super) fn write(&mut self, record: &Record) -> io::Result<()> {
        match self.format {
            WatchFormat::Ndjson => writeln!(self.out, "{}", record.json()),
            WatchFormat::Lines => self.line(record),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn line(&mut self, record: &Record) -> io::Result<()> {
        let (bold, dim) = (style::BOLD, style::DIM);
        let look = match record.event {
            EventKind::Opened | EventKind::Entered => style::GOOD,
            EventKind::Replied => style::WARNING,
            EventKind::Changed => style::PLAIN,
            EventKind::Gone => style::DIM,
        };
        let room = output::table_width(None)
            .map_or(SUBJECT, |columns| columns.saturating_sub(BESIDE).clamp(10, SUBJECT));
        let subject = decoded(record.ticket.get("subject"));
        let subject = width::cut(&subject, room);
        let fill = width::fill(&subject, room);
        let tid = sanitize::line(&record.tid);
        let tid_fill = width::fill(&tid, 10);
        let time = TimeZone::system().to_datetime(Timestamp::now()).strftime("%H:%M:%S").to_string();
        let word = record.event.word();
        writeln!(
            self.out,
            "{dim}{time}{dim:#} {look}{word:<7}{look:#} {tid}{tid_fill} {bold}{subject}{bold:#}{fill} {}",
            what(record)
        )
    }
}

/// Describes the event: the status, and what else changed.
fn what(record: &Record) -> String {
    if record.event == EventKind::Gone {
        return "no longer matches".to_owned();
    }
    let status = decoded(record.ticket.get("status"));
    let look = style::of_status(&Status::from_word(status.as_str()));
    let mut text = format!("{look}{status}{look:#}");
    if let Some(change) = record.changes.get("status") {
        text = format!("{} → {text}", decoded(change.get("old")));
    }
    let dim = style::DIM;
    for (name, change) in &record.changes {
        if name == "status" || name == "lastreply" {
            continue;
        }
        text += &format!("{dim}, {}", sanitize::line(name));
        let is_short =
            |value: Option<&Value>| value.is_none_or(|value| !value.is_object() && !value.is_array());
        if is_short(change.get("old")) && is_short(change.get("new")) {
            text += &format!(" {} → {}", decoded(change.get("old")), decoded(change.get("new")));
        }
        text += &format!("{dim:#}");
    }
    text
}

/// Formats a value, shortened and sanitized.
fn decoded(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "(none)".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "(empty)".to_owned(),
        Some(Value::String(text)) => html_escape::decode_html_entities(text).into_owned(),
        Some(value) => value.to_string(),
    };
    width::cut(&sanitize::line(&text), VALUE.max(SUBJECT)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let event = Event {
            kind: EventKind::Replied,
            id: 7,
            tid: "516757".into(),
            changes: vec![
                ("status".into(), "Open".into(), "Answered".into()),
                ("lastreply".into(), "a".into(), "b".into()),
                ("flag".into(), 0.into(), 3.into()),
            ],
            ticket: json!({"id": 7, "subject": "Tom &amp;\u{1b}[2J", "status": "Answered"}),
        };
        Record::new(event, 4, Timestamp::UNIX_EPOCH)
    }

    fn written(format: WatchFormat, record: &Record) -> String {
        let mut writer = EventWriter { out: Vec::new(), format };
        writer.write(record).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(writer.out).unwrap()).to_string()
    }

    #[test]
    fn a_text_line_has_old_and_new_values() {
        let line = written(WatchFormat::Lines, &record());
        let (_, line) = line.trim_end().split_once(' ').unwrap();
        assert!(line.starts_with("replied 516757     Tom &␛[2J "), "{line:?}");
        assert!(line.ends_with("Open → Answered, flag 0 → 3"), "{line:?}");
        let gone = Record { event: EventKind::Gone, ..record() };
        assert!(written(WatchFormat::Lines, &gone).trim_end().ends_with("no longer matches"));
    }

    #[test]
    fn a_json_line_has_the_ticket_and_old_and_new_values() {
        let line: Value = serde_json::from_str(&written(WatchFormat::Ndjson, &record())).unwrap();
        assert_eq!(line["event"], "replied");
        assert_eq!(line["changes"]["status"], json!({"old": "Open", "new": "Answered"}));
        assert_eq!(line["ticket"]["subject"], "Tom &amp;\u{1b}[2J");
        assert_eq!(line["seen_at"], "1970-01-01T00:00:00Z");
        assert_eq!((&line["id"], &line["tid"]), (&7.into(), &"516757".into()));
    }

    #[test]
    fn the_id_of_an_event_is_unique_and_stable() {
        assert_eq!(record().event_id, record().event_id);
        let event = |poll, id| {
            let event =
                Event { kind: EventKind::Gone, id, tid: String::new(), changes: vec![], ticket: json!({}) };
            Record::new(event, poll, Timestamp::UNIX_EPOCH).event_id
        };
        assert_ne!(event(1, 1), event(1, 2));
        assert_ne!(event(1, 1), event(2, 1), "the same change at another time is another event");
    }
}
