//! Bodies that try to crash, stall or exhaust the decoder. Nothing is timed: anything that is not linear would take
//! hours.

use gettickets_protocol::{
    DecodeError, DecodeErrorKind, Decoder, FindingKind, Reply, Ticket, Tickets, Version, decode,
};
use proptest::prelude::*;

use crate::bodies::{page_around, page_with};
use crate::paths_agree::assert_paths_agree;

const MANY: usize = 20_000;

fn rejected(body: impl Into<Vec<u8>>) -> DecodeErrorKind {
    let error: DecodeError = decode(body).map(|reply| format!("{reply:?}").len()).unwrap_err();
    let message = error.to_string();
    assert!(message.len() < 2_000, "the error is too long: {message}");
    assert!(!message.chars().any(char::is_control), "the error has control characters: {message:?}");
    error.kind().clone()
}

#[test]
fn deep_nesting_is_rejected() {
    let too_deep = DecodeErrorKind::TooDeep { limit: 64 };
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let deep = format!("{}1{}", open.repeat(MANY), close.repeat(MANY));
        assert_eq!(rejected(page_with("x", &deep)), too_deep);
        assert_eq!(rejected(page_around(&deep)), too_deep);
        // Not closed.
        assert_eq!(rejected(format!("{{\"result\":\"success\",\"tickets\":{}", open.repeat(MANY))), too_deep);
    }
    let xml = format!("<whmcsapi><result>success</result>{}", "<a>".repeat(MANY));
    assert_eq!(rejected(xml), too_deep);
    // The outermost object or element is a level too.
    for (levels, is_read) in [(62, true), (63, true), (64, false), (65, false)] {
        let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        for body in [
            format!("{{\"result\":\"success\",\"tickets\":[],\"x\":{}}}", nested("[", "]")),
            format!("<whmcsapi><result>success</result><tickets/>{}</whmcsapi>", nested("<a>", "</a>")),
        ] {
            match is_read {
                true => assert!(decode(body.as_str()).is_ok(), "{body}"),
                false => assert_eq!(rejected(body.as_str()), too_deep, "{body}"),
            }
        }
    }
    // Brackets inside a text are text.
    let reply = decode(page_with("subject", &format!("\"{}\"", "[{".repeat(MANY)))).unwrap();
    assert_eq!(reply.into_page().unwrap().get(0).unwrap().subject().len(), 2 * MANY);
}

#[test]
fn huge_numbers_are_rejected_with_their_field() {
    let huge = "9".repeat(MANY);
    for value in
        [huge.clone(), format!("\"{huge}\""), format!("-{huge}"), format!("0.{huge}"), format!("1e{huge}")]
    {
        assert_eq!(rejected(page_with("id", &value)), DecodeErrorKind::InvalidInteger { name: "id".into() });
        assert_paths_agree(page_with("flag", &value).as_bytes());
        assert_paths_agree(page_with("attachments_removed", &value).as_bytes());
        assert_paths_agree(page_with("unknown", &value).as_bytes());
    }
}

#[test]
fn megabytes_of_garbage_are_not_a_reply() {
    let mut noise = Vec::with_capacity(4 << 20);
    let mut state = 1_u32;
    while noise.len() < 4 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.extend(state.to_be_bytes());
    }
    assert_eq!(rejected(noise.clone()), DecodeErrorKind::NotAReply { title: None });
    for start in ["{", "{\"result\":", "<?xml version=\"1.0\"?>", "<whmcsapi>", "result=", "\u{feff}"] {
        let mut body = start.as_bytes().to_vec();
        body.extend(&noise);
        rejected(body);
    }
    for byte in [0, b' ', b'{', b'[', b'"', b'\\', b'<', b'=', b';', b'&', 0xff, 0xef] {
        rejected(vec![byte; 2 << 20]);
    }
}

#[test]
fn noise_full_of_candidates_is_searched_once() {
    for candidate in [
        "{",
        "{\"result\":",
        "{\"result\":\"success\"",
        "{ ",
        "<",
        "<?xm",
        "<?xml ",
        "<whmcsapi",
        "<title>",
        "{\"a\":{",
    ] {
        let noise = format!("Notice: {}", candidate.repeat(MANY));
        rejected(noise.clone());
        // Whether the reply is found depends on the length of the noise; the test checks that decoding terminates.
        let _ = decode(format!("{noise}\n{}", page_with("x", "1")));
    }
    // After a text within the limit, the reply is found.
    let noise = "{".repeat(10_000);
    assert!(decode(format!("Notice: {noise}\n{}", page_with("x", "1"))).is_ok());
}

