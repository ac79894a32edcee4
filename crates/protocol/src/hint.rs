//! Hints: what the user can do about each error of a reply or of credentials.
//!
//! A hint names a setting in parentheses, such as `(limitnum)`. Each interface replaces it by the notation of its
//! users; see [`spell_settings`].

use std::borrow::Cow;

use crate::{ApiError, ApiErrorClass, DecodeError, DecodeErrorKind, InvalidCredentials, PageKind};

/// The settings that hints name in parentheses.
#[doc(hidden)]
pub const HINT_SETTINGS: [&str; 13] = [
    "allow_count_mismatch",
    "allow_plain_http",
    "ignore_dept_assignments",
    "limitnum",
    "max_requests",
    "max_response_len",
    "max_tickets",
    "php",
    "proxy",
    "responsetype",
    "root_certificates",
    "skip_unreadable",
    "timeout",
];

/// Replaces the settings that a hint names, as by `(--limitnum)` on the command line. `spell` returns the notation for
/// a name in [`HINT_SETTINGS`], or `None` to keep it.
#[doc(hidden)]
pub fn spell_settings<'h>(hint: &'h str, spell: impl Fn(&str) -> Option<&'static str>) -> Cow<'h, str> {
    let mut hint = Cow::Borrowed(hint);
    for setting in HINT_SETTINGS {
        let written = format!("({setting})");
        if hint.contains(&written)
            && let Some(replacement) = spell(setting)
        {
            hint = Cow::Owned(hint.replace(&written, &format!("({replacement})")));
        }
    }
    hint
}

impl ApiError {
    /// Returns what the user can do about the error, in one or two sentences.
    ///
    /// ```
    /// use gettickets_protocol::ApiError;
    /// assert!(ApiError::new("Invalid IP 203.0.113.7").hint().contains("203.0.113.7"));
    /// ```
    pub fn hint(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self.class() {
            ApiErrorClass::Authentication => {
                "Check the identifier and the secret, and that their admin account is active."
            }
            ApiErrorClass::IpNotAllowed => {
                let address =
                    self.seen_address().map_or("this machine's address".to_owned(), |at| at.to_string());
                return Cow::Owned(format!(
                    "The request comes from {address}. Allow this address in the install under General Settings, \
                     Security, API IP Access Restriction, or use an access key."
                ));
            }
            ApiErrorClass::Permission => {
                "Allow GetTickets in the API role of these credentials, or API access in the admin's role."
            }
            ApiErrorClass::UnknownAction => {
                "The server has no GetTickets call: check that the URL is that of a WHMCS install, and its version."
            }
            ApiErrorClass::Encoding => {
                "A text in a ticket of this page is not UTF-8. Request the page as XML (responsetype); a scan does so \
                 by itself."
            }
            ApiErrorClass::Other if self.needs_admin() => "Set the admin user that the call runs as.",
            ApiErrorClass::Other => "See the install's API log (Configuration, System Logs).",
        })
    }

    /// The Local API of installs before 7.2 needs the name of an admin.
    fn needs_admin(&self) -> bool {
        self.message().is_some_and(|message| message.to_ascii_lowercase().contains("admin user"))
    }
}

impl DecodeError {
    /// Returns what the user can do about the error, in one or two sentences.
    ///
    /// ```
    /// let error = gettickets_protocol::decode("<html><title>Log in</title></html>").unwrap_err();
    /// assert!(error.hint().contains("includes/api.php"));
    /// ```
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            DecodeErrorKind::Empty => {
                "Check the HTTP status and the server's error log. The page may be too large for the server: request \
                 fewer tickets per page (limitnum)."
            }
            DecodeErrorKind::NotAReply { .. } => self.page_kind().unwrap_or(PageKind::Other).hint(),
            DecodeErrorKind::OtherCall { .. } => {
                "Check that the action of the request is GetTickets, and that no proxy or cache sends another reply."
            }
            DecodeErrorKind::TooLarge { .. } => {
                "Request fewer tickets per page (limitnum), or allow larger replies (max_response_len)."
            }
            DecodeErrorKind::Truncated => {
                "Retry. If it happens again, request fewer tickets per page (limitnum)."
            }
            DecodeErrorKind::InvalidUtf8 => {
                "Request the page as XML (responsetype), in which invalid bytes are replaced."
            }
            DecodeErrorKind::NoListInNvp => "Request the page as JSON or XML (responsetype).",
            DecodeErrorKind::Strict { .. } => "Turn strict mode off to accept the reply.",
            _ => {
                "Save the reply and check the place given; a plugin of the install may print into its replies."
            }
        }
    }
}

