//! Instructions that fixed jobs execute, counted by valgrind: `cargo xtask bench instructions`.
//!
//! The jobs are deterministic and do no I/O, so the counts are nearly the same in each run, on a busy machine as well. A
//! job runs in a process of its own, below callgrind, which counts only while [`counted`] runs.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gettickets::scan::machine::{Action, Metrics, ScanMachine, Settings};
use gettickets_protocol::{
    Credentials, Decoder, GetTickets, Page, Reply, ResponseType, StatusFilter, Ticket, Tickets, Version,
};
use serde::Serialize;

use crate::corpus::{Corpus, Shape};
use crate::external::{self, BodyFile};
use crate::numbers::grouped;
use crate::options::Options;
use crate::scan::export::PROGRAM;

/// The first argument with which this program runs a job.
const JOB: &str = "instructions-job";

/// Code to run once. Everything that it needs was prepared before.
type Run = Box<dyn FnMut() -> Result<(), Box<dyn Error>>>;

/// A job: what is done with a body.
struct Job {
    name: &'static str,
    tickets: usize,
    body: Body,
    program: Program,
}

enum Body {
    Json(Shape),
    Xml,
}

/// Prepares and returns code to count.
type Prepare = fn(Vec<u8>) -> Result<Run, Box<dyn Error>>;

enum Program {
    /// Code that runs in this program.
    Inside(Prepare),
    /// Runs `gettickets decode --as FORMAT`, of which everything is counted.
    CommandLine(&'static str),
}

/// Every job.
const JOBS: &[Job] = &[
    json("decode JSON, 25 tickets", 25, Shape::Documented, decode),
    json("decode JSON", 250, Shape::Documented, decode),
    json("decode JSON, fields in another order", 250, Shape::Reordered, decode),
    json("decode JSON with unknown fields", 250, Shape::UnknownFields, decode),
    json("decode JSON with an unknown object", 250, Shape::UnknownObject, decode),
    json("decode JSON, a different order in each ticket", 250, Shape::Hostile, decode),
    json("decode JSON, tolerant path only", 250, Shape::Documented, decode_tolerantly),
    Job { name: "decode XML", tickets: 250, body: Body::Xml, program: Program::Inside(decode) },
    json("write canonical JSON", 250, Shape::Documented, to_json),
    json("write JSON as a server does", 250, Shape::Documented, to_wire_json),
    json("scan a list in memory, pages of 100", 10_000, Shape::Documented, scan),
    json("encode a request", 1, Shape::Documented, encode),
    command_line("whole program: decode --as ndjson", "ndjson"),
    command_line("whole program: decode --as csv", "csv"),
];

impl Job {
    fn text(&self, corpus: &Corpus) -> Result<String, Box<dyn Error>> {
        match self.body {
            Body::Json(shape) => corpus.shaped(self.tickets, shape),
            Body::Xml => corpus.xml(self.tickets, Shape::Documented),
        }
    }
}

const fn json(name: &'static str, tickets: usize, shape: Shape, run: Prepare) -> Job {
    Job { name, tickets, body: Body::Json(shape), program: Program::Inside(run) }
}

const fn command_line(name: &'static str, format: &'static str) -> Job {
    let body = Body::Json(Shape::Documented);
    Job { name, tickets: 10_000, body, program: Program::CommandLine(format) }
}

/// The counts of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    rows: Vec<Count>,
}

#[derive(Debug, Serialize)]
struct Count {
    job: &'static str,
    tickets: usize,
    instructions: u64,
}

/// Counts the instructions of every job.
pub(crate) fn fill(options: &Options) -> Result<Report, Box<dyn Error>> {
    let corpus = Corpus::new(&[]);
    let mut rows = Vec::new();
    for job in JOBS.iter().filter(|job| options.wants_contender(job.name)) {
        let body = BodyFile::new(&job.text(&corpus)?, job.tickets)?;
        let instructions = match job.program {
            Program::Inside(_) => {
                let args = [OsStr::new(JOB), OsStr::new(job.name), body.path.as_os_str()];
                below_callgrind(
                    &["--toggle-collect=*instructions*counted*"],
                    &std::env::current_exe()?,
                    &args,
                )
            }
            Program::CommandLine(format) => {
                let program = external::word(PROGRAM, "instructions")?;
                let args =
                    [OsStr::new("decode"), OsStr::new("--as"), OsStr::new(format), body.path.as_os_str()];
                below_callgrind(&[], Path::new(&program), &args)
            }
        };
        let instructions = instructions.map_err(|error| format!("{}: {error}", job.name))?;
        rows.push(Count { job: job.name, tickets: job.tickets, instructions });
    }
    Ok(Report { rows })
}

/// Runs a program below callgrind and returns the number of instructions that it counted.
fn below_callgrind(options: &[&str], program: &Path, args: &[&OsStr]) -> Result<u64, Box<dyn Error>> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).args(options);
    command.arg(program).args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let output = command.output().map_err(|error| format!("valgrind could not be started: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    match collected(&log) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("{} below callgrind failed: {}\n{log}", program.display(), output.status).into()),
    }
}

/// Parses callgrind's line "Collected : 123". A count of zero means that the function was not found.
fn collected(log: &str) -> Option<u64> {
    let line = log.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok().filter(|count| *count > 0)
}

