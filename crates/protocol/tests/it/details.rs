//! Details of the API that no other test of this crate calls: accessors, comparisons and limits.

use gettickets_protocol::{
    Credentials, DecodeError, DecodeErrorKind, Decoder, Field, Finding, FindingKind, GetTickets,
    InvalidCredentials, Page, ResponseType, Ticket, decode,
};

use crate::bodies::{page_around, page_with};

fn page(body: &str) -> Page {
    decode(body).unwrap().into_page().unwrap()
}

fn error(body: &str) -> DecodeError {
    decode(body).unwrap_err()
}

#[test]
fn an_md5_has_32_hexadecimal_digits() {
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    for wrong in [&md5[1..], "5f4dcc3b5aa765d61d8327deb882cf9g", &format!("{md5}0"), ""] {
        let refused = Credentials::admin_md5("admin", wrong);
        assert_eq!(refused.unwrap_err(), InvalidCredentials::NotAnMd5, "{wrong}");
    }
    let encoded = GetTickets::default()
        .encode(&Credentials::admin_md5("admin", md5.to_uppercase()).unwrap(), ResponseType::Json);
    assert!(encoded.contains(&format!("password={md5}")), "{}", &*encoded);
}

#[test]
fn credentials_are_described_without_secrets() {
    let key = |credentials: Credentials| credentials.with_access_key("key").unwrap().kind();
    let (api, admin) = (Credentials::api("i", "s"), Credentials::admin("a", "p"));
    assert_eq!([api.kind(), admin.kind()], ["API identifier and secret", "admin user name and password"]);
    assert_eq!(
        [key(api), key(admin)],
        ["API identifier and secret, access key", "admin user name and password, access key"]
    );
}

#[test]
fn a_reply_may_be_as_long_as_the_limit() {
    let body = page_around("\"\"");
    let decoder = |max_len| Decoder::new().max_len(max_len);
    assert!(decoder(body.len()).decode(body.as_str()).is_ok());
    let refused = decoder(body.len() - 1).decode(body.as_str()).unwrap_err();
    assert_eq!(refused.kind(), &DecodeErrorKind::TooLarge { limit: body.len() - 1 });
}

#[test]
fn no_text_of_a_large_body_is_shown() {
    const LARGEST: usize = 4 << 20;
    let decoder = Decoder::new().redactor(Credentials::api("ident", "s3cr3t-s3cr3t").redactor());
    let body = |len: usize| {
        let start = r#"{"result":"maybe s3cr3t-s3cr3t","x":""#;
        format!("{start}{}\"}}", "x".repeat(len - start.len() - 2))
    };
    let shown = |len| {
        let error = decoder.decode(body(len)).unwrap_err();
        format!("{:?} {:?}", error.kind(), error.excerpt())
    };
    for len in [LARGEST - 1, LARGEST] {
        assert!(shown(len).contains("maybe [redacted]"), "{}", shown(len));
    }
    for len in [LARGEST + 1, LARGEST + 2] {
        assert!(shown(len).contains("(not shown)") && !shown(len).contains("maybe"), "{}", shown(len));
    }
}

