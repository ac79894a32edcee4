//! [`Request`]: what to ask for, and its form body.

use std::ffi::c_char;
use std::ptr;

use gettickets_protocol::{GetTickets, ResponseType};

use crate::credentials::Credentials;
use crate::failure::{Error, Failure};
use crate::guard::{self, Out, argument, exclusive, guard, guard_telling, shared, text};
use crate::result::ResultCode;
use crate::settings::{Settings, put};
use crate::text::OwnedText;

/// The parameters of a call, of which there are eight. One that is not set is not sent, and the server's default
/// holds. Free
/// it with `gettickets_request_free`; what it is given to copies it.
///
/// A setter that fails leaves the parameter as it was and returns a code; the request keeps its first failure, and
/// every call that it is given to returns it. So the codes of setters need not be checked.
///
/// One thread at a time may set; many may use a request that nobody sets.
pub struct Request {
    request: Settings<GetTickets>,
}

/// The format of the reply that a request asks for.
pub type Format = i32;

/// `json`, which the documentation recommends.
pub const GETTICKETS_FORMAT_JSON: Format = 0;
/// `xml`, which also names the server's version.
pub const GETTICKETS_FORMAT_XML: Format = 1;
/// `nvp`, deprecated; it can't represent a list.
pub const GETTICKETS_FORMAT_NVP: Format = 2;

/// The format of a number.
pub(crate) fn format(number: Format) -> Result<ResponseType, Failure> {
    match number {
        GETTICKETS_FORMAT_JSON => Ok(ResponseType::Json),
        GETTICKETS_FORMAT_XML => Ok(ResponseType::Xml),
        GETTICKETS_FORMAT_NVP => Ok(ResponseType::Nvp),
        _ => Err(argument(format!("{number} is the number of no format"))),
    }
}

/// A copy of the parameters; NULL stands for none, which are the server's defaults.
///
/// # Safety
///
/// `request` is NULL or lives, and nobody sets it meanwhile.
pub(crate) unsafe fn asked(request: *const Request) -> Result<GetTickets, Failure> {
    // SAFETY: the caller's promise.
    match unsafe { request.as_ref() } {
        Some(request) => request.request.get().cloned(),
        None => Ok(GetTickets::default()),
    }
}

/// # Safety
///
/// `request` is NULL or lives, and nobody else uses it meanwhile.
unsafe fn set(
    request: *mut Request,
    change: impl FnOnce(&mut GetTickets) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: the caller's promise.
    guard(|| unsafe { exclusive(request, "request") }?.request.set(change))
}

/// A request with the server's defaults: the first 25 tickets of the departments that the API user
/// is in.
///
/// It is the caller's: free it with `gettickets_request_free`. NULL only where a defect of this library was
/// caught. May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_request_new() -> *mut Request {
    guard::value(ptr::null_mut(), || {
        Box::into_raw(Box::new(Request { request: Settings::new(GetTickets::default()) }))
    })
}

/// Makes a copy of a request, with its first failure if it has one. Setting one does not change the other.
///
/// `*copy` is the caller's: free it with `gettickets_request_free`. `GETTICKETS_ERROR_NULL` if either is NULL;
/// `*copy` is then left as it is. No other thread may set the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_copy(
    request: *const Request,
    copy: *mut *mut Request,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_request asks; a place to write to, or NULL.
        let (request, out) = unsafe { (shared(request, "request")?, Out::new(copy, "copy")?) };
        out.hand_out(Request { request: request.request.clone() });
        Ok(())
    })
}

/// Offset of the first record. Server default: 0. A scan takes none.
///
/// `GETTICKETS_ERROR_NULL` if `request` is NULL. No other thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_limitstart(request: *mut Request, limitstart: u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks.
    unsafe { set(request, |asked| put(&mut asked.limitstart, Some(limitstart))) }
}

/// Number of records. Server default: 25; a server may send fewer. For a scan, the most
/// to request at a time.
///
/// `GETTICKETS_ERROR_NULL` if `request` is NULL. No other thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_limitnum(request: *mut Request, limitnum: u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks.
    unsafe { set(request, |asked| put(&mut asked.limitnum, Some(limitnum))) }
}

