//! Findings: known deviations of a reply from the documented format, and where they are.
//!
//! Such a reply is accepted, and its deviations are reported. Findings of the same kind and field are counted together,
//! with the first few places and tickets, so that their size is bounded.

use std::fmt;

use crate::redact::Redactor;
use crate::{Field, text};

/// The most places, and the most tickets, that a finding lists.
const MAX_KEPT: usize = 16;
/// How many indexes of tickets a finding holds.
const MAX_INDEXES: usize = 4096;
/// The most characters of a place.
const MAX_PLACE: usize = 200;

/// A deviation of a reply from the documented format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The kind of deviation.
    pub kind: FindingKind,
    /// The field concerned, if any.
    pub field: Option<Field>,
    /// The number of occurrences.
    pub count: usize,
    /// Where the first 16 occurrences are. Each is the path of a value, such as `tickets.ticket[3].date`, or `byte` and
    /// an offset in the body for text around the reply, such as `byte 0`.
    pub places: Vec<String>,
    /// The ids of the first 16 tickets concerned, in the order of the reply; empty if it concerns no ticket.
    pub tickets: Vec<u64>,
    /// The value of the first occurrence, truncated, if it helps.
    pub detail: Option<String>,
    /// For each of the first 4,096 occurrences in a ticket, the index of that ticket in the page. A scan uses them to
    /// count no occurrence twice. Empty after [`merge`](Finding::merge), since the indexes of several pages would be
    /// ambiguous.
    #[doc(hidden)]
    pub indexes: Vec<u32>,
}

impl Finding {
    /// Merges the findings of another reply into a total. Findings of the same kind and field are counted together,
    /// with the first 16 tickets and places, and the first detail.
    ///
    /// ```
    /// use gettickets_protocol::{Finding, decode};
    /// let mut total = Vec::new();
    /// for id in [7, 8] {
    ///     let page = decode(format!(r#"{{"result":"success","tickets":{{"ticket":[{{"id":{id},"cc":null}}]}}}}"#))?.into_page()?;
    ///     Finding::merge(&mut total, page.findings());
    /// }
    /// let nulls = total.iter().find(|finding| finding.kind.code() == "null-field").unwrap();
    /// assert_eq!((nulls.count, &*nulls.tickets), (2, &[7, 8][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge(total: &mut Vec<Finding>, others: &[Finding]) {
        for other in others {
            match total.iter_mut().find(|one| one.kind == other.kind && one.field == other.field) {
                None => total.push(Finding { indexes: Vec::new(), ..other.clone() }),
                Some(one) => {
                    one.count = one.count.saturating_add(other.count);
                    let room = MAX_KEPT.saturating_sub(one.places.len());
                    one.places.extend(other.places.iter().take(room).cloned());
                    other.tickets.iter().for_each(|id| one.add_ticket(*id));
                    one.detail = one.detail.take().or_else(|| other.detail.clone());
                }
            }
        }
    }

    fn add_ticket(&mut self, id: u64) {
        if self.tickets.len() < MAX_KEPT && !self.tickets.contains(&id) {
            self.tickets.push(id);
        }
    }
}

macro_rules! finding_kinds {
    ($($(#[$doc:meta])+ $variant:ident $code:literal $meaning:literal,)+) => {
        /// A known way in which replies deviate from the documented format.
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

            /// Its meaning in a few words.
            pub const fn meaning(self) -> &'static str {
                match self { $(FindingKind::$variant => $meaning,)+ }
            }
        }
    };
}

