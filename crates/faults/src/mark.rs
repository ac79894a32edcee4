//! Credentials that are easy to find, their encodings, and the search for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::{Digest as _, Md5};

/// The API identifier that drivers send.
pub const IDENTIFIER: &str = "ZqxWombatJumps";
/// The API secret that drivers send.
pub const SECRET: &str = "ZqyQuokkaSings&/+\"<'é";
/// The access key that drivers send.
pub const ACCESS_KEY: &str = "ZqzNumbatDives@#.$";
/// The admin's user name that drivers send.
pub const USERNAME: &str = "admin";
/// The admin's password that drivers set; what is sent is its MD5.
pub const PASSWORD: &str = "ZqvDugongYawns/&";
/// The user name for proxies.
pub const PROXY_USER: &str = "proxy-user";
/// The password for proxies.
pub const PROXY_PASSWORD: &str = "ZqwBilbyWhistles/&:x";

/// Everything that must never be shown.
pub const SECRETS: [&str; 5] = [IDENTIFIER, SECRET, ACCESS_KEY, PASSWORD, PROXY_PASSWORD];

/// The length of the parts of a secret that are searched for, in case it was only redacted in part.
const PART: usize = 8;

/// The MD5 of a text in hexadecimal digits.
pub fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text as in a form body or an address.
pub fn form(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    });
    encoded.collect()
}

/// A text as PHP's `htmlspecialchars` writes it.
pub fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#039;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// A text as in JSON, without the quotes, as PHP writes it.
pub fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    let ascii = quoted.trim_matches('"').chars().map(|c| match c {
        '/' => "\\/".to_owned(),
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    });
    ascii.collect()
}

/// The ways in which a server may echo a text, by name.
pub fn encodings(text: &str) -> Vec<(&'static str, String)> {
    vec![
        ("raw", text.to_owned()),
        ("form", form(text)),
        ("form-lower", form(text).replace("%2F", "%2f").replace("%2B", "%2b").replace("%C3%A9", "%c3%a9")),
        ("form-twice", form(&form(text))),
        ("html", html(text)),
        ("html-twice", html(&html(text))),
        ("html-in-form", form(&html(text))),
        ("form-in-html", html(&form(text))),
        ("json", json(text)),
        ("json-twice", json(&json(text))),
        ("html-in-json", json(&html(text)).replace('&', "\\u0026")),
        ("json-in-form", form(&json(text))),
        ("base64", STANDARD.encode(text)),
        ("base64-url", URL_SAFE.encode(text)),
        ("base64-inside", STANDARD.encode(format!("user:{text}:rest"))),
        ("base64-in-form", form(&STANDARD.encode(text))),
        ("hex", hex(text.as_bytes())),
        ("hex-upper", hex(text.as_bytes()).to_uppercase()),
        ("md5", md5(text)),
        ("md5-upper", md5(text).to_uppercase()),
        ("upper", text.to_uppercase()),
        ("lower", text.to_lowercase()),
    ]
}

/// Finds the first secret in a text, in any encoding and in part, and returns which and the text around it.
pub fn find(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    for secret in SECRETS {
        let needles = needles(secret);
        for needle in &needles {
            if let Some(at) = lower.find(needle.as_str()) {
                let around = at.saturating_sub(300)..(at + 300).min(lower.len());
                let around = lower.as_bytes().get(around).unwrap_or_default();
                let around = String::from_utf8_lossy(around);
                return Some(format!("{secret} (as {needle}) in: {around}"));
            }
        }
    }
    None
}

/// The texts to search for, in lower case, because case is ignored.
fn needles(secret: &str) -> Vec<String> {
    let mut needles: Vec<String> = encodings(secret).into_iter().map(|(_, text)| text).collect();
    // Base64 of the middle of the secret, at any alignment.
    for skip in 0..3 {
        let rest = &secret.as_bytes()[skip..];
        needles.push(STANDARD.encode(&rest[..rest.len() / 3 * 3]));
    }
    // Parts of it that are the same in most encodings.
    for word in secret.split(|c: char| !c.is_ascii_alphanumeric()) {
        needles.extend(word.as_bytes().windows(PART).map(|part| String::from_utf8_lossy(part).into_owned()));
    }
    needles.retain(|needle| needle.len() >= 6);
    needles.iter().map(|needle| needle.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_every_secret_is_found() {
        for secret in SECRETS {
            for (name, text) in encodings(secret) {
                assert!(find(&format!("before {text} after")).is_some(), "{secret} as {name}: {text}");
            }
        }
        assert_eq!(find("identifier=[redacted]&secret=[redacted]"), None);
    }
}
