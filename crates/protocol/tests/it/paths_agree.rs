//! The fast decoder and the tolerant decoder give the same result for every body.

use gettickets_protocol::{Decoder, Field, FieldKind, Page, Reply, TicketRef, Tickets, Version};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::bodies::{documented_entries, object, page_around, page_with, ticket, version};

/// Decodes with both decoders, in lenient and strict mode, and compares everything observable.
pub(crate) fn assert_paths_agree(body: &[u8]) {
    for strict in [false, true] {
        let decoder = Decoder::new().strict(strict);
        let (fast, tolerant) = (decoder.decode(body), decoder.clone().tolerant_only(true).decode(body));
        let shown = String::from_utf8_lossy(body);
        match (&fast, &tolerant) {
            (Ok(Reply::Tickets(fast)), Ok(Reply::Tickets(tolerant))) => {
                assert_same_page(fast, tolerant, &shown)
            }
            _ => assert_eq!(fast, tolerant, "{shown}"),
        }
    }
}

fn assert_same_page(fast: &Page, tolerant: &Page, body: &str) {
    assert_eq!(fast.to_json(), tolerant.to_json(), "{body}");
    assert_eq!(fast, tolerant, "{body}");
    assert_eq!(fast.findings(), tolerant.findings(), "{body}");
    assert_eq!(fast.detected_version(), tolerant.detected_version(), "{body}");
    for (a, b) in fast.iter().zip(tolerant) {
        assert_eq!(
            (a.fields(), a.null_fields(), a.quoted_fields()),
            (b.fields(), b.null_fields(), b.quoted_fields()),
            "{body}"
        );
        assert_eq!((a.date_text(), a.lastreply_text()), (b.date_text(), b.lastreply_text()), "{body}");
        assert!(a.extra_json().eq(b.extra_json()), "{body}");
        assert_eq!((all_texts(a), all_texts(b)), (each_text(a), each_text(b)), "{body}");
    }
    for (a, b) in fast.as_of_version(Version::V1_0).iter().zip(tolerant.as_of_version(Version::V1_0).iter()) {
        assert_eq!((all_texts(a), all_texts(b)), (each_text(b), each_text(a)), "{body}");
    }
}

fn all_texts(ticket: TicketRef<'_>) -> Vec<&[u8]> {
    let mut texts = Vec::new();
    ticket.for_each_text(|text| texts.push(text));
    texts
}

fn each_text(ticket: TicketRef<'_>) -> Vec<&[u8]> {
    let texts = Field::all().filter(|field| matches!(field.kind(), FieldKind::Text | FieldKind::DateTime));
    texts.map(|field| ticket.text_bytes(field)).collect()
}

