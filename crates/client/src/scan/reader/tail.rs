//! The end of the list, which is believed on proof alone.
//!
//! A page that joins and is shorter than the server is able to send ends at the end of the list, as it is
//! one moment's state. As no one promises that the server's cap is always the same, it takes three
//! readings: the page, a request beyond it that comes back empty, and the page's last rows once more, which
//! stand alone on a page shorter than any cap. Where caps were seen to vary, or the server counts more
//! tickets than that, it takes them three times.

use super::super::fetch::Fetch;
use super::super::order::Stands;
use super::pass::Pass;
use super::{Read, Reader, Step};

impl<F: Fetch> Reader<F> {
    /// Whether the page has fewer tickets than were asked for and than the server can send.
    pub(super) fn is_short(&self, read: &Read) -> bool {
        read.rows.len() < self.place.capacity && (read.rows.len() as u64) < read.asked
    }

    /// Whether the list ends with this page.
    pub(super) fn is_end(&mut self, pass: &Pass, read: &Read) -> Step<bool> {
        let (short, end) = (self.is_short(read), read.end());
        match self.read(end, self.limit)? {
            None => return Ok(false),
            Some(beyond) if !beyond.rows.is_empty() => {
                // What was on the page itself was only moved there. Anything else shows that this page did
                // not end at the end although it was short.
                self.capacity_varies |= short && !beyond.rows.iter().all(|row| pass.knows(row));
                return Ok(false);
            }
            Some(_) => {}
        }
        let doubtful = self.capacity_varies || self.counts_beyond(end);
        let rounds = if doubtful { 3 } else { 1 };
        let known = (end.saturating_sub(pass.next).max(1) as usize).min(read.rows.len());
        let expected = read.rows.get(read.rows.len() - known..).unwrap_or_default();
        for _ in 0..rounds {
            let Some(again) = self.read_known(end - known as u64)? else { return Ok(false) };
            // What ties may stand in another order, so long as the page begins before all of it.
            let same = again.rows == expected
                || (again.rows.len() == known
                    && again.rows.iter().all(|row| pass.knows(row))
                    && self.begins_before(pass, &again));
            if !same || (doubtful && !self.is_empty_at(end)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads where tickets are known to stand, and once more if none come: a server may fail for a moment.
    fn read_known(&mut self, offset: u64) -> Step<Option<Read>> {
        match self.read(offset, self.limit)? {
            Some(read) if read.rows.is_empty() => self.read(offset, self.limit),
            read => Ok(read),
        }
    }

    /// Whether a page begins at or before the frontier for certain.
    fn begins_before(&self, pass: &Pass, read: &Read) -> bool {
        let (Some(first), Some(frontier)) = (read.rows.first(), &pass.frontier) else { return false };
        !self.place.order.is_unknown() && self.place.order.stands(first, frontier) == Some(Stands::NotAfter)
    }

    fn is_empty_at(&mut self, offset: u64) -> Step<bool> {
        let limit = self.limit;
        Ok(self.read(offset, limit)?.is_some_and(|read| read.rows.is_empty()))
    }
}
