//! `export` against a real server on loopback: whole files, interruptions, holes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{ask, asking, gettickets, sandbox_with, text};

fn ids(file: &Path) -> Vec<u64> {
    let lines = fs::read_to_string(file).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap()).collect()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_s_ending_tells_its_format_and_nothing_stands_beside_it() {
    let sandbox = Sandbox::builder().tickets(130).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (name, magic) in [
        ("t.csv", &b"id,tid,deptid"[..]),
        ("t.ndjson", b"{\"id\":"),
        ("t.json", b"{\"result\":\"success\""),
        ("t.parquet", b"PAR1"),
        ("t.arrow", b"ARROW1"),
    ] {
        let file = directory.path().join(name);
        assert_eq!(ask(&sandbox, &["export", "--output", text(&file)]).quietly(), "", "{name}");
        assert!(fs::read(&file).unwrap().starts_with(magic), "{name}");
    }
    assert_eq!(names(directory.path()), ["t.arrow", "t.csv", "t.json", "t.ndjson", "t.parquet"]);
    let distinct: BTreeSet<u64> = ids(&directory.path().join("t.ndjson")).into_iter().collect();
    assert_eq!(distinct, (1..=130).collect());
}

#[test]
fn stdout_takes_a_format_and_gives_nothing_but_data() {
    let csv = gettickets(&["export", "--sandbox", "--output", "-", "--format", "csv"]).quietly();
    assert!(csv.starts_with("id,tid,deptid,"), "{csv}");
    let ran = gettickets(&["export", "--sandbox", "--output", "-"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "error: stdout has no ending that tells a format. Add --format with csv, ndjson, json, parquet or arrow.\n"
    );
}

#[test]
fn a_refused_export_leaves_nothing() {
    let sandbox = sandbox_with(Quirk::NotPermitted);
    let directory = tempfile::tempdir().unwrap();
    let ran = ask(&sandbox, &["export", "--output", text(&directory.path().join("t.parquet"))]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_ticket_that_cannot_be_had_makes_the_export_incomplete_and_loses_no_other() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.ndjson");
    let ran = ask(&sandbox, &["export", "--output", text(&file)]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("can't send 2 tickets"), "{}", ran.err);
    let found: BTreeSet<u64> = ids(&file).into_iter().collect();
    // The sandbox spoils tickets whose id leaves 17 when divided by 40.
    assert_eq!(found, (1..=60).filter(|id| id % 40 != 17).collect());
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_came_and_resume_goes_on_from_it() {
    let sandbox = Sandbox::builder().tickets(400).quirk(Quirk::PageCap).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for name in ["t.ndjson", "t.parquet"] {
        let file = directory.path().join(name);
        let partial = directory.path().join(format!("{name}.partial"));
        let mut command = asking(&sandbox);
        command.args(["export", "--output", text(&file)]).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // Once something was written, which is some pages into the forty.
        while fs::metadata(&partial).map_or(0, |partial| partial.len()) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(interrupted.success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.code() == Some(0) {
            // It was done before the signal came, which is no failure of the claim.
            continue;
        }
        assert_eq!(output.status.code(), Some(5), "{said}");
        if !said.contains("--resume goes on") {
            // It came before the first page was whole.
            continue;
        }
        assert!(!file.exists());
        let again = ask(&sandbox, &["export", "--output", text(&file)]);
        assert_eq!(again.code, 2);
        assert!(again.err.contains("--resume goes on with it, --restart gives it up"), "{}", again.err);
        ask(&sandbox, &["export", "--output", text(&file), "--resume"]).quietly();
        assert!(!partial.exists());
        if name == "t.ndjson" {
            let mut found = ids(&file);
            found.sort_unstable();
            assert_eq!(found, (1..=400).collect::<Vec<u64>>(), "nothing lost, nothing double");
        }
    }
}

#[test]
fn a_server_that_changes_meanwhile_gives_each_ticket_once() {
    let sandbox = Sandbox::builder().tickets(300).quirk(Quirk::Shifting).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("t.ndjson");
    ask(&sandbox, &["export", "--output", text(&file)]).quietly();
    let found = ids(&file);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
}
