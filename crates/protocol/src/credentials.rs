//! Credentials in the forms that servers accept.
//!
//! No secret appears in `Debug`, `Display` or an error, and each is wiped from memory when dropped. `Debug` shows the
//! kind of the credentials only; an admin's user name is not shown either.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use crate::hash::md5_hex;
use crate::redact::Redactor;

/// The credentials that a request authenticates with.
///
/// ```
/// use gettickets_protocol::Credentials;
/// let credentials = Credentials::api("IDENTIFIER", "SECRET").with_access_key("hunter2")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials(API identifier and secret, access key)");
/// # Ok::<(), gettickets_protocol::InvalidCredentials>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(crate) login: Login,
    pub(crate) access_key: Option<Zeroizing<String>>,
}

/// The login of a request, without the access key.
#[derive(Clone)]
pub(crate) enum Login {
    /// Since server version 7.2.
    Api { identifier: Zeroizing<String>, secret: Zeroizing<String> },
    /// The only kind before 7.2, and still accepted.
    Admin { username: Zeroizing<String>, password_md5: Zeroizing<String> },
}

impl Credentials {
    /// Credentials of an API identifier and its secret. Since server version 7.2.
    pub fn api(identifier: impl Into<String>, secret: impl Into<String>) -> Credentials {
        let (identifier, secret) = (Zeroizing::new(identifier.into()), Zeroizing::new(secret.into()));
        Credentials { login: Login::Api { identifier, secret }, access_key: None }
    }

    /// Credentials of an admin's user name and password. The password is hashed at once; only its MD5 is stored and
    /// sent, as the API requires.
    pub fn admin(username: impl Into<String>, password: impl Into<String>) -> Credentials {
        let password = Zeroizing::new(password.into());
        Credentials::admin_hashed(username, md5_hex(&password))
    }

    /// Credentials of an admin's user name and the MD5 of the password, 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials::NotAnMd5`] if the text is not an MD5, such as a plain password.
    pub fn admin_md5(
        username: impl Into<String>,
        password_md5: impl Into<String>,
    ) -> Result<Credentials, InvalidCredentials> {
        let password_md5 = Zeroizing::new(password_md5.into());
        let is_md5 = password_md5.len() == 32 && password_md5.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_md5 {
            return Err(InvalidCredentials::NotAnMd5);
        }
        Ok(Credentials::admin_hashed(username, Zeroizing::new(password_md5.to_ascii_lowercase())))
    }

    fn admin_hashed(username: impl Into<String>, password_md5: Zeroizing<String>) -> Credentials {
        let username = Zeroizing::new(username.into());
        Credentials { login: Login::Admin { username, password_md5 }, access_key: None }
    }

    /// Adds the access key. With it, the server does not check the IP address.
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials`] if the key is empty or has a character that servers do not accept. They accept ASCII
    /// letters, digits and `! @ # $ % . ( ) * [ ] - _`.
    pub fn with_access_key(mut self, key: impl Into<String>) -> Result<Credentials, InvalidCredentials> {
        let key = Zeroizing::new(key.into());
        if key.is_empty() {
            return Err(InvalidCredentials::EmptyAccessKey);
        }
        let is_invalid = |at: &char| !at.is_ascii_alphanumeric() && !"!@#$%.()*[]-_".contains(*at);
        if let Some(position) = key.chars().position(|at| is_invalid(&at)) {
            return Err(InvalidCredentials::AccessKeyCharacter { position });
        }
        self.access_key = Some(key);
        Ok(self)
    }

