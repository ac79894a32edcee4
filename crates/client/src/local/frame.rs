//! Finds the bridge's frames in the output of PHP.

use std::ops::Range;

use serde::Deserialize;

/// What the bridge reports.
#[derive(Debug)]
pub(super) enum Frame {
    /// The reply, at this place of the output.
    Reply {
        payload: Range<usize>,
    },
    Failure(Failure),
}

/// A failure as the bridge reports it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) details: Details,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    NoInit,
    NoLocalApi,
    Fatal,
    Exception,
    Exited,
    NotAnArray,
    Encoding,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) stage: String,
    pub(super) message: String,
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) output: String,
}

/// The last complete frame. A hook that runs at the end of PHP may print after it.
pub(super) fn last(output: &[u8], nonce: &str) -> Option<Frame> {
    let mark = format!("\n{nonce} ");
    // Searched from the front: the payload of a frame is skipped by its length, as a ticket may contain anything.
    let mut at = 0;
    let mut last = None;
    while let Some(found) = find(output.get(at..)?, mark.as_bytes()) {
        let head = at + found + mark.len();
        match frame_at(output, head) {
            Some((frame, end)) => {
                last = Some(frame);
                at = end;
            }
            None => at = head,
        }
    }
    last
}

/// The frame whose kind begins at `head`, and where its payload ends.
fn frame_at(output: &[u8], head: usize) -> Option<(Frame, usize)> {
    // A kind and a length are short; a longer line is not a frame.
    let rest = output.get(head..)?;
    let line = rest.get(..rest.iter().take(64).position(|byte| *byte == b'\n')?)?;
    let (kind, length) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let start = head + line.len() + 1;
    let end = start.checked_add(length.parse().ok()?)?;
    let payload = output.get(start..end)?;
    let failure = |kind| {
        let details = serde_json::from_slice(payload).unwrap_or_default();
        Frame::Failure(Failure { kind, details })
    };
    let frame = match kind {
        "json" | "xml" => Frame::Reply { payload: start..end },
        "no-init" => failure(FailureKind::NoInit),
        "no-local-api" => failure(FailureKind::NoLocalApi),
        "fatal" => failure(FailureKind::Fatal),
        "exception" => failure(FailureKind::Exception),
        "exit" => failure(FailureKind::Exited),
        "not-an-array" => failure(FailureKind::NotAnArray),
        "encoding" => failure(FailureKind::Encoding),
        _ => return None,
    };
    Some((frame, end))
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    let first = *mark.first()?;
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|byte| *byte == first)?;
        if text.get(at..)?.starts_with(mark) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(output: &str) -> Option<&str> {
        match last(output.as_bytes(), "N")? {
            Frame::Reply { payload } => output.get(payload),
            Frame::Failure(_) => None,
        }
    }

    #[test]
    fn the_last_complete_frame_is_used() {
        for (output, payload) in [
            ("\nN json 2\n{}", Some("{}")),
            ("Notice: x\n\nN json 2\n{}bye", Some("{}")),
            ("\nN json 2\nab\nN json 2\ncd", Some("cd")),
            // A ticket that contains a frame is inside a frame, and is skipped with it.
            ("\nN json 12\n\nN json 2\nxx", Some("\nN json 2\nxx")),
            ("\nN json 3\n{}", None),
            ("\nN json 99999999999999999999\n{}", None),
            ("\nN other 2\n{}", None),
            ("\nM reply 2\n{}", None),
            ("", None),
        ] {
            assert_eq!(reply(output), payload, "{output:?}");
        }
    }

    #[test]
    fn a_failure_has_its_details() {
        let Some(Frame::Failure(failure)) = last(b"\nN fatal 14\n{\"message\":\"\"}", "N") else {
            panic!("a failure")
        };
        assert_eq!(failure.kind, FailureKind::Fatal);
    }
}
