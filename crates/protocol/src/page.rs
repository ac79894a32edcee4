//! [`Page`]: the result of one successful request.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::extra::Extra;
use crate::finding::Finding;
use crate::{DetectedVersion, Field, FieldSet, TicketRef, Tickets, Version, tickets};

/// A page of tickets, with the counts of the server and the findings of the decoder.
///
/// ```
/// let page = gettickets_protocol::decode(
///     r#"{"result":"success","totalresults":"40","startnumber":0,"numreturned":1,
///         "tickets":{"ticket":[{"id":"1","subject":"Hello"}]}}"#,
/// )?
/// .into_page()?;
/// assert_eq!((page.totalresults(), page.len()), (Some(40), 1));
/// assert_eq!(page.iter().next().map(|ticket| ticket.subject()), Some("Hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Page {
    pub(crate) counts: Counts,
    pub(crate) tickets: Tickets,
    pub(crate) rare: Option<Box<RareParts>>,
}

// Programs hold thousands of small pages.
const _: () = assert!(size_of::<Page>() <= 64);

/// `totalresults`, `startnumber` and `numreturned`. Three `Option`s would need half as much memory again.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    numbers: [u64; 3],
    sent: [bool; 3],
}

impl From<[Option<u64>; 3]> for Counts {
    fn from(counts: [Option<u64>; 3]) -> Counts {
        Counts { numbers: counts.map(Option::unwrap_or_default), sent: counts.map(|count| count.is_some()) }
    }
}

impl Counts {
    fn all(self) -> [Option<u64>; 3] {
        let [total, start, returned] = self.numbers;
        let [has_total, has_start, has_returned] = self.sent;
        [has_total.then_some(total), has_start.then_some(start), has_returned.then_some(returned)]
    }
}

/// The parts that few pages have.
#[derive(Clone, Default)]
pub(crate) struct RareParts {
    server_version: Option<Version>,
    extra: Extra,
    findings: Vec<Finding>,
}

static NO_RARE_PARTS: LazyLock<RareParts> = LazyLock::new(RareParts::default);

impl RareParts {
    /// Returns `None` if there is nothing to store.
    pub(crate) fn new(server_version: Option<Version>, extra: Extra) -> Option<Box<RareParts>> {
        let is_needed = server_version.is_some() || !extra.is_empty();
        is_needed.then(|| Box::new(RareParts { server_version, extra, findings: Vec::new() }))
    }
}

impl Page {
    /// Returns the page with these findings.
    pub(crate) fn with_findings(mut self, findings: Vec<Finding>) -> Page {
        if !findings.is_empty() {
            self.rare.get_or_insert_default().findings = findings;
        }
        self
    }

    fn rare(&self) -> &RareParts {
        self.rare.as_deref().unwrap_or_else(|| &NO_RARE_PARTS)
    }

    /// Creates a page of these tickets, which start at offset `startnumber` of `totalresults` matching tickets.
    pub fn new(tickets: Tickets, startnumber: u64, totalresults: u64) -> Page {
        Page {
            counts: [Some(totalresults), Some(startnumber), Some(tickets.len() as u64)].into(),
            tickets,
            rare: None,
        }
    }

    /// Returns how many tickets match the request, on all pages together, according to the server.
    pub fn totalresults(&self) -> Option<u64> {
        let [totalresults, _, _] = self.counts.all();
        totalresults
    }

    /// Returns the offset of the first ticket of this page, according to the server.
    pub fn startnumber(&self) -> Option<u64> {
        let [_, startnumber, _] = self.counts.all();
        startnumber
    }

    /// Returns how many tickets are on this page, according to the server. [`len`](Page::len) is the actual number.
    pub fn numreturned(&self) -> Option<u64> {
        let [_, _, numreturned] = self.counts.all();
        numreturned
    }

    /// The tickets.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Returns the tickets, without counts and findings.
    pub fn into_tickets(self) -> Tickets {
        self.tickets
    }

