//! `sandbox`: serves until it is stopped.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::program::{gettickets, program, run, text};

/// A sandbox in a process of its own.
struct Served {
    child: Child,
    url: String,
    announced: String,
}

impl Served {
    fn with(arguments: &[&str]) -> Served {
        let mut command = program();
        command.arg("sandbox").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut announced = String::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap() + "\n";
            announced += &line;
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        let url = announced.split(' ').next().unwrap().to_owned();
        Served { child, url, announced }
    }

    fn list(&self, identifier: &str, secret: &str) -> Vec<Value> {
        let mut command = program();
        command
            .env("GETTICKETS_URL", &self.url)
            .env("GETTICKETS_IDENTIFIER", identifier)
            .env("GETTICKETS_SECRET", secret)
            .args(["list", "--format", "ndjson"]);
        run(&mut command).noting().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_its_address_and_credentials() {
    let served = Served::with(&["--tickets", "7", "--server-version", "7.10"]);
    assert!(served.announced.contains("serves 7 tickets as server version 7.10"), "{}", served.announced);
    assert!(served.announced.contains("identifier  sandbox-identifier"), "{}", served.announced);
    let tickets = served.list("sandbox-identifier", "sandbox-secret");
    assert_eq!(tickets.len(), 7);
    assert!(tickets.iter().all(|ticket| ticket.get("owner_name").is_none()));
}

#[test]
fn a_secret_from_a_file_is_used_and_not_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"hunter2\n").unwrap();
    let served = Served::with(&["--identifier", "me", "--secret-file", text(file.path())]);
    assert!(!served.announced.contains("hunter2"), "{}", served.announced);
    assert_eq!(served.list("me", "hunter2").len(), 25);
}

#[test]
fn the_identifier_and_the_secret_can_be_given_alone() {
    let served = Served::with(&["--identifier", "me"]);
    assert_eq!(served.list("me", "sandbox-secret").len(), 25);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"hunter2\n").unwrap();
    let served = Served::with(&["--secret-file", text(file.path())]);
    assert_eq!(served.list("sandbox-identifier", "hunter2").len(), 25);
}

#[test]
fn output_of_list_can_be_loaded() {
    let sandbox = gettickets_sandbox::Sandbox::builder().tickets(12).start().unwrap();
    for format in ["json", "ndjson"] {
        let written = crate::program::ask(&sandbox, &["list", "--all", "--format", format]).quietly();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(written.as_bytes()).unwrap();
        let served = Served::with(&["--load", text(file.path())]);
        let listed = crate::program::ask(&sandbox, &["list", "--format", "ndjson"]).noting();
        let expected: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(served.list("sandbox-identifier", "sandbox-secret"), expected, "{format}");
    }
}

#[test]
fn more_tickets_than_can_be_generated_are_refused() {
    for count in ["4294967296", "10000000000000000000"] {
        let ran = gettickets(&["sandbox", "--tickets", count]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains(&format!("{count} is not in 0..=4294967295")), "{}", ran.err);
    }
}

#[test]
fn every_quirk_is_listed() {
    let listed = gettickets(&["sandbox", "--list-quirks"]).quietly();
    assert_eq!(listed.lines().count(), gettickets_sandbox::Quirk::ALL.len());
    assert!(listed.contains("malformed-utf8 "), "{listed}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_successfully() {
    let mut served = Served::with(&["--tickets", "3"]);
    let kill = std::process::Command::new("kill").args(["-INT", &served.child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}
