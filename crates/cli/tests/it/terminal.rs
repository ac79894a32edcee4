//! Tests of the progress display on a terminal, which the program `script` of util-linux provides.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Duration;

use gettickets_sandbox::Sandbox;

/// Runs the program on a terminal, and returns its output, or `None` if `script` is not installed.
fn on_a_terminal(sandbox: &Sandbox, arguments: &str) -> Option<String> {
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{} {arguments}", env!("CARGO_BIN_EXE_gettickets")))
        .arg("/dev/null")
        .env_clear()
        .envs([("HOME", "/nonexistent"), ("TZ", "UTC"), ("TERM", "xterm"), ("PATH", "/usr/bin:/bin")])
        .env("GETTICKETS_URL", sandbox.url())
        .env("GETTICKETS_IDENTIFIER", sandbox.identifier())
        .env("GETTICKETS_SECRET", sandbox.secret())
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(error) => {
            eprintln!("skipped: script cannot be run ({error})");
            None
        }
    }
}

fn slow(tickets: u64, latency: Duration) -> Sandbox {
    Sandbox::builder().tickets(tickets).latency(latency).start().unwrap()
}

#[test]
fn a_scan_shows_its_progress_between_the_rows() {
    let sandbox = slow(600, Duration::from_millis(500));
    let Some(shown) = on_a_terminal(&sandbox, "list --all --limitnum 100") else { return };
    assert!(shown.contains("requests in flight") || shown.contains("request in flight"), "{shown}");
    assert!(shown.contains(" of 600 tickets, "), "{shown}");
    for row in shown.lines().filter(|line| line.contains("[NEW")) {
        assert!(!row.contains("in flight"), "a row is mixed with the progress: {row:?}");
    }
}

#[test]
fn an_export_shows_its_rate() {
    let sandbox = slow(600, Duration::from_millis(400));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tickets.ndjson");
    let arguments = format!("export --limitnum 100 --output {}", file.display());
    let Some(shown) = on_a_terminal(&sandbox, &arguments) else { return };
    assert!(shown.contains("/s, ") && shown.contains("in flight"), "{shown}");
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 600);
}

#[test]
fn a_wait_of_more_than_a_second_is_shown() {
    let sandbox = slow(30, Duration::from_millis(1_600));
    for arguments in ["list", "doctor"] {
        let Some(shown) = on_a_terminal(&sandbox, arguments) else { return };
        assert!(shown.contains("waiting for "), "{arguments}: {shown}");
    }
    let Some(shown) = on_a_terminal(&sandbox, "watch --count 1 --interval 1ms") else { return };
    assert!(shown.contains("reading the list of "), "{shown}");
}

#[test]
fn a_mirror_shows_that_it_waits() {
    let sandbox = slow(300, Duration::from_millis(700));
    let directory = tempfile::tempdir().unwrap();
    let arguments = format!("mirror {}", directory.path().join("tickets.db").display());
    let Some(shown) = on_a_terminal(&sandbox, &arguments) else { return };
    assert!(shown.contains("waiting for the first page") && shown.contains(" of 300 tickets"), "{shown}");
}
