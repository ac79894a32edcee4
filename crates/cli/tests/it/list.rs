//! `list` against a real server on loopback.

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{
    answering, ask, asking, asking_at, gettickets, program, run, run_with, sandbox_with, text,
};

#[test]
fn the_first_command_of_the_readme_shows_25_tickets() {
    let shown = gettickets(&["list", "--sandbox"]).noting();
    assert_eq!(shown.lines().count(), 26);
    assert!(shown.starts_with("TICKET "), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no color on a pipe");
    let narrow = gettickets(&["list", "--sandbox", "--width", "60"]).noting();
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn json_is_the_canonical_page_with_every_field() {
    let page: Value =
        serde_json::from_str(&gettickets(&["list", "--sandbox", "--format", "json"]).noting()).unwrap();
    assert_eq!((&page["totalresults"], &page["numreturned"]), (&1000.into(), &25.into()));
    let ticket = page["tickets"][0].as_object().unwrap();
    for field in gettickets_protocol::FIELDS {
        assert!(ticket.contains_key(field.name), "{}", field.name);
    }
}

#[test]
fn every_format_has_every_ticket() {
    let sandbox = Sandbox::builder().tickets(230).start().unwrap();
    let all = |format: &str| ask(&sandbox, &["list", "--all", "--format", format]).quietly();
    assert_eq!(all("ndjson").lines().count(), 230);
    assert_eq!(all("table").lines().count(), 231);
    assert!(all("csv").starts_with("id,tid,deptid,"));
    let document: Value = serde_json::from_str(&all("json")).unwrap();
    assert_eq!(document["numreturned"], 230);
    assert_eq!(document["tickets"].as_array().unwrap().len(), 230);
    let mut ids: Vec<u64> =
        document["tickets"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=230).collect::<Vec<u64>>());
}

#[test]
fn each_parameter_reaches_the_server() {
    let sandbox = Sandbox::start().unwrap();
    let tickets = |flags: &[&str]| -> Vec<Value> {
        let listed =
            ask(&sandbox, &[&["list", "--format", "ndjson", "--limitnum", "200"], flags].concat()).noting();
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let every = |flags: &[&str], field: &str, value: Value| {
        let found = tickets(flags);
        assert!(!found.is_empty(), "{flags:?}");
        assert!(found.iter().all(|ticket| ticket[field] == value), "{flags:?}");
    };
    every(&["--deptid", "2"], "deptid", 2.into());
    every(&["--status", "on hold"], "status", "On Hold".into());
    let first = tickets(&[]).into_iter().find(|ticket| ticket["userid"] != 0).unwrap();
    every(&["--clientid", &first["userid"].to_string()], "userid", first["userid"].clone());
    assert_eq!(tickets(&["--limitstart", "1"])[0], tickets(&[])[1]);
    assert!(
        tickets(&["--subject", "invoice"])
            .iter()
            .all(|one| one["subject"].as_str().unwrap().contains("nvoice"))
    );
    assert!(tickets(&["--status", "Awaiting Reply"]).len() < tickets(&[]).len());
}

#[test]
fn updated_since_lists_only_recent_tickets() {
    let sandbox = Sandbox::start().unwrap();
    let all = ask(&sandbox, &["list", "--all", "--format", "ndjson"]).quietly();
    let times = |lines: &str| -> Vec<String> {
        let time = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap()["lastreply"].as_str().map(str::to_owned)
        };
        lines.lines().filter_map(time).collect()
    };
    let since = times(&all)[50].clone();
    let listed = ask(&sandbox, &["list", "--updated-since", &since, "--format", "ndjson"]).quietly();
    let expected = times(&all).into_iter().filter(|time| *time >= since).count();
    assert_eq!(times(&listed).len(), expected);
    assert!(times(&listed).iter().all(|time| *time >= since));
}

#[test]
fn secrets_are_read_from_a_file_or_a_profile() {
    let sandbox = Sandbox::builder().tickets(3).api_credentials("me", "hunter2").start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".config/gettickets");
    std::fs::create_dir_all(&directory).unwrap();
    let secret = directory.join("main.secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    private(&secret);
    let configuration = format!(
        "default-profile = \"main\"\n[profiles.main]\nurl = {:?}\nidentifier = \"me\"\nsecret-file = \"main.secret\"\n",
        sandbox.url()
    );
    std::fs::write(directory.join("config.toml"), configuration).unwrap();

    let by_flag = ["list", "--url", &sandbox.url(), "--identifier", "me", "--secret-file", text(&secret)];
    assert_eq!(gettickets(&by_flag).quietly().lines().count(), 4);
    let from_stdin = ["list", "--url", &sandbox.url(), "--identifier", "me", "--secret-file", "-"];
    assert_eq!(run_with(program().args(from_stdin), b"hunter2\n").quietly().lines().count(), 4);
    for arguments in [&["list"][..], &["list", "--profile", "main"]] {
        assert_eq!(run(program().env("HOME", home.path()).args(arguments)).quietly().lines().count(), 4);
    }
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_causes_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::builder().tickets(3).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, sandbox.secret()).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = ask(&sandbox, &["list", "--secret-file", text(&secret)]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.starts_with("warning: other users can read the file "), "{}", ran.err);
    assert!(ran.err.contains("; `chmod 600 "), "{}", ran.err);
}

