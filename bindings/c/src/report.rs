//! [`ScanReport`] and [`ReportDetails`]: what a scan did and met, as numbers and as lists.

use std::mem::offset_of;

use gettickets::scan::ScanReport as Report;

use crate::text::Text;

/// What a scan did and met so far. It may be ahead of the tickets returned. A later release may add members at the
/// end, which is why `gettickets_scan_report` takes the structure's size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScanReport {
    /// Tickets to return, those that wait to be returned among them; those of a resumed scan are not counted.
    pub tickets: u64,
    /// Pages that had tickets to return.
    pub pages: u64,
    /// Requests sent, whatever their outcome.
    pub requests: u64,
    /// Requests among them that repeated one after a failure, or in another format.
    pub retries: u64,
    /// Waits before a retry.
    pub waits: u64,
    /// How long those waits were together, in milliseconds.
    pub wait_milliseconds: u64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// The most requests that were in flight at once.
    pub concurrency: u64,
    /// The fewest tickets requested at a time; 0 before the first request.
    pub page_size_min: u64,
    /// The most tickets requested at a time.
    pub page_size_max: u64,
    /// The number of tickets requested last.
    pub page_size_last: u64,
    /// Times that the list was found to have moved while it was read.
    pub shifts: u64,
    /// Tickets met again after they were returned, as they had moved; they are not returned twice.
    pub duplicates: u64,
    /// Tickets met again with a later reply than the one returned.
    pub updates: u64,
    /// Times that the front of the list, or all of it, was read again to verify the scan.
    pub verification_passes: u64,
    /// Tickets that the server can't send.
    pub unreadable: u64,
    /// Tickets without any readable time, which `gettickets_scan_updated_since` includes.
    pub undated: u64,
    /// Kinds of findings in the replies.
    pub findings: u64,
    /// Warnings.
    pub warnings: u64,
    /// How many tickets match, as the server counted them last; it may be wrong.
    pub total: u64,
    /// 1 if the server has counted, so that `total` is meaningful.
    pub total_known: i32,
    /// Always 0. It keeps the next member out of padding, which no release initializes.
    pub reserved: i32,
}

// The last member ends where the structure does, so that a member that is added later is beyond what this
// release writes.
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
            wait_milliseconds: u64::try_from(report.wait_time.as_millis()).unwrap_or(u64::MAX),
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

/// A ticket that the server can't send, as a text in it is not UTF-8 and no format carries it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct UnreadableTicket {
    /// Its offset (`limitstart`) when it was met.
    pub offset: u64,
    /// The id of the nearest readable ticket before it.
    pub after: u64,
    /// How many unreadable tickets are between that one and this.
    pub nth: u64,
    /// 0 if no ticket before it can be read, so that `after` has no meaning.
    pub after_known: i32,
}

/// Findings of one kind, over all pages of a scan. Its texts and ids belong to the details.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScanFinding {
    /// A stable name for programs, such as "leading-text".
    pub code: Text,
    /// What it means, in a few words of English.
    pub meaning: Text,
    /// What the first reply had there, bounded in length; `data` is NULL where it would not help.
    pub detail: Text,
    /// How often it was met.
    pub count: u64,
    /// The ids of the first tickets concerned, at most 16; NULL if there are none.
    pub ids: *const u64,
    /// How many ids there are.
    pub id_count: usize,
}

/// The lists of a scan's report, as they were at one moment. They belong to this handle and are valid until it is
/// freed with `gettickets_report_details_free`. Many threads may read one handle.
pub struct ReportDetails {
    /// What the lists below point into; never changed.
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
        });
        let warnings = report.warnings.iter().map(|warning| Text::of(warning));
        ReportDetails {
            unreadable: unreadable.collect(),
            findings: findings.collect(),
            warnings: warnings.collect(),
            report,
        }
    }
}
