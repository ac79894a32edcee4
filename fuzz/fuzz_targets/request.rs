//! Requests: any form body is parsed without a panic; a request round-trips through its encoding, whether it was parsed
//! or built from arbitrary values; no secret is shown.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use gettickets_protocol::{ApiRequest, Credentials, GetTickets, ResponseType, StatusFilter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    parse(input);
    if let Ok(built) = Built::arbitrary(&mut Unstructured::new(input)) {
        build(built);
    }
});

fn parse(body: &[u8]) {
    let request = ApiRequest::parse(body);
    let (user, secret) =
        (request.user.clone().unwrap_or_default(), request.secret.clone().unwrap_or_default());
    let mut credentials = Credentials::api(user.as_str(), secret.as_str());
    if let Some(key) = &request.access_key
        && let Ok(with_key) = credentials.clone().with_access_key(key.as_str())
    {
        credentials = with_key;
    }
    // The debug output does not depend on the secret; arbitrary text could contain it by chance.
    let mut other = request.clone();
    other.secret = Some("another".to_owned().into());
    assert_eq!(format!("{request:?}"), format!("{other:?}"), "a secret is shown");

    let encoded = request.parameters.encode(&credentials, ResponseType::Json);
    assert!(encoded.is_ascii());
    let again = ApiRequest::parse(encoded.as_bytes());
    assert!(again.is_get_tickets());
    assert_eq!(again.parameters, request.parameters);
    assert_eq!(again.user.unwrap_or_default(), user);
    assert_eq!(again.secret.unwrap_or_default(), secret);

    let alone = ApiRequest::parse(request.parameters.parameters().as_bytes());
    assert_eq!(alone.parameters, request.parameters);
}

#[derive(Arbitrary, Debug)]
struct Built {
    numbers: [Option<u64>; 4],
    texts: [Option<String>; 3],
    ignore: Option<bool>,
    login: [String; 2],
    admin: bool,
    key: Option<String>,
    format: u8,
}

fn build(built: Built) {
    let [limitstart, limitnum, deptid, clientid] = built.numbers;
    let [email, status, subject] = built.texts;
    let status = status.as_deref().map(StatusFilter::from);
    let ignore_dept_assignments = built.ignore;
    let request = GetTickets {
        limitstart,
        limitnum,
        deptid,
        clientid,
        email,
        status,
        subject,
        ignore_dept_assignments,
    };
    let [user, secret] = &built.login;
    let mut credentials = match built.admin {
        true => Credentials::admin(user.as_str(), secret.as_str()),
        false => Credentials::api(user.as_str(), secret.as_str()),
    };
    let mut key = None;
    if let Some(text) = built.key
        && let Ok(with_key) = credentials.clone().with_access_key(text.as_str())
    {
        (credentials, key) = (with_key, Some(text));
    }
    let format = [ResponseType::Json, ResponseType::Xml, ResponseType::Nvp][usize::from(built.format % 3)];

    let encoded = request.encode(&credentials, format);
    assert!(encoded.is_ascii());
    let again = ApiRequest::parse(encoded.as_bytes());
    assert!(again.is_get_tickets());
    assert_eq!(again.parameters, request);
    assert_eq!(again.user.as_deref().map(String::as_str), Some(user.as_str()));
    assert_eq!(again.access_key.as_deref(), key.as_ref());
    assert_eq!(again.responsetype.as_deref(), Some(format.as_str()));
    if !built.admin {
        assert_eq!(again.secret.as_deref().map(String::as_str), Some(secret.as_str()));
    }
}
