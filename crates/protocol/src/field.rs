//! The field history: one entry per field. It alone defines which fields a ticket has.
//!
//! The structs, decoders, encoders and language bindings are built from [`FIELDS`] or tested against it. To add a field
//! of a later server, add an entry here and follow the list in `CONTRIBUTING.md`, which names the other files in order
//! and, for each, the compile error or the test that fails as long as the field is missing there.

use std::fmt;

use crate::Version;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// An unsigned 64-bit integer, which servers send as a number or as a string.
    Integer,
    /// Text.
    Text,
    /// `YYYY-MM-DD HH:MM:SS` in the install's time zone. A zero date means that there is no date.
    DateTime,
    /// A boolean, which servers send as a boolean, a number or a string.
    Boolean,
    /// A list of [`Attachment`](crate::Attachment)s.
    Attachments,
}

/// One entry of the field history.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The field.
    pub field: Field,
    /// Its name on the wire.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// The first version known to send it.
    pub since: Version,
    /// Whether it is optional in every version: a server of version `since` or later may leave it out.
    pub optional: bool,
    /// Whether the value grants access, so that logs and `Debug` must not show it.
    pub sensitive: bool,
    /// Its meaning in one line.
    pub meaning: &'static str,
}

macro_rules! field_history {
    ($($variant:ident $name:literal $kind:ident $since:ident $([$($flag:ident)+])? $meaning:literal;)+) => {
        /// A field of a ticket.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`: ", $meaning)] $variant,)+
        }

        /// The field history, in the order in which servers write the fields.
        pub const FIELDS: [FieldSpec; [$($name),+].len()] = [
            $(FieldSpec {
                field: Field::$variant,
                name: $name,
                kind: FieldKind::$kind,
                since: Version::$since,
                optional: field_history!(@has optional $($($flag)+)?),
                sensitive: field_history!(@has sensitive $($($flag)+)?),
                meaning: $meaning,
            },)+
        ];
    };
    (@has optional optional) => { true };
    (@has sensitive sensitive) => { true };
    (@has $wanted:ident $($flag:ident)*) => { false };
}

field_history! {
    Id "id" Integer V1_0 "Internal id of the ticket, unique in its install.";
    Tid "tid" Text V1_0 "Public ticket number; mostly six digits, but masks give TST01 or ABC-12345.";
    Deptid "deptid" Integer V1_0 "Id of the department the ticket is in.";
    Userid "userid" Integer V1_0 "Id of the client the ticket belongs to; 0 for a non-client.";
    Name "name" Text V1_0 "Name of the person who opened the ticket.";
    OwnerName "owner_name" Text V8_0 "Name of the client that owns the ticket.";
    Email "email" Text V1_0 "Email address of the person who opened the ticket.";
    RequestorName "requestor_name" Text V8_0 "Name of the requestor; null on tickets older than the field.";
    RequestorEmail "requestor_email" Text V8_0 "Email address of the requestor.";
    RequestorType "requestor_type" Text V8_0 "Type of the requestor: Owner, Operator, or another word of the server.";
    Cc "cc" Text V1_0 "Addresses that get copies, separated by commas.";
    C "c" Text V1_0 [sensitive] "Access key of the ticket: anyone who has tid and c can open the ticket.";
    Date "date" DateTime V1_0 "When the ticket was opened, in the install's time zone.";
    Subject "subject" Text V1_0 "Subject line, HTML-encoded as the server stores it.";
    Status "status" Text V1_0 "Status, by default one of six words; installs configure their own.";
    Priority "priority" Text V1_0 "Priority: Low, Medium or High.";
    Admin "admin" Text V1_0 "Name of the admin who opened the ticket, or empty.";
    Attachment "attachment" Text V1_0 "Stored names of the attachments, separated by vertical bars.";
    Attachments "attachments" Attachments V7_10 "Attachments of the opening message, each a file name and an index.";
    AttachmentsRemoved "attachments_removed" Boolean V1_0 [optional] "Whether the attachments were removed. Optional in every version.";
    Lastreply "lastreply" DateTime V1_0 "When the ticket was last replied to, in the install's time zone.";
    Flag "flag" Integer V1_0 "Id of the admin the ticket is flagged to; 0 for none.";
    Service "service" Text V1_0 "Related service: S and its id, D and a domain's id, or empty.";
}

