//! XML decoding: gettickets, and quick-xml filling a struct derived with serde, the usual way to read such a reply.

use std::error::Error;

use gettickets_protocol::Decoder;
use serde::{Deserialize, Deserializer};

use crate::corpus::{Corpus, Shape};
use crate::json_peers::ours;
use crate::measure::{self, Contender, Content};
use crate::options::Options;
use crate::table::{Cell, Layout, Line, Table};

const OURS: &str = "ours, owned body";
const QUICK_XML: &str = "quick-xml, owned";
const LAYOUT: Layout = Layout {
    headings: &["ns a ticket", "allocations", "x quick-xml, owned"],
    lines: &[Line {
        label: "",
        cells: &[Cell::NsPerTicket(OURS), Cell::Allocations(OURS), Cell::Ratio(QUICK_XML, OURS)],
    }],
};

pub(crate) fn fill(options: &Options) -> Result<Table, Box<dyn Error>> {
    let contenders: Vec<Contender> =
        contenders().into_iter().filter(|contender| options.wants_contender(contender.name)).collect();
    let corpus = Corpus::new(options.sizes());
    let mut rows = Vec::new();
    for &size in options.sizes() {
        for shape in Shape::of_size(size) {
            let body = corpus.xml(size, shape)?;
            let budget = options.budget(size) / 2;
            rows.extend(measure::round_robin(&contenders, body.as_bytes(), shape, size, budget)?);
        }
    }
    Ok(Table::new("decode-xml", "XML to typed tickets", &[QUICK_XML], &LAYOUT, rows))
}

fn contenders() -> [Contender; 2] {
    [
        Contender { name: OURS, decode: |watch, body| ours(watch, || body.to_vec(), &Decoder::new()) },
        Contender {
            name: QUICK_XML,
            decode: |watch, body| {
                // From text rather than from a reader, which is the faster of its two ways.
                let decode = |body| Ok(quick_xml::de::from_str::<PeerReply>(std::str::from_utf8(body)?)?);
                watch.turn(|| body, decode, PeerReply::content)
            },
        },
    ]
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "a decoder has to fill what a caller could read")]
struct PeerReply {
    totalresults: u64,
    startnumber: u64,
    numreturned: u64,
    tickets: PeerTickets,
}

#[derive(Deserialize)]
struct PeerTickets {
    ticket: Vec<PeerTicket>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct PeerTicket {
    id: u64,
    tid: String,
    deptid: u64,
    userid: u64,
    name: String,
    owner_name: Option<String>,
    email: String,
    requestor_name: Option<String>,
    requestor_email: Option<String>,
    requestor_type: Option<String>,
    cc: String,
    c: String,
    date: String,
    subject: String,
    status: String,
    priority: String,
    admin: String,
    attachment: String,
    attachments: Option<PeerAttachments>,
    #[serde(default, deserialize_with = "boolean")]
    attachments_removed: Option<bool>,
    lastreply: String,
    flag: u64,
    service: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct PeerAttachments {
    #[serde(default)]
    attachment: Vec<PeerAttachment>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct PeerAttachment {
    filename: String,
    index: u64,
}

impl PeerReply {
    fn content(&self) -> Option<Content> {
        Some(Content::of(self.tickets.ticket.iter().map(|ticket| (ticket.id, &*ticket.subject))))
    }
}

/// PHP writes true as `1` and false as an empty text.
fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    Ok(Some(!matches!(&*text, "" | "0" | "false")))
}
