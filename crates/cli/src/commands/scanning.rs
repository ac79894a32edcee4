//! Scans: their options, their progress on a terminal, and the messages of their report.

use std::fmt::Write;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gettickets::scan::{ScanFinding, ScanReport, UnreadableTicket};
use gettickets::{Finding, FindingKind, Scan, ScanStatus};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::ScanArgs;
use crate::connect;
use crate::exit;
use crate::output::{self, style};

/// The maximum number of tickets in one message.
const MAX_SHOWN: usize = 8;
/// How often the progress is updated.
pub(crate) const TICK: Duration = Duration::from_millis(150);
/// The delay before a wait is shown.
const FIRST_TICK: Duration = Duration::from_secs(1);

/// Applies the options of the command line to a scan.
pub(crate) fn configured(mut scan: Scan, args: &ScanArgs) -> Scan {
    if let Some(jobs) = args.jobs {
        scan = scan.concurrency(jobs.into());
    }
    if let Some(most) = args.max_requests {
        scan = scan.max_requests(most);
    }
    if let Some(most) = args.max_tickets {
        scan = scan.max_tickets(most);
    }
    scan.skip_unreadable(args.skip_unreadable).allow_count_mismatch(args.allow_count_mismatch)
}

/// Prints what the report of a scan says about the tickets: deviations, warnings, tickets without a date.
pub(crate) fn print_report(report: &ScanReport) {
    print_report_of("", report);
}

/// As [`print_report`], with a prefix such as `berlin: ` before each message.
pub(crate) fn print_report_of(prefix: &str, report: &ScanReport) {
    report.findings.iter().for_each(|finding| print_finding(prefix, finding));
    if report.undated > 0 {
        let count = report.undated;
        exit::warn(format!(
            "{prefix}{count} {} no readable time, and {} listed regardless of --updated-since",
            if count == 1 { "ticket has" } else { "tickets have" },
            if count == 1 { "is" } else { "are" },
        ));
    }
    report.warnings.iter().for_each(|warning| exit::warn(format!("{prefix}{}", connect::hint(warning))));
}

/// Prints the deviations of single pages.
pub(crate) fn print_findings(findings: &[Finding]) {
    print_findings_of("", findings);
}

/// As [`print_findings`], with a prefix before each message.
pub(crate) fn print_findings_of(prefix: &str, findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.kind != FindingKind::MissingTickets) {
        print_finding(prefix, &finding.into());
    }
}

fn print_finding(prefix: &str, finding: &ScanFinding) {
    let text = format!("{prefix}{}", deviation(finding));
    if changes_values(finding.kind) { exit::warn(text) } else { exit::note(text) }
}

/// Whether a deviation changes or removes a value. Other deviations concern only notation.
pub(crate) fn changes_values(kind: FindingKind) -> bool {
    use FindingKind as Kind;
    matches!(
        kind,
        Kind::CountMismatch
            | Kind::MissingTickets
            | Kind::MissingField
            | Kind::EmptyNumber
            | Kind::UnreadableDate
            | Kind::DuplicateKey
            | Kind::ReplacedBytes
            | Kind::UnreadKey
            | Kind::FlatList
    )
}

/// Describes a deviation, such as `a date cannot be read; it is kept as text (date): 3 times, in tickets 7, 9`.
pub(crate) fn deviation(finding: &ScanFinding) -> String {
    let ScanFinding { kind, field, count, ids, detail, .. } = finding;
    let mut text = kind.to_string();
    if let Some(field) = field {
        // Writing to a string cannot fail.
        let _ = write!(text, " ({field})");
    }
    let _ = write!(text, ": {count} {}", if *count == 1 { "time" } else { "times" });
    if let Some((first, others)) = ids.split_first() {
        let _ = write!(text, ", in {} {first}", if others.is_empty() { "ticket" } else { "tickets" });
        for id in others.iter().take(MAX_SHOWN - 1) {
            let _ = write!(text, ", {id}");
        }
        if others.len() >= MAX_SHOWN {
            text.push_str(", …");
        }
    }
    if let Some(detail) = detail {
        let _ = write!(text, "; the first: {detail}");
    }
    text
}

/// Describes the unreadable tickets by the readable tickets that precede them.
pub(crate) fn unreadable(tickets: &[UnreadableTicket]) -> String {
    let places = tickets.iter().take(MAX_SHOWN).map(|ticket| match ticket.after {
        Some(id) => format!("at offset {} (after ticket {id})", ticket.offset),
        None => format!("at offset {}", ticket.offset),
    });
    let mut text = places.collect::<Vec<String>>().join(", ");
    if tickets.len() > MAX_SHOWN {
        let _ = write!(text, " and {} more", tickets.len() - MAX_SHOWN);
    }
    text
}