/// The number of fields of a ticket.
pub const FIELD_COUNT: usize = FIELDS.len();

// Compile-time checks: each entry is at the index of its field, no name or meaning is empty, names are unique, and a
// `FieldSet` has a bit for every field.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const _: () = {
    assert!(FIELD_COUNT <= 32, "FieldSet needs a wider integer");
    let mut entry = 0;
    while entry < FIELD_COUNT {
        assert!(FIELDS[entry].field as usize == entry);
        assert!(!FIELDS[entry].name.is_empty() && !FIELDS[entry].meaning.is_empty());
        let mut earlier = 0;
        while earlier < entry {
            assert!(!same_text(FIELDS[earlier].name, FIELDS[entry].name), "a name occurs twice");
            earlier += 1;
        }
        entry += 1;
    }
};

// Compile-time checks: `Version::MILESTONES` has exactly the versions of the field history, oldest first.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const _: () = {
    let mut entry = 0;
    while entry < FIELD_COUNT {
        assert!(is_milestone(FIELDS[entry].since), "add the field's version to Version::MILESTONES");
        entry += 1;
    }
    let mut milestone = 0;
    while milestone < Version::MILESTONES.len() {
        let version = Version::MILESTONES[milestone];
        let is_ascending = milestone == 0 || !Version::MILESTONES[milestone - 1].is_at_least(version);
        assert!(is_ascending, "Version::MILESTONES is not in ascending order");
        let mut entry = 0;
        while !is_same(FIELDS[entry].since, version) {
            entry += 1;
            assert!(entry < FIELD_COUNT, "a version of Version::MILESTONES added no field");
        }
        milestone += 1;
    }
};

const fn is_same(a: Version, b: Version) -> bool {
    a.is_at_least(b) && b.is_at_least(a)
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const fn is_milestone(version: Version) -> bool {
    let mut milestone = 0;
    while milestone < Version::MILESTONES.len() {
        if is_same(Version::MILESTONES[milestone], version) {
            return true;
        }
        milestone += 1;
    }
    false
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

impl Field {
    /// Returns the entry of this field in the history.
    #[allow(
        clippy::indexing_slicing,
        reason = "each entry is at the index of its field, checked at compile time"
    )]
    pub const fn spec(self) -> &'static FieldSpec {
        const ENTRIES: &[FieldSpec; FIELD_COUNT] = &FIELDS;
        &ENTRIES[self as usize]
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// Its type.
    pub const fn kind(self) -> FieldKind {
        self.spec().kind
    }

    /// The first version known to send it.
    pub const fn since(self) -> Version {
        self.spec().since
    }

    /// Returns the field with this wire name.
    ///
    /// ```
    /// use gettickets_protocol::{Field, Version};
    /// let field = Field::from_name("requestor_type").unwrap();
    /// assert_eq!(field.since(), Version::V8_0);
    /// assert_eq!(Field::from_name("deptname"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Field> {
        FIELDS.iter().find(|entry| entry.name == name).map(|entry| entry.field)
    }

    /// Iterates over all fields, in the order in which servers write them.
    pub fn all() -> impl ExactSizeIterator<Item = Field> + DoubleEndedIterator + Clone {
        FIELDS.iter().map(|entry| entry.field)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of fields, such as those that a ticket has.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FieldSet(u32);

impl FieldSet {
    /// No field.
    pub const EMPTY: FieldSet = FieldSet(0);
    /// Every field.
    pub const ALL: FieldSet = FieldSet(u32::MAX >> (32 - FIELD_COUNT));

    /// Returns the fields that a server of this version may send, including the optional ones. A version before 1.0 is
    /// treated as 1.0.
    ///
    /// ```
    /// use gettickets_protocol::{FieldSet, Version};
    /// let optional = FieldSet::known_to(Version::V8_0).difference(FieldSet::documented_for(Version::V8_0));
    /// assert_eq!(optional.to_string(), "attachments_removed");
    /// ```
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
    pub const fn known_to(version: Version) -> FieldSet {
        let version = if version.is_at_least(Version::V1_0) { version } else { Version::V1_0 };
        let mut bits = 0;
        let mut entry = 0;
        while entry < FIELD_COUNT {
            if version.is_at_least(FIELDS[entry].since) {
                bits |= 1 << entry;
            }
            entry += 1;
        }
        FieldSet(bits)
    }

    /// Returns the fields that a server of this version must send, without the optional ones: those that every ticket
    /// of such a server has.
    #[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
    pub const fn documented_for(version: Version) -> FieldSet {
        let mut bits = FieldSet::known_to(version).0;
        let mut entry = 0;
        while entry < FIELD_COUNT {
            if FIELDS[entry].optional {
                bits &= !(1 << entry);
            }
            entry += 1;
        }
        FieldSet(bits)
    }

    /// Returns whether the set has this field.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }

    /// Adds a field.
    pub const fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    /// Removes a field.
    pub const fn remove(&mut self, field: Field) {
        self.0 &= !(1 << field as u32);
    }

    /// Returns the fields that are in either set.
    #[must_use]
    pub const fn union(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 | other.0)
    }

    /// Returns the fields that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & other.0)
    }

    /// Returns the fields that are in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & !other.0)
    }

    /// Returns the set as a bit mask: bit n is entry n of [`FIELDS`].
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the number of fields in the set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Iterates over the fields, in the order in which servers write them.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Field> + Clone {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let entry = FIELDS.get(rest.trailing_zeros() as usize)?;
            rest &= rest.wrapping_sub(1);
            Some(entry.field)
        })
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Field::name)).finish()
    }
}

