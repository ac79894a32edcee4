//! The messages of errors and findings: what is wrong, where, and the text there.

use gettickets_protocol::{DecodeErrorKind, Decoder, Version, decode};

use crate::bodies::{page_around, page_with};

/// Returns the error of each body, after its name.
fn messages(bodies: &[(&str, Vec<u8>)]) -> String {
    let line = |(name, body): &(&str, Vec<u8>)| format!("{name}: {}\n", decode(body.as_slice()).unwrap_err());
    bodies.iter().map(line).collect()
}

#[test]
fn errors_of_json_have_a_cause_and_a_place() {
    let texts = messages(&[
        ("empty", b" \n".into()),
        ("page", b"<!DOCTYPE html><title>Down for Maintenance</title>".into()),
        ("plain text", b"Access denied by Imunify360 bot-protection.".into()),
        ("other JSON", br#"{"message":"Access denied"}"#.into()),
        ("other word", br#"{"result":"maybe"}"#.into()),
        ("truncated", page_with("subject", r#""Hello"#).split_inclusive("Hello").next().unwrap().into()),
        ("another document", (page_with("x", "1") + "\n{\"result\":\"success\"}").into()),
        ("memory", b"<b>Fatal error</b>: Allowed memory size of 9 bytes exhausted in <b>/x.php</b>".into()),
        ("other call", br#"{"result":"success","totalresults":1,"clients":{"client":[]}}"#.into()),
        ("no call", br#"{"result":"success"}"#.into()),
        ("syntax", page_with("deptid", "01").into()),
        ("lone surrogate", page_with("subject", r#""a\ud83d b""#).into()),
        ("no UTF-8", [page_with("name", "\"").into_bytes(), b"\xe9\"".into()].concat()),
        ("too deep", page_with("x", &"[".repeat(100)).into()),
        ("no id", page_around(r#"{"ticket":[{"tid":"516757"}]}"#).into()),
        ("no number", page_with("id", r#""abc""#).into()),
        ("past 64 bits", page_with("userid", "18446744073709551616").into()),
        ("no boolean", page_with("attachments_removed", r#""perhaps""#).into()),
        ("no text", page_with("subject", r#"{"a":1}"#).into()),
        ("no list", page_around("\"none\"").into()),
        ("no object", page_around("{\"ticket\":[5]}").into()),
    ]);
    insta::assert_snapshot!(texts, @r#"
    empty: the reply is empty
    page: not a reply of the API: a maintenance page, titled "Down for Maintenance", at byte 0
    plain text: not a reply of the API: a page of a firewall or bot protection, at byte 0; found: Access denied by Imunify360 bot-protection.
    other JSON: not a reply of the API: a page of a firewall or bot protection, at byte 0; found: {"message":"Access denied"}
    other word: result is "maybe"; expected success or error, at result (byte 10); found: "maybe"}
    truncated: the reply is truncated, at tickets.ticket[0].subject (byte 392); found: ":"2016-01-01 06:26:29","subject":"Hello
    another document: another document follows the reply, at byte 672; found: {"result":"success"}
    memory: not a reply of the API: PHP on the server ran out of memory, at byte 0; found: Fatal error: Allowed memory size of 9 bytes exhausted in /x.php
    other call: this is a reply to another call, probably GetClients, at byte 0; found: {"result":"success","totalresults":1,"clients":{"client":[]}}
    no call: not a reply to GetTickets: it has no tickets and is not an empty page, at byte 0; found: {"result":"success"}
    syntax: not JSON: invalid number, at tickets.ticket[0].deptid (byte 127); found: 1,"userid":"1","name":"Cynthia Reilly","owner_name":"Cynthia Reilly","email":"te…
    lone surrogate: a string has a lone surrogate, at tickets.ticket[0].subject (byte 388); found: \ud83d b","status":"Answered","priority":"Medium","admin":"admin admin","attachm…
    no UTF-8: the reply is not valid UTF-8, at tickets.ticket[0].name (byte 650); found: �"
    too deep: lists and objects are nested more than 64 levels deep, at tickets.ticket[0].x[0][0][0][0][0][0][0][0][0][0][0][0] (byte 726); found: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[}]}}
    no id: a ticket has no id, at tickets.ticket[0] (byte 92); found: {"tid":"516757"}]}}
    no number: id is not an integer from 0 to 18446744073709551615, at tickets.ticket[0].id (byte 98); found: "abc","tid":"516757","deptid":"1","userid":"1","name":"Cynthia Reilly","owner_na…
    past 64 bits: userid is not an integer from 0 to 18446744073709551615, at tickets.ticket[0].userid (byte 139); found: 18446744073709551616,"name":"Cynthia Reilly","owner_name":"Cynthia Reilly","emai…
    no boolean: attachments_removed is not a boolean, at tickets.ticket[0].attachments_removed (byte 599); found: "perhaps","lastreply":"2016-01-01 06:30:16","flag":"0","service":""}]}}
    no text: subject is not a text, at tickets.ticket[0].subject (byte 386); found: {"a":1},"status":"Answered","priority":"Medium","admin":"admin admin","attachmen…
    no list: tickets is not a list of tickets, at tickets (byte 81); found: "none"}
    no object: ticket is not an object, at tickets.ticket[0] (byte 92); found: 5]}}
    "#);
}

#[test]
fn errors_of_xml_and_nvp_have_a_cause_and_a_place() {
    let xml = |inner: &str| {
        format!("<?xml version=\"1.0\"?>\n<whmcsapi><result>success</result><tickets><ticket><id>1</id>{inner}</ticket></tickets></whmcsapi>")
            .into_bytes()
    };
    let texts = messages(&[
        ("truncated", b"<whmcsapi><result>success</result><tickets><ticket><id>1".into()),
        (
            "own entities",
            b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><whmcsapi>&b;</whmcsapi>".into(),
        ),
        ("unknown entity", xml("<subject>a&nbsp;b</subject>")),
        ("unknown encoding", b"<?xml version=\"1.0\" encoding=\"x-klingon\"?><whmcsapi/>".into()),
        ("tags that do not match", xml("<subject>a</name>")),
        ("no number", xml("<flag>x</flag>")),
        ("no text", xml("<subject><b>a</b></subject>")),
        ("another document", [xml(""), b"<whmcsapi/>".into()].concat()),
        ("other XML", b"<?xml version=\"1.0\"?><response/>".into()),
        ("claims tickets", b"result=success;totalresults=40;numreturned=25;".into()),
        ("no id", b"result=success;tickets[ticket][0][tid]=1;".into()),
    ]);
    insta::assert_snapshot!(texts, @r#"
    truncated: the reply is truncated, at tickets.ticket[0].id (byte 56); found: t>success</result><tickets><ticket><id>1
    own entities: undefined or custom XML entity, at byte 21; found: <!DOCTYPE a [<!ENTITY b "c">]><whmcsapi>&b;</whmcsapi>
    unknown entity: undefined or custom XML entity, at tickets.ticket[0].subject (byte 93); found: &nbsp;b</subject></ticket></tickets></whmcsapi>
    unknown encoding: unknown encoding "x-klingon", at byte 0
    tags that do not match: not XML: ill-formed document: expected `</subject>`, but `</name>` was found, at tickets.ticket[0].subject (byte 93); found: </name></ticket></tickets></whmcsapi>
    no number: flag is not an integer from 0 to 18446744073709551615, at tickets.ticket[0].flag (byte 89); found: x</flag></ticket></tickets></whmcsapi>
    no text: subject is not a text, at tickets.ticket[0].subject (byte 92); found: <b>a</b></subject></ticket></tickets></whmcsapi>
    another document: another document follows the reply, at byte 113; found: <whmcsapi/>
    other XML: not a reply of the API, at byte 0; found: <?xml version="1.0"?><response/>
    claims tickets: name-value pairs cannot represent a list of tickets, at tickets
    no id: a ticket has no id, at tickets.ticket[0]
    "#);
}

#[test]
fn findings_and_strict_errors_have_a_cause_and_a_place() {
    let bodies = [
        page_with("flag", r#""""#),
        page_with("tid", "516757"),
        page_with("date", r#""soon""#),
        page_with("cc", "null"),
        page_around("[]"),
        format!("Notice: Undefined index\n{}", page_with("x", "1")),
        format!("{}\n<br />\n<b>Warning</b>:  Undefined index in <b>x.php</b>", page_with("x", "1")),
        page_with("lastreply", r#""2016-01-01T06:30:16+02:00""#),
        page_around(r#"{"ticket":[]}"#),
        page_around(r#"{"ticket":[{"id":1},{"id":2}]}"#),
    ];
    let mut texts = String::new();
    for body in bodies {
        let page = decode(body.as_str()).unwrap().into_page().unwrap();
        let finding = page.findings().first().unwrap();
        let strict = Decoder::new().strict(true).decode(body).unwrap_err();
        assert_eq!(strict.kind(), &DecodeErrorKind::Strict { finding: finding.kind });
        texts.push_str(&format!("{finding}\n  strict: {strict}\n"));
    }
    insta::assert_snapshot!(texts, @r#"
    a number is empty and read as 0 (at tickets.ticket[0].flag; ticket 1)
      strict: a number is empty and read as 0 (an error in strict mode), at tickets.ticket[0].flag
    a text is sent as a number (at tickets.ticket[0].tid; ticket 1): 516757
      strict: a text is sent as a number (an error in strict mode), at tickets.ticket[0].tid; found: 516757
    a date cannot be read; it is kept as text (at tickets.ticket[0].date; ticket 1): "soon"
      strict: a date cannot be read; it is kept as text (an error in strict mode), at tickets.ticket[0].date; found: "soon"
    a field is null (at tickets.ticket[0].cc; ticket 1)
      strict: a field is null (an error in strict mode), at tickets.ticket[0].cc
    an empty list is spelled in another way (at tickets)
      strict: an empty list is spelled in another way (an error in strict mode), at tickets
    text precedes the reply (at byte 0): Notice: Undefined index
      strict: text precedes the reply (an error in strict mode), at byte 0; found: Notice: Undefined index
    text follows the reply (at byte 672): Warning: Undefined index in x.php
      strict: text follows the reply (an error in strict mode), at byte 672; found: Warning: Undefined index in x.php
    a date is spelled in another way; its local time is used (at tickets.ticket[0].lastreply; ticket 1): "2016-01-01T06:30:16+02:00"
      strict: a date is spelled in another way; its local time is used (an error in strict mode), at tickets.ticket[0].lastreply; found: "2016-01-01T06:30:16+02:00"
    the server counts tickets but sent none (at totalresults): the server counts 1 tickets and sent none
      strict: the server counts tickets but sent none (an error in strict mode), at totalresults; found: the server counts 1 tickets and sent none
    a field that every version sends is missing (at tickets.ticket[0].tid and 1 more; tickets 1, 2)
      strict: a field that every version sends is missing (an error in strict mode), at tickets.ticket[0].tid
    "#);
}

#[test]
fn a_body_that_is_too_large_names_the_limit() {
    let error = Decoder::new().max_len(10).decode("x".repeat(11)).unwrap_err();
    insta::assert_snapshot!(error, @"the reply is larger than 10 bytes");
}

#[test]
fn no_error_shows_an_access_key() {
    const KEY: &str = "KPqH7yG3";
    let number = page_with("c", "98765432");
    let page = decode(number.as_str()).unwrap().into_page().unwrap();
    assert!(!format!("{page:?} {:?}", page.findings()).contains("98765432"));
    for cut in 0..number.len() {
        let Err(error) = decode(&number[..cut]) else { continue };
        assert!(!format!("{error} {error:?}").contains("9876"), "cut at {cut}: {error}");
    }
    let json = page_with("x", "1");
    let pretty = json.replace("\":", "\" : ");
    let page = decode(json.as_str()).unwrap().into_page().unwrap();
    let xml = page.to_wire_xml(Version::V8_0);
    for body in [json, pretty, xml] {
        // The excerpt of a truncated body may start anywhere, even inside the key. Four of its eight characters count
        // as shown.
        for cut in 0..body.len() {
            let Err(error) = decode(&body[..cut]) else { continue };
            let shown = format!("{error} {error:?}");
            assert!(!(0..5).any(|at| shown.contains(&KEY[at..at + 4])), "cut at {cut}: {error}");
        }
        // An invalid byte may be anywhere except in the name of the key.
        let name = body.find(KEY).unwrap() - 9..body.find(KEY).unwrap();
        for at in (0..body.len()).filter(|at| !name.contains(at)) {
            let mut broken = body.clone().into_bytes();
            broken[at] = 0xff;
            let Err(error) = decode(broken) else { continue };
            assert!(!format!("{error} {error:?}").contains(KEY), "broken at {at}: {error}");
        }
    }
}
