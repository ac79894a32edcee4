//! The page of `stats --html`: a single self-contained file.
//!
//! It runs no script and loads nothing, and its content security policy forbids both. All text from a server is written
//! through [`Escaped`]. Every chart has a title, a description and a table with its numbers.

mod charts;
mod escape;

use std::fmt::Write as _;

use self::charts::{Bar, columns, horizontal};
use self::escape::Escaped;
use super::statistics::{Count, OldestWaiting, Source, Statistics, Week};
use super::words::{grouped, shares};
use crate::output::age;
use crate::output::clock::Clock;

const STYLE: &str = include_str!("style.css");
/// The maximum number of rows in a chart; the table below it has all rows.
const MAX_ROWS: usize = 12;

/// The whole page.
pub(crate) fn render(statistics: &Statistics) -> String {
    let mut out = String::with_capacity(32 << 10);
    head(&mut out);
    header(&mut out, statistics);
    out.push_str("<main>\n");
    tiles(&mut out, statistics);
    out.push_str("<div class=\"cards\">\n");
    week_card(&mut out, &statistics.by_week);
    counts_card(&mut out, "status", "Tickets by status", &statistics.by_status, status_color);
    counts_card(&mut out, "age", "Active tickets by age", &statistics.by_age, |_| "blue");
    counts_card(&mut out, "priority", "Tickets by priority", &statistics.by_priority, priority_color);
    counts_card(&mut out, "department", "Tickets by department", &statistics.by_department, |_| "violet");
    oldest_card(&mut out, &statistics.oldest_waiting, &statistics.clock);
    out.push_str("</div>\n</main>\n");
    out.push_str(
        "<footer><p>Active tickets are those that are not closed. A week counts as answered the tickets whose last \
         reply fell in it and that are now answered or closed; earlier answers are not in the list of tickets. \
         Made by gettickets.</p></footer>\n</body>\n</html>\n",
    );
    out
}

fn head(out: &mut String) {
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>Support tickets</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
}

fn header(out: &mut String, statistics: &Statistics) {
    let as_of = statistics.as_of.strftime("%-d %B %Y, %H:%M");
    let machine = statistics.as_of;
    let Source { server, filter } = &statistics.source;
    let _ = writeln!(
        out,
        "<header>\n<h1>Support tickets</h1>\n<p class=\"source\">{}, {}</p>\n\
         <p>As of <time datetime=\"{machine}\">{as_of}</time>, the install’s clock</p>\n</header>",
        Escaped(filter),
        Escaped(&without_scheme(server)),
    );
}

/// An address without its scheme, for reading. The page contains no address that a browser would load.
fn without_scheme(server: &str) -> String {
    server.replace("https://", "").replace("http://", "")
}

fn tiles(out: &mut String, statistics: &Statistics) {
    let longest = statistics.oldest_waiting.first();
    let longest = longest.map_or("–".to_owned(), |ticket| age::since(ticket.since, &statistics.clock));
    let tiles = [
        ("Tickets", grouped(statistics.tickets), ""),
        ("Active", grouped(statistics.active), ""),
        ("Waiting for an answer", grouped(statistics.waiting), "amber"),
        ("Longest wait", longest, ""),
    ];
    out.push_str("<dl class=\"tiles\">\n");
    for (name, value, class) in tiles {
        let _ = writeln!(out, "<div class=\"tile\"><dt>{name}</dt><dd class=\"{class}\">{value}</dd></div>");
    }
    out.push_str("</dl>\n");
}

