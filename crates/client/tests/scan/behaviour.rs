//! What servers are known to do, one at a time, on lists that keep still unless a test moves them.

use gettickets::scan::Scan;
use gettickets::{Error, GetTickets, Ticket};

use crate::list::{By, Cap, Rates, Server, Ticket as Row, Ties, Total, World};
use crate::promise::{Outcome, assert_complete, broken, run, scan};

/// A server with so many tickets that all match, a minute apart.
fn quiet(count: u64) -> World {
    let mut world = World::new(7, count, 60);
    world.tickets.iter_mut().for_each(|ticket| ticket.matches = true);
    world
}

fn twisted(
    world: World,
    twist: impl FnMut(u64, &GetTickets, Vec<Row>, &[Row]) -> Result<Vec<Row>, Error> + Send + 'static,
) -> Server {
    Server::new(World { twist: Some(Box::new(twist)), ..world })
}

#[test]
fn every_length_of_list_is_read_whole() {
    for count in (0..60).chain([99, 100, 101, 250]) {
        let server = Server::new(quiet(count));
        let outcome = scan(&server, 10);
        assert_complete(&server, &outcome);
        assert_eq!(outcome.told.len() as u64, count);
        assert_eq!((outcome.report.shifts, outcome.report.duplicates), (0, 0), "{count} tickets");
    }
}

#[test]
fn every_order_is_read_whole() {
    for by in [By::NewestReply, By::OldestReply, By::IdRising, By::IdFalling, By::StatusThenDate] {
        for ties in [Ties::IdRising, Ties::IdFalling, Ties::Scattered] {
            let server = Server::new(World { by, ties, ..quiet(90) });
            assert_complete(&server, &scan(&server, 20));
        }
    }
}

#[test]
fn a_cap_below_what_was_asked_for_ends_nothing() {
    for cap in [3, 5, 7, 25] {
        let server = Server::new(World { cap: Cap::At(cap), ..quiet(83) });
        let outcome = scan(&server, 100);
        assert_complete(&server, &outcome);
        assert_eq!(outcome.told.len(), 83);
    }
}

#[test]
fn a_count_as_text_absent_or_wrong_changes_nothing() {
    for total in [Total::Number, Total::Text, Total::Absent, Total::Wrong] {
        let server = Server::new(World { total, ..quiet(61) });
        let outcome = scan(&server, 20);
        assert_complete(&server, &outcome);
        assert_eq!(outcome.told.len(), 61, "{total:?}");
    }
}

#[test]
fn a_short_page_in_the_middle_ends_nothing() {
    let server = twisted(quiet(100), |request, _, mut rows, _| {
        if request == 2 {
            rows.truncate(4);
        }
        Ok(rows)
    });
    let outcome = scan(&server, 20);
    assert_complete(&server, &outcome);
    assert_eq!(outcome.told.len(), 100);
}

#[test]
fn an_empty_page_in_the_middle_is_read_again() {
    let server = twisted(quiet(100), |request, _, rows, _| Ok(if request == 3 { vec![] } else { rows }));
    let outcome = scan(&server, 20);
    assert_complete(&server, &outcome);
    assert_eq!(outcome.told.len(), 100);
}

#[test]
fn pages_that_are_empty_now_and_then_are_read_again_in_whatever_rhythm_they_come() {
    for every in 3..9 {
        for turn in 0..every {
            for (count, page_len) in [(120, 40), (100, 20), (81, 40), (7, 20), (1, 20)] {
                let server = twisted(quiet(count), move |request, _, rows, _| {
                    Ok(if request % every == turn { vec![] } else { rows })
                });
                let outcome = scan(&server, page_len);
                assert!(outcome.error.is_none(), "{every} {turn} {count}: {}", outcome.problem());
                assert_eq!(outcome.told.len() as u64, count, "{every} {turn}");
            }
        }
    }
}