/// Only tickets of this department.
///
/// `GETTICKETS_ERROR_NULL` if `request` is NULL. No other thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_deptid(request: *mut Request, deptid: u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks.
    unsafe { set(request, |asked| put(&mut asked.deptid, Some(deptid))) }
}

/// Only tickets of this client.
///
/// `GETTICKETS_ERROR_NULL` if `request` is NULL. No other thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_clientid(request: *mut Request, clientid: u64) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks.
    unsafe { set(request, |asked| put(&mut asked.clientid, Some(clientid))) }
}

/// Only tickets of this address that belongs to no client.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_NULL` if either is NULL. No other
/// thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_email(request: *mut Request, email: *const c_char) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks; a text with a NUL behind it, or NULL.
    unsafe { set(request, |asked| put(&mut asked.email, Some(text(email, "email")?.to_owned()))) }
}

/// Only tickets of this status: any that the install has, or `Awaiting Reply`, `All Active Tickets` or `My
/// Flagged Tickets`, which stand for several.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_NULL` if either is NULL. No other
/// thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_status(
    request: *mut Request,
    status: *const c_char,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks; a text with a NUL behind it, or NULL.
    unsafe { set(request, |asked| put(&mut asked.status, Some(text(status, "status")?.into()))) }
}

/// Only tickets whose subject contains this, by the server's approximate matching.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_NULL` if either is NULL. No other
/// thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_subject(
    request: *mut Request,
    subject: *const c_char,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks; a text with a NUL behind it, or NULL.
    unsafe { set(request, |asked| put(&mut asked.subject, Some(text(subject, "subject")?.to_owned()))) }
}

/// Other than 0: do not restrict to the departments that the API user is a member of. Server default: 0.
///
/// `GETTICKETS_ERROR_NULL` if `request` is NULL. No other thread may use the request meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_ignore_dept_assignments(
    request: *mut Request,
    ignore: i32,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_request asks.
    unsafe { set(request, |asked| put(&mut asked.ignore_dept_assignments, Some(ignore != 0))) }
}

/// The whole form body, to be sent with POST to `includes/api.php` below the install's address as
/// `application/x-www-form-urlencoded`; for programs with an HTTP library of their own. Pass the body of the response
/// to `gettickets_decode`, whatever its HTTP status. `request` may be NULL, for what the server gives by
/// default; `format` is `GETTICKETS_FORMAT_JSON` or one of its like.
///
/// `*body` holds the credentials. It is the caller's: `gettickets_string_free` wipes and frees it.
/// `GETTICKETS_ERROR_ARGUMENT` if `format` is the number of none, `GETTICKETS_ERROR_NULL` if `credentials` or
/// `body` is NULL, or the request's first failure; `*body` is then left as it is. Many threads may use one
/// request that nobody sets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_encode(
    request: *const Request,
    credentials: *const Credentials,
    format: Format,
    body: *mut *mut OwnedText,
    error: *mut *mut Error,
) -> ResultCode {
    let encode = || {
        // SAFETY: as the comments on the handles ask; a place to write to, or NULL.
        let (asked, held, out) =
            unsafe { (asked(request)?, shared(credentials, "credentials")?, Out::new(body, "body")?) };
        let body = asked.encode(&held.credentials, self::format(format)?);
        out.hand_out(OwnedText::secret(&body));
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, encode) }
}

/// The parameters alone as a form body, without action or credentials.
///
/// `*parameters` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_NULL` if either is
/// NULL, or the request's first failure; `*parameters` is then left as it is. Many threads may use one
/// request that nobody sets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_parameters(
    request: *const Request,
    parameters: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_request asks; a place to write to, or NULL.
        let (request, out) = unsafe { (shared(request, "request")?, Out::new(parameters, "parameters")?) };
        out.hand_out(OwnedText::of(request.request.get()?.parameters()));
        Ok(())
    })
}

/// Frees a request. NULL is ignored. No other thread may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_free(request: *mut Request) {
    // SAFETY: the request is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(request) }
}
