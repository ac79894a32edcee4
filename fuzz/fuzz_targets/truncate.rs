//! Truncated replies. The input chooses a page of several tickets in wire format, and where it is cut.
//!
//! Arbitrary bytes seldom reach these cases: to end after the last text of a later ticket, an input would have to
//! contain two complete tickets, and then end at one of a thousand positions.
#![no_main]

mod compare;

use compare::compare;
use gettickets_protocol::{Attachment, Page, Ticket, Tickets, Version, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(([shape, count, version, cut @ ..], texts)) = input.split_first_chunk::<7>() else { return };
    let tickets = tickets(usize::from(*count % 5) + 1, *shape, texts);
    let version = [Version::V1_0, Version::V7_10, Version::V8_0][usize::from(*version % 3)];
    let page = Page::new(Tickets::new(&tickets, version), 0, tickets.len() as u64);
    let cut = u32::from_le_bytes(*cut) as usize;
    if shape & 1 == 0 {
        let body = spelled(page.to_wire_json(version), *shape);
        compare(&body.as_bytes()[..cut % (body.len() + 1)]);
    } else {
        let body = page.to_wire_xml(version);
        let _ = decode(&body.as_bytes()[..cut % (body.len() + 1)]);
    }
});

/// Tickets with the texts of the input, which are separated by null bytes.
fn tickets(count: usize, shape: u8, texts: &[u8]) -> Vec<Ticket> {
    let texts = String::from_utf8_lossy(texts);
    let mut texts = texts.split('\0').map(str::to_owned);
    let mut next = || texts.next().unwrap_or_default();
    let ticket = |id: usize| Ticket {
        id: id as u64 + 1,
        tid: next(),
        name: next(),
        owner_name: Some(next()),
        email: next(),
        requestor_name: (shape & 2 == 0).then(&mut next),
        requestor_email: Some(next()),
        requestor_type: Some(next().into()),
        c: "KPqH7yG3".to_owned(),
        date: "2016-01-01T06:26:29".parse().ok(),
        subject: next(),
        attachments: Some(match shape & 4 {
            0 => Vec::new(),
            _ => vec![Attachment { filename: next(), index: 0 }],
        }),
        attachments_removed: (shape & 8 == 0).then_some(id % 2 == 0),
        lastreply: "2016-01-01T06:30:16".parse().ok(),
        service: next(),
        ..Ticket::default()
    };
    (0..count).map(ticket).collect()
}

/// The same page with integers as numbers, or with an unknown field.
fn spelled(json: String, shape: u8) -> String {
    let json = match shape & 16 {
        0 => json,
        _ => json.replace("\"deptid\":\"0\"", "\"deptid\":0").replace("\"flag\":\"0\"", "\"flag\":0"),
    };
    if shape & 32 == 0 { json } else { json.replace("\"flag\":", "\"deptname\":\"Support\",\"flag\":") }
}
