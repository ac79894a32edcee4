//! Bodies in memory of another owner, which are not copied, and compact pages, which need no body.

use std::sync::Arc;

use gettickets_protocol::{Decoder, Page, Reply, Ticket, Tickets, Version, decode};

use crate::vectors;

/// Leaks a body, so that it is valid until the tests end.
fn leaked(body: &[u8]) -> &'static [u8] {
    Box::leak(body.to_vec().into_boxed_slice())
}

#[test]
fn a_shared_body_decodes_like_a_copied_one() {
    for vector in vectors::all() {
        let shared = Decoder::new().decode_shared(leaked(&vector.body), ());
        let copied = decode(vector.body.as_slice());
        match (shared, copied) {
            (Ok(shared), Ok(copied)) => assert_eq!(shared, copied, "{}", vector.name),
            (shared, copied) => assert_eq!(shared.err(), copied.err(), "{}", vector.name),
        }
    }
}

#[test]
fn the_owner_is_dropped_with_the_last_page() {
    let body = leaked(crate::bodies::page_with("subject", r#""shared""#).as_bytes());
    let owner = Arc::new(());
    let page = Decoder::new().decode_shared(body, Arc::clone(&owner)).unwrap().into_page().unwrap();
    let part = page.slice(..1);
    drop(page);
    assert_eq!(Arc::strong_count(&owner), 2);
    assert_eq!(part.get(0).unwrap().subject(), "shared");
    drop(part);
    assert_eq!(Arc::strong_count(&owner), 1);
}

#[test]
fn the_owner_is_dropped_if_there_is_no_page() {
    let owner = Arc::new(());
    for body in
        ["", "<html>", "{\"result\":\"error\"}", "<whmcsapi/>", "{\"result\":\"success\",\"tickets\":[{}]}"]
    {
        let _ = Decoder::new().decode_shared(leaked(body.as_bytes()), Arc::clone(&owner));
        assert_eq!(Arc::strong_count(&owner), 1, "{body}");
    }
    let large = Decoder::new().max_len(3).decode_shared(b"1234", owner).unwrap_err();
    assert_eq!(large.kind().code(), "too-large");
}

#[test]
fn a_compact_page_equals_the_original() {
    for vector in vectors::all() {
        let Ok(Reply::Tickets(page)) = decode(vector.body.as_slice()) else { continue };
        for page in [
            page.slice(1..),
            page.as_of_version(Version::V1_0),
            page.as_of_version(Version::V1_0).slice(..1),
            page,
        ] {
            let compact = page.compact();
            assert_eq!(compact, page, "{}", vector.name);
            assert_eq!(compact.to_json(), page.to_json());
            assert_eq!(compact.findings(), page.findings());
            for (kept, ticket) in compact.iter().zip(&page) {
                assert_eq!(
                    (kept.fields(), kept.null_fields(), kept.quoted_fields()),
                    (ticket.fields(), ticket.null_fields(), ticket.quoted_fields())
                );
                assert_eq!(kept.date_text(), ticket.date_text());
            }
        }
    }
}

#[test]
fn a_compact_page_does_not_keep_the_owner() {
    let body = leaked(crate::bodies::page_with("subject", r#""kept""#).as_bytes());
    let owner = Arc::new(());
    let page = Decoder::new().decode_shared(body, Arc::clone(&owner)).unwrap().into_page().unwrap();
    let compact = page.compact();
    drop(page);
    assert_eq!(Arc::strong_count(&owner), 1);
    assert_eq!(compact.get(0).unwrap().subject(), "kept");
}

#[test]
fn a_page_has_no_spare_capacity() {
    let ticket = Ticket { name: "Zo\u{eb} Grant".into(), ..Ticket::default() };
    for count in [1, 25, 1000] {
        let tickets = Tickets::new(&vec![ticket.clone(); count], Version::V8_0);
        let body = Page::new(tickets, 0, count as u64).to_wire_json(Version::V8_0);
        let page = Decoder::new().decode_shared(leaked(body.as_bytes()), ()).unwrap().into_page().unwrap();
        // About 200 bytes per row, ten for the unescaped name, and the fixed part of a page.
        let most = body.len() + count * 256 + 512;
        let used = page.tickets().memory_size();
        assert!(used <= most, "{used} bytes for {count} tickets in {} bytes", body.len());
    }
}
