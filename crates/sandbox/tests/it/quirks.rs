//! The bytes that each quirk sends.

use std::io::Read;

use gettickets_protocol::{ApiErrorClass, GetTickets, ResponseType, Ticket, decode};
use gettickets_sandbox::{Quirk, Sandbox, is_malformed};

use crate::client::{Response, ask, ask_for, exchange, generated, ids, ids_where};

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

/// The reply to a request that matches nothing.
fn empty(quirk: Quirk) -> Response {
    ask(&sandbox(quirk), &GetTickets { deptid: Some(99), ..GetTickets::default() })
}

#[test]
fn every_notation_of_a_page_has_the_same_tickets() {
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
fn text_precedes_or_follows_the_reply() {
    assert!(reply(Quirk::Bom, 1).body.starts_with(b"\xef\xbb\xbf\r\n \n{\"result\""));
    assert!(reply(Quirk::PhpNotice, 1).text().starts_with("<br />\n<b>Notice</b>: "));
    assert!(reply(Quirk::TrailingText, 1).text().contains("}]}}\nWarning: "));
}

#[test]
fn lists_have_each_notation() {
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
fn empty_lists_have_each_notation() {
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
fn xml_declares_its_encoding() {
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
fn pages_are_capped_repeated_emptied_and_shifted() {
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
fn attachments_have_each_notation() {
    let tickets = generated(200);
    let with = ids_where(&tickets, |ticket| !ticket.attachment.is_empty());
    let first_with = &tickets.iter().find(|ticket| !ticket.attachment.is_empty()).unwrap().attachments;
    let filename = serde_json::to_string(&first_with.as_ref().unwrap()[0].filename).unwrap();
    for (quirk, without, list) in [
        (Quirk::AttachmentsEmptyList, "[[]]", "[{"),
        (Quirk::AttachmentsEmptyObject, "[{}]", "[{"),
        (Quirk::AttachmentsNested, r#"{"attachment":[]}"#, r#"{"attachment":[{"#),
    ] {
        let reply = reply(quirk, 200);
        let count = |shape: &str| reply.text().matches(&format!(r#""attachments":{shape}"#)).count();
        assert_eq!(count(without), 200 - with.len(), "{quirk}");
        let filename = filename.trim_matches('"');
        assert!(reply.text().contains(&format!(r#""attachments":{list}"filename":"{filename}""#)), "{quirk}");
        assert_eq!(count(without) + count(&format!(r#"{list}"filename""#)), 200, "{quirk}");
    }
}

#[test]
fn dates_have_each_notation() {
    let date = |time: (i8, i8, i8)| {
        let (hour, minute, second) = time;
        Some(gettickets_protocol::DateTime::constant(2025, 3, 4, hour, minute, second, 0))
    };
    let ticket = Ticket { id: 1, date: date((5, 6, 7)), lastreply: date((8, 9, 10)), ..Ticket::default() };
    for (quirk, opened, lastreply) in [
        (Quirk::DatesIso, r#""2025-03-04T05:06:07.000000Z""#, r#""2025-03-04T08:09:10+02:00""#),
        (
            Quirk::DatesCarbon,
            r#"{"date":"2025-03-04 05:06:07.000000","timezone_type":3,"timezone":"Europe\/Berlin"}"#,
            r#"{"date":"2025-03-04 08:09:10.000000","timezone_type":3,"timezone":"Europe\/Berlin"}"#,
        ),
        (Quirk::DatesWithoutTime, r#""2025-03-04""#, r#""2025-03-04""#),
        (Quirk::DatesUnreadable, r#""04\/03\/2025 05:06:07""#, r#""04\/03\/2025 08:09:10""#),
    ] {
        let sandbox = Sandbox::builder().load(vec![ticket.clone()]).quirk(quirk).start().unwrap();
        let reply = ask(&sandbox, &few(1));
        for (name, value) in [("date", opened), ("lastreply", lastreply)] {
            assert!(reply.text().contains(&format!(r#""{name}":{value},"#)), "{quirk}: {}", reply.text());
        }
    }
    // Zero dates are unchanged.
    let zero = Ticket { id: 1, ..Ticket::default() };
    let sandbox = Sandbox::builder().load(vec![zero]).quirk(Quirk::DatesIso).start().unwrap();
    assert!(ask(&sandbox, &few(1)).text().contains(r#""lastreply":"0000-00-00 00:00:00""#));
}

#[test]
fn a_large_page_exhausts_the_memory() {
    let sandbox = sandbox(Quirk::MemoryExhausted);
    let failed = ask(&sandbox, &few(31));
    assert_eq!(failed.status, 500);
    assert!(failed.text().contains("Allowed memory size of 134217728 bytes exhausted"), "{}", failed.text());
    assert_eq!(ask(&sandbox, &few(30)).page().len(), 30);
    // A page with a large limit and few tickets.
    let last = GetTickets { limitstart: Some(190), ..few(1_000) };
    assert_eq!(ask(&sandbox, &last).page().len(), 10);
}

#[test]
fn rows_are_hidden_after_the_page_is_cut() {
    for (quirk, total) in [(Quirk::HiddenRows, 200), (Quirk::HiddenRowsUncounted, 100)] {
        let sandbox = sandbox(quirk);
        let order = sandbox.store().ids().unwrap();
        let at = |start| ask(&sandbox, &GetTickets { limitstart: Some(start), ..few(40) }).page();
        let pages: Vec<_> = (0..200).step_by(40).map(at).collect();
        let lens: Vec<usize> = pages.iter().map(|page| page.len()).collect();
        assert_eq!(lens, [40, 10, 0, 10, 40], "{quirk}");
        assert!(pages.iter().all(|page| page.totalresults() == Some(total)), "{quirk}");
        let shown: Vec<u64> = pages.iter().flat_map(ids).collect();
        assert_eq!(shown, [&order[..50], &order[150..]].concat(), "{quirk}");
        // A hidden ticket stays hidden when it moves to the front.
        sandbox.store().reply(order[100], gettickets_protocol::Status::Open).unwrap();
        assert_eq!(ids(&at(0))[..], order[..39], "{quirk}");
    }
}

#[test]
fn totalresults_can_exceed_the_tickets_that_are_sent() {
    let page = reply(Quirk::Overcounted, 1_000).page();
    assert_eq!((page.len(), page.totalresults()), (200, Some(215)));
}

#[test]
fn lists_are_grouped_and_each_group_is_sorted() {
    let priority = |ticket: &Ticket| match ticket.priority.as_str() {
        "High" => 0,
        "Medium" => 1,
        _ => 2,
    };
    type Key = Box<dyn Fn(&Ticket) -> String>;
    let keys: [(Quirk, Key); 5] = [
        (Quirk::GroupedByPriority, Box::new(move |ticket| priority(ticket).to_string())),
        (Quirk::GroupedByStatus, Box::new(|ticket| ticket.status.as_str().to_owned())),
        (Quirk::GroupedByDepartment, Box::new(|ticket| ticket.deptid.to_string())),
        (Quirk::GroupedByFlag, Box::new(|ticket| (ticket.flag == 0).to_string())),
        (Quirk::PinnedFirst, Box::new(|ticket| (ticket.id % 40 != 3).to_string())),
    ];
    for (quirk, key) in keys {
        let sandbox = sandbox(quirk);
        let mut expected = generated(200);
        // The sort is stable, so each group keeps the order of the last reply.
        expected.sort_by_key(|ticket| key(ticket));
        let expected: Vec<u64> = expected.iter().map(|ticket| ticket.id).collect();
        assert_ne!(expected, ids_where(&generated(200), |_| true), "{quirk}");
        assert_eq!(ids(&ask(&sandbox, &few(200)).page()), expected, "{quirk}");
        let second = GetTickets { limitstart: Some(70), ..few(70) };
        assert_eq!(ids(&ask(&sandbox, &second).page()), expected[70..140], "{quirk}");
    }
}

#[test]
fn replies_in_a_repeated_hour_are_not_listed_first() {
    let sandbox = sandbox(Quirk::ClockSetBack);
    let store = sandbox.store();
    let lists: Vec<Vec<u64>> = (0..6).map(|_| ids(&ask(&sandbox, &few(200)).page())).collect();
    assert_eq!(lists[0].len(), 200);
    assert!(lists.windows(2).all(|pair| pair[0] != pair[1]), "tickets are answered between replies");
    // A third of the newest quarter has later dates than a reply now.
    assert!(lists.iter().all(|list| list[..16] == lists[0][..16]));
    let answered = lists[5][199];
    let before = store.now().unwrap().unwrap();
    store.reply(answered, gettickets_protocol::Status::Answered).unwrap();
    let list = ids(&ask(&sandbox, &few(200)).page());
    let place = list.iter().position(|id| *id == answered).unwrap();
    assert!((16..60).contains(&place), "listed at {place}");
    assert_eq!(store.get(answered).unwrap().unwrap().lastreply, Some(before));
}

#[test]
fn refusals_have_the_apis_form() {
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
fn pages_of_other_software_have_a_title_and_a_status() {
    for (quirk, status, title) in [
        (Quirk::HtmlWaf, 403, "Attention Required! | Web Application Firewall"),
        (Quirk::Maintenance, 503, "Down for Maintenance"),
        (Quirk::LoginPage, 200, "Login - Client Area"),
        (Quirk::Cloudflare520, 520, "billing.example.com | 520: Web server is returning an unknown error"),
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
fn a_user_agent_is_required() {
    let sandbox = sandbox(Quirk::WantsUserAgent);
    assert_eq!(ask(&sandbox, &few(1)).status, 200);
    let without = "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(exchange(&sandbox, without, u64::MAX).unwrap().status, 406);
}

#[test]
fn an_echo_contains_the_secrets() {
    let response = reply(Quirk::EchoRequest, 1);
    assert_eq!(response.status, 403);
    assert!(response.error().message().unwrap().contains("secret=sandbox-secret"));
    assert!(response.header("x-debug-request").unwrap().contains("secret=sandbox-secret"));
}

#[test]
fn temporary_failures_end() {
    for (quirk, expected) in [
        (Quirk::RateLimit, [429, 429, 200, 200, 429]),
        (Quirk::LongRetryAfter, [429, 429, 429, 429, 429]),
        (Quirk::Flaky503, [503, 200, 200, 503, 200]),
        (Quirk::Cloudflare520, [520, 200, 200, 520, 200]),
    ] {
        let sandbox = sandbox(quirk);
        let replies = expected.map(|_| ask(&sandbox, &few(1)));
        assert_eq!(replies.each_ref().map(|reply| reply.status), expected, "{quirk}");
        let wait = match quirk {
            Quirk::RateLimit => Some("1"),
            Quirk::LongRetryAfter => Some("3600"),
            _ => None,
        };
        assert_eq!(replies[0].header("retry-after"), wait, "{quirk}");
    }
}

#[test]
fn a_truncated_body_appears_complete_and_a_reset_one_does_not() {
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
fn a_slow_body_is_sent_in_small_pieces() {
    let sandbox = sandbox(Quirk::Slow);
    let response = ask(&sandbox, &GetTickets { deptid: Some(99), ..GetTickets::default() });
    assert!(response.page().is_empty());
}

#[test]
fn a_hanging_request_gets_no_reply_and_the_next_does() {
    let sandbox = sandbox(Quirk::Hang);
    let hanging = std::thread::spawn({
        let address = sandbox.address();
        move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            use std::io::Write;
            stream
                .write_all(b"POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
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
    // The trailer has the length modulo 2^32.
    let [.., a, b, c, d] = response.body[..] else { panic!("a trailer") };
    assert!(u32::from_le_bytes([a, b, c, d]) > 1 << 30);
}

#[test]
fn bodies_headers_entities_and_nesting_are_excessive() {
    let sandbox = sandbox(Quirk::HugeBody);
    let request = "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
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
fn quirks_combine() {
    let quirks =
        [Quirk::Bom, Quirk::PhpNotice, Quirk::NumericKeys, Quirk::Ints, Quirk::PageCap, Quirk::EmptyString];
    let sandbox = Sandbox::builder().tickets(200).quirks(quirks).start().unwrap();
    let page = ask(&sandbox, &few(100)).page();
    assert_eq!(ids(&page), sandbox.store().ids().unwrap()[..10]);
}
