//! Claims about the figures and their charts.

use gettickets_protocol::{DateTime, Ticket, Tickets, Version};
use jiff::civil::datetime;

use super::statistics::{Source, Statistics};
use super::tally::{MAX_OLDEST, Tally};
use super::terminal::Look;
use super::{page, terminal};
use crate::output::clock::Clock;

/// A Tuesday.
const NOW: DateTime = datetime(2026, 11, 24, 12, 0, 0, 0);
const PLAIN: Look = Look { width: 60, unicode: true, color: false };

fn statistics(tickets: &[Ticket]) -> Statistics {
    statistics_at(NOW.into(), tickets)
}

fn statistics_at(clock: Clock, tickets: &[Ticket]) -> Statistics {
    let mut tally = Tally::new(Tally::default_waiting(), clock);
    Tickets::new(tickets, Version::V8_0).iter().for_each(|ticket| tally.add(ticket));
    let source = Source { server: "https://a.example/".into(), filter: "all tickets".into() };
    Statistics::new(tally, source)
}

fn ticket(id: u64, status: &str, opened: DateTime, replied: DateTime) -> Ticket {
    Ticket {
        id,
        tid: format!("{id:06}"),
        deptid: 1 + id % 2,
        status: status.to_owned().into(),
        date: Some(opened),
        lastreply: Some(replied),
        subject: "Tom &amp; Jerry".into(),
        ..Ticket::default()
    }
}

fn some() -> Vec<Ticket> {
    let at = |month, day| datetime(2026, month, day, 12, 0, 0, 0);
    vec![
        ticket(1, "Open", at(11, 24), at(11, 24)),
        ticket(2, "Customer-Reply", at(11, 1), at(11, 22)),
        ticket(3, "Answered", at(11, 10), at(11, 23)),
        ticket(4, "Closed", at(1, 1), at(11, 16)),
        ticket(5, "On Hold", at(3, 1), at(3, 2)),
        ticket(6, "Open", at(2, 1), at(2, 1)),
    ]
}

#[test]
fn tickets_are_counted_by_their_properties() {
    let found = statistics(&some());
    assert_eq!((found.tickets, found.active, found.waiting), (6, 5, 3));
    let counts = |list: &[super::statistics::Count]| -> Vec<(String, u64)> {
        list.iter().filter(|one| one.count > 0).map(|one| (one.name.clone(), one.count)).collect()
    };
    let pairs = |list: &[(&str, u64)]| {
        list.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Vec<_>>()
    };
    assert_eq!(
        counts(&found.by_status),
        pairs(&[("Open", 2), ("Answered", 1), ("Closed", 1), ("Customer-Reply", 1), ("On Hold", 1)])
    );
    assert_eq!(counts(&found.by_department), pairs(&[("Department 1", 3), ("Department 2", 3)]));
    assert_eq!(
        counts(&found.by_age),
        pairs(&[("under a day", 1), ("1 to 4 weeks", 2), ("3 to 12 months", 2)])
    );
}

#[test]
fn weeks_begin_on_monday_and_end_with_the_running_one() {
    let found = statistics(&some());
    let weeks: Vec<_> =
        found.by_week.iter().map(|week| (week.monday.to_string(), week.opened, week.answered)).collect();
    assert_eq!(weeks.len(), 12);
    assert_eq!(weeks[11], ("2026-11-23".to_owned(), 1, 1));
    assert_eq!(weeks[10], ("2026-11-16".to_owned(), 0, 1));
    assert_eq!(weeks[9], ("2026-11-09".to_owned(), 1, 0));
    assert_eq!(weeks[0].0, "2026-09-07");
}

#[test]
fn a_day_is_24_hours_to_the_second() {
    const HOUR: i64 = 3600;
    for (seconds, name) in [
        (0, "under a day"),
        (24 * HOUR - 1, "under a day"),
        (24 * HOUR, "1 to 3 days"),
        (72 * HOUR - 1, "1 to 3 days"),
        (72 * HOUR, "3 to 7 days"),
    ] {
        // At half past, where whole hours of two clocks would be one off.
        let now = NOW.with().minute(30).build().unwrap();
        let opened = now.saturating_sub(jiff::Span::new().seconds(seconds));
        let found = statistics_at(now.into(), &[ticket(1, "Open", opened, opened)]);
        let range = found.by_age.iter().find(|one| one.count == 1).unwrap();
        assert_eq!(range.name, name, "{seconds} s");
    }
}

#[test]
fn one_ticket_dated_years_ahead_does_not_move_the_charts() {
    let mut tickets = some();
    tickets.push(ticket(9, "Open", datetime(2036, 1, 1, 0, 0, 0, 0), datetime(2036, 1, 1, 0, 0, 0, 0)));
    let found = statistics(&tickets);
    assert_eq!(found.as_of, NOW);
    assert_eq!(found.by_week[11].opened, 1);
}

