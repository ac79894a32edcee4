//! [`TicketValues`]: every field of a ticket at once; [`Value`]: any one of them, by number.

use std::mem::offset_of;

use gettickets_protocol as protocol;
use gettickets_protocol::{Field, TicketRef};

use crate::failure::Failure;
use crate::field::{self, FieldKind, FieldMask, GETTICKETS_KIND_TEXT, mask};
use crate::guard::{Grown, Out, guard, null};
use crate::page::Extra;
use crate::result::{GETTICKETS_ERROR_KIND, GETTICKETS_NONE, ResultCode};
use crate::text::{OwnedText, Text};
use crate::ticket::{Ticket, found, read};
use crate::time::Time;

/// Every field of a ticket. Its texts belong to the page. A later release may add members at the end, which
/// is why `gettickets_ticket_read` takes the structure's size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TicketValues {
    /// The fields that the reply has, null or not: bit n is the field of number n.
    pub carried: FieldMask,
    /// Those of them that were null.
    pub null: FieldMask,
    /// Internal id of the ticket.
    pub id: u64,
    /// Id of the department.
    pub deptid: u64,
    /// Id of the client; 0 for a non-client.
    pub userid: u64,
    /// Id of the admin the ticket is flagged to; 0 for none.
    pub flag: u64,
    /// Public ticket number.
    pub tid: Text,
    /// Name of the person who opened the ticket.
    pub name: Text,
    /// Name of the client that owns the ticket; `data` is NULL if it is absent.
    pub owner_name: Text,
    /// Email address of the person who opened the ticket.
    pub email: Text,
    /// Name of the requestor; `data` is NULL if it is absent.
    pub requestor_name: Text,
    /// Email address of the requestor; `data` is NULL if it is absent.
    pub requestor_email: Text,
    /// What the requestor is; `data` is NULL if it is absent.
    pub requestor_type: Text,
    /// Addresses that get copies.
    pub cc: Text,
    /// Access key of the ticket. Don't log it.
    pub c: Text,
    /// When it was opened, as the server wrote it.
    pub date_text: Text,
    /// Subject line, HTML-encoded as the server stores it.
    pub subject: Text,
    /// Status.
    pub status: Text,
    /// Priority.
    pub priority: Text,
    /// Name of the admin who opened the ticket, or empty.
    pub admin: Text,
    /// Stored names of the attachments.
    pub attachment: Text,
    /// When it was last replied to, as the server wrote it.
    pub lastreply_text: Text,
    /// Related service.
    pub service: Text,
    /// How many attachments there are, for `gettickets_ticket_attachment_at`.
    pub attachment_count: usize,
    /// When it was opened; `year` is 0 where there is no time.
    pub date: Time,
    /// When it was last replied to; `year` is 0 where there is no time.
    pub lastreply: Time,
    /// Whether the attachments were removed: 1 or 0; -1 where the reply does not say.
    pub attachments_removed: i32,
    /// Always 0. It keeps the next member out of padding, which no release initializes.
    pub reserved: i32,
}

// The last member ends where the structure does, so that a member that is added later is beyond what this
// release writes.
const _: () = assert!(offset_of!(TicketValues, reserved) + size_of::<i32>() == size_of::<TicketValues>());

// The texts are in the order of the fields, with nothing between them.
const _: () = assert!(
    offset_of!(TicketValues, service) - offset_of!(TicketValues, tid)
        == (TicketRef::TEXT_COUNT - 1) * size_of::<Text>()
        && offset_of!(TicketValues, date_text) - offset_of!(TicketValues, tid) == 9 * size_of::<Text>()
        && offset_of!(TicketValues, lastreply_text) - offset_of!(TicketValues, tid) == 15 * size_of::<Text>()
);

