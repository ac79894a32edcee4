//! Quirks that replace the API's answer, independent of the request.

use gettickets_protocol::{ApiError, ResponseType, Version};

use super::bytes;
use super::catalog::{Quirk, Quirks};
use crate::answer::{Answer, Delivery, HTML, JSON, XML};

/// A gibibyte: more than any real reply, and more than any reader should accept.
const GIBIBYTE: usize = 1 << 30;
/// The number of bytes of a huge body that are generated at once.
const PIECE: usize = 1 << 20;

/// The maximum number of tickets on a page with [`Quirk::MemoryExhausted`].
const MEMORY: usize = 30;

/// The properties of a request that are known before the API handles it.
pub(crate) struct Seen<'a> {
    /// Counted from 0.
    pub(crate) number: u64,
    pub(crate) has_user_agent: bool,
    pub(crate) form: &'a [u8],
}

/// The answer of the first quirk that replaces the API's answer.
pub(crate) fn answer(
    quirks: &Quirks,
    seen: &Seen<'_>,
    format: ResponseType,
    version: Version,
) -> Option<Answer> {
    quirks.iter().find_map(|quirk| match quirk {
        Quirk::Hang if seen.number.is_multiple_of(3) => {
            Some(Answer { delivery: Delivery::Never, ..page(200, "") })
        }
        Quirk::RateLimit if seen.number % 4 < 2 => {
            Some(page(429, "Too Many Requests").with_header("retry-after", "1".to_owned()))
        }
        Quirk::LongRetryAfter => {
            Some(page(429, "Too Many Requests").with_header("retry-after", "3600".to_owned()))
        }
        Quirk::Cloudflare520 if seen.number.is_multiple_of(3) => {
            Some(page(520, "billing.example.com | 520: Web server is returning an unknown error"))
        }
        Quirk::Flaky503 if seen.number.is_multiple_of(3) => Some(page(503, "Service Unavailable")),
        Quirk::WantsUserAgent if !seen.has_user_agent => {
            Some(page(406, "Access denied by Imunify360 bot-protection"))
        }
        Quirk::HtmlWaf => Some(page(403, "Attention Required! | Web Application Firewall")),
        Quirk::Maintenance => Some(page(503, "Down for Maintenance")),
        Quirk::LoginPage => Some(page(200, "Login - Client Area")),
        Quirk::EmptyBody => Some(Answer { body: Vec::new(), ..page(200, "") }),
        Quirk::Redirect => {
            let target = "https://www.example.com/includes/api.php".to_owned();
            Some(page(302, "Found").with_header("location", target))
        }
        Quirk::GzipBomb => Some(gzip_bomb()),
        Quirk::HugeBody => Some(huge_body()),
        Quirk::XmlBomb => Some(Answer::new(200, XML, bytes::xml_bomb())),
        Quirk::DeepNesting => Some(Answer::new(200, JSON, bytes::deeply_nested())),
        Quirk::StatusForResult => {
            let body = r#"{"status":"error","message":"Authentication Failed"}"#;
            Some(Answer::new(refusal_status(quirks), JSON, body))
        }
        Quirk::EchoRequest => {
            let echo = String::from_utf8_lossy(seen.form);
            let error = ApiError::new(format!("The request could not be processed: {echo}"));
            let in_header: String = echo.chars().filter(|c| (' '..='~').contains(c)).collect();
            let answer = Answer::error(refusal_status(quirks), &error, format, version);
            Some(answer.with_header("x-debug-request", in_header))
        }
        quirk => {
            let (status, error) = error(quirks, quirk)?;
            Some(Answer::error(status, &error, format, version))
        }
    })
}

/// The error of a quirk that refuses every request in the API's form.
fn error(quirks: &Quirks, quirk: Quirk) -> Option<(u16, ApiError)> {
    let message = match quirk {
        Quirk::Status403 => "Authentication Failed",
        Quirk::IpRefused => "Invalid IP 203.0.113.7",
        Quirk::NotPermitted => "Invalid Permissions: API action \"gettickets\" is not allowed",
        Quirk::AccountDisabled => "Administrator Account Disabled",
        Quirk::UnknownAction => {
            return Some((200, ApiError::new("The requested API Action could not be found.")));
        }
        Quirk::NoMessage => return Some((refusal_status(quirks), ApiError::without_message())),
        _ => return None,
    };
    Some((refusal_status(quirks), ApiError::new(message)))
}

/// The answer to a request for this many tickets, if the server's memory is not sufficient for them.
pub(crate) fn exhausted(quirks: &Quirks, tickets: usize) -> Option<Answer> {
    let message = "<br />\n<b>Fatal error</b>:  Allowed memory size of 134217728 bytes exhausted \
        (tried to allocate 20480 bytes) in \
        <b>/home/hosting/public_html/vendor/illuminate/database/Connection.php</b> on line <b>412</b><br />\n";
    (quirks.has(Quirk::MemoryExhausted) && tickets > MEMORY).then(|| Answer::new(500, HTML, message))
}

/// The HTTP status of a refusal.
pub(crate) fn refusal_status(quirks: &Quirks) -> u16 {
    if quirks.has(Quirk::Status200) { 200 } else { 403 }
}

/// An HTML page that is not of the API.
fn page(status: u16, title: &str) -> Answer {
    Answer::page(status, title, "If you are the site owner, see your control panel.")
}

/// The start of a reply whose only subject is a gibibyte long.
const ENDLESS: &str = "{\"result\":\"success\",\"totalresults\":\"1\",\"startnumber\":0,\"numreturned\":1,\
    \"tickets\":{\"ticket\":[{\"id\":\"1\",\"subject\":\"";
const END: &str = "\"}]}}";

fn huge_body() -> Answer {
    let delivery = Delivery::Repeated { piece: vec![b'a'; PIECE], times: GIBIBYTE / PIECE, end: END.into() };
    Answer { delivery, ..Answer::new(200, JSON, ENDLESS) }
}

/// A gzip stream of one repeated piece. The piece is compressed once and ends with a full flush, so that the next piece
/// does not depend on it.
fn gzip_bomb() -> Answer {
    use flate2::{Compress, Compression, Crc, FlushCompress};
    let piece = vec![b'a'; PIECE];
    let compressed = |bytes: &[u8]| {
        let mut out = Vec::with_capacity(bytes.len() / 64 + 256);
        // The capacity is sufficient for one run, so a single call consumes the whole input.
        let _ = Compress::new(Compression::best(), false).compress_vec(bytes, &mut out, FlushCompress::Full);
        out
    };
    let checked = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc
    };
    let mut crc = checked(ENDLESS.as_bytes());
    let piece_crc = checked(&piece);
    for _ in 0..GIBIBYTE / PIECE {
        crc.combine(&piece_crc);
    }
    crc.combine(&checked(END.as_bytes()));

    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // An empty block with fixed codes that is marked as the last.
    const LAST_BLOCK: [u8; 2] = [3, 0];
    let mut body = HEADER.to_vec();
    body.extend_from_slice(&compressed(ENDLESS.as_bytes()));
    let piece = compressed(&piece);
    for _ in 0..GIBIBYTE / PIECE {
        body.extend_from_slice(&piece);
    }
    body.extend_from_slice(&compressed(END.as_bytes()));
    body.extend_from_slice(&LAST_BLOCK);
    body.extend_from_slice(&crc.sum().to_le_bytes());
    body.extend_from_slice(&crc.amount().to_le_bytes());
    let answer = Answer { body, ..Answer::new(200, JSON, Vec::new()) };
    answer.with_header("content-encoding", "gzip".to_owned())
}