#[test]
fn a_key_repeated_many_times_is_one_finding() {
    for (key, kind) in
        [("\"subject\":\"a\"", FindingKind::DuplicateKey), ("\"x\":1", FindingKind::DuplicateKey)]
    {
        let ticket = format!("{{\"id\":1{}}}", format!(",{key}").repeat(MANY));
        let page = decode(page_around(&format!("{{\"ticket\":[{ticket}]}}"))).unwrap().into_page().unwrap();
        let finding = page.findings().iter().find(|finding| finding.kind == kind).unwrap();
        assert_eq!((finding.count, finding.places.len()), (MANY - 1, 16));
        assert!(page.get(0).unwrap().extra().len() <= 1);
    }
    let repeated = "\"x\":1,".repeat(MANY);
    assert!(decode(format!("{{{repeated}\"result\":\"success\",\"tickets\":[]}}")).is_ok());
    let repeated = "\"ticket\":[],".repeat(MANY);
    assert!(decode(page_around(&format!("{{{repeated}\"ticket\":[]}}"))).is_ok());
    let repeated = format!("[{}{{}}]", "{\"filename\":\"a\",\"index\":0,\"x\":1},".repeat(MANY));
    assert_paths_agree(page_with("attachments", &repeated).as_bytes());
}

#[test]
fn many_unknown_names_are_all_kept() {
    let names: Vec<String> = (0..MANY).map(|n| format!("\"x{n}\":{n}")).collect();
    let one = format!("{{\"id\":1,{}}}", names.join(","));
    let page = decode(page_around(&format!("{{\"ticket\":[{one}]}}"))).unwrap().into_page().unwrap();
    assert_eq!(page.get(0).unwrap().extra().len(), MANY);
    // A different name in each ticket.
    let tickets: Vec<String> = names.iter().map(|name| format!("{{\"id\":1,{name}}}")).collect();
    let page =
        decode(page_around(&format!("{{\"ticket\":[{}]}}", tickets.join(",")))).unwrap().into_page().unwrap();
    assert_eq!(page.len(), MANY);
    assert!(page.iter().all(|ticket| ticket.extra_json().count() == 1));
    assert!(page.findings().iter().all(|finding| finding.places.len() <= 16));
    // At the top level.
    let body = format!("{{\"result\":\"success\",{},\"tickets\":[]}}", names.join(","));
    assert_eq!(decode(body).unwrap().into_page().unwrap().extra().len(), MANY);
}

#[test]
fn more_unknown_names_than_a_page_may_have_are_rejected() {
    const LIMIT: usize = 65_536;
    let names = |count: usize| (0..count).map(|n| format!(",\"x{n}\":1")).collect::<String>();
    let nvp = |count: usize| (0..count).map(|n| format!("x{n}=1;")).collect::<String>();
    let xml = |count: usize| (0..count).map(|n| format!("<x{n}/>")).collect::<String>();
    for (count, is_read) in [(LIMIT, true), (LIMIT + 1, false)] {
        for body in [
            page_around(&format!("{{\"ticket\":[{{\"id\":1{}}}]}}", names(count))),
            format!("{{\"result\":\"success\",\"tickets\":[]{}}}", names(count)),
            format!("result=success;totalresults=0;{}", nvp(count)),
            format!("<whmcsapi><result>success</result><tickets/>{}</whmcsapi>", xml(count)),
            format!(
                "<whmcsapi><result>success</result><tickets><ticket><id>1</id>{}</ticket></tickets></whmcsapi>",
                xml(count)
            ),
        ] {
            if is_read {
                assert!(decode(body.as_str()).is_ok(), "{body:.100}");
            } else {
                assert_eq!(
                    rejected(body.as_str()),
                    DecodeErrorKind::TooManyNames { limit: LIMIT },
                    "{body:.100}"
                );
            }
        }
    }
}

#[test]
fn owned_tickets_with_different_names_are_copied_in_linear_time() {
    let owned = |n: usize| Ticket {
        id: n as u64,
        extra: [(format!("x{n}"), n.into()), ("same".into(), n.into())].into_iter().collect(),
        ..Ticket::default()
    };
    let tickets: Vec<Ticket> = (0..20 * MANY).map(owned).collect();
    let copied = Tickets::new(&tickets, Version::V8_0);
    let last = copied.get(tickets.len() - 1).unwrap();
    assert_eq!(last.extra(), tickets[tickets.len() - 1].extra);
}