/// Values that are valid for some fields, and deviate or are invalid for others.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "01",
    "1.5",
    "1e3",
    "7",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    r#""""#,
    r#""0""#,
    r#""1""#,
    r#""-1""#,
    r#""+1""#,
    r#"" 1""#,
    r#""01""#,
    r#""007""#,
    r#""18446744073709551615""#,
    r#""18446744073709551616""#,
    r#""abc""#,
    r#""true""#,
    r#""FALSE""#,
    r#""\u0031""#,
    r#""a\/b""#,
    r#""caf\u00e9""#,
    r#""café""#,
    r#""\ud83d\ude00""#,
    r#""\ud83d""#,
    r#""\ude00x""#,
    r#""\x""#,
    r#""\u12""#,
    "\"a\nb\"",
    "\"\u{7f}\u{2028}\"",
    r#""\u0000""#,
    r#""\"""#,
    r#""\\""#,
    r#""0000-00-00 00:00:00""#,
    r#""2016-02-29 23:59:59""#,
    r#""2015-02-29 00:00:00""#,
    r#""2016-01-01T00:00:00""#,
    r#""2016-01-01 24:00:00""#,
    r#""2016-01-01""#,
    r#""2016\u002d01-01 00:00:00""#,
    r#"",""#,
    r#""},{""#,
    r#"","subject":"x",""#,
    r#""a",b"}c""#,
    r#""\",\""#,
    r#""\\","#,
    r#""12345678""#,
    r#""123456789""#,
    r#""01""#,
    r#""1x""#,
    "12345678",
    "123456789",
    "01",
    "[]",
    "{}",
    "[[]]",
    "[1,2]",
    r#"{"a":[null]}"#,
    r#"[{"filename":"a","index":"0"},{"index":1,"filename":"b\/c"}]"#,
    r#"[{"filename":"a"}]"#,
    r#"[{"filename":"a","index":-1}]"#,
    r#"[{"filename":1,"index":0}]"#,
    r#"[{"filename":"a","index":0,"x":1}]"#,
    r#"[{"filename":"a","index":0,"index":1}]"#,
    r#"{"filename":"a","index":0}"#,
    r#"{"0":{"filename":"a","index":0}}"#,
    r#"[{"filename":null,"index":null}]"#,
    r#"[{}]"#,
    "[null]",
    "1e400",
    "0.1e-2",
    " 5 ",
    "\t\"x\"\r\n",
    "tru",
    "nul",
    "",
    "'x'",
];

/// Keys that replies have, and similar and other keys.
const KEYS: &[&str] = &[
    "id",
    "tid",
    "subject",
    "date",
    "lastreply",
    "flag",
    "attachments",
    "attachments_removed",
    "requestor_name",
    "owner_name",
    "c",
    "cc",
    "x",
    "deptname",
    "ID",
    "i\\u0064",
    "",
    "result",
    "tickets",
    "ticket",
    "0",
    "1",
    "é",
    "a.b",
];

/// The start of a page, before the value of `tickets`.
const HEADS: &[&str] = &[
    r#"{"result":"success","totalresults":"2","startnumber":0,"numreturned":2,"#,
    r#"{"result":"success","totalresults":2,"startnumber":"0","numreturned":"2","#,
    r#"{ "result" : "success" , "totalresults" : 2,"#,
    r#"{"totalresults":null,"numreturned":"","result":"SUCCESS","#,
    r#"{"result":"success","result":"success","numreturned":3,"numreturned":1,"#,
    r#"{"status":"success","x":[1],"action":"gettickets","#,
    r#"{"result":"error","message":"Access Denied","#,
    r#"{"result":"success","message":"hello","status":"fine","#,
    r#"{"result":"success","totalresults":"18446744073709551615","startnumber":18446744073709551615,"#,
    r#"{"result":"success","totalresults":"many","#,
    r#"{"result":"success","numreturned":18446744073709551616,"#,
    r#"{"#,
    "\u{feff}{\"result\":\"success\",",
    "Notice: {x}\n{\"result\":\"success\",",
];

