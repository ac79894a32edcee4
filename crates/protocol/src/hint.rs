//! What to try: a sentence or two for each way in which a reply is no page, or credentials are none. In one place
//! for all faces, as those who bring an HTTP library of their own need it most.

use std::borrow::Cow;

use crate::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, InvalidCredentials};

impl ApiError {
    /// What to try, in a sentence or two of English.
    ///
    /// ```
    /// use gettickets_protocol::ApiError;
    /// assert!(ApiError::new("Invalid IP 203.0.113.7").hint().contains("203.0.113.7"));
    /// ```
    pub fn hint(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.class() {
            ApiErrorClass::Authentication => {
                "Check the identifier and the secret, and that the admin account behind them is active."
            }
            ApiErrorClass::IpNotAllowed => {
                let address =
                    self.seen_address().map_or("this machine's address".to_owned(), |at| at.to_string());
                return Cow::Owned(format!(
                    "The server sees the request come from {address}. Allow it in the install under General Settings, \
                     Security, API IP Access Restriction, or use an access key."
                ));
            }
            ApiErrorClass::Permission => {
                "Allow GetTickets in the API role of these credentials, or API access in the admin's role."
            }
            ApiErrorClass::UnknownAction => {
                "The server does not know GetTickets: check that the address is that of a WHMCS install, and its age."
            }
            ApiErrorClass::Encoding => {
                "A text in a ticket of this page is not UTF-8. Ask for xml, or scan, which goes around it."
            }
            ApiErrorClass::Other if self.says_no_admin() => {
                "Name an admin of the install for the call to run as."
            }
            ApiErrorClass::Other => "The install's API log (Configuration, System Logs) may say why.",
        })
    }

    /// The Local API of installs before 7.2 runs as an admin who must be named.
    fn says_no_admin(&self) -> bool {
        self.message().is_some_and(|message| message.to_ascii_lowercase().contains("admin user"))
    }
}

impl DecodeError {
    /// What to try, in a sentence or two of English.
    ///
    /// ```
    /// let error = gettickets_protocol::decode("<html><title>Log in</title></html>").unwrap_err();
    /// assert!(error.hint().contains("includes/api.php"));
    /// ```
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            DecodeErrorKind::Empty | DecodeErrorKind::NotAReply { .. } => {
                "Look at the HTTP status, and check that the address is the install's and that no firewall, login or \
                 maintenance page stands before includes/api.php."
            }
            DecodeErrorKind::TooLarge { .. } => {
                "Ask for fewer tickets a page (limitnum), or allow larger replies."
            }
            DecodeErrorKind::Truncated => {
                "Try again; if it stays so, ask for fewer tickets a page (limitnum)."
            }
            DecodeErrorKind::InvalidUtf8 => "Ask for xml, which can carry such a page.",
            DecodeErrorKind::NoListInNvp => "Ask for json or xml.",
            DecodeErrorKind::Strict { .. } => "Read it without strict to take it as it is.",
            _ => "Save the reply and look at the place named; a plugin may print into the server's replies.",
        }
    }
}

impl InvalidCredentials {
    /// What to try, in a sentence or two of English.
    pub fn hint(&self) -> &'static str {
        match self {
            InvalidCredentials::Empty { .. } => {
                "Look where it comes from: an environment variable may be set to nothing, or a file be empty."
            }
            InvalidCredentials::NotAnMd5 => "Give the password itself, which is hashed here.",
            InvalidCredentials::EmptyAccessKey => "Leave the access key out where there is none.",
            InvalidCredentials::AccessKeyCharacter { .. } => {
                "Give the access key as it stands in the install's configuration.php."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_to_try() {
        for (message, part) in [
            ("Authentication Failed", "secret"),
            ("Invalid IP 203.0.113.7", "come from 203.0.113.7"),
            ("Invalid IP", "this machine's address"),
            ("Invalid Permissions: API action \"gettickets\" is not allowed", "API role"),
            ("Action not found", "age"),
            ("Error generating JSON encoded response", "xml"),
            ("No matching admin user found", "Name an admin"),
            ("Something else", "API log"),
        ] {
            let hint = ApiError::new(message).hint();
            assert!(hint.contains(part), "{message}: {hint}");
        }
        assert!(ApiError::without_message().hint().contains("API log"));
    }

    #[test]
    fn what_is_no_reply_says_what_to_try() {
        for (body, part) in [
            ("", "includes/api.php"),
            ("<html>", "includes/api.php"),
            ("{\"result\":\"succ", "fewer tickets"),
            ("{\"result\":\"success\",\"tickets\":{\"ticket\":[{}]}}", "the place named"),
        ] {
            let error = crate::decode(body).unwrap_err();
            assert!(error.hint().contains(part), "{body}: {}", error.hint());
        }
    }
}
