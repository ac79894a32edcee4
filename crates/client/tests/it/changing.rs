//! A scan over HTTP while a writer changes what it reads.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gettickets::{Client, Credentials, ErrorKind, GetTickets, Status, StatusFilter, Ticket};
use gettickets_sandbox::Sandbox;

const TICKETS: u64 = 600;

/// Changes the list after every request that the server received, until it is stopped. Returns the ids of
/// the tickets that did not match all the time.
fn write(sandbox: &Sandbox, seed: u64, stop: &AtomicBool) -> HashSet<u64> {
    let store = sandbox.store();
    let (mut left, mut random, mut had) = (HashSet::new(), seed, 0);
    while !stop.load(Ordering::Relaxed) {
        let has = sandbox.request_count();
        if has == had {
            thread::sleep(Duration::from_micros(200));
            continue;
        }
        had = has;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let id = 1 + (random >> 33) % TICKETS;
        match random >> 20 & 7 {
            0..=2 => {
                // A reply and closing again move it to the front of the list.
                store.reply(id, Status::Closed).unwrap();
            }
            3 => {
                store.open(Ticket { status: Status::Closed, ..Ticket::default() }).unwrap();
            }
            4 | 5 => {
                store.set_status(id, Status::OnHold).unwrap();
                left.insert(id);
            }
            6 => {
                store.delete(id).unwrap();
                left.insert(id);
            }
            _ => {}
        }
    }
    left
}

#[test]
fn every_ticket_that_matches_all_the_time_is_yielded_once_over_http() {
    let mut complete = 0;
    for seed in 1..=6 {
        let sandbox = Sandbox::builder().tickets(TICKETS).seed(seed).start().unwrap();
        let client = Client::builder(sandbox.url())
            .credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
            .build()
            .unwrap();
        let request = |limitnum| GetTickets {
            status: Some(StatusFilter::from("Closed")),
            limitnum: Some(limitnum),
            ignore_dept_assignments: Some(true),
            ..GetTickets::default()
        };
        let before: Vec<u64> =
            client.get_tickets(&request(TICKETS)).unwrap().iter().map(|ticket| ticket.id()).collect();
        assert!(before.len() > 400, "{}", before.len());
        let stop = AtomicBool::new(false);
        let (yielded, error, report, left) = thread::scope(|scope| {
            let writer = scope.spawn(|| write(&sandbox, seed, &stop));
            let (mut yielded, mut error) = (HashSet::new(), None);
            let mut scan = client.scan(request(25));
            for ticket in scan.by_ref() {
                match ticket {
                    Ok(ticket) => assert!(yielded.insert(ticket.get().id()), "seed {seed}: yielded twice"),
                    Err(failure) => error = Some(failure),
                }
            }
            stop.store(true, Ordering::Relaxed);
            (yielded, error, scan.report(), writer.join().unwrap())
        });
        match error {
            None => {
                complete += 1;
                let lost: Vec<_> =
                    before.iter().filter(|id| !yielded.contains(id) && !left.contains(id)).collect();
                assert!(lost.is_empty(), "seed {seed}: {lost:?} lost in silence, {report:?}");
            }
            Some(error) => assert!(matches!(error.kind(), ErrorKind::ScanIncomplete(_)), "{error}"),
        }
    }
    assert!(complete >= 3, "{complete} of 6 scans came to an end");
}
