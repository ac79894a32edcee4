//! [`TicketValues`]: all fields of a ticket at once; [`Value`]: one field, by number.

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

/// All fields of a ticket, for `gettickets_ticket_read`. Later releases may add members at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TicketValues {
    /// The fields that the reply has, null or not.
    pub fields: FieldMask,
    /// The fields that the reply has as null.
    pub null_fields: FieldMask,
    /// Internal id.
    pub id: u64,
    /// Id of the department.
    pub deptid: u64,
    /// Id of the customer; 0 if none.
    pub userid: u64,
    /// Id of the admin the ticket is flagged to; 0 for none.
    pub flag: u64,
    /// Public ticket number.
    pub tid: Text,
    /// Name of the person who opened the ticket.
    pub name: Text,
    /// Name of the customer that owns the ticket. Optional.
    pub owner_name: Text,
    /// Email address of the person who opened the ticket.
    pub email: Text,
    /// Name of the requestor. Optional.
    pub requestor_name: Text,
    /// Email address of the requestor. Optional.
    pub requestor_email: Text,
    /// Type of the requestor. Optional.
    pub requestor_type: Text,
    /// Addresses that get copies.
    pub cc: Text,
    /// Access key of the ticket. Do not log it.
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
    /// Number of attachments, for `gettickets_ticket_attachment_at`.
    pub attachment_count: usize,
    /// When it was opened.
    pub date: Time,
    /// When it was last replied to.
    pub lastreply: Time,
    /// Whether the attachments were removed: 1 or 0; -1 if the reply does not have the field.
    pub attachments_removed: i32,
    /// Always 0.
    pub reserved: i32,
}

// The last member ends where the structure ends, so that a member that is added later is beyond what this
// release writes.
const _: () = assert!(offset_of!(TicketValues, reserved) + size_of::<i32>() == size_of::<TicketValues>());

// The texts are in the order of the fields, without gaps.
const _: () = assert!(
    offset_of!(TicketValues, service) - offset_of!(TicketValues, tid)
        == (TicketRef::TEXT_COUNT - 1) * size_of::<Text>()
        && offset_of!(TicketValues, date_text) - offset_of!(TicketValues, tid) == 9 * size_of::<Text>()
        && offset_of!(TicketValues, lastreply_text) - offset_of!(TicketValues, tid) == 15 * size_of::<Text>()
);

impl TicketValues {
    /// Writes the fields of a ticket to their members.
    ///
    /// # Safety
    ///
    /// `values` is writable.
    #[inline(always)]
    unsafe fn write(values: *mut TicketValues, ticket: TicketRef<'_>) {
        // SAFETY: guaranteed by the caller; no unwritten memory is read, and nothing is written after the last
        // text.
        unsafe {
            let first = &raw mut (*values).tid;
            let mut written = 0;
            ticket.for_each_text(|text| {
                assert!(written < TicketRef::TEXT_COUNT);
                first.add(written).write(Text::of_bytes(text));
                written += 1;
            });
            assert!(written == TicketRef::TEXT_COUNT);
            let (fields, null) = (ticket.fields(), ticket.null_fields());
            let has = fields.difference(null);
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
            (&raw mut (*values).fields).write(mask(fields));
            (&raw mut (*values).null_fields).write(mask(null));
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

/// Reads all fields of a ticket, faster than reading them one by one. `size` is `sizeof *values`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_read(
    ticket: Ticket,
    values: *mut TicketValues,
    size: usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_ticket.
        let ticket = unsafe { found(ticket) }?;
        if values.is_null() {
            return Err(null("values"));
        }
        // SAFETY: `size` bytes are writable.
        let values = unsafe { Grown::new(values, size, "gettickets_ticket_values") }?;
        values.zero_tail();
        // SAFETY: writable, and at least as large as this structure.
        unsafe { TicketValues::write(values.place(), ticket) };
        Ok(())
    })
}

