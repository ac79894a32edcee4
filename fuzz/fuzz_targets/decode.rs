//! Decoding: any bytes are a reply or an error, without a panic. A decoded reply can be written in every format, and
//! its documented form decodes to the same reply.
#![no_main]

use gettickets_protocol::{Decoder, Page, Reply, Version, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let strict = Decoder::new().strict(true).decode(body);
    match decode(body) {
        Ok(Reply::Tickets(page)) => {
            if let Ok(Reply::Tickets(strict)) = &strict {
                assert!(page.findings().is_empty(), "strict reading took what has findings");
                assert_eq!(strict.to_json(), page.to_json());
            } else {
                assert!(!page.findings().is_empty(), "strict reading refused what has no finding");
            }
            check(&page);
        }
        Ok(Reply::Error(error)) => {
            drop((error.class(), error.to_string(), error.seen_address()));
            assert_eq!(strict, Ok(Reply::Error(error)), "strict reading lost an error of the API");
        }
        Err(error) => {
            assert!(strict.is_err());
            let message = error.to_string();
            assert!(message.len() < 4_000 && !message.chars().any(char::is_control), "{message:?}");
            assert!(error.offset().is_none_or(|offset| offset <= body.len()), "{message}");
        }
    }
});

fn check(page: &Page) {
    let canonical = page.to_json();
    serde_json::from_str::<serde_json::Value>(&canonical).expect("canonical JSON is JSON");
    for ticket in page {
        drop((ticket.to_ticket(), ticket.date(), ticket.subject_text(), ticket.related_service()));
    }
    for version in Version::MILESTONES {
        let wire = page.to_wire_json(version);
        let again = decode(wire.as_str()).expect("what is encoded is read").into_page().expect("a page");
        assert_eq!(again.to_json(), page.as_of_version(version).to_json(), "{wire}");
        drop(page.to_wire_xml(version));
    }
}
