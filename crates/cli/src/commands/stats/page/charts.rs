//! The charts of the page, as inline SVG: horizontal bars for names, columns for weeks.
//!
//! The page's style sheet sets colors and fonts, so the same drawing serves light and dark mode.

use std::fmt::Write as _;

use super::escape::Escaped;
use crate::commands::stats::statistics::Week;
use crate::commands::stats::words::{axis_end, grouped};
use crate::output::width;

/// One row of a chart of names.
pub(super) struct Bar<'a> {
    pub(super) name: &'a str,
    pub(super) count: u64,
    /// The share in percent.
    pub(super) share: String,
    /// The CSS class of the color.
    pub(super) color: &'static str,
}

/// The length of a bar for `count`, if `whole` fills `room`.
#[allow(clippy::cast_precision_loss, reason = "a drawing does not show the sixteenth digit")]
fn length(count: u64, whole: u64, room: f64) -> f64 {
    if whole == 0 { 0.0 } else { count as f64 / whole as f64 * room }
}

/// Horizontal bars, one below the other, with name, count and share.
pub(super) fn horizontal(out: &mut String, id: &str, title: &str, bars: &[Bar<'_>]) {
    const WIDTH: f64 = 420.0;
    const ROW: usize = 32;
    const NAMES: f64 = 136.0;
    const NUMBERS: f64 = 100.0;
    let room = WIDTH - NAMES - NUMBERS;
    let greatest = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    open(out, id, "", WIDTH, bars.len().max(1) * ROW);
    let described: Vec<String> =
        bars.iter().map(|bar| format!("{}: {}", bar.name, grouped(bar.count))).collect();
    describe(out, id, title, &described.join(", "));
    for (row, bar) in bars.iter().enumerate() {
        let (top, middle) = (row * ROW + 8, row * ROW + 21);
        let length = length(bar.count, greatest, room);
        let length = if bar.count > 0 { length.max(3.0) } else { 0.0 };
        let shown = width::cut(bar.name, 18);
        let _ = writeln!(
            out,
            "<g><title>{name}: {count}</title>\
             <text x=\"0\" y=\"{middle}\">{shown}</text>\
             <rect class=\"track\" x=\"{NAMES}\" y=\"{top}\" width=\"{room}\" height=\"16\" rx=\"4\"/>\
             <rect class=\"{color}\" x=\"{NAMES}\" y=\"{top}\" width=\"{length:.1}\" height=\"16\" rx=\"4\"/>\
             <text class=\"number\" x=\"{number}\" y=\"{middle}\" text-anchor=\"end\">{count}</text>\
             <text class=\"faint\" x=\"{WIDTH}\" y=\"{middle}\" text-anchor=\"end\">{share}</text></g>",
            name = Escaped(bar.name),
            count = grouped(bar.count),
            shown = Escaped(&shown),
            color = bar.color,
            number = WIDTH - 42.0,
            share = Escaped(&bar.share),
        );
    }
    out.push_str("</svg>\n");
}

/// Two columns for each week, opened and answered, above the dates of the Mondays.
pub(super) fn columns(out: &mut String, weeks: &[Week]) {
    // Phones show a different drawing, because this one scaled down would be illegible.
    for (id, class, width, every) in [("week", "broad", 1060.0, 1), ("week-narrow", "narrow", 420.0, 3)] {
        columns_of(out, weeks, id, class, width, every);
    }
}

/// The columns in a drawing of this width, with a label at every `every`-th week.
fn columns_of(out: &mut String, weeks: &[Week], id: &str, class: &str, width: f64, every: usize) {
    const LEFT: f64 = 52.0;
    const TOP: f64 = 10.0;
    const PLOT: f64 = 190.0;
    let title = "Opened and answered by week";
    let greatest = weeks.iter().map(|week| week.opened.max(week.answered)).max().unwrap_or(0);
    let end = axis_end(greatest);
    open(out, id, class, width, 232);
    let described = |week: &Week| {
        let (monday, opened, answered) = (week.monday, grouped(week.opened), grouped(week.answered));
        format!("week from {monday}: {opened} opened, {answered} last answered")
    };
    describe(out, id, title, &weeks.iter().map(described).collect::<Vec<_>>().join("; "));

    for mark in [0, end / 2, end] {
        let y = TOP + PLOT - length(mark, end, PLOT);
        let _ = writeln!(
            out,
            "<line class=\"rule\" x1=\"{LEFT}\" x2=\"{width}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"faint\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 10.0,
            y + 4.5,
            grouped(mark),
        );
    }
    let mut left = LEFT;
    let step = (width - LEFT) / f64::from(u32::try_from(weeks.len()).unwrap_or(1).max(1));
    let column = step * 0.32;
    for (index, week) in weeks.iter().enumerate() {
        let _ = writeln!(out, "<g><title>{}</title>", Escaped(&described(week)));
        let middle = left + step / 2.0;
        for (count, x, class) in
            [(week.opened, middle - column - 1.5, "opened"), (week.answered, middle + 1.5, "answered")]
        {
            let height = length(count, end, PLOT);
            let height = if count > 0 { height.max(2.0) } else { 0.0 };
            let corner = height.min(4.0);
            let (bottom, right) = (TOP + PLOT, x + column);
            let top = bottom - height;
            let _ = write!(
                out,
                "<path class=\"{class}\" d=\"M{x:.1} {bottom:.1}V{:.1}q0 -{corner:.1} {corner:.1} -{corner:.1}\
                 H{:.1}q{corner:.1} 0 {corner:.1} {corner:.1}V{bottom:.1}z\"/>",
                top + corner,
                right - corner,
            );
        }
        // The current week is labeled, and earlier weeks at equal distances.
        if (weeks.len() - 1 - index).is_multiple_of(every) {
            let name = week.monday.strftime("%-d %b");
            let _ = write!(
                out,
                "<text class=\"faint\" x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
                TOP + PLOT + 22.0,
            );
        }
        out.push_str("</g>\n");
        left += step;
    }
    out.push_str("</svg>\n");
}

fn open(out: &mut String, id: &str, class: &str, width: f64, height: usize) {
    let _ = write!(
        out,
        "<svg role=\"img\" class=\"{class}\" viewBox=\"0 0 {width} {height}\" aria-labelledby=\"{id}-title {id}-desc\">"
    );
}

fn describe(out: &mut String, id: &str, title: &str, description: &str) {
    let _ = writeln!(
        out,
        "<title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{}</desc>",
        Escaped(description)
    );
}