#[test]
fn a_page_that_stays_empty_where_tickets_stand_is_an_error() {
    let server = twisted(quiet(100), |_, asked, rows, _| {
        Ok(if (30..60).contains(&asked.limitstart.unwrap()) { vec![] } else { rows })
    });
    let outcome = scan(&server, 20);
    assert!(outcome.is_incomplete());
    assert!(outcome.problem().contains("sends no tickets at offset"), "{}", outcome.problem());
}

#[test]
fn a_server_that_sends_nothing_from_some_request_on_is_an_error() {
    for total in [Total::Number, Total::Text] {
        for from in 1..9 {
            let server = twisted(World { total, ..quiet(100) }, move |request, _, rows, _| {
                Ok(if request >= from { vec![] } else { rows })
            });
            let outcome = scan(&server, 20);
            assert!(outcome.is_incomplete(), "{total:?}, from {from}: {} told", outcome.told.len());
        }
    }
}

#[test]
fn a_list_that_is_emptied_is_read_to_its_end() {
    for count in [1, 30, 100] {
        let (server, outcome) = scan_while(count, 2, |world| world.tickets.clear());
        assert!(outcome.error.is_none(), "{count}: {}", outcome.problem());
        drop(server);
    }
}

#[test]
fn an_empty_first_page_is_believed_only_twice() {
    let server = twisted(quiet(30), |request, _, rows, _| Ok(if request == 1 { vec![] } else { rows }));
    let outcome = scan(&server, 20);
    assert_complete(&server, &outcome);
    assert_eq!(outcome.told.len(), 30);
}

#[test]
fn a_server_that_ignores_limitstart_is_an_error() {
    for (count, page_len) in [(100, 20), (7, 20), (1, 20)] {
        let server = twisted(quiet(count), |_, asked, _, list| {
            Ok(list.iter().take(asked.limitnum.unwrap() as usize).cloned().collect())
        });
        let outcome = scan(&server, page_len);
        assert!(outcome.problem().contains("ignores limitstart"), "{count}: {}", outcome.problem());
        assert!(outcome.is_incomplete());
        assert!(outcome.error.unwrap().hint().is_some());
    }
}

#[test]
fn a_server_of_one_ticket_a_page_is_an_error() {
    let server = Server::new(World { cap: Cap::At(1), ..quiet(10) });
    let outcome = scan(&server, 20);
    assert!(outcome.problem().contains("one ticket a page"), "{}", outcome.problem());
}

#[test]
fn the_error_that_ended_a_scan_is_not_forgotten() {
    let server = twisted(quiet(100), |request, _, rows, _| match request {
        1 => Ok(rows),
        _ => Err(gettickets::ApiError::new("Invalid Permissions").into()),
    });
    let mut scan = Scan::new(server, GetTickets { limitnum: Some(20), ..GetTickets::default() });
    while let Some(Ok(_)) = scan.next() {
        assert!(scan.failure().is_none());
    }
    assert_eq!(scan.failure().map(|error| error.code()), Some("permission"));
    assert!(scan.failure().is_some_and(|error| error.may_have_been_sent() && error.attempts() == 1));
    assert!(scan.next().is_none() && scan.failure().is_some());
    let complete = Server::new(quiet(10));
    let mut scan = Scan::new(complete, GetTickets::default());
    assert_eq!(scan.by_ref().filter(Result::is_ok).count(), 10);
    assert!(scan.failure().is_none());
}

#[test]
fn limitstart_is_refused() {
    let server = Server::new(quiet(10));
    let request = GetTickets { limitstart: Some(5), ..GetTickets::default() };
    let outcome = run(Scan::new(server.clone(), request));
    assert!(outcome.problem().contains("offset 5"), "{}", outcome.problem());
    assert!(!outcome.error.unwrap().may_have_been_sent(), "nothing was sent");
    assert_eq!(server.world().requests, 0);
}

