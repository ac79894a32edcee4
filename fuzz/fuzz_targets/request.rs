//! Any form body is read without a panic, and a request that was read comes back from what it is encoded to.
#![no_main]

use gettickets_protocol::{ApiRequest, Credentials, ResponseType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let request = ApiRequest::parse(body);
    let (user, secret) =
        (request.user.clone().unwrap_or_default(), request.secret.clone().unwrap_or_default());
    let mut credentials = Credentials::api(user.as_str(), secret.as_str());
    if let Some(key) = &request.access_key
        && let Ok(with_key) = credentials.clone().with_access_key(key.as_str())
    {
        credentials = with_key;
    }
    // What is shown does not depend on the secret; a text could hold the same characters by chance.
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
});
