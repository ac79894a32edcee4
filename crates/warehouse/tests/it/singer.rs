//! The messages of the Singer tap.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use gettickets::{Status, Ticket};
use gettickets_sandbox::{Quirk, Sandbox};
use gettickets_warehouse::singer::{Method, Tap, TapError};
use gettickets_warehouse::{Fleet, Install};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::client;

fn sandboxes(counts: &[u64]) -> Vec<Sandbox> {
    counts
        .iter()
        .map(|tickets| Sandbox::builder().tickets(*tickets).seed(*tickets).start().unwrap())
        .collect()
}

fn tap(sandboxes: &[Sandbox]) -> Tap {
    let installs = sandboxes.iter().enumerate().map(|(index, sandbox)| {
        Install::new(format!("install-{index}"), client(sandbox)).time_zone(TimeZone::UTC)
    });
    Tap::new(Fleet::new(installs).unwrap())
}

/// Runs the tap. Returns the messages, and whether all scans were complete.
fn run(tap: &Tap) -> (Vec<Value>, bool) {
    let mut out = Vec::new();
    let reports = tap.sync(&mut out).unwrap();
    (messages(&out), reports.iter().all(|report| report.is_complete()))
}

fn messages(out: &[u8]) -> Vec<Value> {
    std::str::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type<'m>(messages: &'m [Value], kind: &'m str) -> impl Iterator<Item = &'m Value> {
    messages.iter().filter(move |message| message["type"] == kind)
}

fn ids(messages: &[Value]) -> BTreeSet<(String, u64)> {
    let id = |message: &Value| {
        let record = &message["record"];
        (record["install"].as_str().unwrap().to_owned(), record["id"].as_u64().unwrap())
    };
    of_type(messages, "RECORD").map(id).collect()
}

/// The last state of a run, which a target prints and the next run receives.
fn last_state(messages: &[Value]) -> Value {
    of_type(messages, "STATE").last().unwrap()["value"].clone()
}

fn expected(sandboxes: &[Sandbox]) -> BTreeSet<(String, u64)> {
    let of = |(index, sandbox): (usize, &Sandbox)| {
        let ids = sandbox.store().ids().unwrap();
        ids.into_iter().map(move |id| (format!("install-{index}"), id)).collect::<Vec<_>>()
    };
    sandboxes.iter().enumerate().flat_map(of).collect()
}

/// A target that stores the last row of each key, and deletes rows of older versions.
#[derive(Default)]
struct Target {
    rows: BTreeMap<(String, u64), (i64, Value)>,
}

impl Target {
    fn take(&mut self, messages: &[Value]) {
        for message in messages {
            match message["type"].as_str().unwrap() {
                "RECORD" => {
                    let record = &message["record"];
                    let key =
                        (record["install"].as_str().unwrap().to_owned(), record["id"].as_u64().unwrap());
                    self.rows.insert(key, (message["version"].as_i64().unwrap_or(0), record.clone()));
                }
                "ACTIVATE_VERSION" => {
                    let version = message["version"].as_i64().unwrap();
                    self.rows.retain(|_, (of, _)| *of >= version);
                }
                _ => {}
            }
        }
    }

    fn keys(&self) -> BTreeSet<(String, u64)> {
        self.rows.keys().cloned().collect()
    }
}

#[test]
fn a_full_run_has_every_ticket_once_and_ends_with_activate_version_and_state() {
    let sandboxes = sandboxes(&[120, 45]);
    let (messages, complete) = run(&tap(&sandboxes));
    assert!(complete);
    assert_eq!(messages[0]["type"], "SCHEMA");
    assert_eq!(of_type(&messages, "RECORD").count(), 165);
    assert_eq!(ids(&messages), expected(&sandboxes));
    let [.., version, state] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((&version["type"], &state["type"]), (&json!("ACTIVATE_VERSION"), &json!("STATE")));
    assert!(of_type(&messages, "RECORD").all(|record| record["version"] == version["version"]));
    assert_eq!(of_type(&messages, "STATE").count(), 1, "the installs are small");
    let stream = &state["value"]["bookmarks"]["tickets"];
    assert_eq!(stream["version"], Value::Null);
    assert!(stream["partitions"][0]["replication_key_value"].is_string(), "{stream}");
    assert_eq!(stream["partitions"][0]["progress"], Value::Null);
}

#[test]
fn records_match_their_schema() {
    let sandboxes = sandboxes(&[60]);
    let (messages, _) = run(&tap(&sandboxes));
    let schema = &messages[0];
    assert_eq!(schema["key_properties"], json!(["install", "id"]));
    let properties = schema["schema"]["properties"].as_object().unwrap();
    assert!(!properties.contains_key("c"), "an access key opens a ticket");
    for message in of_type(&messages, "RECORD") {
        let record = message["record"].as_object().unwrap();
        assert!(record.keys().eq(properties.keys()));
        for (name, value) in record {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let allowed = &properties[name]["type"];
            let is_allowed =
                allowed == kind || allowed.as_array().is_some_and(|kinds| kinds.contains(&json!(kind)));
            assert!(is_allowed, "{name}: {value} is not {allowed}");
        }
        let utc = record["lastreply_utc"].as_str().unwrap();
        assert!(utc.parse::<jiff::Timestamp>().is_ok() && utc.contains('T'), "{utc}");
    }
}

#[test]
fn records_have_the_values_of_the_tickets() {
    let ticket = |id: u64, removed: bool| Ticket {
        id,
        tid: format!("T-{id}"),
        c: format!("key-{id}"),
        attachments: Some(vec![gettickets::Attachment { filename: "a.txt".into(), index: 3 }]),
        attachments_removed: Some(removed),
        ..Ticket::default()
    };
    let tickets = vec![ticket(1, false), ticket(2, true)];
    let sandbox = Sandbox::builder().load(tickets).quirk(Quirk::ExtraFields).start().unwrap();
    let install = Install::new("main", client(&sandbox)).access_keys(true);
    let tap = Tap::new(Fleet::new([install]).unwrap());
    let (messages, _) = run(&tap);
    let mut records: Vec<&Value> = of_type(&messages, "RECORD").map(|message| &message["record"]).collect();
    records.sort_by_key(|record| record["id"].as_u64());
    for (record, (id, removed)) in records.iter().zip([(1, false), (2, true)]) {
        assert_eq!(record["install"], "main");
        assert_eq!(record["id"], id);
        assert_eq!(record["c"], format!("key-{id}"));
        assert_eq!(record["attachments_removed"], removed);
        assert_eq!(record["attachments"], json!([{"filename": "a.txt", "index": 3}]));
        assert!(record["extra"]["deptname"].is_string(), "{record}");
    }
    assert_eq!(records.len(), 2);
    assert!(messages[0]["schema"]["properties"]["c"].is_object(), "{}", messages[0]);
}

#[test]
fn a_ticket_that_cannot_be_stored_ends_its_install_alone() {
    let sandboxes = sandboxes(&[30]);
    let body = r#"{"result":"success","totalresults":2,"startnumber":0,"numreturned":2,"tickets":{"ticket":[{"id":18446744073709551615,"tid":"B"},{"id":7,"tid":"C"}]}}"#;
    let huge = gettickets::Client::builder("https://billing.example.com")
        .credentials(gettickets::Credentials::api("i", "s"))
        .transport(super::faults::Fixed(body))
        .build()
        .unwrap();
    let installs = [Install::new("huge", huge), Install::new("install-0", client(&sandboxes[0]))];
    let tap = Tap::new(Fleet::new(installs).unwrap());
    let mut out = Vec::new();
    let reports = tap.sync(&mut out).unwrap();
    let refused = reports[0].refused().unwrap();
    assert!(refused.contains("18446744073709551615"), "{refused}");
    assert!(!reports[0].is_complete());
    assert_eq!((reports[1].refused(), reports[1].is_complete()), (None, true));
    let messages = messages(&out);
    assert_eq!(ids(&messages), expected(&sandboxes));
    assert_eq!(of_type(&messages, "ACTIVATE_VERSION").count(), 0);
    let state = last_state(&messages);
    let partitions = state["bookmarks"]["tickets"]["partitions"].as_array().unwrap();
    assert_eq!(partitions[0]["context"]["install"], "huge");
    assert_eq!(partitions[0]["replication_key_value"], Value::Null, "{state}");
    assert!(partitions[1]["replication_key_value"].is_string(), "{state}");
}

#[test]
fn a_target_follows_changes_and_deletions() {
    let sandboxes = sandboxes(&[80, 50]);
    let mut target = Target::default();
    let (messages, _) = run(&tap(&sandboxes));
    target.take(&messages);
    let store = sandboxes[0].store();
    let all = store.ids().unwrap();
    store.delete(all[7]).unwrap();
    store.set_status(all[9], Status::from("Closed")).unwrap();
    store.open(Ticket { tid: "NEW-1".into(), ..Ticket::default() }).unwrap();
    // Versions are in milliseconds.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (messages, complete) = run(&tap(&sandboxes).state(&last_state(&messages)).unwrap());
    assert!(complete);
    target.take(&messages);
    assert_eq!(target.keys(), expected(&sandboxes));
    assert_eq!(target.rows[&("install-0".to_owned(), all[9])].1["status"], "Closed");
}

#[test]
fn an_install_that_fails_prevents_activate_version_and_its_bookmark_is_unchanged() {
    let mut sandboxes = sandboxes(&[40]);
    sandboxes.push(Sandbox::builder().tickets(60).quirk(Quirk::MalformedUtf8Deep).start().unwrap());
    let (messages, complete) = run(&tap(&sandboxes));
    assert!(!complete);
    assert_eq!(of_type(&messages, "ACTIVATE_VERSION").count(), 0);
    let state = last_state(&messages);
    let partitions = state["bookmarks"]["tickets"]["partitions"].as_array().unwrap();
    assert!(partitions[0]["replication_key_value"].is_string(), "{state}");
    assert_eq!(partitions[1]["replication_key_value"], Value::Null, "{state}");
}

#[test]
fn an_incremental_run_reads_new_tickets_and_advances_the_bookmark_at_its_end() {
    let sandboxes = sandboxes(&[3000]);
    let incremental = || tap(&sandboxes).method(Method::Incremental);
    let (first, _) = run(&incremental());
    assert_eq!(ids(&first), expected(&sandboxes));
    assert_eq!(of_type(&first, "ACTIVATE_VERSION").count(), 0);
    let store = sandboxes[0].store();
    let replied = store.ids().unwrap()[1500];
    store.reply(replied, Status::from("Customer-Reply")).unwrap();
    let (second, complete) = run(&incremental().state(&last_state(&first)).unwrap());
    assert!(complete);
    assert!(ids(&second).contains(&("install-0".to_owned(), replied)));
    assert!(ids(&second).len() < 1000, "{}", ids(&second).len());
    let value = |messages: &[Value]| {
        let state = last_state(messages);
        state["bookmarks"]["tickets"]["partitions"][0]["replication_key_value"].as_str().unwrap().to_owned()
    };
    assert!(value(&second) > value(&first));
    assert!(of_type(&second, "RECORD").all(|record| record.get("version").is_none()));
}

#[test]
fn an_incremental_run_begins_at_the_given_time() {
    let sandboxes = sandboxes(&[3000]);
    let store = sandboxes[0].store();
    let ticket = |id: u64| store.get(id).unwrap().unwrap();
    let start = store.now().unwrap().unwrap() - jiff::Span::new().days(30);
    let (messages, complete) = run(&tap(&sandboxes).method(Method::Incremental).start(start));
    assert!(complete);
    let since: BTreeSet<(String, u64)> = expected(&sandboxes)
        .into_iter()
        .filter(|(_, id)| ticket(*id).lastreply.is_some_and(|reply| reply >= start))
        .collect();
    assert!(!since.is_empty());
    let found = ids(&messages);
    assert!(found.is_superset(&since));
    assert!(found.len() < 3000, "{}", found.len());
}

/// Fails after a number of STATE messages, like a target that is killed.
struct Killed {
    out: Vec<u8>,
    states: usize,
}

impl Write for Killed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.states == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.states -= 1;
        Ok(())
    }
}

