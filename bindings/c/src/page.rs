//! [`Page`]: the reply to one successful request.

use gettickets_protocol as protocol;
use gettickets_protocol::DetectedVersion;

use crate::failure::{Failure, past_the_end};
use crate::field::{FieldMask, mask};
use crate::finding::Finding;
use crate::guard::{self, Out, guard, shared};
use crate::memory;
use crate::result::{GETTICKETS_NONE, ResultCode};
use crate::text::{OwnedText, Text};
use crate::time::ServerVersion;

/// A page of tickets, the counts beside them, and what the decoder noticed.
///
/// It never changes, so many threads may read one page at once; its texts, tickets and findings belong to it
/// and live as long as it. Free it with `gettickets_page_free`, once.
pub struct Page {
    pub(crate) page: protocol::Page,
    /// The unknown top-level fields as JSON, to be had by number at once.
    extra: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn of(page: protocol::Page) -> Page {
        let extra = page.extra_json().map(|(name, json)| (name.to_owned(), json.to_owned())).collect();
        Page { page, extra }
    }
}

/// A field that is in no version's documentation, as it was sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Extra {
    /// Its name on the wire.
    pub name: Text,
    /// Its value as JSON.
    pub json: Text,
}

/// What there is to read from a page; `otherwise` for NULL.
///
/// # Safety
///
/// `page` is NULL or lives.
unsafe fn look<T: Copy>(page: *const Page, otherwise: T, look: impl FnOnce(&Page) -> T) -> T {
    // SAFETY: the caller's promise.
    guard::value(otherwise, || unsafe { page.as_ref() }.map_or(otherwise, look))
}

/// How many tickets are on the page. 0 for NULL. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_len(page: *const Page) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_page asks.
    unsafe { look(page, 0, |page| page.page.len()) }
}

/// How many tickets match the request on all pages together, as the server counts them.
///
/// `GETTICKETS_NONE` if the reply does not state it, `GETTICKETS_ERROR_NULL` if either is NULL; `*totalresults` is
/// then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_totalresults(
    page: *const Page,
    totalresults: *mut u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_page asks.
    unsafe { count(page, totalresults, "totalresults", protocol::Page::totalresults) }
}

/// The offset of the page's first ticket, as the server states it.
///
/// `GETTICKETS_NONE` if the reply does not state it, `GETTICKETS_ERROR_NULL` if either is NULL; `*startnumber` is
/// then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_startnumber(page: *const Page, startnumber: *mut u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_page asks.
    unsafe { count(page, startnumber, "startnumber", protocol::Page::startnumber) }
}

/// How many tickets the server says are on the page; `gettickets_page_len` is how many are.
///
/// `GETTICKETS_NONE` if the reply does not state it, `GETTICKETS_ERROR_NULL` if either is NULL; `*numreturned` is
/// then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_numreturned(page: *const Page, numreturned: *mut u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_page asks.
    unsafe { count(page, numreturned, "numreturned", protocol::Page::numreturned) }
}

/// # Safety
///
/// `page` is NULL or lives, `out` is NULL or a place to write to.
unsafe fn count(
    page: *const Page,
    out: *mut u64,
    name: &'static str,
    count: fn(&protocol::Page) -> Option<u64>,
) -> ResultCode {
    guard(|| {
        // SAFETY: the caller's promise.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(out, name)?) };
        out.put(count(&page.page).ok_or(Failure::Status(GETTICKETS_NONE))?);
        Ok(())
    })
}

/// What the page shows of the server's version. `*exactly` is 1 where the server named it, as XML replies do,
/// and 0 where it is the earliest that sends what the page carries; `exactly` may be NULL.
///
/// `GETTICKETS_ERROR_NULL` if `page` or `version` is NULL; nothing is written then. Many threads may read one
/// page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_detected_version(
    page: *const Page,
    version: *mut ServerVersion,
    exactly: *mut i32,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; places to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(version, "version")?) };
        let shown = page.page.detected_version();
        out.put(ServerVersion::of(shown.lower_bound()));
        // SAFETY: a place to write to, or NULL.
        if let Some(exactly) = unsafe { exactly.as_mut() } {
            *exactly = matches!(shown, DetectedVersion::Exact(_)).into();
        }
        Ok(())
    })
}

/// The fields that every ticket from a server of this version has and some ticket here lacks, as a mask: bit
/// n is the field of number n. 0 for NULL. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_missing_fields(
    page: *const Page,
    version: ServerVersion,
) -> FieldMask {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_page asks.
    unsafe { look(page, 0, |page| mask(page.page.missing_fields(version.read()))) }
}

/// The page as a server of this version would send it: later fields are left out. It shares the memory of
/// `page`, which may be freed before it. Tickets of `page` do not belong to it: see `gettickets_page_share`.
///
/// `*at` is the caller's: free it with `gettickets_page_free`. `GETTICKETS_ERROR_NULL` if either is NULL;
/// `*at` is then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_as_of_version(
    page: *const Page,
    version: ServerVersion,
    at: *mut *mut Page,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(at, "at")?) };
        out.hand_out(Page::of(page.page.as_of_version(version.read())));
        Ok(())
    })
}

