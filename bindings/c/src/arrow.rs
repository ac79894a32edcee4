//! Pages and scans as streams of the Arrow C data interface.

use gettickets_arrow::TicketReader;
use gettickets_arrow::ffi::FFI_ArrowArrayStream;
use gettickets_protocol::Tickets;

use crate::guard::{Out, guard, shared};
use crate::memory;
use crate::page::Page;
use crate::result::ResultCode;
use crate::stream::stream as stream_of;
#[cfg(feature = "client")]
use crate::{
    failure::{Error, Failure},
    guard::guard_with_error,
    scan::{Scan, Shared},
    stream::PageError,
};

/// Makes a stream of the page's tickets for Arrow, DuckDB, Polars and others (Arrow C stream interface). Columns
/// are the fields in the order of `gettickets_fields` and `extra`: integers as `int64`, texts as `utf8`, times as timestamps in
/// microseconds without a zone, booleans as `bool`, attachments as lists of structs. Missing fields are null. A
/// number that an `int64` cannot hold is an error of `get_next`, EINVAL, whose message names the ticket.
///
/// `*stream` is overwritten. The consumer must call its `release`. The page may be freed before it. One thread at
/// a time may use a stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_arrow_stream(
    page: *const Page,
    stream: *mut FFI_ArrowArrayStream,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(stream, "stream")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        let pages: [Result<Tickets, std::io::Error>; 1] = [Ok(page.page.tickets().clone())];
        out.put(stream_of(TicketReader::new(pages), None));
        Ok(())
    })
}

/// Makes a stream of the scan's tickets, with the columns of `gettickets_page_arrow_stream`. A batch has at least
/// `min_rows` tickets, except the last; 0 makes a batch of each page. A few thousand are usual.
///
/// `get_next` blocks until tickets are available. The scan's report and cursor may be read, and the scan may be
/// freed, while the stream is in use. The cursor may be one batch ahead of the stream.
///
/// An error of the scan is returned by `get_next` after the tickets before it, and again by every later call: the
/// end of the stream means that the scan is complete. `get_last_error` returns the message, and
/// `gettickets_scan_next` the error itself. The codes are ECANCELED if the scan was canceled, EIO for
/// `GETTICKETS_ERROR_TRANSPORT` and `GETTICKETS_ERROR_LOCAL`, EPROTO if the server sent something other than a
/// page and for `GETTICKETS_ERROR_SCAN_INCOMPLETE`, ENOMEM for `GETTICKETS_ERROR_MEMORY`, EAGAIN for
/// `GETTICKETS_ERROR_THREAD`, EBUSY if the progress function called `get_next`, and EINVAL otherwise.
///
/// `*stream` is overwritten. The consumer must call its `release`.
#[cfg(feature = "client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_arrow_stream(
    scan: *mut Scan,
    min_rows: usize,
    stream: *mut FFI_ArrowArrayStream,
    error: *mut *mut Error,
) -> ResultCode {
    let begin = || {
        // SAFETY: as documented at gettickets_scan; NULL or writable.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(stream, "stream")?) };
        scan.shared.origin.check("the scan")?;
        let pages = Pages(std::sync::Arc::clone(&scan.shared));
        let origin = scan.shared.origin;
        out.put(stream_of(TicketReader::new(pages).min_rows(min_rows), Some(origin)));
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, begin) }
}

/// The pages of a scan, which its handle may outlive or not.
#[cfg(feature = "client")]
struct Pages(std::sync::Arc<Shared>);

#[cfg(feature = "client")]
impl Iterator for Pages {
    type Item = Result<Tickets, PageError>;

    fn next(&mut self) -> Option<Result<Tickets, PageError>> {
        let next = self.0.lock_waiting().and_then(|mut held| held.next_page()).and_then(|tickets| {
            memory::check_for_encoding(tickets.memory_size())?;
            Ok(tickets)
        });
        match next {
            Ok(tickets) => Some(Ok(tickets)),
            Err(Failure::Status(_)) => None,
            Err(Failure::Error(error)) => Some(Err(PageError(error))),
        }
    }
}
