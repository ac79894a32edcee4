//! No secret remains in a redacted text, in whatever encoding a server echoes it.
//!
//! The texts consist of arbitrary parts and of secrets in each encoding that the redactor must find. The redacted text
//! contains neither a secret nor any of the inserted encodings.
#![no_main]

use arbitrary::Arbitrary;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use gettickets_protocol::Credentials;
use libfuzzer_sys::fuzz_target;

const REDACTED: &str = "[redacted]";

#[derive(Arbitrary, Debug)]
struct Input {
    identifier: String,
    secret: String,
    key: String,
    admin: bool,
    parts: Vec<Part>,
    cut: Option<u16>,
}

#[derive(Arbitrary, Debug)]
enum Part {
    Plain(String),
    /// One of the secrets, with an encoding for each of its characters.
    Spelled(u8, Vec<(Spelling, u8)>),
    /// As base64 with these bytes around it.
    Base64(u8, bool, Vec<u8>, Vec<u8>),
    Hexadecimal(u8, bool),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Spelling {
    Plain,
    Percent(bool),
    Decimal,
    Hexadecimal,
    Json,
}

fuzz_target!(|input: Input| {
    let login = match input.admin {
        false => Credentials::api(input.identifier.as_str(), input.secret.as_str()),
        // An admin's password is not sent; its MD5 is not known here.
        true => return admin(&input),
    };
    let shown = format!("{login:?}");
    assert_eq!(shown, format!("{:?}", Credentials::api("another", "another secret")));
    let (credentials, key) = match login.clone().with_access_key(input.key.as_str()) {
        Ok(credentials) => (credentials, input.key.clone()),
        Err(error) => {
            // The error contains only a position of the key.
            assert!(input.key.chars().count() < 4 || !error.to_string().contains(input.key.as_str()));
            (login, String::new())
        }
    };
    // Shorter secrets are only found between other characters, which arbitrary parts may not be.
    let secrets = [input.identifier.as_str(), &input.secret, &key];
    let secrets: Vec<&str> = secrets.into_iter().filter(|secret| secret.chars().count() >= 4).collect();
    let (mut text, mut hidden) =
        (String::new(), secrets.iter().map(|secret| (*secret).to_owned()).collect::<Vec<_>>());
    for part in &input.parts {
        let (written, core) = part.write(&secrets);
        text.push_str(&written);
        hidden.extend(core);
    }
    check(&credentials, &text, &hidden);
    if let Some(cut) = input.cut {
        // An excerpt is redacted before it is truncated.
        let excerpt = credentials.redactor().excerpt(&text, usize::from(cut));
        assert!(excerpt.chars().count() <= usize::from(cut).saturating_mul(12) + 16);
        for secret in secrets.iter().filter(|secret| secret.chars().all(|at| at.is_ascii_graphic())) {
            assert!(pieces(&excerpt).all(|piece| !piece.contains(secret)), "{excerpt}");
        }
    }
});

fn admin(input: &Input) {
    let credentials = Credentials::admin(input.identifier.as_str(), input.secret.as_str());
    let encoded = gettickets_protocol::GetTickets::default()
        .encode(&credentials, gettickets_protocol::ResponseType::Json);
    let (_, rest) = encoded.rsplit_once("&password=").expect("the password is sent");
    let md5 = rest.split('&').next().unwrap_or_default();
    check(&credentials, &format!("{}{md5}{}", input.identifier, input.key), &[md5.to_owned()]);
    check(&credentials, &md5.to_uppercase(), &[md5.to_uppercase()]);
}

/// The parts of a text between redacted secrets.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(REDACTED)
}

fn check(credentials: &Credentials, text: &str, hidden: &[String]) {
    let redacted = credentials.redact(text);
    for secret in hidden {
        assert!(
            pieces(&redacted).all(|piece| !piece.contains(secret)),
            "{secret:?} is left in {redacted:?} of {text:?}"
        );
    }
}

impl Part {
    /// Returns the encoded part, and the text that must not remain.
    fn write(&self, secrets: &[&str]) -> (String, Option<String>) {
        let pick = |which: &u8| secrets.get(usize::from(*which) % secrets.len().max(1)).copied();
        match self {
            Part::Plain(text) => (text.clone(), None),
            Part::Spelled(which, spellings) => {
                let Some(secret) = pick(which) else { return Default::default() };
                let mut written = String::new();
                for (index, c) in secret.chars().enumerate() {
                    let at = index.checked_rem(spellings.len());
                    let (spelling, layers) = at.map_or((Spelling::Plain, 0), |at| spellings[at]);
                    spelling.push(&mut written, c, layers % 3);
                }
                (written.clone(), Some(written))
            }
            Part::Base64(which, url, before, after) => {
                let Some(secret) = pick(which) else { return Default::default() };
                let bytes = [before, secret.as_bytes(), after].concat();
                let written =
                    if *url { BASE64_URL_SAFE_NO_PAD.encode(&bytes) } else { BASE64_STANDARD.encode(&bytes) };
                // The characters that only the secret determines.
                let core = (before.len() * 8).div_ceil(6)..(before.len() + secret.len()) * 8 / 6;
                let core = written[core].to_owned();
                (written, Some(core))
            }
            Part::Hexadecimal(which, upper) => {
                let Some(secret) = pick(which) else { return Default::default() };
                let written: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
                let written = if *upper { written.to_uppercase() } else { written };
                (written.clone(), Some(written))
            }
        }
    }
}

impl Spelling {
    /// Appends a character in this encoding, with this many further layers.
    fn push(self, out: &mut String, c: char, layers: u8) {
        match self {
            Spelling::Plain => out.push(c),
            Spelling::Percent(upper) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push('%');
                    (0..layers).for_each(|_| out.push_str("25"));
                    let digits = format!("{byte:02x}");
                    out.push_str(&if upper { digits.to_uppercase() } else { digits });
                }
            }
            Spelling::Decimal => {
                out.push('&');
                (0..layers).for_each(|_| out.push_str("amp;"));
                out.push_str(&format!("#{};", u32::from(c)));
            }
            Spelling::Hexadecimal => {
                out.push('&');
                (0..layers).for_each(|_| out.push_str("amp;"));
                out.push_str(&format!("#x{:X};", u32::from(c)));
            }
            Spelling::Json => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&"\\".repeat(1 << layers));
                    out.push_str(&format!("u{unit:04x}"));
                }
            }
        }
    }
}
