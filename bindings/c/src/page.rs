//! [`Page`]: the reply to one successful request.

use gettickets_protocol as protocol;
use gettickets_protocol::DetectedVersion;

use crate::failure::{Failure, out_of_range};
use crate::field::{FieldMask, mask};
use crate::finding::Finding;
use crate::guard::{self, Out, guard, shared};
use crate::memory;
use crate::result::{GETTICKETS_NONE, ResultCode};
use crate::text::{OwnedText, Text};
use crate::time::ServerVersion;

/// A page of tickets, with the counts of the server and the findings of the decoder. A page never changes.
pub struct Page {
    pub(crate) page: protocol::Page,
    /// The unknown top-level fields as JSON, for access by index.
    extra: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn of(page: protocol::Page) -> Page {
        let extra = page.extra_json().map(|(name, json)| (name.to_owned(), json.to_owned())).collect();
        Page { page, extra }
    }
}

/// An unknown field, as it was sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Extra {
    /// Its name in the reply.
    pub name: Text,
    /// Its value as JSON.
    pub json: Text,
}

/// Reads from a page; returns `otherwise` for NULL.
///
/// # Safety
///
/// `page` is NULL or valid.
unsafe fn read<T: Copy>(page: *const Page, otherwise: T, get: impl FnOnce(&Page) -> T) -> T {
    // SAFETY: guaranteed by the caller.
    guard::value(otherwise, || unsafe { page.as_ref() }.map_or(otherwise, get))
}

/// Returns the number of tickets on the page.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_len(page: *const Page) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_page.
    unsafe { read(page, 0, |page| page.page.len()) }
}

/// Gets the server's count of the tickets that match, on all pages. `GETTICKETS_NONE` if the reply lacks it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_totalresults(
    page: *const Page,
    totalresults: *mut u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_page.
    unsafe { count(page, totalresults, "totalresults", protocol::Page::totalresults) }
}

/// Gets the offset of the first ticket of the page, according to the server. `GETTICKETS_NONE` if the reply lacks it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_startnumber(page: *const Page, startnumber: *mut u64) -> ResultCode {
    // SAFETY: as documented at gettickets_page.
    unsafe { count(page, startnumber, "startnumber", protocol::Page::startnumber) }
}

/// Gets the number of tickets on the page, according to the server; `gettickets_page_len` is the actual number.
/// `GETTICKETS_NONE` if the reply does not state it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_numreturned(page: *const Page, numreturned: *mut u64) -> ResultCode {
    // SAFETY: as documented at gettickets_page.
    unsafe { count(page, numreturned, "numreturned", protocol::Page::numreturned) }
}

/// # Safety
///
/// `page` is NULL or valid, `out` is NULL or writable.
unsafe fn count(
    page: *const Page,
    out: *mut u64,
    name: &'static str,
    count: fn(&protocol::Page) -> Option<u64>,
) -> ResultCode {
    guard(|| {
        // SAFETY: guaranteed by the caller.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(out, name)?) };
        out.put(count(&page.page).ok_or(Failure::Status(GETTICKETS_NONE))?);
        Ok(())
    })
}

/// Detects the version of the server. `*exact` is 1 if the reply states it, as XML replies do. Otherwise it is 0,
/// and `*version` is the earliest version that sends these fields. `exact` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_detected_version(
    page: *const Page,
    version: *mut ServerVersion,
    exact: *mut i32,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; writable or NULL.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(version, "version")?) };
        let shown = page.page.detected_version();
        out.put(ServerVersion::of(shown.lower_bound()));
        // SAFETY: NULL or writable.
        if let Some(exact) = unsafe { exact.as_mut() } {
            *exact = matches!(shown, DetectedVersion::Exact(_)).into();
        }
        Ok(())
    })
}

