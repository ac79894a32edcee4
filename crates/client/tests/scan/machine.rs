//! Known behavior of servers, one kind at a time, on lists that change only if the test changes them.

use std::cmp::Reverse;
use std::time::Duration;

use gettickets::GetTickets;
use gettickets::scan::machine::{Action, FetchPage, Metrics, Row, ScanMachine, Settings};

use crate::drive::{Driver, Outcome, REFUSAL, assert_complete, assert_promise, scan};
use crate::history::time;
use crate::world::{By, Cap, Group, Rates, Ticket, Ties, Total, World};

/// An unchanging list of this many tickets, with six minutes between two.
fn quiet(count: u64) -> World {
    World::new(7, count, 360)
}

fn settings(limit: u64) -> Settings {
    Settings::new(GetTickets { limitnum: Some(limit), ..GetTickets::default() })
}

fn one_at_a_time(limit: u64) -> Settings {
    Settings { concurrency: 1, ..settings(limit) }
}

const ORDERS: [By; 13] = [
    By::NewestReply,
    By::OldestReply,
    By::IdRising,
    By::IdFalling,
    By::DateRising,
    By::DateFalling,
    By::Grouped(Group::Status),
    By::Grouped(Group::Priority),
    By::Grouped(Group::Department),
    By::Grouped(Group::Flag),
    By::StatusThenDate,
    By::PinnedFirst,
    By::Shuffled,
];

#[test]
fn a_quiet_list_of_any_length_and_order_is_read_completely() {
    for by in &ORDERS[..12] {
        for count in (0..60).chain([99, 100, 101, 250]) {
            for concurrency in [1, 4] {
                let mut world = World { by: *by, ..quiet(count) };
                let outcome = scan(&mut world, Settings { concurrency, ..settings(10) });
                assert_complete(&world, &outcome);
                assert_eq!(outcome.yielded.len() as u64, count);
                assert_eq!(
                    (outcome.report.shifts, outcome.report.duplicates),
                    (0, 0),
                    "{by:?} {count} tickets"
                );
            }
        }
    }
}

#[test]
fn tickets_are_yielded_in_list_order_with_concurrent_requests() {
    for by in &ORDERS[..12] {
        for concurrency in 1..9 {
            let mut world = World { by: *by, ..quiet(200) };
            let expected: Vec<_> = world.list().iter().map(|ticket| ticket.id).collect();
            let outcome = scan(&mut world, Settings { concurrency, ..settings(9) });
            assert_complete(&world, &outcome);
            assert_eq!(outcome.yielded, expected, "{by:?} {concurrency}");
        }
    }
}

#[test]
fn ties_in_any_order_are_read_completely() {
    for ties in [Ties::IdRising, Ties::IdFalling, Ties::Scattered] {
        for by in &ORDERS[..12] {
            let mut world = World { ties, by: *by, ..World::new(7, 150, 1) };
            for ticket in &mut world.tickets {
                ticket.lastreply -= ticket.lastreply % 40;
                ticket.date -= ticket.date % 20;
            }
            let outcome = scan(&mut world, settings(12));
            assert_complete(&world, &outcome);
            assert_eq!(outcome.yielded.len(), 150, "{by:?} {ties:?}");
        }
    }
}

#[test]
fn ties_whose_order_changes_at_each_request_lose_no_ticket() {
    let mut complete = 0;
    for seed in 0..60 {
        let mut world = World { ties: Ties::Shuffled, ..World::new(seed, 300, 600) };
        for ticket in &mut world.tickets {
            ticket.lastreply -= ticket.lastreply % 6_000;
        }
        let outcome = scan(&mut world, settings(60));
        assert_promise(&world, &outcome);
        complete += u32::from(outcome.error.is_none());
    }
    println!("ties at random: {complete} of 60 complete");
    assert!(complete >= 30, "{complete} of 60");
}

#[test]
fn a_quiet_list_of_ten_thousand_takes_at_most_106_requests() {
    for concurrency in [1, 4] {
        let mut world = World::new(3, 10_000, 900);
        let outcome = scan(&mut world, Settings { concurrency, ..settings(100) });
        assert_complete(&world, &outcome);
        assert_eq!(outcome.yielded.len(), 10_000);
        assert!(outcome.requests <= 106, "{} requests: {:?}", outcome.requests, outcome.report);
    }
}

#[test]
fn a_list_is_read_whose_first_rows_are_no_longer_kept() {
    let mut world = quiet(6_000);
    let outcome = scan(&mut world, settings(1_000));
    assert_complete(&world, &outcome);
    assert_eq!(outcome.yielded.len(), 6_000);
}

#[test]
fn new_tickets_late_in_a_long_list_are_known_rows_on_the_next_pages() {
    let mut world = quiet(6_000);
    world.script.insert(11, |world| (0..1_200).for_each(|_| world.open()));
    let outcome = scan(&mut world, one_at_a_time(500));
    assert_complete(&world, &outcome);
    assert!(outcome.requests <= 23, "{} requests", outcome.requests);
}

