//! Findings: what a reply bent, and where.
//!
//! A reply that departs from the documented shape in a known way is read all the same, and says so here.
//! Findings of one kind are counted together, with the first few places, so that their size is bounded
//! however many tickets are bent alike.

use std::fmt;

use crate::Field;

/// How many places of one finding are kept.
const PLACES: usize = 16;

/// One way in which a reply departed from the documented shape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was bent.
    pub kind: FindingKind,
    /// The field concerned, where it is one.
    pub field: Option<Field>,
    /// How often it was met.
    pub count: usize,
    /// The first 16 places, such as `tickets.ticket[3].date`.
    pub places: Vec<String>,
    /// What was there, bounded in length, where it helps to know.
    pub detail: Option<String>,
}

macro_rules! finding_kinds {
    ($($(#[$doc:meta])+ $variant:ident $code:literal $meaning:literal,)+) => {
        /// The known ways in which replies depart from the documented shape.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $($(#[$doc])+ $variant,)+
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [FindingKind] = &[$(FindingKind::$variant),+];

            /// A stable name for programs, such as `leading-text`.
            pub const fn code(self) -> &'static str {
                match self { $(FindingKind::$variant => $code,)+ }
            }

            /// What it means, in a few words.
            pub const fn meaning(self) -> &'static str {
                match self { $(FindingKind::$variant => $meaning,)+ }
            }
        }
    };
}

finding_kinds! {
    /// A UTF-8 byte order mark stands before the reply.
    ByteOrderMark "byte-order-mark" "a byte order mark stands before the reply",
    /// Text such as a PHP notice stands before the reply.
    LeadingText "leading-text" "text stands before the reply",
    /// `result` is missing, or is called `status`.
    ResultSpelling "result-spelling" "the result is missing or under another name",
    /// `totalresults`, `startnumber` or `numreturned` is missing.
    MissingCount "missing-count" "a count is missing",
    /// `numreturned` is not the number of tickets in the page.
    CountMismatch "count-mismatch" "numreturned is not the number of tickets in the page",
    /// The empty list is spelled in another way than `{"ticket":[]}`.
    EmptySpelling "empty-spelling" "an empty list is spelled in another way",
    /// One ticket stands by itself rather than in a list of one.
    SingleObject "single-object" "one object stands in place of a list",
    /// A list is an object with numbers for keys, as PHP writes an array with gaps.
    NumericKeys "numeric-keys" "a list is an object with numbers for keys",
    /// The tickets stand right under `tickets`, without `ticket`.
    BareList "bare-list" "the list stands right under tickets",
    /// A ticket lacks a field that every version sends.
    MissingField "missing-field" "a field that every version sends is missing",
    /// A field other than `requestor_name` is null.
    NullField "null-field" "a field is null",
    /// A number is an empty text; it is read as 0.
    EmptyNumber "empty-number" "a number is empty and read as 0",
    /// A text is sent as a number.
    NumberForText "number-for-text" "a text is sent as a number",
    /// A date is neither a date nor a zero date; it is read as none and kept as text.
    UnreadableDate "unreadable-date" "a date can't be read; it is kept as text",
    /// A key stands twice in one object; the last counts.
    DuplicateKey "duplicate-key" "a key stands twice; the last counts",
    /// The reply is in a declared encoding other than UTF-8, and was read in it.
    DeclaredEncoding "declared-encoding" "the reply is in a declared encoding other than UTF-8",
    /// Bytes that are no text in the reply's encoding were replaced by U+FFFD.
    ReplacedBytes "replaced-bytes" "bytes that are no text were replaced by U+FFFD",
    /// A control character that XML forbids stands in a text; it is kept.
    ForbiddenCharacter "forbidden-character" "a control character that XML forbids is kept",
    /// A key that nothing is known of stands where no unknown value can be kept; it was not read.
    UnreadKey "unread-key" "an unknown key was not read",
    /// A list came as name-value pairs, which cannot tell where a value ends.
    FlatList "flat-list" "a list came as flat name-value pairs",
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.meaning())?;
        if let Some(place) = self.places.first() {
            write!(f, " (at {place}")?;
            match self.count {
                0 | 1 => f.write_str(")")?,
                count => write!(f, " and {} more)", count - 1)?,
            }
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

/// Findings as they are gathered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    /// Notes one finding; its place is only worked out while it will be kept.
    pub(crate) fn note(
        &mut self,
        kind: FindingKind,
        field: Option<Field>,
        place: impl FnOnce() -> String,
        detail: Option<String>,
    ) {
        let same = |finding: &&mut Finding| finding.kind == kind && finding.field == field;
        match self.0.iter_mut().find(same) {
            Some(finding) => {
                finding.count += 1;
                if finding.places.len() < PLACES {
                    finding.places.push(place());
                }
            }
            None => self.0.push(Finding { kind, field, count: 1, places: vec![place()], detail }),
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [Finding] {
        &mut self.0
    }

    pub(crate) fn as_slice(&self) -> &[Finding] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_one_kind_are_counted_together_and_bounded() {
        let mut findings = Findings::default();
        for index in 0..100 {
            let place = || format!("tickets.ticket[{index}].date");
            findings.note(FindingKind::UnreadableDate, Some(Field::Date), place, Some("\"soon\"".into()));
        }
        let [finding] = findings.as_slice() else { panic!("one finding") };
        assert_eq!((finding.count, finding.places.len()), (100, PLACES));
        assert_eq!(
            finding.to_string(),
            "a date can't be read; it is kept as text (at tickets.ticket[0].date and 99 more): \"soon\""
        );
    }

    #[test]
    fn codes_are_told_apart() {
        let mut codes: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), FindingKind::ALL.len());
    }
}
