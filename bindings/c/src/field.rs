//! Fields by number: their constants, the table of them, and sets as masks.

use gettickets_protocol as protocol;
use gettickets_protocol::{FIELD_COUNT, FIELDS, FieldSet};

use crate::failure::Failure;
use crate::guard::{self, argument};
use crate::text::Text;
use crate::time::ServerVersion;

/// A field of a ticket: `GETTICKETS_FIELD_ID` and so on. Later releases may add fields; `gettickets_fields`
/// lists those of the library at run time.
pub type Field = i32;

/// `id`: internal id of the ticket, unique in its install.
pub const GETTICKETS_FIELD_ID: Field = 0;
/// `tid`: public ticket number.
pub const GETTICKETS_FIELD_TID: Field = 1;
/// `deptid`: id of the department the ticket is in.
pub const GETTICKETS_FIELD_DEPTID: Field = 2;
/// `userid`: id of the customer the ticket belongs to; 0 if none.
pub const GETTICKETS_FIELD_USERID: Field = 3;
/// `name`: name of the person who opened the ticket.
pub const GETTICKETS_FIELD_NAME: Field = 4;
/// `owner_name`: name of the customer that owns the ticket. Since server version 8.0.
pub const GETTICKETS_FIELD_OWNER_NAME: Field = 5;
/// `email`: email address of the person who opened the ticket.
pub const GETTICKETS_FIELD_EMAIL: Field = 6;
/// `requestor_name`: name of the requestor; null on tickets older than the field. Since server version 8.0.
pub const GETTICKETS_FIELD_REQUESTOR_NAME: Field = 7;
/// `requestor_email`: email address of the requestor. Since server version 8.0.
pub const GETTICKETS_FIELD_REQUESTOR_EMAIL: Field = 8;
/// `requestor_type`: type of the requestor. Since server version 8.0.
pub const GETTICKETS_FIELD_REQUESTOR_TYPE: Field = 9;
/// `cc`: addresses that get copies, separated by commas.
pub const GETTICKETS_FIELD_CC: Field = 10;
/// `c`: access key: anyone who has `tid` and `c` can open the ticket.
pub const GETTICKETS_FIELD_C: Field = 11;
/// `date`: when the ticket was opened.
pub const GETTICKETS_FIELD_DATE: Field = 12;
/// `subject`: subject line, HTML-encoded as the server stores it.
pub const GETTICKETS_FIELD_SUBJECT: Field = 13;
/// `status`: status.
pub const GETTICKETS_FIELD_STATUS: Field = 14;
/// `priority`: priority.
pub const GETTICKETS_FIELD_PRIORITY: Field = 15;
/// `admin`: name of the admin who opened the ticket, or empty.
pub const GETTICKETS_FIELD_ADMIN: Field = 16;
/// `attachment`: stored names of the attachments, separated by vertical bars.
pub const GETTICKETS_FIELD_ATTACHMENT: Field = 17;
/// `attachments`: attachments of the opening message. Since server version 7.10.
pub const GETTICKETS_FIELD_ATTACHMENTS: Field = 18;
/// `attachments_removed`: whether the attachments were removed.
pub const GETTICKETS_FIELD_ATTACHMENTS_REMOVED: Field = 19;
/// `lastreply`: when the ticket was last replied to.
pub const GETTICKETS_FIELD_LASTREPLY: Field = 20;
/// `flag`: id of the admin the ticket is flagged to; 0 for none.
pub const GETTICKETS_FIELD_FLAG: Field = 21;
/// `service`: related service.
pub const GETTICKETS_FIELD_SERVICE: Field = 22;

/// The type of a field: `GETTICKETS_KIND_INTEGER` and so on.
pub type FieldKind = i32;

