//! Lists and servers of unusual kinds, all generated from one seed: tickets without a last reply or with a wrong one, totals
//! that are absent from some request on, clocks that are set back by more than the guarantee allows.

use gettickets::GetTickets;
use gettickets::scan::machine::Settings;

use crate::drive::{Driver, Outcome, scan};
use crate::history::time;
use crate::traces::line;
use crate::world::{By, Cap, Group, Rates, Rng, Total, World, mix};

/// Answers a ticket that was read, and one that was not, with a clock that is hours late.
fn set_clock_back(world: &mut World) {
    world.clock = world.clock.saturating_sub(5 * 3600);
    let list = world.list();
    for index in [world.reader / 2, world.reader + 3] {
        if let Some(ticket) = list.get(index) {
            world.answer(ticket.id);
        }
    }
}

fn world(rng: &mut Rng, seed: u64) -> World {
    let mut world = World::new(seed, 20 + rng.below(300), rng.of(&[1, 40, 900, 900, 4_000]));
    world.by = rng.of(&[
        By::NewestReply,
        By::NewestReply,
        By::NewestReply,
        By::OldestReply,
        By::Grouped(Group::Status),
        By::PinnedFirst,
    ]);
    world.total = rng.of(&[Total::BeforeHiding, Total::BeforeHiding, Total::AfterHiding, Total::Absent]);
    world.cap = rng.of(&[Cap::None, Cap::None, Cap::At(7)]);
    world.rates = Rates::of(rng.of(&[0, 0, 100, 800]));
    world.faults = rng.of(&[0, 0, 60]);
    let [unanswered, undated, wrong, bad, hidden, pinned] =
        [(); 6].map(|()| if rng.below(3) == 0 { rng.below(60) } else { 0 });
    for ticket in &mut world.tickets {
        if rng.chance(unanswered) {
            ticket.lastreply = 0;
        }
        if rng.chance(undated) {
            (ticket.date, ticket.lastreply) = (0, 0);
        }
        if rng.chance(wrong) {
            ticket.lastreply = ticket.date.saturating_sub(1 + rng.below(2_000));
        }
        (ticket.bad, ticket.hidden, ticket.pinned) =
            (rng.chance(bad), rng.chance(hidden), rng.chance(pinned));
    }
    if rng.below(2) == 0 {
        let list = world.list();
        let ticket = &list[rng.below(list.len() as u64) as usize];
        world.since = ticket.lastreply.max(ticket.date);
    }
    let when = 2 + rng.below(12);
    match rng.below(6) {
        0 => drop(world.script.insert(when, |world| world.total = Total::Absent)),
        1 => drop(world.script.insert(when, |world| world.total = Total::AfterHiding)),
        2 => world.script.extend((when..when + 4).map(|number| (number, set_clock_back as fn(&mut World)))),
        _ => {}
    }
    world
}

/// Scans the list that is generated from this seed.
fn play(seed: u64) -> (World, Outcome) {
    let mut rng = Rng(mix(seed));
    let mut world = world(&mut rng, seed);
    let request = GetTickets { limitnum: Some(4 + rng.below(40)), ..GetTickets::default() };
    let settings = Settings {
        concurrency: 1 + rng.below(4) as usize,
        skip_unreadable: rng.below(4) > 0,
        full: rng.below(8) == 0,
        updated_since: (world.since > 0).then(|| time(world.since)),
        ..Settings::new(request)
    };
    let mut driver = Driver::new(settings, seed);
    let Err(result) = driver.run(&mut world, None) else { unreachable!("it was not to stop") };
    (world, driver.finish(result))
}

/// The server counts as many tickets as it sends, and some of those that were read are closed: then the numbers agree at an
/// offset before the end.
#[test]
fn lists_with_hidden_tickets_and_closed_ones_are_read_as_before() {
    let mut lines = String::new();
    for limit in 6..=10 {
        for when in 7..=11 {
            let mut world = World { total: Total::Fixed(48), ..World::new(7_762, 52, 600) };
            for id in [14, 31, 33, 34] {
                world.tickets[id - 1].hidden = true;
            }
            world.script.insert(when, |world| {
                for ticket in world.list().into_iter().take(7) {
                    world.close(ticket.id);
                }
            });
            let request = GetTickets { limitnum: Some(limit), ..GetTickets::default() };
            let outcome = scan(&mut world, Settings { concurrency: 1, ..Settings::new(request) });
            line(&mut lines, &format!("limit {limit}, closed before request {when}"), &outcome);
        }
    }
    insta::assert_snapshot!(lines);
}

/// Lists with which a scan takes branches that it seldom takes: they were searched for changes of the code that no other list
/// shows.
const RARE: [u64; 6] = [75, 136, 204, 241, 472, 1_714];

#[test]
fn unusual_lists_are_read_as_before() {
    let mut lines = String::new();
    for seed in (1..=60).chain(RARE) {
        let (world, outcome) = play(seed);
        assert!(outcome.twice().is_empty() && outcome.never(&world).is_empty(), "seed {seed}");
        let name =
            format!("{seed}: {:?}, {:?}, {:?}, since {}", world.by, world.total, world.cap, world.since);
        line(&mut lines, &name, &outcome);
    }
    insta::assert_snapshot!(lines);
}
