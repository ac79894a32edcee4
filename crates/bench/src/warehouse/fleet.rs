//! Compares the time for many remote installs, which are read concurrently, with the time for one of them.

use std::error::Error;

use super::command::{CommandLine, profile, text};
use super::report::{Report, Row};
use super::servers::Servers;
use crate::options::Options;

const INSTALLS: u64 = 50;
const TICKETS: u64 = 2_000;
const LATENCY_MS: u64 = 100;
/// The maximum ratio of the time for all installs to the time for one. Sequential reading would take 50 times as long.
const MOST_TIMES: f64 = 3.0;

/// Measures many remote installs and one of them.
pub(crate) fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    eprintln!("fleet of {INSTALLS} installs");
    let mut servers = Servers::start(INSTALLS, TICKETS, LATENCY_MS)?;
    let command = CommandLine::new(&servers, "fleet")?;
    let one = profile(0);
    let mut rows = Vec::new();
    let turns = options.turns(super::QUICK_TURNS, super::TURNS);
    for (title, subject) in [("export to NDJSON", "export"), ("first run of a mirror", "mirror")] {
        let mut alone = Row::new(format!("{title}, one install"), TICKETS);
        let mut all = Row::new(format!("{title}, {INSTALLS} installs"), TICKETS * INSTALLS);
        for _ in 0..turns {
            for (row, selection) in
                [(&mut alone, &["--profile", &one][..]), (&mut all, &["--all-profiles"][..])]
            {
                let file = command.fresh("tickets")?;
                let args = match subject {
                    "export" => vec!["export", "--format", "ndjson", "--output", text(&file)?],
                    _ => vec!["mirror", text(&file)?],
                };
                row.add(command.run(&mut servers, &[&args[..], selection].concat())?);
            }
        }
        all.at_most(MOST_TIMES, &alone);
        rows.extend([alone, all]);
    }
    let mut quiet = Row::new(format!("incremental run, {INSTALLS} quiet installs"), TICKETS * INSTALLS);
    let file = command.fresh("tickets")?;
    command.run(&mut servers, &["mirror", text(&file)?, "--all-profiles"])?;
    for _ in 0..turns {
        quiet.add(command.run(&mut servers, &["mirror", text(&file)?, "--all-profiles"])?);
    }
    rows.push(quiet);
    Ok(Report { what: format!("{INSTALLS} installs, {LATENCY_MS} ms away"), rows })
}