/// An unsigned 64-bit integer.
pub const GETTICKETS_KIND_INTEGER: FieldKind = 1;
/// Text.
pub const GETTICKETS_KIND_TEXT: FieldKind = 2;
/// A date and time in the install's time zone.
pub const GETTICKETS_KIND_TIME: FieldKind = 3;
/// A boolean.
pub const GETTICKETS_KIND_BOOLEAN: FieldKind = 4;
/// A list of attachments.
pub const GETTICKETS_KIND_ATTACHMENTS: FieldKind = 5;

/// A set of fields: bit n is the field with number n.
pub type FieldMask = u64;

/// A row of the table of fields.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FieldSpec {
    /// The field.
    pub field: Field,
    /// Its type.
    pub kind: FieldKind,
    /// The first server version known to send it.
    pub since: ServerVersion,
    /// 1 if servers of that version or later may leave it out.
    pub optional: u8,
    /// 1 if it grants access and must not be logged.
    pub sensitive: u8,
    /// Its name in the reply.
    pub name: Text,
    /// Its meaning in one line.
    pub meaning: Text,
}

/// The number of the field in each row of the field history. Rows are in wire order, so a new field may be inserted
/// between others, but its number is greater than all others.
const NUMBERS: [Field; FIELD_COUNT] = {
    let mut numbers = [0; FIELD_COUNT];
    let mut row = 0;
    while row < FIELD_COUNT {
        #[allow(
            clippy::indexing_slicing,
            reason = "evaluated at compile time, where an error fails the build"
        )]
        {
            numbers[row] = number(FIELDS[row].field);
        }
        row += 1;
    }
    numbers
};

/// Whether every number is equal to its row, so that a field set is its own mask.
const NUMBERS_ARE_ROWS: bool = {
    let mut row = 0;
    let mut same = true;
    while row < FIELD_COUNT {
        #[allow(
            clippy::indexing_slicing,
            reason = "evaluated at compile time, where an error fails the build"
        )]
        {
            same &= NUMBERS[row] == row as Field;
        }
        row += 1;
    }
    same
};

/// The number of a field. A new field in the field history does not compile here until it has a number.
#[allow(clippy::panic, reason = "the table is made when compiled, where a slip fails the build")]
const fn number(field: protocol::Field) -> Field {
    use protocol::Field as F;
    match field {
        F::Id => GETTICKETS_FIELD_ID,
        F::Tid => GETTICKETS_FIELD_TID,
        F::Deptid => GETTICKETS_FIELD_DEPTID,
        F::Userid => GETTICKETS_FIELD_USERID,
        F::Name => GETTICKETS_FIELD_NAME,
        F::OwnerName => GETTICKETS_FIELD_OWNER_NAME,
        F::Email => GETTICKETS_FIELD_EMAIL,
        F::RequestorName => GETTICKETS_FIELD_REQUESTOR_NAME,
        F::RequestorEmail => GETTICKETS_FIELD_REQUESTOR_EMAIL,
        F::RequestorType => GETTICKETS_FIELD_REQUESTOR_TYPE,
        F::Cc => GETTICKETS_FIELD_CC,
        F::C => GETTICKETS_FIELD_C,
        F::Date => GETTICKETS_FIELD_DATE,
        F::Subject => GETTICKETS_FIELD_SUBJECT,
        F::Status => GETTICKETS_FIELD_STATUS,
        F::Priority => GETTICKETS_FIELD_PRIORITY,
        F::Admin => GETTICKETS_FIELD_ADMIN,
        F::Attachment => GETTICKETS_FIELD_ATTACHMENT,
        F::Attachments => GETTICKETS_FIELD_ATTACHMENTS,
        F::AttachmentsRemoved => GETTICKETS_FIELD_ATTACHMENTS_REMOVED,
        F::Lastreply => GETTICKETS_FIELD_LASTREPLY,
        F::Flag => GETTICKETS_FIELD_FLAG,
        F::Service => GETTICKETS_FIELD_SERVICE,
        _ => panic!("a field of the field history has no number here"),
    }
}