#[cfg(unix)]
fn private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &std::path::Path) {}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let sandbox = Sandbox::builder().tickets(5_000).start().unwrap();
    let mut command = asking(&sandbox);
    command.args(["list", "--all", "--format", "ndjson"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_page_that_json_cannot_represent_is_shown() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8);
    let ran = ask(&sandbox, &["list", "--limitnum", "60", "--format", "ndjson"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 60));
    assert!(
        ran.err.contains("warning: invalid bytes were replaced by U+FFFD (subject): 2 times, in tickets "),
        "{}",
        ran.err
    );
}

#[test]
fn color_is_written_on_request() {
    let colored = gettickets(&["list", "--sandbox", "--color", "always", "-q"]).quietly();
    assert!(colored.contains("\u{1b}["), "{colored}");
    let plain = run(program().args(["list", "--sandbox"]).env("NO_COLOR", "1")).noting();
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn a_mistyped_status_without_matches_causes_a_warning() {
    let sandbox = Sandbox::start().unwrap();
    for command in [&["list"][..], &["list", "--all"], &["stats"], &["export", "-o", "-", "--format", "csv"]]
    {
        let list = |status: &str| ask(&sandbox, &[command, &["--status", status]].concat());
        let slip = list("Opne");
        assert_eq!(slip.code, 0, "{command:?}: {}", slip.err);
        assert_eq!(
            slip.err, "warning: no ticket has the status 'Opne'; did you mean 'Open'?\n",
            "{command:?}"
        );
        assert_eq!(list("Escalated").err, "", "{command:?}: a status of the install's own");
    }
}

#[test]
fn a_server_may_send_the_largest_number_as_startnumber() {
    let list = |total: &str| {
        let body = format!(
            r#"{{"result":"success",{total}"startnumber":18446744073709551615,"tickets":{{"ticket":[{{"id":7}}]}}}}"#
        );
        let url = answering(move || (200, body.clone()));
        let ran = run(asking_at(&url).args(["list", "--columns", "id", "--format", "ndjson"]));
        assert_eq!((ran.code, ran.out.as_str()), (0, "{\"id\":7}\n"), "{}", ran.err);
        ran.err
    };
    assert!(!list(r#""totalresults":3,"#).contains("--limitstart"));
    let shown = list("");
    assert!(shown.contains("--limitstart 18446744073709551615 lists the next page"), "{shown}");
}

#[test]
fn every_format_notes_that_more_tickets_match() {
    let sandbox = Sandbox::builder().tickets(60).start().unwrap();
    for format in ["table", "json", "ndjson", "csv"] {
        let ran = ask(&sandbox, &["list", "--format", format]);
        assert_eq!(
            ran.err,
            "note: 1 to 25 of 60 tickets; --limitstart 25 lists the next page, --all lists every ticket\n",
            "{format}"
        );
        assert_eq!(ask(&sandbox, &["list", "--limitnum", "60", "--format", format]).err, "", "{format}");
    }
    let ran = ask(&sandbox, &["list", "--limitstart", "50"]);
    assert_eq!((ran.err.as_str(), ran.out.lines().count()), ("", 11));
}

fn objects(ran: crate::program::Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn quotes_around_a_secret_cause_a_warning() {
    let sandbox = Sandbox::builder().tickets(3).start().unwrap();
    let mut command = asking(&sandbox);
    let ran = run(command.arg("list").env("GETTICKETS_SECRET", format!("\"{}\"\n", sandbox.secret())));
    assert_eq!(ran.code, 1);
    assert!(
        ran.err
            .starts_with("warning: the API secret from the variable GETTICKETS_SECRET has quotes around it"),
        "{}",
        ran.err
    );
    let padded = format!(" \u{feff}{}\r\n", sandbox.secret());
    let ran = run(asking(&sandbox).arg("list").env("GETTICKETS_SECRET", padded));
    assert_eq!(ran.quietly().lines().count(), 4);
}

#[test]
fn scan_options_have_an_effect() {
    let sandbox = Sandbox::builder().tickets(300).start().unwrap();
    let list = |flags: &[&str]| ask(&sandbox, &[&["list", "--all", "--format", "ndjson"], flags].concat());
    assert_eq!(list(&["--jobs", "1"]).quietly().lines().count(), 300);
    assert_eq!(list(&["--limitnum", "18446744073709551615"]).quietly().lines().count(), 300);
    let ran = list(&["--max-tickets", "100"]);
    assert!(ran.code == 5 && ran.out.lines().count() <= 300, "{}", ran.err);
    let ran = ask(&sandbox, &["list", "--full"]);
    assert!(ran.code == 2 && ran.err.contains("--updated-since"), "{}", ran.err);
    let full = ask(&sandbox, &["list", "--updated-since", "2000-01-01", "--full", "--format", "ndjson"]);
    assert_eq!(full.quietly().lines().count(), 300);

    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let ran = ask(&sandbox, &["list", "--all", "--skip-unreadable", "--format", "ndjson"]);
    assert_eq!((ran.code, ran.out.lines().count()), (5, 58), "{}", ran.err);
    assert!(ran.err.contains("2 tickets are missing") && ran.err.contains("(after ticket "), "{}", ran.err);
}

#[test]
fn deviations_in_a_scan_are_printed_once() {
    let sandbox = Sandbox::builder().tickets(250).quirk(Quirk::PhpNotice).start().unwrap();
    let ran = ask(&sandbox, &["list", "--all", "--limitnum", "50", "--format", "ndjson"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 250));
    let notes: Vec<&str> = ran.err.lines().collect();
    assert_eq!(notes.len(), 1, "{}", ran.err);
    assert!(notes[0].starts_with("note: text precedes the reply: "), "{}", ran.err);
}

#[test]
fn several_statuses_are_merged_and_each_ticket_is_listed_once() {
    let sandbox = Sandbox::builder().tickets(300).start().unwrap();
    let list =
        |flags: &[&str]| objects(ask(&sandbox, &[&["list", "--all", "--format", "ndjson"], flags].concat()));
    let open = list(&["--status", "Open"]).len();
    let answered = list(&["--status", "Answered"]).len();
    let both = list(&["--status", "Open", "--status", "Answered"]);
    assert_eq!(both.len(), open + answered);
    // The special status includes Open.
    let merged = list(&["--status", "Open", "--status", "All Active Tickets", "--status", "open"]);
    let mut ids: Vec<u64> = merged.iter().map(|ticket| ticket["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), list(&["--status", "All Active Tickets"]).len());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), merged.len());

    let page = ask(
        &sandbox,
        &["list", "--status", "Open", "--status", "Closed", "--limitnum", "3", "--format", "json"],
    );
    let document: Value = serde_json::from_str(&page.out).unwrap();
    assert_eq!((&document["numreturned"], page.code), (&6.into(), 0));
    assert!(page.err.contains("more match on further pages; --all lists every ticket"), "{}", page.err);
    let refused = ask(&sandbox, &["list", "--status", "Open", "--status", "Closed", "--limitstart", "3"]);
    assert_eq!(refused.code, 2);
}

#[test]
fn local_filters_sorting_and_limits_are_applied() {
    let sandbox = Sandbox::builder().tickets(200).start().unwrap();
    let list =
        |flags: &[&str]| objects(ask(&sandbox, &[&["list", "--all", "--format", "ndjson"], flags].concat()));
    let all = list(&[]);
    let count = |of: &dyn Fn(&Value) -> bool| all.iter().filter(|ticket| of(ticket)).count();
    let high = list(&["--priority", "high"]);
    assert_eq!(high.len(), count(&|ticket| ticket["priority"] == "High"));
    assert!(!high.is_empty() && high.len() < all.len());
    assert_eq!(list(&["--flag", "0"]).len(), count(&|ticket| ticket["flag"] == 0));
    let sorted = list(&["--sort", "-priority,id", "--limit", "7"]);
    assert_eq!(sorted.len(), 7);
    let ids: Vec<u64> = sorted.iter().map(|ticket| ticket["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted() && sorted.iter().all(|ticket| ticket["priority"] == "Medium"), "{ids:?}");

    let before = sandbox.request_count();
    let ran = ask(&sandbox, &["list", "--all", "--limit", "5", "--format", "csv"]);
    assert_eq!(ran.out.lines().count(), 6);
    assert!(ran.err.contains("ends after 5 tickets because of --limit"), "{}", ran.err);
    assert!(sandbox.request_count() - before < 5, "the scan stops at the limit");

    let ran = ask(&sandbox, &["list", "--priority", "High"]);
    assert!(ran.err.contains("of the 25 tickets that the server returned"), "{}", ran.err);
    let refused = ask(&sandbox, &["list", "--flag", "Ada"]);
    assert!(refused.code == 2 && refused.err.contains("not the id of an admin or a name"), "{}", refused.err);
}

#[test]
fn columns_utc_and_decoded_text_are_written_on_request() {
    let sandbox = Sandbox::builder().tickets(9).start().unwrap();
    let list =
        |flags: &[&str]| ask(&sandbox, &[&["list", "--time-zone", "Asia/Tokyo"], flags].concat()).quietly();
    let csv = list(&["--format", "csv", "--columns", "id,lastreply,lastreply_utc"]);
    let line = csv.lines().nth(1).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    let local: jiff::civil::DateTime = cells[1].parse().unwrap();
    let utc: jiff::Timestamp = cells[2].parse().unwrap();
    assert_eq!(jiff::tz::TimeZone::get("Asia/Tokyo").unwrap().to_datetime(utc), local);
    let json: Value = serde_json::from_str(&list(&["--format", "json", "--utc", "--decoded-text"])).unwrap();
    let ticket = &json["tickets"][0];
    assert!(
        ticket["lastreply_utc"].is_string() && ticket["subject_text"].is_string() && ticket["c"].is_string()
    );
    assert_eq!((&json["totalresults"], &json["numreturned"]), (&9.into(), &9.into()));
    let table = list(&["--columns", "subject,id", "--width", "60"]);
    assert!(table.starts_with("SUBJECT "), "{table}");
    assert!(list(&["--utc", "--width", "120"]).lines().nth(1).unwrap().contains("Z  "));
    let ran = ask(&sandbox, &["list", "--columns", "subjekt"]);
    assert!(ran.code == 2 && ran.err.contains("subject"), "{}", ran.err);
    let assumed = ask(&sandbox, &["list", "--utc"]);
    assert!(
        assumed.err.contains("assuming that the install is in this machine's time zone"),
        "{}",
        assumed.err
    );
}

#[test]
fn an_unreadable_date_keeps_its_text_in_every_format() {
    let reply = r#"{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":7,"date":"soon","lastreply":"2026-01-02 03:04:05"}]}}"#;
    for format in ["table", "csv", "json", "ndjson"] {
        let ran = run_with(program().args(["decode", "--as", format, "-"]), reply.as_bytes());
        assert!(ran.out.contains("soon"), "{format}: {}", ran.out);
    }
}

#[test]
fn updated_since_may_be_relative_to_now() {
    // The tickets of --sandbox end at the present.
    for since in ["yesterday", "today", "7d", "48h", "1w"] {
        let ran = gettickets(&["list", "--sandbox", "--updated-since", since, "--format", "ndjson"]);
        assert_eq!(ran.code, 0, "{since}: {}", ran.err);
    }
    let week = gettickets(&["list", "--sandbox", "--updated-since", "7d", "--format", "ndjson"]).quietly();
    let year = gettickets(&["list", "--sandbox", "--updated-since", "52w", "--format", "ndjson"]).quietly();
    assert!(week.lines().count() < year.lines().count(), "{} {}", week.lines().count(), year.lines().count());
    let ran = gettickets(&["list", "--sandbox", "--updated-since", "soon"]);
    assert!(ran.code == 2 && ran.err.contains("7d"), "{}", ran.err);
}

#[test]
fn names_of_a_profile_are_shown() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("gettickets");
    std::fs::create_dir_all(&directory).unwrap();
    let configuration = format!(
        "[profiles.only]\nurl = {:?}\nidentifier = {:?}\nsecret-env = \"S\"\n\
         [profiles.only.departments]\n1 = \"Sales\"\n2 = \"Billing\"\n3 = \"Abuse\"\n[profiles.only.admins]\n1 = \"Ada\"\n2 = \"Bo\"\n",
        sandbox.url(),
        sandbox.identifier()
    );
    std::fs::write(directory.join("config.toml"), configuration).unwrap();
    let list = |flags: &[&str]| {
        let mut command = program();
        command.env("XDG_CONFIG_HOME", home.path()).env("S", sandbox.secret());
        run(command.arg("list").args(flags)).noting()
    };
    assert!(list(&[]).contains("Sales"));
    let csv = list(&["--format", "csv"]);
    assert!(csv.lines().next().unwrap().ends_with(",service,department,flagged_to,extra"), "{csv}");
    let mut export = program();
    export.env("XDG_CONFIG_HOME", home.path()).env("S", sandbox.secret());
    let exported = run(export.args(["export", "--format", "csv", "--output", "-"])).quietly();
    assert!(exported.lines().next().unwrap().ends_with(",service,department,flagged_to,extra"), "{exported}");
    assert!(exported.contains(",Sales,") && exported.contains(",Ada,"), "{exported}");
    let by_name = list(&["--all", "--format", "ndjson", "--flag", "ada"]);
    assert_eq!(by_name, list(&["--all", "--format", "ndjson", "--flag", "1"]));
    let mut stats = program();
    stats.env("XDG_CONFIG_HOME", home.path()).env("S", sandbox.secret()).arg("stats");
    assert!(run(&mut stats).quietly().contains("Sales"));
    // JSON has the canonical values.
    assert!(!list(&["--format", "ndjson"]).contains("flagged_to"));
}