/// The fields' names, separated by a comma and a space.
impl fmt::Display for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, field) in self.iter().enumerate() {
            if count > 0 {
                f.write_str(", ")?;
            }
            f.write_str(field.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_milestone_adds_what_the_documentation_says() {
        let added = |from, to| FieldSet::known_to(to).difference(FieldSet::known_to(from)).to_string();
        assert_eq!(added(Version::V1_0, Version::V7_10), "attachments");
        assert_eq!(
            added(Version::V7_10, Version::V8_0),
            "owner_name, requestor_name, requestor_email, requestor_type"
        );
        assert_eq!(FieldSet::known_to(Version::new(8, 13, 1)), FieldSet::ALL);
        assert_eq!(FieldSet::known_to(Version::new(7, 9, 0)), FieldSet::known_to(Version::V1_0));
        assert_eq!(FieldSet::known_to(Version::new(0, 5, 0)), FieldSet::known_to(Version::V1_0));
    }

    #[test]
    fn every_version_may_send_attachments_removed_and_none_must() {
        for version in Version::MILESTONES {
            assert!(FieldSet::known_to(version).contains(Field::AttachmentsRemoved));
            assert!(!FieldSet::documented_for(version).contains(Field::AttachmentsRemoved));
        }
    }

    #[test]
    fn the_bits_of_a_set_are_the_entries_of_its_fields() {
        let set: FieldSet = [Field::Id, Field::Deptid, Field::Service].into_iter().collect();
        assert_eq!(set.bits(), 1 | 1 << 2 | 1 << (FIELD_COUNT - 1));
        assert_eq!(FieldSet::EMPTY.bits(), 0);
    }

    #[test]
    fn sets_are_combined() {
        let set = |fields: &[Field]| fields.iter().copied().collect::<FieldSet>();
        let (one, other) = (set(&[Field::Id, Field::Tid]), set(&[Field::Tid, Field::Cc]));
        assert_eq!(one.union(other), set(&[Field::Id, Field::Tid, Field::Cc]));
        assert_eq!(one.intersection(other), set(&[Field::Tid]));
        assert_eq!(one.difference(other), set(&[Field::Id]));
    }

    #[test]
    fn names_are_converted_to_their_fields() {
        for field in Field::all() {
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(Field::all().filter(|field| field.spec().sensitive).count(), 1);
    }
}
