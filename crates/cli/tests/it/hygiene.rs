//! Hostile text in tickets: programs get it unchanged, terminals get it sanitized.

use gettickets_protocol::{Page, Ticket, Tickets, Version};
use gettickets_sandbox::Quirk;

use crate::program::{ask, program, run_with, sandbox_with};

const HOSTILE: &str = "=cmd|' /C calc'!A0 \u{1b}]0;owned\u{7}\u{9b}31m \u{202e}txt.exe \u{7f}\r\n";

fn body() -> String {
    let ticket = Ticket {
        id: 1,
        tid: "\u{1b}[2J1".into(),
        subject: HOSTILE.into(),
        name: "@SUM(A1:A9)".into(),
        status: HOSTILE.into(),
        priority: "-1+1".into(),
        ..Ticket::default()
    };
    Page::new(Tickets::new(&[ticket], Version::V8_0), 0, 1).to_wire_json(Version::V8_0)
}

fn decoded(format: &str) -> String {
    let ran = run_with(program().args(["decode", "--as", format, "-"]), body().as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out
}

#[test]
fn a_table_has_no_control_character() {
    let table = decoded("table");
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(!table.contains(|at: char| (at.is_control() && at != '\n') || at == '\u{202e}'), "{table:?}");
    let sandbox = sandbox_with(Quirk::ControlChars);
    let table = ask(&sandbox, &["list"]).noting();
    assert!(!table.contains(|at: char| at.is_control() && at != '\n'), "{table:?}");
}

#[test]
fn json_has_every_character() {
    for format in ["json", "ndjson"] {
        let document: serde_json::Value = serde_json::from_str(&decoded(format)).unwrap();
        let ticket = if format == "json" { &document["tickets"][0] } else { &document };
        assert_eq!(ticket["subject"], HOSTILE);
    }
}

#[test]
fn csv_has_no_cell_that_a_spreadsheet_would_run() {
    let csv = decoded("csv");
    assert!(csv.contains("\"'=cmd|"), "{csv}");
    assert!(csv.contains(",'@SUM(A1:A9),"), "{csv}");
    assert!(csv.contains(",'-1+1,"), "{csv}");
}

#[test]
fn an_error_has_no_control_character() {
    let error = r#"{"result":"error","message":"\u001b[2Jgone\u202e\nsecond line"}"#;
    let ran = run_with(program().args(["decode", "-"]), error.as_bytes());
    assert_eq!((ran.code, ran.err.lines().count()), (1, 2));
    let acts = |at: char| (at.is_control() && at != '\n') || at == '\u{202e}';
    assert!(!ran.err.contains(acts), "{:?}", ran.err);
}

#[test]
fn secrets_in_an_echoed_request_are_not_printed() {
    let sandbox = sandbox_with(Quirk::EchoRequest);
    let ran = ask(&sandbox, &["list", "-vvv"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.err.contains("sandbox-secret") && !ran.out.contains("sandbox-secret"), "{}", ran.err);
}