#[test]
fn pages_grow_if_no_size_is_set() {
    let mut world = World::new(3, 10_000, 900);
    let outcome = scan(&mut world, Settings::new(GetTickets::default()));
    assert_complete(&world, &outcome);
    let sizes = outcome.report.page_sizes.unwrap();
    assert_eq!(sizes.max, 1_000);
    assert!(outcome.requests < 30, "{} requests", outcome.requests);
}

#[test]
fn a_server_cap_below_the_requested_size_does_not_end_the_scan() {
    for cap in [2, 3, 5, 7, 25] {
        for total in [Total::BeforeHiding, Total::Absent, Total::Returned] {
            let mut world = World { cap: Cap::At(cap), total, ..quiet(83) };
            let outcome = scan(&mut world, settings(100));
            assert_complete(&world, &outcome);
            assert_eq!(outcome.yielded.len(), 83, "{cap} {total:?}");
        }
    }
    let mut world = World { cap: Cap::At(1), ..quiet(10) };
    let outcome = scan(&mut world, settings(20));
    assert!(outcome.problem().contains("one ticket a page"), "{}", outcome.problem());
}

#[test]
fn a_total_that_is_absent_or_wrong_loses_nothing_and_is_reported() {
    for total in
        [Total::Absent, Total::Random, Total::Returned, Total::Fixed(3), Total::Fixed(0), Total::Fixed(61)]
    {
        for limit in [7, 20, 100] {
            let mut world = World { total, ..quiet(61) };
            let outcome = scan(&mut world, settings(limit));
            assert_promise(&world, &outcome);
            assert_eq!(outcome.yielded.len(), 61, "{total:?}");
            // Random totals may look stable by chance.
            assert!(outcome.error.is_none() || total == Total::Random, "{total:?}: {}", outcome.problem());
        }
    }
}

// Reproductions of bugs.

#[test]
fn a_clock_set_back_during_the_scan_loses_no_ticket() {
    for jump in [1, 600, 3600, 7200, 10_800] {
        for when in 2..12 {
            let mut world = World::new(when, 600, 30);
            world.script.extend((when..when + 6).map(|request| {
                let answer: fn(&mut World) = |world| {
                    let reader = world.reader;
                    let late = world.list().get(reader + 30).map(|ticket| ticket.id);
                    late.into_iter().for_each(|id| world.answer(id));
                };
                (request, answer)
            }));
            world.latest = world.clock;
            world.clock -= jump;
            let outcome = scan(&mut world, one_at_a_time(60));
            assert_promise(&world, &outcome);
            assert!(outcome.error.is_none(), "{jump} {when}: {}", outcome.problem());
            assert_eq!(outcome.yielded.len(), 600);
        }
    }
}

#[test]
fn tickets_dated_ahead_do_not_defeat_the_verification() {
    let mut world = World::new(5, 400, 60);
    for index in 0..10 {
        world.tickets[index * 7].lastreply = world.clock + 90 * 86_400;
    }
    world.script.insert(4, |world| {
        let late = world.list()[250].id;
        world.answer(late);
    });
    let outcome = scan(&mut world, one_at_a_time(50));
    assert_complete(&world, &outcome);
}

#[test]
fn updated_since_on_a_grouped_list_yields_all_57() {
    for group in [Group::Status, Group::Priority, Group::Department, Group::Flag] {
        for limit in [5, 10, 20] {
            for seed in 0..8 {
                let mut world = World { by: By::Grouped(group), ..World::new(seed, 400, 900) };
                let mut newest: Vec<_> = world.tickets.iter().map(|ticket| ticket.lastreply).collect();
                newest.sort_unstable_by(|a, b| b.cmp(a));
                world.since = newest[56];
                let expected = newest.iter().filter(|reply| **reply >= newest[56]).count();
                let settings = Settings { updated_since: Some(time(world.since)), ..settings(limit) };
                let outcome = scan(&mut world, settings);
                assert_complete(&world, &outcome);
                assert_eq!(outcome.yielded.len(), expected, "{group:?} {limit} {seed}");
            }
        }
    }
}

#[test]
fn updated_since_ends_early_only_if_samples_agree() {
    for (by, reads_all) in
        [(By::NewestReply, false), (By::StatusThenDate, true), (By::IdRising, true), (By::PinnedFirst, true)]
    {
        for full in [false, true] {
            let mut world = World { by, ..World::new(9, 3_000, 900) };
            for ticket in world.tickets.iter_mut().step_by(101) {
                ticket.pinned = true;
            }
            let list = world.list();
            let mut newest: Vec<_> = list.iter().map(|ticket| ticket.lastreply).collect();
            newest.sort_unstable();
            world.since = newest[newest.len() - 40];
            let expected = list.iter().filter(|ticket| ticket.lastreply >= world.since).count();
            let settings = Settings { updated_since: Some(time(world.since)), full, ..settings(50) };
            let outcome = scan(&mut world, settings);
            assert_complete(&world, &outcome);
            assert_eq!(outcome.yielded.len(), expected, "{by:?}");
            assert_eq!(outcome.requests > 60, reads_all || full, "{by:?}: {} requests", outcome.requests);
        }
    }
}

