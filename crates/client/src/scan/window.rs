//! [`Window`]: how many tickets are requested at a time, and how many requests are in flight.
//!
//! The size of a request doubles, up to [`LARGEST_LIMIT`], while the time per ticket does not rise by more than 10 %
//! ([`TOLERANCE`]). Where it rose, a single slow reply may have been the cause, so the larger size is tried again
//! later, each time after twice as many pages.
//!
//! The size halves when a request fails and its size may be the cause, down to [`MIN_AFTER_FAILURE`]. It also halves,
//! but not below [`FIRST_LIMIT`], when the server asks to slow down; then one request is in flight, and one more after
//! every [`REGROW_AFTER`] pages. The limits given by the user are never exceeded.

use std::time::Duration;

/// The size of the first request unless the user gave a limit.
const FIRST_LIMIT: u64 = 100;
/// The largest size that a scan chooses by itself.
const LARGEST_LIMIT: u64 = 1_000;
/// The smallest size that a failure leads to; at this size failures are retried as usual.
const MIN_AFTER_FAILURE: u64 = 16;
/// The smallest size that a user's limit leads to. Smaller pages would hold only the rows by which pages overlap.
pub(super) const MIN_FOR_OVERLAP: u64 = 4;
/// The largest size that a user's limit leads to. No page is as large, and sums of offsets and sizes do not overflow.
const MAX_LIMIT: u64 = u32::MAX as u64;
/// The most requests in flight unless the user says otherwise.
pub(super) const CONCURRENCY: usize = 4;
/// The most requests in flight that a user can choose. Each may be a thread, and no server is faster with more.
pub(crate) const MAX_CONCURRENCY: usize = 64;
/// The time per ticket counts as risen if it is more than this factor times that of a smaller size.
const TOLERANCE: f64 = 1.1;
/// After this many successes a size that failed is tried again; the number doubles with each failure.
const FORGET_AFTER: u32 = 16;
/// After this many pages a size that was slower than a smaller one is tried again; the number doubles each time.
const GROW_AFTER: u32 = 16;
/// After this many pages one more request may be in flight, if their number was reduced.
const REGROW_AFTER: u32 = 8;

#[derive(Clone, Debug)]
pub(super) struct Window {
    most: u64,
    least: u64,
    /// The size of the first request.
    first: u64,
    limit: u64,
    growing: bool,
    /// After how many more pages growth is tried again, once it has stopped.
    until_growth: u32,
    grow_after: u32,
    /// The recent mean of the seconds per ticket at each size, smallest size first.
    rates: Vec<(u64, f64)>,
    /// The smallest size that failed, and after how many more successes it may be tried again.
    failed: Option<(u64, u32)>,
    forget_after: u32,
    /// The most tickets on a page that had fewer than requested and was followed by more.
    cap: Option<u64>,
    concurrency: usize,
    most_concurrency: usize,
    successes: u32,
}

impl Window {
    pub(super) fn new(limitnum: Option<u64>, concurrency: usize) -> Window {
        let limitnum = limitnum.filter(|limit| *limit > 0);
        let limitnum = limitnum.map(|limit| limit.clamp(MIN_FOR_OVERLAP, MAX_LIMIT));
        let concurrency = concurrency.clamp(1, MAX_CONCURRENCY);
        let most = limitnum.unwrap_or(LARGEST_LIMIT);
        Window {
            most,
            least: most.min(MIN_AFTER_FAILURE),
            first: limitnum.unwrap_or(FIRST_LIMIT),
            limit: limitnum.unwrap_or(FIRST_LIMIT),
            growing: true,
            until_growth: 0,
            grow_after: GROW_AFTER,
            rates: Vec::new(),
            failed: None,
            forget_after: FORGET_AFTER,
            cap: None,
            concurrency,
            most_concurrency: concurrency,
            successes: 0,
        }
    }

    /// How many tickets to request at a time.
    pub(super) fn limit(&self) -> u64 {
        self.within(self.limit)
    }

    /// The same, but not limited by the server's cap: for ranges with few rows.
    pub(super) fn uncapped_limit(&self) -> u64 {
        self.without_cap(self.limit)
    }

    /// Forgets the server's cap, because pages are short for another reason.
    pub(super) fn forget_cap(&mut self) {
        self.cap = None;
    }

