//! Runs the drivers in other languages.
//!
//! A driver is a program that reads the file that `GETTICKETS_FAULTS` names. Each line is a fault: its name, the address of
//! the install, the address of the proxy or nothing, `api` or `admin`, the time limit of an attempt in milliseconds, and the
//! number of calls to make with one client; fields are separated by tabs. `GETTICKETS_FAULTS_ROOTS` names the file with the
//! authority to trust. The credentials are in the environment, as for the program. There are no retries, and a reply may
//! have [`MAX_RESPONSE_LEN`] bytes.
//!
//! For each fault it writes a line to standard output: name, outcome, kind and milliseconds, separated by tabs. To standard
//! error it writes everything that it can show of the result, and its log at the loudest level.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::check::{self, MAX_MEMORY, Seen};
use crate::fault::Fault;
use crate::mark;
use crate::outcome::Interface;
use crate::process::{self, Ran};
use crate::server::{Row, Server};

/// The limit of a reply that drivers set, in bytes.
pub const MAX_RESPONSE_LEN: usize = 4 << 20;

/// How long a driver may take for all faults.
const LIMIT: Duration = Duration::from_secs(600);

/// The result of a run of a driver.
pub struct Report {
    /// A line for each problem.
    pub problems: Vec<String>,
    /// How long the driver ran.
    pub elapsed: Duration,
    /// The most memory that the driver was seen to have, in MiB.
    pub memory: u64,
}

/// Runs a driver to its end.
pub fn run(interface: Interface, faults: &[Fault], mut command: Command) -> Report {
    let server = Server::start(faults);
    let directory = tempfile::tempdir().unwrap();
    let (list, roots) = (directory.path().join("faults.tsv"), directory.path().join("roots.pem"));
    std::fs::write(&list, lines(&server.rows)).unwrap();
    std::fs::write(&roots, server.roots()).unwrap();
    command
        .env("GETTICKETS_FAULTS", list)
        .env("GETTICKETS_FAULTS_ROOTS", roots)
        .env("GETTICKETS_FAULTS_MAX_RESPONSE_LEN", MAX_RESPONSE_LEN.to_string())
        .env("GETTICKETS_IDENTIFIER", mark::IDENTIFIER)
        .env("GETTICKETS_SECRET", mark::SECRET)
        .env("GETTICKETS_ACCESS_KEY", mark::ACCESS_KEY)
        .env("GETTICKETS_USERNAME", mark::USERNAME)
        .env("GETTICKETS_PASSWORD", mark::PASSWORD);
    let start = Instant::now();
    let Ran { status, out, err, memory } = process::run(&mut command, LIMIT);
    let elapsed = start.elapsed();
    let mut problems = Vec::new();
    match status {
        None => problems.push(format!("the driver did not end within {LIMIT:?}")),
        Some(status) if !status.success() => problems.push(format!("the driver failed, {status}: {err}")),
        Some(_) => {}
    }
    if memory > MAX_MEMORY {
        problems.push(format!("the driver had {memory} MiB of memory"));
    }
    match reported(faults, &out) {
        Ok(seen) => problems.extend(check::problems(interface, faults, &seen)),
        Err(problem) => problems.push(problem),
    }
    problems.extend(mark::find(&out).map(|found| format!("standard output has {found}")));
    problems.extend(mark::find(&err).map(|found| format!("the driver shows {found}")));
    if err.len() < 100 * faults.len() {
        problems.push(format!("the driver shows too little to search: {} bytes", err.len()));
    }
    Report { problems, elapsed, memory }
}

fn lines(rows: &[Row]) -> String {
    let mut lines = String::new();
    for row in rows {
        let (proxy, login) =
            (row.proxy.as_deref().unwrap_or_default(), if row.admin { "admin" } else { "api" });
        let timeout = row.timeout.as_millis();
        writeln!(lines, "{}\t{}\t{proxy}\t{login}\t{timeout}\t{}", row.name, row.url, row.calls).unwrap();
    }
    lines
}

/// What a driver reports, in the order of the faults.
fn reported(faults: &[Fault], out: &str) -> Result<Vec<Seen>, String> {
    let mut seen = std::collections::HashMap::new();
    for line in out.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, outcome, kind, elapsed] = fields[..] else {
            return Err(format!("the driver wrote {line:?}"));
        };
        let elapsed =
            elapsed.parse().map(Duration::from_millis).map_err(|error| format!("{line:?}: {error}"))?;
        let (outcome, kind) = (outcome.to_owned(), kind.to_owned());
        if seen.insert(name, Seen { outcome, kind, elapsed, shown: String::new() }).is_some() {
            return Err(format!("the driver reports {name} twice"));
        }
    }
    let found = faults.iter().map(|fault| {
        seen.remove(fault.name.as_str()).ok_or_else(|| format!("the driver does not report {}", fault.name))
    });
    let found = found.collect::<Result<Vec<_>, _>>()?;
    match seen.keys().next() {
        Some(name) => Err(format!("the driver reports {name}, which is not in the catalog")),
        None => Ok(found),
    }
}