#[test]
fn errors_are_classified() {
    let classes = |body: &str| {
        let error = error(body);
        (error.is_not_a_reply(), error.is_truncated())
    };
    assert_eq!(classes(""), (true, false));
    assert_eq!(classes("<html>no</html>"), (true, false));
    assert_eq!(classes(&page_with("subject", r#""Hello"#)[..300]), (false, true));
    assert_eq!(classes(&page_with("deptid", "01")), (false, false));
}

#[test]
fn every_text_of_an_error_can_be_changed() {
    let changed = |body: &[u8]| {
        let error =
            decode(body).unwrap_err().map_texts(|text| text.replace(|c: char| c.is_alphabetic(), "*"));
        format!("{:?} {:?} {:?}", error.kind(), error.excerpt(), error.path())
    };
    let texts: Vec<String> = [
        "<html><title>Title</title>Text</html>".as_bytes(),
        page_with("deptid", "01").as_bytes(),
        page_with("id", r#""abc""#).as_bytes(),
        page_with("subject", r#"{"a":1}"#).as_bytes(),
        br#"{"result":"maybe"}"#,
        br#"<?xml version="1.0" encoding="unheard-of"?><whmcsapi><result>success</result></whmcsapi>"#,
    ]
    .map(changed)
    .into();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn pages_with_different_unknown_fields_or_counts_are_different() {
    let with = |fields: &str| {
        page(&format!(
            r#"{{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,{fields}"tickets":""}}"#
        ))
    };
    assert_eq!(with(r#""more":{"a":1,"b":[2]},"#), with(r#""more":{ "b" : [ 2 ], "a" : 1 },"#));
    for (one, other) in [
        (r#""more":1,"#, r#""more":2,"#),
        (r#""more":1,"#, ""),
        (r#""more":1,"#, r#""less":1,"#),
        (r#""more":1,"less":2,"#, r#""more":1,"#),
    ] {
        assert_ne!(with(one), with(other), "{one} {other}");
    }
    let ticket = |total: u64, id: u64| {
        page(&format!(
            r#"{{"result":"success","totalresults":{total},"startnumber":0,"numreturned":1,"tickets":{{"ticket":[{{"id":{id}}}]}}}}"#
        ))
    };
    assert_eq!(ticket(1, 7), ticket(1, 7));
    assert_ne!(ticket(1, 7), ticket(2, 7));
    assert_ne!(ticket(1, 7), ticket(1, 8));
}

#[test]
fn a_part_of_a_page_has_its_tickets_and_its_start() {
    let tickets: Vec<String> = (1..=5).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let page = page(&format!(
        r#"{{"result":"success","totalresults":9,"startnumber":3,"numreturned":5,"tickets":{{"ticket":[{}]}}}}"#,
        tickets.join(",")
    ));
    let part = |part: Page| {
        let ids: Vec<u64> = part.iter().map(|ticket| ticket.id()).collect();
        (ids, part.startnumber(), part.numreturned(), part.totalresults())
    };
    assert_eq!(part(page.slice(1..3)), (vec![2, 3], Some(4), Some(2), Some(9)));
    assert_eq!(part(page.slice(..=1)), (vec![1, 2], Some(3), Some(2), Some(9)));
    assert_eq!(part(page.slice(4..)), (vec![5], Some(7), Some(1), Some(9)));
    let before = std::ops::Bound::Excluded(1);
    assert_eq!(
        part(page.slice((before, std::ops::Bound::Unbounded))),
        (vec![3, 4, 5], Some(5), Some(3), Some(9))
    );
}

#[test]
fn findings_are_merged_by_kind_and_field() {
    let of = |field: &str| page(&page_with(field, "null")).findings().to_vec();
    let mut total = Vec::new();
    for findings in [of("subject"), of("status"), of("subject")] {
        Finding::merge(&mut total, &findings);
    }
    let nulls: Vec<_> = total
        .iter()
        .filter(|finding| finding.kind.code() == "null-field")
        .map(|finding| (finding.field.map(|field| field.name()), finding.count))
        .collect();
    assert_eq!(nulls, [(Some("subject"), 2), (Some("status"), 1)]);
    // Positions within different pages would mislead.
    assert!(total.iter().all(|finding| finding.indexes.is_empty()), "{total:?}");
}

#[test]
fn an_unknown_value_that_no_number_or_text_can_hold_is_its_json() {
    let page = page(&page_with("more", r#"{"large":1e999,"deep":{"list":[1e999,"a\u0041"]}}"#));
    let ticket = page.iter().next().unwrap();
    assert_eq!(
        serde_json::to_value(ticket.extra()).unwrap()["more"],
        serde_json::json!({"large": "1e999", "deep": {"list": ["1e999", "aA"]}})
    );
}

#[test]
fn an_element_with_attributes_has_a_title() {
    let kind = |body: &str| error(body).kind().clone();
    let title = |title: &str| DecodeErrorKind::NotAReply { title: Some(title.to_owned()) };
    assert_eq!(kind("<html><title lang=\"en\" dir=\"ltr\">Gone</title></html>"), title("Gone"));
    assert_eq!(kind("<html><titles>No</titles><TITLE\n>Gone</TITLE></html>"), title("Gone"));
}

#[test]
fn an_excerpt_is_redacted_before_it_is_cut() {
    let redactor = Credentials::api("ident", "s3cr3t-s3cr3t").redactor();
    assert_eq!(redactor.excerpt("a s3cr3t-s3cr3t b", 100), "a [redacted] b");
    assert_eq!(redactor.excerpt("ab s3cr3t-s3cr3t", 6), "ab [re…");
    assert_eq!(redactor.excerpt("a\u{1b}b", 10), "a\\u{1b}b");
}

#[test]
fn name_value_pairs_are_checked_like_json() {
    let body = |pairs: &str| {
        format!("result=success;totalresults=1;startnumber=0;numreturned=1;tickets[ticket][0][id]=1;{pairs}")
    };
    let more = page(&body("tickets[ticket][0][mood]=so; so;"));
    assert_eq!(more.iter().next().unwrap().extra()["mood"], "so; so");

    let empty = page(&body("").replace("startnumber=0", "startnumber="));
    assert_eq!(empty.startnumber(), Some(0));
    assert!(empty.findings().iter().any(|finding| finding.kind.code() == "empty-number"), "{empty:?}");

    let count = error(&body("").replace("totalresults=1", "totalresults=many"));
    assert_eq!(count.kind(), &DecodeErrorKind::InvalidInteger { name: "totalresults".into() });
    assert_eq!((count.path(), count.excerpt()), (Some("totalresults"), Some("many")));
}

#[test]
fn a_date_is_needed_where_there_is_a_time_zone() {
    let pairs = "result=success;totalresults=1;startnumber=0;numreturned=1;tickets[ticket][0][id]=1;\
                 tickets[ticket][0][date][timezone]=UTC;";
    let xml = "<whmcsapi><result>success</result><totalresults>1</totalresults><startnumber>0</startnumber>\
               <numreturned>1</numreturned><tickets><ticket><id>1</id><date><timezone>UTC</timezone></date></ticket>\
               </tickets></whmcsapi>";
    for body in [pairs, xml] {
        let error = error(body);
        let kind = DecodeErrorKind::WrongType { name: "date".into(), expected: "a date" };
        assert_eq!(error.kind(), &kind, "{body}");
        assert!(error.path().unwrap().contains("date"), "{error}");
    }
}

#[test]
fn the_memory_of_tickets_is_that_of_their_body_rows_and_texts() {
    let memory = |body: &str| page(body).tickets().memory_size();
    let plain = page_with("subject", "\"a\"");
    let base = memory(&plain);
    assert!((plain.len() + 100..plain.len() + 1_000).contains(&base), "{base} {}", plain.len());
    // Each escape takes six bytes of the body, and its character two.
    for (subject, more) in [("a".repeat(1_001), 1_000), ("\\u00e9".repeat(500), 4_000)] {
        let size = memory(&page_with("subject", &format!("\"{subject}\"")));
        assert!((base + more - 10..base + more + 10).contains(&size), "{base} {size} {more}");
    }
    let shared: &'static str = Box::leak(plain.clone().into_boxed_str());
    let shared = Decoder::new().decode_shared(shared.as_bytes(), ()).unwrap().into_page().unwrap();
    assert!(shared.tickets().memory_size().abs_diff(base) < 10);

    // More tickets, attachments and unknown fields take more than their text.
    let ticket = plain.split_once("[{").and_then(|(_, rest)| rest.rsplit_once("}]")).unwrap().0;
    let two = plain.replace(ticket, &format!("{ticket}}},{{{ticket}"));
    assert!(memory(&two) - two.len() >= base - plain.len() + 64);
    let files = |count: usize| {
        let files = vec![r#"{"filename":"a","index":"0"}"#; count].join(",");
        let body = page_with("attachments", &format!("[{files}]"));
        memory(&body) - body.len()
    };
    assert!((files(100) - files(0)).abs_diff(100 * 16) <= 100 * 8, "{} {}", files(0), files(100));
    let unknown = page_with("a_rather_long_name_of_an_unknown_field", "1");
    assert!(
        memory(&unknown) - unknown.len()
            > base - plain.len() + "a_rather_long_name_of_an_unknown_field".len()
    );
}

#[test]
fn findings_before_the_reply_are_kept_with_shared_memory() {
    let text: &'static str =
        Box::leak(format!("Notice: x in /y.php\n{}", page_with("tid", "\"a\"")).into_boxed_str());
    let shared = Decoder::new().decode_shared(text.as_bytes(), ()).unwrap().into_page().unwrap();
    assert_eq!(shared.findings(), page(text).findings());
    assert!(!shared.findings().is_empty());
}

#[test]
fn only_null_is_null() {
    let page = page(&page_with("requestor_name", "null"));
    let ticket = page.get(0).unwrap();
    assert!(ticket.is_null(Field::RequestorName));
    assert!(!ticket.is_null(Field::Subject) && !ticket.is_null(Field::Cc));
}

#[test]
fn an_error_of_the_api_is_named_as_such() {
    let error =
        |message: &str| decode(format!(r#"{{"result":"error"{message}}}"#)).unwrap().into_page().unwrap_err();
    assert_eq!(error(r#","message":"No \u001b[1m""#).to_string(), "the server sent an error: No \\u{1b}[1m");
    assert_eq!(error("").to_string(), "the server sent an error without a message");
}

#[test]
fn a_date_of_name_value_pairs_keeps_its_time_zone() {
    let page = page(
        "result=success;totalresults=1;startnumber=0;numreturned=1;tickets[ticket][0][id]=1;\
         tickets[ticket][0][date][date]=2025-03-05 06:07:08.000000;tickets[ticket][0][date][timezone]=Europe/Vienna;",
    );
    let text = page.get(0).unwrap().date_text().to_owned();
    assert_eq!(text, "2025-03-05 06:07:08.000000 Europe/Vienna");
}

#[test]
fn a_page_has_at_most_65536_names_of_unknown_fields() {
    let body = |names: usize| {
        let fields: Vec<String> = (0..names).map(|number| format!("\"x{number}\":1")).collect();
        page_around(&format!(r#"{{"ticket":[{{"id":1,{}}}]}}"#, fields.join(",")))
    };
    assert_eq!(page(&body(65_536)).iter().next().unwrap().extra().len(), 65_536);
    assert_eq!(error(&body(65_537)).kind(), &DecodeErrorKind::TooManyNames { limit: 65_536 });
}

#[test]
fn other_values_in_the_place_of_a_ticket_are_named() {
    for (json, found) in [("1", "integer"), ("[]", "sequence"), ("\"x\"", "string"), ("null", "null")] {
        let error = serde_json::from_str::<Ticket>(json).unwrap_err().to_string();
        assert!(error.contains("expected a ticket") && error.contains(found), "{error}");
    }
}

#[test]
fn attachments_are_equal_if_their_names_and_indexes_are() {
    let of = |list: &str| page_with("attachments", list);
    let lists = [
        "[]",
        r#"[{"filename":"a.txt","index":"0"}]"#,
        r#"[{"filename":"b.txt","index":"0"}]"#,
        r#"[{"filename":"a.txt","index":"1"}]"#,
        r#"[{"filename":"a.txt","index":"0"},{"filename":"b.txt","index":"1"}]"#,
    ];
    for (nth, one) in lists.iter().enumerate() {
        for (other_nth, other) in lists.iter().enumerate() {
            let (one, other) = (page(&of(one)), page(&of(other)));
            let same = one.get(0).unwrap().attachments() == other.get(0).unwrap().attachments();
            assert_eq!(same, nth == other_nth, "{nth} {other_nth}");
        }
    }
}

#[test]
fn a_reply_without_tickets_and_counts_is_that_of_another_call() {
    for (without, with) in [
        (r#"{"result":"success"}"#, r#"{"result":"success","totalresults":0}"#),
        ("result=success;", "result=success;totalresults=0;"),
        (
            "<whmcsapi><result>success</result></whmcsapi>",
            "<whmcsapi><result>success</result><totalresults>0</totalresults></whmcsapi>",
        ),
    ] {
        assert_eq!(error(without).kind(), &DecodeErrorKind::OtherCall { looks_like: None }, "{without}");
        assert!(page(with).is_empty(), "{with}");
    }
}

#[test]
fn a_value_of_another_type_names_what_is_expected() {
    for (key, value, expected) in [
        ("id", "[1]", "an integer"),
        ("flag", "{}", "an integer"),
        ("attachments_removed", "[1]", "a boolean"),
        ("date", "[1]", "a date"),
        ("subject", "[1]", "a text"),
        ("subject", "true", "a text"),
        ("subject", "false", "a text"),
        ("attachments", r#"[[[{"filename":"a","index":0}]]]"#, "a list of attachments"),
    ] {
        let kind = DecodeErrorKind::WrongType { name: key.to_owned(), expected };
        assert_eq!(error(&page_with(key, value)).kind(), &kind, "{key} {value}");
    }
    let nested = page(&page_with("attachments", r#"[[{"filename":"a","index":0}]]"#));
    assert_eq!(nested.get(0).unwrap().attachments().unwrap().count(), 1);
}

#[test]
fn errors_in_json_have_the_offset_of_their_cause() {
    for (body, cause) in [
        ("{\n\"result\":\"success\",\n\n\"tickets\":x}".to_owned(), "x}"),
        ("{\"result\":\"success\",\n\"tickets\":x}".to_owned(), "x}"),
        ("{\"result\":\"success\",\"tickets\":x}".to_owned(), "x}"),
        (page_with("unknown", r#"["a long text","ab\ud83d"]"#), r"\ud83d"),
        (r#"{"result":"success","unknown":"ab\ud83d","tickets":[]}"#.to_owned(), r"\ud83d"),
    ] {
        assert_eq!(error(&body).offset(), body.find(cause), "{body}");
    }
}

#[test]
fn text_in_another_encoding_after_the_reply_is_reported_where_it_begins() {
    for blank in ["", "\n", "\r\n\n"] {
        let reply = page_with("flag", "\"0\"");
        let place = format!("byte {}", reply.len() + blank.len());
        let mut body = format!("{reply}{blank}Warning: caf").into_bytes();
        body.push(0xe9);
        let page = decode(body).unwrap().into_page().unwrap();
        let found = page.findings().iter().find(|one| one.kind == FindingKind::TrailingText).unwrap();
        assert_eq!(found.places, [place]);
    }
}

#[test]
fn a_saved_ticket_has_an_id_that_is_not_null() {
    let read = |json: &str| serde_json::from_str::<Ticket>(json);
    assert_eq!(read(r#"{"id":7,"deptid":null}"#).unwrap().id, 7);
    assert!(read(r#"{"id":null}"#).is_err());
}

#[test]
fn a_count_that_is_given_twice_has_its_last_value() {
    let body = r#"{"result":"success","totalresults":9,"totalresults":0,"startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;
    let page = page(body);
    assert_eq!(page.totalresults(), Some(0));
    let kinds: Vec<_> = page.findings().iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::DuplicateKey]);
}

#[test]
fn an_empty_count_in_xml_is_zero_and_reported() {
    for element in ["<startnumber></startnumber>", "<startnumber/>"] {
        let page = page(&format!(
            "<whmcsapi><action>gettickets</action><result>success</result><totalresults>0</totalresults>\
             {element}<numreturned>0</numreturned><tickets></tickets></whmcsapi>"
        ));
        assert_eq!(page.startnumber(), Some(0));
        let kinds: Vec<_> = page.findings().iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::EmptyNumber]);
    }
}

#[test]
fn an_unknown_field_named_ticket_is_not_another_list() {
    let page = page(
        r#"{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"tickets":{"ticket":[{"ticket":"x","id":1}]}}"#,
    );
    let ticket = page.iter().next().unwrap();
    assert_eq!((page.len(), ticket.id(), ticket.extra().len()), (1, 1, 1));
}

#[test]
fn a_text_in_place_of_attachments_is_an_error_in_each_format() {
    let kind =
        DecodeErrorKind::WrongType { name: "attachments".to_owned(), expected: "a list of attachments" };
    let nvp = |value: &str| {
        format!(
            "result=success;totalresults=1;tickets[ticket][0][id]=1;tickets[ticket][0][attachments]={value};"
        )
    };
    assert_eq!(error(&page_with("attachments", "\"abc\"")).kind(), &kind);
    assert_eq!(error(&nvp("abc")).kind(), &kind);
    assert_eq!(page(&nvp("")).get(0).unwrap().attachments().unwrap().count(), 0);
}
