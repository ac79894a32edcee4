//! [`ScanReport`]: what a scan met on its way.

use gettickets::scan::Report;

use crate::error::Failure;
use crate::guard::{Out, argument, guard, null, shared};
use crate::page::past_the_end;
use crate::result::ResultCode;
use crate::scan::Scan;

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
    /// 1 if the server has counted, so that `total` means something.
    pub total_known: i32,
}

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
        }
    }
}

/// What the scan met so far; all 0 before it has begun. `size` is `sizeof *report`, as the caller's header
/// has it: no more than that is written.
///
/// `GETTICKETS_ERROR_ARGUMENT` if `size` is none that a release had, `GETTICKETS_ERROR_NULL` if `scan` or
/// `report` is NULL, `GETTICKETS_ERROR_BUSY` while another thread uses the scan; `*report` is then left as it
/// is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_report(
    scan: *const Scan,
    report: *mut ScanReport,
    size: usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_scan asks.
        let scan = unsafe { shared(scan, "scan") }?;
        if report.is_null() {
            return Err(null("report"));
        }
        if size < size_of::<ScanReport>() {
            return Err(argument(format!("no release had a gettickets_report of {size} bytes")));
        }
        let met = scan.shared.lock()?.report();
        // SAFETY: a place to write to, of no less than this structure's size.
        unsafe { report.write(met.into()) };
        Ok(())
    })
}

/// The id of a ticket that was met again with a later reply than the one told; counted from 0, the first
/// 1,000 are kept.
///
/// `GETTICKETS_ERROR_INDEX` past the end, `GETTICKETS_ERROR_NULL` if `scan` or `id` is NULL,
/// `GETTICKETS_ERROR_BUSY` while another thread uses the scan; `*id` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_renewed(
    scan: *const Scan,
    index: usize,
    id: *mut u64,
) -> ResultCode {
    // SAFETY: as the comment asks.
    unsafe { one_of(scan, index, id, "id", |report| report.renewed, |id| id) }
}

/// A ticket that the server can't send, counted from 0. A scan that met one ends in
/// `GETTICKETS_ERROR_SCAN_INCOMPLETE` after all others were told.
///
/// `GETTICKETS_ERROR_INDEX` past the end, `GETTICKETS_ERROR_NULL` if `scan` or `hole` is NULL,
/// `GETTICKETS_ERROR_BUSY` while another thread uses the scan; `*hole` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_hole(
    scan: *const Scan,
    index: usize,
    hole: *mut Hole,
) -> ResultCode {
    let told = |hole: gettickets::scan::Hole| Hole {
        offset: hole.offset,
        after: hole.after.unwrap_or(0),
        nth: hole.nth,
        after_known: hole.after.is_some().into(),
    };
    // SAFETY: as the comment asks.
    unsafe { one_of(scan, index, hole, "hole", |report| report.holes, told) }
}

/// One of a list that the report has.
///
/// # Safety
///
/// `scan` is NULL or lives, `out` is NULL or a place to write to.
unsafe fn one_of<T: Copy, U>(
    scan: *const Scan,
    index: usize,
    out: *mut U,
    name: &'static str,
    list: fn(Report) -> Vec<T>,
    told: fn(T) -> U,
) -> ResultCode {
    guard(|| {
        // SAFETY: the caller's promise.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(out, name)?) };
        let list = list(scan.shared.lock()?.report());
        let found: Result<&T, Failure> = list.get(index).ok_or_else(|| past_the_end(index, list.len()));
        out.put(told(*found?));
        Ok(())
    })
}
