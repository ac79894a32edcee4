//! The progress bar of an export: on stderr, and only where someone sees it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::style;

/// How far an export is, for the person who waits for it.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Begins at this many tickets, which an interrupted export brought along.
    pub(crate) fn new(tickets: u64) -> Progress {
        let bar = ProgressBar::no_length().with_position(tickets);
        if style::stderr_is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_style(counting());
            // A slow server must not look like a halt.
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The rate and the time left are of this run alone.
        bar.reset_eta();
        Progress { bar }
    }

    /// Shows nothing.
    #[cfg(test)]
    pub(crate) fn hidden() -> Progress {
        Progress { bar: ProgressBar::hidden() }
    }

    /// So many tickets are there, of as many as the server counts.
    pub(crate) fn at(&self, tickets: u64, total: Option<u64>) {
        if let Some(total) = total
            && self.bar.length() != Some(total.max(tickets))
        {
            self.bar.set_length(total.max(tickets));
            self.bar.set_style(measured());
        }
        self.bar.set_position(tickets);
    }

    /// Takes the bar away; what is said next stands in its place.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn counting() -> ProgressStyle {
    style_of("{spinner} {human_pos} tickets  {per_sec}")
}

fn measured() -> ProgressStyle {
    style_of("{spinner} {wide_bar:.cyan/dim} {human_pos} of {human_len} tickets  {per_sec}  {eta} left")
}

/// A template of ours that had a mistake would fall back to the library's own.
fn style_of(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━━╌").with_key(
        "per_sec",
        |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
            // Whoever formats a progress bar has nowhere to report to.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        },
    )
}
