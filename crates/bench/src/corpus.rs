//! The pages to measure: generated tickets in wire format, the same in every run.

use std::error::Error;
use std::fmt;

use gettickets_protocol::{Page, Ticket, Tickets, Version};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Every run measures the same tickets.
const SEED: u64 = 1;

/// The minimum number of generated tickets, because the tickets depend on their number.
const LEAST: usize = 100_000;

/// How the tickets of a body are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    /// As servers write them.
    #[default]
    Documented,
    /// The fields of every ticket are in another order, which is the same for all tickets.
    Reordered,
    /// Every ticket has three fields that no version documents: a number, a text and a null.
    UnknownFields,
    /// Every ticket has an object that no version documents.
    UnknownObject,
    /// The fields of every ticket are in an order of their own.
    Hostile,
}

/// Bodies that deviate are measured up to this number of tickets, because the time per ticket hardly depends on it.
const MOST_DEVIATING: usize = 250;

impl Shape {
    pub(crate) const ALL: [Shape; 5] =
        [Shape::Documented, Shape::Reordered, Shape::UnknownFields, Shape::UnknownObject, Shape::Hostile];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Shape::Documented => "as documented",
            Shape::Reordered => "another order",
            Shape::UnknownFields => "unknown fields",
            Shape::UnknownObject => "an unknown object",
            Shape::Hostile => "a different order in each ticket",
        }
    }

    /// The shapes to measure with this number of tickets.
    pub(crate) fn of_size(tickets: usize) -> impl Iterator<Item = Shape> {
        let is_measured = move |shape: &Shape| *shape == Shape::Documented || tickets <= MOST_DEVIATING;
        Shape::ALL.into_iter().filter(is_measured)
    }
}

/// Enough tickets for the largest page.
pub(crate) struct Corpus {
    tickets: Tickets,
}

impl Corpus {
    pub(crate) fn new(sizes: &[usize]) -> Corpus {
        let largest = sizes.iter().copied().fold(LEAST, usize::max);
        let tickets: Vec<Ticket> = gettickets_sandbox::generate(SEED, largest as u64).collect();
        Corpus { tickets: Tickets::new(&tickets, Version::V8_0) }
    }

    /// A reply as JSON with a page of this many tickets.
    pub(crate) fn json(&self, tickets: usize) -> String {
        self.page(tickets).to_wire_json(Version::V8_0)
    }

    /// The same reply with its tickets in this shape.
    pub(crate) fn shaped(&self, tickets: usize, shape: Shape) -> Result<String, Box<dyn Error>> {
        let json = self.json(tickets);
        if shape == Shape::Documented { Ok(json) } else { reshaped(&json, shape) }
    }

    /// The same as XML.
    pub(crate) fn xml(&self, tickets: usize, shape: Shape) -> Result<String, Box<dyn Error>> {
        let xml = self.page(tickets).to_wire_xml(Version::V8_0);
        if shape == Shape::Documented {
            return Ok(xml);
        }
        reshaped_xml(&xml, shape).ok_or_else(|| "not XML with tickets".into())
    }

    fn page(&self, tickets: usize) -> Page {
        Page::new(self.tickets.slice(..tickets), 0, self.tickets.len() as u64)
    }
}

/// A reply of which only the tickets matter.
#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    tickets: List<'a>,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    ticket: Vec<Entries<'a>>,
}

/// The fields of a ticket in the order of the body, with their values as they are written.
struct Entries<'a>(Vec<(&'a str, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'a>, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(&'de str, &'de str)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a ticket")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<&str, &RawValue>()? {
                    entries.push((name, value.get()));
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Fields).map(Entries)
    }
}