/// Runs a job, if the arguments request one. Callgrind counts its second run only: the first initializes what exists once.
pub(crate) fn helper(args: &[String]) -> Option<Result<(), Box<dyn Error>>> {
    let [JOB, name, body] = [0, 1, 2].map(|index| args.get(index).map_or("", String::as_str)) else {
        return None;
    };
    Some(run(name, Path::new(body)))
}

fn run(name: &str, body: &Path) -> Result<(), Box<dyn Error>> {
    let job = JOBS.iter().find(|job| job.name == name).ok_or_else(|| format!("{name:?} is not a job"))?;
    let Program::Inside(prepare) = job.program else { return Err("a job of the command line".into()) };
    let mut once = prepare(std::fs::read(body)?)?;
    once()?;
    counted(&mut once)
}

/// Callgrind counts while this function runs, which it finds by its name.
#[inline(never)]
fn counted(run: &mut Run) -> Result<(), Box<dyn Error>> {
    black_box(run())
}

fn decoded(decoder: &Decoder, body: Vec<u8>) -> Result<Page, Box<dyn Error>> {
    match decoder.decode(body)? {
        Reply::Tickets(page) => Ok(page),
        Reply::Error(error) => Err(error.into()),
    }
}

fn decode(body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    decode_with(Decoder::new(), body)
}

fn decode_tolerantly(body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    decode_with(Decoder::new().tolerant_only(true), body)
}

#[allow(clippy::unnecessary_wraps, reason = "other jobs can fail")]
fn decode_with(decoder: Decoder, body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    let mut bodies = vec![body.clone(), body];
    Ok(Box::new(move || {
        // The bodies exist before, so that copying is not counted.
        let body = bodies.pop().ok_or("a job runs twice at most")?;
        black_box(decoded(&decoder, body)?);
        Ok(())
    }))
}

fn to_json(body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    let page = decoded(&Decoder::new(), body)?;
    Ok(Box::new(move || {
        black_box(page.to_json());
        Ok(())
    }))
}

fn to_wire_json(body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    let page = decoded(&Decoder::new(), body)?;
    Ok(Box::new(move || {
        black_box(page.to_wire_json(Version::V8_0));
        Ok(())
    }))
}

fn encode(_: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    let credentials =
        Credentials::api("identifier-of-32-characters-0000", "secret-of-32-characters-00000000");
    let request = GetTickets {
        limitstart: Some(1_000),
        limitnum: Some(250),
        status: Some(StatusFilter::from("Customer-Reply")),
        subject: Some("größer & schneller".into()),
        ..GetTickets::default()
    };
    Ok(Box::new(move || {
        black_box(request.encode(&credentials, ResponseType::Json));
        Ok(())
    }))
}

/// The tickets in the order of servers, last reply first.
fn scan(body: Vec<u8>) -> Result<Run, Box<dyn Error>> {
    let page = decoded(&Decoder::new(), body)?;
    let mut tickets: Vec<Ticket> = page.iter().map(|ticket| ticket.to_ticket()).collect();
    tickets.sort_by_key(|ticket| Reverse((ticket.lastreply, ticket.id)));
    let list = Tickets::new(&tickets, Version::V8_0);
    Ok(Box::new(move || scan_list(&list)))
}

fn scan_list(list: &Tickets) -> Result<(), Box<dyn Error>> {
    let settings = Settings::new(GetTickets { limitnum: Some(100), ..GetTickets::default() });
    let mut machine = ScanMachine::new(settings);
    let metrics = Metrics { elapsed: Duration::from_millis(50), requests: 1, retries: 0 };
    let mut in_flight = VecDeque::new();
    let mut yielded = 0;
    loop {
        match machine.poll() {
            Action::Fetch(fetch) => in_flight.push_back(fetch),
            Action::Yield(batch) => yielded += batch.ids.len(),
            Action::Pending => {
                let fetch = in_flight.pop_front().ok_or("the scan waits for nothing")?;
                let begin = usize::try_from(fetch.offset)?.min(list.len());
                let end = begin.saturating_add(usize::try_from(fetch.limit)?).min(list.len());
                let page = Page::new(list.slice(begin..end), fetch.offset, list.len() as u64);
                machine.on_page(fetch.id, page, metrics);
            }
            Action::Done(outcome) => {
                outcome?;
                let complete = yielded == list.len();
                return if complete { Ok(()) } else { Err(format!("{yielded} tickets were read").into()) };
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| job | tickets | instructions a ticket |\n|---|---|---|")?;
        for Count { job, tickets, instructions } in &self.rows {
            let each = (*instructions as f64 / *tickets as f64).round() as u64;
            writeln!(f, "| {job} | {} | **{}** |", grouped(*tickets as u64), grouped(each))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_succeeds_twice() {
        let corpus = Corpus::new(&[]);
        for job in JOBS {
            let Program::Inside(prepare) = job.program else { continue };
            let body = job.text(&corpus).unwrap();
            let mut once = prepare(body.into_bytes()).unwrap();
            for _ in 0..2 {
                once().unwrap_or_else(|error| panic!("{}: {error}", job.name));
            }
        }
    }

    #[test]
    fn a_count_is_parsed_and_printed() {
        let log = "==7== \n==7== Events    : Ir\n==7== Collected : 61250\n";
        assert_eq!((collected(log), collected("==7== Collected : 0")), (Some(61_250), None));
        let rows = vec![Count { job: "decode", tickets: 25, instructions: 61_250 }];
        let text = Report { rows }.to_string();
        assert!(text.ends_with("| decode | 25 | **2,450** |\n"), "{text}");
    }
}