impl TicketValues {
    /// Writes what a ticket has, each member where it stays.
    ///
    /// # Safety
    ///
    /// It is a place to write to.
    #[inline(always)]
    unsafe fn write(values: *mut TicketValues, ticket: TicketRef<'_>) {
        // SAFETY: the caller's promise; nothing is read that was not written before, and no
        // text written behind the last.
        unsafe {
            let first = &raw mut (*values).tid;
            let mut written = 0;
            ticket.for_each_text(|text| {
                assert!(written < TicketRef::TEXT_COUNT);
                first.add(written).write(Text::of_bytes(text));
                written += 1;
            });
            assert!(written == TicketRef::TEXT_COUNT);
            let (carried, null) = (ticket.fields(), ticket.null_fields());
            let has = carried.difference(null);
            for (field, text) in [
                (Field::OwnerName, &raw mut (*values).owner_name),
                (Field::RequestorName, &raw mut (*values).requestor_name),
                (Field::RequestorEmail, &raw mut (*values).requestor_email),
                (Field::RequestorType, &raw mut (*values).requestor_type),
            ] {
                if !has.contains(field) {
                    text.write(Text::NONE);
                }
            }
            (&raw mut (*values).carried).write(mask(carried));
            (&raw mut (*values).null).write(mask(null));
            (&raw mut (*values).id).write(ticket.id());
            (&raw mut (*values).deptid).write(ticket.deptid());
            (&raw mut (*values).userid).write(ticket.userid());
            (&raw mut (*values).flag).write(ticket.flag());
            (&raw mut (*values).date).write(Time::of_bytes((*values).date_text.bytes()));
            (&raw mut (*values).lastreply).write(Time::of_bytes((*values).lastreply_text.bytes()));
            let attachments = ticket.attachments().map_or(0, |list| list.len());
            (&raw mut (*values).attachment_count).write(attachments);
            let removed = ticket.attachments_removed().map_or(-1, i32::from);
            (&raw mut (*values).attachments_removed).write(removed);
            (&raw mut (*values).reserved).write(0);
        }
    }
}

/// Reads every field of a ticket in one call, which is the fastest way to many of them.
///
/// `size` is `sizeof *values`, as the caller's header defines it. Exactly that many bytes are written: members
/// that this release does not know are set to 0.
/// `GETTICKETS_ERROR_INDEX` for a ticket past the end of its page, `GETTICKETS_ERROR_NULL` if its page or
/// `values` is NULL, `GETTICKETS_ERROR_ARGUMENT` if `size` is smaller than the structure of any release; `*values`
/// is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_read(
    ticket: Ticket,
    values: *mut TicketValues,
    size: usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_ticket asks.
        let ticket = unsafe { found(ticket) }?;
        if values.is_null() {
            return Err(null("values"));
        }
        // SAFETY: a place to write `size` bytes to.
        let values = unsafe { Grown::new(values, size, "gettickets_ticket_values") }?;
        values.zero_tail();
        // SAFETY: a place to write to, of no less than this structure's size.
        unsafe { TicketValues::write(values.place(), ticket) };
        Ok(())
    })
}

/// The value of any field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// What the field holds.
    pub kind: FieldKind,
    /// 1 if the reply carried the field as null; all else is then empty.
    pub null: i32,
    /// The integer; of a truth value 1 or 0; of attachments how many there are.
    pub integer: u64,
    /// The text; of a time as the server wrote it. It belongs to the page.
    pub text: Text,
    /// The time; `year` is 0 if it is absent.
    pub time: Time,
}

/// The value of the field of this number, for loops over `gettickets_fields`.
///
/// `GETTICKETS_NONE` if the reply did not carry the field, `GETTICKETS_ERROR_ARGUMENT` if `field` is the
/// number of none, `GETTICKETS_ERROR_INDEX` for a ticket past the end of its page, `GETTICKETS_ERROR_NULL` if
/// its page or `value` is NULL; `*value` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_value(
    ticket: Ticket,
    field: field::Field,
    value: *mut Value,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_ticket asks; a place to write to, or NULL.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(value, "value")?) };
        let field = field::field(field)?;
        let found = ticket.value(field).ok_or(Failure::Status(GETTICKETS_NONE))?;
        let kind = field::kind(field.kind());
        let nothing = Value { kind, null: 0, integer: 0, text: Text::EMPTY, time: Time::NONE };
        out.put(match found {
            protocol::Value::Null => Value { null: 1, ..nothing },
            protocol::Value::Integer(integer) => Value { integer, ..nothing },
            protocol::Value::Text(text) | protocol::Value::UnreadableDate(text) => {
                Value { text: Text::of(text), ..nothing }
            }
            protocol::Value::DateTime(time) => {
                Value { text: Text::of(ticket.text(field)), time: Time::of(time), ..nothing }
            }
            protocol::Value::Boolean(truth) => Value { integer: truth.into(), ..nothing },
            protocol::Value::Attachments(list) => Value { integer: list.len() as u64, ..nothing },
            _ => nothing,
        });
        Ok(())
    })
}