    /// Returns how many tickets are on the page.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Returns whether the page has no tickets.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Iterates over the tickets.
    pub fn iter(&self) -> tickets::TicketIter<'_> {
        self.tickets.iter()
    }

    /// Returns the ticket at this index, counted from 0.
    pub fn get(&self, index: usize) -> Option<TicketRef<'_>> {
        self.tickets.get(index)
    }

    /// Returns the unknown top-level fields. For numbers see [`TicketRef::extra`].
    pub fn extra(&self) -> &Map<String, Json> {
        self.rare().extra.values()
    }

    /// Iterates over the unknown top-level fields, sorted by name, each with its value as JSON text, in which numbers
    /// are as they were sent.
    pub fn extra_json(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rare().extra.json()
    }

    /// Returns how the reply deviates from the documented format.
    pub fn findings(&self) -> &[Finding] {
        &self.rare().findings
    }

    /// Detects the server's version: the exact version if the reply states it, as XML replies do; otherwise a lower
    /// bound from the fields of the tickets.
    pub fn detected_version(&self) -> DetectedVersion {
        if let Some(version) = self.rare().server_version {
            return DetectedVersion::Exact(version);
        }
        let since = self.tickets.fields_in_any().iter().map(Field::since).max();
        DetectedVersion::AtLeast(since.unwrap_or(Version::V1_0))
    }

    /// Returns the fields that a server of this version must send, but some ticket here lacks. Optional fields are not
    /// among them.
    pub fn missing_fields(&self, version: Version) -> FieldSet {
        FieldSet::documented_for(version).difference(self.tickets.fields_in_all())
    }

    /// Returns the page without the known fields that a server of this version does not send. Everything else stays:
    /// unknown fields, findings and the stated version. It shares the memory of this page.
    #[must_use]
    pub fn as_of_version(&self, version: Version) -> Page {
        Page { tickets: self.tickets.as_of_version(version), ..self.clone() }
    }

    /// Returns some of the tickets as a page of their own, with `startnumber` and `numreturned` adjusted. It shares the
    /// memory of this page. A range that reaches past the end is cut there.
    ///
    /// ```
    /// use gettickets_protocol::{Page, Ticket, Tickets, Version};
    /// let page = Page::new(Tickets::new(&vec![Ticket::default(); 5], Version::V8_0), 100, 400);
    /// let part = page.slice(2..9);
    /// assert_eq!((part.startnumber(), part.numreturned(), part.totalresults()), (Some(102), Some(3), Some(400)));
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Page {
        let skipped = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let skipped = skipped.min(self.len()) as u64;
        let tickets = self.tickets.slice(range);
        let startnumber = self.startnumber().map(|start| start.saturating_add(skipped));
        let counts = [self.totalresults(), startnumber, Some(tickets.len() as u64)].into();
        Page { counts, tickets, ..self.clone() }
    }

    /// Copies the page into memory that holds the texts of its tickets and nothing else; see [`Tickets::compact`].
    #[must_use]
    pub fn compact(&self) -> Page {
        Page { tickets: self.tickets.compact(), ..self.clone() }
    }

    /// Returns the page as [canonical JSON](crate#json), this project's own format, which is the same in every language
    /// binding. For the format of servers, use [`to_wire_json`](Page::to_wire_json).
    pub fn to_json(&self) -> String {
        // Cannot fail: every key is a string, and every value serializes.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Two pages are equal if they have the same counts, tickets and unknown fields. Findings, the stated server version
/// and the notation of values, such as quotes around integers, do not matter.
impl PartialEq for Page {
    fn eq(&self, other: &Page) -> bool {
        self.counts.all() == other.counts.all()
            && self.rare().extra == other.rare().extra
            && self.tickets == other.tickets
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("totalresults", &self.totalresults())
            .field("startnumber", &self.startnumber())
            .field("numreturned", &self.numreturned())
            .field("tickets", &self.tickets)
            .field("findings", &self.findings())
            .finish_non_exhaustive()
    }
}

/// Writes [canonical JSON](crate#json): wire names, counts as numbers, the tickets as a plain list.
impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("result", "success")?;
        for (name, count) in ["totalresults", "startnumber", "numreturned"].into_iter().zip(self.counts.all())
        {
            if let Some(count) = count {
                map.serialize_entry(name, &count)?;
            }
        }
        map.serialize_entry("tickets", &self.tickets)?;
        let extra = &self.rare().extra;
        if !extra.is_empty() {
            map.serialize_entry("extra", extra)?;
        }
        map.end()
    }
}

/// Creates a page without counts and findings, such as a part of a scan.
///
/// ```
/// use gettickets_protocol::{Page, Ticket, Tickets, Version};
/// let page = Page::from(Tickets::new(&[Ticket::default()], Version::V8_0));
/// assert_eq!((page.len(), page.totalresults()), (1, None));
/// ```
impl From<Tickets> for Page {
    fn from(tickets: Tickets) -> Page {
        Page { tickets, ..Page::default() }
    }
}

impl<'a> IntoIterator for &'a Page {
    type Item = TicketRef<'a>;
    type IntoIter = tickets::TicketIter<'a>;

    fn into_iter(self) -> tickets::TicketIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use crate::decode;

    #[test]
    fn counts_are_those_of_the_server_and_the_length_is_that_of_the_list() {
        let page = |counts: &str, tickets: &str| {
            let body = format!(r#"{{"result":"success"{counts},"tickets":{{"ticket":[{tickets}]}}}}"#);
            decode(body).unwrap().into_page().unwrap()
        };
        let stated = page(r#","totalresults":"77","startnumber":50,"numreturned":2"#, r#"{"id":1},{"id":2}"#);
        assert_eq!(
            (stated.totalresults(), stated.startnumber(), stated.numreturned()),
            (Some(77), Some(50), Some(2))
        );
        assert_eq!((stated.len(), stated.is_empty()), (2, false));
        assert_eq!(
            stated.clone().into_tickets().iter().map(|ticket| ticket.id()).collect::<Vec<_>>(),
            [1, 2]
        );
        let absent = page("", "");
        assert_eq!((absent.totalresults(), absent.startnumber(), absent.numreturned()), (None, None, None));
        assert_eq!((absent.len(), absent.is_empty()), (0, true));
    }
}
