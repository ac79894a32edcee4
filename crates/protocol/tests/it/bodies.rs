//! Tickets and bodies for the other tests: one with every field, and arbitrary ones.

use gettickets_protocol::{Attachment, DateTime, Ticket, Version};
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Every milestone, the versions just before them, and some later ones.
pub(crate) const VERSIONS: [Version; 8] = [
    Version::V1_0,
    Version::new(5, 3, 14),
    Version::new(7, 9, 0),
    Version::V7_10,
    Version::new(7, 10, 3),
    Version::V8_0,
    Version::new(8, 13, 1),
    Version::new(9, 0, 0),
];

/// A ticket with a value other than the default in every field.
pub(crate) fn full_ticket() -> Ticket {
    let text = |name: &str| format!("the {name}");
    Ticket {
        id: 11,
        tid: "ABC-12345".into(),
        deptid: 12,
        userid: 13,
        name: text("name"),
        owner_name: Some(text("owner name")),
        email: "who@example.com".into(),
        requestor_name: Some(text("requestor name")),
        requestor_email: Some("requestor@example.com".into()),
        requestor_type: Some("Operator".to_owned().into()),
        cc: "one@example.com,two@example.com".into(),
        c: "KPqH7yG3".into(),
        date: Some("2016-01-01T06:26:29".parse().unwrap()),
        subject: "Tom &amp; Jerry".into(),
        status: "On Hold".to_owned().into(),
        priority: "High".to_owned().into(),
        admin: text("admin"),
        attachment: "1_a.png|2_b.png".into(),
        attachments: Some(vec![
            Attachment { filename: "a.png".into(), index: 0 },
            Attachment { filename: "b.png".into(), index: 1 },
        ]),
        attachments_removed: Some(true),
        lastreply: Some("2016-01-02T06:30:16".parse().unwrap()),
        flag: 14,
        service: "S12".into(),
        extra: Map::from_iter([("deptname".to_owned(), Value::from("Support"))]),
        ..Ticket::default()
    }
}

/// The ticket of the documented example as a server writes it, key by key.
pub(crate) fn documented_entries() -> Vec<(String, String)> {
    [
        ("id", r#""1""#),
        ("tid", r#""516757""#),
        ("deptid", r#""1""#),
        ("userid", r#""1""#),
        ("name", r#""Cynthia Reilly""#),
        ("owner_name", r#""Cynthia Reilly""#),
        ("email", r#""testuser@whmcs.com""#),
        ("requestor_name", r#""Cynthia Reilly""#),
        ("requestor_email", r#""testuser@whmcs.com""#),
        ("requestor_type", r#""Owner""#),
        ("cc", r#""""#),
        ("c", r#""KPqH7yG3""#),
        ("date", r#""2016-01-01 06:26:29""#),
        ("subject", r#""This is a sample ticket""#),
        ("status", r#""Answered""#),
        ("priority", r#""Medium""#),
        ("admin", r#""admin admin""#),
        ("attachment", r#""123456_attachment_name.png""#),
        ("attachments", r#"[{"filename":"attachment_name.png","index":0}]"#),
        ("attachments_removed", "true"),
        ("lastreply", r#""2016-01-01 06:30:16""#),
        ("flag", r#""0""#),
        ("service", r#""""#),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

/// Builds an object from keys and values that are JSON.
pub(crate) fn object(entries: &[(String, String)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", entries.join(","))
}

/// Builds a page in the documented format with this value of `tickets`.
pub(crate) fn page_around(tickets: &str) -> String {
    format!(
        r#"{{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{tickets}}}"#
    )
}

/// Builds a page of the documented ticket, with one value replaced or added.
pub(crate) fn page_with(key: &str, value: &str) -> String {
    let mut entries = documented_entries();
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value.to_owned(),
        None => entries.push((key.to_owned(), value.to_owned())),
    }
    page_around(&format!(r#"{{"ticket":[{}]}}"#, object(&entries)))
}

pub(crate) fn version() -> impl Strategy<Value = Version> {
    proptest::sample::select(VERSIONS.as_slice())
}

/// Texts that need all kinds of escaping, and some that need none.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,20}",
        2 => r#"[\\/"<>&;:,='\[\]{} \t\r\n-]{0,8}"#,
        2 => "\\PC{0,12}",
        1 => proptest::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter),
        1 => Just(String::new()),
        1 => Just("&amp;&#039;&lt;]]>\u{feff}\u{fffd}\u{2028}😀".to_owned()),
    ]
}

fn integer() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, any::<u64>(), Just(u64::MAX), Just(0)]
}

fn date() -> impl Strategy<Value = Option<DateTime>> {
    let parts = (1..=9999_i16, 1..=12_i8, 1..=31_i8, 0..24_i8, 0..60_i8, 0..60_i8);
    // A day that does not exist becomes `None`, a zero date on the wire.
    parts.prop_map(|(year, month, day, h, m, s)| DateTime::new(year, month, day, h, m, s, 0).ok())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|value: f64| Value::from(value.trunc() / 64.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Undocumented names. Most are valid names in XML.
fn extra() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![4 => "(x_|deptname|contactid|Id)[a-z0-9_.-]{0,4}", 1 => "1[ -~é]{0,3}"];
    proptest::collection::btree_map(name, json(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn attachments() -> impl Strategy<Value = Vec<Attachment>> {
    let one = (text(), integer()).prop_map(|(filename, index)| Attachment { filename, index });
    proptest::collection::vec(one, 0..4)
}

/// An arbitrary ticket of a server that sends every field.
pub(crate) fn ticket() -> impl Strategy<Value = Ticket> {
    let integers = (integer(), integer(), integer(), integer());
    let texts = proptest::collection::vec(text(), 14);
    let later = (proptest::option::of(text()), attachments(), proptest::option::of(any::<bool>()));
    (integers, texts, later, date(), date(), extra()).prop_map(
        |(
            (id, deptid, userid, flag),
            texts,
            (requestor_name, attachments, attachments_removed),
            date,
            lastreply,
            extra,
        )| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().unwrap();
            Ticket {
                id,
                deptid,
                userid,
                flag,
                tid: next(),
                name: next(),
                owner_name: Some(next()),
                email: next(),
                requestor_name,
                requestor_email: Some(next()),
                requestor_type: Some(next().into()),
                cc: next(),
                c: next(),
                date,
                subject: next(),
                status: next().into(),
                priority: next().into(),
                admin: next(),
                attachment: next(),
                attachments: Some(attachments),
                attachments_removed,
                lastreply,
                service: next(),
                extra,
                ..Ticket::default()
            }
        },
    )
}
