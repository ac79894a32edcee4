//! `doctor`: its findings, and that it prints no secrets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{answering, ask, asking_at, gettickets, program, run, sandbox_with};

/// The marks and names of the steps.
fn steps(shown: &str) -> String {
    let step = |line: &str| {
        let mut words = line.splitn(2, ' ');
        let mark = words.next().filter(|mark| ["✓", "!", "✗", "·"].contains(mark))?;
        Some(format!("{mark} {}\n", words.next()?.get(..12)?.trim()))
    };
    shown.lines().filter_map(step).collect()
}

#[test]
fn the_sandbox_passes_every_step() {
    let shown = gettickets(&["doctor", "--sandbox"]).quietly();
    insta::assert_snapshot!(steps(&shown), @r"
    ✓ settings
    ✓ address
    ✓ DNS
    ✓ TCP
    · TLS
    ✓ HTTP
    ✓ clock
    ✓ API
    ✓ credentials
    ✓ IP address
    ✓ permission
    ✓ version
    ✓ page
    ✓ second page
    ✓ encoding
    ✓ format
    ");
    assert!(shown.contains("8.13.1, as the server states in XML"), "{shown}");
    assert!(shown.ends_with("Everything works.\n"), "{shown}");
}

#[test]
fn the_first_problem_is_found() {
    for (quirk, code, step, shown) in [
        (Quirk::Status403, 1, "✗ credentials", "Check the identifier and the secret"),
        (Quirk::IpRefused, 1, "✗ IP address", "203.0.113.7"),
        (Quirk::NotPermitted, 1, "✗ permission", "Allow GetTickets"),
        (Quirk::UnknownAction, 1, "✗ API", "check that the URL"),
        (Quirk::HtmlWaf, 3, "✗ API", "firewall"),
        (Quirk::LoginPage, 3, "✗ API", "login"),
    ] {
        let ran = ask(&sandbox_with(quirk), &["doctor"]);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{quirk}: {}", ran.out);
        assert!(ran.out.contains(step) && ran.out.contains(shown), "{quirk}: {}", ran.out);
        assert!(ran.out.contains("This does not work yet."), "{quirk}: {}", ran.out);
    }
}

#[test]
fn a_doubtful_step_is_not_a_failure() {
    for (quirk, step) in [(Quirk::PhpNotice, "! format"), (Quirk::MalformedUtf8, "! encoding")] {
        let ran = ask(&Sandbox::builder().tickets(20).quirk(quirk).start().unwrap(), &["doctor"]);
        assert_eq!(ran.code, 0, "{quirk}: {}", ran.out);
        assert!(ran.out.contains(step), "{quirk}: {}", ran.out);
    }
}

#[test]
fn settings_and_the_servers_page_cap_are_shown() {
    let ran = ask(&Sandbox::builder().tickets(40).quirk(Quirk::PageCap).start().unwrap(), &["doctor"]);
    assert!(ran.out.contains("; API identifier and secret\n"), "{}", ran.out);
    assert!(ran.out.contains("1 to 10 of 40 tickets"), "{}", ran.out);
    assert!(ran.out.contains("the server caps a page at 10, where 25 are usual"), "{}", ran.out);
    let ran = ask(&Sandbox::builder().tickets(40).start().unwrap(), &["doctor"]);
    assert!(!ran.out.contains("caps"), "{}", ran.out);
}

#[test]
fn a_page_may_begin_at_the_largest_offset() {
    let body = r#"{"result":"success","totalresults":3,"startnumber":18446744073709551615,"tickets":{"ticket":[{"id":7}]}}"#;
    let ran = run(asking_at(&answering(|| (200, body.to_owned()))).arg("doctor"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let page = "18446744073709551615 to 18446744073709551615 of 3 tickets";
    assert!(ran.out.contains(page) && ran.out.contains("· second page"), "{}", ran.out);
}

#[test]
fn a_missing_server_fails_at_the_connection() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    let ran = run(command.args(["doctor", "--url", &format!("http://127.0.0.1:{port}")]));
    assert_eq!(ran.code, 4, "{}", ran.out);
    insta::assert_snapshot!(steps(&ran.out), @r"
    ✓ settings
    ✓ address
    ✓ DNS
    ✗ TCP
    · API
    · credentials
    · IP address
    · permission
    ");
}

#[test]
fn the_report_has_no_secret() {
    for quirk in [Quirk::EchoRequest, Quirk::PhpNotice] {
        let sandbox = sandbox_with(quirk);
        let ran = ask(&sandbox, &["doctor", "-vvv"]);
        for secret in [sandbox.secret(), sandbox.identifier()] {
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "{quirk}: {}{}",
                ran.out,
                ran.err
            );
        }
    }
}

#[test]
fn a_server_that_ignores_offsets_fails_at_the_second_page() {
    for tickets in [60, 20] {
        let sandbox = Sandbox::builder().tickets(tickets).quirk(Quirk::IgnoreLimitstart).start().unwrap();
        let ran = ask(&sandbox, &["doctor"]);
        assert_eq!(ran.code, 5, "{tickets}: {}", ran.out);
        assert!(ran.out.contains("✗ second page  the server ignores limitstart"), "{tickets}: {}", ran.out);
    }
}

#[test]
fn programs_get_one_json_document() {
    let document = |ran: &crate::program::Ran| -> Value { serde_json::from_str(&ran.out).unwrap() };
    let ran = gettickets(&["doctor", "--sandbox", "--format", "json"]);
    let good = document(&ran);
    assert_eq!((ran.code, &good["works"], &good["exit_code"]), (0, &true.into(), &0.into()));
    let names: Vec<&str> =
        good["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"second page") && names.contains(&"API"), "{names:?}");

    let ran = ask(&sandbox_with(Quirk::IpRefused), &["doctor", "--format", "json"]);
    let bad = document(&ran);
    assert_eq!((ran.code, &bad["works"], &bad["exit_code"]), (1, &false.into(), &1.into()));
    let step = bad["steps"].as_array().unwrap().iter().find(|step| step["state"] == "bad").unwrap();
    assert!(step["seen"].as_str().unwrap().contains("203.0.113.7") && step["hint"].is_string(), "{step}");
}

/// A port on which nothing listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn the_proxy_is_named_and_no_proxy_is_honored() {
    let doctor = |variables: &[(&str, &str)]| {
        let mut command = program();
        command
            .env("GETTICKETS_IDENTIFIER", "i")
            .env("GETTICKETS_SECRET", "s")
            .envs(variables.iter().copied());
        run(command.args(["doctor", "--timeout", "2s", "--url", "https://billing.invalid"]))
    };
    let proxy = format!("http://me:hunter2@127.0.0.1:{}", free_port());
    let ran = doctor(&[("HTTPS_PROXY", &proxy)]);
    assert_eq!(ran.code, 4, "{}", ran.out);
    let shown = format!("http://127.0.0.1:{}, from the environment", proxy.rsplit_once(':').unwrap().1);
    assert!(ran.out.contains(&shown) && ran.out.contains("✗ proxy TCP"), "{}", ran.out);
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);

    let ran = doctor(&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "billing.invalid")]);
    assert!(ran.out.contains("✗ DNS") && !ran.out.contains("proxy"), "{}", ran.out);
}

#[test]
fn endless_slow_headers_do_not_block_it() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    thread::spawn(move || {
        for stream in server.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    // The check is that the run ends, as the server never answers completely.
    let ran = run(command.args(["doctor", "--timeout", "500ms", "--url", &url]));
    assert_eq!(ran.code, 4, "{}", ran.out);
    assert!(
        ran.out.contains("! HTTP         no response to a HEAD request: it took too long"),
        "{}",
        ran.out
    );
}