#[test]
fn many_numeric_keys_and_empty_lists_are_read() {
    let tickets: Vec<String> = (0..MANY).map(|n| format!("\"{n}\":{{\"id\":{n}}}")).collect();
    let page = decode(page_around(&format!("{{\"ticket\":{{{}}}}}", tickets.join(","))))
        .unwrap()
        .into_page()
        .unwrap();
    assert_eq!(page.len(), MANY);
    let lists = format!("[{}]", vec!["[]"; MANY].join(","));
    let page = decode(page_with("attachments", &lists)).unwrap().into_page().unwrap();
    let finding = page.findings().iter().find(|one| one.kind == FindingKind::EmptySpelling).unwrap();
    assert_eq!((finding.count, page.get(0).unwrap().attachments().unwrap().len()), (MANY, 0));
    let page = decode(page_around(&format!("{{\"ticket\":{lists}}}"))).unwrap().into_page().unwrap();
    assert!(page.is_empty());
}

#[test]
fn an_error_in_the_last_ticket_is_reported() {
    let good = "{\"id\":\"1\",\"tid\":\"2\"},".repeat(MANY);
    for last in ["{}", "5", "{\"id\":\"x\"}", "{\"id\":1", ""] {
        assert_paths_agree(page_around(&format!("{{\"ticket\":[{good}{last}]}}")).as_bytes());
    }
}

#[test]
fn hostile_xml_terminates() {
    let open = "<whmcsapi><result>success</result><tickets><ticket><id>1</id>";
    let close = "</ticket></tickets></whmcsapi>";
    // Entities inside entities are rejected before any is expanded.
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE whmcsapi [<!ENTITY a0 \"ha\">");
    for level in 1..40 {
        bomb.push_str(&format!("<!ENTITY a{level} \"&a{0};&a{0};\">", level - 1));
    }
    assert_eq!(rejected(format!("{bomb}]>{open}<subject>&a39;</subject>{close}")), DecodeErrorKind::Entity);
    assert_eq!(
        rejected(format!("{open}<subject>{}</subject>{close}", "&x;".repeat(MANY))),
        DecodeErrorKind::Entity
    );
    for inside in
        ["<subject>a</subject>", "<x>1</x>", "<!-- -->", "&#97;", "<![CDATA[]]>", "<subject/>", "<?x?>"]
    {
        let page = decode(format!("{open}{}{close}", inside.repeat(MANY)));
        assert!(page.is_ok() || inside.starts_with('&'), "{inside}: {page:?}");
    }
    // White space between the parts of an attachment is scanned once.
    for blank in [" <!-- -->", "&#32;", "<![CDATA[ ]]>"] {
        let blanks = blank.repeat(20 * MANY);
        let attachment =
            format!("<attachment>{blanks}<filename>a</filename>{blanks}<index>0</index></attachment>");
        let page = decode(format!("{open}<attachments>{attachment}</attachments>{close}"));
        let page = page.unwrap().into_page().unwrap();
        assert_eq!(page.get(0).unwrap().attachments().unwrap().next().unwrap().filename, "a");
    }
    for junk in
        ["x<filename>a</filename>", "<filename>a</filename>x", "<filename>a</filename><index>0</index>x"]
    {
        let body = format!("{open}<attachments><a>{junk}</a></attachments>{close}");
        let expected = "a list of attachments";
        assert_eq!(rejected(body), DecodeErrorKind::WrongType { name: "attachments".into(), expected });
    }
    let text = "&amp;<![CDATA[x]]>&#97;\u{1}".repeat(MANY);
    let page = decode(format!("{open}<subject>{text}</subject>{close}")).unwrap().into_page().unwrap();
    assert_eq!(page.get(0).unwrap().subject().len(), 4 * MANY);
    let names: String = (0..MANY).map(|n| format!("<x{n}>1</x{n}>")).collect();
    let page = decode(format!("{open}{names}{close}")).unwrap().into_page().unwrap();
    assert_eq!(page.get(0).unwrap().extra().len(), MANY);
    rejected(
        format!("{open}{}{close}", " a=\"1\"".repeat(MANY)).replace("<id>", "<id ").replace(">1</id>", "/>"),
    );
    for name in ["b\0\u{1b}[31m\u{202e}".to_owned(), "b".repeat(MANY)] {
        rejected(format!("{open}<a></{name}>"));
        rejected(format!("{open}<{name}></a>"));
        rejected(format!("{open}&{name};"));
        rejected(format!("{open}<subject><{name}/></subject>"));
        rejected(format!("<whmcsapi><totalresults><{name}/></totalresults>"));
    }
    // Every byte of a text is invalid.
    let mut body = format!("{open}<subject>").into_bytes();
    body.extend(vec![0xff; MANY]);
    body.extend(format!("</subject>{close}").bytes());
    let page = decode(body).unwrap().into_page().unwrap();
    assert_eq!(page.get(0).unwrap().subject().chars().count(), MANY);
}

