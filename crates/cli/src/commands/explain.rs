//! What to try, for errors of the protocol.

use gettickets_protocol::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind};

/// What to try when a body cannot be decoded.
pub(crate) fn decode_error(error: &DecodeError) -> String {
    match error.kind() {
        DecodeErrorKind::Empty => "Was the reply saved at all?",
        DecodeErrorKind::NotAReply { .. } => {
            "A firewall, a login or a maintenance page answers in place of the API; ask for the address that ends in includes/api.php"
        }
        DecodeErrorKind::Truncated => "Save the reply again: its end is missing",
        DecodeErrorKind::InvalidUtf8 => "Ask for the same page as XML, which can be read with such bytes in it",
        DecodeErrorKind::NoListInNvp => "Ask again with responsetype json or xml",
        DecodeErrorKind::Strict { .. } => "Without --strict it is read all the same",
        DecodeErrorKind::TooLarge { .. } => "Ask for fewer tickets with limitnum",
        _ => "If a server sent this, please report it with the reply, its names and addresses made up",
    }
    .to_owned()
}

/// What to try when the server answered with an error.
pub(crate) fn api_error(error: &ApiError) -> String {
    match error.class() {
        ApiErrorClass::Authentication => {
            "Check the identifier and the secret, and that the admin they belong to is active".to_owned()
        }
        ApiErrorClass::IpNotAllowed => {
            let address = error.seen_address().map_or("the address".to_owned(), |address| address.to_string());
            format!(
                "Add {address} to the server's API IP access restriction (General Settings, Security), or send an access key"
            )
        }
        ApiErrorClass::Permission => {
            "Give the API role of these credentials the permission GetTickets (API Credentials, API Roles)".to_owned()
        }
        ApiErrorClass::UnknownAction => "Is this the address of includes/api.php of the install?".to_owned(),
        ApiErrorClass::Encoding => {
            "A text on this page is not UTF-8; the same page as XML can be read, and `list` asks for that by itself".to_owned()
        }
        _ => String::new(),
    }
}