/// Rewrites the tickets of a reply. Everything else, and every value, stays as the server writes it.
fn reshaped(json: &str, shape: Shape) -> Result<String, Box<dyn Error>> {
    const BEGIN: &str = "\"ticket\":[";
    const END: &str = "]}}";
    let (head, _) =
        json.split_once(BEGIN).filter(|_| json.ends_with(END)).ok_or("not a reply with tickets")?;
    let reply: Reply<'_> = serde_json::from_str(json)?;
    let mut tickets = Vec::new();
    for (index, Entries(mut fields)) in reply.tickets.ticket.into_iter().enumerate() {
        let unknown = [
            ("rating", "5"),
            ("channel", r#""e-mail""#),
            ("team", "null"),
            ("sla", r#"{"hours":4,"breached":false}"#),
        ];
        rearrange(&mut fields, shape, index, unknown);
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        tickets.push(format!("{{{}}}", fields.join(",")));
    }
    Ok(format!("{head}{BEGIN}{}{END}", tickets.join(",")))
}

/// The same for XML. `None` if the reply is not as this project writes it: a line break after each element, which has
/// no attributes.
fn reshaped_xml(xml: &str, shape: Shape) -> Option<String> {
    const BEGIN: &str = "<ticket>\n";
    const END: &str = "</ticket>\n";
    let (head, list) = xml.split_once(BEGIN)?;
    let (list, tail) = list.rsplit_once(END)?;
    let mut out = head.to_owned();
    for (index, ticket) in list.split(&format!("{END}{BEGIN}")).enumerate() {
        let mut fields = elements(ticket)?;
        let unknown = [
            ("rating", "<rating>5</rating>\n"),
            ("channel", "<channel>e-mail</channel>\n"),
            ("team", "<team></team>\n"),
            ("sla", "<sla>\n<hours>4</hours>\n</sla>\n"),
        ];
        rearrange(&mut fields, shape, index, unknown);
        out.push_str(BEGIN);
        out.extend(fields.iter().map(|(_, element)| *element));
        out.push_str(END);
    }
    out.push_str(tail);
    Some(out)
}

/// Divides a sequence of elements; each has its name.
fn elements(mut xml: &str) -> Option<Vec<(&str, &str)>> {
    let mut elements = Vec::new();
    while !xml.is_empty() {
        let (name, _) = xml.strip_prefix('<')?.split_once('>')?;
        let end = format!("</{name}>\n");
        let (element, rest) = xml.split_at_checked(xml.find(&end)? + end.len())?;
        elements.push((name, element));
        xml = rest;
    }
    Some(elements)
}

/// Changes the fields of a ticket, which have their names first.
fn rearrange<'a>(
    fields: &mut Vec<(&'a str, &'a str)>,
    shape: Shape,
    index: usize,
    unknown: [(&'a str, &'a str); 4],
) {
    let [first, middle, last, object] = unknown;
    match shape {
        Shape::Documented => {}
        Shape::Reordered => fields.sort_unstable(),
        Shape::UnknownFields => {
            fields.insert(fields.len() / 2, middle);
            fields.insert(fields.len().min(1), first);
            fields.push(last);
        }
        Shape::UnknownObject => fields.push(object),
        Shape::Hostile => fastrand::Rng::with_seed(index as u64).shuffle(fields),
    }
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::{Reply, decode};

    use super::*;

    #[test]
    fn a_body_of_every_shape_has_the_same_tickets() {
        let corpus = Corpus::new(&[25]);
        let tickets = |body: &str| match decode(body.as_bytes().to_vec()) {
            Ok(Reply::Tickets(page)) => page.iter().map(|ticket| ticket.to_ticket()).collect::<Vec<Ticket>>(),
            other => panic!("{other:?}"),
        };
        let bodies =
            Shape::ALL.map(|shape| [corpus.shaped(25, shape).unwrap(), corpus.xml(25, shape).unwrap()]);
        for (shape, format) in Shape::ALL.into_iter().flat_map(|shape| [(shape, 0), (shape, 1)]) {
            let (body, documented) = (&bodies[shape as usize][format], &bodies[0][format]);
            assert_eq!(body == documented, shape == Shape::Documented, "{shape:?}");
            let is_unknown = matches!(shape, Shape::UnknownFields | Shape::UnknownObject);
            let without_extra = tickets(body).into_iter().map(|mut ticket| {
                assert_eq!(ticket.extra.is_empty(), !is_unknown, "{shape:?}");
                ticket.extra = Default::default();
                ticket
            });
            assert_eq!(without_extra.collect::<Vec<_>>(), tickets(documented), "{shape:?}");
        }
    }

    #[test]
    fn fields_keep_their_spelling_when_their_order_changes() {
        let body = r#"{"result":"success","tickets":{"ticket":[{"b":"\/\u00e9","a":1}]}}"#;
        let reordered = r#"{"result":"success","tickets":{"ticket":[{"a":1,"b":"\/\u00e9"}]}}"#;
        assert_eq!(reshaped(body, Shape::Reordered).unwrap(), reordered);
        assert!(reshaped("{}", Shape::Reordered).is_err());
    }
}
