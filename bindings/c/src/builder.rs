//! [`ClientBuilder`]: from settings to a client, over HTTP or the Local API.

use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::time::Duration;

use gettickets::{Client as RustClient, ClientBuilder as RustBuilder, RetryPolicy};
use gettickets_protocol as protocol;
use gettickets_protocol::ResponseType;
use zeroize::Zeroizing;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::failure::{Error, Failure};
use crate::guard::{self, Out, argument, bytes, exclusive, guard, guard_telling, shared, text};
use crate::process::{InUse, Origin};
use crate::request::{Format, format};
use crate::result::{GETTICKETS_ERROR_KIND, ResultCode};
use crate::settings::{Settings, put};

/// Settings of a client. Free it with `gettickets_client_builder_free`; a client that was built needs it no
/// more, and more than one may be built.
///
/// A setter that fails leaves the setting as it was and returns a code; the builder keeps its first failure, and
/// `gettickets_client_builder_build` returns it. So the codes of setters need not be checked.
///
/// One thread at a time may use a builder.
pub struct ClientBuilder {
    settings: Settings<Draft>,
}

/// What was set so far; what was not is as the client has it by default.
#[derive(Default)]
struct Draft {
    timeout: Option<Duration>,
    max_response_len: Option<usize>,
    strict: bool,
    to: To,
}

enum To {
    Http(Box<Http>),
    Local(Local),
}

impl Default for To {
    fn default() -> To {
        To::Http(Box::default())
    }
}

#[derive(Default)]
struct Http {
    /// Kept from sight: until it is read, it may hold a password.
    address: Zeroizing<String>,
    credentials: Option<protocol::Credentials>,
    connect_timeout: Option<Duration>,
    retries: RetryPolicy,
    format: ResponseType,
    allow_plain_http: bool,
    /// `Some(None)` uses no proxy, whatever the environment says.
    proxy: Option<Option<Zeroizing<String>>>,
    root_certificates: Option<Vec<u8>>,
    user_agent: Option<String>,
}

struct Local {
    path: PathBuf,
    php: Option<String>,
    admin: Option<String>,
}

impl Draft {
    fn http(&mut self, setting: &str) -> Result<&mut Http, Failure> {
        match &mut self.to {
            To::Http(http) => Ok(http),
            To::Local(_) => Err(misfit("the Local API", setting)),
        }
    }

    fn local(&mut self, setting: &str) -> Result<&mut Local, Failure> {
        match &mut self.to {
            To::Local(local) => Ok(local),
            To::Http(_) => Err(misfit("a client over HTTP", setting)),
        }
    }

    fn build(&self) -> Result<RustClient, gettickets::Error> {
        match &self.to {
            To::Http(http) => self.over_http(http),
            To::Local(local) => self.locally(local),
        }
    }

    fn over_http(&self, http: &Http) -> Result<RustClient, gettickets::Error> {
        let mut builder = RustClient::builder(http.address.as_str())
            .retries(http.retries)
            .response_type(http.format)
            .strict(self.strict)
            .allow_plain_http(http.allow_plain_http)
            .timeout(self.timeout.unwrap_or(RustBuilder::DEFAULT_TIMEOUT))
            .connect_timeout(http.connect_timeout.unwrap_or(RustBuilder::DEFAULT_CONNECT_TIMEOUT))
            .max_response_len(self.max_response_len.unwrap_or(RustBuilder::DEFAULT_MAX_RESPONSE_LEN));
        if let Some(credentials) = &http.credentials {
            builder = builder.credentials(credentials.clone());
        }
        if let Some(proxy) = &http.proxy {
            builder = builder.proxy(proxy.as_ref().map(|address| address.as_str()));
        }
        if let Some(pem) = &http.root_certificates {
            builder = builder.root_certificates(pem.as_slice());
        }
        if let Some(name) = &http.user_agent {
            builder = builder.user_agent(name);
        }
        builder.build()
    }

    fn locally(&self, local: &Local) -> Result<RustClient, gettickets::Error> {
        let mut builder = RustClient::local(&local.path)
            .strict(self.strict)
            .timeout(self.timeout.unwrap_or(RustBuilder::DEFAULT_TIMEOUT))
            .max_response_len(self.max_response_len.unwrap_or(RustBuilder::DEFAULT_MAX_RESPONSE_LEN));
        if let Some(php) = &local.php {
            builder = builder.php(php);
        }
        if let Some(admin) = &local.admin {
            builder = builder.admin(admin);
        }
        builder.build()
    }
}

/// The failure that a setting is which the other kind of client has.
fn misfit(who: &str, setting: &str) -> Failure {
    Failure::error(GETTICKETS_ERROR_KIND, format!("{who} has no setting {setting}"))
}

