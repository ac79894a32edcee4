//! Tickets that a server can't send: everything else is told, and they are named.

use std::collections::HashSet;

use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use gettickets::{ApiRequest, Client, Credentials, GetTickets};

use crate::list::{Server, World, time};
use crate::promise::{Outcome, run};

const REFUSAL: &str = r#"{"result":"error","message":"Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded"}"#;

/// Serves a list over the wire; pages that hold one of the bad tickets can't be had.
struct Wire {
    server: Server,
    bad: HashSet<u64>,
    /// Whether XML carries what JSON can't.
    xml_carries: bool,
}

impl Transport for Wire {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let asked = ApiRequest::parse(request.body.as_bytes());
        let xml = asked.responsetype.as_deref() == Some("xml");
        let mut world = self.server.world();
        let (rows, start, total) = world.rows(&asked.parameters).unwrap();
        let body = if rows.iter().any(|row| self.bad.contains(&row.id)) && !(xml && self.xml_carries) {
            REFUSAL.to_owned()
        } else if xml {
            let ticket = |row: &crate::list::Ticket| {
                let (id, status, date, lastreply) = (row.id, row.status, time(row.date), time(row.lastreply));
                format!(
                    "<ticket><id>{id}</id><date>{date}</date><status>S{status}</status><lastreply>{lastreply}</lastreply></ticket>"
                )
            };
            let tickets: String = rows.iter().map(ticket).collect();
            format!(
                "<?xml version=\"1.0\"?><whmcsapi version=\"8.13.1\"><action>gettickets</action><result>success</result><tickets>{tickets}</tickets></whmcsapi>"
            )
        } else {
            world.spell(start, total, &rows)
        };
        let mut response = http::Response::new(body.into_bytes());
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        Ok(response)
    }
}

fn scan(world: World, page_len: u64, bad_at: &[usize], xml_carries: bool) -> (Server, Vec<u64>, Outcome) {
    let server = Server::new(world);
    let list = server.world().list();
    let bad: Vec<_> = bad_at.iter().map(|at| list[*at].id).collect();
    let wire = Wire { server: server.clone(), bad: bad.iter().copied().collect(), xml_carries };
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("IDENTIFIER", "SECRET"))
        .transport(wire)
        .build()
        .unwrap();
    let outcome = run(client.scan(GetTickets { limitnum: Some(page_len), ..GetTickets::default() }));
    (server, bad, outcome)
}

fn quiet(count: u64) -> World {
    let mut world = World::new(7, count, 60);
    world.tickets.iter_mut().for_each(|ticket| ticket.matches = true);
    world
}

#[test]
fn what_json_cannot_carry_comes_as_xml_and_nothing_is_missing() {
    let (server, bad, outcome) = scan(quiet(70), 20, &[33], true);
    assert!(outcome.error.is_none(), "{}", outcome.problem());
    assert!(outcome.told.contains(&bad[0]));
    assert_eq!(outcome.told.len(), 70);
    assert!(outcome.report.retries > 0);
    assert!(outcome.report.holes.is_empty());
    drop(server);
}

#[test]
fn all_but_the_tickets_that_nothing_carries_is_told_and_they_are_named() {
    for bad_at in
        [&[33][..], &[0], &[0, 1], &[69], &[19], &[20], &[33, 34, 35], &[5, 40, 68, 69], &[0, 17, 36, 69]]
    {
        let (server, bad, outcome) = scan(quiet(70), 20, bad_at, false);
        assert!(outcome.is_incomplete(), "{bad_at:?}: {}", outcome.problem());
        let told: HashSet<_> = outcome.told.iter().copied().collect();
        assert_eq!(told.len(), outcome.told.len(), "{bad_at:?}");
        let missing: HashSet<_> = server.world().always.difference(&told).copied().collect();
        assert_eq!(missing, bad.iter().copied().collect(), "{bad_at:?}");
        let mut offsets: Vec<_> = outcome.report.holes.iter().map(|hole| hole.offset as usize).collect();
        offsets.sort_unstable();
        assert_eq!(offsets, bad_at, "{:?}", outcome.report.holes);
        assert!(outcome.problem().contains(&format!("offset {}", offsets[0])), "{}", outcome.problem());
    }
}

#[test]
fn wherever_they_stand_all_others_are_told() {
    for page_len in [3, 20, 100] {
        for first in 0..30 {
            for second in [first + 1, first + 2, first + 3, 29] {
                let (_, bad, outcome) = scan(quiet(33), page_len, &[first, second], false);
                let missing: HashSet<_> = bad.into_iter().collect();
                assert!(outcome.is_incomplete(), "{first}, {second} of {page_len}: {}", outcome.problem());
                assert_eq!(outcome.told.len(), 33 - missing.len(), "{first}, {second} of {page_len}");
            }
        }
    }
}

#[test]
fn a_hole_in_a_list_that_changes_never_ends_in_success() {
    for seed in 0..60 {
        let mut world = World::new(seed, 90, 60);
        world.rates = crate::list::Rates::of(400);
        let (server, bad, outcome) = scan(world, 20, &[(seed as usize * 7) % 70], false);
        let (_, twice, never) = crate::promise::broken(&server, &outcome);
        assert_eq!((twice, never), (vec![], vec![]));
        assert!(!outcome.told.contains(&bad[0]));
        if server.world().always.contains(&bad[0]) {
            assert!(outcome.is_incomplete(), "{seed}: {:?}", outcome.report);
        }
    }
}

#[test]
fn a_server_that_can_send_nothing_is_given_up() {
    let all: Vec<_> = (0..300).collect();
    let (server, _, outcome) = scan(quiet(300), 20, &all, false);
    assert!(outcome.is_incomplete());
    assert_eq!(outcome.report.holes.len(), 100);
    assert!(server.world().requests < 1_000);
}
