//! [`Ticket`]: a ticket as page and index, and one function for each of its fields.

use gettickets_protocol::{AttachmentRef, Field, TicketRef};

use crate::failure::{Failure, out_of_range};
use crate::guard::{self, Out, guard, shared};
use crate::page::Page;
use crate::result::ResultCode;
use crate::text::Text;
use crate::time::Time;

/// A ticket: a page, and an index. It can be copied and is not freed. It and its texts are valid until the handle
/// in `page` is freed. A ticket of no page, or past the end of its page, reads as empty; functions that return a
/// code return an error for it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ticket {
    /// The handle of its page.
    pub page: *const Page,
    /// Its index in the page, counted from 0.
    pub index: usize,
}

/// An attachment of a ticket.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Attachment {
    /// Its file name.
    pub filename: Text,
    /// Its number, counted from 0.
    pub index: u64,
}

/// Reads from a ticket; returns `otherwise` if there is no ticket.
///
/// # Safety
///
/// The ticket's page is NULL or valid.
#[inline]
pub(crate) unsafe fn read<'a, T: Copy>(
    ticket: Ticket,
    otherwise: T,
    read: impl FnOnce(TicketRef<'a>) -> T,
) -> T {
    guard::value(otherwise, || {
        // SAFETY: guaranteed by the caller.
        let page: Option<&'a Page> = unsafe { ticket.page.as_ref() };
        page.and_then(|page| page.page.get(ticket.index)).map_or(otherwise, read)
    })
}

/// The ticket.
///
/// # Safety
///
/// Its page is NULL or valid.
pub(crate) unsafe fn found<'a>(ticket: Ticket) -> Result<TicketRef<'a>, Failure> {
    // SAFETY: guaranteed by the caller.
    let page: &'a Page = unsafe { shared(ticket.page, "the ticket's page") }?;
    page.page.get(ticket.index).ok_or_else(|| out_of_range(ticket.index, page.page.len()))
}

/// A text of later versions; absent if it is missing or null.
#[inline]
pub(crate) fn later_text(ticket: TicketRef<'_>, field: Field) -> Text {
    let has = ticket.has_field(field) && !ticket.null_fields().contains(field);
    if has { Text::of_bytes(ticket.text_bytes(field)) } else { Text::NONE }
}

/// Returns the ticket at an index. The index is not checked here: a ticket past the end reads as empty.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_page_ticket(page: *const Page, index: usize) -> Ticket {
    Ticket { page, index }
}

/// Internal id of the ticket, unique in its install.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_id(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.id()) }
}

/// Public ticket number: mostly six digits, or in a format that the admin configured, such as `ABC-12345`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_tid(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Tid))) }
}

/// Id of the department the ticket is in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_deptid(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.deptid()) }
}

/// Id of the customer the ticket belongs to; 0 if none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_userid(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.userid()) }
}

/// Name of the person who opened the ticket, HTML-encoded as the server stores it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Name))) }
}

/// Name of the customer that owns the ticket. Optional. Since server version 8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_owner_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::OwnerName)) }
}

/// Email address of the person who opened the ticket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_email(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Email))) }
}

/// Name of the requestor; null on tickets older than the field. Optional. Since server version 8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorName)) }
}

/// Email address of the requestor. Optional. Since server version 8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_email(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorEmail)) }
}

/// Type of the requestor: `Owner`, `Operator`, or another word of the server. Optional. Since server version 8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_type(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorType)) }
}

/// Addresses that get copies, separated by commas.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_cc(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Cc))) }
}

/// Access key: anyone who has `tid` and `c` can open the ticket. Do not log it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_c(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::C))) }
}

/// When the ticket was opened, in the install's time zone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_date(ticket: Ticket) -> Time {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Time::NONE, |ticket| Time::of_field(ticket, Field::Date)) }
}

/// When the ticket was opened, as the server wrote it: `YYYY-MM-DD HH:MM:SS`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_date_text(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Date))) }
}

/// Subject line, HTML-encoded as the server stores it; `gettickets_ticket_decoded_text` decodes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_subject(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Subject))) }
}

/// Status: `Open`, `Answered`, `Customer-Reply`, `Closed`, `On Hold`, `In Progress`, or one that the admin configured.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_status(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Status))) }
}

/// Priority: `Low`, `Medium` or `High`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_priority(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Priority))) }
}

/// Name of the admin who opened the ticket, or empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_admin(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Admin))) }
}

/// Stored names of the attachments, separated by vertical bars.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Attachment))) }
}

/// Number of attachments of the opening message. Since server version 7.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment_count(ticket: Ticket) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.attachments().map_or(0, |list| list.len())) }
}

/// Gets an attachment by its index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment_at(
    ticket: Ticket,
    index: usize,
    attachment: *mut Attachment,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_ticket; NULL or writable.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(attachment, "attachment")?) };
        let mut list = ticket.attachments().into_iter().flatten();
        let len = ticket.attachments().map_or(0, |list| list.len());
        let AttachmentRef { filename, index } = list.nth(index).ok_or_else(|| out_of_range(index, len))?;
        out.put(Attachment { filename: Text::of(filename), index });
        Ok(())
    })
}

/// Whether the attachments were removed: 1 or 0; -1 if the reply lacks the field, at any server version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachments_removed(ticket: Ticket) -> i32 {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, -1, |ticket| ticket.attachments_removed().map_or(-1, i32::from)) }
}

/// When the ticket was last replied to, in the install's time zone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_lastreply(ticket: Ticket) -> Time {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Time::NONE, |ticket| Time::of_field(ticket, Field::Lastreply)) }
}

/// When the ticket was last replied to, as the server wrote it: `YYYY-MM-DD HH:MM:SS`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_lastreply_text(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Lastreply))) }
}

/// Id of the admin the ticket is flagged to; 0 for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_flag(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.flag()) }
}

/// Related service: `S` and its id, `D` and a domain's id, or empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_service(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Service))) }
}