/// # Safety
///
/// `builder` is NULL or lives, and nobody else uses it meanwhile.
unsafe fn set(
    builder: *mut ClientBuilder,
    change: impl FnOnce(&mut Draft) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: the caller's promise.
    guard(|| unsafe { exclusive(builder, "builder") }?.settings.set(change))
}

/// A builder with this draft, once its first setting went well.
fn begin(first: impl FnOnce(&mut Draft) -> Result<(), Failure>) -> *mut ClientBuilder {
    guard::value(std::ptr::null_mut(), || {
        let mut settings = Settings::new(Draft::default());
        // Told when the client is built.
        let _ = settings.set(first);
        Box::into_raw(Box::new(ClientBuilder { settings }))
    })
}

/// Makes a builder for a client over HTTP. `address` is the install's, with or without a path, or the full
/// address of its `api.php`; without a scheme it is taken for https.
///
/// The builder is the caller's: free it with `gettickets_client_builder_free`. An address that is NULL, not
/// UTF-8 or not an address is an error when the client is built. NULL only where a defect of this library was
/// caught. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_new(address: *const c_char) -> *mut ClientBuilder {
    begin(|draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let address = Zeroizing::new(unsafe { text(address, "address") }?.to_owned());
        draft.to = To::Http(Box::new(Http { address, ..Http::default() }));
        Ok(())
    })
}

/// Makes a builder for a client of an install on this machine, through its own PHP, without HTTP and without
/// credentials. `path` is the folder that has the install's `init.php`.
///
/// The builder is the caller's: free it with `gettickets_client_builder_free`. A path that is NULL or not
/// UTF-8 is an error when the client is built, one without an install at the first call. NULL only where a defect
/// of this library was caught. May be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_new_local(path: *const c_char) -> *mut ClientBuilder {
    begin(|draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let path = PathBuf::from(unsafe { text(path, "path") }?);
        draft.to = To::Local(Local { path, php: None, admin: None });
        Ok(())
    })
}

/// The credentials; required over HTTP. The builder copies them.
///
/// `GETTICKETS_ERROR_KIND` for the Local API, `GETTICKETS_ERROR_NULL` if either is NULL. One thread at a time
/// may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_credentials(
    builder: *mut ClientBuilder,
    credentials: *const Credentials,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: credentials that live, or NULL, as the comment on gettickets_credentials asks.
        let held = unsafe { shared(credentials, "credentials") }?;
        draft.http("credentials")?.credentials = Some(held.credentials.clone());
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// An API identifier and its secret as credentials: `gettickets_client_builder_credentials` in one call.
///
/// `GETTICKETS_ERROR_KIND` for the Local API, `GETTICKETS_ERROR_UTF8` if a text is not UTF-8,
/// `GETTICKETS_ERROR_NULL` if a pointer is NULL; an empty one is an error when the client is built. One
/// thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_api_credentials(
    builder: *mut ClientBuilder,
    identifier: *const c_char,
    secret: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: texts with a NUL behind them, or NULL, as the comment asks.
        let (identifier, secret) = unsafe { (text(identifier, "identifier")?, text(secret, "secret")?) };
        draft.http("credentials")?.credentials = Some(protocol::Credentials::api(identifier, secret));
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// The time limit of one exchange, from the first look-up of the host to the last byte of the reply, or of one
/// run of PHP, in milliseconds: 1 to 31,622,400,000, which is 366 days. Default: 60,000.
///
/// `GETTICKETS_ERROR_ARGUMENT` if it is larger, as a negative number is that was converted;
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. 0 fails when the client is built, with
/// `GETTICKETS_ERROR_CONFIG` and the class zero-timeout. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_timeout(
    builder: *mut ClientBuilder,
    milliseconds: u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.timeout, Some(time(milliseconds)?))) }
}

/// The time limit for connecting to the server, encryption included, in milliseconds: 1 to 31,622,400,000,
/// which is 366 days. Default: 10,000.
///
/// `GETTICKETS_ERROR_ARGUMENT` if it is larger, as a negative number is that was converted;
/// `GETTICKETS_ERROR_KIND` for the Local API, `GETTICKETS_ERROR_NULL` if `builder` is NULL. 0 fails when the
/// client is built, with `GETTICKETS_ERROR_CONFIG` and the class zero-timeout. One thread at a time may use a
/// builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_connect_timeout(
    builder: *mut ClientBuilder,
    milliseconds: u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe {
        set(builder, |draft| {
            put(&mut draft.http("connect_timeout")?.connect_timeout, Some(time(milliseconds)?))
        })
    }
}

