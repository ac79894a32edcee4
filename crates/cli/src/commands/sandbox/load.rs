//! `--load`: tickets for the sandbox from a file.

use std::collections::HashSet;
use std::path::Path;

use gettickets_protocol::{Decoder, Reply, Ticket};

use crate::commands::saved::Saved;
use crate::exit::{Exit, Failure, Outcome};

/// The maximum size of a reply, in bytes.
const MAX_LEN: usize = 64 << 20;

/// Reads the tickets of a saved reply or of an export.
pub(crate) fn tickets(file: &Path) -> Outcome<Vec<Ticket>> {
    let mut saved = Saved::open(file, Decoder::new().max_len(MAX_LEN))?;
    let mut tickets = Vec::new();
    while let Some(reply) = saved.next() {
        match reply? {
            Reply::Tickets(page) => tickets.extend(page.iter().map(|ticket| ticket.to_ticket())),
            Reply::Error(error) => {
                return Err(Failure::new(Exit::Unreadable, format!("this is a saved error: {error}"))
                    .at(file.display())
                    .hint("Save a reply that has tickets"));
            }
        }
    }
    let mut ids = HashSet::new();
    match tickets.iter().find(|ticket| !ids.insert(ticket.id)) {
        Some(twice) => Err(Failure::new(Exit::Unreadable, format!("two tickets have the id {}", twice.id))
            .at(file.display())
            .hint("A server's ids are unique; keep one of them")),
        None => Ok(tickets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::{Page, Tickets, Version};

    fn read(body: &str) -> Outcome<Vec<Ticket>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), body).unwrap();
        tickets(file.path())
    }

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
            let loaded: Vec<_> = read(&body).unwrap().iter().map(known).collect();
            assert_eq!(loaded, tickets.iter().map(known).collect::<Vec<_>>(), "{form}");
        }
    }

    #[test]
    fn a_file_without_tickets_is_refused_with_the_place() {
        for (body, part) in [
            ("{\"id\":1}\n{\"id\":}\n", "line 2: this is not JSON"),
            ("{\"result\":\"error\",\"message\":\"Access Denied\"}", "this is a saved error"),
            ("<html><title>Sign in</title></html>", "titled \"Sign in\""),
            ("", "the reply is empty"),
        ] {
            let failure = read(body).unwrap_err();
            assert!(failure.what.contains(part), "{}", failure.what);
        }
    }
}