#[test]
fn the_longest_waiting_are_listed_in_order() {
    let day = |day| datetime(2026, 10, day, 0, 0, 0, 0);
    let tickets: Vec<Ticket> =
        (0..31u8).map(|n| n * 7 % 31 + 1).map(|n| ticket(n.into(), "Open", day(1), day(n as i8))).collect();
    let found = statistics(&tickets);
    let ids: Vec<u64> = found.oldest_waiting.iter().map(|one| one.id).collect();
    assert_eq!(ids, (1..=MAX_OLDEST as u64).collect::<Vec<_>>());
    assert_eq!(found.oldest_waiting[0].hours, 54 * 24 + 12);
}

#[test]
fn a_server_clock_ahead_causes_no_negative_age() {
    let ahead = NOW.saturating_add(jiff::Span::new().hours(5));
    let found = statistics(&[ticket(1, "Open", ahead, ahead)]);
    assert_eq!((found.as_of, found.oldest_waiting[0].hours), (ahead, 0));
}

#[test]
fn missing_dates_are_counted() {
    let undated = Ticket { date: None, lastreply: None, ..Ticket::default() };
    let found = statistics(&[undated]);
    assert_eq!(found.by_age.last().map(|one| (one.name.as_str(), one.count)), Some(("no date", 1)));
    assert_eq!((found.waiting, found.oldest_waiting.len()), (1, 0));
}

#[test]
fn the_number_of_statuses_is_bounded() {
    let tickets: Vec<Ticket> =
        (0..2_000).map(|n| Ticket { status: format!("s{n:04}").into(), ..Ticket::default() }).collect();
    let found = statistics(&tickets);
    assert_eq!(found.by_status.len(), 501);
    assert_eq!(found.by_status.iter().map(|one| one.count).sum::<u64>(), 2_000);
    assert!(terminal::render(&found, PLAIN).lines().count() < 80);
    assert!(page::render(&found).len() < 200_000);
}

#[test]
fn charts_in_the_terminal() {
    insta::assert_snapshot!(terminal::render(&statistics(&some()), PLAIN));
    let ascii = Look { unicode: false, width: 44, ..PLAIN };
    insta::assert_snapshot!("ascii", terminal::render(&statistics(&some()), ascii));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = "Ein sehr langer Status, \u{1b}[2J日本語日本語日本語日本語日本語 und noch mehr davon";
    let mut tickets = some();
    tickets.push(Ticket { subject: long.repeat(3), ..ticket(7, long, NOW, NOW) });
    tickets.push(Ticket { subject: long.repeat(3), tid: long.into(), ..ticket(8, "Open", NOW, NOW) });
    let found = statistics(&tickets);
    for unicode in [true, false] {
        for width in 40..=110 {
            let look = Look { width, unicode, color: false };
            let chart = terminal::render(&found, look);
            for line in chart.lines() {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
            }
            assert!(unicode || chart.is_ascii());
            assert!(!chart.contains('\u{1b}'));
        }
    }
}

#[test]
fn no_tickets_are_not_an_error() {
    let found = statistics(&[]);
    assert!(terminal::render(&found, PLAIN).starts_with("0 tickets"));
    assert!(page::render(&found).contains("No ticket waits"));
}

#[test]
fn the_page_is_well_formed_and_self_contained() {
    let hostile = "</title><script>alert(1)</script>\"'\u{202e}\u{0}";
    let mut tickets = some();
    tickets.push(Ticket {
        subject: hostile.into(),
        tid: hostile.into(),
        priority: hostile.to_owned().into(),
        extra: [("deptname".to_owned(), hostile.into())].into_iter().collect(),
        ..ticket(7, "Open", NOW, NOW)
    });
    tickets.push(ticket(8, hostile, NOW, NOW));
    let page = page::render(&statistics(&tickets));
    assert!(page.contains("<p class=\"source\">all tickets, a.example/</p>"));
    assert!(!page.contains("<script") && !page.contains("javascript:"));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url("), "no resource");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'));
    assert_balanced(&page);
    for id in ["status", "priority", "department", "age", "week", "week-narrow"] {
        assert!(page.contains(&format!("<title id=\"{id}-title\">")), "{id} has a title");
        assert!(page.contains(&format!("<desc id=\"{id}-desc\">")), "{id} has a description");
    }
    assert_eq!(page.matches("<svg").count(), 6, "the weeks are drawn twice");
    assert_eq!(page.matches("<details>").count(), 5, "each chart has its numbers as a table");
}

/// Holds that every tag that opens is closed in turn.
fn assert_balanced(page: &str) {
    let mut open = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !tag.starts_with('!') && !tag.ends_with('/') && name != "meta" {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
