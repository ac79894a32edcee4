//! The charts in the terminal: bars of block characters, or of ASCII.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::statistics::{Count, OldestWaiting, Statistics, Week};
use super::words::{axis_end, grouped, shares};
use crate::output::clock::Clock;
use crate::output::{age, sanitize, style, width};

/// What the terminal can display.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// In columns.
    pub(crate) width: usize,
    pub(crate) unicode: bool,
    pub(crate) color: bool,
}

/// The minimum width in columns.
const NARROWEST: usize = 40;
/// The maximum width in columns: wider bars are not easier to compare.
const WIDEST: usize = 100;
/// The maximum number of rows in a chart; the rest are summed in one row.
const MAX_ROWS: usize = 12;
/// The height of the chart by week, in lines.
const HEIGHT: u64 = 8;

const ACROSS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const UPWARDS: [&str; 8] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"];

const OPENED: Style = AnsiColor::Cyan.on_default();
const ANSWERED: Style = AnsiColor::Green.on_default();
const NEUTRAL: Style = AnsiColor::Blue.on_default();

/// All charts, one below the other. Each line ends in a line feed.
pub(crate) fn render(statistics: &Statistics, look: Look) -> String {
    let look = Look { width: look.width.clamp(NARROWEST, WIDEST), ..look };
    let mut out = String::new();
    headline(&mut out, statistics, look);
    if statistics.tickets == 0 {
        return out;
    }
    bars(&mut out, "By status", &statistics.by_status, look, |name| style::of_status(&name.into()));
    bars(&mut out, "By priority", &statistics.by_priority, look, |name| style::of_priority(&name.into()));
    bars(&mut out, "By department", &statistics.by_department, look, |_| NEUTRAL);
    bars(&mut out, "Active tickets by age", &statistics.by_age, look, |_| NEUTRAL);
    weeks(&mut out, &statistics.by_week, look);
    oldest(&mut out, &statistics.oldest_waiting, &statistics.clock, look);
    out
}

fn headline(out: &mut String, statistics: &Statistics, look: Look) {
    let dot = if look.unicode { "·" } else { "-" };
    let (tickets, active, waiting) = (statistics.tickets, statistics.active, statistics.waiting);
    let short = format!(
        "{} tickets {dot} {} active {dot} {} waiting",
        grouped(tickets),
        grouped(active),
        grouped(waiting)
    );
    let whole = format!("{short} for an answer");
    line_of(out, look, style::BOLD, if width::of(&whole) <= look.width { &whole } else { &short });
    let as_of = statistics.as_of.strftime("%Y-%m-%d %H:%M");
    line_of(out, look, style::DIM, &format!("As of {as_of}, the install's clock"));
    let source = &statistics.source;
    line_of(out, look, style::DIM, &format!("{}, {}", source.filter, source.server));
}

fn bars(out: &mut String, title: &str, counts: &[Count], look: Look, ink: impl Fn(&str) -> Style) {
    heading(out, title, look);
    let rest = counts.get(MAX_ROWS..).filter(|rest| rest.len() > 1).map(|rest| Count {
        name: format!("{} more", rest.len()),
        id: None,
        count: rest.iter().map(|one| one.count).sum(),
    });
    let shown = if rest.is_some() { MAX_ROWS } else { counts.len() };
    let rows: Vec<&Count> = counts.iter().take(shown).chain(&rest).collect();
    let shares = shares(&rows.iter().map(|row| row.count).collect::<Vec<_>>());
    let greatest = rows.iter().map(|row| row.count).max().unwrap_or(0);

    let labels: Vec<String> = rows.iter().map(|row| label(&row.name, look.width / 3, look)).collect();
    let label_width = labels.iter().map(|label| width::of(label)).max().unwrap_or(0);
    let counts: Vec<String> = rows.iter().map(|row| grouped(row.count)).collect();
    let count_width = counts.iter().map(String::len).max().unwrap_or(0);
    // Two columns on the left, one between bar and label, three around the count, four for the share.
    let room = look.width.saturating_sub(2 + label_width + 1 + 2 + count_width + 1 + 4) as u64;

    for (((row, label), count), share) in rows.iter().zip(&labels).zip(&counts).zip(&shares) {
        let bar = bar(row.count, greatest, room, look);
        let padding = " ".repeat(label_width - width::of(label));
        let _ = write!(out, "  {label}{padding} ");
        paint(out, look, ink(&row.name), &bar);
        let to_number =
            " ".repeat((room as usize).saturating_sub(width::of(&bar)) + 2 + count_width - count.len());
        let _ = write!(out, "{to_number}{count} ");
        paint(out, look, style::DIM, &format!("{share:>4}"));
        out.push('\n');
    }
}

