//! The functions that return the report of a scan.

use std::ptr;

use crate::guard::{self, Grown, Out, guard, null, shared};
use crate::report::{ReportDetails, ScanFinding, ScanReport, UnreadableTicket};
use crate::result::ResultCode;
use crate::scan::Scan;
use crate::text::Text;

/// Gets the report of the scan so far. `size` is `sizeof *report`. Does not block, and may be called at any time,
/// also in the progress function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_report(
    scan: *const Scan,
    report: *mut ScanReport,
    size: usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_scan.
        let scan = unsafe { shared(scan, "scan") }?;
        if report.is_null() {
            return Err(null("report"));
        }
        // SAFETY: `size` bytes are writable.
        let report = unsafe { Grown::new(report, size, "gettickets_report") }?;
        let met = scan.shared.report()?;
        report.zero_tail();
        // SAFETY: writable, and at least as large as this structure.
        unsafe { report.place().write(met) };
        Ok(())
    })
}

/// Gets the lists of the report: updated tickets, unreadable tickets, findings and warnings. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_report_details(
    scan: *const Scan,
    details: *mut *mut ReportDetails,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_scan; NULL or writable.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(details, "details")?) };
        out.hand_out(ReportDetails::of(scan.shared.status()?.report()));
        Ok(())
    })
}

/// Returns a list of the details and its length.
///
/// # Safety
///
/// `details` is NULL or valid, `count` is NULL or writable.
unsafe fn list<T>(
    details: *const ReportDetails,
    count: *mut usize,
    list: fn(&ReportDetails) -> &[T],
) -> *const T {
    guard::value(ptr::null(), || {
        // SAFETY: guaranteed by the caller.
        let (details, count) = unsafe { (details.as_ref(), count.as_mut()) };
        let list = details.map_or(&[][..], list);
        if let Some(count) = count {
            *count = list.len();
        }
        if list.is_empty() { ptr::null() } else { list.as_ptr() }
    })
}

/// Returns the ids of the first 1,000 tickets that got a reply after they were returned, and sets `*count`. NULL
/// if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_updated_ids(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const u64 {
    // SAFETY: as documented at gettickets_report_details.
    unsafe { list(details, count, |details| &details.report.updated_ids) }
}

/// Returns the tickets that the server cannot send, and sets `*count`. NULL if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_unreadable(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const UnreadableTicket {
    // SAFETY: as documented at gettickets_report_details.
    unsafe { list(details, count, |details| &details.unreadable) }
}

/// Returns the findings of all replies, counted together by kind, and sets `*count`. NULL if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_findings(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const ScanFinding {
    // SAFETY: as documented at gettickets_report_details.
    unsafe { list(details, count, |details| &details.findings) }
}

/// Returns the warnings about the result, as sentences, and sets `*count`. NULL if there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_warnings(
    details: *const ReportDetails,
    count: *mut usize,
) -> *const Text {
    // SAFETY: as documented at gettickets_report_details.
    unsafe { list(details, count, |details| &details.warnings) }
}

/// Returns the endpoint that the tickets come from, without credentials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_endpoint(details: *const ReportDetails) -> Text {
    guard::value(Text::EMPTY, || {
        // SAFETY: as documented at gettickets_report_details.
        unsafe { details.as_ref() }.map_or(Text::EMPTY, |details| Text::of(&details.report.endpoint))
    })
}

/// Frees the details.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_report_details_free(details: *mut ReportDetails) {
    // SAFETY: the details are NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(details) }
}
