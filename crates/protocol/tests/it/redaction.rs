//! No secret is shown, wherever a server echoes it: not even if it breaks the reply, or if an excerpt is cut inside it.

use gettickets_protocol::{ApiError, Credentials, Decoder, Page, Reply, decode};

const SECRETS: [&str; 6] =
    ["Kq7Zr5\"Wv9Xp3", "Kq7Zr5\\Wv9Xp3", "Kq7Zr5\tWv9Xp3", "Kq7Zr5&Wv9Xp3", "Kq7Zr5<Wv9Xp3", "Kq7Zr5Wv9Xp3"];

/// Returns everything that a decoder shows of a body.
fn shown(decoder: &Decoder, body: &[u8]) -> String {
    let findings = |page: &Page| {
        page.findings().iter().map(|finding| format!("{finding} {finding:?}")).collect::<Vec<_>>().join("\n")
    };
    match decoder.decode(body) {
        Ok(Reply::Tickets(page)) => findings(&page),
        Ok(Reply::Error(error)) => format!("{error} {error:?}"),
        Err(error) => format!("{error} {error:?}"),
    }
}

/// Returns whether a text contains four consecutive characters of the secret.
fn leaks(text: &str, secret: &str) -> bool {
    let letters: Vec<char> = secret.chars().collect();
    letters.windows(4).any(|part| text.contains(&part.iter().collect::<String>()))
}

/// Returns replies that echo a secret in different places.
fn echoes(secret: &str) -> Vec<Vec<u8>> {
    let long = "x".repeat(150);
    let page =
        r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;
    [
        format!(r#"{{"result":"error","message":"no such thing: {secret}"}}"#),
        format!(r#"{{"result":"{secret}","message":"x"}}"#),
        format!(r#"{{"{secret}":1,"result":"maybe"}}"#),
        format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":"{secret}"}}]}}}}"#),
        format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,"date":"{long:.30}{secret}"}}]}}}}"#),
        format!("<whmcsapi><result>error</result><message>no: {secret}</message></whmcsapi>"),
        format!("<whmcsapi><result>success</result><{secret}></whmcsapi>"),
        format!("<whmcsapi><result>success</result><tickets><ticket><id>{secret}</id></ticket></tickets></whmcsapi>"),
        format!("result=error;message=no: {secret};"),
        format!("result={secret};"),
        format!("<html><title>{secret}</title><h1>no {secret}</h1>{secret}</html>"),
        format!("Access denied for {secret}"),
        format!("Notice: {long:.190} {secret}\n{page}"),
        format!("Notice: secret={secret}\n{page}"),
        format!("{page}\nWarning: {long:.180} {secret} in x.php"),
        format!("{page}\nWarning: secret={secret}"),
        // Truncated inside the secret.
        format!(r#"{{"result":"error","message":"no such thing: {secret:.9}"#),
    ]
    .map(String::into_bytes)
    .into()
}

#[test]
fn a_secret_that_breaks_the_reply_is_not_shown() {
    for secret in SECRETS {
        let decoder = Decoder::new().redactor(Credentials::api("ident", secret).redactor());
        for body in echoes(secret) {
            for decoder in [&decoder, &decoder.clone().strict(true)] {
                let shown = shown(decoder, &body);
                assert!(!leaks(&shown, secret), "{secret:?} in {}\n{shown}", String::from_utf8_lossy(&body));
            }
        }
    }
}

#[test]
fn no_truncation_of_an_echo_shows_a_secret() {
    for secret in SECRETS {
        let decoder = Decoder::new().redactor(Credentials::api("ident", secret).redactor());
        for body in echoes(secret) {
            for end in 0..body.len() {
                let shown = shown(&decoder, &body[..end]);
                // Up to three characters may remain at the end.
                assert!(
                    !leaks(&shown, secret),
                    "{secret:?} in {}\n{shown}",
                    String::from_utf8_lossy(&body[..end])
                );
            }
        }
    }
}

#[test]
fn an_error_broken_by_a_secret_is_still_read() {
    let decoder = Decoder::new().redactor(Credentials::api("ident", "a\"b,c:d").redactor());
    let reply =
        decoder.decode(r#"{"result":"error","message":"Invalid IP 203.0.113.7 of a"b,c:d"}"#).unwrap();
    let Reply::Error(error) = reply else { panic!("an error") };
    assert_eq!(error.message(), Some("Invalid IP 203.0.113.7 of [redacted]"));
    // A page that only the redaction made readable is not what was sent.
    let body = r#"{"result":"success","x":"a"b,c:d","totalresults":0,"tickets":[]}"#;
    assert!(decoder.decode(body).is_err());
}

#[test]
fn the_encodings_of_a_credential_are_not_shown() {
    let admin = Credentials::admin("admin", "password").redactor();
    let decoder = Decoder::new().redactor(admin);
    for echo in [
        "5F4DCC3B5AA765D61D8327DEB882CF99",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        // Base64 of `password=` and the MD5, and of the MD5 alone.
        "cGFzc3dvcmQ9NWY0ZGNjM2I1YWE3NjVkNjFkODMyN2RlYjg4MmNmOTk=",
        "NWY0ZGNjM2I1YWE3NjVkNjFkODMyN2RlYjg4MmNmOTk=",
        "3566346463633362356161373635643631643833323764656238383263663939",
    ] {
        let reply = decoder.decode(format!(r#"{{"result":"error","message":"no: {echo}"}}"#)).unwrap();
        let Reply::Error(error) = reply else { panic!("an error") };
        assert!(error.message().unwrap().contains("[redacted]"), "{echo}: {error}");
        assert!(!error.to_string().contains(&echo[12..30]), "{echo}: {error}");
    }
}

#[test]
fn server_text_is_truncated_with_a_remark_and_escaped() {
    let long = "\u{1b}[31m\u{2060}\u{e0041}".to_owned() + &"é".repeat(1 << 20);
    let json = serde_json::to_string(&long).unwrap();
    for body in [
        format!(r#"{{"result":"error","message":{json}}}"#),
        format!(
            "<whmcsapi><result>error</result><message>{}</message></whmcsapi>",
            long.replace('\u{1b}', "")
        ),
        format!("result=error;message={long};"),
    ] {
        let Ok(Reply::Error(error)) = decode(body) else { panic!("an error") };
        let message = error.message().unwrap();
        assert!(message.chars().count() < ApiError::MAX_MESSAGE + 60, "{}", message.len());
        assert!(message.contains("… (cut after 1000 of 104"), "{message}");
        let shown = error.to_string();
        assert!(!shown.contains(['\u{1b}', '\u{2060}', '\u{e0041}']), "{shown}");
    }
    for body in [
        format!(r#"{{"result":{json}}}"#),
        format!(r#"{{"result":"success",{json}:1,{json}:2,"tickets":[]}}"#),
        format!(
            r#"{{"result":"success","tickets":{{"ticket":[{{"id":1,{json}:1,{json}:2,"date":{json},"tid":{json}}}]}}}}"#
        ),
        format!(r#"{{"result":"success","tickets":{{"ticket":[],{json}:1}}}}"#),
        format!("<html><title>{long}</title><h1>{long}</h1>{long}"),
        format!("{long}{{\"result\":\"success\",\"tickets\":[]}}"),
        format!("{{\"result\":\"success\",\"tickets\":[]}}{long}"),
        format!("result={long}"),
    ] {
        let shown = shown(&Decoder::new(), body.as_bytes());
        assert!(shown.len() < 40_000, "{}: {shown:.1000}", shown.len());
        assert!(!shown.contains(['\u{1b}', '\u{2060}', '\u{e0041}']), "{shown:.1000}");
    }
}