impl InvalidCredentials {
    /// Returns what the user can do about the error, in one or two sentences.
    pub fn hint(&self) -> &'static str {
        match self {
            InvalidCredentials::Empty { .. } => {
                "Check where it comes from: an environment variable or a file may be empty."
            }
            InvalidCredentials::NotAnMd5 => "Pass the plain password; it is hashed before it is sent.",
            InvalidCredentials::EmptyAccessKey => "Omit the access key if the install has none.",
            InvalidCredentials::AccessKeyCharacter { .. } => {
                "Copy the access key from the install's configuration.php."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_spelled_as_the_user_writes_them() {
        let spell = |name: &str| (name == "limitnum").then_some("--limitnum");
        for (hint, spelled) in [
            ("Request fewer (limitnum), then (limitnum).", "Request fewer (--limitnum), then (--limitnum)."),
            ("Request it as XML (responsetype).", "Request it as XML (responsetype)."),
            ("The limitnum is not in parentheses.", "The limitnum is not in parentheses."),
        ] {
            assert_eq!(spell_settings(hint, spell), spelled);
        }
    }

    #[test]
    fn hints_name_what_helps() {
        for (kind, part) in [
            (DecodeErrorKind::TooLarge { limit: 1 }, "max_response_len"),
            (DecodeErrorKind::InvalidUtf8, "XML (responsetype)"),
        ] {
            let hint = DecodeError::new(kind).hint();
            assert!(hint.contains(part), "{hint}");
        }
        let strict = crate::Decoder::new().strict(true);
        let error =
            strict.decode("\u{feff}{\"result\":\"success\",\"tickets\":{\"ticket\":[]}}").unwrap_err();
        assert!(error.hint().contains("strict mode"), "{error:?}");
        for (error, part) in [
            (InvalidCredentials::NotAnMd5, "plain password"),
            (InvalidCredentials::Empty { what: "secret" }, "environment variable"),
            (InvalidCredentials::EmptyAccessKey, "Omit"),
            (InvalidCredentials::AccessKeyCharacter { position: 0 }, "configuration.php"),
        ] {
            assert!(error.hint().contains(part), "{error:?}");
        }
    }

    #[test]
    fn every_api_error_has_a_hint() {
        for (message, part) in [
            ("Authentication Failed", "secret"),
            ("Invalid IP 203.0.113.7", "comes from 203.0.113.7"),
            ("Invalid IP", "this machine's address"),
            ("Invalid Permissions: API action \"gettickets\" is not allowed", "API role"),
            ("Action not found", "version"),
            ("Error generating JSON encoded response", "XML"),
            ("No matching admin user found", "admin user"),
            ("Something else", "API log"),
        ] {
            let hint = ApiError::new(message).hint();
            assert!(hint.contains(part), "{message}: {hint}");
        }
        assert!(ApiError::without_message().hint().contains("API log"));
    }

    #[test]
    fn every_decode_error_has_a_hint() {
        for (body, part) in [
            ("", "limitnum"),
            ("<html>", "includes/api.php"),
            ("<h1>Down for maintenance</h1>", "maintenance mode is off"),
            ("Fatal error: Allowed memory size of 1 bytes exhausted", "memory_limit"),
            ("Output has been emitted previously in x.php", "prints output"),
            ("{\"result\":\"success\",\"clients\":{\"client\":[]}}", "action of the request is GetTickets"),
            ("result=success;totalresults=1;numreturned=1;", "JSON or XML"),
            ("{\"result\":\"succ", "fewer tickets"),
            ("{\"result\":\"success\",\"tickets\":{\"ticket\":[{\"tid\":\"1\"}]}}", "the place given"),
        ] {
            let error = crate::decode(body).unwrap_err();
            assert!(error.hint().contains(part), "{body}: {}", error.hint());
        }
    }
}