/// A line of progress on stderr, which is empty before its first message. Hidden if stderr is not a terminal, with
/// --quiet, and with errors as JSON.
pub(crate) fn bar() -> ProgressBar {
    let is_shown = style::stderr_is_terminal() && !exit::is_quiet() && !exit::is_json();
    let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg}");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// A line of progress on stderr that a thread updates, if stderr is a terminal. Dropping this removes it.
pub(crate) struct Progress {
    bar: ProgressBar,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows the progress of this scan.
    pub(crate) fn of(status: ScanStatus) -> Progress {
        let begin = Instant::now();
        let before = status.yielded();
        Progress::begin(TICK, move || {
            let yielded = status.yielded();
            let rate = (yielded - before) as f64 / begin.elapsed().as_secs_f64();
            line(&status.report(), yielded, rate, status.in_flight())
        })
    }

    /// Shows what a command waits for, such as `waiting for https://billing.example.com`, and for how long, after the
    /// first second.
    pub(crate) fn waiting(what: impl Into<String>) -> Progress {
        let what = what.into();
        let begin = Instant::now();
        Progress::begin(FIRST_TICK, move || format!("{what}, {} s", begin.elapsed().as_secs()))
    }

    /// Shows the result of `message`, for the first time after `first`.
    fn begin(first: Duration, message: impl Fn() -> String + Send + 'static) -> Progress {
        let bar = bar();
        if bar.is_hidden() {
            return Progress { bar, stop: None, thread: None };
        }
        let (stop, stopped) = mpsc::channel();
        let shown = bar.clone();
        let show = move || {
            let mut wait = first;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                shown.set_message(message());
                shown.tick();
                wait = TICK;
            }
        };
        Progress { bar, stop: Some(stop), thread: thread::Builder::new().spawn(show).ok() }
    }

    /// Hides the progress line while `write` writes lines to the terminal.
    pub(crate) fn suspended<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // Ends the wait of the thread.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Formats the progress: `1,200 of 10,000 tickets, 850/s, 3 requests in flight, 2 retries, waited 1.5 s`.
pub(crate) fn line(report: &ScanReport, yielded: u64, rate: f64, in_flight: usize) -> String {
    let mut text = match report.total {
        Some(total) if total >= yielded => {
            format!("{} of {} {}", HumanCount(yielded), HumanCount(total), output::tickets(total))
        }
        _ => format!("{} {}", HumanCount(yielded), output::tickets(yielded)),
    };
    let _ = write!(
        text,
        ", {rate:.0}/s, {in_flight} {} in flight",
        plural(in_flight as u64, "request", "requests")
    );
    if report.retries > 0 {
        let _ = write!(text, ", {} {}", report.retries, plural(report.retries, "retry", "retries"));
    }
    if !report.wait_time.is_zero() {
        let _ = write!(text, ", waited {:.1} s", report.wait_time.as_secs_f64());
    }
    text
}

fn plural<'w>(count: u64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use gettickets::Field;

    use super::*;

    #[test]
    fn progress_shows_rate_requests_retries_and_waits() {
        let mut report = ScanReport::default();
        assert_eq!(line(&report, 1, 0.4, 1), "1 ticket, 0/s, 1 request in flight");
        report.total = Some(10_000);
        report.retries = 2;
        report.wait_time = Duration::from_millis(1_540);
        assert_eq!(
            line(&report, 1_200, 849.7, 3),
            "1,200 of 10,000 tickets, 850/s, 3 requests in flight, 2 retries, waited 1.5 s"
        );
    }

    #[test]
    fn a_deviation_names_its_count_and_its_first_tickets() {
        let mut finding = ScanFinding::new(FindingKind::UnreadableDate, Some(Field::Date), 40);
        finding.ids = (1..=16).collect();
        finding.detail = Some("soon".to_owned());
        assert_eq!(
            deviation(&finding),
            "a date cannot be read; it is kept as text (date): 40 times, in tickets 1, 2, 3, 4, 5, 6, 7, 8, …; the first: soon"
        );
        assert_eq!(
            deviation(&ScanFinding::new(FindingKind::LeadingText, None, 1)),
            "text precedes the reply: 1 time"
        );
        assert!(changes_values(FindingKind::ReplacedBytes) && !changes_values(FindingKind::LeadingText));
    }
}
