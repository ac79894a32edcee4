//! Tickets in the documented notation, one JSON object each.
//!
//! The store keeps every ticket as the JSON object that a server of version 8.0 or later sends, so that most pages are
//! joined from stored text without encoding.

use gettickets_protocol::{Page, Ticket, Tickets, Version, decode};

/// The version in whose notation tickets are stored: the oldest that sends every documented field.
pub(crate) const STORED_VERSION: Version = Version::V8_0;

/// The JSON object of one ticket, as a server of this version sends it.
pub(crate) fn ticket_json(ticket: &Ticket, version: Version) -> String {
    object_json(&Tickets::new(std::slice::from_ref(ticket), version), 0, version)
}

/// The JSON object of the ticket at this index.
pub(crate) fn object_json(tickets: &Tickets, index: usize, version: Version) -> String {
    let page = Page::new(tickets.slice(index..=index), 0, 1).to_wire_json(version);
    let object = page.split_once(r#""ticket":["#).and_then(|(_, rest)| rest.strip_suffix("]}}"));
    debug_assert!(object.is_some(), "a page of one ticket has one list with one object");
    object.unwrap_or_default().to_owned()
}

/// A page with these objects as its list of tickets, as a server of version 8.0 or later sends it.
pub(crate) fn page_json(objects: &[String], start: u64, total: u64) -> String {
    let length: usize = objects.iter().map(|object| object.len() + 1).sum();
    let mut page = String::with_capacity(length + 128);
    let returned = objects.len();
    page.push_str(&format!(
        r#"{{"result":"success","totalresults":"{total}","startnumber":{start},"numreturned":{returned},"tickets":{{"ticket":["#
    ));
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            page.push(',');
        }
        page.push_str(object);
    }
    page.push_str("]}}");
    page
}

/// Parses these objects as tickets; `None` if they do not have the form of [`ticket_json`].
pub(crate) fn parse(objects: &[String]) -> Option<Tickets> {
    let page = decode(page_json(objects, 0, objects.len() as u64)).ok()?.into_page().ok()?;
    (page.len() == objects.len()).then(|| page.into_tickets())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_text_holds_the_whole_ticket() {
        let tickets: Vec<Ticket> = crate::generate(1, 300).collect();
        let objects: Vec<String> = tickets.iter().map(|ticket| ticket_json(ticket, STORED_VERSION)).collect();
        let parsed: Vec<Ticket> = parse(&objects).unwrap().iter().map(|ticket| ticket.to_ticket()).collect();
        assert_eq!(parsed, tickets);
        let page = Page::new(Tickets::new(&tickets, STORED_VERSION), 25, 9_000);
        assert_eq!(page_json(&objects, 25, 9_000), page.to_wire_json(STORED_VERSION));
    }
}