fn counts_card(out: &mut String, id: &str, title: &str, counts: &[Count], color: fn(&str) -> &'static str) {
    let of = |counts: &[Count]| shares(&counts.iter().map(|one| one.count).collect::<Vec<_>>());
    let most = if counts.len() > MAX_ROWS + 1 { MAX_ROWS } else { counts.len() };
    let (shown, rest) = counts.split_at(most);
    let mut shown = shown.to_vec();
    if !rest.is_empty() {
        let count = rest.iter().map(|one| one.count).sum();
        shown.push(Count { name: format!("{} more", rest.len()), id: None, count });
    }
    let bars: Vec<Bar<'_>> = shown
        .iter()
        .zip(of(&shown))
        .enumerate()
        .map(|(row, (one, share))| {
            let color = if row < most { color(&one.name) } else { "grey" };
            Bar { name: &one.name, count: one.count, share, color }
        })
        .collect();
    let _ = writeln!(out, "<section class=\"card\">\n<h2>{title}</h2>");
    horizontal(out, id, title, &bars);
    out.push_str("<details><summary>Numbers</summary><div class=\"scroll\"><table><thead><tr>");
    let _ = write!(out, "<th scope=\"col\">Name</th><th scope=\"col\" class=\"right\">Tickets</th>");
    out.push_str("<th scope=\"col\" class=\"right\">Share</th></tr></thead><tbody>\n");
    for (one, share) in counts.iter().zip(of(counts)) {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"right\">{}</td><td class=\"right\">{}</td></tr>",
            Escaped(&one.name),
            grouped(one.count),
            Escaped(&share),
        );
    }
    out.push_str("</tbody></table></div></details>\n</section>\n");
}

fn week_card(out: &mut String, weeks: &[Week]) {
    let total = |count: fn(&Week) -> u64| grouped(weeks.iter().map(count).sum());
    let (opened, answered) = (total(|week| week.opened), total(|week| week.answered));
    let _ = writeln!(
        out,
        "<section class=\"card wide\">\n<h2>Opened and answered by week</h2>\n<div class=\"legend\">\
         <span><i class=\"opened\"></i>Opened: {opened}</span>\
         <span><i class=\"answered\"></i>Last answered: {answered}</span></div>"
    );
    columns(out, weeks);
    out.push_str(
        "<details><summary>Numbers</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Week from</th>\
         <th scope=\"col\" class=\"right\">Opened</th><th scope=\"col\" class=\"right\">Last answered</th></tr></thead><tbody>\n",
    );
    for week in weeks {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"right\">{}</td><td class=\"right\">{}</td></tr>",
            week.monday,
            grouped(week.opened),
            grouped(week.answered),
        );
    }
    out.push_str("</tbody></table></div></details>\n</section>\n");
}

fn oldest_card(out: &mut String, tickets: &[OldestWaiting], clock: &Clock) {
    out.push_str("<section class=\"card wide\">\n<h2>Waiting the longest</h2>\n");
    if tickets.is_empty() {
        out.push_str("<p>No ticket waits for an answer.</p>\n</section>\n");
        return;
    }
    out.push_str(
        "<div class=\"scroll\"><table class=\"stack\"><thead><tr><th scope=\"col\">Ticket</th><th scope=\"col\">Subject</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">Priority</th><th scope=\"col\">Since</th>\
         <th scope=\"col\" class=\"right\">Waiting</th></tr></thead><tbody>\n",
    );
    for ticket in tickets {
        let _ = writeln!(
            out,
            "<tr><td class=\"nowrap\" data-name=\"Ticket\">{}</td>\
             <td class=\"subject\" data-name=\"Subject\"><bdi>{}</bdi></td>\
             <td data-name=\"Status\"><span class=\"chip\">{}</span></td><td data-name=\"Priority\">{}</td>\
             <td class=\"nowrap\" data-name=\"Since\">{}</td><td class=\"right nowrap\" data-name=\"Waiting\">{}</td></tr>",
            Escaped(&ticket.tid),
            Escaped(&ticket.subject),
            Escaped(&ticket.status),
            Escaped(&ticket.priority),
            ticket.since.strftime("%Y-%m-%d %H:%M"),
            age::since(ticket.since, clock),
        );
    }
    out.push_str("</tbody></table></div>\n</section>\n");
}

fn status_color(status: &str) -> &'static str {
    match status {
        "Open" | "Customer-Reply" => "amber",
        "Answered" => "green",
        "Closed" => "grey",
        "On Hold" => "violet",
        _ => "blue",
    }
}

fn priority_color(priority: &str) -> &'static str {
    match priority {
        "High" => "red",
        "Medium" => "amber",
        "Low" => "green",
        _ => "blue",
    }
}
