//! The program against every fault of the catalog, at the loudest settings.

use std::fs;
use std::time::Duration;

use gettickets_faults::check::{MAX_MEMORY, Seen, each, problems};
use gettickets_faults::process::run;
use gettickets_faults::{Interface, Row, Server, catalog, mark};
use serde_json::Value;

use crate::program::{program, text};

/// How long a run may take: it is ended then, and has no outcome.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_program_has_the_outcome_of_the_catalog_and_shows_no_secret() {
    let mut faults = catalog::all();
    // A command makes one client for one call; scans are tested elsewhere.
    faults.retain(|fault| fault.calls == 1);
    let server = Server::start(&faults);
    let directory = tempfile::tempdir().unwrap();
    let roots = directory.path().join("roots.pem");
    fs::write(&roots, server.roots()).unwrap();
    let seen = each(&server.rows, |row| list(row, text(&roots)));
    let problems = problems(Interface::Program, &faults, &seen);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn list(row: &Row, roots: &str) -> Seen {
    let mut command = program();
    let timeout = format!("{}ms", row.timeout.as_millis());
    command
        .args(["list", "--no-retries", "-vvv", "--error-format", "json", "--format", "ndjson"])
        .args(["--url", &row.url, "--timeout", &timeout, "--ca-file", roots])
        .args(row.proxy.iter().flat_map(|proxy| ["--proxy", proxy]))
        .env("GETTICKETS_ACCESS_KEY", mark::ACCESS_KEY);
    match row.admin {
        true => command.env("GETTICKETS_USERNAME", mark::USERNAME).env("GETTICKETS_PASSWORD", mark::PASSWORD),
        false => {
            command.env("GETTICKETS_IDENTIFIER", mark::IDENTIFIER).env("GETTICKETS_SECRET", mark::SECRET)
        }
    };
    let ran = run(&mut command, LIMIT);
    assert!(ran.memory <= MAX_MEMORY, "{}: {} MiB", row.name, ran.memory);
    let exit =
        ran.status.and_then(|status| status.code()).map_or("ended".to_owned(), |code| code.to_string());
    let messages = ran.err.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let error = messages.filter(|message| message["exit_code"].is_number()).last();
    let outcome = match error {
        Some(error) => error["code"].as_str().unwrap().to_owned(),
        None => format!("page {}", ran.out.lines().count()),
    };
    Seen { outcome, kind: exit, shown: format!("{}\n{}", ran.out, ran.err), ..Seen::default() }
}