/// Makes another handle of the same page, which shares its memory, for a part of a program that frees its own.
///
/// A ticket belongs to the handle that it was made of, and not to the page that both handles share: it is valid
/// until that one handle is freed, whether or not the other lives. After
/// `ticket = gettickets_page_ticket(page, 0)` and `gettickets_page_share(page, &copy)`, freeing `page` ends
/// `ticket`; get the ticket of `copy` with `gettickets_page_ticket(copy, ticket.index)`. The same is true of
/// texts, findings and fields that were read from a handle, and of `gettickets_page_as_of_version`.
///
/// `*copy` is the caller's: free it with `gettickets_page_free`. `GETTICKETS_ERROR_NULL` if either is NULL;
/// `*copy` is then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_share(page: *const Page, copy: *mut *mut Page) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(copy, "copy")?) };
        out.hand_out(Page::of(page.page.clone()));
        Ok(())
    })
}

/// How many bytes of memory the page's tickets hold, together with all pages that share them. 0 for NULL.
/// Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_memory_size(page: *const Page) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_page asks.
    unsafe { look(page, 0, |page| page.page.tickets().memory_size()) }
}

/// Canonical JSON: one document, the same from every face of gettickets. Wire names, numbers as numbers,
/// dates as `YYYY-MM-DDTHH:MM:SS` or null, what was not carried left out, unknown fields under `extra`,
/// `tickets` a plain list.
///
/// `*json` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_MEMORY` if the memory for
/// it is not available, `GETTICKETS_ERROR_NULL` if either is NULL; `*json` is then left as it is. Many threads
/// may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_json(page: *const Page, json: *mut *mut OwnedText) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(json, "json")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_json()));
        Ok(())
    })
}

/// The page as JSON in the documented spelling, as a server of this version would send it.
///
/// `*json` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_MEMORY` if the memory for
/// it is not available, `GETTICKETS_ERROR_NULL` if `page` or `json` is NULL; `*json` is then left as it is. Many
/// threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_wire_json(
    page: *const Page,
    version: ServerVersion,
    json: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(json, "json")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_wire_json(version.read())));
        Ok(())
    })
}

/// The page as XML, as a server of this version would send it. XML has neither null nor types: null becomes
/// an empty element.
///
/// `*xml` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_MEMORY` if the memory for it
/// is not available, `GETTICKETS_ERROR_NULL` if `page` or `xml` is NULL; `*xml` is then left as it is. Many
/// threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_wire_xml(
    page: *const Page,
    version: ServerVersion,
    xml: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(xml, "xml")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_wire_xml(version.read())));
        Ok(())
    })
}

/// How many top-level fields the reply had that are in no version's documentation. 0 for NULL. Many threads
/// may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_extra_count(page: *const Page) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_page asks.
    unsafe { look(page, 0, |page| page.extra.len()) }
}

/// One of those fields, counted from 0 and sorted by name. Its texts belong to the page.
///
/// `GETTICKETS_ERROR_INDEX` past the end, `GETTICKETS_ERROR_NULL` if `page` or `extra` is NULL; `*extra` is
/// then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_extra(
    page: *const Page,
    index: usize,
    extra: *mut Extra,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(extra, "extra")?) };
        let (name, json) = page.extra.get(index).ok_or_else(|| past_the_end(index, page.extra.len()))?;
        out.put(Extra { name: Text::of(name), json: Text::of(json) });
        Ok(())
    })
}

/// In how many ways the reply deviates from the documented shape. 0 for NULL. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding_count(page: *const Page) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_page asks.
    unsafe { look(page, 0, |page| page.page.findings().len()) }
}

/// One of those ways, counted from 0. Its texts belong to the page.
///
/// `GETTICKETS_ERROR_INDEX` past the end, `GETTICKETS_ERROR_NULL` if `page` or `finding` is NULL; `*finding`
/// is then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding(
    page: *const Page,
    index: usize,
    finding: *mut Finding,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(finding, "finding")?) };
        out.put(Finding::of(found(page, index)?));
        Ok(())
    })
}

/// One of the places of a finding, such as `tickets.ticket[3].date`; both are counted from 0. It belongs to
/// the page.
///
/// `GETTICKETS_ERROR_INDEX` past an end, `GETTICKETS_ERROR_NULL` if `page` or `place` is NULL; `*place` is
/// then left as it is. Many threads may read one page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding_place(
    page: *const Page,
    index: usize,
    place_index: usize,
    place: *mut Text,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_page asks; a place to write to, or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(place, "place")?) };
        let places = &found(page, index)?.places;
        let place = places.get(place_index).ok_or_else(|| past_the_end(place_index, places.len()))?;
        out.put(Text::of(place));
        Ok(())
    })
}

/// Frees a page. NULL is ignored. No other thread may use it any more, and nothing that was read from this
/// handle is valid any longer: tickets, texts, findings. What was read from another handle of the same page stays
/// valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_free(page: *mut Page) {
    // SAFETY: the page is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(page) }
}

fn found(page: &Page, index: usize) -> Result<&protocol::Finding, Failure> {
    let findings = page.page.findings();
    findings.get(index).ok_or_else(|| past_the_end(index, findings.len()))
}
