//! Errors: a message and a hint on stderr, nothing on stdout, and the exit code of their kind.

use std::io::{Read, Write};
use std::net::TcpListener;

use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::Value;

use crate::program::{Ran, ask, gettickets, program, run, sandbox_with};

/// The error of a failed run, without text that differs from run to run.
#[track_caller]
fn paragraph(ran: &Ran, code: i32) -> String {
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
    assert!(ran.err.lines().skip(1).all(|line| line.starts_with("hint: ")), "{}", ran.err);
    assert!(ran.err.lines().count() <= 2, "{}", ran.err);
    let mut words: Vec<String> = Vec::new();
    for word in ran.err.split(' ') {
        let port = word.split_once("127.0.0.1:").map(|(before, rest)| {
            let rest = rest.trim_start_matches(|at: char| at.is_ascii_digit());
            format!("{before}127.0.0.1:PORT{rest}")
        });
        words.push(port.unwrap_or_else(|| word.to_owned()));
    }
    // The number of this error differs between systems.
    words.join(" ").trim_end().replace(" (os error 111)", "")
}

fn met(quirk: Quirk, code: i32) -> String {
    paragraph(&ask(&sandbox_with(quirk), &["list", "--no-retries"]), code)
}

#[test]
fn an_error_of_the_server_is_1() {
    insta::assert_snapshot!(met(Quirk::Status403, 1), @r"
    error: the server sent an error: Authentication Failed (HTTP 403 Forbidden); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Check the identifier and the secret, and that their admin account is active.
    ");
    insta::assert_snapshot!(met(Quirk::IpRefused, 1), @r"
    error: the server sent an error: Invalid IP 203.0.113.7 (HTTP 403 Forbidden); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: The request comes from 203.0.113.7. Allow this address in the install under General Settings, Security, API IP Access Restriction, or use an access key.
    ");
    insta::assert_snapshot!(met(Quirk::NotPermitted, 1), @r#"
    error: the server sent an error: Invalid Permissions: API action "gettickets" is not allowed (HTTP 403 Forbidden); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Allow GetTickets in the API role of these credentials, or API access in the admin's role.
    "#);
    insta::assert_snapshot!(met(Quirk::NoMessage, 1), @r"
    error: the server sent an error without a message (HTTP 403 Forbidden); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: See the install's API log (Configuration, System Logs).
    ");
}

#[test]
fn a_limit_on_requests_is_1() {
    insta::assert_snapshot!(met(Quirk::RateLimit, 1), @r"
    error: the server limits the rate of requests and asks to wait 1 s: Too Many Requests (HTTP 429 Too Many Requests); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Retry after that time, and send requests less often; larger pages (--limitnum) take fewer requests.
    ");
}

#[test]
fn a_wrong_secret_is_1_and_not_shown() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    let mut command = crate::program::asking(&sandbox);
    let ran = run(command.env("GETTICKETS_SECRET", "hunter2").args(["list", "-vvv"]));
    assert_eq!(ran.code, 1);
    assert!(!ran.err.contains("hunter2") && !ran.err.contains(sandbox.identifier()), "{}", ran.err);
}

#[test]
fn missing_settings_are_2() {
    insta::assert_snapshot!(paragraph(&gettickets(&["list"]), 2), @r"
    error: no server is configured
    hint: Give --url or set GETTICKETS_URL, name a profile with --profile, or try --sandbox, which needs no server.
    ");
    insta::assert_snapshot!(paragraph(&gettickets(&["list", "--url", "https://example.com"]), 2), @r"
    error: the API identifier is missing
    hint: Give --identifier or set GETTICKETS_IDENTIFIER, and with it the secret in GETTICKETS_SECRET or --secret-file.
    ");
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").args(["list", "--url", "https://example.com"]);
    insta::assert_snapshot!(paragraph(&run(&mut command), 2), @r"
    error: the API secret is missing
    hint: Set GETTICKETS_SECRET, or name a file that holds the secret with --secret-file.
    ");
    command.env("GETTICKETS_SECRET", "s").args(["--time-zone", "Mars/Olympus"]);
    insta::assert_snapshot!(paragraph(&run(&mut command), 2), @r#"
    error: "Mars/Olympus" is not the name of a time zone
    hint: Give --time-zone a name such as Europe/London or UTC.
    "#);
}

#[test]
fn an_insecure_address_is_2_and_its_password_is_not_shown() {
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    insta::assert_snapshot!(paragraph(&run(command.args(["list", "--url", "http://example.com"])), 2), @r"
    error: from the command line: plain http to example.com would show the credentials to everyone on the way
    hint: Use https, or allow plain http (--allow-plain-http) if the network is trusted.
    ");
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    let message = paragraph(&run(command.args(["list", "--url", "https://me:hunter2@example.com"])), 2);
    assert!(!message.contains("hunter2"), "{message}");
    insta::assert_snapshot!(message, @r"
    error: from the command line: the address contains an @, which means a user name or a password
    hint: Give the address without them, and the credentials separately.
    ");
}

#[test]
fn a_response_that_is_not_a_reply_is_3() {
    insta::assert_snapshot!(met(Quirk::HtmlWaf, 3), @r#"
    error: the response is not from the API: HTTP 403 Forbidden, text/html; charset=utf-8, a page of a firewall or bot protection, titled "Attention Required! | Web Application Firewall", which reads: Attention Required! | Web Application Firewall If you are the site owner, see your control panel.; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Configure the firewall or bot protection to allow this machine's address and User-Agent for includes/api.php.
    "#);
    insta::assert_snapshot!(met(Quirk::LoginPage, 3), @r#"
    error: the response is not from the API: HTTP 200 OK, text/html; charset=utf-8, a login page, titled "Login - Client Area", which reads: Login - Client Area If you are the site owner, see your control panel.; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Check the URL of the install, and that includes/api.php requires no login.
    "#);
    insta::assert_snapshot!(met(Quirk::EmptyBody, 3), @r"
    error: the response is not from the API: HTTP 200 OK, text/html; charset=utf-8, with an empty body; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Check the server's error log: a page that is too large for the server can end like this. Request fewer tickets per page (--limitnum), and check that the address is the install's.
    ");
    insta::assert_snapshot!(met(Quirk::Redirect, 3), @r"
    error: the server redirects to https://www.example.com/includes/api.php (HTTP 302 Found), which was not followed; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: If you trust that address, use it as the install's address.
    ");
    insta::assert_snapshot!(met(Quirk::XmlBomb, 3), @r#"
    error: the reply can't be read: undefined or custom XML entity, at byte 39; found: <!DOCTYPE whmcsapi [\n<!ENTITY e0 "ha">\n<!ENTITY e1 "&e0;&e0;&e0;&e0;&e0;&e0;&e0;…; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Save the reply and check the place given; a plugin of the install may print into its replies.
    "#);
}

#[test]
fn an_unreachable_server_is_4() {
    // The port was bound and closed, so nothing listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    let url = format!("http://127.0.0.1:{port}");
    let ran = run(command.args(["list", "--no-retries", "--url", &url]));
    insta::assert_snapshot!(paragraph(&ran, 4), @r"
    error: could not connect: Connection refused; endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Check the host and port in the address, and that no firewall blocks the connection.
    ");
}

#[test]
fn an_incomplete_result_is_5() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let ran = ask(&sandbox, &["list", "--all", "--format", "ndjson"]);
    let readable = (1..=60).filter(|id| id % 40 != 17).count();
    assert_eq!((ran.code, ran.out.lines().count()), (5, readable), "{}", ran.err);
    insta::assert_snapshot!(ran.err.trim_end(), @r"
    error: after 58 tickets: the scan is not complete: the server cannot send 2 tickets readably: at offset 4 (after ticket 54), offset 47 (after ticket 20); all others that could be read were yielded
    hint: Repair the text in the install (open the ticket there and save it), and scan again. To go on without such tickets, skip them (--skip-unreadable).
    ");

    let sandbox = sandbox_with(Quirk::IgnoreLimitstart);
    let ran = ask(&sandbox, &["list", "--all", "--limitnum", "20"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
}

#[test]
fn errors_for_programs_are_one_json_object_each() {
    let json = |ran: &Ran| -> Value { serde_json::from_str(ran.err.trim_end()).unwrap() };
    let ran = ask(&sandbox_with(Quirk::NotPermitted), &["list", "--no-retries", "--error-format", "json"]);
    let error = json(&ran);
    assert_eq!((ran.code, &error["level"], &error["exit_code"]), (1, &"error".into(), &1.into()));
    assert_eq!(error["code"], "permission");
    assert!(error["message"].as_str().unwrap().contains("not allowed") && error["hint"].is_string());

    for flags in [&["--error-format", "json"][..], &["--error-format=json"]] {
        let ran = gettickets(&[&["list", "--clientid", "0"], flags].concat());
        let error = json(&ran);
        assert_eq!((ran.code, &error["code"]), (2, &"usage".into()));
        assert!(error["message"].as_str().unwrap().contains("every client"), "{error}");
    }

    let ran = gettickets(&["list", "--sandbox", "--error-format", "json"]);
    assert_eq!((ran.code, &json(&ran)["level"]), (0, &"note".into()));
    let ran = gettickets(&["list", "--sandbox", "--limitnum", "1", "-v", "--error-format", "json"]);
    for line in ran.err.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(record["level"].is_string() && record["message"].is_string(), "{record}");
    }
}

#[test]
fn quiet_keeps_errors() {
    let ran = gettickets(&["list", "--sandbox", "--quiet", "--limitnum", "1"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = ask(&sandbox_with(Quirk::MalformedUtf8), &["list", "-q", "--limitnum", "60"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ran = gettickets(&["list", "-q"]);
    assert!(ran.code == 2 && ran.err.starts_with("error: "), "{}", ran.err);
}

#[test]
fn the_log_has_times() {
    let ran = gettickets(&["list", "--sandbox", "--limitnum", "1", "-vv"]);
    let logged = ran.err.lines().find(|line| line.contains(" debug: ") || line.contains(" info: ")).unwrap();
    let (time, _) = logged.split_once(' ').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{logged}");
}

#[test]
fn a_long_message_of_a_server_is_truncated() {
    let body = format!("{{\"result\":\"error\",\"message\":\"{}\"}}", "x".repeat(3 << 20));
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            // Reads all of it: closing a connection with unread bytes resets it.
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while !String::from_utf8_lossy(&request).contains("responsetype=") {
                let read = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
            }
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    let mut command = program();
    command.env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    let ran = run(command.args(["list", "--no-retries", "--url", &url]));
    assert_eq!(ran.code, 1, "{}", ran.err.get(..200).unwrap_or(&ran.err));
    assert!(ran.err.len() < 10_000, "{} bytes", ran.err.len());
}

#[test]
fn a_filter_that_the_server_ignores_is_refused() {
    for (option, value) in [
        ("--email", ""),
        ("--subject", ""),
        ("--clientid", "0"),
        ("--deptid", "0"),
        ("--limitnum", "0"),
        ("--status", " "),
    ] {
        for command in [&["list"][..], &["stats"], &["watch"], &["export", "-o", "t.csv"]] {
            let ran = gettickets(&[command, &["--sandbox", option, value]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?} {option}");
            assert!(
                ran.err.contains("omit ") && ran.err.contains(option),
                "{command:?} {option}: {}",
                ran.err
            );
        }
    }
}
