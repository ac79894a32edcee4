//! After the end of the list: what may have moved from before the reader to behind it.
//!
//! A ticket that is answered may jump from the part not yet read to the front, which was read long ago. So
//! the front is read again, until one page by itself shows all that can have moved since the read before.
//! Where the order is not known, the whole is read until two passes in a row are the same.

use super::super::fetch::Fetch;
use super::super::row::Stamp;
use super::pass::{Ended, Pass, Until};
use super::{Reader, Step, Stop};

/// How often the front is read again. Each time need only show what moved during the time before.
const MOST_CLOSINGS: u32 = 12;
/// How many tickets are asked for at a time when one page has to show much.
const MOST_AT_ONCE: u64 = 1_000;
/// How often the whole is read again.
const MOST_PASSES: u32 = 5;

/// What reading the front again came to.
enum Closing {
    /// Whatever moved was seen.
    Proven,
    /// It can't be told from the front alone.
    NeedsWhole,
}

impl<F: Fetch> Reader<F> {
    /// Reads everything.
    pub(super) fn read_all(&mut self) -> Step<()> {
        let mut pass = Pass::new(true);
        if self.place.reached_end {
            // What was read in another process is no part of a comparison.
            pass.pages = 2;
            pass.quiet = false;
            pass.weak = self.place.weak;
        } else {
            if let Some(frontier) = self.place.frontier {
                pass.frontier = Some(frontier);
                pass.at = self.place.at;
                pass.trail = self.place.trail.clone();
                pass.next = self.place.at.saturating_sub(self.place.trail.len() as u64);
                pass.pages = 1;
                pass.weak = self.place.weak;
            }
            let until = self.since.map_or(Until::End, Until::SurelyBelow);
            self.pass(&mut pass, until)?;
            self.place.reached_end = true;
        }
        self.close(&pass)?;
        if self.place.holes.is_empty() { Ok(()) } else { Err(self.incomplete_by_holes()) }
    }

    /// Settles what the first pass can't have seen.
    fn close(&mut self, first: &Pass) -> Step<()> {
        let order = &self.place.order;
        let trusted = !first.weak && (first.pages == 1 || order.is_convincing());
        if trusted && order.may_be_newest_reply_first() {
            match self.place.watermark {
                Some(mark) => {
                    if let Closing::Proven = self.read_front(mark)? {
                        return Ok(());
                    }
                }
                None => return Ok(()),
            }
        }
        let order = &self.place.order;
        if trusted && order.is_convincing() && !order.may_be_newest_reply_first() {
            // In every order that is possible a ticket stays where it is, or moves the way the reader goes.
            return Ok(());
        }
        self.read_whole(first)
    }

    /// Reads the front again until a single page shows everything newer than the watermark.
    fn read_front(&mut self, mut mark: Stamp) -> Step<Closing> {
        let page_len = self.page_len;
        for _ in 0..MOST_CLOSINGS {
            self.note(|report| report.closings += 1);
            let mut pass = Pass::new(false);
            let ended = self.pass(&mut pass, Until::Below(mark));
            let asked = std::mem::replace(&mut self.page_len, page_len);
            let ended = ended?;
            if !self.place.holes.is_empty() {
                return Ok(Closing::Proven);
            }
            if !self.place.order.may_be_newest_reply_first() || pass.weak {
                return Ok(Closing::NeedsWhole);
            }
            if pass.pages <= 1 && ended == Ended::Below {
                return Ok(Closing::Proven);
            }
            match pass.watermark {
                // What is newest ties, on more rows than a page has: the next time would be no shorter.
                Some(next) if next <= mark && asked > page_len => return Ok(Closing::NeedsWhole),
                Some(next) => mark = next.max(mark),
                // The list is empty by now.
                None => return Ok(Closing::Proven),
            }
            self.place.watermark = Some(mark);
            // One page has to show it all, and a larger one may.
            self.page_len = page_len.saturating_mul(pass.pages + 1).min(MOST_AT_ONCE.max(page_len + 1));
            self.limit = self.page_len;
        }
        self.page_len = page_len;
        Err(Stop::incomplete(
            "more tickets are answered or opened than one page holds while it is read, so some may have moved past the reader unseen",
            "Scan when less is going on, or ask for more tickets a page (limitnum).",
        ))
    }

    /// Reads the whole list again until two passes in a row are the same, row for row.
    fn read_whole(&mut self, first: &Pass) -> Step<()> {
        let seen = |pass: &Pass| {
            (pass.quiet && pass.pages > 0 || pass.rows == 0).then_some((pass.digest.0, pass.rows))
        };
        let mut before = if first.first && first.frontier.is_some() { seen(first) } else { None };
        for _ in 0..MOST_PASSES {
            self.note(|report| report.closings += 1);
            let mut pass = Pass::new(false);
            self.pass(&mut pass, Until::End)?;
            if !self.place.holes.is_empty() {
                return Ok(());
            }
            let now = seen(&pass);
            if now.is_some() && now == before && pass.fresh == 0 {
                return Ok(());
            }
            before = now;
        }
        Err(Stop::incomplete(
            format!(
                "the list is in no order that is known, and changed in each of {MOST_PASSES} readings, so a ticket may have moved past the reader unseen"
            ),
            "Scan when less is going on, or narrow the request so that its tickets fit on fewer pages.",
        ))
    }
}