#[test]
fn the_last_sample_has_all_tickets_without_a_last_reply() {
    /// When a ticket without a last reply was opened.
    type Opened = fn(u64) -> u64;
    let cases: [(usize, Option<Opened>, u64, bool); 6] = [
        (500, None, 1_000, false),
        (500, Some(|since| since + 1), 1_000, true),
        (500, Some(|since| since), 1_000, true),
        // It is not known when.
        (500, Some(|_| 0), 1_000, true),
        (1_200, None, 1_000, true),
        // The server's largest page is smaller: a sample that it cuts off is not the end of the list.
        (500, None, 100, true),
    ];
    for (case, (without, opened, cap, reads_all)) in cases.into_iter().enumerate() {
        let mut world = World { cap: Cap::At(cap), ..World::new(9, 12_000, 900) };
        world.tickets.sort_by_key(|ticket| ticket.date);
        let mut newest: Vec<_> = world.tickets.iter().map(|ticket| ticket.lastreply).collect();
        newest.sort_unstable();
        world.since = newest[newest.len() - 40];
        world.tickets.iter_mut().take(without).for_each(|ticket| ticket.lastreply = 0);
        if let Some(opened) = opened {
            world.tickets[250].date = opened(world.since);
        }
        let is_expected = |ticket: &Ticket| {
            let activity = ticket.lastreply.max(ticket.date);
            activity == 0 || activity >= world.since
        };
        let expected = world.tickets.iter().filter(|ticket| is_expected(ticket)).count();
        let settings = Settings { updated_since: Some(time(world.since)), ..settings(1_000) };
        let outcome = scan(&mut world, settings);
        assert_complete(&world, &outcome);
        assert_eq!(outcome.yielded.len(), expected, "case {case}");
        let requests = outcome.requests;
        assert_eq!(requests > 18, reads_all, "case {case}: {requests} requests");
    }
}

#[test]
fn updated_since_yields_new_tickets_with_an_older_or_missing_last_reply() {
    for limit in [20, 100] {
        let mut world = World::new(9, 900, 900);
        world.since = world.tickets[880].date;
        for (index, lastreply) in [(885, 0), (890, 5), (895, 0)] {
            world.tickets[index].lastreply = lastreply;
        }
        // Neither time is readable.
        (world.tickets[100].date, world.tickets[100].lastreply) = (0, 0);
        let expected = world
            .tickets
            .iter()
            .filter(|ticket| ticket.lastreply.max(ticket.date) >= world.since || ticket.date == 0)
            .count();
        let settings = Settings { updated_since: Some(time(world.since)), ..settings(limit) };
        let outcome = scan(&mut world, settings);
        assert_complete(&world, &outcome);
        assert_eq!(outcome.yielded.len(), expected);
        assert_eq!(outcome.report.undated, 1);
    }
}

#[test]
fn a_ticket_whose_times_change_is_yielded_once() {
    const SINCE: u64 = 1_000_000;
    for (times, count) in [
        (&[999_000, 0, 0][..], 1),
        (&[0, 999_000, 0, 2_000_000], 1),
        (&[999_000, 2_000_000, 0, 999_500, 2_000_000], 1),
        (&[999_000, 999_500, 999_000], 0),
    ] {
        let since = time(SINCE);
        let mut machine = ScanMachine::new(Settings { updated_since: Some(since), ..one_at_a_time(20) });
        let Action::Fetch(fetch) = machine.poll() else { panic!("nothing is fetched") };
        let row = |lastreply: &u32| Row { id: 7, lastreply: *lastreply, date: 0, fingerprint: 1 };
        machine.on_rows(fetch.id, times.iter().map(row).collect(), None, Metrics::default());
        let yielded: usize = std::iter::from_fn(|| machine.poll_batch()).map(|batch| batch.ids.len()).sum();
        assert_eq!(yielded, count, "{times:?}");
    }
}

#[test]
fn rows_hidden_after_the_limit_are_read_past() {
    for (total, complete) in [(Total::BeforeHiding, false), (Total::AfterHiding, true)] {
        for limit in [10, 20, 40] {
            let mut world = World { total, ..quiet(250) };
            let list = world.order();
            list[110..160].iter().for_each(|index| world.tickets[*index].hidden = true);
            let outcome = scan(&mut world, settings(limit));
            assert_promise(&world, &outcome);
            assert_eq!(outcome.yielded.len(), 200, "{total:?} {limit}");
            // A total without the hidden tickets does not fit the offsets, so the scan may be incomplete.
            assert!(complete || outcome.is_incomplete(), "{total:?} {limit}: {}", outcome.problem());
            if !complete {
                assert!(
                    outcome.problem().contains("250") && outcome.problem().contains("200"),
                    "{}",
                    outcome.problem()
                );
                let mut world = world.clone();
                world.requests = 0;
                let outcome = scan(&mut world, Settings { allow_count_mismatch: true, ..settings(limit) });
                assert_complete(&world, &outcome);
                assert!(
                    outcome.report.warnings.iter().any(|warning| warning.contains("allow_count_mismatch"))
                );
            }
        }
    }
}

