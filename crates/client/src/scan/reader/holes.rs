//! Around a ticket that the server can't send: the page is made smaller until the ticket stands alone.
//!
//! No page can hold the tickets on both of its sides, so nothing joins them; what stood before it is read
//! again after, to see that the list kept still. A scan that met one ends in an error whatever follows.

use super::super::fetch::Fetch;
use super::super::report::Hole;
use super::super::row::Row;
use super::pass::Pass;
use super::{Reader, Step, Stop};

/// How many such tickets are gone around before the server is given up.
const MOST_HOLES: usize = 100;
/// How often the list may move while one is gone around.
const MOST_CROSSINGS: u32 = 3;

/// A ticket that can't be read was met, and what stands after it is read next.
pub(super) struct Crossing {
    /// Where the first of them is.
    start: u64,
    /// What stands before it.
    before: Option<Row>,
}

impl<F: Fetch> Reader<F> {
    /// A page can't be read: asks for a smaller one, or steps over the ticket if it is down to that.
    pub(super) fn narrow(&mut self, pass: &mut Pass) -> Step<()> {
        pass.quiet = false;
        let overlap = pass.overlap();
        if self.limit > overlap + 1 {
            // Rounded up: down to one only where two can't be read, as what follows one row alone joins nothing.
            self.limit = self.limit.div_ceil(2).max(overlap + 1);
            return Ok(());
        }
        let offset = pass.next + overlap;
        if overlap > 0 && self.read(offset, 1)?.is_some() {
            // It is not this one: the list has moved, and the ticket is among those that were read before.
            self.count_vain(pass)?;
            pass.next = offset.saturating_sub(overlap / 2);
            return Ok(());
        }
        self.step_over(pass, offset)
    }

    fn step_over(&mut self, pass: &mut Pass, offset: u64) -> Step<()> {
        let (start, before) = match pass.crossing.take() {
            Some(crossing) => (crossing.start, crossing.before),
            None => (offset, pass.frontier),
        };
        let hole = Hole { offset, after: before.map(|row| row.id), nth: offset - start };
        let known = |known: &Hole| (known.after, known.nth) == (hole.after, hole.nth);
        if !self.place.holes.iter().any(known) {
            self.place.holes.push(hole);
            self.note(|report| report.holes.push(hole));
        }
        if self.place.holes.len() >= MOST_HOLES {
            return Err(self.incomplete_by_holes());
        }
        pass.crossing = Some(Crossing { start, before });
        pass.at = offset + 1;
        pass.next = offset + 1;
        self.limit = self.page_len.min(4);
        Ok(())
    }

    /// Whether what stood before the ticket still stands there, so that the page after it begins with what
    /// follows it.
    pub(super) fn is_across(&mut self, pass: &mut Pass) -> Step<bool> {
        let Some(Crossing { start, before }) = &pass.crossing else { return Ok(true) };
        let (start, Some(before)) = (*start, *before) else { return Ok(true) };
        let there = self.read(start - 1, 1)?;
        if there.is_some_and(|read| read.rows.first().is_some_and(|row| row.id == before.id)) {
            return Ok(true);
        }
        pass.crossings += 1;
        if pass.crossings > MOST_CROSSINGS {
            return Ok(true);
        }
        // Back to before the ticket.
        pass.crossing = None;
        pass.at = start;
        pass.next = start;
        Ok(false)
    }

    /// The error with which a scan ends that told everything else.
    pub(super) fn incomplete_by_holes(&self) -> Stop {
        let holes = &self.place.holes;
        let places: Vec<_> = holes
            .iter()
            .take(5)
            .map(|hole| match hole.after {
                Some(id) => format!("offset {} (after ticket {id})", hole.offset),
                None => format!("offset {}", hole.offset),
            })
            .collect();
        let more = if holes.len() > places.len() { ", and more" } else { "" };
        let count = match holes.len() {
            1 => "one ticket".to_owned(),
            count => format!("{count} tickets"),
        };
        Stop::incomplete(
            format!(
                "the server can't send {count}, as a text in it is not UTF-8: at {}{more}; what else could be read was told",
                places.join(", ")
            ),
            "Repair the text in the install (open the ticket there and save it), and scan again.",
        )
    }
}