finding_kinds! {
    /// A UTF-8 byte order mark precedes the reply.
    ByteOrderMark "byte-order-mark" "a byte order mark precedes the reply",
    /// Text such as a PHP notice precedes the reply.
    LeadingText "leading-text" "text precedes the reply",
    /// Text such as a PHP notice follows the reply.
    TrailingText "trailing-text" "text follows the reply",
    /// `result` is missing, or is called `status`.
    ResultSpelling "result-spelling" "the result is missing or under another name",
    /// `totalresults`, `startnumber` or `numreturned` is missing.
    MissingCount "missing-count" "a count is missing",
    /// `numreturned` is not the number of tickets in the page.
    CountMismatch "count-mismatch" "numreturned is not the number of tickets in the page",
    /// `totalresults` states that there are tickets from this offset on, but the reply has none.
    MissingTickets "missing-tickets" "the server counts tickets but sent none",
    /// An empty list is in another notation, such as `""`, or a list has an empty entry, which is skipped.
    EmptySpelling "empty-spelling" "an empty list is spelled in another way",
    /// A single ticket or attachment is sent without a list around it.
    SingleObject "single-object" "a single object is in place of a list",
    /// A list is an object with numeric keys, as PHP writes an array with gaps.
    NumericKeys "numeric-keys" "a list is an object with numeric keys",
    /// The tickets are directly under `tickets`, without `ticket`.
    BareList "bare-list" "the list is directly under tickets",
    /// A list is inside another list, `[[…]]`, or under a key of its own as in XML, `[{"ticket":[…]}]`.
    NestedList "nested-list" "a list is nested one level deeper",
    /// A ticket lacks a field that every version sends, or an attachment lacks its file name or index.
    MissingField "missing-field" "a field that every version sends is missing",
    /// A field other than `requestor_name` is null.
    NullField "null-field" "a field is null",
    /// A number is an empty text; it is read as 0.
    EmptyNumber "empty-number" "a number is empty and read as 0",
    /// A text is sent as a number.
    NumberForText "number-for-text" "a text is sent as a number",
    /// A date is not in the notation `YYYY-MM-DD HH:MM:SS`; its local time is used.
    DateSpelling "date-spelling" "a date is spelled in another way; its local time is used",
    /// A date field is neither a date nor a zero date; it is kept as text.
    UnreadableDate "unreadable-date" "a date cannot be read; it is kept as text",
    /// A key occurs twice in one object; the last one is used.
    DuplicateKey "duplicate-key" "a key occurs twice; the last one is used",
    /// The reply declares an encoding other than UTF-8, and was decoded with it.
    DeclaredEncoding "declared-encoding" "the reply declares an encoding other than UTF-8",
    /// Invalid bytes were replaced by U+FFFD.
    ReplacedBytes "replaced-bytes" "invalid bytes were replaced by U+FFFD",
    /// A text has a control character that XML forbids; it is kept.
    ForbiddenCharacter "forbidden-character" "a control character that XML forbids is kept",
    /// An unknown key is where unknown values cannot be stored; it was ignored.
    UnreadKey "unread-key" "an unknown key was ignored",
    /// A list was sent as name-value pairs, in which the end of a value is ambiguous.
    FlatList "flat-list" "a list was sent as flat name-value pairs",
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
                0 | 1 => {}
                count => write!(f, " and {} more", count - 1)?,
            }
            if let Some(first) = self.tickets.first() {
                let (noun, more) = match self.tickets.len() {
                    1 => ("ticket", ""),
                    // A ticket can have several occurrences, so the number of tickets is unknown.
                    MAX_KEPT.. => ("tickets", " …"),
                    _ => ("tickets", ""),
                };
                write!(f, "; {noun} {first}")?;
                self.tickets.iter().skip(1).try_for_each(|id| write!(f, ", {id}"))?;
                f.write_str(more)?;
            }
            f.write_str(")")?;
        }
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

/// Collects findings, and redacts the server text in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    /// Indexes of the findings of the current ticket, whose id may not be known yet.
    ticket_findings: Vec<usize>,
    redactor: Option<Redactor>,
}

impl Findings {
    pub(crate) fn new(redactor: Option<Redactor>) -> Findings {
        Findings { redactor, ..Findings::default() }
    }

    /// Adds an occurrence. `place` is only called if the place will be listed.
    pub(crate) fn note(
        &mut self,
        kind: FindingKind,
        field: Option<Field>,
        place: impl FnOnce() -> String,
        detail: Option<String>,
    ) {
        self.add(kind, field, place, detail);
    }