#[test]
fn rows_hidden_here_and_there_are_read_past() {
    for share in [100, 500, 900] {
        for total in [Total::BeforeHiding, Total::AfterHiding, Total::Absent] {
            let mut world = World { total, ..quiet(400) };
            for index in 0..400 {
                world.tickets[index].hidden = world.rng.chance(share);
            }
            let outcome = scan(&mut world, settings(40));
            // If no total counts them, a run of hidden tickets longer than a page looks like the end of the list.
            if total != Total::Absent {
                assert_promise(&world, &outcome);
                let visible = world.tickets.iter().filter(|ticket| !ticket.hidden).count();
                assert_eq!(outcome.yielded.len(), visible, "{share} {total:?} {}", outcome.problem());
            }
            assert!(
                outcome.requests < 400 || total != Total::BeforeHiding,
                "{share} {total:?}: {} requests",
                outcome.requests
            );
        }
    }
}

/// Offsets of samples are computed from the total.
#[test]
fn totals_up_to_the_largest_number_do_not_overflow() {
    for total in [u64::MAX, u64::MAX - 30, u64::MAX / 6, u64::MAX / 7 + 1, 1 << 63, 1 << 53] {
        for limit in [5, 50] {
            let mut world = World { total: Total::Fixed(total), ..World::new(9, 400, 900) };
            let mut newest: Vec<_> = world.tickets.iter().map(|ticket| ticket.lastreply).collect();
            newest.sort_unstable_by(|a, b| b.cmp(a));
            world.since = newest[30];
            for updated_since in [None, Some(time(world.since))] {
                let outcome = scan(&mut world, Settings { updated_since, ..settings(limit) });
                assert_promise(&world, &outcome);
                assert!(outcome.is_incomplete(), "{total} {updated_since:?}");
                let expected = if updated_since.is_some() { 31 } else { 400 };
                assert_eq!(outcome.yielded.len(), expected, "{total}");
            }
        }
    }
}

#[test]
fn a_server_that_counts_55_and_sends_40_is_incomplete_with_both_numbers() {
    for limit in [15, 25, 100] {
        let mut world = World { total: Total::Fixed(55), ..quiet(40) };
        let outcome = scan(&mut world, settings(limit));
        assert!(outcome.is_incomplete());
        assert!(
            outcome.problem().contains("55") && outcome.problem().contains("40"),
            "{}",
            outcome.problem()
        );
        assert_eq!(outcome.yielded.len(), 40);
        assert!(outcome.requests < 90, "{} requests", outcome.requests);
        let mut world = World { total: Total::Fixed(55), ..quiet(40) };
        let outcome = scan(&mut world, Settings { allow_count_mismatch: true, ..settings(limit) });
        assert_complete(&world, &outcome);
    }
}

#[test]
fn a_grouped_list_with_a_reply_in_the_second_group_is_read_completely() {
    for seed in 0..40 {
        for when in 2..8 {
            let mut world = World { by: By::Grouped(Group::Priority), ..World::new(seed, 130, 900) };
            world.script.insert(when, |world| {
                let reader = world.reader;
                let second = world.list().into_iter().skip(reader).find(|ticket| ticket.priority == 1);
                second.into_iter().for_each(|ticket| world.answer(ticket.id));
            });
            let outcome = scan(&mut world, one_at_a_time(25));
            assert_promise(&world, &outcome);
            assert!(outcome.error.is_none(), "{seed} {when}: {}", outcome.problem());
            assert_eq!(outcome.yielded.len(), 130);
        }
    }
}

#[test]
fn a_grouped_list_with_46_tickets_closed_at_once_is_read_completely() {
    for seed in 0..40 {
        for when in 2..7 {
            let mut world = World { by: By::Grouped(Group::Priority), ..World::new(seed, 130, 900) };
            world.script.insert(when, |world| {
                for row in world.list().into_iter().take(46) {
                    world.close(row.id);
                }
            });
            let outcome = scan(&mut world, settings(25));
            assert_promise(&world, &outcome);
            assert!(outcome.error.is_none(), "{seed} {when}: {}", outcome.problem());
        }
    }
}

#[test]
fn tickets_closed_before_the_position_hide_none_after_it() {
    for closed in [1, 3, 10, 35, 70, 90] {
        for when in 3..8 {
            let mut world = World::new(when, 200, 360);
            let close: fn(&mut World) = match closed {
                1 => |world| close_first(world, 1),
                3 => |world| close_first(world, 3),
                10 => |world| close_first(world, 10),
                35 => |world| close_first(world, 35),
                70 => |world| close_first(world, 70),
                _ => |world| close_first(world, 90),
            };
            world.script.insert(when, close);
            let outcome = scan(&mut world, settings(20));
            assert_complete(&world, &outcome);
        }
    }
}

fn close_first(world: &mut World, count: usize) {
    for row in world.list().into_iter().take(count) {
        world.close(row.id);
    }
}

