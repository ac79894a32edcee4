//! The program against every fault of the catalog, at the loudest settings.

use std::fs;
use std::process::Command;
use std::time::Duration;

use gettickets_faults::check::{MAX_MEMORY, Seen, each, problems};
use gettickets_faults::process::run;
use gettickets_faults::{Interface, Row, Server, catalog, mark};
use serde_json::Value;

use crate::program::{program, text};

/// How long a run may take before it is killed.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_program_has_the_outcome_of_the_catalog_and_shows_no_secret() {
    let mut faults = catalog::all();
    // Faults of a second request need a client that makes two calls.
    faults.retain(|fault| fault.calls == 1);
    let server = Server::start(&faults);
    let directory = tempfile::tempdir().unwrap();
    let roots = directory.path().join("roots.pem");
    fs::write(&roots, server.roots()).unwrap();
    let seen = each(&server.rows, |row| list(row, text(&roots)));
    let problems = problems(Interface::Program, &faults, &seen);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn no_secret_is_in_the_messages_and_files_of_other_commands() {
    let mut faults = catalog::all();
    faults.retain(|fault| fault.name.starts_with("echo-place/") || fault.name == "proxy-echo");
    let server = Server::start(&faults);
    let directory = tempfile::tempdir().unwrap();
    let roots = directory.path().join("roots.pem");
    fs::write(&roots, server.roots()).unwrap();
    let seen = each(&server.rows, |row| {
        let home = tempfile::tempdir_in(&directory).unwrap();
        let [tickets, database] = ["tickets.ndjson", "mirror.db"].map(|name| home.path().join(name));
        let mut shown = String::new();
        for arguments in [
            &["export", "--output", text(&tickets)][..],
            &["mirror", text(&database)],
            &["stats"],
            &["doctor"],
        ] {
            let mut command = command(arguments, row, text(&roots));
            let ran = run(command.env("HOME", home.path()), LIMIT);
            assert!(ran.err.len() + ran.out.len() > 40, "{}, {arguments:?}: {ran:?}", row.name);
            shown.push_str(&format!("{arguments:?}: {}\n{}\n", ran.out, ran.err));
        }
        for entry in fs::read_dir(home.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                shown.push_str(&format!("{}: {}\n", text(&path), String::from_utf8_lossy(&bytes)));
            }
        }
        assert!(shown.contains("SQLite format 3"), "there is a file to search: {shown}");
        Seen { shown, ..Seen::default() }
    });
    for (row, seen) in server.rows.iter().zip(seen) {
        assert_eq!(mark::find(&seen.shown), None, "{}", row.name);
    }
}

/// The program with these arguments and all messages, for this row, with the credentials in its environment.
fn command(arguments: &[&str], row: &Row, roots: &str) -> Command {
    let mut command = program();
    let timeout = format!("{}ms", row.timeout.as_millis());
    command
        .args(arguments)
        .args(["-vvv", "--no-retries", "--url", &row.url, "--timeout", &timeout, "--ca-file", roots])
        .args(row.proxy.iter().flat_map(|proxy| ["--proxy", proxy]))
        .env("GETTICKETS_ACCESS_KEY", mark::ACCESS_KEY);
    match row.admin {
        true => command.env("GETTICKETS_USERNAME", mark::USERNAME).env("GETTICKETS_PASSWORD", mark::PASSWORD),
        false => {
            command.env("GETTICKETS_IDENTIFIER", mark::IDENTIFIER).env("GETTICKETS_SECRET", mark::SECRET)
        }
    };
    command
}

fn list(row: &Row, roots: &str) -> Seen {
    let mut command = command(&["list", "--error-format", "json", "--format", "ndjson"], row, roots);
    let ran = run(&mut command, LIMIT);
    assert!(ran.memory <= MAX_MEMORY, "{}: {} MiB", row.name, ran.memory);
    let exit =
        ran.status.and_then(|status| status.code()).map_or("ended".to_owned(), |code| code.to_string());
    let messages = ran.err.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let error = messages.rev().find(|message| message["exit_code"].is_number());
    let outcome = match error {
        Some(error) => error["code"].as_str().unwrap().to_owned(),
        None => format!("page {}", ran.out.lines().count()),
    };
    Seen { outcome, kind: exit, shown: format!("{}\n{}", ran.out, ran.err), ..Seen::default() }
}
