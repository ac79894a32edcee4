//! [`Ticket`]: a ticket as page and index, and one function for each of its fields.

use gettickets_protocol::{AttachmentRef, Field, TicketRef};

use crate::failure::{Failure, past_the_end};
use crate::guard::{self, Out, guard, shared};
use crate::page::Page;
use crate::result::ResultCode;
use crate::text::Text;
use crate::time::Time;

/// A ticket: a page, and the index of the ticket on it. It is two words, which may be copied and are never freed.
/// It and its texts belong to the handle in `page`, and are valid until exactly that handle is freed; another
/// handle of the same page, as from `gettickets_page_share`, does not keep them. Many threads may read the
/// tickets of one page.
///
/// What is read from a ticket whose page is NULL, or whose index is past the end of its page, is 0, empty or
/// absent; functions that return a code return an error.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ticket {
    /// The handle of the page that it is on.
    pub page: *const Page,
    /// Its index there, counted from 0.
    pub index: usize,
}

/// One attachment of a ticket.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Attachment {
    /// Its file name.
    pub filename: Text,
    /// Its number, counted from 0.
    pub index: u64,
}

/// Reads from a ticket; returns `otherwise` where there is no ticket.
///
/// # Safety
///
/// The ticket's page is NULL or lives.
#[inline]
pub(crate) unsafe fn read<'a, T: Copy>(
    ticket: Ticket,
    otherwise: T,
    read: impl FnOnce(TicketRef<'a>) -> T,
) -> T {
    guard::value(otherwise, || {
        // SAFETY: the caller's promise.
        let page: Option<&'a Page> = unsafe { ticket.page.as_ref() };
        page.and_then(|page| page.page.get(ticket.index)).map_or(otherwise, read)
    })
}

/// The ticket.
///
/// # Safety
///
/// Its page is NULL or lives.
pub(crate) unsafe fn found<'a>(ticket: Ticket) -> Result<TicketRef<'a>, Failure> {
    // SAFETY: the caller's promise.
    let page: &'a Page = unsafe { shared(ticket.page, "the ticket's page") }?;
    page.page.get(ticket.index).ok_or_else(|| past_the_end(ticket.index, page.page.len()))
}

/// A text that later servers send; none where it was not carried, or null.
#[inline]
pub(crate) fn later_text(ticket: TicketRef<'_>, field: Field) -> Text {
    let has = ticket.has_field(field) && !ticket.null_fields().contains(field);
    if has { Text::of_bytes(ticket.text_bytes(field)) } else { Text::NONE }
}

/// Returns the ticket at this index of the page, counted from 0.
///
/// Nothing is checked here: what is read from a ticket past the end, or of no page, is empty. Many threads may
/// read one page.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_page_ticket(page: *const Page, index: usize) -> Ticket {
    Ticket { page, index }
}

/// Internal id of the ticket, unique in its install. 0 if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_id(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.id()) }
}

/// Public ticket number; mostly six digits, but masks give `TST01` or `ABC-12345`. Empty if the reply does not
/// have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_tid(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Tid))) }
}

/// Id of the department the ticket is in. 0 if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_deptid(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.deptid()) }
}

/// Id of the client the ticket belongs to; 0 for a non-client. 0 if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_userid(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.userid()) }
}

/// Name of the person who opened the ticket, HTML-encoded as the server stores it. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Name))) }
}

/// Name of the client that owns the ticket. Since server version 8.0. `data` is NULL where the reply does not
/// have it, or has null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_owner_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::OwnerName)) }
}

/// Email address of the person who opened the ticket. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_email(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Email))) }
}

/// Name of the requestor; none on tickets older than the field. Since server version 8.0. `data` is NULL
/// where the reply did not carry it, or carried null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_name(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorName)) }
}

/// Email address of the requestor. Since server version 8.0. `data` is NULL where the reply does not have
/// it, or has null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_email(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorEmail)) }
}

/// What the requestor is: `Owner`, `Operator`, or a word of the server's own. Since server version 8.0.
/// `data` is NULL where the reply did not carry it, or carried null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_requestor_type(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::NONE, |ticket| later_text(ticket, Field::RequestorType)) }
}

/// Addresses that get copies, separated by commas. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_cc(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Cc))) }
}

/// Access key of the ticket: who has `tid` and `c` can open it. Don't log it. Empty if the reply does not
/// have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_c(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::C))) }
}

/// When the ticket was opened, by the install's own clock. `year` is 0 for a zero date, for a text that is no
/// date, and if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_date(ticket: Ticket) -> Time {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Time::NONE, |ticket| Time::of_field(ticket, Field::Date)) }
}

/// When the ticket was opened, as the server wrote it: `YYYY-MM-DD HH:MM:SS`. Empty if the reply does not
/// have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_date_text(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Date))) }
}

/// Subject line, HTML-encoded as the server stores it; `gettickets_ticket_decoded_text` decodes it. Empty
/// if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_subject(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Subject))) }
}

/// Status; by default `Open`, `Answered`, `Customer-Reply`, `Closed`, `On Hold` or `In Progress`, and
/// installs configure their own. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_status(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Status))) }
}

/// Priority: `Low`, `Medium` or `High`. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_priority(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Priority))) }
}

/// Name of the admin who opened the ticket, or empty. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_admin(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Admin))) }
}

/// Stored names of the attachments, separated by vertical bars. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Attachment))) }
}

/// How many attachments the opening message has. Since server version 7.10; 0 if the reply did not carry
/// them, which `gettickets_ticket_has_field` returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment_count(ticket: Ticket) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.attachments().map_or(0, |list| list.len())) }
}

/// One of the attachments, counted from 0. Its file name belongs to the page.
///
/// `GETTICKETS_ERROR_INDEX` past the end, or for a ticket past the end of its page; `GETTICKETS_ERROR_NULL`
/// if the page or `attachment` is NULL. `*attachment` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachment_at(
    ticket: Ticket,
    index: usize,
    attachment: *mut Attachment,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_ticket asks; a place to write to, or NULL.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(attachment, "attachment")?) };
        let mut list = ticket.attachments().into_iter().flatten();
        let len = ticket.attachments().map_or(0, |list| list.len());
        let AttachmentRef { filename, index } = list.nth(index).ok_or_else(|| past_the_end(index, len))?;
        out.put(Attachment { filename: Text::of(filename), index });
        Ok(())
    })
}

/// Whether the attachments were removed: 1 or 0. -1 if the reply does not have it, which any version may leave out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_attachments_removed(ticket: Ticket) -> i32 {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, -1, |ticket| ticket.attachments_removed().map_or(-1, i32::from)) }
}

/// When the ticket was last replied to, by the install's own clock. `year` is 0 for a zero date, for a text
/// that is no date, and if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_lastreply(ticket: Ticket) -> Time {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Time::NONE, |ticket| Time::of_field(ticket, Field::Lastreply)) }
}

/// When the ticket was last replied to, as the server wrote it: `YYYY-MM-DD HH:MM:SS`. Empty if the reply did
/// not carry it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_lastreply_text(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Lastreply))) }
}

/// Id of the admin the ticket is flagged to; 0 for none. 0 if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_flag(ticket: Ticket) -> u64 {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.flag()) }
}

/// Related service: `S` and its id, `D` and a domain's id, or empty. Empty if the reply does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_service(ticket: Ticket) -> Text {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, Text::EMPTY, |ticket| Text::of_bytes(ticket.text_bytes(Field::Service))) }
}