/// A bar, in eighths of a column. A count above 0 is always visible.
fn bar(count: u64, greatest: u64, room: u64, look: Look) -> String {
    if count == 0 || greatest == 0 {
        return String::new();
    }
    let eighths = u128::from(count) * u128::from(room) * 8 / u128::from(greatest);
    let eighths = usize::try_from(eighths).unwrap_or(0).max(1);
    if look.unicode {
        "█".repeat(eighths / 8) + ACROSS.get(eighths % 8).unwrap_or(&"")
    } else {
        "#".repeat((eighths / 8).max(1))
    }
}

fn weeks(out: &mut String, weeks: &[Week], look: Look) {
    heading(out, "Opened and answered by week", look);
    let greatest = weeks.iter().map(|week| week.opened.max(week.answered)).max().unwrap_or(0);
    let end = axis_end(greatest);
    let axis: Vec<String> = [end, end / 2, 0].iter().map(|count| grouped(*count)).collect();
    let axis_width = axis.iter().map(String::len).max().unwrap_or(0);
    // Each week has two bars of one, two or three columns and a gap; if not all fit, the latest weeks are shown.
    let room = look.width.saturating_sub(2 + axis_width + 2);
    let weeks = weeks.get(weeks.len().saturating_sub(room / 3)..).unwrap_or_default();
    let column = ((room / weeks.len().max(1)).saturating_sub(1) / 2).clamp(1, 3);
    let (wall, corner, floor) = if look.unicode { ("┤", "┼", "─") } else { ("|", "+", "-") };

    for line in (0..HEIGHT).rev() {
        let mark = match line {
            line if line == HEIGHT - 1 => axis.first(),
            line if line == HEIGHT / 2 - 1 => axis.get(1),
            _ => None,
        };
        let _ = write!(out, "  {:>axis_width$} ", mark.map_or("", String::as_str));
        paint(out, look, style::DIM, if mark.is_some() || !look.unicode { wall } else { "│" });
        for week in weeks {
            out.push(' ');
            paint(out, look, OPENED, &cell(week.opened, end, line, "#", false, look).repeat(column));
            paint(
                out,
                look,
                ANSWERED,
                &cell(week.answered, end, line, ":", !look.color, look).repeat(column),
            );
        }
        trim(out);
        out.push('\n');
    }
    let _ = write!(out, "  {:>axis_width$} ", "0");
    let floor = format!("{corner}{}", floor.repeat((2 * column + 1) * weeks.len()));
    paint(out, look, style::DIM, &floor);
    out.push('\n');
    week_names(out, weeks, 2 + axis_width + 2, 2 * column + 1, look);
    legend(out, weeks, look);
}

/// One line of a column, whose height is counted in eighths of a line.
fn cell(count: u64, end: u64, line: u64, ascii: &str, shaded: bool, look: Look) -> String {
    let eighths = u128::from(count) * u128::from(HEIGHT * 8) / u128::from(end.max(1));
    let eighths = if count > 0 { eighths.max(1) } else { 0 };
    let above = usize::try_from(eighths.saturating_sub(u128::from(line) * 8)).unwrap_or(0);
    let cell = match (above, look.unicode) {
        (0, _) => " ",
        (_, false) => ascii,
        // Without color the two series differ by their shade, which has no partial blocks.
        (_, true) if shaded => "░",
        (8.., true) => "█",
        (part, true) => UPWARDS.get(part).copied().unwrap_or(" "),
    };
    cell.to_owned()
}

