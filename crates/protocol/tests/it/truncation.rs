//! Truncated replies, such as those of a server that crashes while it writes: each body is cut at every byte.
//!
//! A decoder that never returns would hang the test run. So a watchdog fails the test and names the input if one takes
//! longer than [`LIMIT`]. No speed is asserted.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use gettickets_protocol::{Decoder, Page, Tickets, Version, decode};
use proptest::prelude::*;

use crate::bodies::{documented_entries, full_ticket, object, ticket, version};
use crate::paths_agree::assert_paths_agree;
use crate::vectors;

/// How long one input may take. Normally it takes microseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the check on every prefix of every body, in a watched thread.
fn on_every_prefix(bodies: Vec<(String, Vec<u8>)>, check: fn(&[u8])) {
    assert!(!bodies.is_empty());
    let (started, starts) = mpsc::channel();
    let worker = thread::spawn({
        let bodies = bodies.clone();
        move || {
            for (number, (_, body)) in bodies.iter().enumerate() {
                for end in 0..=body.len() {
                    started.send((number, end)).unwrap();
                    check(&body[..end]);
                }
            }
        }
    });
    let mut current = (0, 0);
    loop {
        match starts.recv_timeout(LIMIT) {
            Ok(started) => current = started,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let (name, body) = &bodies[current.0];
                let end = current.1;
                let shown = String::from_utf8_lossy(&body[..end]).into_owned();
                panic!("the decoder did not return in {LIMIT:?} on {name}, cut at byte {end}: {shown}");
            }
        }
    }
    let (name, end) = (&bodies[current.0].0, current.1);
    worker.join().unwrap_or_else(|_| panic!("{name}, cut at byte {end}, failed as shown above"));
}

/// Pages of one to four tickets in every order of keys and every notation that the fast decoder distinguishes.
fn pages() -> Vec<(String, Vec<u8>)> {
    let documented = documented_entries();
    let without = |names: &[&str]| {
        let kept = documented.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        kept.cloned().collect::<Vec<_>>()
    };
    let changed = |name: &str, value: &str| {
        let mut entries = documented.clone();
        entries.iter_mut().filter(|(key, _)| key == name).for_each(|(_, old)| *old = value.to_owned());
        entries
    };
    let numbers = {
        let mut entries = documented.clone();
        let integers =
            entries.iter_mut().filter(|(key, _)| ["id", "deptid", "userid", "flag"].contains(&key.as_str()));
        integers.for_each(|(_, value)| *value = value.trim_matches('"').to_owned());
        entries
    };
    let reversed: Vec<_> = documented.iter().rev().cloned().collect();
    let unknown = {
        let mut entries = documented.clone();
        entries.push(("deptname".to_owned(), r#""Support""#.to_owned()));
        entries
    };
    let shapes = [
        ("documented", documented.clone()),
        ("numbers", numbers),
        ("reversed", reversed),
        ("unknown field", unknown),
        (
            "1.0",
            without(&["owner_name", "requestor_name", "requestor_email", "requestor_type", "attachments"]),
        ),
        ("no attachments_removed", without(&["attachments_removed"])),
        ("escapes", changed("subject", r#""a \"b\", c \\ \/ \ud83d\ude00""#)),
        ("last text with an escape", changed("service", r#""S1\/""#)),
        ("null requestor", changed("requestor_name", "null")),
        ("unreadable date", changed("lastreply", r#""soon""#)),
        ("large id", changed("id", r#""18446744073709551615""#)),
        ("no attachment", changed("attachments", "[]")),
    ];
    let mut pages = Vec::new();
    for (name, entries) in &shapes {
        for count in 1..=3 {
            let one = object(entries);
            // A page whose first ticket is documented and whose others are not, and a uniform page.
            for first in [object(&documented), one.clone()] {
                let mut tickets = vec![one.clone(); count];
                tickets[0] = first;
                let body = format!(
                    r#"{{"result":"success","totalresults":"{count}","startnumber":0,"numreturned":{count},"tickets":{{"ticket":[{}]}}}}"#,
                    tickets.join(",")
                );
                pages.push((format!("JSON page of {count}, {name}"), body.into_bytes()));
            }
        }
    }
    pages
}

fn xml_and_nvp_pages() -> Vec<(String, Vec<u8>)> {
    let tickets = vec![full_ticket(); 2];
    let page = Page::new(Tickets::new(&tickets, Version::V8_0), 0, 2);
    let mut pages = vec![("XML page".to_owned(), page.to_wire_xml(Version::V8_0).into_bytes())];
    let mut nvp = "result=success;totalresults=2;startnumber=0;numreturned=2;".to_owned();
    for number in 0..2 {
        for (name, value) in documented_entries() {
            if name == "attachments" {
                nvp.push_str(&format!("tickets[ticket][{number}][attachments][0][filename]=a.png;"));
            } else {
                nvp.push_str(&format!("tickets[ticket][{number}][{name}]={};", value.trim_matches('"')));
            }
        }
    }
    pages.push(("NVP page".to_owned(), nvp.into_bytes()));
    pages
}

/// Decodes in lenient and strict mode, and writes the page as canonical JSON.
fn decode_both_ways(body: &[u8]) {
    if let Ok(reply) = decode(body) {
        serde_json::to_string(&reply).unwrap();
    }
    let _ = Decoder::new().strict(true).decode(body);
}

#[test]
fn every_vector_is_cut_at_every_byte() {
    on_every_prefix(vectors::all().map(|vector| (vector.name, vector.body)).collect(), assert_paths_agree);
}

#[test]
fn json_pages_are_cut_at_every_byte() {
    on_every_prefix(pages(), assert_paths_agree);
}

#[test]
fn xml_and_name_value_pages_are_cut_at_every_byte() {
    on_every_prefix(xml_and_nvp_pages(), decode_both_ways);
}

#[test]
fn json_that_ends_after_the_last_text_of_a_later_ticket_is_truncated() {
    let ticket = object(&documented_entries());
    for count in 2..6 {
        let tickets = vec![ticket.as_str(); count].join(",");
        let body = format!(
            r#"{{"result":"success","totalresults":9,"startnumber":0,"numreturned":{count},"tickets":{{"ticket":[{tickets}"#
        );
        let cut = body.strip_suffix('}').unwrap();
        assert!(cut.ends_with('"'));
        on_every_prefix(vec![("a cut page".to_owned(), cut.into())], |body| {
            assert!(decode(body).unwrap_err().is_truncated() || body.is_empty());
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn arbitrary_pages_are_cut_anywhere(
        tickets in proptest::collection::vec(ticket(), 1..4),
        version in version(),
    ) {
        let page = Page::new(Tickets::new(&tickets, version), 0, tickets.len() as u64);
        let json = page.to_wire_json(version).into_bytes();
        // After every quote, where a text may end, and at every tenth byte.
        let cuts: Vec<_> = (0..json.len()).filter(|at| json[*at] == b'"' || at % 10 == 0).collect();
        let bodies = cuts.iter().map(|at| json[..*at + 1].to_vec());
        for body in bodies {
            assert_paths_agree(&body);
        }
        decode_both_ways(page.to_wire_xml(version).as_bytes());
    }
}
