//! How events are written: a line for people, or a JSON object.

use std::io::{self, Write};

use anstream::AutoStream;
use anstyle::Style;
use gettickets::{Field, TicketRef};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::known::{Event, EventKind, Gone};
use crate::args::{Format, WatchFormat};
use crate::output::{self, sanitise, stdout, style, width};

/// The columns of everything but the subject.
const BESIDE: usize = 47;
/// The columns that a subject gets where nothing says how many there are.
const SUBJECT: usize = 60;

/// Writes events.
pub(super) struct EventWriter<W> {
    out: W,
    format: WatchFormat,
}

/// An event as JSON.
#[derive(Serialize)]
struct Line<'e, 't> {
    event: &'static str,
    /// When this machine saw it.
    seen_at: String,
    #[serde(skip_serializing_if = "<[Field]>::is_empty", serialize_with = "names")]
    changes: &'e [Field],
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier_status: Option<&'e str>,
    ticket: &'e TicketRef<'t>,
}

/// A ticket that is gone, as JSON.
#[derive(Serialize)]
struct GoneLine<'g> {
    event: &'static str,
    seen_at: String,
    id: u64,
    tid: &'g str,
}

fn names<S: serde::Serializer>(fields: &&[Field], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|field| field.name()))
}

fn seen_at() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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
    /// Tells what happened to a ticket.
    pub(super) fn tell(&mut self, ticket: &TicketRef<'_>, event: &Event) -> io::Result<()> {
        match self.format {
            WatchFormat::Ndjson => self.json(&Line {
                event: event.kind.word(),
                seen_at: seen_at(),
                changes: &event.changes,
                earlier_status: event.earlier_status.as_deref(),
                ticket,
            }),
            WatchFormat::Lines => {
                let subject = sanitise::line(&ticket.subject_text()).into_owned();
                let status = ticket.status();
                let status_look = style::of_status(&status);
                let earlier =
                    event.earlier_status.as_deref().map(|earlier| format!("{} → ", sanitise::line(earlier)));
                let mut what = format!(
                    "{}{status_look}{}{status_look:#}",
                    earlier.unwrap_or_default(),
                    sanitise::line(status.as_str())
                );
                let other: Vec<&str> = event
                    .changes
                    .iter()
                    .filter(|field| !matches!(field, Field::Status | Field::Lastreply))
                    .map(|field| field.name())
                    .collect();
                if !other.is_empty() {
                    let dim = style::DIM;
                    what += &format!("{dim}, {}{dim:#}", other.join(", "));
                }
                let look = match event.kind {
                    EventKind::Opened => style::GOOD,
                    EventKind::Replied => style::WARNING,
                    EventKind::Changed => style::PLAIN,
                };
                self.line(event.kind.word(), look, ticket.tid(), &subject, &what)
            }
        }
    }

    /// Tells that a ticket is no longer among those that match.
    pub(super) fn tell_gone(&mut self, gone: &Gone) -> io::Result<()> {
        match self.format {
            WatchFormat::Ndjson => {
                self.json(&GoneLine { event: "gone", seen_at: seen_at(), id: gone.id, tid: &gone.tid })
            }
            WatchFormat::Lines => self.line("gone", style::DIM, &gone.tid, "", "no longer matches"),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn json(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    fn line(&mut self, word: &str, look: Style, tid: &str, subject: &str, what: &str) -> io::Result<()> {
        let (bold, dim) = (style::BOLD, style::DIM);
        let room = output::table_width(None)
            .map_or(SUBJECT, |columns| columns.saturating_sub(BESIDE).clamp(10, SUBJECT));
        let subject = width::cut(subject, room);
        let fill = width::fill(&subject, room);
        let tid = sanitise::line(tid);
        let tid_fill = width::fill(&tid, 10);
        let time = TimeZone::system().to_datetime(Timestamp::now()).strftime("%H:%M:%S").to_string();
        writeln!(
            self.out,
            "{dim}{time}{dim:#} {look}{word:<7}{look:#} {tid}{tid_fill} {bold}{subject}{bold:#}{fill} {what}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets::{Status, Ticket, Tickets, Version};

    fn told(format: WatchFormat) -> String {
        let ticket = Ticket {
            id: 7,
            tid: "516757".into(),
            subject: "Tom &amp;\u{1b}[2J".into(),
            status: Status::Answered,
            ..Ticket::default()
        };
        let tickets = Tickets::new(&[ticket], Version::V1_0);
        let mut writer = EventWriter { out: Vec::new(), format };
        let event = Event {
            kind: EventKind::Replied,
            changes: vec![Field::Status, Field::Lastreply, Field::Flag],
            earlier_status: Some("Open".into()),
        };
        writer.tell(&tickets.get(0).unwrap(), &event).unwrap();
        writer.tell_gone(&Gone { id: 8, tid: "8".into() }).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(writer.out).unwrap()).to_string()
    }

    #[test]
    fn a_line_for_people_says_what_changed() {
        let lines = told(WatchFormat::Lines);
        let lines: Vec<&str> = lines.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert!(lines[0].starts_with("replied 516757     Tom &␛[2J "), "{lines:?}");
        assert!(lines[0].ends_with("Open → Answered, flag"), "{lines:?}");
        assert!(lines[1].starts_with("gone    8"), "{lines:?}");
    }

    #[test]
    fn a_line_for_programs_has_the_whole_ticket() {
        let lines = told(WatchFormat::Ndjson);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["event"], "replied");
        assert_eq!(lines[0]["changes"], serde_json::json!(["status", "lastreply", "flag"]));
        assert_eq!(lines[0]["earlier_status"], "Open");
        assert_eq!(lines[0]["ticket"]["subject"], "Tom &amp;\u{1b}[2J");
        assert_eq!((&lines[1]["event"], &lines[1]["id"]), (&"gone".into(), &8.into()));
    }
}
