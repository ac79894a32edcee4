//! [`Client`]: one request, one page.

use gettickets::{Client as RustClient, ErrorKind, Pending};
use gettickets_protocol::DecodeErrorKind;

use crate::cancel::{Cancel, Flag, GLANCE, flag};
use crate::error::{Details, Error, Failure, c_text};
use crate::guard::{self, Out, guard, guard_telling, shared};
use crate::page::Page;
use crate::request::{Request, asked};
use crate::result::{
    GETTICKETS_ERROR_API, GETTICKETS_ERROR_CONFIG, GETTICKETS_ERROR_DECODE, GETTICKETS_ERROR_LOCAL,
    GETTICKETS_ERROR_NOT_THE_API, GETTICKETS_ERROR_RATE_LIMITED, GETTICKETS_ERROR_REDIRECT,
    GETTICKETS_ERROR_SCAN_INCOMPLETE, GETTICKETS_ERROR_TOO_LARGE, GETTICKETS_ERROR_TRANSPORT, ResultCode,
};
use crate::text::OwnedText;

/// A client of one install. It may be used from many threads at once, which share its connections. Free it
/// with `gettickets_client_free`; scans that it began go on.
pub struct Client {
    pub(crate) client: RustClient,
}

impl From<gettickets::Error> for Failure {
    fn from(error: gettickets::Error) -> Failure {
        let mut details = Details {
            hint: error.hint().map(|hint| c_text(&hint)),
            http_status: error.http_status().unwrap_or(0),
            attempts: error.attempts(),
            may_have_been_sent: error.may_have_been_sent(),
            is_retryable: error.is_retryable(),
            ..Details::default()
        };
        let code = match error.kind() {
            ErrorKind::Api(api) => {
                details.of_api(api);
                GETTICKETS_ERROR_API
            }
            ErrorKind::NotTheApi { title, excerpt, .. } => {
                details.title = title.as_deref().map(c_text);
                details.excerpt = excerpt.as_deref().map(c_text);
                GETTICKETS_ERROR_NOT_THE_API
            }
            ErrorKind::RateLimited { retry_after, message, .. } => {
                details.retry_after = *retry_after;
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
            ErrorKind::Local(local) => {
                details.local_output = local.output().map(c_text);
                GETTICKETS_ERROR_LOCAL
            }
            // What is new to the client is most likely on the way to the server.
            _ => GETTICKETS_ERROR_TRANSPORT,
        };
        Failure::with(code, error.code(), error.to_string(), details)
    }
}

/// Waits for a request, with a glance at its switch now and then.
fn wait(pending: &Pending, flag: &Flag) -> Result<Page, Failure> {
    loop {
        flag.check(true)?;
        if let Some(outcome) = pending.wait_for(GLANCE) {
            return Ok(Page::of(outcome?));
        }
    }
}

/// Asks for one page, and again where that may help; it blocks until it has come. `request` may be NULL, for
/// what the server gives by default. `cancel` may be NULL, for a call that nobody ends.
///
/// `*page` is the caller's: free it with `gettickets_page_free`. The codes say what went wrong,
/// `GETTICKETS_ERROR_API` and those after it among them; `GETTICKETS_ERROR_CANCELLED` if the switch was used,
/// `GETTICKETS_ERROR_NULL` if `client` or `page` is NULL, or the request's first failure. `*page` is then
/// left as it is. Many threads may use one client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_get_tickets(
    client: *const Client,
    request: *const Request,
    cancel: *const Cancel,
    page: *mut *mut Page,
    error: *mut *mut Error,
) -> ResultCode {
    let ask = || {
        // SAFETY: as the comments on the handles ask; a place to write to, or NULL.
        let (client, asked, flag, out) =
            unsafe { (shared(client, "client")?, asked(request)?, flag(cancel), Out::new(page, "page")?) };
        out.hand_out(match flag {
            None => Page::of(client.client.get_tickets(&asked)?),
            Some(flag) => {
                flag.check(false)?;
                wait(&client.client.start(asked), &flag)?
            }
        });
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, ask) }
}

/// Who is asked, without credentials: the full address of `api.php`, or the install's path.
///
/// `*place` is the caller's: free it with `gettickets_string_free`. `GETTICKETS_ERROR_NULL` if either is
/// NULL; `*place` is then left as it is. Many threads may use one client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_place(
    client: *const Client,
    place: *mut *mut OwnedText,
) -> ResultCode {
    guard(|| {
        // SAFETY: as the comment on gettickets_client asks; a place to write to, or NULL.
        let (client, out) = unsafe { (shared(client, "client")?, Out::new(place, "place")?) };
        out.hand_out(OwnedText::of(client.client.endpoint()));
        Ok(())
    })
}

/// Frees a client; its credentials are wiped once no scan of it is left. NULL is nothing. No other thread may
/// use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_free(client: *mut Client) {
    // SAFETY: the client is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(client) }
}
