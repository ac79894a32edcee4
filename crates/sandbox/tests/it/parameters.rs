//! Each of the eight parameters, compared with the known tickets of the sandbox.

use gettickets_protocol::{GetTickets, Status, StatusFilter, Ticket};
use gettickets_sandbox::{ConfiguredStatus, Sandbox};

use crate::client::{ask, ask_raw, generated, ids, ids_where};

const COUNT: u64 = 3_000;

fn sandbox() -> Sandbox {
    Sandbox::builder().tickets(COUNT).start().unwrap()
}

/// Requests every matching ticket, and compares ids and the total.
fn assert_matches(sandbox: &Sandbox, request: &GetTickets, expected: &[u64]) {
    let request = GetTickets { limitnum: Some(COUNT), ..request.clone() };
    let page = ask(sandbox, &request).page();
    assert_eq!(ids(&page), expected, "{request:?}");
    assert_eq!(page.totalresults(), Some(expected.len() as u64), "{request:?}");
    // The same page by page, which uses another path through the store.
    let mut paged = Vec::new();
    for start in (0..expected.len() as u64 + 7).step_by(97) {
        let request = GetTickets { limitstart: Some(start), limitnum: Some(97), ..request.clone() };
        paged.extend(ids(&ask(sandbox, &request).page()));
    }
    assert_eq!(paged, expected, "{request:?} in pages");
}

#[test]
fn the_default_page_has_the_25_newest_tickets() {
    let sandbox = sandbox();
    let all = ids_where(&generated(COUNT), |_| true);
    let page = ask(&sandbox, &GetTickets::default()).page();
    assert_eq!(ids(&page), all[..25]);
    assert_eq!(
        (page.totalresults(), page.startnumber(), page.numreturned()),
        (Some(COUNT), Some(0), Some(25))
    );
    assert_matches(&sandbox, &GetTickets::default(), &all);
}

#[test]
fn limitstart_and_limitnum_are_parsed_leniently_as_in_php() {
    let sandbox = sandbox();
    let all = ids_where(&generated(COUNT), |_| true);
    for (parameters, expected) in [
        ("limitstart=10&limitnum=5", 10..15),
        ("limitstart=10", 10..35),
        ("limitnum=0", 0..25),
        ("limitnum=", 0..25),
        ("limitnum=7abc", 0..7),
        ("limitstart=-5&limitnum=3", 0..3),
        ("limitstart=x&limitnum=+4", 0..4),
        ("limitstart=2990", 2_990..3_000),
        ("limitstart=99999999999999999999999", 0..0),
    ] {
        let page = ask_raw(&sandbox, parameters).page();
        assert_eq!(ids(&page), all[expected], "{parameters}");
        assert_eq!(page.totalresults(), Some(COUNT), "{parameters}");
    }
}

#[test]
fn every_ticket_is_sent_as_it_was_generated() {
    let sandbox = sandbox();
    let page = ask(&sandbox, &GetTickets { limitnum: Some(COUNT), ..GetTickets::default() }).page();
    let arrived: Vec<Ticket> = page.iter().map(|ticket| ticket.to_ticket()).collect();
    assert_eq!(arrived, generated(COUNT));
}

#[test]
fn each_filter_selects_the_expected_tickets() {
    let sandbox = sandbox();
    let tickets = generated(COUNT);
    let none = GetTickets::default;
    for department in 1..=5 {
        let expected = ids_where(&tickets, |ticket| ticket.deptid == department);
        assert_matches(&sandbox, &GetTickets { deptid: Some(department), ..none() }, &expected);
    }
    for client in [1, 7, 100, 1_000_000] {
        let expected = ids_where(&tickets, |ticket| ticket.userid == client);
        assert_matches(&sandbox, &GetTickets { clientid: Some(client), ..none() }, &expected);
    }
    let guest = tickets.iter().find(|ticket| ticket.userid == 0).unwrap().email.clone();
    let expected = ids_where(&tickets, |ticket| ticket.userid == 0 && ticket.email == guest);
    for email in [guest.clone(), guest.to_uppercase()] {
        assert_matches(&sandbox, &GetTickets { email: Some(email), ..none() }, &expected);
    }
    for status in ["Open", "closed", "On Hold", "No such status"] {
        let expected = ids_where(&tickets, |ticket| ticket.status.as_str().eq_ignore_ascii_case(status));
        assert_matches(&sandbox, &GetTickets { status: Some(status.into()), ..none() }, &expected);
    }
    let both = GetTickets { deptid: Some(2), status: Some("Answered".into()), ..none() };
    let expected = ids_where(&tickets, |ticket| ticket.deptid == 2 && ticket.status == Status::Answered);
    assert_matches(&sandbox, &both, &expected);
}