const WRAPS: &[(&str, &str)] = &[
    (r#"{"ticket":["#, "]}"),
    (r#"{ "ticket" : [ "#, " ] }"),
    (r#"{"ticket":["#, "],\"x\":1}"),
    (r#"{"ticket":"#, "}"),
    ("[", "]"),
    ("", ""),
    (r#"{"ticket":[],"ticket":["#, "]}"),
    (r#"{"ticket":{"0":"#, "}}"),
    (r#"{"ticket":["#, ",]}"),
    (r#"{"ticket":[["#, "]]}"),
];

const TAILS: &[&str] = &[
    "}",
    "}\n",
    " } ",
    "}\x0c",
    "}\x0b",
    "}x",
    "}}",
    "",
    ",\"x\":1}",
    ",\"numreturned\":1}",
    ",\"tickets\":[]}",
    ",}",
];

/// One change to the entries of a ticket.
#[derive(Clone, Debug)]
enum Change {
    Value(Index, &'static str),
    Key(Index, &'static str),
    Remove(Index),
    Insert(Index, &'static str, &'static str),
    Swap(Index, Index),
    Repeat(Index, Index),
    Reverse,
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let value = || proptest::sample::select(VALUES);
    let key = || proptest::sample::select(KEYS);
    prop_oneof![
        6 => (at(), value()).prop_map(|(at, value)| Change::Value(at, value)),
        1 => (at(), key()).prop_map(|(at, key)| Change::Key(at, key)),
        2 => at().prop_map(Change::Remove),
        3 => (at(), key(), value()).prop_map(|(at, key, value)| Change::Insert(at, key, value)),
        2 => (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        1 => (at(), at()).prop_map(|(from, to)| Change::Repeat(from, to)),
        1 => Just(Change::Reverse),
    ]
}

fn apply(entries: &mut Vec<(String, String)>, change: Change) {
    if entries.is_empty() {
        return;
    }
    let len = entries.len();
    match change {
        Change::Value(at, value) => entries[at.index(len)].1 = value.to_owned(),
        Change::Key(at, key) => entries[at.index(len)].0 = key.to_owned(),
        Change::Remove(at) => drop(entries.remove(at.index(len))),
        Change::Insert(at, key, value) => {
            entries.insert(at.index(len + 1), (key.to_owned(), value.to_owned()))
        }
        Change::Swap(a, b) => entries.swap(a.index(len), b.index(len)),
        Change::Repeat(from, to) => entries.insert(to.index(len + 1), entries[from.index(len)].clone()),
        Change::Reverse => entries.reverse(),
    }
}

/// What all tickets of a page have in common: whether integers are unquoted, and which of the later fields are missing.
fn common() -> impl Strategy<Value = (bool, &'static [&'static str])> {
    const MISSING: &[&[&str]] = &[
        &[],
        &["attachments_removed"],
        &["owner_name", "requestor_name", "requestor_email", "requestor_type"],
        &[
            "owner_name",
            "requestor_name",
            "requestor_email",
            "requestor_type",
            "attachments",
            "attachments_removed",
        ],
    ];
    (any::<bool>(), proptest::sample::select(MISSING))
}

/// The documented ticket with a few changes. Many have none, so that the fast decoder reads some tickets first.
fn changed_ticket((numbers, missing): (bool, &'static [&'static str])) -> impl Strategy<Value = String> {
    let changes = prop_oneof![2 => Just(Vec::new()), 3 => proptest::collection::vec(change(), 1..4)];
    (changes, 1..30_u64).prop_map(move |(changes, id)| {
        let mut entries = documented_entries();
        entries[0].1 = format!("\"{id}\"");
        entries.retain(|(key, _)| !missing.contains(&key.as_str()));
        if numbers {
            let integers = entries
                .iter_mut()
                .filter(|(key, _)| ["id", "deptid", "userid", "flag"].contains(&key.as_str()));
            integers.for_each(|(_, value)| *value = value.trim_matches('"').to_owned());
        }
        changes.into_iter().for_each(|change| apply(&mut entries, change));
        object(&entries)
    })
}

fn weighted(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(values[0]), 1 => proptest::sample::select(values)]
}

fn wrap() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![4 => Just(WRAPS[0]), 1 => proptest::sample::select(WRAPS)]
}

/// One change to the bytes of a body.
#[derive(Clone, Debug)]
enum Damage {
    Byte(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static [u8]),
    Truncate(Index),
}

const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"0",
    b"-",
    b".",
    b"e",
    b"null",
    b"\\u00e9",
    b"\\ud83d",
    b"\\u0022",
    b"\\\"",
    b"\",",
    b"\"}",
    b",\"",
    b"\",\"cc\":\"",
    b"\xff",
    b"\xc3\xa9",
    b"\xe9",
    b"\xed\xa0\x80",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\\/",
    b"\"\"",
    b"{}",
    b"[]",
    b"\\",
    b"true",
    b"\xef\xbb\xbf",
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        2 => (at(), 1..6_usize).prop_map(|(at, len)| Damage::Remove(at, len)),
        3 => (at(), proptest::sample::select(PIECES)).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        1 => at().prop_map(Damage::Truncate),
    ]
}

fn apply_damage(body: &mut Vec<u8>, damage: Damage) {
    if body.is_empty() {
        return;
    }
    let len = body.len();
    match damage {
        Damage::Byte(at, byte) => body[at.index(len)] = byte,
        Damage::Remove(at, count) => {
            let at = at.index(len);
            body.drain(at..len.min(at + count));
        }
        Damage::Insert(at, piece) => {
            let at = at.index(len);
            body.splice(at..at, piece.iter().copied());
        }
        Damage::Truncate(at) => body.truncate(at.index(len)),
    }
}

/// Otherwise the comparisons would show nothing.
#[test]
fn by_different_decoders() {
    let mut entries = documented_entries();
    let names = entries.iter_mut().filter(|(key, _)| key == "name" || key == "owner_name");
    names.for_each(|(_, value)| *value = r#""Fran\u00e7oise M\u00fcller""#.to_owned());
    let body = page_around(&format!(r#"{{"ticket":[{}]}}"#, object(&entries)));
    let size = |tolerant_only| {
        let reply = Decoder::new().tolerant_only(tolerant_only).decode(body.as_str());
        reply.unwrap().into_page().unwrap().tickets().memory_size()
    };
    assert!(size(false) < size(true), "only the fast decoder stores a text with escapes once if it repeats");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn on_pages_with_other_notations_fields_and_orders(
        head in weighted(HEADS),
        (open, close) in wrap(),
        tickets in common().prop_flat_map(|common| proptest::collection::vec(changed_ticket(common), 0..4)),
        tail in weighted(TAILS),
    ) {
        let body = format!("{head}\"tickets\":{open}{}{close}{tail}", tickets.join(","));
        assert_paths_agree(body.as_bytes());
    }

    #[test]
    fn on_damaged_pages(
        tickets in proptest::collection::vec(ticket(), 0..3),
        version in version(),
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let page = Page::new(Tickets::new(&tickets, version), 0, tickets.len() as u64);
        let mut body = page.to_wire_json(version).into_bytes();
        damages.into_iter().for_each(|one| apply_damage(&mut body, one));
        assert_paths_agree(&body);
    }

    #[test]
    fn on_whole_pages(tickets in proptest::collection::vec(ticket(), 0..4), version in version()) {
        let page = Page::new(Tickets::new(&tickets, version), 0, tickets.len() as u64);
        assert_paths_agree(page.to_wire_json(version).as_bytes());
    }
}

/// A page of tickets with these fields.
fn page_of<'e>(tickets: impl IntoIterator<Item = &'e Vec<(String, String)>>) -> String {
    let tickets: Vec<String> = tickets.into_iter().map(|entries| object(entries)).collect();
    format!(
        r#"{{"result":"success","totalresults":"9","startnumber":0,"numreturned":{},"tickets":{{"ticket":[{}]}}}}"#,
        tickets.len(),
        tickets.join(",")
    )
}

#[test]
fn on_every_value_in_every_field() {
    let keys = documented_entries();
    for place in 0..keys.len() {
        for value in VALUES {
            // In the second ticket, when the fast decoder expects the layout of the first, and in the first.
            let mut changed = documented_entries();
            changed[place].1 = (*value).to_owned();
            for pair in [[&keys, &changed], [&changed, &keys]] {
                assert_paths_agree(page_of(pair).as_bytes());
            }
        }
    }
}

#[test]
fn on_unknown_values_of_every_kind() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let deep: Vec<String> = (57..64).map(nested).collect();
    let values = [
        r#"{"a":1,"b":[true,null,{"c":"\u00e9 \ud83d\ude00"}]}"#,
        r#"{ "a" : [ 1 , 2 ] }"#,
        r#" {"a":1}"#,
        r#"{"a":1} "#,
        "{}",
        "[]",
        "[[],{}]",
        r#"{"a":1,"a":2}"#,
        r#"["\ud83d"]"#,
        r#"{"\ude00":1}"#,
        r#"["\u12"]"#,
        "[1,]",
        "[1",
        "[1}",
        "{\"a\":1}}",
        r#"["a]"]"#,
        "[\"\u{1}\"]",
        "true",
        "false",
        "truee",
        "1.5",
        "-7",
        "1e5",
        "1e",
        "01",
        "123456789012345678901234567890",
    ];
    for value in values.into_iter().chain(deep.iter().map(String::as_str)) {
        let mut changed = documented_entries();
        changed.insert(3, ("unknown".to_owned(), value.to_owned()));
        let mut plain = documented_entries();
        plain.insert(3, ("unknown".to_owned(), "1".to_owned()));
        for tickets in [[&changed, &changed], [&plain, &changed], [&changed, &plain]] {
            assert_paths_agree(page_of(tickets).as_bytes());
        }
    }
}

#[test]
fn on_tickets_whose_keys_are_in_different_orders() {
    let mut entries = documented_entries();
    entries.insert(5, ("unknown".to_owned(), r#"{"a":[1]}"#.to_owned()));
    entries.insert(9, ("other".to_owned(), r#""text \u00e9""#.to_owned()));
    let len = entries.len();
    for by in 1..len {
        let mut rotated = entries.clone();
        rotated.rotate_left(by);
        let mut reversed = rotated.clone();
        reversed.reverse();
        // A key twice, an additional key, a key that is missing, and null in another place.
        let mut twice = rotated.clone();
        twice[len - 1] = twice[0].clone();
        let mut unknown_twice = rotated.clone();
        let at = unknown_twice.iter().position(|(key, _)| key == "other").unwrap();
        unknown_twice[at].0 = "unknown".to_owned();
        let mut more = rotated.clone();
        more.push(("more".to_owned(), "1".to_owned()));
        let mut null = rotated.clone();
        null.iter_mut().find(|(key, _)| key == "requestor_name").unwrap().1 = "null".to_owned();
        for other in [&rotated, &reversed, &twice, &unknown_twice, &more, &null, &rotated[1..].to_vec()] {
            for tickets in [
                &[entries.clone(), other.clone()][..],
                &[other.clone(), entries.clone()],
                &[entries.clone(), other.clone(), reversed.clone(), entries.clone()],
            ] {
                assert_paths_agree(page_of(tickets).as_bytes());
            }
        }
    }
}

#[test]
fn on_texts_that_repeat_or_share_a_prefix() {
    const TEXTS: &[&str] = &[
        r"\u00e9",
        r"\u00e9\u00e9",
        r"Fran\u00e7oise",
        r"Fran\u00e7oise M\u00fcller",
        r"\/",
        "",
        "plain",
        r"\",
    ];
    for (first, second, third) in
        TEXTS.iter().flat_map(|a| TEXTS.iter().flat_map(move |b| TEXTS.iter().map(move |c| (a, b, c))))
    {
        let mut entries = documented_entries();
        for (name, text) in [("name", first), ("owner_name", second), ("requestor_name", third)] {
            entries
                .iter_mut()
                .filter(|(key, _)| key == name)
                .for_each(|(_, value)| *value = format!("\"{text}\""));
        }
        let ticket = object(&entries);
        let body = format!(
            r#"{{"result":"success","totalresults":2,"startnumber":0,"numreturned":2,"tickets":{{"ticket":[{ticket},{ticket}]}}}}"#
        );
        assert_paths_agree(body.as_bytes());
    }
}

/// The structural index holds a limited number of escapes.
#[test]
fn on_tickets_with_more_escapes_than_the_index_holds() {
    const LATER: &[&str] =
        &["owner_name", "requestor_name", "requestor_email", "requestor_type", "attachments"];
    for count in [1, 300, 450, 478, 479, 480, 490, 511, 512, 513, 700, 1100] {
        for (subject, attachment) in [("\\/", "x"), ("x", "\\/"), ("\\\"", "\\/"), ("\\\"", "\\u00e9")] {
            for missing in [&[][..], LATER] {
                let mut entries = documented_entries();
                entries.retain(|(key, _)| !missing.contains(&key.as_str()));
                let plain = object(&entries);
                for (key, value) in &mut entries {
                    match key.as_str() {
                        "subject" => *value = format!("\"{}\"", subject.repeat(count)),
                        "attachment" => *value = format!("\"{}{attachment}y\"", "x".repeat(200)),
                        _ => {}
                    }
                }
                let full = object(&entries);
                for tickets in [[&plain, &full, &plain], [&full, &plain, &full], [&plain, &full, &full]] {
                    let tickets = tickets.map(String::as_str).join(",");
                    let head =
                        r#"{"result":"success","totalresults":"3","startnumber":0,"numreturned":3,"tickets""#;
                    let body = format!("{head}:{{\"ticket\":[{tickets}]}}}}");
                    assert_paths_agree(body.as_bytes());
                    // At the cut, the index has no more ends.
                    let end = body.rfind("\"lastreply\"").unwrap();
                    (1..60).for_each(|less| assert_paths_agree(&body.as_bytes()[..end - less]));
                }
            }
        }
    }
}

/// Packed rows hold texts near each other; if one ticket does not fit, all rows of the page are wide.
#[test]
fn on_tickets_that_do_not_fit_a_packed_row() {
    let ticket = |id: &str, key: &str, value: &str| {
        let mut entries = documented_entries();
        entries.iter_mut().filter(|(name, _)| name == "id").for_each(|(_, old)| *old = id.to_owned());
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value.to_owned(),
            None => entries.insert(4, (key.to_owned(), value.to_owned())),
        }
        object(&entries)
    };
    let small = |id| ticket(id, "name", r#""J\u00fcrgen""#);
    for len in [32_000, 32_767, 32_768, 33_000, 65_535, 65_536, 100_000] {
        for letter in ["x", "\\/"] {
            for key in ["tid", "cc", "service", "unknown"] {
                let large = |id| ticket(id, key, &format!("\"{}\"", letter.repeat(len)));
                for tickets in [
                    [large("1"), small("2"), small("3")],
                    [small("1"), large("2"), small("3")],
                    [small("1"), small("2"), large("3")],
                ] {
                    let body = page_around(&format!(r#"{{"ticket":[{}]}}"#, tickets.join(",")));
                    assert_paths_agree(body.replace("\"numreturned\":1", "\"numreturned\":3").as_bytes());
                }
            }
        }
    }
}

#[test]
fn on_a_page_followed_by_each_byte() {
    for byte in 0..=u8::MAX {
        let mut body = page_with("flag", "\"0\"").into_bytes();
        body.push(byte);
        assert_paths_agree(&body);
    }
}

#[test]
fn on_a_page_cut_at_every_byte() {
    let tickets = [crate::bodies::full_ticket(), crate::bodies::full_ticket()];
    let body = Page::new(Tickets::new(&tickets, Version::V8_0), 0, 2).to_wire_json(Version::V8_0);
    (0..=body.len()).for_each(|end| assert_paths_agree(&body.as_bytes()[..end]));
}

#[test]
fn on_a_page_with_each_byte_removed() {
    let body = Page::new(Tickets::new(&[crate::bodies::full_ticket()], Version::V8_0), 0, 1)
        .to_wire_json(Version::V8_0);
    for at in 0..body.len() {
        let mut body = body.clone().into_bytes();
        body.remove(at);
        assert_paths_agree(&body);
    }
}