/// Returns the fields that every ticket of a server of this version has, but some ticket of the page lacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_missing_fields(
    page: *const Page,
    version: ServerVersion,
) -> FieldMask {
    // SAFETY: the page is NULL or valid, as documented at gettickets_page.
    unsafe { read(page, 0, |page| mask(page.page.missing_fields(version.read()))) }
}

/// Makes the page as a server of this version would send it, without later fields. It shares the memory of `page`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_as_of_version(
    page: *const Page,
    version: ServerVersion,
    older: *mut *mut Page,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(older, "older")?) };
        out.hand_out(Page::of(page.page.as_of_version(version.read())));
        Ok(())
    })
}

/// Makes another handle of the same page, which shares its memory. Tickets belong to one handle: after sharing,
/// get a ticket of the copy with `gettickets_page_ticket(copy, ticket.index)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_share(page: *const Page, copy: *mut *mut Page) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(copy, "copy")?) };
        out.hand_out(Page::of(page.page.clone()));
        Ok(())
    })
}

/// Returns the memory of the tickets in bytes. Pages that share memory report the same memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_memory_size(page: *const Page) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_page.
    unsafe { read(page, 0, |page| page.page.tickets().memory_size()) }
}

/// Writes the page as canonical JSON, which is the same in every language binding: names of the reply, numbers as
/// numbers, dates as `YYYY-MM-DDTHH:MM:SS` or null, missing fields left out, unknown fields under `extra`,
/// `tickets` as a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_json(page: *const Page, json: *mut *mut OwnedText) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(json, "json")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_json()));
        Ok(())
    })
}

/// Writes the page as JSON in the documented format, as a server of this version would send it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_wire_json(
    page: *const Page,
    version: ServerVersion,
    json: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(json, "json")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_wire_json(version.read())));
        Ok(())
    })
}

/// Writes the page as XML, as a server of this version would send it. A null becomes an empty element.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_to_wire_xml(
    page: *const Page,
    version: ServerVersion,
    xml: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(xml, "xml")?) };
        memory::check_for_encoding(page.page.tickets().memory_size())?;
        out.hand_out(OwnedText::of(page.page.to_wire_xml(version.read())));
        Ok(())
    })
}

/// Returns the number of unknown top-level fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_extra_count(page: *const Page) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_page.
    unsafe { read(page, 0, |page| page.extra.len()) }
}

/// Gets an unknown top-level field by its index. The fields are sorted by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_extra(
    page: *const Page,
    index: usize,
    extra: *mut Extra,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(extra, "extra")?) };
        let (name, json) = page.extra.get(index).ok_or_else(|| out_of_range(index, page.extra.len()))?;
        out.put(Extra { name: Text::of(name), json: Text::of(json) });
        Ok(())
    })
}

/// Returns the number of findings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding_count(page: *const Page) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_page.
    unsafe { read(page, 0, |page| page.page.findings().len()) }
}

/// Gets a finding by its index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding(
    page: *const Page,
    index: usize,
    finding: *mut Finding,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(finding, "finding")?) };
        out.put(Finding::of(found(page, index)?));
        Ok(())
    })
}

/// Gets a position of a finding, such as `tickets.ticket[3].date`, by the index of the finding and of the position.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_finding_place(
    page: *const Page,
    index: usize,
    place_index: usize,
    place: *mut Text,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_page; NULL or writable.
        let (page, out) = unsafe { (shared(page, "page")?, Out::new(place, "place")?) };
        let places = &found(page, index)?.places;
        let place = places.get(place_index).ok_or_else(|| out_of_range(place_index, places.len()))?;
        out.put(Text::of(place));
        Ok(())
    })
}

/// Frees a page. Tickets, texts and findings that were read from this handle become invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_page_free(page: *mut Page) {
    // SAFETY: the page is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(page) }
}

fn found(page: &Page, index: usize) -> Result<&protocol::Finding, Failure> {
    let findings = page.page.findings();
    findings.get(index).ok_or_else(|| out_of_range(index, findings.len()))
}
