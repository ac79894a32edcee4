//! Compares an export to a lake with an export of the same tickets to one file.

use std::error::Error;

use super::command::{CommandLine, profile, text};
use super::report::{Goal, Report, Row, Value};
use super::servers::Servers;
use crate::options::Options;

/// The maximum memory of an export to a lake, in megabytes, for any number of tickets and partitions.
const MOST_MEGABYTES: f64 = 192.0;

/// Measures an export to a lake and an export to a file.
pub(crate) fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (tickets, turns) in super::installs(options) {
        rows.extend(measure_install(tickets, turns)?);
    }
    Ok(Report { what: "lake".to_owned(), rows })
}

fn measure_install(tickets: u64, turns: usize) -> Result<[Row; 3], Box<dyn Error>> {
    eprintln!("lake of {tickets} tickets");
    let mut servers = Servers::start(1, tickets, 0)?;
    let command = CommandLine::new(&servers, "lake")?;
    let profile = profile(0);
    let mut file = Row::new("one Parquet file", tickets);
    let mut lake = Row::new("lake by install and month", tickets);
    let mut replaced = Row::new("the same with --overwrite", tickets);
    for _ in 0..turns {
        let path = command.fresh("tickets.parquet")?;
        file.add(command.run(&mut servers, &["export", "--profile", &profile, "--output", text(&path)?])?);
        let path = command.fresh("lake")?;
        let export = ["export", "--profile", &profile, "--output", text(&path)?];
        let export = [&export[..], &["--partition-by", "install,opened_month"]].concat();
        lake.add(command.run(&mut servers, &export)?);
        replaced.add(command.run(&mut servers, &[&export[..], &["--overwrite"]].concat())?);
    }
    for row in [&mut lake, &mut replaced] {
        let value = Value::Number(row.peak_megabytes());
        row.goal = Some(Goal { what: "MB".to_owned(), value, at_most: MOST_MEGABYTES });
    }
    Ok([file, lake, replaced])
}
