//! [`ScanIncomplete`]: what a scan can't guarantee.

use std::borrow::Cow;
use std::fmt;

/// Why a scan can't guarantee that it returned every ticket once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanIncomplete {
    problem: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    nothing_sent: bool,
}

impl ScanIncomplete {
    /// An error with this problem, a sentence without its full stop.
    pub(crate) fn new(problem: impl Into<Cow<'static, str>>) -> ScanIncomplete {
        ScanIncomplete { problem: problem.into(), hint: None, nothing_sent: false }
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> ScanIncomplete {
        ScanIncomplete { hint: Some(hint.into()), ..self }
    }

    /// States that no request was sent.
    #[must_use]
    pub(crate) fn before_any_request(self) -> ScanIncomplete {
        ScanIncomplete { nothing_sent: true, ..self }
    }

    /// Whether the scan may have sent a request.
    pub(crate) fn may_have_been_sent(&self) -> bool {
        !self.nothing_sent
    }

    /// What can't be guaranteed.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    pub(crate) fn hint(&self) -> Option<Cow<'static, str>> {
        self.hint.clone()
    }
}

impl fmt::Display for ScanIncomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the scan is not complete: {}", self.problem)
    }
}

impl std::error::Error for ScanIncomplete {}