/// How many bytes a reply may have once decompressed. Default: 64 MiB; more than 512 MiB are never read.
///
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_max_response_len(
    builder: *mut ClientBuilder,
    len: usize,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.max_response_len, Some(len))) }
}

/// Other than 0: refuses replies that depart from the documented shape, even in ways that are known. Default:
/// 0.
///
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_strict(
    builder: *mut ClientBuilder,
    strict: i32,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.strict, strict != 0)) }
}

/// The most attempts of a request, the first included. Retried are connections that fail, attempts that time out,
/// replies that end in the middle, and HTTP 408, 429, 500, 502, 503, 504 and 520 to 524; refusals never are. 1 turns
/// retries off. Default: 3.
///
/// `GETTICKETS_ERROR_KIND` for the Local API, which is called once; `GETTICKETS_ERROR_NULL` if `builder` is
/// NULL; 0 is an error when the client is built. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_attempts(
    builder: *mut ClientBuilder,
    attempts: u32,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { retries(builder, "attempts", |policy| Ok(policy.max_attempts(attempts))) }
}

/// The waits between attempts, in milliseconds: before the n-th retry a random time up to `base` times two to
/// the power of n - 1, at most `longest`. Each is 0 to 31,622,400,000, which is 366 days; 0 retries at once.
/// Defaults: 500 and 20,000.
///
/// `GETTICKETS_ERROR_ARGUMENT` if one is larger, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_waits(
    builder: *mut ClientBuilder,
    base: u64,
    longest: u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe {
        retries(builder, "waits", |policy| {
            Ok(policy.initial_backoff(time(base)?).max_backoff(time(longest)?))
        })
    }
}

/// The longest wait that a server may ask for with `Retry-After`, in milliseconds: 0 to 31,622,400,000, which
/// is 366 days. Default: 60,000. If a server asks for a longer one, the call ends in
/// `GETTICKETS_ERROR_RATE_LIMITED` at once, or in the error of the reply.
///
/// `GETTICKETS_ERROR_ARGUMENT` if it is larger, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_longest_retry_after(
    builder: *mut ClientBuilder,
    milliseconds: u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe {
        retries(builder, "longest_retry_after", |policy| Ok(policy.max_retry_after(time(milliseconds)?)))
    }
}

/// The time limit for all attempts of a call and the waits between them, in milliseconds: 0 to 31,622,400,000,
/// which is 366 days. No attempt begins after it, and only the first may last past it. Default: 120,000.
///
/// `GETTICKETS_ERROR_ARGUMENT` if it is larger, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_budget(
    builder: *mut ClientBuilder,
    milliseconds: u64,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { retries(builder, "budget", |policy| Ok(policy.total_timeout(time(milliseconds)?))) }
}

/// # Safety
///
/// As for [`set`].
unsafe fn retries(
    builder: *mut ClientBuilder,
    setting: &str,
    change: impl FnOnce(RetryPolicy) -> Result<RetryPolicy, Failure>,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        let http = draft.http(setting)?;
        http.retries = change(http.retries)?;
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { set(builder, change) }
}

/// The format to request: `GETTICKETS_FORMAT_JSON` or `GETTICKETS_FORMAT_XML`. Default: JSON.
///
/// `GETTICKETS_ERROR_ARGUMENT` if it is the number of none, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if `builder` is NULL; `GETTICKETS_FORMAT_NVP`, which can't represent a list, is refused
/// when the client is built. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_format(
    builder: *mut ClientBuilder,
    response_format: Format,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.http("format")?.format, format(response_format)?)) }
}

/// Other than 0: lets credentials go over plain http to another machine. Default: 0; to this machine they may
/// always.
///
/// `GETTICKETS_ERROR_KIND` for the Local API, `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a
/// time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_allow_plain_http(
    builder: *mut ClientBuilder,
    allow: i32,
) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.http("allow_plain_http")?.allow_plain_http, allow != 0)) }
}

/// The proxy to use, such as `http://proxy.example.com:3128` or `socks5h://127.0.0.1:1080`. The scheme is http,
/// https, socks4, socks4a, socks5 or socks5h; any other is an error when the client is built. Default: as the
/// environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), but none to this machine itself, and none in a CGI
/// program, whose environment its visitors write. `gettickets_client_builder_no_proxy` uses none at all.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if either is NULL; an address that can't be parsed is an error when the client is built.
/// One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_proxy(
    builder: *mut ClientBuilder,
    address: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let address = Zeroizing::new(unsafe { text(address, "address") }?.to_owned());
        draft.http("proxy")?.proxy = Some(Some(address));
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// Uses no proxy, whatever the environment says.
///
/// `GETTICKETS_ERROR_KIND` for the Local API, `GETTICKETS_ERROR_NULL` if `builder` is NULL. One thread at a
/// time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_no_proxy(builder: *mut ClientBuilder) -> ResultCode {
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, |draft| put(&mut draft.http("proxy")?.proxy, Some(None))) }
}

