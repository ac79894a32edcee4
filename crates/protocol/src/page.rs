//! [`Page`]: what one successful request brings.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::extra::Extra;
use crate::finding::Finding;
use crate::{Field, FieldSet, ShownVersion, TicketRef, Tickets, Version, tickets};

/// A page of tickets, the counts beside them, and what the decoder noticed.
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
    pub(crate) aside: Option<Box<Aside>>,
}

// Programs hold thousands of small ones.
const _: () = assert!(size_of::<Page>() <= 64);

/// `totalresults`, `startnumber` and `numreturned`. As options they would take half as much again.
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

/// What few pages have.
#[derive(Clone, Default)]
pub(crate) struct Aside {
    server_version: Option<Version>,
    extra: Extra,
    findings: Vec<Finding>,
}

static NOTHING_ASIDE: LazyLock<Aside> = LazyLock::new(Aside::default);

impl Aside {
    /// As a page has it: not at all where there is nothing.
    pub(crate) fn of(server_version: Option<Version>, extra: Extra) -> Option<Box<Aside>> {
        let is_there = server_version.is_some() || !extra.is_empty();
        is_there.then(|| Box::new(Aside { server_version, extra, findings: Vec::new() }))
    }
}

impl Page {
    /// The same page with these findings.
    pub(crate) fn with_findings(mut self, findings: Vec<Finding>) -> Page {
        if !findings.is_empty() {
            self.aside.get_or_insert_default().findings = findings;
        }
        self
    }

    fn aside(&self) -> &Aside {
        self.aside.as_deref().unwrap_or_else(|| &NOTHING_ASIDE)
    }

    /// A page with these tickets, which start at `startnumber` of `totalresults` that match.
    pub fn new(tickets: Tickets, startnumber: u64, totalresults: u64) -> Page {
        Page {
            counts: [Some(totalresults), Some(startnumber), Some(tickets.len() as u64)].into(),
            tickets,
            aside: None,
        }
    }

    /// How many tickets match the request on all pages together, as the server counts them.
    pub fn totalresults(&self) -> Option<u64> {
        let [totalresults, _, _] = self.counts.all();
        totalresults
    }

    /// The offset of this page's first ticket, as the server states it.
    pub fn startnumber(&self) -> Option<u64> {
        let [_, startnumber, _] = self.counts.all();
        startnumber
    }

    /// How many tickets the server says are on this page; [`len`](Page::len) is how many are.
    pub fn numreturned(&self) -> Option<u64> {
        let [_, _, numreturned] = self.counts.all();
        numreturned
    }

    /// The tickets.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// The tickets, without what is beside them.
    pub fn into_tickets(self) -> Tickets {
        self.tickets
    }

    /// How many tickets are on the page.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether no ticket is on the page.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Every ticket on the page.
    pub fn iter(&self) -> tickets::Iter<'_> {
        self.tickets.iter()
    }

    /// The ticket at this place on the page, counted from 0.
    pub fn get(&self, index: usize) -> Option<TicketRef<'_>> {
        self.tickets.get(index)
    }

    /// Top-level fields that are in no version's documentation. Numbers are held as
    /// [`TicketRef::extra`] says.
    pub fn extra(&self) -> &Map<String, Json> {
        self.aside().extra.values()
    }

    /// Top-level fields that are in no version's documentation, each with its value as JSON text, in which
    /// every number is as it was sent; sorted by name.
    pub fn extra_json(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aside().extra.json()
    }

    /// How the reply deviates from the documented shape.
    pub fn findings(&self) -> &[Finding] {
        &self.aside().findings
    }

    /// The same page with each finding passed through `change`. A decoder with a
    /// [redactor](crate::Decoder::redactor) redacts them already.
    #[must_use]
    pub fn map_findings(mut self, change: impl FnMut(&mut Finding)) -> Page {
        if let Some(aside) = &mut self.aside {
            aside.findings.iter_mut().for_each(change);
        }
        self
    }

    /// What the page shows of the server's version: exactly where the reply names it, as XML replies do,
    /// else a lower bound from the fields it carries.
    pub fn shows_version(&self) -> ShownVersion {
        if let Some(version) = self.aside().server_version {
            return ShownVersion::Exactly(version);
        }
        let since = self.tickets.carried_by_some().iter().map(Field::since).max();
        ShownVersion::AtLeast(since.unwrap_or(Version::V1_0))
    }

    /// The fields that every ticket from a server of this version has and some ticket here lacks.
    pub fn missing(&self, version: Version) -> FieldSet {
        FieldSet::documented_for(version).difference(self.tickets.carried_by_all())
    }

    /// The page as a server of this version would send it: later fields are left out. It shares this
    /// page's memory.
    #[must_use]
    pub fn at(&self, version: Version) -> Page {
        Page { tickets: self.tickets.at(version), ..self.clone() }
    }

    /// Some of the tickets as a page of its own, sharing this page's memory: it starts further behind, and
    /// has as many tickets as it has. A range that reaches past the end stops there.
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

    /// The same page in memory of its own, which holds the texts of its tickets and nothing else; see
    /// [`Tickets::compact`].
    #[must_use]
    pub fn compact(&self) -> Page {
        Page { tickets: self.tickets.compact(), ..self.clone() }
    }

    /// Canonical JSON: one document, the same from every binding of this project.
    pub fn to_json(&self) -> String {
        // Every key is a string and no value can fail, so neither can this.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Two pages are equal if they carry the same counts and tickets; how they were spelled does not count,
/// nor does the server's name for its version.
impl PartialEq for Page {
    fn eq(&self, other: &Page) -> bool {
        self.counts.all() == other.counts.all()
            && self.aside().extra == other.aside().extra
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

/// Canonical JSON: wire names, counts as numbers, the tickets a plain list.
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
        let extra = &self.aside().extra;
        if !extra.is_empty() {
            map.serialize_entry("extra", extra)?;
        }
        map.end()
    }
}

/// Tickets without counts and findings. So a part of a scan is a page too.
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
    type IntoIter = tickets::Iter<'a>;

    fn into_iter(self) -> tickets::Iter<'a> {
        self.iter()
    }
}
