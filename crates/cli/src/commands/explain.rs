//! Hints for replies that were saved or received before: what to do about an error of the protocol.

use gettickets_protocol::{ApiError, DecodeError, DecodeErrorKind};

use crate::connect;

/// What to do about a body that cannot be decoded.
pub(crate) fn decode_error(error: &DecodeError) -> String {
    match error.kind() {
        DecodeErrorKind::Empty => "Check that the reply was saved".to_owned(),
        DecodeErrorKind::Truncated => "Save the reply again: its end is missing".to_owned(),
        DecodeErrorKind::InvalidUtf8 => {
            "Save the same page with --responsetype xml, which can carry such bytes".to_owned()
        }
        DecodeErrorKind::NoListInNvp => "Save the reply with --responsetype json or xml".to_owned(),
        DecodeErrorKind::Strict { .. } => "Leave out --strict to accept the deviation".to_owned(),
        DecodeErrorKind::TooLarge { .. } => {
            "Save fewer tickets at a time, with a smaller --limitnum".to_owned()
        }
        DecodeErrorKind::NotAReply { .. } => connect::hint(error.hint()),
        _ => "If a server sent this, please report it with the reply; replace names and addresses first"
            .to_owned(),
    }
}

/// What to do about an error that the server returned.
pub(crate) fn api_error(error: &ApiError) -> String {
    connect::hint(&error.hint())
}