/// Trusts these authorities, `len` bytes of certificates in PEM, and no others. Default: those that this
/// machine trusts. The builder copies them.
///
/// `GETTICKETS_ERROR_ARGUMENT` if `len` is absurd, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if either is NULL; what is not a certificate is an error when the client is built. One
/// thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_root_certificates(
    builder: *mut ClientBuilder,
    pem: *const c_void,
    len: usize,
) -> ResultCode {
    /// Every authority of the world together is a quarter of a megabyte.
    const LONGEST: usize = 64 << 20;
    let change = |draft: &mut Draft| {
        if len > LONGEST {
            return Err(argument(format!(
                "certificates of {len} bytes are more than the {LONGEST} that are read"
            )));
        }
        // SAFETY: so many bytes, or NULL, as the comment asks.
        let pem = unsafe { bytes(pem, len, "pem") }?;
        draft.http("root_certificates")?.root_certificates = Some(pem.to_owned());
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// The user agent; firewalls in front of a server may accept only some. Default:
/// "gettickets/" and the release.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_KIND` for the Local API,
/// `GETTICKETS_ERROR_NULL` if either is NULL; what a header can't hold is an error when the client is built. One
/// thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_user_agent(
    builder: *mut ClientBuilder,
    user_agent: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let name = unsafe { text(user_agent, "user_agent") }?;
        draft.http("user_agent")?.user_agent = Some(name.to_owned());
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// The PHP program that the Local API runs. Default: "php", looked up on `PATH`.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_KIND` over HTTP,
/// `GETTICKETS_ERROR_NULL` if either is NULL; a program that does not exist is an error when it is run. One
/// thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_php(
    builder: *mut ClientBuilder,
    program: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let program = unsafe { text(program, "program") }?;
        draft.local("php")?.php = Some(program.to_owned());
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// The user name of the admin for whom the Local API makes the call. Servers before 7.2 need one; later ones take the
/// first admin. Default: none is given.
///
/// `GETTICKETS_ERROR_UTF8` if the text is not UTF-8, `GETTICKETS_ERROR_KIND` over HTTP,
/// `GETTICKETS_ERROR_NULL` if either is NULL. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_admin(
    builder: *mut ClientBuilder,
    username: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a text with a NUL behind it, or NULL, as the comment asks.
        let username = unsafe { text(username, "username") }?;
        draft.local("admin")?.admin = Some(username.to_owned());
        Ok(())
    };
    // SAFETY: as the comment on gettickets_client_builder asks.
    unsafe { set(builder, change) }
}

/// Builds the client. Nothing is sent yet.
///
/// `*client` is the caller's: free it with `gettickets_client_free`; the builder stays the caller's too.
/// `GETTICKETS_ERROR_CONFIG` if a setting can't be used, `GETTICKETS_ERROR_STATE` in a child that was forked
/// while the parent was using the network, `GETTICKETS_ERROR_NULL` if `builder` or `client` is NULL, or the
/// builder's first failure. `*client` is then left as it is. One thread at a time may use a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_build(
    builder: *const ClientBuilder,
    client: *mut *mut Client,
    error: *mut *mut Error,
) -> ResultCode {
    let build = || {
        // SAFETY: as the comment on gettickets_client_builder asks; a place to write to, or NULL.
        let (builder, out) = unsafe { (shared(builder, "builder")?, Out::new(client, "client")?) };
        let settings = builder.settings.get()?;
        let _in_use = InUse::begin()?;
        out.hand_out(Client { client: settings.build()?, origin: Origin::here() });
        Ok(())
    };
    // SAFETY: `error` is NULL or a place to write to, as the comment on gettickets_error asks.
    unsafe { guard_telling(error, build) }
}

/// Wipes and frees a builder. NULL is ignored. No other thread may use it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_free(builder: *mut ClientBuilder) {
    // SAFETY: the builder is NULL or this library's and not freed before, as the comment asks.
    unsafe { guard::free(builder) }
}

/// Converts a time. One of more than a year is an error, as no clock may be able to add it; so is a negative
/// number, which arrives here as a very large one.
fn time(milliseconds: u64) -> Result<Duration, Failure> {
    const LONGEST: Duration = Duration::from_secs(366 * 86_400);
    let time = Duration::from_millis(milliseconds);
    if time <= LONGEST {
        return Ok(time);
    }
    let signed = milliseconds.cast_signed();
    Err(argument(match signed < 0 {
        true => format!("a time of {signed} milliseconds is below zero"),
        false => format!("{milliseconds} milliseconds are more than a year"),
    }))
}
