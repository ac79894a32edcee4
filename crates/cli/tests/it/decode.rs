//! `decode`: saved replies, offline.

use std::io::Write;

use gettickets_sandbox::Quirk;
use serde_json::Value;

use crate::program::{Ran, ask, gettickets, program, run_with, sandbox_with, text};

/// The documented example.
const EXAMPLE: &str = r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":"1","tid":"516757","deptid":"1","userid":"1","name":"Cynthia Reilly","owner_name":"Cynthia Reilly","email":"testuser@whmcs.com","requestor_name":"Cynthia Reilly","requestor_email":"testuser@whmcs.com","requestor_type":"Owner","cc":"","c":"KPqH7yG3","date":"2016-01-01 06:26:29","subject":"This is a sample ticket","status":"Answered","priority":"Medium","admin":"admin admin","attachment":"123456_attachment_name.png","attachments":[{"filename":"attachment_name.png","index":0}],"attachments_removed":true,"lastreply":"2016-01-01 06:30:16","flag":"0","service":""}]}}"#;

fn decode(flags: &[&str], body: &str) -> Ran {
    run_with(program().arg("decode").args(flags).arg("-"), body.as_bytes())
}

#[test]
fn the_documented_example_reads_in_every_format() {
    for format in ["table", "json", "ndjson", "csv", "wire-json", "wire-xml", "findings"] {
        insta::assert_snapshot!(format!("example_{format}"), decode(&["--as", format], EXAMPLE).quietly());
    }
}

#[test]
fn a_saved_reply_may_have_the_largest_number_as_startnumber() {
    let body = EXAMPLE.replace("\"startnumber\":0", "\"startnumber\":18446744073709551615");
    let table = |body| decode(&["--as", "table"], body).quietly();
    assert_eq!(table(&body.replace("\"totalresults\":\"1\"", "\"totalresults\":\"3\"")), table(EXAMPLE));
}

#[test]
fn a_file_is_decoded_like_standard_input() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(EXAMPLE.as_bytes()).unwrap();
    let from_file = gettickets(&["decode", "--as", "json", text(file.path())]).quietly();
    assert_eq!(from_file, decode(&["--as", "json"], EXAMPLE).quietly());
}

#[test]
fn at_7_10_exactly_the_four_fields_of_8_0_are_left_out() {
    let keys = |flags: &[&str]| -> Vec<String> {
        let page: Value =
            serde_json::from_str(&decode(&[&["--as", "json"], flags].concat(), EXAMPLE).quietly()).unwrap();
        page["tickets"][0].as_object().unwrap().keys().cloned().collect()
    };
    let earlier = keys(&["--at", "7.10"]);
    let left_out: Vec<String> = keys(&[]).into_iter().filter(|key| !earlier.contains(key)).collect();
    assert_eq!(left_out, ["owner_name", "requestor_email", "requestor_name", "requestor_type"]);
}