#[test]
fn the_special_words_follow_the_configured_statuses_and_the_api_user() {
    let tickets = generated(COUNT);
    let words = |status| GetTickets { status: Some(status), ..GetTickets::default() };
    let awaiting =
        ids_where(&tickets, |ticket| matches!(ticket.status, Status::Open | Status::CustomerReply));
    let active = ids_where(&tickets, |ticket| ticket.status != Status::Closed);
    let flagged = ids_where(&tickets, |ticket| ticket.flag == 3);
    let sandbox = Sandbox::builder().tickets(COUNT).admin_id(3).start().unwrap();
    assert_matches(&sandbox, &words(StatusFilter::AwaitingReply), &awaiting);
    assert_matches(&sandbox, &words(StatusFilter::AllActive), &active);
    assert_matches(&sandbox, &words(StatusFilter::MyFlagged), &flagged);

    let other = [ConfiguredStatus::new("On Hold").awaiting_reply(), ConfiguredStatus::new("Closed").active()];
    let sandbox = Sandbox::builder().tickets(COUNT).statuses(other).start().unwrap();
    let on_hold = ids_where(&tickets, |ticket| ticket.status == Status::OnHold);
    let closed = ids_where(&tickets, |ticket| ticket.status == Status::Closed);
    assert_matches(&sandbox, &words(StatusFilter::AwaitingReply), &on_hold);
    assert_matches(&sandbox, &words(StatusFilter::AllActive), &closed);
}

#[test]
fn departments_restrict_tickets_unless_ignored() {
    let sandbox = Sandbox::builder().tickets(COUNT).departments([2, 3]).start().unwrap();
    let tickets = generated(COUNT);
    let none = GetTickets::default;
    let members = ids_where(&tickets, |ticket| matches!(ticket.deptid, 2 | 3));
    let all = ids_where(&tickets, |_| true);
    let first = ids_where(&tickets, |ticket| ticket.deptid == 1);
    let second = ids_where(&tickets, |ticket| ticket.deptid == 2);
    let ignoring = |ignore| GetTickets { ignore_dept_assignments: Some(ignore), ..none() };
    assert_matches(&sandbox, &none(), &members);
    assert_matches(&sandbox, &ignoring(false), &members);
    assert_matches(&sandbox, &ignoring(true), &all);
    assert_matches(&sandbox, &GetTickets { deptid: Some(1), ..none() }, &[]);
    assert_matches(&sandbox, &GetTickets { deptid: Some(2), ..none() }, &second);
    assert_matches(&sandbox, &GetTickets { deptid: Some(1), ..ignoring(true) }, &first);
    for (spelling, total) in [
        ("1", all.len()),
        ("true", all.len()),
        ("on", all.len()),
        ("0", members.len()),
        ("", members.len()),
        ("false", members.len()),
    ] {
        let page = ask_raw(&sandbox, &format!("ignore_dept_assignments={spelling}")).page();
        assert_eq!(page.totalresults(), Some(total as u64), "{spelling:?}");
    }
    // A client whose tickets are all in other departments appears to have none.
    let elsewhere = tickets.iter().find(|ticket| {
        let same = tickets.iter().filter(|other| other.userid == ticket.userid);
        ticket.userid > 0 && same.clone().all(|ticket| ticket.deptid == 1)
    });
    let client = GetTickets { clientid: elsewhere.map(|ticket| ticket.userid), ..none() };
    assert!(ask(&sandbox, &client).page().is_empty());
    let client = GetTickets { ignore_dept_assignments: Some(true), ..client };
    assert!(!ask(&sandbox, &client).page().is_empty());
}

#[test]
fn subjects_match_approximately() {
    let titled = |id, subject: &str| Ticket { id, subject: subject.into(), ..Ticket::default() };
    let tickets = vec![
        titled(4, "Renée&#039;s INVOICE is 100% wrong"),
        titled(3, "Tom &amp; Jerry_s invoice"),
        titled(2, "Straße"),
        titled(1, "&lt;b&gt;"),
    ];
    let sandbox = Sandbox::builder().load(tickets).start().unwrap();
    for (subject, expected) in [
        ("invoice", &[4, 3][..]),
        ("renee", &[4]),
        ("Renée's", &[4]),
        ("tom & j", &[3]),
        ("Tom &amp; J", &[3]),
        ("100%", &[4]),
        ("%", &[4]),
        ("_", &[3]),
        ("STRASSE", &[2]),
        ("<b>", &[1]),
        ("'; DROP TABLE ticket; --", &[]),
        ("", &[4, 3, 2, 1]),
    ] {
        assert_matches(
            &sandbox,
            &GetTickets { subject: Some(subject.into()), ..GetTickets::default() },
            expected,
        );
    }
}
