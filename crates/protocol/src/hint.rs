//! What to try: a sentence or two for each error of a reply or of credentials. In one place for all bindings, as users
//! who bring an HTTP library of their own need it most.

use std::borrow::Cow;

use crate::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, InvalidCredentials, PageKind};

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
                "A text in a ticket of this page is not UTF-8. Request it with responsetype xml, or scan, which does so by \
                 itself."
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
    /// assert!(error.hint().contains("before includes/api.php"));
    /// ```
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            DecodeErrorKind::Empty => {
                "Check the HTTP status and the server's error log. A page that is too large for the server can end like \
                 this: request fewer tickets a page (limitnum)."
            }
            DecodeErrorKind::NotAReply { .. } => self.page_kind().unwrap_or(PageKind::Other).hint(),
            DecodeErrorKind::OtherCall { .. } => {
                "Check that the request's action is GetTickets, and that no proxy or cache serves another reply."
            }
            DecodeErrorKind::TooLarge { .. } => {
                "Request fewer tickets a page (limitnum), or allow larger replies."
            }
            DecodeErrorKind::Truncated => {
                "Try again; if it stays so, request fewer tickets a page (limitnum)."
            }
            DecodeErrorKind::InvalidUtf8 => "Request it with responsetype xml, which can carry such a page.",
            DecodeErrorKind::NoListInNvp => "Request it with responsetype json or xml.",
            DecodeErrorKind::Strict { .. } => "Decode it without strict to accept it as it is.",
            _ => "Save the reply and look at the place named; a plugin may print into the server's replies.",
        }
    }
}

impl InvalidCredentials {
    /// What to try, in a sentence or two of English.
    pub fn hint(&self) -> &'static str {
        match self {
            InvalidCredentials::Empty { .. } => {
                "Check its source: an environment variable may be set to nothing, or a file may be empty."
            }
            InvalidCredentials::NotAnMd5 => "Pass the password itself, which is hashed before it is sent.",
            InvalidCredentials::EmptyAccessKey => "Leave the access key out if the install has none.",
            InvalidCredentials::AccessKeyCharacter { .. } => {
                "Pass the access key as it is in the install's configuration.php."
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
    fn what_is_not_a_page_says_what_to_try() {
        for (body, part) in [
            ("", "limitnum"),
            ("<html>", "includes/api.php"),
            ("<h1>Down for maintenance</h1>", "maintenance mode is off"),
            ("Fatal error: Allowed memory size of 1 bytes exhausted", "memory_limit"),
            ("Output has been emitted previously in x.php", "prints something"),
            ("{\"result\":\"success\",\"clients\":{\"client\":[]}}", "action is GetTickets"),
            ("result=success;totalresults=1;numreturned=1;", "responsetype json or xml"),
            ("{\"result\":\"succ", "fewer tickets"),
            ("{\"result\":\"success\",\"tickets\":{\"ticket\":[{\"tid\":\"1\"}]}}", "the place named"),
        ] {
            let error = crate::decode(body).unwrap_err();
            assert!(error.hint().contains(part), "{body}: {}", error.hint());
        }
    }
}
