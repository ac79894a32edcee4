//! Quirks of an encoded reply: the bytes around and within it, and how it is sent.

use super::catalog::{Quirk, Quirks};
use super::pages::MALFORMED;
use crate::answer::{Answer, Delivery};

const NOTICE: &str = "<br />\n<b>Notice</b>:  Undefined index: language in \
    <b>/home/hosting/public_html/includes/hooks/locale.php</b> on line <b>42</b><br />\n\
    <br />\n<b>Deprecated</b>:  Creation of dynamic property Mailer::$queue is deprecated in \
    <b>/home/hosting/public_html/modules/addons/mailer/mailer.php</b> on line <b>7</b><br />\n";

const WARNING: &str = "\nWarning: Unknown: Failed to write session data (files) in Unknown on line 0\n";

/// A lone byte of ISO-8859-1, `é`.
const BAD_BYTE: u8 = 0xe9;

/// An XML reply with the invalid byte in place of the mark for malformed text.
pub(crate) fn with_bad_bytes(xml: String) -> Vec<u8> {
    let mut buffer = [0; 4];
    let marker = MALFORMED.encode_utf8(&mut buffer).as_bytes();
    let mut bytes = Vec::with_capacity(xml.len());
    let mut rest = xml.as_bytes();
    while let Some(at) = rest.windows(marker.len()).position(|window| window == marker) {
        let (before, after) = rest.split_at(at);
        bytes.extend_from_slice(before);
        bytes.push(BAD_BYTE);
        rest = after.get(marker.len()..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// An XML reply in ISO-8859-1; characters outside that encoding are written as references.
pub(crate) fn in_iso_8859_1(xml: &str) -> Vec<u8> {
    let declared = xml.replacen("encoding=\"utf-8\"", "encoding=\"iso-8859-1\"", 1);
    let mut bytes = Vec::with_capacity(declared.len());
    for letter in declared.chars() {
        match u8::try_from(u32::from(letter)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(format!("&#{};", u32::from(letter)).as_bytes()),
        }
    }
    bytes
}

/// A document whose entities expand a billionfold.
pub(crate) fn xml_bomb() -> String {
    let mut document = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE whmcsapi [\n<!ENTITY e0 \"ha\">\n",
    );
    for level in 1..10 {
        let before = format!("&e{};", level - 1);
        document.push_str(&format!("<!ENTITY e{level} \"{}\">\n", before.repeat(10)));
    }
    document.push_str(
        "]>\n<whmcsapi version=\"8.13.1\">\n<action>gettickets</action>\n<result>success</result>\n",
    );
    document.push_str(
        "<totalresults>1</totalresults>\n<startnumber>0</startnumber>\n<numreturned>1</numreturned>\n",
    );
    document.push_str(
        "<tickets>\n<ticket>\n<id>1</id>\n<subject>&e9;</subject>\n</ticket>\n</tickets>\n</whmcsapi>",
    );
    document
}

/// JSON that is nested deeper than any reader should follow.
pub(crate) fn deeply_nested() -> String {
    const LEVELS: usize = 100_000;
    let (open, close) = ("[".repeat(LEVELS), "]".repeat(LEVELS));
    format!(
        r#"{{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{{"ticket":{open}{close}}}}}"#
    )
}

/// Adds the text before and after the reply.
fn surround(quirks: &Quirks, reply: Vec<u8>) -> Vec<u8> {
    let mut before = Vec::new();
    if quirks.has(Quirk::Bom) {
        before.extend_from_slice("\u{feff}\r\n \n".as_bytes());
    }
    if quirks.has(Quirk::PhpNotice) {
        before.extend_from_slice(NOTICE.as_bytes());
    }
    let mut whole = if before.is_empty() {
        reply
    } else {
        before.extend_from_slice(&reply);
        before
    };
    if quirks.has(Quirk::TrailingText) {
        whole.extend_from_slice(WARNING.as_bytes());
    }
    whole
}

/// Applies the quirks that affect every answer.
pub(crate) fn finish(quirks: &Quirks, request: u64, mut answer: Answer) -> Answer {
    if matches!(answer.delivery, Delivery::Whole) && answer.headers.is_empty() {
        answer.body = surround(quirks, answer.body);
    }
    if quirks.hits(Quirk::Truncate, request, 0, 3) {
        answer.body.truncate(answer.body.len() / 2);
    }
    if matches!(answer.delivery, Delivery::Whole) {
        if quirks.hits(Quirk::Reset, request, 0, 3) {
            answer.delivery = Delivery::CutOff;
        } else if quirks.has(Quirk::Slow) {
            answer.delivery = Delivery::Dripping;
        }
    }
    if quirks.has(Quirk::HugeHeaders) {
        answer.headers.extend((0..64).map(|_| ("x-padding", "x".repeat(16 * 1024))));
    }
    answer
}
