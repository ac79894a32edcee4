//! The functions that return what a scan met so far.

use gettickets::scan::Report;

use crate::failure::{Failure, past_the_end};
use crate::guard::{Grown, Out, guard, null, shared};
use crate::report::{Hole, ScanReport};
use crate::result::ResultCode;
use crate::scan::Scan;

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
        // SAFETY: a place to write `size` bytes to.
        let report = unsafe { Grown::new(report, size, "gettickets_report") }?;
        let met = scan.shared.lock()?.report();
        report.zero_tail();
        // SAFETY: a place to write to, of no less than this structure's size.
        unsafe { report.place().write(met.into()) };
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
