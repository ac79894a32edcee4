//! The pages to measure: generated tickets in wire format, the same in every run.

use gettickets_protocol::{Page, Ticket, Tickets, Version};

/// Every run measures the same tickets.
const SEED: u64 = 1;

/// The minimum number of generated tickets, because the tickets depend on their number.
const LEAST: usize = 100_000;

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

    /// The same reply as XML.
    pub(crate) fn xml(&self, tickets: usize) -> String {
        self.page(tickets).to_wire_xml(Version::V8_0)
    }

    fn page(&self, tickets: usize) -> Page {
        Page::new(self.tickets.slice(..tickets), 0, self.tickets.len() as u64)
    }
}