#[test]
fn hostile_nvp_terminates() {
    for part in
        [";", "=", "a=b;", "tickets[ticket][0][id]=1;", "tickets[", "tickets[ticket][0][x][y][z]=1;", "a;"]
    {
        let body = format!("result=success;{}", part.repeat(MANY));
        let _ = decode(body);
    }
    rejected(format!("result=success;tickets[ticket][{}][tid]=1;", "a".repeat(MANY)));
    rejected(format!(
        "result=success;tickets[ticket][0][id]=1;tickets[ticket][0][flag][{}]=x;tickets[ticket][0][flag]=x",
        "a".repeat(MANY)
    ));
    let tickets: String = (0..MANY).map(|n| format!("tickets[ticket][{n}][id]={n};")).collect();
    let page = decode(format!("result=success;{tickets}")).unwrap().into_page().unwrap();
    assert_eq!(page.len(), MANY);
}

#[test]
fn a_body_above_the_limit_is_rejected_before_it_is_read() {
    let decoder = Decoder::new().max_len(10);
    assert_eq!(decoder.decode("x".repeat(11)).unwrap_err().kind(), &DecodeErrorKind::TooLarge { limit: 10 });
    assert!(decoder.decode("result=e").is_err());
    assert_eq!(
        Decoder::new().max_len(usize::MAX).decode("{}").unwrap_err().kind(),
        &DecodeErrorKind::NotAReply { title: None }
    );
}

/// Checks that a body gives a reply or an error, never a panic, and that a page can be written as JSON.
fn assert_sound(body: &[u8]) {
    match decode(body) {
        Ok(Reply::Tickets(page)) => {
            serde_json::from_str::<serde_json::Value>(&page.to_json()).unwrap();
            page.iter().for_each(|ticket| drop(ticket.to_ticket()));
        }
        Ok(Reply::Error(error)) => drop(error.to_string()),
        Err(error) => assert!(error.to_string().len() < 2_000, "{error}"),
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_reply_or_an_error(
        start in proptest::sample::select(vec![
            "", "{", "{\"result\":\"success\",\"tickets\":{\"ticket\":[{\"id\":1,", "<?xml version=\"1.0\"?><whmcsapi>",
            "<whmcsapi><result>success</result><tickets><ticket><id>1</id><subject>", "result=success;tickets[ticket][0]",
            "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "<?xml version=\"1.0\" encoding=\"shift_jis\"?><whmcsapi>",
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut body = start.as_bytes().to_vec();
        body.extend(&bytes);
        assert_sound(&body);
    }

    #[test]
    fn any_xml_like_text_gives_a_reply_or_an_error(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "<whmcsapi>", "</whmcsapi>", "<whmcsapi version=\"8.0\">", "<result>", "success", "error", "</result>", "<tickets>",
            "</tickets>", "<tickets/>", "<ticket>", "</ticket>", "<ticket/>", "<id>", "1", "</id>", "<id/>", "<attachments>", "</attachments>",
            "<attachment>", "</attachment>", "<filename>", "</filename>", "<index>", "</index>", "<x>", "</x>", "<x/>", "&amp;", "&#1;",
            "&#xD800;", "&#99999999;", "&bad;", "&", "<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>", "<", ">", "\"", " ", "\u{1}", "\u{fffe}", "é",
            "<message>", "</message>", "<!DOCTYPE x>", "<subject>", "</subject>", "<totalresults>", "</totalresults>",
        ]), 0..30),
    ) {
        assert_sound(format!("<whmcsapi>{}", parts.concat()).as_bytes());
        assert_sound(format!("<whmcsapi><result>success</result><tickets><ticket><id>1</id>{}</ticket></tickets></whmcsapi>", parts.concat()).as_bytes());
    }
}