    /// The allowed size that is closest to this one.
    pub(super) fn within(&self, size: u64) -> u64 {
        self.without_cap(size).min(self.cap.unwrap_or(u64::MAX).max(2))
    }

    fn without_cap(&self, size: u64) -> u64 {
        let below_failed = self.failed.map_or(u64::MAX, |(failed, _)| (failed / 2).max(self.least));
        size.min(self.most).min(below_failed).max(1)
    }

    /// Whether a failure at this size has to be retried, as no smaller size is left.
    pub(super) fn is_smallest(&self, limit: u64) -> bool {
        limit <= self.least
    }

    /// How many requests may be in flight.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(super) fn most_concurrency(&self) -> usize {
        self.most_concurrency
    }

    /// A request for this many tickets returned so many.
    pub(super) fn on_page(&mut self, limit: u64, rows: u64, elapsed: Duration) {
        self.successes = self.successes.saturating_add(1);
        if self.successes.is_multiple_of(REGROW_AFTER) && self.concurrency < self.most_concurrency {
            self.concurrency += 1;
        }
        if let Some((_, left)) = &mut self.failed {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.failed = None;
                self.growing = true;
            }
        }
        // Pages smaller than the first one are samples or fill gaps. Their time per ticket is not recorded, because the
        // window returns to recorded sizes.
        if rows < limit || rows == 0 || limit < self.first.min(self.limit) {
            return;
        }
        let rate = elapsed.as_secs_f64() / rows as f64;
        match self.rates.binary_search_by_key(&limit, |(size, _)| *size) {
            Ok(index) => {
                if let Some((_, mean)) = self.rates.get_mut(index) {
                    *mean += (rate - *mean) / 4.0;
                }
            }
            Err(index) => self.rates.insert(index, (limit, rate)),
        }
        if limit != self.limit {
            return;
        }
        if !self.growing {
            self.until_growth = self.until_growth.saturating_sub(1);
            self.growing = self.until_growth == 0;
        }
        if !self.growing {
            return;
        }
        let smaller = self.rates.iter().rev().find(|(size, _)| *size < limit).copied();
        match smaller {
            Some((size, mean)) if rate > mean * TOLERANCE => {
                self.limit = size.max(self.least);
                self.growing = false;
                self.until_growth = self.grow_after;
                self.grow_after = self.grow_after.saturating_mul(2);
            }
            _ => self.limit = limit.saturating_mul(2).min(self.most),
        }
    }

    /// A request of this size failed and may have failed because of it.
    pub(super) fn on_size_failure(&mut self, limit: u64) {
        let failed = self.failed.map_or(limit, |(failed, _)| failed.min(limit));
        self.failed = Some((failed, self.forget_after));
        self.forget_after = self.forget_after.saturating_mul(2);
        self.limit = self.limit.min((failed / 2).max(self.least));
    }

    /// The server asked to slow down.
    pub(super) fn on_throttled(&mut self) {
        self.concurrency = 1;
        self.successes = 0;
        self.limit = self.limit.min(FIRST_LIMIT.max(self.limit / 2));
    }

    /// A request failed without a cause in its size: from now on one request is in flight, until pages arrive again.
    pub(super) fn use_one_request(&mut self) {
        self.concurrency = 1;
        self.successes = 0;
    }

    /// A page of this many tickets was shorter than requested, and more followed.
    pub(super) fn on_cap(&mut self, rows: u64) {
        self.cap = Some(self.cap.map_or(rows, |cap| cap.max(rows)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn pages_grow_while_tickets_get_no_slower() {
        let mut window = Window::new(None, 4);
        let mut sizes = vec![];
        for _ in 0..6 {
            let limit = window.limit();
            sizes.push(limit);
            window.on_page(limit, limit, ms(limit / 10));
        }
        assert_eq!(sizes, [100, 200, 400, 800, 1000, 1000]);
        let mut window = Window::new(None, 4);
        window.on_page(100, 100, ms(10));
        window.on_page(200, 200, ms(90));
        assert_eq!(window.limit(), 100, "twice the tickets took nine times as long");
        window.on_page(100, 100, ms(10));
        assert_eq!(window.limit(), 100);
    }

    #[test]
    fn a_server_that_asks_to_slow_down_gets_smaller_pages_one_at_a_time() {
        let mut window = Window::new(None, 4);
        for limit in [100, 200, 400, 800] {
            window.on_page(limit, limit, ms(limit / 10));
        }
        assert_eq!((window.limit(), window.concurrency), (1_000, 4));
        for limit in [500, 250, 125, 100, 100] {
            window.on_throttled();
            assert_eq!((window.limit(), window.concurrency), (limit, 1));
        }
        // A smaller limit of the user stays.
        let mut window = Window::new(Some(30), 4);
        window.on_throttled();
        assert_eq!(window.limit(), 30);
    }

    #[test]
    fn one_slow_reply_does_not_stop_growth_for_ever() {
        let mut window = Window::new(None, 4);
        window.on_page(100, 100, ms(10));
        window.on_page(200, 200, ms(900));
        let mut pages = 0;
        while window.limit() < LARGEST_LIMIT {
            let limit = window.limit();
            window.on_page(limit, limit, ms(limit / 10));
            pages += 1;
        }
        assert!(pages < 25, "{pages}");
        // A server that is lastingly slow with larger pages is tried ever more rarely.
        let mut window = Window::new(None, 4);
        let mut larger = 0;
        for _ in 0..1_000 {
            let limit = window.limit();
            larger += u32::from(limit > 100);
            window.on_page(limit, limit, ms(if limit > 100 { limit } else { 10 }));
        }
        assert!((2..=7).contains(&larger), "{larger}");
    }

    #[test]
    fn the_time_of_a_size_follows_its_recent_pages_and_not_a_single_one() {
        let mut window = Window::new(None, 4);
        window.on_page(100, 100, ms(10));
        assert_eq!(window.limit(), 200);
        // A page of the smaller size that was in flight is late.
        window.on_page(100, 100, ms(100));
        window.on_page(200, 200, ms(100));
        assert_eq!(window.limit(), 100, "200 tickets took longer each than 100 take usually");
        // From now on every ticket takes as long as on that page, whatever the size.
        (0..16).for_each(|_| window.on_page(100, 100, ms(100)));
        assert_eq!(window.limit(), 200, "the larger size is tried again");
        window.on_page(200, 200, ms(200));
        assert_eq!(window.limit(), 400);
    }

    #[test]
    fn smaller_pages_than_the_first_one_do_not_lower_the_size() {
        let mut window = Window::new(Some(50), 4);
        window.on_page(10, 10, ms(1));
        window.on_page(50, 50, ms(50));
        assert_eq!(window.limit(), 50);
    }

    #[test]
    fn the_limit_of_a_user_is_kept_and_a_size_that_failed_is_avoided() {
        let mut window = Window::new(Some(250), 4);
        assert_eq!(window.limit(), 250);
        window.on_page(250, 250, ms(1));
        assert_eq!(window.limit(), 250);
        window.on_size_failure(250);
        assert_eq!(window.limit(), 125);
        (0..15).for_each(|_| window.on_page(125, 125, ms(1)));
        assert_eq!(window.limit(), 125);
        (0..2).for_each(|_| window.on_page(125, 125, ms(1)));
        assert_eq!(window.limit(), 250, "it is tried again in the end");
        (0..8).for_each(|_| window.on_size_failure(window.limit()));
        assert!(window.is_smallest(window.limit()));
        assert_eq!(Window::new(Some(1), 4).limit(), MIN_FOR_OVERLAP);
    }

    #[test]
    fn throttling_leaves_one_request_in_flight_and_regrows_slowly() {
        let mut window = Window::new(None, 3);
        window.on_throttled();
        assert_eq!(window.concurrency(), 1);
        (0..7).for_each(|_| window.on_page(100, 50, ms(1)));
        assert_eq!(window.concurrency(), 1);
        (0..30).for_each(|_| window.on_page(100, 50, ms(1)));
        assert_eq!(window.concurrency(), 3);
    }

    #[test]
    fn a_cap_of_the_server_is_learned_and_follows_the_longest_page() {
        let mut window = Window::new(None, 4);
        window.on_cap(20);
        window.on_cap(25);
        window.on_cap(3);
        assert_eq!(window.limit(), 25);
    }
}
