//! The jobs: what is measured, the peers, and the goals.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use super::export;
use super::process::{self, Address, Done, Order, Process, Served};
use super::report::{Group, Measured, Report};
use crate::options::Options;
use crate::{external, python_peers};

/// The environment variable with the path of the C programs; `cargo xtask bench` builds them and sets it.
const C_PROGRAM: &str = "GETTICKETS_BENCH_C_SCAN";

/// The list that most jobs read.
const TICKETS: u64 = 10_000;

/// The number of turns of a job; an option changes it.
const TURNS: usize = 5;
/// With a distant server a turn takes long, and most of it is waiting, which varies little.
const DISTANT_TURNS: usize = 3;
const QUICK_TURNS: usize = 2;

/// The maximum number of requests for a list of a hundred pages that does not change.
const MOST_REQUESTS: u64 = 106;

const OURS: &str = "gettickets";
const OURS_ASYNC: &str = "gettickets, async";
const LOOP: &str = "httpx + orjson loop";
const AIOHTTP_LOOP: &str = "aiohttp + msgspec loop";
const AIOHTTP_AT_ONCE: &str = "aiohttp + msgspec, 4 at once";

/// A program that does a job.
#[derive(Clone)]
struct Contender {
    name: &'static str,
    language: Language,
    /// Its name in the worker.
    run: &'static str,
    page: Option<u64>,
    /// The goal: how many times faster than this candidate gettickets should be.
    goal: Option<f64>,
    /// The maximum number of turns.
    turns: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Language {
    C,
    Python,
    Rust,
}

/// Candidates that do the same job.
struct Job {
    title: String,
    latency_ms: u64,
    contenders: Vec<Contender>,
    turns: usize,
    /// The maximum number of requests that gettickets may send.
    most_requests: Option<u64>,
}

/// Every job except the exports.
fn jobs() -> Vec<Job> {
    let contender = |name, language, run, page, goal| {
        let turns = usize::MAX;
        Contender { name, language, run, page, goal, turns }
    };
    let python = |name, run, page, goal| contender(name, Language::Python, run, page, goal);
    let rust = |name, run, page, goal| contender(name, Language::Rust, run, page, goal);
    let job = |title: String, contenders| Job {
        title,
        latency_ms: 0,
        contenders,
        turns: TURNS,
        most_requests: None,
    };
    let mut jobs = Vec::new();
    for page in [100, 250, 1_000] {
        let contenders = vec![
            python(OURS, "tickets", Some(page), None),
            python(LOOP, "loop", Some(page), Some(2.0)),
            python(AIOHTTP_LOOP, "aiohttp", Some(page), Some(2.0)),
            python(AIOHTTP_AT_ONCE, "aiohttp-at-once", Some(page), Some(1.0)),
        ];
        let most_requests = (page == 100).then_some(MOST_REQUESTS);
        jobs.push(Job { most_requests, ..job(format!("Python, pages of {page}"), contenders) });
    }
    for (latency_ms, goal) in [(50, 4.0), (200, 6.0)] {
        let whmcspy = python("whmcspy", "whmcspy", None, Some(15.0));
        let contenders = vec![
            python(OURS, "tickets", None, None),
            python(LOOP, "loop", Some(100), Some(goal)),
            python(AIOHTTP_AT_ONCE, "aiohttp-at-once", Some(100), Some(1.0)),
            // It sends 400 requests in sequence.
            Contender { turns: 1, ..whmcspy },
        ];
        let title = format!("Python, defaults, server {latency_ms} ms away, loop with pages of 100");
        jobs.push(Job { latency_ms, turns: DISTANT_TURNS, ..job(title, contenders) });
    }
    for page in [100, 1_000] {
        let contenders = vec![
            python(OURS, "polars", Some(page), None),
            python("httpx + orjson loop, polars.DataFrame", "loop-polars", Some(page), Some(3.0)),
        ];
        jobs.push(job(format!("Python, to a polars frame, pages of {page}"), contenders));
    }
    for page in [100, 250, 1_000] {
        let contenders = vec![
            rust(OURS, "blocking", Some(page), None),
            rust(OURS_ASYNC, "async", Some(page), None),
            rust("reqwest + serde_json loop", "reqwest", Some(page), Some(2.0)),
        ];
        jobs.push(job(format!("Rust, pages of {page}"), contenders));
    }
    for page in [100, 250, 1_000] {
        let contenders = vec![
            contender(OURS, Language::C, "scan", Some(page), None),
            contender("libcurl + yyjson loop", Language::C, "libcurl", Some(page), Some(1.0)),
        ];
        jobs.push(job(format!("C, pages of {page}"), contenders));
    }
    let contenders = vec![
        python(OURS, "page", Some(100), None),
        python("requests + json", "page-requests", Some(100), Some(1.0)),
        python("httpx + orjson", "page-httpx", Some(100), Some(1.0)),
    ];
    jobs.push(job("Python, one page of 100, connection open".to_owned(), contenders));
    jobs
}

/// The running servers, by latency.
struct Servers(BTreeMap<u64, (Process, Address)>);

impl Servers {
    fn get(&mut self, latency_ms: u64) -> Result<&mut (Process, Address), Box<dyn Error>> {
        use std::collections::btree_map::Entry;
        match self.0.entry(latency_ms) {
            Entry::Occupied(running) => Ok(running.into_mut()),
            Entry::Vacant(free) => Ok(free.insert(process::start_server(TICKETS, latency_ms)?)),
        }
    }
}

/// Measures every job that the options select.
pub(super) fn measure(options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut jobs = jobs();
    jobs.retain(|job| job.latency_ms == 0 || !options.quick());
    for job in &mut jobs {
        job.contenders
            .retain(|contender| options.wants_contender(&format!("{}: {}", job.title, contender.name)));
    }
    jobs.retain(|job| !job.contenders.is_empty());
    let is_wanted =
        |language| jobs.iter().flat_map(|job| &job.contenders).any(|one| one.language == language);
    let mut workers = Vec::new();
    for language in [Language::C, Language::Python, Language::Rust] {
        if is_wanted(language) {
            workers.push((language, worker(language)?));
        }
    }
    let mut servers = Servers(BTreeMap::new());
    let mut groups = Vec::new();
    for job in &jobs {
        eprintln!("{}", job.title);
        let server = servers.get(job.latency_ms)?;
        let turns = options.turns(QUICK_TURNS, job.turns);
        groups.push(measure_job(job, turns, server, &mut workers)?);
    }
    drop(servers);
    let exports = export::measure(options)?;
    Ok(Report { what: "10,000 tickets", groups, exports })
}

/// Starts the process with the programs of a language.
fn worker(language: Language) -> Result<Process, Box<dyn Error>> {
    match language {
        Language::C => Process::start(external::word(C_PROGRAM, "scan")?, [""; 0]),
        Language::Python => {
            let script = Path::new(&external::word(python_peers::FOLDER, "scan")?).join("scan.py");
            Process::start(external::word(python_peers::PYTHON, "scan")?, [script])
        }
        Language::Rust => Process::start_self(&[process::WORKER.to_owned()]),
    }
}

/// Lets the candidates take turns. The first turn of each is a warm-up, unless it has only one.
fn measure_job(
    job: &Job,
    turns: usize,
    (server, address): &mut (Process, Address),
    workers: &mut [(Language, Process)],
) -> Result<Group, Box<dyn Error>> {
    let mut measured: Vec<Measured> = job
        .contenders
        .iter()
        .map(|one| Measured::new(one.name, one.goal, job.most_requests.filter(|_| one.name == OURS)))
        .collect();
    for turn in 0..=turns {
        for (contender, measured) in job.contenders.iter().zip(&mut measured) {
            let is_warm_up = turn == 0;
            if turn > contender.turns || (is_warm_up && contender.turns == 1) {
                continue;
            }
            let worker = workers.iter_mut().find(|(language, _)| *language == contender.language);
            let (_, worker) = worker.ok_or("the worker was not started")?;
            let order = Order {
                run: contender.run.to_owned(),
                page: contender.page,
                url: address.url.clone(),
                identifier: address.identifier.clone(),
                secret: address.secret.clone(),
            };
            let before: Served = server.ask(&())?;
            let done: Done = worker.ask(&order).map_err(|error| format!("{}: {error}", contender.name))?;
            let after: Served = server.ask(&())?;
            let expected = if contender.run.starts_with("page") { 100 } else { TICKETS };
            if done.tickets != expected {
                let found = done.tickets;
                return Err(format!("{}: {found} tickets instead of {expected}", contender.name).into());
            }
            if !is_warm_up {
                measured.add(&done, &before, &after);
            }
        }
    }
    Ok(Group { title: job.title.clone(), rows: measured })
}
