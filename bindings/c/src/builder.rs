//! [`ClientBuilder`]: the settings of a client, over HTTP or the Local API.

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
use crate::guard::{self, Out, argument, bytes, exclusive, guard, guard_with_error, shared, text};
use crate::process::{InUse, Origin};
use crate::request::{Format, format};
use crate::result::{GETTICKETS_ERROR_KIND, ResultCode};
use crate::settings::{Settings, put};

/// The settings of a client. It can build several clients.
///
/// A setter that fails leaves the setting unchanged and returns a code; the builder keeps the first failure, and
/// `gettickets_client_builder_build` returns it. So the codes of setters need no check.
pub struct ClientBuilder {
    settings: Settings<Draft>,
}

/// The settings so far; the others have the client's defaults.
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
    /// Not shown in logs: until it is parsed, it may hold a password.
    address: Zeroizing<String>,
    credentials: Option<protocol::Credentials>,
    connect_timeout: Option<Duration>,
    retries: RetryPolicy,
    format: ResponseType,
    allow_plain_http: bool,
    /// `Some(None)` uses no proxy, regardless of the environment.
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
            To::Local(_) => Err(not_applicable("the Local API", setting)),
        }
    }

    fn local(&mut self, setting: &str) -> Result<&mut Local, Failure> {
        match &mut self.to {
            To::Local(local) => Ok(local),
            To::Http(_) => Err(not_applicable("a client over HTTP", setting)),
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
            .connect_timeout(http.connect_timeout.unwrap_or(RustBuilder::DEFAULT_CONNECT_TIMEOUT))
            .max_response_len(self.max_response_len.unwrap_or(RustBuilder::DEFAULT_MAX_RESPONSE_LEN));
        // A time limit that was set is also the default of the total time limit.
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
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

/// Error for a setting of the other kind of client.
fn not_applicable(who: &str, setting: &str) -> Failure {
    Failure::error(GETTICKETS_ERROR_KIND, format!("{setting} does not apply to {who}"))
}

/// # Safety
///
/// `builder` is NULL or valid, and not used elsewhere meanwhile.
unsafe fn set(
    builder: *mut ClientBuilder,
    change: impl FnOnce(&mut Draft) -> Result<(), Failure>,
) -> ResultCode {
    // SAFETY: guaranteed by the caller.
    guard(|| unsafe { exclusive(builder, "builder") }?.settings.set(change))
}

/// Makes a builder with its first setting.
fn begin(first: impl FnOnce(&mut Draft) -> Result<(), Failure>) -> *mut ClientBuilder {
    guard::value(std::ptr::null_mut(), || {
        let mut settings = Settings::new(Draft::default());
        // An error is reported when the client is built.
        let _ = settings.set(first);
        Box::into_raw(Box::new(ClientBuilder { settings }))
    })
}

/// Makes a builder of a client over HTTP. `address` is the URL of the install or of its `api.php`; without a
/// scheme, https is used. An invalid address is an error of `gettickets_client_builder_build`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_new(address: *const c_char) -> *mut ClientBuilder {
    begin(|draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let address = Zeroizing::new(unsafe { text(address, "address") }?.to_owned());
        draft.to = To::Http(Box::new(Http { address, ..Http::default() }));
        Ok(())
    })
}

/// Makes a builder of a client of an install on this machine, which runs the install's PHP without HTTP and
/// credentials. `path` is the folder that contains the install's `init.php`. An invalid path is an error of
/// `gettickets_client_builder_build` or of the first call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_new_local(path: *const c_char) -> *mut ClientBuilder {
    begin(|draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let path = PathBuf::from(unsafe { text(path, "path") }?);
        draft.to = To::Local(Local { path, php: None, admin: None });
        Ok(())
    })
}

