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
    guard::guard_telling,
    scan::{Scan, Shared},
    stream::Passing,
};

/// The page's tickets as a stream of the Arrow C data interface, for Arrow, DuckDB, Polars and their like.
/// Columns are the fields in wire order and `extra`; integers are `uint64`, texts `utf8`, times timestamps in
/// microseconds without a zone, truth values `bool`, attachments lists of structs. A field that the reply did not
/// have is null.
///
/// `*stream` is overwritten, whatever it held. It is the caller's, or whoever's it is passed to, who must call its
/// `release`; it holds all that it needs, and the page may be freed before it. `GETTICKETS_ERROR_MEMORY` if the
/// memory for the table is not available, `GETTICKETS_ERROR_NULL` if either is NULL; `*stream` is then left as it is.
/// Many threads may read one page; one at a time a stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_arrow_stream(
    page: *const Page,
    stream: *mut FFI_ArrowArrayStream,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(stream, "stream")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        let pages: [Result<Tickets, std::io::Error>; 1] = [Ok(page.page.tickets().clone())];
        out.put(stream_of(TicketReader::new(pages), None));
        Ok(())
    })
}

/// The scan's tickets as a stream of the Arrow C data interface, with the columns of
/// `gettickets_page_arrow_stream`. A batch has at least `min_rows` tickets, except the last; 0 makes a batch
/// of each page. A few thousand are usual.
///
/// The stream waits for tickets when a batch is asked of it, on that thread, and the scan's switch ends it. The scan
/// may be used for its report and its cursor, and be freed, while the stream lives; a cursor that is read between two
/// batches may be a batch ahead of what was read. If another thread takes tickets of the scan, `get_next` waits for
/// it; each ticket goes to one of them.
///
/// An error of the scan is the stream's, after the tickets that came before it, and every later `get_next` returns it
/// again: the stream is at its end only if every ticket was returned. Its `get_last_error` returns the message;
/// `gettickets_scan_next` returns the error itself, with its class and hint. The numbers are ECANCELED if the scan's
/// switch was used, EIO for `GETTICKETS_ERROR_TRANSPORT` and `GETTICKETS_ERROR_LOCAL`, EPROTO where the server sent
/// something other than a page, ENOMEM and EAGAIN for `GETTICKETS_ERROR_MEMORY` and `GETTICKETS_ERROR_THREAD`, EBUSY
/// if the progress function of the scan called `get_next`, and EINVAL for the rest, such as a stream of the parent in
/// a forked child.
///
/// `*stream` is overwritten, whatever it held. It is the caller's, or whoever's it is passed to, who must call its
/// `release`. `GETTICKETS_ERROR_STATE` in a forked child, `GETTICKETS_ERROR_NULL` if `scan` or `stream` is NULL;
/// `*stream` is then left as it is.
#[cfg(feature = "client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_scan_arrow_stream(
    scan: *mut Scan,
    min_rows: usize,
    stream: *mut FFI_ArrowArrayStream,
    error: *mut *mut Error,
) -> ResultCode {
    let begin = || {
        // SAFETY: as the comment on gettickets_scan asks; a place to write to, or NULL.
        let (scan, out) = unsafe { (shared(scan, "scan")?, Out::new(stream, "stream")?) };
        scan.shared.origin.check("the scan")?;
        let pages = Pages(std::sync::Arc::clone(&scan.shared));
        let origin = scan.shared.origin;
        out.put(stream_of(TicketReader::new(pages).min_rows(min_rows), Some(origin)));
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, begin) }
}

/// The pages of a scan, which its handle may outlive or not.
#[cfg(feature = "client")]
struct Pages(std::sync::Arc<Shared>);

#[cfg(feature = "client")]
impl Iterator for Pages {
    type Item = Result<Tickets, Passing>;

    fn next(&mut self) -> Option<Result<Tickets, Passing>> {
        let next = self.0.lock_waiting().and_then(|mut held| held.next_page()).and_then(|tickets| {
            memory::check_for_encoding(tickets.memory_size())?;
            Ok(tickets)
        });
        match next {
            Ok(tickets) => Some(Ok(tickets)),
            Err(Failure::Status(_)) => None,
            Err(Failure::Error(error)) => Some(Err(Passing(error))),
        }
    }
}
