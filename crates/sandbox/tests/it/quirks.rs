//! Each quirk's bytes.

use std::io::Read;

use gettickets_protocol::{ApiErrorClass, GetTickets, ResponseType, decode};
use gettickets_sandbox::{Quirk, Sandbox, is_malformed};

use crate::client::{Response, ask, ask_for, exchange, ids};

fn sandbox(quirk: Quirk) -> Sandbox {
    Sandbox::builder().tickets(200).quirk(quirk).start().unwrap()
}

fn few(limitnum: u64) -> GetTickets {
    GetTickets { limitnum: Some(limitnum), ..GetTickets::default() }
}

/// The first reply under a quirk, to a request for this many tickets.
fn reply(quirk: Quirk, limitnum: u64) -> Response {
    ask(&sandbox(quirk), &few(limitnum))
}

/// The reply to a request that nothing matches.
fn empty(quirk: Quirk) -> Response {
    ask(&sandbox(quirk), &GetTickets { deptid: Some(99), ..GetTickets::default() })
}

#[test]
fn every_spelling_of_a_page_carries_the_same_tickets() {
    let plain = ask(&Sandbox::builder().tickets(200).start().unwrap(), &few(25)).page();
    for quirk in [
        Quirk::Bom,
        Quirk::PhpNotice,
        Quirk::NumericKeys,
        Quirk::BareList,
        Quirk::Strings,
        Quirk::Ints,
        Quirk::EmptyString,
        Quirk::SingleObject,
        Quirk::NullTickets,
        Quirk::NoTicketsKey,
    ] {
        assert_eq!(reply(quirk, 25).page(), plain, "{quirk}");
    }
    for quirk in [Quirk::XmlOnly, Quirk::Iso88591] {
        let page = reply(quirk, 25).page();
        assert_eq!(ids(&page), ids(&plain), "{quirk}");
        let subjects = |page: &gettickets_protocol::Page| {
            page.iter().map(|ticket| ticket.subject().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(subjects(&page), subjects(&plain), "{quirk}");
    }
}

#[test]
fn what_stands_around_a_reply_stands_there() {
    assert!(reply(Quirk::Bom, 1).body.starts_with(b"\xef\xbb\xbf\r\n \n{\"result\""));
    assert!(reply(Quirk::PhpNotice, 1).text().starts_with("<br />\n<b>Notice</b>: "));
    assert!(reply(Quirk::TrailingText, 1).text().contains("}]}}\nWarning: "));
}

#[test]
fn a_list_takes_each_shape() {
    for (quirk, limitnum, shape) in [
        (Quirk::SingleObject, 1, r#""tickets":{"ticket":{"id":""#),
        (Quirk::SingleObject, 2, r#""tickets":{"ticket":[{"id":""#),
        (Quirk::NumericKeys, 2, r#""tickets":{"ticket":{"0":{"id":""#),
        (Quirk::BareList, 2, r#""tickets":[{"id":""#),
        (Quirk::Strings, 2, r#""totalresults":"200","startnumber":"0","numreturned":"2""#),
        (Quirk::Ints, 2, r#""totalresults":200,"startnumber":0,"numreturned":2,"tickets":{"ticket":[{"id":"#),
        (Quirk::CountMismatch, 2, r#""numreturned":4"#),
        (Quirk::ExtraFields, 2, r#""deptname":"Department "#),
    ] {
        let reply = reply(quirk, limitnum);
        assert!(reply.text().contains(shape), "{quirk}: {}", reply.text());
    }
    assert!(reply(Quirk::NumericKeys, 3).text().contains(r#","4":{"id":"#));
    let ints = reply(Quirk::Ints, 25);
    for name in ["id", "deptid", "userid", "flag", "attachments_removed"] {
        assert!(!ints.text().contains(&format!(r#""{name}":""#)), "{name}");
    }
    assert!(ints.text().contains(r#""tid":""#), "a ticket number stays text");
    assert!(reply(Quirk::Strings, 25).text().contains(r#""attachments_removed":"""#));
    assert!(reply(Quirk::EmptyString, 25).text().contains(r#""attachments":"""#));
}

#[test]
fn an_empty_list_takes_each_shape() {
    let counts = r#"{"result":"success","totalresults":"0","startnumber":0,"numreturned":0"#;
    for (quirk, rest) in [
        (Quirk::EmptyString, r#","tickets":""}"#),
        (Quirk::NullTickets, r#","tickets":null}"#),
        (Quirk::NoTicketsKey, "}"),
        (Quirk::BareList, r#","tickets":[]}"#),
        (Quirk::NumericKeys, r#","tickets":{"ticket":{}}}"#),
    ] {
        let response = empty(quirk);
        assert_eq!(response.text(), format!("{counts}{rest}"), "{quirk}");
        assert!(response.page().is_empty(), "{quirk}");
    }
}

#[test]
fn a_malformed_ticket_breaks_json_and_is_raw_in_xml() {
    for quirk in [Quirk::MalformedUtf8, Quirk::MalformedUtf8Deep] {
        let sandbox = sandbox(quirk);
        let order = sandbox.store().ids().unwrap();
        let place = order.iter().position(|id| is_malformed(*id)).unwrap();
        let at = |start: usize, format| {
            let request = GetTickets { limitstart: Some(start as u64), ..few(1) };
            ask_for(&sandbox, &request, format)
        };
        let broken = at(place, ResponseType::Json);
        assert_eq!(broken.status, 200);
        assert_eq!(broken.error().class(), ApiErrorClass::Encoding);
        let good = (0..order.len()).find(|place| !is_malformed(order[*place])).unwrap();
        assert_eq!(ids(&at(good, ResponseType::Json).page()), [order[good]]);
        let xml = at(place, ResponseType::Xml);
        if quirk == Quirk::MalformedUtf8 {
            assert!(xml.body.windows(4).any(|window| window == b"caf\xe9"));
            assert!(xml.page().get(0).unwrap().subject().ends_with("caf\u{fffd}"));
        } else {
            assert_eq!(xml.error().class(), ApiErrorClass::Encoding);
        }
    }
}

#[test]
fn xml_declares_its_encoding_and_is_in_it() {
    let response = reply(Quirk::Iso88591, 200);
    assert!(response.body.starts_with(b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>"));
    assert!(std::str::from_utf8(&response.body).is_err(), "some name has a letter past ASCII");
    assert!(String::from_utf8_lossy(&response.body).contains("&#"), "some has one past ISO-8859-1");
    assert_eq!(response.page().len(), 200);
}

#[test]
fn control_characters_are_escaped_in_json_and_raw_in_xml() {
    let sandbox = sandbox(Quirk::ControlChars);
    assert!(ask(&sandbox, &few(1)).text().contains(r"\u000b\u001b[31mred\u001b[0m\u0007"));
    let xml = ask_for(&sandbox, &few(1), ResponseType::Xml);
    assert!(xml.text().contains("\u{b}\u{1b}[31mred"));
}

#[test]
fn pages_are_capped_ignored_emptied_and_shifted() {
    let capped = reply(Quirk::PageCap, 100).page();
    assert_eq!((capped.len(), capped.totalresults()), (10, Some(200)));

    let sandbox_ = sandbox(Quirk::IgnoreLimitstart);
    let later = GetTickets { limitstart: Some(100), ..few(5) };
    assert_eq!(ids(&ask(&sandbox_, &later).page()), sandbox_.store().ids().unwrap()[..5]);

    let sandbox_ = sandbox(Quirk::EmptyPage);
    let lens: Vec<usize> = (0..4).map(|_| ask(&sandbox_, &few(5)).page().len()).collect();
    assert_eq!(lens, [5, 0, 5, 5]);

    let sandbox_ = sandbox(Quirk::Shifting);
    let lists: Vec<Vec<u64>> = (0..5).map(|_| ids(&ask(&sandbox_, &few(200)).page())).collect();
    assert!(lists.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn refusals_come_in_the_apis_own_form() {
    for (quirk, status, body) in [
        (Quirk::Status403, 403, r#"{"result":"error","message":"Authentication Failed"}"#),
        (Quirk::StatusForResult, 403, r#"{"status":"error","message":"Authentication Failed"}"#),
        (Quirk::NoMessage, 403, r#"{"result":"error"}"#),
        (Quirk::IpRefused, 403, r#"{"result":"error","message":"Invalid IP 203.0.113.7"}"#),
        (
            Quirk::NotPermitted,
            403,
            r#"{"result":"error","message":"Invalid Permissions: API action \"gettickets\" is not allowed"}"#,
        ),
        (Quirk::AccountDisabled, 403, r#"{"result":"error","message":"Administrator Account Disabled"}"#),
        (
            Quirk::UnknownAction,
            200,
            r#"{"result":"error","message":"The requested API Action could not be found."}"#,
        ),
    ] {
        let response = reply(quirk, 1);
        assert_eq!((response.status, response.text()), (status, body), "{quirk}");
    }
}

#[test]
fn pages_that_are_not_the_api_have_a_title_and_a_status() {
    for (quirk, status, title) in [
        (Quirk::HtmlWaf, 403, "Attention Required! | Web Application Firewall"),
        (Quirk::Maintenance, 503, "Down for Maintenance"),
        (Quirk::LoginPage, 200, "Login - Client Area"),
    ] {
        let response = reply(quirk, 1);
        assert_eq!(response.status, status, "{quirk}");
        assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{quirk}");
        assert!(response.text().contains(&format!("<title>{title}</title>")), "{quirk}");
    }
    let empty = reply(Quirk::EmptyBody, 1);
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    let elsewhere = reply(Quirk::Redirect, 1);
    assert_eq!(elsewhere.status, 302);
    assert_eq!(elsewhere.header("location"), Some("https://www.example.com/includes/api.php"));
}

#[test]
fn a_user_agent_is_wanted() {
    let sandbox = sandbox(Quirk::WantsUserAgent);
    assert_eq!(ask(&sandbox, &few(1)).status, 200);
    let without =
        "POST /includes/api.php HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(exchange(&sandbox, without, u64::MAX).unwrap().status, 406);
}

#[test]
fn an_echo_has_the_secrets_in_it() {
    let response = reply(Quirk::EchoRequest, 1);
    assert_eq!(response.status, 403);
    assert!(response.error().message().unwrap().contains("secret=sandbox-secret"));
    assert!(response.header("x-debug-request").unwrap().contains("secret=sandbox-secret"));
}

#[test]
fn passing_troubles_pass() {
    for (quirk, expected) in
        [(Quirk::RateLimit, [429, 429, 200, 200, 429]), (Quirk::Flaky503, [503, 200, 200, 503, 200])]
    {
        let sandbox = sandbox(quirk);
        let replies = expected.map(|_| ask(&sandbox, &few(1)));
        assert_eq!(replies.each_ref().map(|reply| reply.status), expected, "{quirk}");
        if quirk == Quirk::RateLimit {
            assert_eq!(replies[0].header("retry-after"), Some("1"));
        }
    }
}

#[test]
fn a_truncated_body_seems_whole_and_a_reset_one_does_not() {
    for quirk in [Quirk::Truncate, Quirk::Reset] {
        let sandbox = sandbox(quirk);
        let broken = ask(&sandbox, &few(5));
        assert!(decode(broken.body.clone()).is_err(), "{quirk}");
        let promised: usize = broken.header("content-length").unwrap().parse().unwrap();
        assert_eq!(promised == broken.body.len(), quirk == Quirk::Truncate, "{quirk}");
        assert!(!broken.body.is_empty() && broken.body.len() <= promised, "{quirk}");
        assert_eq!(ask(&sandbox, &few(5)).page().len(), 5, "{quirk}");
    }
}

#[test]
fn a_slow_body_drips() {
    let sandbox = sandbox(Quirk::Slow);
    let response = ask(&sandbox, &GetTickets { deptid: Some(99), ..GetTickets::default() });
    assert!(response.page().is_empty());
}

#[test]
fn a_hanging_request_is_not_answered_and_the_next_is() {
    let sandbox = sandbox(Quirk::Hang);
    let hanging = std::thread::spawn({
        let address = sandbox.address();
        move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            use std::io::Write;
            stream
                .write_all(b"POST /includes/api.php HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
            let mut reply = Vec::new();
            let _ = stream.read_to_end(&mut reply);
            reply
        }
    });
    while sandbox.request_count() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(ask(&sandbox, &few(1)).status, 200);
    assert!(!hanging.is_finished());
    // Dropping the sandbox ends it.
    drop(sandbox);
    assert_eq!(hanging.join().unwrap(), b"");
}

#[test]
fn a_gzip_bomb_is_a_valid_gibibyte() {
    let response = reply(Quirk::GzipBomb, 1);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.body.len() < 2 << 20, "{} bytes", response.body.len());
    let mut start = vec![0; 1 << 20];
    flate2::read::GzDecoder::new(&response.body[..]).read_exact(&mut start).unwrap();
    assert!(start.starts_with(br#"{"result":"success""#));
    // The trailer names the length, modulo 2^32.
    let [.., a, b, c, d] = response.body[..] else { panic!("a trailer") };
    assert!(u32::from_le_bytes([a, b, c, d]) > 1 << 30);
}

#[test]
fn bodies_headers_entities_and_depths_are_without_measure() {
    let sandbox = sandbox(Quirk::HugeBody);
    let request =
        "POST /includes/api.php HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let response = exchange(&sandbox, request, 8 << 20).unwrap();
    assert!(response.body.len() > 7 << 20);
    assert_eq!(response.header("content-length"), None);

    assert!(reply(Quirk::HugeHeaders, 1).head.len() > 1 << 20);
    let bomb = reply(Quirk::XmlBomb, 1);
    assert!(bomb.text().contains("<!ENTITY e9 \"&e8;&e8;"));
    assert!(decode(bomb.body).is_err());
    assert!(decode(reply(Quirk::DeepNesting, 1).body).is_err());
}

#[test]
fn quirks_add_up() {
    let quirks =
        [Quirk::Bom, Quirk::PhpNotice, Quirk::NumericKeys, Quirk::Ints, Quirk::PageCap, Quirk::EmptyString];
    let sandbox = Sandbox::builder().tickets(200).quirks(quirks).start().unwrap();
    let page = ask(&sandbox, &few(100)).page();
    assert_eq!(ids(&page), sandbox.store().ids().unwrap()[..10]);
}