#[test]
fn an_interrupted_run_is_continued_from_its_state() {
    for method in [Method::FullTable, Method::Incremental] {
        let sandboxes = sandboxes(&[6_500, 30]);
        let tap = || tap(&sandboxes).method(method);
        let mut killed = Killed { out: Vec::new(), states: 1 };
        let error = tap().sync(&mut killed).unwrap_err();
        assert!(matches!(error, TapError::Output(_)), "{error}");
        assert!(std::error::Error::source(&error).unwrap().is::<io::Error>());
        let first = messages(&killed.out);
        let state = last_state(&first);
        let has_version = state["bookmarks"]["tickets"]["version"].is_i64();
        assert_eq!(has_version, method == Method::FullTable, "{state}");
        let (second, complete) = run(&tap().state(&state).unwrap());
        assert!(complete);
        assert!(of_type(&second, "RECORD").count() < 6_500, "it started from the beginning");
        let mut target = Target::default();
        target.take(&first);
        target.take(&second);
        assert_eq!(target.keys(), expected(&sandboxes));
    }
}

#[test]
fn a_run_of_the_other_method_begins_anew() {
    let sandboxes = sandboxes(&[5_600]);
    let mut killed = Killed { out: Vec::new(), states: 1 };
    tap(&sandboxes).sync(&mut killed).unwrap_err();
    let state = last_state(&messages(&killed.out));
    let incremental = tap(&sandboxes).method(Method::Incremental);
    let (messages, _) = run(&incremental.state(&state).unwrap());
    assert_eq!(ids(&messages), expected(&sandboxes));
}