/// The value of any field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// The type of the field.
    pub kind: FieldKind,
    /// 1 if the field is null; the other members are then empty.
    pub is_null: i32,
    /// The integer; 1 or 0 for a boolean; the number of attachments.
    pub integer: u64,
    /// The text; for a time, as the server wrote it.
    pub text: Text,
    /// The time.
    pub time: Time,
}

/// Gets the value of any field, for loops over `gettickets_fields`. `GETTICKETS_NONE` if the reply lacks the field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_value(
    ticket: Ticket,
    field: field::Field,
    value: *mut Value,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_ticket; NULL or writable.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(value, "value")?) };
        let field = field::field(field)?;
        let found = ticket.value(field).ok_or(Failure::Status(GETTICKETS_NONE))?;
        let kind = field::kind(field.kind());
        let nothing = Value { kind, is_null: 0, integer: 0, text: Text::EMPTY, time: Time::NONE };
        out.put(match found {
            protocol::FieldValue::Null => Value { is_null: 1, ..nothing },
            protocol::FieldValue::Integer(integer) => Value { integer, ..nothing },
            protocol::FieldValue::Text(text) | protocol::FieldValue::UnreadableDate(text) => {
                Value { text: Text::of(text), ..nothing }
            }
            protocol::FieldValue::DateTime(time) => {
                Value { text: Text::of(ticket.text(field)), time: Time::of(time), ..nothing }
            }
            protocol::FieldValue::Boolean(truth) => Value { integer: truth.into(), ..nothing },
            protocol::FieldValue::Attachments(list) => Value { integer: list.len() as u64, ..nothing },
            _ => nothing,
        });
        Ok(())
    })
}

/// Returns 1 if the reply has this field, null or not, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_has_field(ticket: Ticket, field: field::Field) -> i32 {
    let carries =
        |ticket: TicketRef<'_>| field::field(field).is_ok_and(|field| ticket.has_field(field)).into();
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, carries) }
}

/// Returns the fields that the reply has, null or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| mask(ticket.fields())) }
}

/// Returns the fields that the reply has as null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_null_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| mask(ticket.null_fields())) }
}

/// Returns the integers and booleans that the reply has as text, which is how servers usually send integers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_quoted_fields(ticket: Ticket) -> FieldMask {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| mask(ticket.quoted_fields())) }
}

/// Decodes the HTML entities of a text field: `Tom &amp; Jerry` becomes "Tom & Jerry". Escape the result before
/// putting it into HTML. `GETTICKETS_NONE` if the field is missing or null, `GETTICKETS_ERROR_KIND` if it is not
/// a text field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_decoded_text(
    ticket: Ticket,
    field: field::Field,
    text: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_ticket; NULL or writable.
        let (ticket, out) = unsafe { (found(ticket)?, Out::new(text, "text")?) };
        let field = field::field(field)?;
        if field::kind(field.kind()) != GETTICKETS_KIND_TEXT {
            return Err(Failure::error(GETTICKETS_ERROR_KIND, format!("{field} is not a text field")));
        }
        let text = ticket.decoded_text(field).ok_or(Failure::Status(GETTICKETS_NONE))?;
        out.hand_out(OwnedText::of(text.into_owned()));
        Ok(())
    })
}

/// Returns the number of unknown fields of a ticket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_extra_count(ticket: Ticket) -> usize {
    // SAFETY: the page is NULL or valid, as documented at gettickets_ticket.
    unsafe { read(ticket, 0, |ticket| ticket.extra_json().count()) }
}

/// Copies the first `capacity` unknown fields of a ticket into an array, in the order in which they were sent.
/// `*count` is set to the number copied; `count` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_ticket_extras(
    ticket: Ticket,
    extras: *mut Extra,
    capacity: usize,
    count: *mut usize,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_ticket.
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
        // SAFETY: NULL or writable.
        if let Some(count) = unsafe { count.as_mut() } {
            *count = written;
        }
        Ok(())
    })
}
