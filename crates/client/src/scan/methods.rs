//! The settings of both the blocking and the asynchronous scan.

/// Defines the methods that change the settings of a scan that has not begun. The type has `configure`.
macro_rules! settings_methods {
    () => {
        /// Yields only tickets that were opened or answered at this time or later, in the install's time zone, and
        /// tickets without a readable time, which the report counts.
        ///
        /// The rest of the list is not read if all of these conditions are met:
        ///
        /// - The part that was read is ordered by the last reply, newest first.
        /// - The tickets read last are older than this time by more than three hours.
        /// - The server counts the tickets.
        /// - Eight samples of the rest, down to the end of the list, are in that order and have no ticket that is as
        ///   new.
        ///
        /// This assumes that the list between the samples is in that order too, and that no ticket there was opened
        /// after its last reply. [`full`](Self::full) reads the whole list.
        #[must_use]
        pub fn updated_since(self, time: crate::protocol::DateTime) -> Self {
            self.configure(|settings| settings.updated_since = Some(time))
        }

        /// Yields the tickets of these statuses, each ticket once. They replace the status of the request.
        ///
        /// The API filters by one status at a time, so the scan reads one list after the other, in the given order,
        /// except that closed tickets are read last. Then it reads all lists except the last again, because a ticket
        /// may have moved from a status that was not read yet to one that was. The guarantee of a scan holds for
        /// tickets that move at most once between these statuses during the scan.
        #[must_use]
        pub fn statuses(
            self,
            statuses: impl IntoIterator<Item = impl Into<crate::protocol::StatusFilter>>,
        ) -> Self {
            let statuses = statuses.into_iter().map(Into::into).collect();
            self.configure(|settings| settings.statuses = statuses)
        }

        /// Whether the whole list is read even if [`updated_since`](Self::updated_since) is set. Default: `false`.
        #[must_use]
        pub fn full(self, full: bool) -> Self {
            self.configure(|settings| settings.full = full)
        }

        /// The largest value of [`concurrency`](Self::concurrency): 64.
        pub const MAX_CONCURRENCY: usize = crate::scan::MAX_CONCURRENCY;

        /// The most requests in flight. The scan uses fewer if the server asks to slow down. Default: 4; 0 means 1, and
        /// a larger value than [`MAX_CONCURRENCY`](Self::MAX_CONCURRENCY) is reduced to that.
        #[must_use]
        pub fn concurrency(self, most: usize) -> Self {
            self.configure(|settings| settings.concurrency = most)
        }

        /// The most requests that the scan sends before it ends in an error. Default: 1,000,000.
        #[must_use]
        pub fn max_requests(self, most: u64) -> Self {
            self.configure(|settings| settings.max_requests = most)
        }

        /// The most tickets that the scan yields before it ends in an error. Default: no limit.
        #[must_use]
        pub fn max_tickets(self, most: u64) -> Self {
            self.configure(|settings| settings.max_tickets = Some(most))
        }

        /// Whether a scan succeeds although some tickets are unreadable: the server cannot send them, or they have no
        /// id, or a value of the wrong type. The [report](crate::scan::ScanReport::unreadable) lists them in any case.
        ///
        /// If `true`, the list is read again to verify that all others were yielded. If `false`, it is read once, and
        /// the scan ends in an error: all others that this reading met were yielded, and tickets that moved meanwhile
        /// may be missing. Default: `false`.
        #[must_use]
        pub fn skip_unreadable(self, skip: bool) -> Self {
            self.configure(|settings| settings.skip_unreadable = skip)
        }

        /// Whether a scan succeeds, with a [warning](crate::scan::ScanReport::warnings), although the server counts
        /// more tickets than it sends, for example because it counts tickets of hidden departments. Default: `false`.
        #[must_use]
        pub fn allow_count_mismatch(self, allow: bool) -> Self {
            self.configure(|settings| settings.allow_count_mismatch = allow)
        }
    };
}

pub(crate) use settings_methods;
