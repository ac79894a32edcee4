//! A page can be read from several threads at once.

use gettickets_protocol as protocol;

#[test]
fn every_public_type_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<protocol::ApiError>();
    check::<protocol::ApiRequest>();
    check::<protocol::Attachments<'_>>();
    check::<protocol::Credentials>();
    check::<protocol::DecodeError>();
    check::<protocol::Decoder>();
    check::<protocol::Finding>();
    check::<protocol::GetTickets>();
    check::<protocol::TicketIter<'_>>();
    check::<protocol::Page>();
    check::<protocol::Reply>();
    check::<protocol::Ticket>();
    check::<protocol::TicketRef<'_>>();
    check::<protocol::Tickets>();
    check::<protocol::FieldValue<'_>>();
}

#[test]
fn results_stay_small() {
    // Results are moved often, so their large parts are boxed.
    assert_eq!(size_of::<protocol::DecodeError>(), size_of::<usize>());
}

#[test]
fn threads_can_share_a_page() {
    let page =
        protocol::decode(crate::bodies::page_with("subject", r#""shared""#)).unwrap().into_page().unwrap();
    let subjects: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| page.get(0).unwrap().subject().to_owned())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(subjects, ["shared"; 4]);
}
