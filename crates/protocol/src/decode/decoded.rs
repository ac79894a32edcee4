//! [`Decoded`] and [`Failed`]: what the decoder of one format returns.

use crate::finding::Findings;
use crate::{DecodeError, FindingKind, Reply};

/// The deepest nesting of lists and objects that is accepted. The documented format has six levels: the reply,
/// `tickets`, the list `ticket`, a ticket, the list `attachments` and an attachment.
pub(super) const MAX_DEPTH: usize = 64;

/// A decoded reply and its findings.
pub(super) struct Decoded {
    pub(super) reply: Reply,
    pub(super) findings: Findings,
}

/// A decode error and the body that caused it.
pub(super) struct Failed {
    pub(super) error: DecodeError,
    pub(super) body: Vec<u8>,
}

impl Decoded {
    /// Returns the reply, with the findings if it is a page. An API error has no findings.
    pub(super) fn into_reply(self) -> Reply {
        match self.reply {
            Reply::Tickets(page) => Reply::Tickets(page.with_findings(self.findings.into_list())),
            error @ Reply::Error(_) => error,
        }
    }
}

/// Reports a finding that is not about a field of a ticket. `place` is a path, or `byte` and an offset.
pub(super) fn note_top_level(findings: &mut Findings, kind: FindingKind, place: &str) {
    findings.note(kind, None, || place.to_owned(), None);
}
