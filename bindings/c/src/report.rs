//! [`ScanReport`] and [`ReportDetails`]: the report of a scan, as numbers and as lists.

use std::mem::offset_of;

use gettickets::scan::ScanReport as Report;
use gettickets_protocol::spell_settings;

use crate::failure::setter;
use crate::field::{Field, number_of};
use crate::text::Text;

/// The progress of a scan. It may be ahead of the tickets returned. Later releases may add members at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScanReport {
    /// Tickets found by this scan, returned or not. Those of the scan that it continues are not counted.
    pub tickets: u64,
    /// Pages with new tickets.
    pub pages: u64,
    /// Requests sent, including failed ones.
    pub requests: u64,
    /// Requests that repeated another one, after a failure or in another format.
    pub retries: u64,
    /// Waits before a retry.
    pub waits: u64,
    /// Total time of these waits.
    pub wait_ms: u64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// Maximum number of requests in flight at once.
    pub concurrency: u64,
    /// Smallest number of tickets per request; 0 before the first request.
    pub page_size_min: u64,
    /// Largest number of tickets per request.
    pub page_size_max: u64,
    /// Number of tickets of the last request.
    pub page_size_last: u64,
    /// Number of times that the list had shifted between two pages.
    pub shifts: u64,
    /// Tickets seen again because they had moved. They are not returned twice.
    pub duplicates: u64,
    /// Tickets seen again with a later reply.
    pub updates: u64,
    /// Number of times that the start of the list, or all of it, was read again to verify the scan.
    pub verification_passes: u64,
    /// Tickets that the server cannot send.
    pub unreadable: u64,
    /// Tickets without a readable time, which `gettickets_scan_set_updated_since` includes.
    pub undated: u64,
    /// Number of kinds of findings.
    pub findings: u64,
    /// Number of warnings.
    pub warnings: u64,
    /// The number of matching tickets, according to the server.
    pub total: u64,
    /// 1 if `total` is known.
    pub total_known: i32,
    /// Always 0.
    pub reserved: i32,
}

// The structure has no padding at the end, so that a later member is beyond what this release writes.
const _: () = assert!(offset_of!(ScanReport, reserved) + size_of::<i32>() == size_of::<ScanReport>());

impl ScanReport {
    pub(crate) fn of(report: &Report, in_flight: usize) -> ScanReport {
        let sizes = report.page_sizes;
        ScanReport {
            tickets: report.tickets,
            pages: report.pages,
            requests: report.requests,
            retries: report.retries,
            waits: report.waits,
            wait_ms: u64::try_from(report.wait_time.as_millis()).unwrap_or(u64::MAX),
            in_flight: in_flight as u64,
            concurrency: report.concurrency as u64,
            page_size_min: sizes.map_or(0, |sizes| sizes.min),
            page_size_max: sizes.map_or(0, |sizes| sizes.max),
            page_size_last: sizes.map_or(0, |sizes| sizes.last),
            shifts: report.shifts,
            duplicates: report.duplicates,
            updates: report.updates,
            verification_passes: report.verification_passes,
            unreadable: report.unreadable.len() as u64,
            undated: report.undated,
            findings: report.findings.len() as u64,
            warnings: report.warnings.len() as u64,
            total: report.total.unwrap_or(0),
            total_known: report.total.is_some().into(),
            reserved: 0,
        }
    }
}

/// A ticket that the server cannot send, because a text in it is not UTF-8 and no format can represent it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct UnreadableTicket {
    /// Its offset (`limitstart`) when it was found.
    pub offset: u64,
    /// The id of the nearest readable ticket before it.
    pub after: u64,
    /// How many unreadable tickets lie between that ticket and this one.
    pub nth: u64,
    /// 0 if no ticket before it is readable; `after` is then undefined.
    pub after_known: i32,
}

/// Findings of one kind, over all pages of a scan. Texts and ids belong to the details.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScanFinding {
    /// A stable name for programs, such as "leading-text".
    pub code: Text,
    /// Its meaning in a few words.
    pub meaning: Text,
    /// The value in the first reply, truncated. Optional.
    pub detail: Text,
    /// The number of occurrences.
    pub count: u64,
    /// The ids of the first 16 tickets concerned, or NULL.
    pub ids: *const u64,
    /// The number of ids.
    pub id_count: usize,
    /// The field concerned, or -1.
    pub field: Field,
}

/// The lists of a scan's report at one point in time.
pub struct ReportDetails {
    /// The report that the lists below point into; never changed.
    pub(crate) report: Report,
    pub(crate) unreadable: Vec<UnreadableTicket>,
    pub(crate) findings: Vec<ScanFinding>,
    pub(crate) warnings: Vec<Text>,
}

impl ReportDetails {
    pub(crate) fn of(report: Report) -> ReportDetails {
        let unreadable = report.unreadable.iter().map(|ticket| UnreadableTicket {
            offset: ticket.offset,
            after: ticket.after.unwrap_or(0),
            nth: ticket.nth,
            after_known: ticket.after.is_some().into(),
        });
        let findings = report.findings.iter().map(|finding| ScanFinding {
            code: Text::of(finding.kind.code()),
            meaning: Text::of(finding.kind.meaning()),
            detail: Text::of_option(finding.detail.as_deref()),
            count: finding.count,
            ids: if finding.ids.is_empty() { std::ptr::null() } else { finding.ids.as_ptr() },
            id_count: finding.ids.len(),
            field: finding.field.map_or(-1, number_of),
        });
        let warnings = report.warnings.iter().map(|warning| Text::of(&spell_settings(warning, setter)));
        ReportDetails {
            unreadable: unreadable.collect(),
            findings: findings.collect(),
            warnings: warnings.collect(),
            report,
        }
    }
}
