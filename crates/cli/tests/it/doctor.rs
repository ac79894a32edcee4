//! `doctor`: what it finds, and that nothing secret is in what it prints.

use std::net::TcpListener;

use gettickets_sandbox::{Quirk, Sandbox};

use crate::program::{ask, gettickets, program, run, sandbox_with};

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
fn all_is_well_with_the_sandbox() {
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
    ✓ encoding
    ✓ shape
    ");
    assert!(shown.contains("8.13.1, as the server says in XML"), "{shown}");
    assert!(shown.ends_with("Everything works.\n"), "{shown}");
}

#[test]
fn the_first_thing_wrong_is_found() {
    for (quirk, code, step, told) in [
        (Quirk::Status403, 1, "✗ credentials", "Check the identifier and the secret"),
        (Quirk::IpRefused, 1, "✗ IP address", "203.0.113.7"),
        (Quirk::NotPermitted, 1, "✗ permission", "Allow GetTickets"),
        (Quirk::UnknownAction, 1, "✗ API", "check that the address"),
        (Quirk::HtmlWaf, 3, "✗ API", "firewall"),
        (Quirk::LoginPage, 3, "✗ API", "login"),
    ] {
        let ran = ask(&sandbox_with(quirk), &["doctor"]);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{quirk}: {}", ran.out);
        assert!(ran.out.contains(step) && ran.out.contains(told), "{quirk}: {}", ran.out);
        assert!(ran.out.contains("This does not work yet."), "{quirk}: {}", ran.out);
    }
}

#[test]
fn what_works_and_deserves_a_look_is_no_failure() {
    for (quirk, step) in [(Quirk::PhpNotice, "! shape"), (Quirk::MalformedUtf8, "! encoding")] {
        let ran = ask(&Sandbox::builder().tickets(20).quirk(quirk).start().unwrap(), &["doctor"]);
        assert_eq!(ran.code, 0, "{quirk}: {}", ran.out);
        assert!(ran.out.contains(step), "{quirk}: {}", ran.out);
    }
}

#[test]
fn settings_and_the_server_s_own_cap_are_told_in_words() {
    let ran = ask(&Sandbox::builder().tickets(40).quirk(Quirk::PageCap).start().unwrap(), &["doctor"]);
    assert!(ran.out.contains("; API identifier and secret\n"), "{}", ran.out);
    assert!(ran.out.contains("1 to 10 of 40 tickets"), "{}", ran.out);
    assert!(ran.out.contains("the server caps a page at 10, where 25 are usual"), "{}", ran.out);
    let ran = ask(&Sandbox::builder().tickets(40).start().unwrap(), &["doctor"]);
    assert!(!ran.out.contains("caps"), "{}", ran.out);
}

#[test]
fn a_server_that_is_not_there_is_told_at_the_connection() {
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
fn nothing_secret_is_in_the_report() {
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
