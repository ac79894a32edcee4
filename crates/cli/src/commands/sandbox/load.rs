//! `--load`: tickets for the sandbox from a file.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use gettickets_protocol::{DecodeErrorKind, Reply, Ticket, TicketRef, decode};
use serde::Deserialize;

use crate::commands::reply_hints;
use crate::exit::{Exit, Failure, Outcome};
use crate::files;

/// The maximum size of a file, in bytes.
const MAX_LEN: u64 = 64 << 20;

/// Reads the tickets of a saved reply in any wire format, of canonical JSON, or of NDJSON.
pub(crate) fn tickets(file: &Path) -> Outcome<Vec<Ticket>> {
    let read_file = File::open(file).and_then(|file| files::read_at_most(file, MAX_LEN));
    let body = read_file.map_err(|error| {
        Failure::usage(format!("{} cannot be read: {error}", file.display()))
            .hint("Give the name of a saved reply, or of an export as JSON or NDJSON")
    })?;
    let tickets = read(body).map_err(|failure| failure.at(file.display()))?;
    let mut ids = HashSet::new();
    match tickets.iter().find(|ticket| !ids.insert(ticket.id)) {
        Some(twice) => Err(Failure::new(Exit::Unreadable, format!("two tickets have the id {}", twice.id))
            .at(file.display())
            .hint("A server's ids are unique; keep one of them")),
        None => Ok(tickets),
    }
}

/// The part of canonical JSON that a server needs.
#[derive(Deserialize)]
struct Canonical {
    tickets: Vec<Ticket>,
}

fn read(body: Vec<u8>) -> Outcome<Vec<Ticket>> {
    // Wire JSON has ids as strings and the list one level deeper, so it does not parse as canonical JSON.
    if let Ok(canonical) = serde_json::from_slice::<Canonical>(&body) {
        return Ok(canonical.tickets);
    }
    if let Some(tickets) = ndjson(&body)? {
        return Ok(tickets);
    }
    match decode(body) {
        Ok(Reply::Tickets(page)) => Ok(page.iter().map(|ticket: TicketRef<'_>| ticket.to_ticket()).collect()),
        Ok(Reply::Error(error)) => {
            Err(Failure::new(Exit::Unreadable, format!("this is a saved error: {error}"))
                .hint("Save a reply that has tickets"))
        }
        Err(error) => {
            let hint = match error.kind() {
                // A file on disk is rarely a firewall's page, so the hint concerns the file.
                DecodeErrorKind::NotAReply { title: None, .. } => {
                    "Give a saved reply, or an export as JSON or NDJSON".to_owned()
                }
                _ => reply_hints::decode_error(&error),
            };
            Err(Failure::new(Exit::Unreadable, error).hint(hint))
        }
    }
}

/// Reads the tickets of NDJSON; `None` if the first line is not a ticket.
fn ndjson(body: &[u8]) -> Outcome<Option<Vec<Ticket>>> {
    let lines =
        body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    let is_ticket = |line: &[u8]| {
        let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line);
        object.is_ok_and(|object| object.get("id").is_some_and(serde_json::Value::is_u64))
    };
    match lines.clone().next() {
        Some((_, first)) if is_ticket(first) => {}
        _ => return Ok(None),
    }
    let ticket = |(number, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| {
            Failure::new(Exit::Unreadable, format!("line {} is not a ticket: {error}", number + 1))
        })
    };
    lines.map(ticket).collect::<Outcome<Vec<Ticket>>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::{Page, Tickets, Version};

    #[test]
    fn every_written_format_loads_again() {
        let mut odd = Ticket { id: 7, subject: "=1+1 &amp; é".into(), ..Ticket::default() };
        odd.extra.insert("deptname".into(), "Sales".into());
        let tickets = vec![odd, Ticket { id: 8, ..Ticket::default() }];
        let page = Page::new(Tickets::new(&tickets, Version::V1_0), 0, 2);
        let ndjson: String = tickets.iter().map(|one| serde_json::to_string(one).unwrap() + "\n").collect();
        for (form, body) in [
            ("canonical", page.to_json()),
            ("ndjson", ndjson),
            ("wire JSON", page.to_wire_json(Version::V1_0)),
            ("wire XML", page.to_wire_xml(Version::V1_0)),
        ] {
            // Version 1.0 has no requestor_name, where the tickets here have null.
            let known = |ticket: &Ticket| {
                let mut value = serde_json::to_value(ticket).unwrap();
                value.as_object_mut().unwrap().remove("requestor_name");
                value
            };
            let loaded: Vec<_> = read(body.into()).unwrap().iter().map(known).collect();
            assert_eq!(loaded, tickets.iter().map(known).collect::<Vec<_>>(), "{form}");
        }
    }

    #[test]
    fn the_hint_for_another_kind_of_file_does_not_mention_a_firewall() {
        for body in ["id,tid\n7,ABC-1\n", "PAR1\u{0}\u{1}"] {
            let failure = read(body.into()).unwrap_err();
            assert_eq!(failure.hint.as_deref(), Some("Give a saved reply, or an export as JSON or NDJSON"));
        }
    }

    #[test]
    fn a_file_without_tickets_is_refused_with_the_line() {
        for (body, part) in [
            ("{\"id\":1}\n{\"id\":}\n", "line 2 is not a ticket"),
            ("{\"result\":\"error\",\"message\":\"Access Denied\"}", "this is a saved error"),
            ("<html><title>Sign in</title></html>", "titled \"Sign in\""),
            ("", "the reply is empty"),
        ] {
            let failure = read(body.into()).unwrap_err();
            assert!(failure.what.contains(part), "{}", failure.what);
        }
    }
}
