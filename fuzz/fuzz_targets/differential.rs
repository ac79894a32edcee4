//! The fast path and the tolerant one say the same of every body, leniently and strictly.
//!
//! Half of the inputs stand inside a documented page, as bytes alone seldom get far into one.
#![no_main]

use gettickets_protocol::{Decoder, Page, Reply};
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = br#"{"result":"success","totalresults":"2","startnumber":0,"numreturned":2,"tickets":{"ticket":[{"id":"1","tid":"516757","deptid":"1","userid":"1","name":"A","owner_name":"A","email":"a@example.com","requestor_name":null,"requestor_email":"a@example.com","requestor_type":"Owner","cc":"","c":"KPqH7yG3","date":"2016-01-01 06:26:29","subject":"S","status":"Open","priority":"Low","admin":"","attachment":"","attachments":[],"attachments_removed":false,"lastreply":"2016-01-01 06:30:16","flag":"0","service":""},{"id":"2","#;
const TAIL: &[u8] = b"}]}}";

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, inside)) => compare(&[HEAD, inside, TAIL].concat()),
        Some((1, inside)) => compare(&[HEAD, inside].concat()),
        _ => compare(input),
    }
});

fn compare(body: &[u8]) {
    for strict in [false, true] {
        let decoder = Decoder::new().strict(strict);
        match (decoder.decode(body), decoder.clone().tolerant_only(true).decode(body)) {
            (Ok(Reply::Tickets(fast)), Ok(Reply::Tickets(tolerant))) => same(&fast, &tolerant),
            (fast, tolerant) => assert_eq!(fast, tolerant),
        }
    }
}

fn same(fast: &Page, tolerant: &Page) {
    assert_eq!(fast.to_json(), tolerant.to_json());
    assert_eq!(fast, tolerant);
    assert_eq!(fast.findings(), tolerant.findings());
    assert_eq!(fast.shows_version(), tolerant.shows_version());
    for (a, b) in fast.iter().zip(tolerant) {
        assert_eq!((a.carried(), a.null(), a.quoted()), (b.carried(), b.null(), b.quoted()));
        assert_eq!((a.date_text(), a.lastreply_text()), (b.date_text(), b.lastreply_text()));
        assert!(a.extra_json().eq(b.extra_json()));
    }
}
