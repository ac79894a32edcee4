//! [`Credentials`]: the credentials of a request.

use std::ffi::c_char;

use gettickets_protocol as protocol;
use gettickets_protocol::InvalidCredentials;

use crate::failure::{Details, Error, Failure, hint_text};
use crate::guard::{self, Out, exclusive, guard, guard_with_error, shared, text};
use crate::result::{GETTICKETS_ERROR_CREDENTIALS, ResultCode};
use crate::text::OwnedText;

/// The credentials of a request. The texts are copied, and wiped when freed.
pub struct Credentials {
    pub(crate) credentials: protocol::Credentials,
}

impl Credentials {
    fn of(credentials: protocol::Credentials) -> Result<Credentials, InvalidCredentials> {
        credentials.check()?;
        Ok(Credentials { credentials })
    }
}

impl From<InvalidCredentials> for Failure {
    fn from(error: InvalidCredentials) -> Failure {
        let details = Details { hint: Some(hint_text(error.hint())), ..Details::default() };
        Failure::detailed(GETTICKETS_ERROR_CREDENTIALS, error.to_string(), details)
    }
}

/// Makes credentials of an API identifier and its secret. Since server version 7.2.
/// `GETTICKETS_ERROR_CREDENTIALS` if a text is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_api(
    identifier: *const c_char,
    secret: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: NUL-terminated texts and NULL or writable, as documented.
        let (identifier, secret, out) = unsafe {
            (text(identifier, "identifier")?, text(secret, "secret")?, Out::new(credentials, "credentials")?)
        };
        out.hand_out(Credentials::of(protocol::Credentials::api(identifier, secret))?);
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, body) }
}

/// Makes credentials of an admin's user name and password. Only the MD5 of the password is stored and sent.
/// `GETTICKETS_ERROR_CREDENTIALS` if a text is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_admin(
    username: *const c_char,
    password: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: NUL-terminated texts and NULL or writable, as documented.
        let (username, password, out) = unsafe {
            (text(username, "username")?, text(password, "password")?, Out::new(credentials, "credentials")?)
        };
        out.hand_out(Credentials::of(protocol::Credentials::admin(username, password))?);
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, body) }
}

/// Makes credentials of an admin's user name and the MD5 of the password, 32 hexadecimal digits.
/// `GETTICKETS_ERROR_CREDENTIALS` if it is not an MD5, or a text is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_admin_md5(
    username: *const c_char,
    password_md5: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: NUL-terminated texts and NULL or writable, as documented.
        let (username, md5, out) = unsafe {
            (
                text(username, "username")?,
                text(password_md5, "password_md5")?,
                Out::new(credentials, "credentials")?,
            )
        };
        out.hand_out(Credentials::of(protocol::Credentials::admin_md5(username, md5)?)?);
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, body) }
}

/// Adds the access key, which exempts a request from the server's list of allowed addresses.
/// `GETTICKETS_ERROR_CREDENTIALS` if it has other characters than ASCII letters, digits and `!@#$%.()*[]-_`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_set_access_key(
    credentials: *mut Credentials,
    access_key: *const c_char,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: credentials that are not used elsewhere and a NUL-terminated text, or NULL, as documented.
        let (held, key) =
            unsafe { (exclusive(credentials, "credentials")?, text(access_key, "access_key")?) };
        held.credentials = held.credentials.clone().with_access_key(key)?;
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, body) }
}

/// Redacts every secret of these credentials in a text, in all encodings in which servers echo them. For programs
/// with their own HTTP library, before they log server text. Secrets of fewer than 4 characters are not redacted
/// inside words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_redact(
    credentials: *const Credentials,
    server_text: *const c_char,
    redacted: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: credentials, a NUL-terminated text and NULL or writable, as documented.
        let (held, text, out) = unsafe {
            (
                shared(credentials, "credentials")?,
                text(server_text, "server_text")?,
                Out::new(redacted, "redacted")?,
            )
        };
        out.hand_out(OwnedText::of(held.credentials.redact(text).into_owned()));
        Ok(())
    })
}

/// Wipes and frees credentials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_free(credentials: *mut Credentials) {
    // SAFETY: the credentials are NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(credentials) }
}