/// The credentials; required over HTTP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_credentials(
    builder: *mut ClientBuilder,
    credentials: *const Credentials,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: credentials that live, or NULL, as documented at gettickets_credentials.
        let held = unsafe { shared(credentials, "credentials") }?;
        draft.http("credentials")?.credentials = Some(held.credentials.clone());
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// The credentials, as an API identifier and its secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_api_credentials(
    builder: *mut ClientBuilder,
    identifier: *const c_char,
    secret: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: NUL-terminated texts, or NULL, as documented.
        let (identifier, secret) = unsafe { (text(identifier, "identifier")?, text(secret, "secret")?) };
        draft.http("credentials")?.credentials = Some(protocol::Credentials::api(identifier, secret));
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// Time limit of one attempt, from resolving the host to the last byte of the reply, or of one run of PHP. At
/// least 1; default: 60,000. An attempt also ends when the total time limit is reached.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_timeout_ms(
    builder: *mut ClientBuilder,
    timeout_ms: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.timeout, Some(time(timeout_ms)?))) }
}

/// Time limit for connecting, including TLS. At least 1; default: 10,000. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_connect_timeout_ms(
    builder: *mut ClientBuilder,
    timeout_ms: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe {
        set(builder, |draft| {
            put(&mut draft.http("connect_timeout")?.connect_timeout, Some(time(timeout_ms)?))
        })
    }
}

/// The maximum size of a reply in bytes, after decompression. Default: 64 MiB; at most 340 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_max_response_len(
    builder: *mut ClientBuilder,
    len: usize,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.max_response_len, Some(len))) }
}

/// Not 0: any finding is an error. Default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_strict(
    builder: *mut ClientBuilder,
    strict: i32,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.strict, strict != 0)) }
}

/// The maximum number of attempts of a request, including the first; 1 disables retries. At least 1; default: 3.
/// Retried are failed connections, timeouts, truncated replies and the HTTP statuses 408, 429, 500, 502, 503, 504 and
/// 520 to 524. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_max_attempts(
    builder: *mut ClientBuilder,
    max_attempts: u32,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { retries(builder, "max_attempts", |policy| Ok(policy.max_attempts(max_attempts))) }
}

/// Waits between attempts: before the n-th retry a random time up to `initial` * 2^(n-1), at most `max`. 0
/// retries at once. Defaults: 500 and 20,000. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_backoff_ms(
    builder: *mut ClientBuilder,
    initial_ms: u64,
    max_ms: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe {
        retries(builder, "backoff", |policy| {
            Ok(policy.initial_backoff(time(initial_ms)?).max_backoff(time(max_ms)?))
        })
    }
}

/// The longest wait that a server may request with `Retry-After`. If it requests a longer one, or one beyond the
/// total time limit, the call fails at once. Default: 60,000. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_max_retry_after_ms(
    builder: *mut ClientBuilder,
    timeout_ms: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { retries(builder, "max_retry_after", |policy| Ok(policy.max_retry_after(time(timeout_ms)?))) }
}

/// Total time limit of a call, with all attempts and the waits between them. No attempt lasts longer. At least 1;
/// default: the time limit of an attempt if that was set, otherwise 120,000. To retry attempts that time out, set
/// both. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_total_timeout_ms(
    builder: *mut ClientBuilder,
    timeout_ms: u64,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { retries(builder, "total_timeout", |policy| Ok(policy.total_timeout(time(timeout_ms)?))) }
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
    // SAFETY: guaranteed by the caller.
    unsafe { set(builder, change) }
}

/// The format to request: `GETTICKETS_FORMAT_JSON` or `GETTICKETS_FORMAT_XML`. Default: JSON. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_format(
    builder: *mut ClientBuilder,
    response_format: Format,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.http("format")?.format, format(response_format)?)) }
}

/// Not 0: credentials may be sent over plain http to another machine. Default: 0. To this machine they always may.
/// HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_allow_plain_http(
    builder: *mut ClientBuilder,
    allow: i32,
) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.http("allow_plain_http")?.allow_plain_http, allow != 0)) }
}

/// The proxy, such as `http://proxy.example.com:3128` or `socks5h://127.0.0.1:1080`. Schemes: http, https,
/// socks4, socks4a, socks5, socks5h. Default: the environment variables `HTTPS_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, but no proxy to this machine, and none in a CGI program, whose environment comes from its
/// visitors. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_proxy(
    builder: *mut ClientBuilder,
    address: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let address = Zeroizing::new(unsafe { text(address, "address") }?.to_owned());
        draft.http("proxy")?.proxy = Some(Some(address));
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// Uses no proxy, whatever the environment variables are. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_disable_proxy(builder: *mut ClientBuilder) -> ResultCode {
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, |draft| put(&mut draft.http("proxy")?.proxy, Some(None))) }
}