#[test]
fn tickets_of_discarded_pages_that_never_return_are_counted_in_a_warning() {
    let row = |id: u64| Row { id, lastreply: (id * 7_919 % 1_009) as u32, date: 1, fingerprint: id };
    let list: Vec<_> = (1..=60).map(row).collect();
    for (strange_pages, warnings) in [(0, 0), (1, 0), (2, 0), (3, 1)] {
        let mut machine = ScanMachine::new(one_at_a_time(10));
        let (mut yielded, mut sent) = (Vec::new(), 0);
        let outcome = loop {
            match machine.poll() {
                Action::Fetch(fetch) => {
                    // One page of each pass has tickets that are never sent again.
                    let pass = machine.report().verification_passes;
                    let rows = if fetch.offset > 0 && sent == pass && sent < strange_pages {
                        sent += 1;
                        (0..7).map(|n| row(1_000 * sent + n)).collect()
                    } else {
                        list.iter().skip(fetch.offset as usize).take(fetch.limit as usize).copied().collect()
                    };
                    machine.on_rows(fetch.id, rows, Some(60), Metrics::default());
                }
                Action::Yield(batch) => yielded.extend(batch.ids),
                Action::Pending => panic!("the only request was answered"),
                Action::Done(outcome) => break outcome,
            }
        };
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(yielded, (1..=60).collect::<Vec<_>>());
        let report = machine.report();
        assert_eq!((sent, report.warnings.len()), (strange_pages, warnings), "{report:?}");
        assert!(report.warnings.iter().all(|warning| warning.starts_with("7 tickets ")), "{report:?}");
    }
}

#[test]
fn tickets_opened_during_the_scan_shift_the_list_and_are_yielded() {
    let mut world = quiet(200);
    world.script.insert(4, |world| (0..30).for_each(|_| world.open()));
    let outcome = scan(&mut world, settings(20));
    assert_complete(&world, &outcome);
    assert!(outcome.report.shifts > 0);
    assert_eq!(outcome.yielded.len(), 230);
}

#[test]
fn a_ticket_answered_after_it_was_yielded_is_reported_as_updated() {
    let mut world = quiet(200);
    world.script.insert(5, |world| {
        let early = world.list()[10].id;
        world.answer(early);
    });
    let outcome = scan(&mut world, one_at_a_time(20));
    assert_complete(&world, &outcome);
    assert_eq!((outcome.report.updates, outcome.report.updated_ids.len()), (1, 1));
}

#[test]
fn a_list_that_is_emptied_is_read_to_its_end() {
    for count in [1, 30, 100] {
        let mut world = quiet(count);
        world.script.insert(2, |world| {
            let all: Vec<_> = world.list().iter().map(|ticket| ticket.id).collect();
            all.into_iter().for_each(|id| world.close(id));
        });
        let outcome = scan(&mut world, settings(20));
        assert_promise(&world, &outcome);
        assert!(outcome.error.is_none(), "{count}: {}", outcome.problem());
    }
}

#[test]
fn a_list_that_changes_faster_than_it_is_read_is_an_error() {
    let mut world = quiet(300);
    world.rates = Rates { opened: 30_000, ..Rates::default() };
    let outcome = scan(&mut world, settings(20));
    assert!(outcome.is_incomplete(), "{:?}", outcome.report);
    assert!(outcome.requests < 400, "{}", outcome.requests);
    assert!(outcome.twice().is_empty());
}

#[test]
fn a_moderately_busy_desk_is_read_to_its_end() {
    // A change every fifty seconds, as at a busy help desk.
    let mut incomplete = 0;
    for seed in 0..300 {
        let by = ORDERS[(seed % 12) as usize];
        let mut world = World { by, ..World::new(seed, 200 + seed, 120) };
        world.rates = Rates::of(30);
        let outcome = scan(&mut world, settings(50));
        assert_promise(&world, &outcome);
        incomplete += u64::from(outcome.error.is_some());
    }
    println!("moderate: {incomplete} of 300 incomplete");
    assert!(incomplete <= 6, "{incomplete} of 300");
}

#[test]
fn pages_too_large_for_the_server_are_halved() {
    let mut world = World { largest: 60, ..World::new(3, 900, 900) };
    let outcome = scan(&mut world, settings(400));
    assert_complete(&world, &outcome);
    assert_eq!(outcome.report.page_sizes.unwrap().max, 400);
    assert!(outcome.report.page_sizes.unwrap().min <= 60);
    let mut world = World { largest: 2, ..World::new(3, 900, 900) };
    let outcome = scan(&mut world, settings(400));
    assert!(outcome.error.is_some() && !outcome.is_incomplete(), "{}", outcome.problem());
}