#[test]
fn the_catalog_that_is_discovered_describes_the_columns() {
    let sandboxes = sandboxes(&[1]);
    let catalog = tap(&sandboxes).method(Method::Incremental).discover();
    let stream = &catalog["streams"][0];
    assert_eq!(
        (&stream["tap_stream_id"], &stream["replication_method"]),
        (&json!("tickets"), &json!("INCREMENTAL"))
    );
    let of_stream = &stream["metadata"][0]["metadata"];
    assert_eq!(of_stream["replication-method"], "INCREMENTAL");
    let metadata = stream["metadata"].as_array().unwrap();
    let names: Vec<&str> =
        metadata[1..].iter().map(|entry| entry["breadcrumb"][1].as_str().unwrap()).collect();
    assert_eq!(names.len(), stream["schema"]["properties"].as_object().unwrap().len());
    for (name, entry) in names.iter().zip(&metadata[1..]) {
        let is_automatic = ["install", "id", "lastreply"].contains(name);
        let expected = if is_automatic { "automatic" } else { "available" };
        assert_eq!(entry["metadata"]["inclusion"], expected, "{name}");
    }
    // A key is never null.
    let types = |name: &str| &stream["schema"]["properties"][name]["type"];
    assert_eq!((types("install"), types("id")), (&json!("string"), &json!("integer")));
    assert_eq!(types("subject"), &json!(["string", "null"]));
    assert_eq!(types("deptid"), &json!(["integer", "null"]));
}

