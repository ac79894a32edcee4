//! Hints for errors in saved replies.

use gettickets_protocol::{ApiError, DecodeError, DecodeErrorKind};

use crate::connect;

/// Returns the hint for a body that cannot be decoded.
pub(crate) fn decode_error(error: &DecodeError) -> String {
    match error.kind() {
        DecodeErrorKind::Empty => "Check that the reply was saved".to_owned(),
        DecodeErrorKind::Truncated => "Save the reply again: it is truncated".to_owned(),
        DecodeErrorKind::InvalidUtf8 => {
            "Save the same page with --responsetype xml, in which invalid bytes are replaced".to_owned()
        }
        DecodeErrorKind::NoListInNvp => "Save the reply with --responsetype json or xml".to_owned(),
        DecodeErrorKind::Strict { .. } => "Omit --strict to accept the deviation".to_owned(),
        DecodeErrorKind::TooLarge { .. } => {
            "Save fewer tickets at a time, with a smaller --limitnum".to_owned()
        }
        DecodeErrorKind::NotAReply { .. } | DecodeErrorKind::OtherCall { .. } => connect::hint(error.hint()),
        _ => "If a server sent this, please report it with the reply; replace names and addresses first"
            .to_owned(),
    }
}

/// Returns the hint for an error of the API.
pub(crate) fn api_error(error: &ApiError) -> String {
    connect::hint(&error.hint())
}