/// 1 if the reply carried the field of this number, null or not; else 0, for numbers of no field too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_has_field(ticket: Ticket, field: field::Field) -> i32 {
    let carries =
        |ticket: TicketRef<'_>| field::field(field).is_ok_and(|field| ticket.has_field(field)).into();
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, carries) }
}

/// The fields that the reply has, null or not, as a mask: bit n is the field of number n.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| mask(ticket.fields())) }
}

/// The fields that the reply has as null, as a mask: bit n is the field of number n.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_null_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| mask(ticket.null_fields())) }
}

/// The integers and truth values that the reply carried as text, as servers mostly do, as a mask: bit n
/// is the field of number n.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_quoted_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| mask(ticket.quoted_fields())) }
}

/// A text field with its HTML entities decoded: `Tom &amp; Jerry` becomes "Tom & Jerry". For people to read;
/// never put it into a web page unescaped, and take out control characters before it reaches a terminal.
///
/// `*text` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_NONE` if the reply did not
/// carry the field, or carried null; `GETTICKETS_ERROR_KIND` if the field is no text,
/// `GETTICKETS_ERROR_ARGUMENT` if `field` is the number of none, `GETTICKETS_ERROR_INDEX` for a ticket past
/// the end of its page, `GETTICKETS_ERROR_NULL` if its page or `text` is NULL. `*text` is then left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_decoded_text(
    ticket: Ticket,
    field: field::Field,
    text: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_ticket asks; a place to write to, or NULL.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(text, "text")?) };
        let field = field::field(field)?;
        if field::kind(field.kind()) != GETTICKETS_KIND_TEXT {
            return Err(Failure::error(GETTICKETS_ERROR_KIND, format!("{field} is no text")));
        }
        let text = ticket.decoded_text(field).ok_or(Failure::Status(GETTICKETS_NONE))?;
        out.hand_out(OwnedText::of(text.into_owned()));
        Ok(())
    })
}

/// Returns how many fields the ticket has that are in no version's documentation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_extra_count(ticket: Ticket) -> usize {
    // SAFETY: the page is NULL or lives, as the comment on gettickets_ticket asks.
    unsafe { read(ticket, 0, |ticket| ticket.extra_json().count()) }
}

/// Copies those fields into an array, in the order in which they were sent: the first `capacity` of them. One
/// call reads all of them in one pass. Their texts belong to the page.
///
/// `*count` is how many were written; it may be NULL. `GETTICKETS_ERROR_INDEX` for a ticket past the end of its
/// page; `GETTICKETS_ERROR_NULL` if the page is NULL, or `extras` where `capacity` is not 0. Nothing is written
/// then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_extras(
    ticket: Ticket,
    extras: *mut Extra,
    capacity: usize,
    count: *mut usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_ticket asks.
        let ticket = unsafe { found(ticket) }?;
        if extras.is_null() && capacity > 0 {
            return Err(null("extras"));
        }
        let mut written = 0;
        for (name, json) in ticket.extra_json().take(capacity) {
            // SAFETY: an array of `capacity` elements, of which fewer were written.
            unsafe { extras.add(written).write(Extra { name: Text::of(name), json: Text::of(json) }) };
            written += 1;
        }
        // SAFETY: a place to write to, or NULL.
        if let Some(count) = unsafe { count.as_mut() } {
            *count = written;
        }
        Ok(())
    })
}