#[test]
fn a_deviation_is_a_finding_and_refused_when_strict() {
    let deviating = format!("<br />\n<b>Notice</b>: Undefined index\n{EXAMPLE}");
    insta::assert_snapshot!(decode(&["--as", "findings"], &deviating).quietly(), @r#"
    leading-text: text precedes the reply (at byte 0): Notice: Undefined index
    "#);
    assert_eq!(decode(&["--as", "json"], &deviating).quietly(), decode(&["--as", "json"], EXAMPLE).quietly());
    let ran = decode(&["--strict"], &deviating);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    insta::assert_snapshot!(ran.err.trim_end(), @r#"
    error: standard input: text precedes the reply (an error in strict mode), at byte 0; found: Notice: Undefined index
    hint: Omit --strict to accept the deviation.
    "#);
}

#[test]
fn unreadable_input_is_reported_with_the_place() {
    let said = |body: &str| {
        let ran = decode(&[], body);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""));
        ran.err.trim_end().to_owned()
    };
    insta::assert_snapshot!(said(""), @r#"
    error: standard input: the reply is empty
    hint: Check that the reply was saved.
    "#);
    insta::assert_snapshot!(said("<html><head><title>Just a moment...</title>"), @r#"
    error: standard input: not a reply of the API: a page of a firewall or bot protection, titled "Just a moment...", at byte 0
    hint: Configure the firewall or bot protection to allow this machine's address and User-Agent for includes/api.php.
    "#);
    insta::assert_snapshot!(said(&EXAMPLE[..300]), @r#"
    error: standard input: the reply is truncated, at tickets.ticket[0] (byte 300); found: "requestor_email":"testuser@whmcs.com","
    hint: Save the reply again: it is truncated.
    "#);
    insta::assert_snapshot!(said(&EXAMPLE.replace("\"id\":\"1\",", "")), @r#"
    error: standard input: a ticket has no id, at tickets.ticket[0] (byte 92); found: {"tid":"516757","deptid":"1","userid":"1","name":"Cynthia Reilly","owner_name":"…
    hint: If a server sent this, please report it with the reply; replace names and addresses first.
    "#);
    insta::assert_snapshot!(said("result=success;totalresults=1;"), @r#"
    error: standard input: name-value pairs cannot represent a list of tickets, at tickets
    hint: Save the reply with --responsetype json or xml.
    "#);
}

#[test]
fn a_saved_error_is_written_in_the_requested_format() {
    let error = r#"{"result":"error","message":"Invalid IP 203.0.113.7"}"#;
    let ran = decode(&["--as", "json"], error);
    assert_eq!((ran.code, ran.out.trim_end()), (1, error));
    insta::assert_snapshot!(ran.err.trim_end(), @r#"
    error: standard input: the server sent an error: Invalid IP 203.0.113.7
    hint: The request comes from 203.0.113.7. Allow this address in the install under General Settings, Security, API IP Access Restriction, or use an access key.
    "#);
    // It is not a ticket, so the formats of tickets do not have it.
    for format in ["table", "ndjson", "csv"] {
        let ran = decode(&["--as", format], error);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{format}");
    }
}

#[test]
fn a_reply_instead_of_a_file_name_is_a_usage_error_and_is_not_repeated() {
    let ran = gettickets(&["decode", EXAMPLE]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    insta::assert_snapshot!(ran.err.trim_end(), @r#"
    error: FILE is a reply, not the name of a file
    hint: Pass the reply on standard input, and - as FILE.
    "#);
}

#[test]
fn a_missing_file_is_a_usage_error() {
    let ran = gettickets(&["decode", "/nonexistent/reply.json"]);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err.trim_end(), @r#"
    error: /nonexistent/reply.json cannot be read: No such file or directory (os error 2)
    hint: Give the name of a saved reply, or - for standard input.
    "#);
}

#[test]
fn a_bad_file_does_not_hide_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("a.json"), EXAMPLE).unwrap();
    std::fs::write(file("b.json"), r#"{"result":"error","message":"Access Denied"}"#).unwrap();
    std::fs::write(file("c.json"), EXAMPLE.replace("\"id\":\"1\"", "\"id\":\"2\"")).unwrap();
    std::fs::write(file("d.json"), "<html>").unwrap();
    let ran = gettickets(&["decode", "--as", "ndjson", text(directory.path())]);
    let ids: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(ran.code, 1, "the first failure decides");
    assert_eq!(ran.err.lines().filter(|line| line.starts_with("error: ")).count(), 2, "{}", ran.err);
    assert!(ran.err.contains("b.json: ") && ran.err.contains("d.json: "), "{}", ran.err);

    let csv = gettickets(&["decode", "--as", "csv", text(&file("a.json")), text(&file("c.json"))]).quietly();
    assert_eq!(csv.lines().count(), 3, "one header: {csv}");
    let findings =
        gettickets(&["decode", "--as", "findings", text(&file("a.json")), text(&file("c.json"))]).quietly();
    assert_eq!(findings, "");
}

#[test]
fn an_export_can_be_decoded_in_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let direct = decode(&["--as", "ndjson"], EXAMPLE).quietly();
    for name in ["t.ndjson", "t.ndjson.gz", "t.json.zst", "t.json", "t.csv", "t.parquet", "t.arrow"] {
        let file = directory.path().join(name);
        gettickets(&["export", "--sandbox", "--output", text(&file)]).quietly();
        let again = gettickets(&["decode", "--as", "ndjson", text(&file)]).quietly();
        assert_eq!(again.lines().count(), 1_000, "{name}");
        for format in ["table", "json", "csv", "wire-json", "wire-xml", "findings"] {
            let ran = gettickets(&["decode", "--as", format, text(&file)]);
            assert_eq!(ran.code, 0, "{name} as {format}: {}", ran.err);
        }
    }
    assert_eq!(decode(&["--as", "ndjson"], &direct).quietly(), direct, "nothing is added or lost");
}

#[test]
fn utf_16_and_gzip_are_read_from_standard_input() {
    let wide: Vec<u8> = format!("\u{feff}{EXAMPLE}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(EXAMPLE.as_bytes()).unwrap();
    for body in [wide, gzip.finish().unwrap()] {
        let ran = run_with(program().args(["decode", "--as", "json", "-"]), &body);
        assert_eq!(ran.quietly(), decode(&["--as", "json"], EXAMPLE).quietly());
    }
}

#[test]
fn unknown_fields_keep_their_depth() {
    let sent =
        r#"{"result":"success","tickets":{"ticket":[{"id":1,"foo":"bar","list":[1.50],"extra":"x"}]}}"#;
    for form in ["ndjson", "json"] {
        let first = run_with(program().args(["decode", "-", "--as", form]), sent.as_bytes()).out;
        assert!(first.contains(r#""extra":{"extra":"x","foo":"bar","list":[1.50]}"#), "{first}");
        let again = run_with(program().args(["decode", "-", "--as", form]), first.as_bytes()).out;
        assert_eq!(again, first);
    }
}

/// Odd values: unreadable dates, unknown fields, formulas, a null date, no field of later versions.
const ODD: &str = r#"{"result":"success","totalresults":3,"startnumber":0,"numreturned":3,"tickets":{"ticket":[
{"id":1,"tid":"A","subject":"=1+1; -2","date":"2016-01-01 06:26:29","lastreply":"04/03/2025","contactid":7,"status":"Open","priority":"Low","attachments":[{"filename":"a, \"b\".png","index":1}]},
{"id":2,"tid":"B","subject":"plain\nlines","date":"0000-00-00 00:00:00","lastreply":"2025-03-04 01:02:03","status":"Closed","priority":"High","note":{"x":[1,2.50]}},
{"id":3,"tid":"C","subject":"'quoted' é","date":"2016-01-01 06:26:29","lastreply":"2025-03-04 01:02:03","status":"Answered","priority":"Medium","attachments_removed":true}]}}"#;

#[test]
fn csv_of_our_own_reads_again_with_its_odd_values() {
    let csv = decode(&["--as", "csv"], ODD).out;
    let again = decode(&["--as", "csv"], &csv);
    assert_eq!((again.code, again.out), (0, csv));
}

#[test]
fn tables_of_our_own_read_again_with_their_odd_values() {
    let directory = tempfile::tempdir().unwrap();
    let read = |file: &std::path::Path| -> Vec<Value> {
        let ran = gettickets(&["decode", "--as", "ndjson", text(file)]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", file.display());
        let tickets = ran.out.lines().map(|line| serde_json::from_str(line).unwrap());
        // A table has null for what is absent.
        let without_null = |mut ticket: Value| {
            ticket.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            ticket
        };
        tickets.map(without_null).collect()
    };
    for quirk in [Quirk::DatesUnreadable, Quirk::ExtraFields, Quirk::DatesCarbon] {
        let sandbox = sandbox_with(quirk);
        let export = |name: &str| {
            let file = directory.path().join(name);
            let ran = ask(&sandbox, &["export", "--output", text(&file)]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            file
        };
        let expected = read(&export("t.ndjson"));
        assert!(expected.len() >= 60, "{quirk}");
        for name in ["t.parquet", "t.arrow"] {
            assert_eq!(read(&export(name)), expected, "{quirk} in {name}");
        }
    }
}
