//! Bodies that are lent and not copied.

use std::sync::Arc;

use gettickets_protocol::{Decoder, Page, Reply, Ticket, Tickets, Version, decode};

use crate::vectors;

/// A body that lives as long as the tests do.
fn lasting(body: &[u8]) -> &'static [u8] {
    Box::leak(body.to_vec().into_boxed_slice())
}

#[test]
fn a_lent_body_decodes_as_a_copied_one() {
    for vector in vectors::all() {
        let lent = Decoder::new().decode_lent(lasting(&vector.body), ());
        let copied = decode(vector.body.as_slice());
        match (lent, copied) {
            (Ok(lent), Ok(copied)) => assert_eq!(lent, copied, "{}", vector.name),
            (lent, copied) => assert_eq!(lent.err(), copied.err(), "{}", vector.name),
        }
    }
}

#[test]
fn the_owner_is_dropped_with_the_last_page_and_not_before() {
    let body = lasting(crate::bodies::page_with("subject", r#""lent""#).as_bytes());
    let owner = Arc::new(());
    let page = Decoder::new().decode_lent(body, Arc::clone(&owner)).unwrap().into_page().unwrap();
    let part = page.slice(..1);
    drop(page);
    assert_eq!(Arc::strong_count(&owner), 2);
    assert_eq!(part.get(0).unwrap().subject(), "lent");
    drop(part);
    assert_eq!(Arc::strong_count(&owner), 1);
}

#[test]
fn the_owner_of_what_is_no_reply_is_let_go() {
    let owner = Arc::new(());
    for body in
        ["", "<html>", "{\"result\":\"error\"}", "<whmcsapi/>", "{\"result\":\"success\",\"tickets\":[{}]}"]
    {
        let _ = Decoder::new().decode_lent(lasting(body.as_bytes()), Arc::clone(&owner));
        assert_eq!(Arc::strong_count(&owner), 1, "{body}");
    }
    let large = Decoder::new().max_len(3).decode_lent(b"1234", owner).unwrap_err();
    assert_eq!(large.kind().code(), "too-large");
}

#[test]
fn a_compact_page_is_the_same_page_and_needs_no_body() {
    for vector in vectors::all() {
        let Ok(Reply::Tickets(page)) = decode(vector.body.as_slice()) else { continue };
        for page in [page.slice(1..), page.at(Version::V1_0), page.at(Version::V1_0).slice(..1), page] {
            let compact = page.compact();
            assert_eq!(compact, page, "{}", vector.name);
            assert_eq!(compact.to_json(), page.to_json());
            assert_eq!(compact.findings(), page.findings());
            for (kept, ticket) in compact.iter().zip(&page) {
                assert_eq!(
                    (kept.carried(), kept.null(), kept.quoted()),
                    (ticket.carried(), ticket.null(), ticket.quoted())
                );
                assert_eq!(kept.date_text(), ticket.date_text());
            }
        }
    }
}

#[test]
fn a_compact_page_lets_the_owner_go() {
    let body = lasting(crate::bodies::page_with("subject", r#""kept""#).as_bytes());
    let owner = Arc::new(());
    let page = Decoder::new().decode_lent(body, Arc::clone(&owner)).unwrap().into_page().unwrap();
    let compact = page.compact();
    drop(page);
    assert_eq!(Arc::strong_count(&owner), 1);
    assert_eq!(compact.get(0).unwrap().subject(), "kept");
}

#[test]
fn a_page_keeps_its_rows_and_no_room_besides() {
    let ticket = Ticket { name: "Zo\u{eb} Grant".into(), ..Ticket::default() };
    for count in [1, 25, 1000] {
        let tickets = Tickets::new(&vec![ticket.clone(); count], Version::V8_0);
        let body = Page::new(tickets, 0, count as u64).to_wire_json(Version::V8_0);
        let page = Decoder::new().decode_lent(lasting(body.as_bytes()), ()).unwrap().into_page().unwrap();
        // Some 200 bytes a row, ten of the name unescaped, and what a page of one ticket holds besides.
        let most = body.len() + count * 256 + 512;
        let held = page.tickets().memory_size();
        assert!(held <= most, "{held} bytes for {count} tickets in {} bytes", body.len());
    }
}