/// The dates of Mondays below the columns, as many as fit.
fn week_names(out: &mut String, weeks: &[Week], indent: usize, step: usize, look: Look) {
    const NAME: usize = "23 Nov".len();
    // One space between two dates, and room to move the last one off the edge.
    let every = (NAME + 4).div_ceil(step.max(1));
    let mut line = " ".repeat(indent);
    // The current week is labeled, and earlier weeks at equal distances.
    for (index, week) in weeks.iter().enumerate() {
        if (weeks.len() - 1 - index).is_multiple_of(every) {
            let place = (indent + index * step + 1).min(look.width - NAME);
            let name = week.monday.strftime("%d %b").to_string();
            line.push_str(&" ".repeat(place.saturating_sub(line.len())));
            line.push_str(&name);
        }
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn legend(out: &mut String, weeks: &[Week], look: Look) {
    let total = |count: fn(&Week) -> u64| grouped(weeks.iter().map(count).sum());
    let (opened, answered) = match (look.unicode, look.color) {
        (true, true) => ("■", "■"),
        (true, false) => ("█", "░"),
        (false, _) => ("#", ":"),
    };
    out.push_str("  ");
    paint(out, look, OPENED, opened);
    let _ = write!(out, " opened {}   ", total(|week| week.opened));
    paint(out, look, ANSWERED, answered);
    let _ = writeln!(out, " last answered {}", total(|week| week.answered));
}

fn oldest(out: &mut String, tickets: &[OldestWaiting], clock: &Clock, look: Look) {
    if tickets.is_empty() {
        return;
    }
    heading(out, "Waiting the longest", look);
    let waited: Vec<String> = tickets.iter().map(|ticket| age::since(ticket.since, clock)).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let tids: Vec<String> = tickets.iter().map(|ticket| label(&ticket.tid, 14, look)).collect();
    let statuses: Vec<String> = tickets.iter().map(|ticket| label(&ticket.status, 16, look)).collect();
    let waited_width = widest(&mut waited.iter().map(String::len));
    let tid_width = widest(&mut tids.iter().map(|tid| width::of(tid)));
    let status_width = widest(&mut statuses.iter().map(|status| width::of(status)));
    let room = look.width.saturating_sub(2 + waited_width + 2 + tid_width + 2 + status_width + 2);

    for (((ticket, waited), tid), status) in tickets.iter().zip(&waited).zip(&tids).zip(&statuses) {
        let _ = write!(out, "  ");
        paint(out, look, style::PLAIN, &format!("{waited:>waited_width$}"));
        let _ = write!(out, "  {tid}{}  ", " ".repeat(tid_width - width::of(tid)));
        paint(out, look, style::DIM, status);
        let _ = write!(
            out,
            "{}  {}",
            " ".repeat(status_width - width::of(status)),
            label(&ticket.subject, room, look)
        );
        trim(out);
        out.push('\n');
    }
}

fn heading(out: &mut String, title: &str, look: Look) {
    out.push('\n');
    line_of(out, look, style::BOLD, title);
}

fn line_of(out: &mut String, look: Look, ink: Style, text: &str) {
    paint(out, look, ink, &label(text, look.width, look));
    out.push('\n');
}

fn paint(out: &mut String, look: Look, ink: Style, text: &str) {
    if !look.color || text.trim().is_empty() {
        out.push_str(text);
    } else {
        let _ = write!(out, "{ink}{text}{ink:#}");
    }
}

/// Removes trailing spaces from the last line.
fn trim(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
}

/// A text from the server, sanitized and shortened.
fn label(text: &str, most: usize, look: Look) -> String {
    let safe = width::cut(&sanitize::line(text), most).into_owned();
    if look.unicode {
        return safe;
    }
    let ascii = |letter: char| match letter {
        '…' => '~',
        letter if letter.is_ascii() => letter,
        _ => '?',
    };
    safe.chars().map(ascii).collect()
}
