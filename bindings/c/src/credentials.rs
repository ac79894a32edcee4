//! [`Credentials`]: what a request says to be let in.

use std::ffi::c_char;

use gettickets_protocol as protocol;
use gettickets_protocol::InvalidCredentials;

use crate::failure::{Details, Error, Failure, c_text};
use crate::guard::{self, Out, exclusive, guard, guard_telling, shared, text};
use crate::result::{GETTICKETS_ERROR_CREDENTIALS, ResultCode};
use crate::text::OwnedText;

/// The credentials of a request. Its texts are copies of the caller's, and wiped when it is freed. Free
/// it with `gettickets_credentials_free`; clients and requests copy what they need of it. Many threads may
/// use one that nobody changes.
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
        let details = Details { hint: Some(c_text(error.hint())), ..Details::default() };
        Failure::detailed(GETTICKETS_ERROR_CREDENTIALS, error.to_string(), details)
    }
}

/// An API identifier and its secret, which servers take since version 7.2.
///
/// `*credentials` is the caller's. `GETTICKETS_ERROR_CREDENTIALS` if a text is empty, as an environment
/// variable may be; `GETTICKETS_ERROR_UTF8` if one is not UTF-8, `GETTICKETS_ERROR_NULL` if a pointer other
/// than `error` is NULL. `*credentials` is then left as it is. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_api(
    identifier: *const c_char,
    secret: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: texts with a NUL behind them and a place to write to, or NULL, as the comment asks.
        let (identifier, secret, out) = unsafe {
            (text(identifier, "identifier")?, text(secret, "secret")?, Out::new(credentials, "credentials")?)
        };
        out.hand_out(Credentials::of(protocol::Credentials::api(identifier, secret))?);
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, body) }
}

/// An admin's user name and password. The password is hashed at once; only its MD5 is kept and sent, as the
/// server wants it.
///
/// `*credentials` is the caller's. `GETTICKETS_ERROR_CREDENTIALS` if a text is empty, as an environment
/// variable may be; `GETTICKETS_ERROR_UTF8` if one is not UTF-8, `GETTICKETS_ERROR_NULL` if a pointer other
/// than `error` is NULL. `*credentials` is then left as it is. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_admin(
    username: *const c_char,
    password: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: texts with a NUL behind them and a place to write to, or NULL, as the comment asks.
        let (username, password, out) = unsafe {
            (text(username, "username")?, text(password, "password")?, Out::new(credentials, "credentials")?)
        };
        out.hand_out(Credentials::of(protocol::Credentials::admin(username, password))?);
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, body) }
}

/// An admin's user name and the MD5 of the password, 32 hexadecimal digits.
///
/// `*credentials` is the caller's. `GETTICKETS_ERROR_CREDENTIALS` if the text is no MD5, as a plain password
/// would be, or either is empty; `GETTICKETS_ERROR_UTF8` if a text is not UTF-8, `GETTICKETS_ERROR_NULL` if a
/// pointer other than `error` is NULL. `*credentials` is then left as it is. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_admin_md5(
    username: *const c_char,
    password_md5: *const c_char,
    credentials: *mut *mut Credentials,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: texts with a NUL behind them and a place to write to, or NULL, as the comment asks.
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
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, body) }
}

/// Adds the access key, which lets a request past the server's list of allowed addresses.
///
/// `GETTICKETS_ERROR_CREDENTIALS` if it has a character that servers do not take: they take ASCII letters,
/// digits and `! @ # $ % . ( ) * [ ] - _`. `GETTICKETS_ERROR_UTF8` if it is not UTF-8,
/// `GETTICKETS_ERROR_NULL` if either is NULL. The credentials are then left as they are. No other thread may
/// use them meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_access_key(
    credentials: *mut Credentials,
    access_key: *const c_char,
    error: *mut *mut Error,
) -> ResultCode {
    let body = || {
        // SAFETY: credentials that nobody else uses and a text with a NUL behind it, or NULL, as the comment asks.
        let (held, key) =
            unsafe { (exclusive(credentials, "credentials")?, text(access_key, "access_key")?) };
        held.credentials = held.credentials.clone().with_access_key(key)?;
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, body) }
}

/// A text in which every secret of these credentials is redacted, in the spellings in which servers echo them; for
/// programs with an HTTP library of their own, before they log what a server sent. Secrets of fewer than 4
/// characters are left.
///
/// `*redacted` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_UTF8` if the text is
/// not UTF-8, `GETTICKETS_ERROR_NULL` if a pointer is NULL; `*redacted` is then left as it is. Many threads
/// may use one handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_redact(
    credentials: *const Credentials,
    server_text: *const c_char,
    redacted: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: credentials, a text with a NUL behind it and a place to write to, or NULL, as the comment asks.
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

/// Wipes and frees credentials. NULL is ignored. No other thread may use them any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_credentials_free(credentials: *mut Credentials) {
    // SAFETY: the credentials are NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(credentials) }
}
