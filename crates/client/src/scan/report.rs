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
    /// Tickets that could not be read; see [`UnreadableTicket`].
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

/// A ticket that could not be read: no format can represent a text in it, it has no id, or a value in it has the wrong
/// type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnreadableTicket {
    /// Its offset (`limitstart`) when it was found.
    pub offset: u64,
    /// The id of the nearest readable ticket before it; `None` at the front of the list.
    pub after: Option<u64>,
    /// The number of unreadable tickets between that ticket and this one.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_updates_are_kept_once_and_up_to_a_number() {
        let mut report = ScanReport::default();
        for number in 0..40 {
            report.warn(format!("warning {}", number / 2));
        }
        assert_eq!(report.warnings.len(), ScanReport::MAX_WARNINGS);
        assert_eq!(report.warnings.last().unwrap(), "warning 15");
        let most = ScanReport::MAX_UPDATED as u64;
        for id in (0..most + 5).chain([3]) {
            report.note_update(id);
        }
        assert_eq!((report.updates, report.updated_ids.len() as u64), (most + 6, most));
    }

    #[test]
    fn findings_are_counted_by_kind_and_field_with_their_first_tickets() {
        let kind = FindingKind::MissingField;
        let of = |field, count, ids: &[u64]| ScanFinding {
            ids: ids.to_vec(),
            detail: Some(format!("{count}")),
            ..ScanFinding::new(kind, field, count)
        };
        let mut report = ScanReport::default();
        report.note_finding(of(Some(Field::Cc), 0, &[9]));
        assert!(report.findings.is_empty());
        report.note_finding(of(Some(Field::Cc), 2, &[1, 2]));
        report.note_finding(of(Some(Field::Flag), 1, &[1]));
        report.note_finding(of(Some(Field::Cc), 20, &Vec::from_iter(2..22)));
        let [cc, flag] = &report.findings[..] else { panic!("{:?}", report.findings) };
        assert_eq!((cc.field, cc.count, cc.detail.as_deref()), (Some(Field::Cc), 22, Some("2")));
        assert_eq!(cc.ids, Vec::from_iter(1..=ScanReport::MAX_IDS as u64));
        assert_eq!((flag.field, flag.count, flag.ids.as_slice()), (Some(Field::Flag), 1, &[1][..]));
    }

    #[test]
    fn the_finding_of_a_page_keeps_its_tickets_and_its_detail() {
        let body = r#"{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":7,"date":"soon"}]}}"#;
        let page = gettickets_protocol::decode(body).unwrap().into_page().unwrap();
        let findings = page.findings();
        assert!(findings.iter().any(|finding| finding.tickets == [7]), "{findings:?}");
        assert!(findings.iter().any(|finding| finding.detail.is_some()), "{findings:?}");
        for finding in findings {
            let of_scan = ScanFinding::from(finding);
            assert_eq!((of_scan.kind, of_scan.field), (finding.kind, finding.field));
            assert_eq!((of_scan.count, of_scan.ids), (finding.count as u64, finding.tickets.clone()));
            assert_eq!(of_scan.detail, finding.detail);
        }
    }

    #[test]
    fn a_report_of_another_list_is_added_with_its_tickets_or_without() {
        let mut other = ScanReport {
            pages: 2,
            requests: 3,
            retries: 4,
            waits: 5,
            shifts: 6,
            duplicates: 7,
            verification_passes: 8,
            wait_time: Duration::from_secs(9),
            concurrency: 3,
            undated: 10,
            unreadable: vec![UnreadableTicket { offset: 1, after: None, nth: 0 }],
            ..ScanReport::default()
        };
        (10..=20).for_each(|size| other.note_size(size));
        other.note_size(15);
        other.note_update(70);
        other.warn("a warning");
        other.note_finding(ScanFinding::new(FindingKind::MissingField, Some(Field::Cc), 1));
        for with_tickets in [false, true] {
            let mut sum = ScanReport { updates: 100, concurrency: 2, ..ScanReport::default() };
            sum.add(&other, with_tickets);
            sum.add(&other, with_tickets);
            assert_eq!((sum.pages, sum.requests, sum.retries, sum.waits), (4, 6, 8, 10));
            assert_eq!((sum.shifts, sum.duplicates, sum.verification_passes), (12, 14, 16));
            assert_eq!((sum.wait_time.as_secs(), sum.concurrency, sum.updates), (18, 3, 102));
            assert_eq!((sum.updated_ids.as_slice(), sum.warnings.len()), (&[70][..], 1));
            assert_eq!(sum.page_sizes, Some(PageSizes { min: 10, max: 20, last: 15 }));
            let (undated, unreadable, found) = if with_tickets { (20, 2, 2) } else { (0, 0, 0) };
            assert_eq!((sum.undated, sum.unreadable.len()), (undated, unreadable));
            assert_eq!(sum.findings.iter().map(|finding| finding.count).sum::<u64>(), found);
        }
    }
}
