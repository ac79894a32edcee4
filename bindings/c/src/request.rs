//! [`Request`]: the parameters of a call, and their form body.

use std::ffi::c_char;
use std::ptr;

use gettickets_protocol::{GetTickets, ResponseType};

use crate::credentials::Credentials;
use crate::failure::{Error, Failure};
use crate::guard::{self, Out, argument, exclusive, guard, guard_with_error, shared, text};
use crate::result::ResultCode;
use crate::settings::{Settings, put};
use crate::text::OwnedText;

/// The parameters of a call. A parameter that is not set is not sent, so the server's default applies.
///
/// A setter that fails leaves the parameter unchanged and returns a code; the request keeps the first failure, and
/// every function that uses the request returns it. So the codes of its setters need no check.
pub struct Request {
    request: Settings<GetTickets>,
}

/// The format of a reply.
pub type Format = i32;

/// `json`, recommended by the documentation.
pub const GETTICKETS_FORMAT_JSON: Format = 0;
/// `xml`, which also states the version of the server.
pub const GETTICKETS_FORMAT_XML: Format = 1;
/// `nvp`, deprecated; it cannot represent a list.
pub const GETTICKETS_FORMAT_NVP: Format = 2;

/// The format of a number.
pub(crate) fn format(number: Format) -> Result<ResponseType, Failure> {
    match number {
        GETTICKETS_FORMAT_JSON => Ok(ResponseType::Json),
        GETTICKETS_FORMAT_XML => Ok(ResponseType::Xml),
        GETTICKETS_FORMAT_NVP => Ok(ResponseType::Nvp),
        _ => Err(argument(format!("{number} is not a format"))),
    }
}

/// A copy of the parameters; NULL means the server's defaults.
///
/// # Safety
///
/// `request` is NULL or valid, and not changed meanwhile.
pub(crate) unsafe fn parameters_of(request: *const Request) -> Result<GetTickets, Failure> {
    // SAFETY: guaranteed by the caller.
    match unsafe { request.as_ref() } {
        Some(request) => request.request.get().cloned(),
        None => Ok(GetTickets::default()),
    }
}

/// # Safety
///
/// `request` is NULL or valid, and not used elsewhere meanwhile.
unsafe fn set(
    request: *mut Request,
    change: impl FnOnce(&mut GetTickets) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: guaranteed by the caller.
    guard(|| unsafe { exclusive(request, "request") }?.request.set(change))
}

/// Makes a request with the server's defaults: the first 25 tickets of the departments of the API user.
#[unsafe(no_mangle)]
pub extern "C" fn gettickets_request_new() -> *mut Request {
    guard::value(ptr::null_mut(), || {
        Box::into_raw(Box::new(Request { request: Settings::new(GetTickets::default()) }))
    })
}

/// Copies a request, including its first failure if it has one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_copy(
    request: *const Request,
    copy: *mut *mut Request,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_request; NULL or writable.
        let (request, out) = unsafe { (shared(request, "request")?, Out::new(copy, "copy")?) };
        out.hand_out(Request { request: request.request.clone() });
        Ok(())
    })
}

/// Offset of the first ticket. Server default: 0. Not allowed for scans.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_limitstart(
    request: *mut Request,
    limitstart: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_request.
    unsafe { set(request, |parameters| put(&mut parameters.limitstart, Some(limitstart))) }
}

/// Number of tickets; the server may send fewer. Server default: 25. For a scan: the maximum for each of its requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_limitnum(request: *mut Request, limitnum: u64) -> ResultCode {
    // SAFETY: as documented at gettickets_request.
    unsafe { set(request, |parameters| put(&mut parameters.limitnum, Some(limitnum))) }
}

/// Only tickets of this department.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_deptid(request: *mut Request, deptid: u64) -> ResultCode {
    // SAFETY: as documented at gettickets_request.
    unsafe { set(request, |parameters| put(&mut parameters.deptid, Some(deptid))) }
}

/// Only tickets of the customer with this id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_clientid(request: *mut Request, clientid: u64) -> ResultCode {
    // SAFETY: as documented at gettickets_request.
    unsafe { set(request, |parameters| put(&mut parameters.clientid, Some(clientid))) }
}

/// Only tickets that were opened with this email address by someone who is not a customer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_email(
    request: *mut Request,
    email: *const c_char,
) -> ResultCode {
    // SAFETY: as documented at gettickets_request; a NUL-terminated text, or NULL.
    unsafe { set(request, |parameters| put(&mut parameters.email, Some(text(email, "email")?.to_owned()))) }
}

/// Only tickets of this status. A name such as `Open` selects that one status. `All Active Tickets` selects every
/// status that the install counts as active, `Awaiting Reply` every status that it counts as awaiting a reply, and
/// `My Flagged Tickets` the tickets that are flagged to the API user.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_status(
    request: *mut Request,
    status: *const c_char,
) -> ResultCode {
    // SAFETY: as documented at gettickets_request; a NUL-terminated text, or NULL.
    unsafe { set(request, |parameters| put(&mut parameters.status, Some(text(status, "status")?.into()))) }
}

/// Only tickets whose subject contains this text, by the server's approximate matching.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_subject(
    request: *mut Request,
    subject: *const c_char,
) -> ResultCode {
    // SAFETY: as documented at gettickets_request; a NUL-terminated text, or NULL.
    unsafe {
        set(request, |parameters| put(&mut parameters.subject, Some(text(subject, "subject")?.to_owned())))
    }
}

/// Not 0: includes departments that the API user is not assigned to. Server default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_set_ignore_dept_assignments(
    request: *mut Request,
    ignore: i32,
) -> ResultCode {
    // SAFETY: as documented at gettickets_request.
    unsafe { set(request, |parameters| put(&mut parameters.ignore_dept_assignments, Some(ignore != 0))) }
}

/// Encodes the complete form body, for programs with their own HTTP library. Send it with POST to
/// `includes/api.php` below the install's URL, with the content type `application/x-www-form-urlencoded`, and
/// pass the body of the response to `gettickets_decode`, whatever its HTTP status. `request` may be NULL, for the
/// server's defaults. `format` is one of `GETTICKETS_FORMAT_JSON` and so on. The result contains the credentials;
/// freeing it wipes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_encode(
    request: *const Request,
    credentials: *const Credentials,
    format: Format,
    body: *mut *mut OwnedText,
    error: *mut *mut Error,
) -> ResultCode {
    let encode = || {
        // SAFETY: as documented at the handles; NULL or writable.
        let (parameters, held, out) = unsafe {
            (parameters_of(request)?, shared(credentials, "credentials")?, Out::new(body, "body")?)
        };
        let body = parameters.encode(&held.credentials, self::format(format)?);
        out.hand_out(OwnedText::secret(&body));
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, encode) }
}

/// Encodes only the parameters as a form body, without action and credentials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_parameters(
    request: *const Request,
    parameters: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_request; NULL or writable.
        let (request, out) = unsafe { (shared(request, "request")?, Out::new(parameters, "parameters")?) };
        out.hand_out(OwnedText::of(request.request.get()?.parameters()));
        Ok(())
    })
}

/// Frees a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_request_free(request: *mut Request) {
    // SAFETY: the request is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(request) }
}