/// Runs a scan while one thing happens after its `when`-th request.
fn scan_while(count: u64, when: u64, mut what: impl FnMut(&mut World) + Send + 'static) -> (Server, Outcome) {
    let server = Server::new(quiet(count));
    let mut scan = Scan::new(
        Meddled(
            server.clone(),
            std::sync::Mutex::new(Box::new(move |world: &mut World| {
                if world.requests == when {
                    what(world);
                }
            })),
        ),
        GetTickets { limitnum: Some(20), ..GetTickets::default() },
    );
    let mut outcome = Outcome { told: vec![], error: None, report: scan.report() };
    for ticket in scan.by_ref() {
        match ticket {
            Ok(ticket) => outcome.told.push(ticket.get().id()),
            Err(error) => outcome.error = Some(error),
        }
    }
    outcome.report = scan.report();
    (server, outcome)
}

type Meddle = Box<dyn FnMut(&mut World) + Send>;

/// A server whose list a test changes before a request.
struct Meddled(Server, std::sync::Mutex<Meddle>);

impl gettickets::scan::Fetch for Meddled {
    fn fetch(
        &self,
        request: &GetTickets,
        context: &gettickets::scan::FetchContext,
    ) -> Result<gettickets::scan::Fetched, Error> {
        (self.1.lock().unwrap())(&mut self.0.world());
        self.0.fetch(request, context)
    }
}

#[test]
fn tickets_that_are_closed_before_the_reader_hide_none_after_it() {
    for closed in [1, 3, 10, 35] {
        let (server, outcome) = scan_while(200, 4, move |world| {
            for row in world.list().into_iter().take(closed) {
                world.close(row.id);
            }
        });
        assert_complete(&server, &outcome);
        assert!(outcome.report.shifts > 0, "{closed} closed");
    }
}

#[test]
fn tickets_that_are_opened_shift_the_list_and_are_told_at_the_front() {
    let (server, outcome) = scan_while(200, 4, |world| (0..30).for_each(|_| world.open()));
    assert_complete(&server, &outcome);
    assert!(outcome.report.shifts > 0);
    assert_eq!(outcome.told.len(), 230);
}

#[test]
fn an_answered_ticket_that_jumps_over_the_reader_is_told() {
    let (server, outcome) = scan_while(200, 5, |world| {
        let last = world.list().last().unwrap().id;
        world.answer(last);
    });
    assert_complete(&server, &outcome);
    assert_eq!(outcome.told.len(), 200);
}

#[test]
fn a_jump_that_a_closing_hides_from_every_offset_is_told() {
    let (server, outcome) = scan_while(200, 5, |world| {
        let list = world.list();
        world.answer(list.last().unwrap().id);
        world.close(list[3].id);
    });
    assert_complete(&server, &outcome);
}

#[test]
fn a_ticket_answered_after_it_was_told_is_not_told_again_but_reported() {
    let (server, outcome) = scan_while(200, 5, |world| {
        let early = world.list()[10].id;
        world.answer(early);
    });
    assert_complete(&server, &outcome);
    assert_eq!((outcome.report.renewals, outcome.report.renewed.len()), (1, 1));
    assert!(outcome.told.contains(&outcome.report.renewed[0]));
}

#[test]
fn a_list_that_changes_faster_than_it_is_read_is_an_error_and_no_endless_loop() {
    let mut world = quiet(300);
    world.rates = Rates { opened: 30_000, ..Rates::default() };
    let server = Server::new(world);
    let outcome = scan(&server, 20);
    assert!(outcome.is_incomplete(), "{:?}", outcome.report);
    assert!(server.world().requests < 200);
    assert_eq!(broken(&server, &outcome).1, Vec::<u64>::new());
}

#[test]
fn a_stretch_of_ties_longer_than_a_page_is_read() {
    for ties in [Ties::IdRising, Ties::IdFalling, Ties::Scattered] {
        let mut world = World { ties, ..quiet(150) };
        for ticket in world.tickets.iter_mut().skip(40).take(80) {
            ticket.lastreply = 5_000;
        }
        let server = Server::new(world);
        let outcome = scan(&server, 25);
        assert_complete(&server, &outcome);
        assert_eq!(outcome.told.len(), 150, "{ties:?}");
    }
}