/// The number of a kind.
#[allow(clippy::panic, reason = "the table is made when compiled, where a slip fails the build")]
pub(crate) const fn kind(kind: protocol::FieldKind) -> FieldKind {
    match kind {
        protocol::FieldKind::Integer => GETTICKETS_KIND_INTEGER,
        protocol::FieldKind::Text => GETTICKETS_KIND_TEXT,
        protocol::FieldKind::DateTime => GETTICKETS_KIND_TIME,
        protocol::FieldKind::Boolean => GETTICKETS_KIND_BOOLEAN,
        protocol::FieldKind::Attachments => GETTICKETS_KIND_ATTACHMENTS,
        _ => panic!("a kind of field has no number here"),
    }
}

struct Table([FieldSpec; FIELD_COUNT]);

// SAFETY: its pointers point to texts that are part of the program and never change.
unsafe impl Sync for Table {}

static TABLE: Table = Table({
    let nothing = FieldSpec {
        field: 0,
        kind: 0,
        since: ServerVersion { major: 0, minor: 0, patch: 0 },
        optional: 0,
        sensitive: 0,
        name: Text::EMPTY,
        meaning: Text::EMPTY,
    };
    let mut table = [nothing; FIELD_COUNT];
    let mut row = 0;
    while row < FIELD_COUNT {
        #[allow(
            clippy::indexing_slicing,
            reason = "evaluated at compile time, where an error fails the build"
        )]
        let spec = &FIELDS[row];
        #[allow(
            clippy::indexing_slicing,
            reason = "evaluated at compile time, where an error fails the build"
        )]
        {
            table[row] = FieldSpec {
                field: NUMBERS[row],
                kind: kind(spec.kind),
                since: ServerVersion::of(spec.since),
                optional: spec.optional as u8,
                sensitive: spec.sensitive as u8,
                name: Text::of(spec.name),
                meaning: Text::of(spec.meaning),
            };
        }
        row += 1;
    }
    table
});

/// The number of a field.
pub(crate) fn number_of(field: protocol::Field) -> Field {
    NUMBERS.get(field as usize).copied().unwrap_or(-1)
}

/// The field with a number.
pub(crate) fn field(number: Field) -> Result<protocol::Field, Failure> {
    let row = NUMBERS.iter().position(|known| *known == number);
    let spec = row.and_then(|row| FIELDS.get(row));
    spec.map(|spec| spec.field).ok_or_else(|| argument(format!("{number} is not the number of a field")))
}

/// A set of fields as a mask.
#[inline]
pub(crate) fn mask(set: FieldSet) -> FieldMask {
    if NUMBERS_ARE_ROWS {
        return set.bits().into();
    }
    set.iter().fold(0, |mask, field| mask | 1 << number_of(field))
}

/// Returns the static table of all fields, in the order in which servers write them, and sets `*count` to its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_fields(count: *mut usize) -> *const FieldSpec {
    guard::value(std::ptr::null(), || {
        // SAFETY: `count` is NULL or writable, as documented.
        match unsafe { guard::Out::new(count, "count") } {
            Ok(out) => {
                out.put(TABLE.0.len());
                TABLE.0.as_ptr()
            }
            Err(_) => std::ptr::null(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_round_trip() {
        let mut seen = 0_u64;
        for one in protocol::Field::all() {
            let number = number_of(one);
            assert!(number >= 0 && seen & 1 << number == 0, "{one}");
            seen |= 1 << number;
            assert_eq!(field(number).ok(), Some(one));
        }
        assert!(field(-1).is_err() && field(FIELD_COUNT as Field).is_err());
        assert_eq!(mask(FieldSet::ALL), seen);
    }

    #[test]
    fn the_table_matches_the_field_history() {
        for (row, spec) in TABLE.0.iter().zip(FIELDS) {
            assert_eq!((row.name.len, row.meaning.len), (spec.name.len(), spec.meaning.len()));
            assert_eq!((row.optional, row.sensitive), (spec.optional.into(), spec.sensitive.into()));
            assert_eq!(field(row.field).ok(), Some(spec.field));
        }
    }
}
