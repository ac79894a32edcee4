//! Whole programs from a cold start, for one page: `cargo xtask bench start`.
//!
//! Every turn starts a new process, so that loading the program, or the interpreter and its packages, is a part of the
//! time.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::options::Options;
use crate::scan::export::PROGRAM;
use crate::scan::process::{self, Address, Done, Process, Served};
use crate::scan::report::{Group, Measured, Report};
use crate::scan::usage::{self, Taken};
use crate::{external, python_peers};

const TABLE: &str = "start";
const TICKETS: u64 = 10_000;
/// The server's default page.
const PAGE: u64 = 25;
const TURNS: usize = 30;
const QUICK_TURNS: usize = 5;

/// The same as `gettickets list --format json`: requests a page, checks that the call succeeded, and writes the tickets.
const CURL_AND_JQ: &str = r#"set -o pipefail
curl --silent --show-error --fail-with-body "${GETTICKETS_URL}includes/api.php" \
    --data action=GetTickets --data responsetype=json \
    --data-urlencode "identifier=$GETTICKETS_IDENTIFIER" --data-urlencode "secret=$GETTICKETS_SECRET" |
    jq -e 'if .result == "success" then .tickets.ticket else error(.message) end'"#;

/// A program to start.
struct Program {
    name: &'static str,
    command: Vec<OsString>,
    /// The goal: how many times faster than this program gettickets should be.
    goal: Option<f64>,
}

/// Programs that do the same job, gettickets first.
struct Job {
    title: &'static str,
    programs: Vec<Program>,
    /// Whether the programs request a page.
    requests: bool,
}

pub(crate) fn fill(options: &Options) -> Result<Report, Box<dyn Error>> {
    let mut jobs = jobs()?;
    for job in &mut jobs {
        job.programs.retain(|program| options.wants_contender(&format!("{}: {}", job.title, program.name)));
    }
    jobs.retain(|job| !job.programs.is_empty());
    let mut server = process::start_server(TICKETS, 0)?;
    let mut groups = Vec::new();
    for job in &jobs {
        eprintln!("{}", job.title);
        groups.push(measure(job, options.turns(QUICK_TURNS, TURNS), &mut server)?);
    }
    Ok(Report::of_groups("from a cold start", groups))
}

fn jobs() -> Result<Vec<Job>, Box<dyn Error>> {
    let python = external::word(python_peers::PYTHON, TABLE)?;
    let script = Path::new(&external::word(python_peers::FOLDER, TABLE)?).join("start.py");
    let run = |name, what: &str, goal| Program {
        name,
        command: vec![python.clone(), script.clone().into_os_string(), what.into()],
        goal,
    };
    let mut command_line = vec![external::word(PROGRAM, TABLE)?];
    // Without the note that there are more tickets.
    command_line.extend(["list", "--format", "json", "--quiet"].map(OsString::from));
    let mut shell = vec![Program { name: "gettickets list", command: command_line, goal: None }];
    if ["curl", "jq", "bash"].into_iter().all(is_installed) {
        let command = ["bash", "-c", CURL_AND_JQ].map(OsString::from).to_vec();
        shell.push(Program { name: "curl + jq", command, goal: Some(1.0) });
    } else {
        eprintln!("curl + jq is left out: curl, jq or bash is not installed");
    }
    shell.push(run("Python, httpx + json", "httpx", Some(1.0)));
    Ok(vec![
        Job { title: "a page of 25 as JSON", programs: shell, requests: true },
        Job {
            title: "Python, import and a page of 25",
            programs: vec![
                run("gettickets", "gettickets", None),
                run("httpx + json", "httpx", Some(1.0)),
                run("requests + json", "requests", Some(1.0)),
                run("urllib + json", "urllib", Some(1.0)),
            ],
            requests: true,
        },
        Job {
            title: "Python, import only",
            programs: vec![
                run("gettickets", "import-gettickets", None),
                run("httpx", "import-httpx", Some(1.0)),
                run("requests", "import-requests", Some(1.0)),
                run("nothing", "import-nothing", None),
            ],
            requests: false,
        },
    ])
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Lets the programs take turns. The first turn of each is a warm-up, which loads its files into memory.
fn measure(
    job: &Job,
    turns: usize,
    (server, address): &mut (Process, Address),
) -> Result<Group, Box<dyn Error>> {
    let mut rows: Vec<Measured> =
        job.programs.iter().map(|program| Measured::new(program.name, program.goal, None)).collect();
    let environment = [
        ("GETTICKETS_URL", OsStr::new(&address.url)),
        ("GETTICKETS_IDENTIFIER", OsStr::new(&address.identifier)),
        ("GETTICKETS_SECRET", OsStr::new(&address.secret)),
    ];
    for turn in 0..=turns {
        for (program, row) in job.programs.iter().zip(&mut rows) {
            let (name, args) = program.command.split_first().ok_or("no program")?;
            let before: Served = server.ask(&())?;
            let taken = usage::measured(name, args, &environment)
                .map_err(|error| format!("{}: {error}", program.name))?;
            let after: Served = server.ask(&())?;
            let requests = after.requests - before.requests;
            if requests != u64::from(job.requests) {
                return Err(format!("{}: {requests} requests were sent", program.name).into());
            }
            if turn > 0 {
                let Taken { seconds, cpu_seconds, .. } = taken;
                row.add(&Done { times: 1, seconds, cpu_seconds, tickets: PAGE }, &before, &after);
            }
        }
    }
    Ok(Group { title: job.title.to_owned(), rows })
}
