//! JSON decoding: gettickets, and serde_json, sonic-rs and simd-json, which fill structs derived with serde.
//!
//! The peers' structs do the minimum for typed tickets: integers from text or number without an intermediate value,
//! `Option` where null occurs, dates left as text. All candidates start from bytes, so all check UTF-8. sonic-rs
//! selects its SIMD instructions at compile time; `RUSTFLAGS="-C target-cpu=native" cargo xtask bench` lets every
//! candidate use the widest instructions of the machine. simd-json overwrites the body, so it gets a copy, which is made
//! before its time begins.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::hint::black_box;

use gettickets_protocol::{Decoder, Field, FieldValue, Page, Reply, TicketRef};
use serde::de::{IgnoredAny, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::corpus::{Corpus, Shape};
use crate::measure::{self, Contender, Content, Turn, Watch};
use crate::options::Options;
use crate::table::{Cell, Layout, Line, Table};

const OURS: &str = "ours, owned body";
const REFERENCES: &[&str] = &["serde_json, owned", "sonic-rs, borrowed", "simd-json, borrowed"];
const LAYOUT: Layout = Layout {
    headings: &[
        "ns a ticket",
        "allocations",
        "x serde_json, owned",
        "x serde_json, borrowed",
        "x sonic-rs, owned",
        "x sonic-rs, borrowed",
        "x simd-json, owned",
        "x simd-json, borrowed",
    ],
    lines: &[Line {
        label: "",
        cells: &[
            Cell::NsPerTicket(OURS),
            Cell::Allocations(OURS),
            Cell::Ratio("serde_json, owned", OURS),
            Cell::Ratio("serde_json, borrowed", OURS),
            Cell::Ratio("sonic-rs, owned", OURS),
            Cell::Ratio("sonic-rs, borrowed", OURS),
            Cell::Ratio("simd-json, owned", OURS),
            Cell::Ratio("simd-json, borrowed", OURS),
        ],
    }],
};

pub(crate) fn fill(options: &Options) -> Result<Table, Box<dyn Error>> {
    let contenders: Vec<Contender> =
        contenders().into_iter().filter(|contender| options.wants_contender(contender.name)).collect();
    let corpus = Corpus::new(options.sizes());
    let mut rows = Vec::new();
    for &size in options.sizes() {
        for shape in Shape::of_size(size) {
            let body = corpus.shaped(size, shape)?;
            let budget = options.budget(size);
            rows.extend(measure::round_robin(&contenders, body.as_bytes(), shape, size, budget)?);
        }
    }
    Ok(Table::new("decode", "JSON to typed tickets", REFERENCES, &LAYOUT, rows))
}

fn contenders() -> [Contender; 11] {
    let contender = |name, decode| Contender { name, decode };
    [
        contender(OURS, |watch, body| ours(watch, || body.to_vec(), &Decoder::new())),
        contender("ours, borrowed body", |watch, body| ours(watch, || body, &Decoder::new())),
        contender("ours, tolerant path", |watch, body| {
            ours(watch, || body.to_vec(), &Decoder::new().tolerant_only(true))
        }),
        // gettickets parses dates on access; this reads everything.
        contender("ours, then all read", |watch, body| {
            let read = |page: &Page| page.iter().map(|ticket| read_all(&ticket)).fold(0, usize::wrapping_add);
            watch.turn(
                || body.to_vec(),
                |body| {
                    let page = page(&Decoder::new(), body)?;
                    black_box(read(&page));
                    Ok(page)
                },
                content,
            )
        }),
        contender("serde_json, owned", |watch, body| {
            watch.turn(
                || body,
                |body| Ok(serde_json::from_slice::<PeerReply<String>>(body)?),
                PeerReply::content,
            )
        }),
        contender("serde_json, borrowed", |watch, body| {
            watch.turn(
                || body,
                |body| Ok(serde_json::from_slice::<PeerReply<Borrowed<'_>>>(body)?),
                PeerReply::content,
            )
        }),
        contender("sonic-rs, owned", |watch, body| {
            watch.turn(
                || body,
                |body| Ok(sonic_rs::from_slice::<PeerReply<String>>(body)?),
                PeerReply::content,
            )
        }),
        contender("sonic-rs, borrowed", |watch, body| {
            watch.turn(
                || body,
                |body| Ok(sonic_rs::from_slice::<PeerReply<Borrowed<'_>>>(body)?),
                PeerReply::content,
            )
        }),
        contender("simd-json, owned", |watch, body| {
            let mut copy = body.to_vec();
            watch.turn(
                || copy.as_mut_slice(),
                |body| Ok(simd_json::from_slice::<PeerReply<String>>(body)?),
                PeerReply::content,
            )
        }),
        contender("simd-json, borrowed", |watch, body| {
            let mut copy = body.to_vec();
            watch.turn(
                || copy.as_mut_slice(),
                |body| Ok(simd_json::from_slice::<PeerReply<Borrowed<'_>>>(body)?),
                PeerReply::content,
            )
        }),
        // Builds nothing: measures traversing the body with serde_json.
        contender("serde_json, skipping", |watch, body| {
            watch.turn(|| body, |body| Ok(serde_json::from_slice::<IgnoredAny>(body)?), |_| None)
        }),
    ]
}

/// gettickets with an owned or a borrowed body; copying a borrowed body is part of the measured time.
pub(crate) fn ours<B: Into<Vec<u8>>>(
    watch: Watch,
    body: impl FnOnce() -> B,
    decoder: &Decoder,
) -> Result<Turn, Box<dyn Error>> {
    watch.turn(body, |body| page(decoder, body), content)
}

fn page(decoder: &Decoder, body: impl Into<Vec<u8>>) -> Result<Page, Box<dyn Error>> {
    match decoder.decode(body)? {
        Reply::Tickets(page) => Ok(page),
        Reply::Error(error) => Err(error.into()),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "some contenders have no content")]
fn content(page: &Page) -> Option<Content> {
    Some(Content::of(page.iter().map(|ticket| (ticket.id(), ticket.subject()))))
}

/// Reads every field of a ticket, with parsed dates, and returns a number that depends on all of them.
fn read_all(ticket: &TicketRef<'_>) -> usize {
    let read = |field| match ticket.value(field) {
        Some(FieldValue::Integer(value)) => value as usize,
        Some(FieldValue::Text(text)) => text.len(),
        Some(FieldValue::DateTime(time)) => time.map_or(0, |time| time.second() as usize),
        Some(FieldValue::Boolean(value)) => usize::from(value),
        Some(FieldValue::Attachments(list)) => list.map(|one| one.filename.len() + one.index as usize).sum(),
        _ => 0,
    };
    Field::all().map(read).fold(0, usize::wrapping_add)
}

/// A reply whose texts are `String` or [`Borrowed`].
#[derive(Deserialize)]
#[allow(dead_code, reason = "a decoder fills what a caller could read")]
pub(crate) struct PeerReply<T> {
    #[serde(deserialize_with = "integer")]
    totalresults: u64,
    #[serde(deserialize_with = "integer")]
    startnumber: u64,
    #[serde(deserialize_with = "integer")]
    numreturned: u64,
    tickets: PeerTickets<T>,
}

#[derive(Deserialize)]
struct PeerTickets<T> {
    ticket: Vec<PeerTicket<T>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct PeerTicket<T> {
    #[serde(deserialize_with = "integer")]
    id: u64,
    tid: T,
    #[serde(deserialize_with = "integer")]
    deptid: u64,
    #[serde(deserialize_with = "integer")]
    userid: u64,
    name: T,
    owner_name: Option<T>,
    email: T,
    requestor_name: Option<T>,
    requestor_email: Option<T>,
    requestor_type: Option<T>,
    cc: T,
    c: T,
    date: T,
    subject: T,
    status: T,
    priority: T,
    admin: T,
    attachment: T,
    attachments: Option<Vec<PeerAttachment<T>>>,
    #[serde(default, deserialize_with = "boolean")]
    attachments_removed: Option<bool>,
    lastreply: T,
    #[serde(deserialize_with = "integer")]
    flag: u64,
    service: T,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct PeerAttachment<T> {
    filename: T,
    #[serde(deserialize_with = "integer")]
    index: u64,
}

/// A text that borrows from the body unless it has escapes. serde borrows a `Cow` only if the field has an attribute
/// for it, which is not possible for an `Option<Cow<str>>`; this type borrows in all fields.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Borrowed<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> PeerReply<T> {
    fn content(&self) -> Option<Content> {
        Some(Content::of(self.tickets.ticket.iter().map(|ticket| (ticket.id, ticket.subject.as_ref()))))
    }
}

impl<T> PeerReply<T> {
    pub(crate) fn len(&self) -> u64 {
        self.tickets.ticket.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tickets.ticket.is_empty()
    }
}

/// Reads an integer from a number or a text.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Integer;

    impl Visitor<'_> for Integer {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer, or text with one")
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
            text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Integer)
}

/// Reads a boolean from true, false, 0, 1, a text or null.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Boolean;

    impl Visitor<'_> for Boolean {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true, false, 0, 1, or text with one of these")
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<bool>, E> {
            Ok(Some(value))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<bool>, E> {
            Ok(Some(value != 0))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<bool>, E> {
            match text {
                "" | "0" | "false" => Ok(Some(false)),
                "1" | "true" => Ok(Some(true)),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Option<bool>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Boolean)
}
