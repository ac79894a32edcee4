//! The memory that decoding needs, measured as the peak of a process that decodes one hostile body.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Command;

use gettickets_protocol::decode;

/// The size of the bodies.
const LEN: usize = 2 << 20;
/// The limit of the memory for decoding, as a multiple of the size of the body.
const MOST: usize = 16;
/// The fixed memory of a process.
const FIXED: usize = 4 << 20;
/// The variable that selects the body in the child process.
const BODY: &str = "GETTICKETS_TEST_BODY";

fn filled(before: &str, part: &str, after: &str) -> String {
    let mut body = String::with_capacity(LEN + 1024);
    body.push_str(before);
    while body.len() < LEN {
        body.push_str(part);
    }
    body.push_str(after);
    body
}

/// The name of a body, and a function that builds it.
type Body = (&'static str, fn() -> String);

/// Bodies that take the most memory for their size.
const BODIES: [Body; 12] = [
    ("nested unknown values in a ticket", || {
        let (open, close) = (r#"{"a":["#.repeat(25), "]}".repeat(25));
        let before = format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,"x":{open}0"#);
        filled(&before, r#",{"b":1}"#, &format!("{close}}}]}}}}"))
    }),
    ("nested unknown values at the top", || {
        let (open, close) = (r#"{"a":["#.repeat(25), "]}".repeat(25));
        filled(&format!(r#"{{"result":"success","tickets":[],"x":{open}0"#), ",[]", &format!("{close}}}"))
    }),
    ("a list of numbers", || filled(r#"{"result":"success","tickets":[],"x":[1"#, ",1", "]}")),
    ("the smallest tickets", || filled(r#"{"result":"success","tickets":[{"id":1}"#, r#",{"id":1}"#, "]}")),
    ("empty tickets", || filled(r#"{"result":"success","tickets":[[]"#, ",[]", "]}")),
    ("numbered tickets", || {
        filled(r#"{"result":"success","tickets":{"1":{"id":1}"#, r#","1":{"id":1}"#, "}}")
    }),
    ("attachments", || {
        let before = r#"{"result":"success","tickets":[{"id":1,"attachments":[{"filename":""}"#;
        filled(before, r#",{"filename":""}"#, "]}]}")
    }),
    ("unknown fields", || filled(r#"{"result":"success","tickets":[{"id":1}"#, r#",{"id":1,"x":1}"#, "]}")),
    ("one key many times", || filled(r#"{"result":"success","tickets":[],"x":1"#, r#","x":1"#, "}")),
    ("XML elements", || filled("<whmcsapi><result>success</result><tickets/><x>", "<a/>", "</x></whmcsapi>")),
    ("nested XML elements", || {
        filled("<whmcsapi><result>success</result><tickets/><x>", "<a><b/></a>", "</x></whmcsapi>")
    }),
    ("XML tickets", || {
        let part = "<ticket><id>1</id></ticket>";
        filled("<whmcsapi><result>success</result><tickets>", part, "</tickets></whmcsapi>")
    }),
];

/// Returns a line of `/proc/self/status` in bytes.
fn status(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[test]
#[ignore = "runs in a child process, which another test starts"]
fn decode_in_a_child_process() {
    let name = std::env::var(BODY).unwrap();
    let (_, body) = BODIES.iter().find(|(known, _)| *known == name).unwrap();
    let body = body();
    let before = status("VmRSS");
    let page = decode(body).unwrap().into_page().unwrap();
    let decoded = status("VmHWM");
    println!("decoded: {}", decoded.saturating_sub(before));
    // The output is discarded, so that only the memory for writing is measured.
    serde_json::to_writer(std::io::sink(), &page).unwrap();
    println!("written: {}", status("VmHWM").saturating_sub(before));
}

#[test]
fn the_memory_of_decoding_is_a_small_multiple_of_the_body() {
    let mut report = String::new();
    for (name, _) in BODIES {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["memory::decode_in_a_child_process", "--exact", "--ignored", "--nocapture"])
            .env(BODY, name)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
        let number = |of: &str| -> usize {
            let line =
                text.lines().find_map(|line| line.split_once(of)).unwrap_or_else(|| panic!("{name}: {text}"));
            line.1.trim().parse().unwrap()
        };
        let (decoded, written) = (number("decoded: "), number("written: "));
        let times = |bytes: usize| bytes as f64 / LEN as f64;
        report.push_str(&format!(
            "{name}: {:.1}, with writing {:.1} times the body\n",
            times(decoded),
            times(written)
        ));
    }
    println!("{report}");
    for line in report.lines() {
        let most = line.rsplit("with writing ").next().and_then(|rest| rest.split(' ').next()).unwrap();
        let most: f64 = most.parse().unwrap();
        assert!(most <= (MOST as f64) + FIXED as f64 / LEN as f64, "{line}\n{report}");
    }
}
