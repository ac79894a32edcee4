//! [`ScanReport`]: what a scan met on its way.

use std::mem::offset_of;

use gettickets::scan::Report;

/// What a scan met so far. It may be a page ahead of the tickets told. A later release may add members at the
/// end, which is why `gettickets_scan_report` takes the structure's size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ScanReport {
    /// Tickets told.
    pub tickets: u64,
    /// Pages that brought tickets to tell.
    pub pages: u64,
    /// Requests sent, whatever they brought.
    pub requests: u64,
    /// Requests that were sent again, after a failure or in another format.
    pub retries: u64,
    /// Times that the list was found to have moved under the reader.
    pub shifts: u64,
    /// Tickets met again after they had been told, as they had moved; they are not told twice.
    pub duplicates: u64,
    /// Tickets met again with a later reply than the one told.
    pub renewals: u64,
    /// Times that the front of the list, or the whole, was read again to be certain.
    pub closings: u64,
    /// How many tickets match, as the server counted them last; it may be wrong.
    pub total: u64,
    /// How many of the renewed tickets' ids are kept, for `gettickets_scan_renewed`: at most 1,000.
    pub renewed: usize,
    /// How many tickets the server can't send, for `gettickets_scan_hole`.
    pub holes: usize,
    /// 1 if the server has counted, so that `total` is meaningful.
    pub total_known: i32,
    /// Always 0. It keeps the next member out of padding, which no release initializes.
    pub reserved: i32,
}

// The last member ends where the structure does, so that a member that is added later is beyond what this
// release writes.
const _: () = assert!(offset_of!(ScanReport, reserved) + size_of::<i32>() == size_of::<ScanReport>());

/// A ticket that the server can't send, as a text in it is not UTF-8 and no format carries it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hole {
    /// Its offset (`limitstart`) when it was met.
    pub offset: u64,
    /// The id of the nearest ticket before it that can be read.
    pub after: u64,
    /// How many such tickets stand between that one and this.
    pub nth: u64,
    /// 0 if no ticket before it can be read, so that `after` means nothing.
    pub after_known: i32,
}

impl From<Report> for ScanReport {
    fn from(report: Report) -> ScanReport {
        ScanReport {
            tickets: report.tickets,
            pages: report.pages,
            requests: report.requests,
            retries: report.retries,
            shifts: report.shifts,
            duplicates: report.duplicates,
            renewals: report.renewals,
            closings: report.closings,
            total: report.total.unwrap_or(0),
            renewed: report.renewed.len(),
            holes: report.holes.len(),
            total_known: report.total.is_some().into(),
            reserved: 0,
        }
    }
}
