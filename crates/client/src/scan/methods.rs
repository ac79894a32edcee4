//! The settings that the blocking and the asynchronous scan have in common.

/// Defines the methods that change the settings of a scan that has not begun. The type has `configure`.
macro_rules! settings_methods {
    () => {
        /// Yields only tickets that were opened or answered at this time or later, in the install's own time zone. A ticket
        /// without any readable time is yielded too; the report counts them.
        ///
        /// The rest of the list is not read if all of this holds: it is ordered by last reply, newest first, as far as it was read;
        /// what was read last is older than this time by three hours; the server counts the tickets; and eight samples down to
        /// the end of the list are in that order and have nothing as new. So it is assumed that the list between the samples is in
        /// that order too, and that no ticket there was opened after its last reply. [`full`](Self::full) reads all of it.
        #[must_use]
        pub fn updated_since(self, time: crate::protocol::DateTime) -> Self {
            self.configure(|settings| settings.updated_since = Some(time))
        }

        /// Yields the tickets of several statuses, each ticket once, in place of the status of the request.
        ///
        /// The API filters by one status at a time, so one list is read after the other, in the given order but for closed tickets,
        /// which are read last. All lists but the last are then read a second time, as a ticket may have moved from a status that
        /// was still to be read to one that had been read. The promise of a scan holds for the tickets that change at most once
        /// between the given statuses meanwhile.
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

        /// The most requests in flight. The scan uses fewer when the server asks to slow down. Default: 4; 0 is taken as 1.
        #[must_use]
        pub fn concurrency(self, most: usize) -> Self {
            self.configure(|settings| settings.concurrency = most.max(1))
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

        /// Whether a scan that met tickets which the server cannot send ends with success. They are named in the
        /// [report](crate::scan::ScanReport::unreadable) either way, and all others are yielded. Default: `false`.
        #[must_use]
        pub fn skip_unreadable(self, skip: bool) -> Self {
            self.configure(|settings| settings.skip_unreadable = skip)
        }

        /// Whether a scan ends with success and a [warning](crate::scan::ScanReport::warnings) if the server lastingly counts more tickets
        /// than it sends, as where tickets of other departments are counted but hidden. Default: `false`.
        #[must_use]
        pub fn allow_count_mismatch(self, allow: bool) -> Self {
            self.configure(|settings| settings.allow_count_mismatch = allow)
        }
    };
}

pub(crate) use settings_methods;
