//! [`Client`]: one request, one page.

use gettickets::transport::TransportErrorKind;
use gettickets::{Client as RustClient, ErrorKind, Pending};
use gettickets_protocol::DecodeErrorKind;

use crate::cancel::{CHECK_INTERVAL, Cancel, Flag, flag};
use crate::failure::{Details, Error, Failure, c_text, hint_text};
use crate::guard::{self, Out, guard, guard_with_error, shared};
use crate::page::Page;
use crate::process::{InUse, Origin};
use crate::request::{Request, parameters_of};
use crate::result::{
    GETTICKETS_ERROR_API, GETTICKETS_ERROR_CANCELLED, GETTICKETS_ERROR_CONFIG, GETTICKETS_ERROR_DECODE,
    GETTICKETS_ERROR_LOCAL, GETTICKETS_ERROR_RATE_LIMITED, GETTICKETS_ERROR_REDIRECT,
    GETTICKETS_ERROR_SCAN_INCOMPLETE, GETTICKETS_ERROR_THREAD, GETTICKETS_ERROR_TOO_LARGE,
    GETTICKETS_ERROR_TRANSPORT, GETTICKETS_ERROR_UNEXPECTED_RESPONSE, ResultCode,
};
use crate::text::OwnedText;

/// A client of one install. Several threads may use it at once; they share its connections.
pub struct Client {
    pub(crate) client: RustClient,
    pub(crate) origin: Origin,
}

impl From<gettickets::Error> for Failure {
    fn from(error: gettickets::Error) -> Failure {
        let mut details = Details {
            hint: error.hint().map(|hint| hint_text(&hint)),
            http_status: error.http_status().unwrap_or(0),
            attempts: error.attempts(),
            may_have_been_sent: error.may_have_been_sent(),
            is_retryable: error.is_retryable(),
            retry_after: error.retry_after(),
            ..Details::default()
        };
        let code = match error.kind() {
            ErrorKind::Api(api) => {
                details.of_api(api);
                GETTICKETS_ERROR_API
            }
            ErrorKind::UnexpectedResponse { title, excerpt, .. } => {
                details.title = title.as_deref().map(c_text);
                details.excerpt = excerpt.as_deref().map(c_text);
                GETTICKETS_ERROR_UNEXPECTED_RESPONSE
            }
            ErrorKind::RateLimited { message, .. } => {
                details.server_message = message.as_deref().map(c_text);
                GETTICKETS_ERROR_RATE_LIMITED
            }
            ErrorKind::Decode(body) => {
                details.of_body(body);
                match body.kind() {
                    DecodeErrorKind::TooLarge { .. } => GETTICKETS_ERROR_TOO_LARGE,
                    _ => GETTICKETS_ERROR_DECODE,
                }
            }
            ErrorKind::TooLarge { .. } => GETTICKETS_ERROR_TOO_LARGE,
            ErrorKind::Redirect { to, .. } => {
                details.redirect_to = to.as_deref().map(c_text);
                GETTICKETS_ERROR_REDIRECT
            }
            ErrorKind::Config(_) => GETTICKETS_ERROR_CONFIG,
            ErrorKind::ScanIncomplete(_) => GETTICKETS_ERROR_SCAN_INCOMPLETE,
            ErrorKind::Cancelled => GETTICKETS_ERROR_CANCELLED,
            ErrorKind::Transport(error) if *error.kind() == TransportErrorKind::Thread => {
                GETTICKETS_ERROR_THREAD
            }
            ErrorKind::Local(local) => {
                details.local_output = local.output().map(c_text);
                GETTICKETS_ERROR_LOCAL
            }
            // A new kind of error without a case here is most likely a transport error.
            _ => GETTICKETS_ERROR_TRANSPORT,
        };
        Failure::with(code, error.code(), error.to_string(), details)
    }
}

/// Waits for a request, and checks its token at intervals.
fn wait(pending: &Pending, flag: &Flag) -> Result<Page, Failure> {
    loop {
        flag.check(true)?;
        if let Some(outcome) = pending.wait_for(CHECK_INTERVAL) {
            return Ok(Page::of(outcome?));
        }
    }
}

/// Requests one page, with retries, and blocks until the reply has arrived. `request` may be NULL, for the
/// server's defaults. `cancel` may be NULL. Returns the first failure of the request, or `GETTICKETS_ERROR_API`,
/// `GETTICKETS_ERROR_UNEXPECTED_RESPONSE`, `GETTICKETS_ERROR_DECODE`, `GETTICKETS_ERROR_TOO_LARGE`,
/// `GETTICKETS_ERROR_TRANSPORT`, `GETTICKETS_ERROR_REDIRECT`, `GETTICKETS_ERROR_CONFIG`, `GETTICKETS_ERROR_LOCAL`,
/// `GETTICKETS_ERROR_RATE_LIMITED`, `GETTICKETS_ERROR_CANCELLED`, `GETTICKETS_ERROR_THREAD` or
/// `GETTICKETS_ERROR_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_get_tickets(
    client: *const Client,
    request: *const Request,
    cancel: *const Cancel,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let ask = || {
        // SAFETY: as documented at the handles; NULL or writable.
        let (client, parameters, flag, out) = unsafe {
            (shared(client, "client")?, parameters_of(request)?, flag(cancel), Out::new(page, "page")?)
        };
        client.origin.check("the client")?;
        let in_use = InUse::begin()?;
        out.hand_out(match flag {
            None => Page::of(client.client.get_tickets(&parameters)?),
            Some(flag) => {
                flag.check(false)?;
                // The thread of the request may outlive this call, and counts as in use until then.
                wait(&client.client.start_then(parameters, || drop(in_use)), &flag)?
            }
        });
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, ask) }
}

/// Returns the endpoint without credentials: the URL of `api.php`, or the path of the install.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_endpoint(
    client: *const Client,
    endpoint: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as documented at gettickets_client; NULL or writable.
        let (client, out) = unsafe { (shared(client, "client")?, Out::new(endpoint, "endpoint")?) };
        out.hand_out(OwnedText::of(client.client.endpoint()));
        Ok(())
    })
}

/// Frees a client. Scans of it continue; its credentials are wiped when the last of these is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_free(client: *mut Client) {
    // SAFETY: the client is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free_with(client, |client| client.origin.drop_here(client.client)) }
}
