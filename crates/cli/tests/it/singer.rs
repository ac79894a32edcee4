//! `singer`: the tap as a program.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::{Value, json};

use crate::installs::Installs;
use crate::program::{gettickets, program, run, sandbox_with};

/// A configuration for a sandbox, as a file.
fn configuration(sandbox: &Sandbox, folder: &tempfile::TempDir) -> String {
    let config = json!({
        "url": sandbox.url(), "identifier": sandbox.identifier(), "secret": sandbox.secret(), "time_zone": "Europe/London",
    });
    file(folder, "config.json", &config.to_string())
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn messages(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(messages: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for message in messages {
        *counts.entry(message["type"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

/// A message without text that differs between runs.
fn steady(mut message: Value) -> Value {
    if message.get("time_extracted").is_some() {
        message["time_extracted"] = json!("TIME");
    }
    if message.get("version").is_some() {
        message["version"] = json!(1);
    }
    message
}

#[test]
fn messages_match_the_snapshots() {
    let sandbox = Sandbox::builder().tickets(2).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&sandbox, &folder);
    let ran = gettickets(&["singer", "--config", &config]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "note: main: 2 tickets\n"));
    let shown: Vec<String> = messages(&ran.out)
        .into_iter()
        .map(|message| serde_json::to_string_pretty(&steady(message)).unwrap())
        .collect();
    insta::assert_snapshot!("singer_messages", shown.join("\n"));
    insta::assert_snapshot!(
        "singer_catalog",
        gettickets(&["singer", "--config", &config, "--discover"]).quietly()
    );
    insta::assert_snapshot!("singer_about", gettickets(&["singer", "--about"]).quietly());
    let bare = gettickets(&["singer", "--discover"]).quietly();
    assert_eq!(bare, gettickets(&["singer", "--config", &config, "--discover"]).quietly());
}

#[test]
fn a_run_uses_the_state_and_catalog_of_the_last() {
    let sandbox = Sandbox::builder().tickets(400).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&sandbox, &folder);
    let discovered = gettickets(&["singer", "--config", &config, "--discover"]).quietly();
    let mut catalog: Value = serde_json::from_str(&discovered).unwrap();
    catalog["streams"][0]["metadata"][0]["metadata"]["replication-method"] = json!("INCREMENTAL");
    let catalog = file(&folder, "catalog.json", &catalog.to_string());
    let empty = file(&folder, "empty.json", "");
    let first =
        gettickets(&["singer", "--config", &config, "--catalog", &catalog, "--state", &empty]).noting();
    let first = messages(&first);
    assert_eq!(counts(&first)["RECORD"], 400);
    let state = first.iter().rfind(|message| message["type"] == "STATE").unwrap();
    let state = file(&folder, "state.json", &state["value"].to_string());
    let second =
        gettickets(&["singer", "--config", &config, "--properties", &catalog, "--state", &state]).noting();
    assert!(counts(&messages(&second))["RECORD"] < 400, "{second}");
}

#[test]
fn profiles_are_read_concurrently() {
    let installs = Installs::start(&[("berlin", 30), ("london", 40)]);
    let out = run(&mut installs.program(&["singer", "--all-profiles"])).noting();
    assert_eq!(
        counts(&messages(&out)),
        BTreeMap::from([("SCHEMA", 1), ("RECORD", 70), ("ACTIVATE_VERSION", 1), ("STATE", 1)])
    );
    let folder = tempfile::tempdir().unwrap();
    let config = file(&folder, "config.json", r#"{"profile": ["lon*", "berlin"]}"#);
    let out = run(&mut installs.program(&["singer", "--config", &config])).noting();
    assert_eq!(counts(&messages(&out))["RECORD"], 70);

    let tested = run(&mut installs.program(&["singer", "--all-profiles", "--test"]));
    assert_eq!((tested.code, tested.out.as_str()), (0, ""));
    assert_eq!(
        tested.err,
        "note: berlin: the install can be read; it has 30 tickets\nnote: london: the install can be read; it has 40 tickets\n"
    );
    installs.spoil("london");
    let tested = run(&mut installs.program(&["singer", "--all-profiles", "--test"]));
    assert_eq!(tested.code, 1);
    assert!(
        tested.err.contains("error: london: the server sent an error: Authentication Failed"),
        "{}",
        tested.err
    );
    let ran = run(&mut installs.program(&["singer", "--all-profiles"]));
    assert_eq!(ran.code, 1);
    assert_eq!(counts(&messages(&ran.out)), BTreeMap::from([("SCHEMA", 1), ("RECORD", 30), ("STATE", 1)]));
    installs.configure("[profiles.rome]\nurl = \"http://127.0.0.1:1/\"\n");
    let ran = run(&mut installs.program(&["singer", "--all-profiles"]));
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
}

#[test]
fn a_ticket_that_cannot_be_read_leaves_out_activate_version() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let config = configuration(&sandbox, &folder);
    let ran = gettickets(&["singer", "--config", &config]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("cannot send"), "{}", ran.err);
    assert!(!counts(&messages(&ran.out)).contains_key("ACTIVATE_VERSION"));
}

#[test]
fn a_target_that_ends_early_is_a_failure() {
    let sandbox = Sandbox::builder().tickets(9_000).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&sandbox, &folder);
    let mut tap = program()
        .args(["singer", "--config", &config])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(tap.stdout.take());
    let output = tap.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn unusable_files_are_named_and_no_credential_is_shown() {
    let sandbox = Sandbox::builder().tickets(3).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let good = configuration(&sandbox, &folder);
    for (name, text, what) in [
        ("a.json", r#"{"secret": "hunter2""#, "it is not JSON"),
        ("b.json", r#"{"secret": ["hunter2"]}"#, "a value is not of the expected type"),
        ("c.json", r#"{"url": "https://example.com", "identifier": "hunter2"}"#, "has no API secret"),
        ("d.json", r#"{"url": "https://example.com", "secret": "hunter2"}"#, "has no credentials"),
    ] {
        let ran = gettickets(&["singer", "--config", &file(&folder, name, text)]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(what) && !ran.err.contains("hunter2"), "{}", ran.err);
    }
    let missing = gettickets(&["singer", "--config", "/nonexistent/config.json"]);
    assert!(missing.code == 2 && missing.err.contains("/nonexistent/config.json"), "{}", missing.err);
    let list = file(&folder, "list.json", "[]");
    for flag in ["--catalog", "--state"] {
        let ran = gettickets(&["singer", "--config", &good, flag, &list]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("list.json: the ") && ran.err.contains("cannot be used"), "{}", ran.err);
    }
    let typing = json!({"url": sandbox.url(), "identifier": sandbox.identifier(), "secret": sandbox.secret(), "timezone": "UTC"});
    let ran = gettickets(&["singer", "--config", &file(&folder, "e.json", &typing.to_string())]);
    assert!(ran.code == 0 && ran.err.contains("unknown setting \"timezone\""), "{}", ran.err);
    let zone = json!({"url": sandbox.url(), "identifier": "i", "secret": "s", "time_zone": "Mars"});
    let ran = gettickets(&["singer", "--config", &file(&folder, "f.json", &zone.to_string())]);
    assert!(ran.code == 2 && ran.err.contains("\"Mars\" is not the name of a time zone"), "{}", ran.err);
}

/// Runs the tap into the target, and returns the state that the target returned.
fn load(target: &str, config: &str, state: Option<&str>, folder: &tempfile::TempDir) -> String {
    let settings = json!({"output_path": folder.path(), "overwrite_behavior": "append_records"});
    let target_config = file(folder, "target.json", &settings.to_string());
    let mut tap = program();
    tap.args(["singer", "--config", config]);
    if let Some(state) = state {
        tap.args(["--state", state]);
    }
    let mut tap = tap.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let target = std::process::Command::new(target)
        .args(["--config", &target_config])
        .stdin(tap.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(target.status.success(), "{}", String::from_utf8_lossy(&target.stderr));
    let tap = tap.wait_with_output().unwrap();
    assert!(tap.status.success(), "{}", String::from_utf8_lossy(&tap.stderr));
    String::from_utf8(target.stdout).unwrap().lines().last().unwrap().to_owned()
}

#[test]
#[ignore = "needs meltanolabs-target-csv; `cargo xtask test singer` installs it"]
fn a_target_loads_every_ticket_and_returns_the_state() {
    let target = std::env::var("GETTICKETS_TARGET_CSV").unwrap();
    let sandbox = Sandbox::builder().tickets(230).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&sandbox, &folder);
    let state = load(&target, &config, None, &folder);
    let loaded = fs::read_to_string(folder.path().join("tickets.csv")).unwrap();
    for id in sandbox.store().ids().unwrap() {
        let subject = sandbox.store().get(id).unwrap().unwrap().tid;
        assert!(loaded.contains(&subject), "{subject}");
    }
    let state: Value = serde_json::from_str(&state).unwrap();
    assert!(state["bookmarks"]["tickets"]["partitions"][0]["replication_key_value"].is_string(), "{state}");
    let state = file(&folder, "state.json", &state.to_string());
    load(&target, &config, Some(&state), &folder);
}