/// Trusts these certificate authorities, `len` bytes of PEM, and no others. Default: those that this machine
/// trusts. HTTP only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_root_certificates(
    builder: *mut ClientBuilder,
    pem: *const c_void,
    len: usize,
) -> ResultCode {
    /// All public certificate authorities together take a quarter of a megabyte.
    const MAX: usize = 64 << 20;
    let change = |draft: &mut Draft| {
        if len > MAX {
            return Err(argument(format!(
                "certificates of {len} bytes are more than the {MAX} that are read"
            )));
        }
        // SAFETY: `len` bytes, or NULL, as documented.
        let pem = unsafe { bytes(pem, len, "pem") }?;
        draft.http("root_certificates")?.root_certificates = Some(pem.to_owned());
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// The User-Agent header; some firewalls accept only certain ones. Default: "gettickets/" and the version. HTTP
/// only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_user_agent(
    builder: *mut ClientBuilder,
    user_agent: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let name = unsafe { text(user_agent, "user_agent") }?;
        draft.http("user_agent")?.user_agent = Some(name.to_owned());
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// The PHP program to run. Default: "php", searched in `PATH`. Local only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_php(
    builder: *mut ClientBuilder,
    program: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let program = unsafe { text(program, "program") }?;
        draft.local("php")?.php = Some(program.to_owned());
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// The user name of the admin that the call runs as. Servers before 7.2 need one; later ones default to the first
/// admin. Local only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_set_admin(
    builder: *mut ClientBuilder,
    username: *const c_char,
) -> ResultCode {
    let change = |draft: &mut Draft| {
        // SAFETY: a NUL-terminated text, or NULL, as documented.
        let username = unsafe { text(username, "username") }?;
        draft.local("admin")?.admin = Some(username.to_owned());
        Ok(())
    };
    // SAFETY: as documented at gettickets_client_builder.
    unsafe { set(builder, change) }
}

/// Builds the client. Nothing is sent yet. `GETTICKETS_ERROR_CONFIG` if a setting is invalid, or the first
/// failure of a setter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_build(
    builder: *const ClientBuilder,
    client: *mut *mut Client,
    error: *mut *mut Error,
) -> ResultCode {
    let build = || {
        // SAFETY: as documented at gettickets_client_builder; NULL or writable.
        let (builder, out) = unsafe { (shared(builder, "builder")?, Out::new(client, "client")?) };
        let settings = builder.settings.get()?;
        let _in_use = InUse::begin()?;
        out.hand_out(Client { client: settings.build()?, origin: Origin::here() });
        Ok(())
    };
    // SAFETY: `error` is NULL or writable, as documented at gettickets_error.
    unsafe { guard_with_error(error, build) }
}

/// Wipes and frees a builder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettickets_client_builder_free(builder: *mut ClientBuilder) {
    // SAFETY: the builder is NULL or from this library, and not freed before, as documented.
    unsafe { guard::free(builder) }
}

/// Converts a time. More than a year is an error, because some clocks could not add it; so is a negative number, which
/// arrives here as a very large one.
fn time(milliseconds: u64) -> Result<Duration, Failure> {
    const MAX: Duration = Duration::from_secs(366 * 86_400);
    let time = Duration::from_millis(milliseconds);
    if time <= MAX {
        return Ok(time);
    }
    let signed = milliseconds.cast_signed();
    Err(argument(match signed < 0 {
        true => format!("the time is negative: {signed} ms"),
        false => format!("the time is longer than a year: {milliseconds} ms"),
    }))
}

#[cfg(test)]
mod tests {
    use gettickets::Decoder;

    /// Every limit of a reply in the header is the one that the decoder has.
    #[test]
    fn the_header_states_the_largest_limit_of_a_reply() {
        let header = include_str!("../include/gettickets.h");
        let limits = header.split("at most ").skip(1).filter_map(|rest| rest.split_once(" MiB"));
        let limits: Vec<usize> = limits.filter_map(|(number, _)| number.parse().ok()).collect();
        assert_eq!(limits, [Decoder::LARGEST_MAX_LEN >> 20; 2]);
    }
}
