//! The functions that return what a scan did and met so far.

use std::ptr;

use crate::guard::{self, Grown, Out, guard, null, shared};
use crate::report::{ReportDetails, ScanFinding, ScanReport, UnreadableTicket};
use crate::result::ResultCode;
use crate::scan::Scan;
use crate::text::Text;

/// Returns what the scan did and met so far; all 0 before it has begun. `size` is `sizeof *report`, as the caller's
/// header defines it. Exactly that many bytes are written: members that this release does not know are set to 0.
///
/// It never waits: it may be called while another thread is in `gettickets_scan_next`, in the progress function, and
/// after the end. `GETTICKETS_ERROR_ARGUMENT` if `size` is smaller than the structure of any release,
/// `GETTICKETS_ERROR_STATE` in a forked child, `GETTICKETS_ERROR_NULL` if `scan` or `report` is NULL; `*report` is
/// then left as it is.
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
        let met = scan.shared.report()?;
        report.zero_tail();
        // SAFETY: a place to write to, of no less than this structure's size.
        unsafe { report.place().write(met) };
        Ok(())
    })
}

/// Returns the lists of the report: which tickets changed, which can't be read, findings and warnings.
///
/// `*details` is the caller's: free it with `gettickets_report_details_free`; it may outlive the scan. It never
/// waits, as `gettickets_scan_report`. `GETTICKETS_ERROR_STATE` in a forked child, `GETTICKETS_ERROR_NULL` if
/// either is NULL; `*details` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_report_details(
    scan: *const Scan,
    details: *mut *mut ReportDetails,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_scan asks; a place to write to, or NULL.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(details, "details")?) };
        out.hand_out(ReportDetails::of(scan.shared.status()?.report()));
        Ok(())
    })
}

/// Returns a list of the details and its length.
///
/// # Safety
///
/// `details` is NULL or lives, `count` is NULL or a place to write to.
unsafe fn list<T>(
    details: *const ReportDetails,
    count: *mut usize,
    list: fn(&ReportDetails) -> &[T],
) -> *const T {
    guard::value(ptr::null(), || {
        // SAFETY: the caller's promise.
        let (details, count) = unsafe { (details.as_ref(), count.as_mut()) };
        let list = details.map_or(&[][..], list);
        if let Some(count) = count {
            *count = list.len();
        }
        if list.is_empty() { ptr::null() } else { list.as_ptr() }
    })
}

/// Returns the ids of the tickets that were met again with a later reply than the one returned: the first 1,000.
/// `*count` is how many there are. NULL if there are none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_updated_ids(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const u64 {
    // SAFETY: as the comment on gettickets_report_details asks.
    unsafe { list(details, count, |details| &details.report.updated_ids) }
}

/// Returns the tickets that the server can't send. `*count` is how many there are. NULL if there are none, and for
/// NULL. A scan that met one ends in `GETTICKETS_ERROR_SCAN_INCOMPLETE` after all others were returned, unless
/// `gettickets_scan_skip_unreadable` is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_unreadable(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const UnreadableTicket {
    // SAFETY: as the comment on gettickets_report_details asks.
    unsafe { list(details, count, |details| &details.unreadable) }
}

/// Returns what the findings of the replies were, added up over all pages. `*count` is how many kinds there are. NULL
/// if there are none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_findings(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const ScanFinding {
    // SAFETY: as the comment on gettickets_report_details asks.
    unsafe { list(details, count, |details| &details.findings) }
}

/// Returns what a reader of the result should know, in sentences of English. `*count` is how many there are. NULL if
/// there are none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_warnings(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const Text {
    // SAFETY: as the comment on gettickets_report_details asks.
    unsafe { list(details, count, |details| &details.warnings) }
}

/// Returns the endpoint that the tickets come from, without credentials. Empty for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_endpoint(details: *const ReportDetails) -> Text {
    guard::value(Text::EMPTY, || {
        // SAFETY: as the comment on gettickets_report_details asks.
        unsafe { details.as_ref() }.map_or(Text::EMPTY, |details| Text::of(&details.report.endpoint))
    })
}

/// Frees the details. NULL is ignored. No other thread may use them any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_free(details: *mut ReportDetails) {
    // SAFETY: the details are NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(details) }
}