#[test]
fn ties_that_stand_anew_at_each_request_lose_none() {
    for seed in 0..40 {
        let mut world = World { ties: Ties::Shuffled, ..World::new(seed, 150, 60) };
        for ticket in world.tickets.iter_mut() {
            ticket.lastreply -= ticket.lastreply % 600;
        }
        let server = Server::new(world);
        let outcome = scan(&server, 30);
        assert_eq!(broken(&server, &outcome), (vec![], vec![], vec![]));
        assert!(outcome.error.is_none(), "seed {seed}: {}", outcome.problem());
    }
}

#[test]
fn since_a_moment_stops_where_the_order_allows_and_reads_on_where_not() {
    for (by, reads_all) in [(By::NewestReply, false), (By::StatusThenDate, true), (By::IdRising, true)] {
        let mut world = World { by, ..quiet(400) };
        for id in [5, 77, 140] {
            world.answer(id);
        }
        let list = world.list();
        let mut newest: Vec<_> = list.iter().map(|row| row.lastreply).collect();
        newest.sort_unstable();
        let mark = newest[newest.len() - 30];
        let server = Server::new(world);
        let scan = Scan::new(server.clone(), GetTickets { limitnum: Some(25), ..GetTickets::default() })
            .updated_since(crate::list::time(mark).replace(' ', "T").parse().unwrap());
        let outcome = run(scan);
        assert!(outcome.error.is_none(), "{}", outcome.problem());
        let expected = list.iter().filter(|row| row.lastreply >= mark).count();
        assert_eq!(outcome.told.len(), expected, "{by:?}");
        assert_eq!(server.world().requests > 10, reads_all, "{by:?}: {} requests", server.world().requests);
    }
}

#[test]
fn the_end_costs_few_requests() {
    // A page; the offset after it; some of its rows again; the front again.
    let server = Server::new(quiet(15));
    assert_complete(&server, &scan(&server, 100));
    assert!(server.world().requests <= 4, "{} requests", server.world().requests);
    let server = Server::new(quiet(1_000));
    assert_complete(&server, &scan(&server, 100));
    assert!(server.world().requests <= 15, "{} requests", server.world().requests);
}

#[test]
fn nothing_is_sent_before_the_first_ticket_is_asked_for_and_little_ahead() {
    let server = Server::new(quiet(500));
    let mut scan = Scan::new(server.clone(), GetTickets { limitnum: Some(20), ..GetTickets::default() });
    assert_eq!(server.world().requests, 0);
    assert!(scan.next().is_some());
    // The page that is told from, and the next, which is held until it is asked for.
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(server.world().requests <= 2);
    drop(scan);
}

#[test]
fn pages_bring_the_same_tickets_and_a_scan_can_change_over_to_them() {
    let server = Server::new(quiet(130));
    let mut scan = Scan::new(server.clone(), GetTickets { limitnum: Some(20), ..GetTickets::default() });
    let mut told: Vec<u64> = scan
        .by_ref()
        .take(7)
        .map(|ticket| ticket.unwrap().to_ticket())
        .map(|ticket: Ticket| ticket.id)
        .collect();
    let mut pages = scan.pages();
    for page in pages.by_ref() {
        let page = page.unwrap();
        assert!(!page.is_empty());
        told.extend(page.iter().map(|ticket| ticket.id()));
    }
    let report = pages.report();
    assert_complete(&server, &Outcome { told, error: None, report });
}

#[test]
fn a_ticket_knows_the_tickets_it_lies_among() {
    let server = Server::new(quiet(30));
    for ticket in Scan::new(server, GetTickets { limitnum: Some(20), ..GetTickets::default() }) {
        let ticket = ticket.unwrap();
        let among = ticket.tickets().get(ticket.index()).unwrap();
        assert_eq!(among.id(), ticket.get().id());
    }
}

#[test]
fn a_scan_and_its_tickets_cross_threads() {
    fn crosses<T: Send>() {}
    crosses::<Scan>();
    crosses::<gettickets::scan::SharedTicket>();
    crosses::<gettickets::scan::Pages>();
}