#[test]
fn unreadable_tickets_are_skipped_and_reported() {
    for concurrency in [1, 4] {
        for limit in [4, 20, 100] {
            for at in [
                &[33][..],
                &[0],
                &[0, 1],
                &[69],
                &[19],
                &[20],
                &[33, 34, 35],
                &[5, 40, 68, 69],
                &[0, 17, 36, 69],
            ] {
                for skip in [false, true] {
                    let mut world = quiet(70);
                    let list = world.order();
                    at.iter().for_each(|at| world.tickets[list[*at]].bad = true);
                    let settings = Settings { concurrency, skip_unreadable: skip, ..settings(limit) };
                    let outcome: Outcome = scan(&mut world, settings);
                    let named =
                        format!("{at:?} {limit} {concurrency}: {} {:?}", outcome.problem(), outcome.report);
                    assert_eq!(outcome.yielded.len(), 70 - at.len(), "{named}");
                    let mut offsets: Vec<_> =
                        outcome.report.unreadable.iter().map(|ticket| ticket.offset as usize).collect();
                    offsets.sort_unstable();
                    assert_eq!(offsets, at, "{named}");
                    assert_eq!(outcome.is_incomplete(), !skip, "{named}");
                    if !skip {
                        assert!(
                            outcome.problem().contains(&format!("offset {}", at[0])),
                            "{}",
                            outcome.problem()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_server_that_can_send_nothing_ends_the_scan() {
    let mut world = quiet(300);
    world.tickets.iter_mut().for_each(|ticket| ticket.bad = true);
    let outcome = scan(&mut world, settings(20));
    assert_eq!(outcome.problem(), gettickets::Error::from(gettickets::ApiError::new(REFUSAL)).to_string());
    assert_eq!(outcome.report.unreadable.len(), 12);
    assert!(outcome.requests < 100);
}

#[test]
fn a_page_of_eighty_thousand_takes_time_in_proportion() {
    // Requests measure the work. If the time were not linear, this test would not end.
    let mut world = World::new(3, 80_000, 1);
    let outcome = scan(&mut world, settings(100_000));
    assert_complete(&world, &outcome);
    assert_eq!(outcome.yielded.len(), 80_000);
    assert!(outcome.requests < 8, "{}", outcome.requests);
}

#[test]
fn user_limits_end_the_scan() {
    let mut world = quiet(300);
    let outcome = scan(&mut world, Settings { max_requests: 5, ..settings(20) });
    assert!(outcome.is_incomplete() && outcome.requests == 5, "{}", outcome.problem());
    let mut world = quiet(300);
    let outcome = scan(&mut world, Settings { max_tickets: Some(77), ..settings(20) });
    assert!(outcome.problem().contains("77"), "{}", outcome.problem());
    assert_eq!(outcome.yielded.len(), 77);
    let mut world = quiet(77);
    let outcome = scan(&mut world, Settings { max_tickets: Some(77), ..settings(20) });
    assert_complete(&world, &outcome);
}

// Ways in which random histories once lost tickets.

#[test]
fn a_list_that_becomes_shorter_while_its_end_is_read_loses_no_ticket() {
    // What was seen of the end while the server counted ten tickets does not prove an end after nine.
    let mut world = World { by: By::IdFalling, ..quiet(10) };
    world.script.insert(1, |world| world.cap = Cap::At(4));
    world.script.insert(2, |world| world.cap = Cap::At(7));
    world.script.insert(3, |world| world.cap = Cap::At(2));
    world.script.insert(4, |world| {
        world.cap = Cap::None;
        close_first(world, 1);
    });
    let outcome = scan(&mut world, one_at_a_time(16));
    assert_complete(&world, &outcome);
}

#[test]
fn a_page_that_was_cut_off_twice_does_not_prove_the_end() {
    // The second time it is the same page, and not its last tickets alone.
    let mut world = World { by: By::IdFalling, total: Total::Returned, ..quiet(31) };
    world.script.insert(1, |world| world.cap = Cap::At(6));
    world.script.insert(3, |world| world.cap = Cap::At(4));
    world.script.insert(4, |world| world.cap = Cap::At(0));
    world.script.insert(5, |world| world.cap = Cap::At(4));
    world.script.insert(6, |world| world.cap = Cap::None);
    let outcome = scan(&mut world, one_at_a_time(18));
    assert_complete(&world, &outcome);
}

#[test]
fn a_wrong_total_and_an_empty_page_do_not_prove_the_end() {
    // The fifth page is cut off at the offset that the server always counts.
    let mut world = World { by: By::IdFalling, total: Total::Fixed(20), ..quiet(44) };
    world.script.insert(5, |world| world.cap = Cap::At(4));
    world.script.insert(6, |world| world.cap = Cap::At(0));
    world.script.insert(7, |world| world.cap = Cap::None);
    let outcome = scan(&mut world, one_at_a_time(6));
    assert_complete(&world, &outcome);
}

#[test]
fn a_total_that_falls_to_the_tickets_met_is_not_trusted_behind_hidden_ones() {
    // One ticket follows a run of hidden ones. Then a ticket that was met is closed, so that the numbers agree.
    let mut world = World { by: By::IdFalling, total: Total::AfterHiding, ..quiet(30) };
    let list = world.order();
    list[18..29].iter().for_each(|index| world.tickets[*index].hidden = true);
    world.script.insert(6, |world| {
        close_first(world, 1);
        world.open();
        if let Some(opened) = world.tickets.last_mut() {
            opened.hidden = true;
        }
    });
    let outcome = scan(&mut world, one_at_a_time(8));
    assert_promise(&world, &outcome);
}

/// Scans until this many tickets were taken, and continues in another machine with another page size.
fn scan_in_two(world: &mut World, first: Settings, taken: usize, then: Settings) -> Outcome {
    let mut driver = Driver::new(first, 1);
    let Ok(cursor) = driver.run(world, Some(taken)) else { panic!("the scan ended before {taken} tickets") };
    driver.resume(then, &cursor);
    let Err(result) = driver.run(world, None) else { panic!("the scan was not to stop") };
    driver.finish(result)
}

#[test]
fn a_scan_resumed_behind_an_unreadable_ticket_verifies_the_list() {
    // The unreadable ticket is closed before the page behind it is read, which therefore begins one ticket late.
    let mut world = World { by: By::IdFalling, ..quiet(30) };
    let list = world.order();
    world.tickets[list[11]].bad = true;
    world.script.insert(8, |world| {
        let bad = world.tickets.iter().find(|ticket| ticket.bad).map(|ticket| ticket.id);
        bad.into_iter().for_each(|id| world.close(id));
    });
    let settings = Settings { skip_unreadable: true, ..one_at_a_time(22) };
    let outcome = scan_in_two(&mut world, settings.clone(), 16, settings);
    assert_eq!(outcome.report.unreadable.len(), 1);
    assert_promise(&world, &outcome);
}

#[test]
fn a_resumed_scan_of_recent_tickets_compares_the_counts() {
    // Behind the hidden tickets, pages of 33 are requested and 8 tickets are sent.
    let mut world = World { cap: Cap::At(8), ..World::new(7, 67, 4_000) };
    let list = world.order();
    list[42..58].iter().for_each(|index| world.tickets[*index].hidden = true);
    world.since = world.tickets.iter().map(|ticket| ticket.lastreply).min().unwrap();
    let since = Some(time(world.since));
    let first = Settings { updated_since: since, ..one_at_a_time(6) };
    let then = Settings { updated_since: since, ..one_at_a_time(33) };
    let outcome = scan_in_two(&mut world, first, 38, then);
    assert_promise(&world, &outcome);
}

#[test]
fn a_list_with_the_oldest_reply_first_and_no_total_is_verified() {
    // The clock is set back and a late ticket is answered, while an early one is closed: no page begins elsewhere.
    let mut world = World { by: By::OldestReply, total: Total::Absent, ..quiet(60) };
    world.script.insert(6, |world| {
        world.clock -= 10_800;
        let list = world.list();
        world.answer(list[45].id);
        world.close(list[3].id);
    });
    let outcome = scan(&mut world, one_at_a_time(10));
    assert_complete(&world, &outcome);
}

#[test]
fn too_many_unreadable_tickets_end_the_scan() {
    for (bad, ends) in [(99, false), (100, true), (150, true)] {
        let mut world = quiet(300);
        let list = world.order();
        list.iter().skip(50).take(bad).for_each(|at| world.tickets[*at].bad = true);
        let outcome = scan(&mut world, Settings { skip_unreadable: true, ..settings(20) });
        assert_eq!(outcome.report.unreadable.len(), bad.min(100), "{}", outcome.problem());
        assert_eq!(outcome.is_incomplete(), ends, "{}", outcome.problem());
        if !ends {
            assert_eq!(outcome.yielded.len(), 300 - bad);
        }
    }
}

/// A machine with these pages in flight, and the rows of a list of 100.
fn with_flights(limit: u64) -> (ScanMachine, Vec<(u64, u64)>, Vec<Row>) {
    let rows = rows(100);
    let mut machine = ScanMachine::new(Settings { concurrency: 4, ..settings(limit) });
    let Action::Fetch(first) = machine.poll() else { panic!("nothing to fetch") };
    deliver(&mut machine, &first, &rows);
    let mut flights = Vec::new();
    loop {
        match machine.poll() {
            Action::Fetch(fetch) => flights.push((fetch.id, fetch.offset)),
            Action::Yield(_) => {}
            _ => return (machine, flights, rows),
        }
    }
}

#[test]
fn a_page_read_ahead_that_fails_is_read_again_when_it_is_due() {
    let refusal = || gettickets::Error::from(gettickets::ApiError::new("Some other refusal"));
    let (mut machine, flights, rows) = with_flights(20);
    assert!(flights.len() > 1, "{flights:?}");
    let (mut waiting, mut failed, mut yielded) = (flights, Vec::new(), 20);
    // All but the page that is due.
    let due = waiting.remove(0);
    for (id, offset) in waiting.drain(..) {
        machine.on_error(id, refusal());
        failed.push(offset);
    }
    waiting.push(due);
    let mut again = Vec::new();
    let outcome = loop {
        match machine.poll() {
            Action::Fetch(fetch) => {
                again.push(fetch.offset);
                waiting.push((fetch.id, fetch.offset));
            }
            Action::Yield(batch) => yielded += batch.ids.len(),
            Action::Done(outcome) => break outcome,
            Action::Pending => {
                let (id, offset) = waiting.remove(0);
                let page = rows.iter().skip(offset as usize).take(20).copied().collect();
                machine.on_rows(id, page, Some(100), Metrics::default());
            }
        }
    };
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(yielded, 100);
    assert!(failed.iter().all(|offset| again.iter().any(|again| again <= offset)), "{failed:?} {again:?}");
    assert_eq!(machine.report().tickets, 100);

    // The page that is due cannot be read later.
    let (mut machine, flights, _) = with_flights(20);
    machine.on_error(flights[0].0, refusal());
    let Action::Done(Err(error)) = machine.poll() else { panic!("the scan goes on") };
    assert!(error.to_string().contains("Some other refusal"), "{error}");
}

/// The rows of a list of this many, with the newest reply first.
fn rows(count: u64) -> Vec<Row> {
    (1..=count)
        .map(|id| Row { id, lastreply: 1_000_000 - id as u32 * 1_000, date: 1, fingerprint: id })
        .collect()
}

/// Reports the page that was fetched from this list.
fn deliver(machine: &mut ScanMachine, fetch: &FetchPage, list: &[Row]) {
    let page = list.iter().skip(fetch.offset as usize).take(fetch.limit as usize).copied().collect();
    machine.on_rows(fetch.id, page, Some(list.len() as u64), Metrics::default());
}

#[test]
fn a_reply_dated_more_than_three_hours_before_the_front_disproves_the_order() {
    const MARGIN: u32 = 3 * 3600;
    for (is_new, seconds_too_old) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
        let mut list: Vec<Row> = rows(200)
            .into_iter()
            .map(|row| Row { lastreply: 1_000_000 - row.id as u32 * 700, ..row })
            .collect();
        // The mark of a first page of 50 is the last reply of its 17th row.
        let reply = list[16].lastreply - MARGIN - seconds_too_old;
        let mut machine = ScanMachine::new(one_at_a_time(50));
        let mut is_changed = false;
        let outcome = loop {
            match machine.poll() {
                Action::Fetch(fetch) => {
                    if machine.report().verification_passes == 1 && !is_changed {
                        is_changed = true;
                        let row = if is_new { Row { id: 999, ..list[0] } } else { list.remove(150) };
                        list.push(Row { lastreply: reply, fingerprint: 999, ..row });
                        list.sort_by_key(|row| Reverse(row.lastreply));
                    }
                    deliver(&mut machine, &fetch, &list);
                }
                Action::Yield(_) => {}
                Action::Pending => panic!("nothing is in flight"),
                Action::Done(outcome) => break outcome,
            }
        };
        assert!(outcome.is_ok(), "{outcome:?}");
        let report = machine.report();
        assert_eq!(report.tickets, 200 + u64::from(is_new));
        assert_eq!(report.verification_passes > 1, seconds_too_old > 0, "{is_new}: {report:?}");
    }
}

#[test]
fn tickets_that_are_not_taken_stop_the_scan_after_two_pages_for_each_request() {
    let list = rows(800);
    for newest_first in [false, true] {
        let mut machine = ScanMachine::new(Settings { concurrency: 4, ..settings(20) });
        let (mut flights, mut delivered) = (Vec::new(), 0);
        loop {
            while let Some(fetch) = machine.poll_fetch() {
                flights.push(fetch);
            }
            assert!(delivered + flights.len() <= 8, "{delivered} pages wait, {flights:?}");
            if flights.is_empty() {
                break;
            }
            let fetch = if newest_first { flights.pop().unwrap() } else { flights.remove(0) };
            deliver(&mut machine, &fetch, &list);
            delivered += 1;
        }
        assert_eq!(delivered, 8);
        machine.poll_batch().unwrap();
        assert!(machine.poll_fetch().is_some());
    }
}

#[test]
fn nothing_is_fetched_while_a_fetch_waits_before_a_retry() {
    let list = rows(800);
    let mut machine = ScanMachine::new(Settings { concurrency: 12, ..settings(10) });
    let fetches = |machine: &mut ScanMachine| -> Vec<FetchPage> {
        std::iter::from_fn(|| {
            while machine.poll_batch().is_some() {}
            machine.poll_fetch()
        })
        .collect()
    };
    let first = fetches(&mut machine);
    deliver(&mut machine, &first[0], &list);
    let flights = fetches(&mut machine);
    assert_eq!(flights.len(), 12);
    machine.on_throttled(flights[0].id, Duration::from_secs(1), false);
    // The other pages arrive, so that there is room for a second request.
    for fetch in &flights[1..] {
        deliver(&mut machine, fetch, &list);
        assert_eq!(fetches(&mut machine), []);
    }
    deliver(&mut machine, &flights[0], &list);
    assert_eq!(fetches(&mut machine).len(), 2);
}

#[test]
fn the_front_at_three_other_offsets_shows_that_the_offset_is_ignored() {
    let mut machine = ScanMachine::new(one_at_a_time(20));
    let mut offsets = Vec::new();
    let outcome = loop {
        match machine.poll() {
            Action::Fetch(fetch) => {
                offsets.push(fetch.offset);
                machine.on_rows(fetch.id, rows(20), Some(100), Metrics::default());
            }
            Action::Yield(_) => {}
            Action::Pending => panic!("nothing is in flight"),
            Action::Done(outcome) => break outcome,
        }
    };
    let problem = outcome.unwrap_err().to_string();
    assert!(problem.contains("ignores limitstart"), "{problem}");
    let others: Vec<_> = offsets.iter().filter(|offset| **offset > 0).collect();
    assert_eq!(others.len(), 3, "{offsets:?}");
}

#[test]
fn what_the_machine_does_not_wait_for_changes_nothing() {
    let (mut machine, _, _) = with_flights(20);
    let before = format!("{:?}", machine.report());
    machine.on_error(9_999, gettickets::Error::from(gettickets::ApiError::new("x")));
    machine.on_rows(9_999, Vec::new(), Some(0), Metrics::default());
    assert_eq!(format!("{:?}", machine.report()), before);
    assert!(matches!(machine.poll(), Action::Pending));
}
