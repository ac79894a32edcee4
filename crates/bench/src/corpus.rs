//! The pages that are measured: generated tickets in the server's own spelling, the same in every run.

use gettickets_protocol::{Page, Ticket, Tickets, Version};

/// Every run measures the same tickets.
const SEED: u64 = 1;

/// Generated tickets depend on how many there are, so at least this many are generated.
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

    /// A reply with a page of so many tickets, as JSON.
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
