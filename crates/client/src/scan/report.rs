//! [`ScanReport`]: the progress and the findings of a scan.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{Field, Finding, FindingKind};

/// The progress and the findings of a scan so far. It may be ahead of the tickets taken from the scan.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ScanReport {
    /// The endpoint that the tickets come from, without credentials.
    pub endpoint: String,
    /// Tickets found, including those not taken yet, without those of the scan that was resumed.
    pub tickets: u64,
    /// Pages with new tickets.
    pub pages: u64,
    /// Requests sent, whatever their outcome.
    pub requests: u64,
    /// Requests that repeated another one, after a failure or in another format.
    pub retries: u64,
    /// Waits before a retry.
    pub waits: u64,
    /// The total time of these waits.
    pub wait_time: Duration,
    /// How often the list had shifted between two pages.
    pub shifts: u64,
    /// Tickets seen again because they had moved. They are not yielded twice.
    pub duplicates: u64,
    /// Tickets seen again with a later reply.
    pub updates: u64,
    /// The ids of the first 1,000 of these tickets.
    pub updated_ids: Vec<u64>,
    /// How often the front of the list, or all of it, was read again to verify the scan.
    pub verification_passes: u64,
    /// The findings of all replies, counted together by kind and field.
    pub findings: Vec<ScanFinding>,
    /// The fewest, the most and the last number of tickets per request; `None` before the first request.
    pub page_sizes: Option<PageSizes>,
    /// The most requests that were in flight at once.
    pub concurrency: usize,
    /// Tickets that the server cannot send.
    pub unreadable: Vec<UnreadableTicket>,
    /// Tickets without a readable time, which `updated_since` includes.
    pub undated: u64,
    /// The number of matching tickets in the server's latest count. It may be wrong.
    pub total: Option<u64>,
    /// Warnings about the result, as sentences.
    pub warnings: Vec<String>,
}

/// The number of tickets per request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageSizes {
    /// The fewest.
    pub min: u64,
    /// The most.
    pub max: u64,
    /// The last number.
    pub last: u64,
}

/// Findings of one kind and field, over all pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanFinding {
    /// The kind.
    pub kind: FindingKind,
    /// The field concerned, if any.
    pub field: Option<Field>,
    /// The number of occurrences: in the tickets yielded, or in the pages if it concerns no ticket. If a page has more
    /// than 4,096 of one kind and field, occurrences in tickets that are on two pages are counted twice.
    pub count: u64,
    /// The ids of the first 16 tickets concerned, if it concerns tickets.
    pub ids: Vec<u64>,
    /// The detail of the first one, if it has one.
    pub detail: Option<String>,
}

impl ScanFinding {
    /// A finding that concerns no ticket and has no detail.
    pub fn new(kind: FindingKind, field: Option<Field>, count: u64) -> ScanFinding {
        ScanFinding { kind, field, count, ids: Vec::new(), detail: None }
    }
}

/// The finding of a single page.
impl From<&Finding> for ScanFinding {
    fn from(finding: &Finding) -> ScanFinding {
        ScanFinding {
            ids: finding.tickets.clone(),
            detail: finding.detail.clone(),
            ..ScanFinding::new(finding.kind, finding.field, finding.count as u64)
        }
    }
}

/// A ticket that the server cannot send, because no format can represent a text in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnreadableTicket {
    /// Its offset (`limitstart`) when it was found.
    pub offset: u64,
    /// The id of the nearest readable ticket before it; `None` at the front of the list.
    pub after: Option<u64>,
    /// The number of unreadable tickets between these two.
    pub nth: u64,
}

impl ScanReport {
    /// The most ids in [`updated_ids`](ScanReport::updated_ids).
    const MAX_UPDATED: usize = 1_000;
    /// The most ids of a finding.
    pub(super) const MAX_IDS: usize = 16;
    /// The most warnings.
    const MAX_WARNINGS: usize = 16;

    /// Adds the report of a scan of another list. Findings and tickets are added only if `with_tickets` is set.
    pub(super) fn add(&mut self, other: &ScanReport, with_tickets: bool) {
        let sum = |own: &mut u64, other: u64| *own = own.saturating_add(other);
        sum(&mut self.pages, other.pages);
        sum(&mut self.requests, other.requests);
        sum(&mut self.retries, other.retries);
        sum(&mut self.waits, other.waits);
        sum(&mut self.shifts, other.shifts);
        sum(&mut self.duplicates, other.duplicates);
        sum(&mut self.verification_passes, other.verification_passes);
        self.wait_time = self.wait_time.saturating_add(other.wait_time);
        self.concurrency = self.concurrency.max(other.concurrency);
        let updates = self.updates.saturating_add(other.updates);
        other.updated_ids.iter().for_each(|id| self.note_update(*id));
        self.updates = updates;
        if let Some(PageSizes { min, max, last }) = other.page_sizes {
            [min, max, last].into_iter().for_each(|size| self.note_size(size));
        }
        for warning in &other.warnings {
            self.keep_warning(warning.clone());
        }
        if !with_tickets {
            return;
        }
        sum(&mut self.undated, other.undated);
        self.unreadable.extend(&other.unreadable);
        for finding in &other.findings {
            self.note_finding(finding.clone());
        }
    }

    pub(super) fn note_update(&mut self, id: u64) {
        self.updates += 1;
        // The list is bounded, so this is too.
        if self.updated_ids.len() < Self::MAX_UPDATED && !self.updated_ids.contains(&id) {
            self.updated_ids.push(id);
        }
    }

    pub(super) fn note_size(&mut self, limit: u64) {
        let sizes = self.page_sizes.get_or_insert(PageSizes { min: limit, max: limit, last: limit });
        *sizes = PageSizes { min: sizes.min.min(limit), max: sizes.max.max(limit), last: limit };
    }

    /// Adds findings of one kind and field to those before. The ids are those of the first tickets concerned.
    pub(super) fn note_finding(&mut self, new: ScanFinding) {
        if new.count == 0 {
            return;
        }
        let is_same = |known: &&mut ScanFinding| (known.kind, known.field) == (new.kind, new.field);
        let Some(known) = self.findings.iter_mut().find(is_same) else {
            self.findings.push(new);
            return;
        };
        known.count = known.count.saturating_add(new.count);
        for id in new.ids {
            if known.ids.len() < Self::MAX_IDS && !known.ids.contains(&id) {
                known.ids.push(id);
            }
        }
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.warnings.contains(&warning) {
            log::warn!("{warning}");
        }
        self.keep_warning(warning);
    }

    fn keep_warning(&mut self, warning: String) {
        if self.warnings.len() < Self::MAX_WARNINGS && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}
