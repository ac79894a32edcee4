//! A scan that is broken off and goes on elsewhere keeps one promise over both parts.

use gettickets::scan::{Cursor, InvalidCursor, Scan};
use gettickets::{GetTickets, StatusFilter};
use proptest::prelude::*;

use crate::list::{By, Rates, Server, World};
use crate::promise::{Outcome, assert_complete, broken, run};

fn request() -> GetTickets {
    GetTickets { limitnum: Some(20), ..GetTickets::default() }
}

/// Breaks a scan off after each of these numbers of tickets, and reads the rest; lets time pass in between.
fn in_parts(server: &Server, parts: &[usize]) -> Outcome {
    let (mut told, mut cursor) = (Vec::new(), None::<String>);
    for part in parts {
        let mut scan = Scan::new(server.clone(), request());
        if let Some(cursor) = &cursor {
            scan = scan.resume(&cursor.parse().unwrap()).unwrap();
        }
        for ticket in scan.by_ref().take(*part) {
            match ticket {
                Ok(ticket) => told.push(ticket.get().id()),
                Err(error) => return Outcome { told, error: Some(error), report: scan.report() },
            }
        }
        assert_eq!(scan.told(), told.len() as u64);
        cursor = Some(scan.cursor().to_string());
        drop(scan);
    }
    let cursor: Cursor = cursor.unwrap().parse().unwrap();
    assert_eq!(cursor.tickets(), told.len() as u64);
    let rest = run(Scan::new(server.clone(), request()).resume(&cursor).unwrap());
    told.extend(rest.told);
    Outcome { told, ..rest }
}

#[test]
fn parts_of_a_quiet_list_make_a_whole() {
    for by in [By::NewestReply, By::IdRising, By::StatusThenDate] {
        for parts in [&[0][..], &[1], &[20], &[33, 5, 0, 60], &[149], &[500]] {
            let server = Server::new(World { by, ..World::new(3, 150, 60) });
            let outcome = in_parts(&server, parts);
            assert_complete(&server, &outcome);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_changing_list_keep_the_promise(
        seed in any::<u64>(),
        changes in 0_u32..1_500,
        parts in proptest::collection::vec(0_usize..60, 1..4),
    ) {
        let mut world = World::new(seed, 120, 30);
        world.rates = Rates::of(changes);
        let server = Server::new(world);
        let outcome = in_parts(&server, &parts);
        prop_assert_eq!(broken(&server, &outcome), (vec![], vec![], vec![]));
    }
}

#[test]
fn a_cursor_of_another_request_or_moment_is_refused() {
    let server = Server::new(World::new(1, 50, 60));
    let mut scan = Scan::new(server.clone(), request());
    assert!(scan.by_ref().take(5).all(|ticket| ticket.is_ok()));
    let cursor = scan.cursor();
    let resume = |request: GetTickets| Scan::new(server.clone(), request).resume(&cursor).err();
    assert_eq!(resume(request()), None);
    // How many are asked for at a time is no part of what is asked for.
    assert_eq!(resume(GetTickets { limitnum: Some(7), ..request() }), None);
    let other = GetTickets { status: Some(StatusFilter::AwaitingReply), ..request() };
    assert_eq!(resume(other), Some(InvalidCursor::OfAnotherScan));
    let since = Scan::new(server.clone(), request()).updated_since("2026-01-01T00:00:00".parse().unwrap());
    assert_eq!(since.resume(&cursor).err(), Some(InvalidCursor::OfAnotherScan));
}

#[test]
fn a_text_that_is_no_cursor_is_refused() {
    for text in ["", "{}", "null", "[1]", r#"{"gettickets_cursor":1}"#] {
        assert_eq!(text.parse::<Cursor>().err(), Some(InvalidCursor::NotACursor), "{text}");
    }
}

#[test]
fn a_cursor_names_no_one() {
    let server = Server::new(World::new(1, 50, 60));
    let asked = GetTickets { email: Some("someone@example.com".into()), ..request() };
    let mut scan = Scan::new(server, asked);
    assert!(scan.next().is_some());
    let text = scan.cursor().to_string();
    assert!(!text.contains("example") && !text.contains("someone"), "{text}");
}