    /// Adds an occurrence in the current ticket, which has this index in the page.
    pub(crate) fn note_ticket(
        &mut self,
        ticket: usize,
        kind: FindingKind,
        field: Option<Field>,
        place: impl FnOnce() -> String,
        detail: Option<String>,
    ) {
        let index = self.add(kind, field, place, detail);
        if let (Some(finding), Ok(ticket)) = (self.list.get_mut(index), u32::try_from(ticket))
            && finding.indexes.len() < MAX_INDEXES
        {
            finding.indexes.push(ticket);
        }
        if !self.ticket_findings.contains(&index) {
            self.ticket_findings.push(index);
        }
    }

    fn add(
        &mut self,
        kind: FindingKind,
        field: Option<Field>,
        place: impl FnOnce() -> String,
        detail: Option<String>,
    ) -> usize {
        let bounded_place = || text::excerpt(&place(), MAX_PLACE);
        let found = self.list.iter().position(|finding| finding.kind == kind && finding.field == field);
        match found.and_then(|index| Some((index, self.list.get_mut(index)?))) {
            Some((index, finding)) => {
                finding.count += 1;
                if finding.places.len() < MAX_KEPT {
                    finding.places.push(bounded_place());
                }
                finding.detail = finding.detail.take().or(detail);
                index
            }
            None => {
                let (places, tickets) = (vec![bounded_place()], Vec::new());
                let indexes = Vec::new();
                self.list.push(Finding { kind, field, count: 1, places, tickets, detail, indexes });
                self.list.len() - 1
            }
        }
    }

    /// Completes the current ticket, which has this id.
    pub(crate) fn end_ticket(&mut self, id: u64) {
        for index in self.ticket_findings.drain(..) {
            if let Some(finding) = self.list.get_mut(index) {
                finding.add_ticket(id);
            }
        }
    }

    /// Returns an excerpt of server text: redacted, then truncated and escaped.
    pub(crate) fn excerpt(&self, text: &str, max_chars: usize) -> String {
        match &self.redactor {
            Some(redactor) => redactor.excerpt(text, max_chars),
            None => text::excerpt(text, max_chars),
        }
    }

    pub(crate) fn redactor(&self) -> Option<&Redactor> {
        self.redactor.as_ref()
    }

    pub(crate) fn first(&self) -> Option<&Finding> {
        self.list.first()
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tickets_of_a_finding_are_listed_up_to_a_bound() {
        let mut findings = Findings::default();
        for index in 0..MAX_INDEXES + 5 {
            findings.note_ticket(index, FindingKind::UnreadableDate, Some(Field::Date), String::new, None);
            findings.end_ticket(index as u64);
        }
        let found = findings.into_list();
        let [finding] = found.as_slice() else { panic!("one finding") };
        assert_eq!((finding.count, finding.indexes.len()), (MAX_INDEXES + 5, MAX_INDEXES));
    }

    #[test]
    fn findings_of_one_kind_are_counted_together_and_bounded() {
        let mut findings = Findings::default();
        for index in 0..100_u64 {
            let place = || format!("tickets.ticket[{index}].date");
            findings.note_ticket(
                index as usize,
                FindingKind::UnreadableDate,
                Some(Field::Date),
                place,
                Some("\"soon\"".into()),
            );
            findings.end_ticket(1000 + index);
        }
        let found = findings.into_list();
        let [finding] = found.as_slice() else { panic!("one finding") };
        assert_eq!((finding.count, finding.places.len(), finding.tickets.len()), (100, MAX_KEPT, MAX_KEPT));
        assert_eq!(finding.indexes, (0..100).collect::<Vec<u32>>());
        assert_eq!(
            finding.to_string(),
            "a date cannot be read; it is kept as text (at tickets.ticket[0].date and 99 more; tickets 1000, 1001, 1002, \
             1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015 …): \"soon\""
        );
        let mut total = Vec::new();
        for _ in 0..3 {
            Finding::merge(&mut total, &found);
        }
        assert_eq!((total.len(), total[0].count, &total[0].tickets), (1, 300, &finding.tickets));
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), FindingKind::ALL.len());
    }
}