    /// Checks that no part is empty or only white space. The usual cause is an environment variable that is set to an
    /// empty value.
    ///
    /// ```
    /// use gettickets_protocol::{Credentials, InvalidCredentials};
    /// let unset = Credentials::api("IDENTIFIER", "").check();
    /// assert_eq!(unset, Err(InvalidCredentials::Empty { what: "secret" }));
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidCredentials::Empty`], which names the first empty part.
    pub fn check(&self) -> Result<(), InvalidCredentials> {
        let blank = |text: &str| text.trim().is_empty();
        let what = match &self.login {
            Login::Api { identifier, .. } if blank(identifier) => "identifier",
            Login::Api { secret, .. } if blank(secret) => "secret",
            Login::Admin { username, .. } if blank(username) => "user name",
            Login::Admin { password_md5, .. } if **password_md5 == *md5_hex("") => "password",
            _ => return Ok(()),
        };
        Err(InvalidCredentials::Empty { what })
    }

    /// Describes the credentials without any secret: `API identifier and secret` or `admin user name and password`,
    /// followed by `, access key` if there is one.
    pub fn kind(&self) -> &'static str {
        match (&self.login, &self.access_key) {
            (Login::Api { .. }, None) => "API identifier and secret",
            (Login::Api { .. }, Some(_)) => "API identifier and secret, access key",
            (Login::Admin { .. }, None) => "admin user name and password",
            (Login::Admin { .. }, Some(_)) => "admin user name and password, access key",
        }
    }

    /// Returns a [`Redactor`] of these secrets, for server text, which may echo the request. Build it once and reuse
    /// it.
    ///
    /// The secrets are the API identifier, the API secret, the MD5 of an admin's password and the access key. An
    /// admin's user name is not redacted: it is often a common word such as `admin`, and does not authenticate by
    /// itself.
    pub fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets().map(|secret| secret.as_str()))
    }

    /// Replaces every secret of these credentials in a text by `[redacted]`. An admin's user name is not a secret. For
    /// several texts, reuse [a redactor](Credentials::redactor).
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor().redact(text)
    }

    /// Returns the length of all credentials together, in bytes.
    pub(crate) fn text_len(&self) -> usize {
        let (Login::Api { identifier: user, secret } | Login::Admin { username: user, password_md5: secret }) =
            &self.login;
        user.len() + secret.len() + self.access_key.as_ref().map_or(0, |key| key.len())
    }

    fn secrets(&self) -> impl Iterator<Item = &Zeroizing<String>> {
        let pair = match &self.login {
            Login::Api { identifier, secret } => [secret, identifier],
            Login::Admin { password_md5, username: _ } => [password_md5, password_md5],
        };
        pair.into_iter().chain(&self.access_key)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.kind())
    }
}

/// Error for invalid credentials, found before anything is sent. It contains nothing of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// The text given as the MD5 of a password is not 32 hexadecimal digits.
    NotAnMd5,
    /// A part is empty, or only white space.
    Empty {
        /// The part: `identifier`, `secret`, `user name` or `password`.
        what: &'static str,
    },
    /// The access key is empty.
    EmptyAccessKey,
    /// The access key has a character that servers do not accept.
    AccessKeyCharacter {
        /// Its position, counted in characters from 0.
        position: usize,
    },
}

impl fmt::Display for InvalidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidCredentials::NotAnMd5 => f.write_str("the MD5 of a password has 32 hexadecimal digits"),
            InvalidCredentials::Empty { what } => write!(f, "the {what} is empty"),
            InvalidCredentials::EmptyAccessKey => f.write_str("the access key is empty"),
            InvalidCredentials::AccessKeyCharacter { position } => write!(
                f,
                "character {} of the access key is not accepted by servers; \
                 allowed are ASCII letters, digits and ! @ # $ % . ( ) * [ ] - _",
                position + 1
            ),
        }
    }
}

impl std::error::Error for InvalidCredentials {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        for credentials in [Credentials::api("who-am-i", "s3cr3t"), Credentials::admin("who-am-i", "s3cr3t")]
        {
            let shown = format!("{:?}", credentials.with_access_key("k3y!").unwrap());
            assert!(!shown.contains("s3cr3t") && !shown.contains("who-am-i") && !shown.contains("k3y!"));
        }
    }

    #[test]
    fn passwords_are_sent_as_md5() {
        let Login::Admin { password_md5, .. } = Credentials::admin("admin", "password").login else {
            panic!("an admin's login");
        };
        assert_eq!(*password_md5, "5f4dcc3b5aa765d61d8327deb882cf99");
        assert!(Credentials::admin_md5("admin", "password").is_err());
        assert!(Credentials::admin_md5("admin", password_md5.to_uppercase()).is_ok());
    }

    #[test]
    fn the_error_says_what_is_not_valid() {
        let message = |error: Result<Credentials, InvalidCredentials>| error.unwrap_err().to_string();
        let with_key = |key: &str| message(Credentials::api("i", "s").with_access_key(key));
        assert_eq!(
            message(Credentials::admin_md5("admin", "password")),
            "the MD5 of a password has 32 hexadecimal digits"
        );
        assert_eq!(with_key(""), "the access key is empty");
        assert!(with_key("ab c").starts_with("character 3 of the access key is not accepted"));
        assert_eq!(InvalidCredentials::Empty { what: "secret" }.to_string(), "the secret is empty");
    }

    #[test]
    fn the_empty_part_is_named() {
        for (credentials, empty) in [
            (Credentials::api("i", "s"), None),
            (Credentials::api("", ""), Some("identifier")),
            (Credentials::api(" \n", "s"), Some("identifier")),
            (Credentials::api("i", ""), Some("secret")),
            (Credentials::admin("admin", "password"), None),
            (Credentials::admin("", "password"), Some("user name")),
            (Credentials::admin("admin", ""), Some("password")),
            (Credentials::admin_md5("admin", "D41D8CD98F00B204E9800998ECF8427E").unwrap(), Some("password")),
        ] {
            let wanted = empty.map_or(Ok(()), |what| Err(InvalidCredentials::Empty { what }));
            assert_eq!(credentials.check(), wanted);
        }
    }

    #[test]
    fn access_keys_accept_the_documented_characters() {
        let api = Credentials::api("i", "s");
        assert!(api.clone().with_access_key("aZ09!@#$%.()*[]-_").is_ok());
        assert_eq!(
            api.clone().with_access_key("abc def").unwrap_err(),
            InvalidCredentials::AccessKeyCharacter { position: 3 }
        );
        assert_eq!(api.with_access_key("").unwrap_err(), InvalidCredentials::EmptyAccessKey);
    }

    #[test]
    fn an_echoed_request_is_redacted_in_every_encoding() {
        let credentials = Credentials::api("identifier", "se cr&t").with_access_key("key(1)").unwrap();
        let echo = "secret=se+cr%26t&identifier=identifier accesskey=key%281%29 raw: se cr&t";
        let shown = credentials.redact(echo);
        assert!(!shown.contains("cr%26t") && !shown.contains("se cr&t") && !shown.contains("key%281%29"));
        let page = Credentials::api("identifier", "a<b>/c\"d")
            .redact("a&lt;b&gt;/c&quot;d a<b>\\/c\\\"d")
            .into_owned();
        assert_eq!(page, "[redacted] [redacted]");
        let hashed = Credentials::admin("admin", "password");
        assert_eq!(hashed.redact("5f4dcc3b5aa765d61d8327deb882cf99"), "[redacted]");
        assert_eq!(hashed.redact("nothing of ours"), "nothing of ours");
    }
}
