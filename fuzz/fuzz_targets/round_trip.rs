//! Arbitrary tickets, encoded for each server version and decoded again, are unchanged.
#![no_main]

use arbitrary::Arbitrary;
use gettickets_protocol::{Attachment, Decoder, Page, Ticket, Tickets, Version, decode};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    version: u8,
    start: u64,
    total: u64,
    tickets: Vec<Drawn>,
}

#[derive(Arbitrary, Debug)]
struct Drawn {
    numbers: [u64; 4],
    texts: [String; 10],
    optional: [Option<String>; 4],
    attachments: Option<Vec<(String, u64)>>,
    removed: Option<bool>,
    times: [Option<(u16, u8, u8, u32)>; 2],
}

fuzz_target!(|input: Input| {
    let version = Version::MILESTONES[usize::from(input.version) % Version::MILESTONES.len()];
    let tickets: Vec<Ticket> = input.tickets.iter().take(6).map(ticket).collect();
    for ticket in &tickets {
        let text = serde_json::to_string(ticket).expect("a ticket is JSON");
        let again: Ticket = serde_json::from_str(&text).expect("canonical JSON of a ticket is read");
        assert_eq!(serde_json::to_string(&again).expect("a ticket is JSON"), text);
    }
    let page = Page::new(Tickets::new(&tickets, version), input.start, input.total);
    let expected = page.as_of_version(version).to_json();

    let wire = page.to_wire_json(version);
    for decoder in [Decoder::new(), Decoder::new().tolerant_only(true)] {
        assert_eq!(read(&decoder, &wire).to_json(), expected, "{wire}");
    }
    // Canonical JSON decodes to itself.
    assert_eq!(read(&Decoder::new(), &expected).to_json(), expected);

    // XML has no control characters, and its parsers normalize line ends and the white space around values.
    let wire = page.to_wire_xml(version);
    let decoded = decode(wire.as_bytes());
    if tickets.iter().all(is_plain) {
        let decoded = decoded.expect("XML is read").into_page().expect("a page");
        assert_eq!(without_empty(&decoded), without_empty(&page.as_of_version(version)), "{wire}");
    }
});

fn read(decoder: &Decoder, wire: &str) -> Page {
    let reply = decoder.decode(wire.as_bytes()).unwrap_or_else(|error| panic!("{error}: {wire}"));
    reply.into_page().expect("a page")
}

/// XML does not distinguish a null from an empty text, nor an absent list from an empty one.
fn without_empty(page: &Page) -> Vec<String> {
    let of = |ticket: gettickets_protocol::TicketRef<'_>| {
        let mut ticket = ticket.to_ticket();
        ticket.requestor_name.get_or_insert_default();
        ticket.owner_name.get_or_insert_default();
        ticket.requestor_email.get_or_insert_default();
        ticket.attachments.get_or_insert_default();
        let removed = ticket.attachments_removed.take();
        format!(
            "{} {} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            ticket.id,
            ticket.tid,
            ticket.deptid,
            ticket.userid,
            ticket.flag,
            ticket.name,
            ticket.subject,
            ticket.owner_name,
            ticket.requestor_name,
            ticket.attachments,
            ticket.date,
            ticket.lastreply,
            removed
        )
    };
    page.iter().map(of).collect()
}

/// Whether XML preserves every text of the ticket.
fn is_plain(ticket: &Ticket) -> bool {
    let names = ticket.attachments.iter().flatten().map(|attachment| &attachment.filename);
    let optional =
        [&ticket.owner_name, &ticket.requestor_name, &ticket.requestor_email].into_iter().flatten();
    let texts = [&ticket.tid, &ticket.name, &ticket.subject, &ticket.email, &ticket.cc, &ticket.admin];
    texts.into_iter().chain(optional).chain(names).all(|text| {
        text.trim() == text && !text.chars().any(|c| c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c))
    }) && ticket.attachments.iter().flatten().all(|attachment| !attachment.filename.is_empty())
}

fn ticket(drawn: &Drawn) -> Ticket {
    let [tid, name, email, cc, c, subject, admin, attachment, service, status] = drawn.texts.clone();
    let [owner_name, requestor_name, requestor_email, requestor_type] = drawn.optional.clone();
    let [id, deptid, userid, flag] = drawn.numbers;
    let times = drawn.times.map(|time| {
        let (year, month, day, second) = time?;
        let text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            year % 9_999 + 1,
            month % 12 + 1,
            day % 28 + 1,
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        );
        Some(text.parse().expect("a date and time"))
    });
    let attachments = drawn.attachments.as_ref().map(|list| {
        // An entry without a file name is not an attachment.
        let named = list.iter().filter(|(filename, _)| !filename.is_empty());
        named.map(|(filename, index)| Attachment { filename: filename.clone(), index: *index }).collect()
    });
    Ticket {
        id,
        tid,
        deptid,
        userid,
        name,
        owner_name,
        email,
        requestor_name,
        requestor_email,
        requestor_type: requestor_type.map(Into::into),
        cc,
        c,
        subject,
        status: status.into(),
        admin,
        attachment,
        attachments,
        attachments_removed: drawn.removed,
        flag,
        service,
        date: times[0],
        lastreply: times[1],
        ..Ticket::default()
    }
}
