//! Compares the fast decoder with the tolerant one, leniently and strictly. Shared by the targets.

use gettickets_protocol::{Decoder, Page, Reply};

pub fn compare(body: &[u8]) {
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
    assert_eq!(fast.detected_version(), tolerant.detected_version());
    for (a, b) in fast.iter().zip(tolerant) {
        assert_eq!(
            (a.fields(), a.null_fields(), a.quoted_fields()),
            (b.fields(), b.null_fields(), b.quoted_fields())
        );
        assert_eq!((a.date_text(), a.lastreply_text()), (b.date_text(), b.lastreply_text()));
        assert!(a.extra_json().eq(b.extra_json()));
    }
}