#[test]
fn a_catalog_selects_columns_and_method() {
    let sandboxes = sandboxes(&[10]);
    let mut catalog = tap(&sandboxes).discover();
    let metadata = catalog["streams"][0]["metadata"].as_array_mut().unwrap();
    for entry in metadata.iter_mut() {
        match entry["breadcrumb"].clone().as_array().unwrap()[..] {
            [] => entry["metadata"]["replication-method"] = json!("INCREMENTAL"),
            [_, ref name] if ["email", "cc", "id"].contains(&name.as_str().unwrap()) => {
                entry["metadata"]["selected"] = json!(false);
            }
            _ => {}
        }
    }
    let (messages, _) = run(&tap(&sandboxes).catalog(&catalog).unwrap());
    assert_eq!(messages[0]["bookmark_properties"], json!(["lastreply"]));
    let record = &of_type(&messages, "RECORD").next().unwrap()["record"];
    assert!(record.get("email").is_none() && record.get("cc").is_none(), "{record}");
    assert!(record.get("id").is_some(), "a key is always sent");
    catalog["streams"][0]["metadata"][0]["metadata"]["selected"] = json!(false);
    assert!(run(&tap(&sandboxes).catalog(&catalog).unwrap()).0.is_empty());
}

#[test]
fn invalid_catalogs_and_states_are_refused() {
    let sandboxes = sandboxes(&[1]);
    for catalog in [json!({}), json!({"streams": []}), json!([]), json!({"streams": [{"stream": "users"}]})] {
        let error = tap(&sandboxes).catalog(&catalog).unwrap_err();
        assert!(matches!(error, TapError::Catalog(_)), "{catalog}");
        assert!(error.hint().ends_with('.') && std::error::Error::source(&error).is_none());
    }
    let method = json!({"streams": [{"stream": "tickets", "replication_method": "LOG_BASED"}]});
    let error = tap(&sandboxes).catalog(&method).unwrap_err().to_string();
    assert!(error.contains("LOG_BASED"), "{error}");
    let partition = |partition: Value| json!({"bookmarks": {"tickets": {"partitions": [partition]}}});
    for state in [
        json!([]),
        json!({"last": 1}),
        partition(json!({})),
        partition(json!({"context": {"install": "a"}, "replication_key_value": "soon"})),
        partition(json!({"context": {"install": "a"}, "progress": {"cursor": {"gettickets_cursor": "x"}}})),
    ] {
        assert!(matches!(tap(&sandboxes).state(&state), Err(TapError::State(_))), "{state}");
    }
    for state in [json!({}), json!({"bookmarks": {}})] {
        assert!(tap(&sandboxes).state(&state).is_ok(), "{state}");
    }
}
