//! The rows that runs store and the changes that they record.

use gettickets::{Field, FindingKind, Status, Ticket};
use gettickets_sandbox::{Quirk, Sandbox};
use gettickets_warehouse::{Install, Mirror, Mode};
use jiff::tz::TimeZone;

use super::{Setup, client, count, options, read};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_first_run_stores_every_ticket_and_records_no_change() {
    let setup = Setup::new(230);
    let report = setup.run(Mode::Full);
    assert!(report.complete && report.full, "{report:?}");
    assert_eq!((report.tickets, report.new, report.changed, report.gone), (230, 230, 0, 0));
    assert!(setup.changes(report.run).is_empty());
    for ticket in setup.sandbox.store().ids().unwrap() {
        let sent = setup.sandbox.store().get(ticket).unwrap().unwrap();
        let stored: (String, String, String, Option<String>) = read(&setup.file())
            .query_row(
                "SELECT tid, subject, status, c FROM tickets WHERE id = ?",
                [ticket.cast_signed()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(
            stored,
            (sent.tid, sent.subject, sent.status.to_string(), None),
            "the access key is left out"
        );
    }
}

#[test]
fn access_keys_are_stored_on_request() {
    let setup = Setup::new(20);
    let install = setup.install().access_keys(true);
    Mirror::open(&setup.target()).unwrap().run(&install, &options(Mode::Full), &mut |_| ()).unwrap();
    let database = read(&setup.file());
    for id in setup.sandbox.store().ids().unwrap() {
        let sent = setup.sandbox.store().get(id).unwrap().unwrap();
        let sql = "SELECT c FROM tickets WHERE id = ?";
        let stored: String = database.query_row(sql, [id.cast_signed()], |row| row.get(0)).unwrap();
        assert_eq!(stored, sent.c);
    }
}

#[test]
fn tickets_of_other_departments_are_read_on_request() {
    let sandbox = Sandbox::builder().tickets(200).departments([1]).start().unwrap();
    let setup = Setup::of(sandbox);
    let (mine, others) =
        ("SELECT count(*) FROM tickets WHERE deptid = 1", "SELECT count(*) FROM tickets WHERE deptid <> 1");
    setup.run(Mode::Full);
    assert!(count(&setup.file(), mine) > 0);
    assert_eq!(count(&setup.file(), others), 0);
    let install = setup.install().ignore_departments(true);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let report = mirror.run(&install, &options(Mode::Full), &mut |_| ()).unwrap();
    assert_eq!((report.complete, report.tickets), (true, 200), "{report:?}");
    assert!(count(&setup.file(), others) > 0);
}

#[test]
fn the_progress_counts_the_tickets_that_were_read() {
    let setup = Setup::new(700);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let mut steps = Vec::new();
    mirror
        .run(&setup.install(), &options(Mode::Full), &mut |progress| {
            assert_eq!(progress.install, "main");
            steps.push((progress.tickets, progress.total));
        })
        .unwrap();
    assert!(steps.is_sorted(), "{steps:?}");
    assert_eq!(steps.last(), Some(&(700, Some(700))));
}

#[test]
fn the_text_of_an_unreadable_date_is_kept() {
    let sandbox = Sandbox::builder().tickets(30).quirk(Quirk::DatesUnreadable).start().unwrap();
    let setup = Setup::of(sandbox);
    let report = setup.run(Mode::Full);
    assert!(report.complete && report.findings > 0, "{report:?}");
    let deviation = report.deviations.iter().find(|one| one.kind == FindingKind::UnreadableDate).unwrap();
    assert_eq!((deviation.field, deviation.count), (Some(Field::Date), 30));
    let sql = "SELECT count(*) FROM tickets WHERE date IS NULL AND date_utc IS NULL AND json_extract(extra, '$.date') LIKE '%/%'";
    assert_eq!(count(&setup.file(), sql), 30);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM opened_by_day WHERE day LIKE '%/%'"), 0);
    let report = setup.run(Mode::Full);
    assert_eq!((report.new, report.changed), (0, 0));
}

#[test]
fn a_zone_in_a_date_determines_its_instant() {
    let sandbox = Sandbox::builder().tickets(5).quirk(Quirk::DatesIso).start().unwrap();
    let setup = Setup::of(sandbox);
    let install = setup.install().time_zone(TimeZone::get("Asia/Tokyo").unwrap());
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    mirror.run(&install, &options(Mode::Full), &mut |_| ()).unwrap();
    // The opening ends in Z, and the last reply has an offset of two hours.
    for sql in [
        "SELECT count(*) FROM tickets WHERE datetime(date) = datetime(date_utc)",
        "SELECT count(*) FROM tickets WHERE datetime(lastreply, '-2 hours') = datetime(lastreply_utc)",
    ] {
        assert_eq!(count(&setup.file(), sql), 5, "{sql}");
    }
}

#[test]
fn a_run_over_an_unchanged_install_changes_no_row() {
    let setup = Setup::new(150);
    setup.run(Mode::Full);
    let report = setup.run(Mode::Full);
    assert_eq!((report.tickets, report.new, report.changed, report.gone), (150, 0, 0, 0));
    assert_eq!(
        count(&setup.file(), "SELECT count(DISTINCT changed) FROM tickets WHERE changed <> first_seen"),
        0
    );
}

#[test]
fn a_full_run_records_exactly_the_changes() {
    let setup = Setup::new(60);
    setup.run(Mode::Full);
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    let before = |id: u64| store.get(id).unwrap().unwrap();
    let [closed, moved, deleted, merged, target] = [ids[5], ids[10], ids[20], ids[30], ids[40]];
    let (closed_before, moved_before, target_before) = (before(closed), before(moved), before(target));
    store.set_status(closed, Status::from("Resolved by test")).unwrap();
    store.set_department(moved, 99).unwrap();
    store.delete(deleted).unwrap();
    store.merge(merged, target).unwrap();
    let opened = store
        .open(Ticket { tid: "NEW-1".into(), status: Status::from("Open"), ..Ticket::default() })
        .unwrap();
    let report = setup.run(Mode::Full);
    assert_eq!((report.new, report.changed, report.gone), (1, 3, 2), "{report:?}");
    assert_eq!((&report.reason, &report.warnings), (&None, &Vec::new()));
    let changes = setup.changes(report.run);
    let of = |id: u64| -> Vec<_> {
        changes
            .iter()
            .filter(|change| change.0 == id)
            .map(|(_, what, old, new)| (what.as_str(), old, new))
            .collect()
    };
    assert_eq!(of(closed), [("status", &some(closed_before.status.as_str()), &some("Resolved by test"))]);
    assert_eq!(of(moved), [("deptid", &Some(moved_before.deptid.to_string()), &some("99"))]);
    assert_eq!(of(opened), [("opened", &None, &some("Open"))]);
    assert_eq!(of(deleted)[0].0, "gone");
    assert_eq!(of(merged)[0].0, "gone");
    assert!(of(target).iter().any(|(what, _, _)| *what == "lastreply"), "{target_before:?}");
    assert_eq!(
        changes
            .iter()
            .filter(|(id, ..)| ![closed, moved, opened, deleted, merged, target].contains(id))
            .count(),
        0
    );
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets WHERE gone IS NOT NULL"), 2);
}

#[test]
fn a_ticket_that_returns_is_recorded_as_returned() {
    let setup = Setup::new(20);
    setup.run(Mode::Full);
    let store = setup.sandbox.store();
    let id = store.ids().unwrap()[3];
    let ticket = store.get(id).unwrap().unwrap();
    store.delete(id).unwrap();
    assert_eq!(setup.run(Mode::Full).gone, 1);
    store.open(ticket).unwrap();
    let report = setup.run(Mode::Full);
    assert_eq!((report.new, report.changed, report.gone), (0, 1, 0));
    assert_eq!(setup.changes(report.run)[0].1, "returned");
}

#[test]
fn an_incremental_run_finds_replies_and_marks_no_ticket_as_gone() {
    let setup = Setup::new(2000);
    setup.run(Mode::Full);
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    store.reply(ids[1500], Status::from("Customer-Reply")).unwrap();
    store.delete(ids[700]).unwrap();
    let report = setup.run(Mode::Incremental);
    assert!(report.complete && !report.full, "{report:?}");
    assert_eq!((report.changed, report.gone), (1, 0));
    assert!(report.tickets < 1000, "{report:?}");
    let full = setup.run(Mode::Full);
    assert_eq!((full.changed, full.gone), (0, 1));
}

/// An install whose tickets all have a last reply, none of them before the opening.
pub(crate) fn regular(count: u64) -> Setup {
    let generated = Setup::new(count);
    let store = generated.sandbox.store();
    let tickets = store.ids().unwrap().into_iter().map(|id| store.get(id).unwrap().unwrap());
    let regular = tickets.filter(|ticket| ticket.lastreply.is_some() && ticket.date <= ticket.lastreply);
    Setup::of(Sandbox::builder().load(regular.collect()).start().unwrap())
}

#[test]
fn an_incremental_run_of_a_quiet_install_is_one_request() {
    let setup = regular(5000);
    setup.run(Mode::Full);
    let report = setup.run(Mode::Incremental);
    assert_eq!((report.requests, report.changed, report.complete), (1, 0, true), "{report:?}");
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    store.reply(ids[4000], Status::from("Customer-Reply")).unwrap();
    let opened =
        store.open(Ticket { tid: "NEW-1".into(), lastreply: store.now().unwrap(), ..Ticket::default() });
    store.delete(ids[3000]).unwrap();
    let report = setup.run(Mode::Incremental);
    assert_eq!((report.requests, report.changed, report.new), (1, 1, 1), "{report:?}");
    assert!(
        setup
            .changes(report.run)
            .iter()
            .any(|(id, what, ..)| *id == opened.as_ref().copied().unwrap() && what == "opened")
    );
    // More tickets have changed than fit on a page.
    for id in ids.iter().take(300) {
        store.reply(*id, Status::from("Answered")).unwrap();
    }
    let report = setup.run(Mode::Incremental);
    assert!(report.requests > 1 && report.complete && report.changed == 300, "{report:?}");
}

#[test]
fn more_than_the_first_page_is_read_if_tickets_may_be_missing_from_it() {
    // An imported ticket with an old reply is not on the first page, but the server counts it.
    let setup = regular(3000);
    setup.run(Mode::Full);
    assert_eq!(setup.run(Mode::Incremental).requests, 1);
    let old = Some(jiff::civil::date(2001, 2, 3).at(4, 5, 6, 0));
    setup
        .sandbox
        .store()
        .open(Ticket { tid: "OLD-1".into(), date: old, lastreply: old, ..Ticket::default() })
        .unwrap();
    let report = setup.run(Mode::Incremental);
    assert!(report.requests > 1 && report.complete, "{report:?}");
    assert_eq!(setup.run(Mode::Full).new, 1);
    // The first page may be in the order of the last reply although the list is not.
    let sandbox = Sandbox::builder().tickets(2000).quirk(Quirk::GroupedByPriority).start().unwrap();
    let setup = Setup::of(sandbox);
    setup.run(Mode::Full);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM runs WHERE ordered"), 0);
    assert!(setup.run(Mode::Incremental).requests > 1);
}

#[test]
fn the_first_run_is_full_and_later_ones_follow_the_mode() {
    let setup = Setup::new(30);
    let day = std::time::Duration::from_secs(86_400);
    assert!(setup.run(Mode::Incremental).full, "there is no earlier run");
    assert!(!setup.run(Mode::Auto { full_every: day }).full);
    assert!(setup.run(Mode::Auto { full_every: std::time::Duration::ZERO }).full);
}

#[test]
fn a_time_zone_adds_the_times_in_utc() {
    let setup = Setup::new(10);
    let zone = TimeZone::get("America/New_York").unwrap();
    let install = Install::new("main", client(&setup.sandbox)).time_zone(zone.clone());
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    mirror.run(&install, &options(Mode::Full), &mut |_| ()).unwrap();
    let database = read(&setup.file());
    let mut select = database.prepare("SELECT lastreply, lastreply_utc FROM tickets").unwrap();
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    for (wall, utc) in rows.map(Result::unwrap) {
        let wall: jiff::civil::DateTime = wall.parse().unwrap();
        let utc: jiff::Timestamp = utc.parse().unwrap();
        assert_eq!(zone.to_datetime(utc), wall);
    }
}

#[test]
fn another_time_zone_computes_every_utc_time_again() {
    let setup = Setup::new(30);
    let run = |zone: &str| {
        let zone = TimeZone::get(zone).unwrap();
        let install = Install::new("main", client(&setup.sandbox)).time_zone(zone);
        Mirror::open(&setup.target())
            .unwrap()
            .run(&install, &options(Mode::Incremental), &mut |_| ())
            .unwrap()
    };
    run("Europe/London");
    let report = run("Asia/Tokyo");
    assert!(report.full, "{report:?}");
    assert_eq!((report.changed, report.new), (0, 0), "no ticket is different");
    let nine_hours = "SELECT count(*) FROM tickets WHERE julianday(lastreply) - julianday(lastreply_utc) BETWEEN 0.374 AND 0.376";
    assert_eq!(count(&setup.file(), nine_hours), 30);
    assert!(!run("Asia/Tokyo").full);
}

#[test]
fn every_view_can_be_read() {
    let setup = Setup::new(80);
    setup.run(Mode::Full);
    let store = setup.sandbox.store();
    let open = store
        .ids()
        .unwrap()
        .into_iter()
        .find(|id| store.get(*id).unwrap().unwrap().status.as_str() == "Open");
    let open = open.unwrap();
    store.close(open).unwrap();
    setup.run(Mode::Full);
    store.set_status(open, Status::from("Open")).unwrap();
    setup.run(Mode::Full);
    let file = setup.file();
    assert_eq!(count(&file, "SELECT sum(closed) FROM closed_by_day"), 1);
    assert_eq!(count(&file, "SELECT count(*) FROM reopened"), 1);
    assert_eq!(count(&file, "SELECT count(*) FROM first_status_change"), 1);
    assert_eq!(count(&file, "SELECT sum(opened) FROM opened_by_day"), 80);
    assert!(count(&file, "SELECT count(*) FROM open_tickets") > 0);
    assert!(count(&file, "SELECT count(*) FROM waiting_longest") > 0);
}
