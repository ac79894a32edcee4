//! [`ClientBuilder`] and [`LocalBuilder`]: settings of clients.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gettickets_protocol::{Credentials, Decoder, ResponseType};
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::clock::{Clock, SystemClock};
use crate::endpoint::Endpoint;
use crate::error::ConfigError;
use crate::exchange::{CallSettings, RetryPolicy};
use crate::local::Local;
use crate::transport::{HttpSettings, HttpTransport, Proxy, ProxySetting, Roots, Transport};

/// Settings of a client over HTTP; made by [`Client::builder`](crate::Client::builder).
#[must_use]
pub struct ClientBuilder {
    address: Zeroizing<String>,
    credentials: Option<Credentials>,
    timeout: Option<Duration>,
    connect_timeout: Duration,
    max_response_len: usize,
    retries: RetryPolicy,
    response_type: ResponseType,
    strict: bool,
    allow_plain_http: bool,
    proxy: ProxySetting,
    root_certificates: Option<Vec<u8>>,
    user_agent: String,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

/// The checked settings of a client.
pub(crate) struct Checked {
    pub(crate) settings: CallSettings,
    pub(crate) http: HttpSettings,
    /// A custom transport.
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    /// The default of [`timeout`](ClientBuilder::timeout).
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    /// The default of [`connect_timeout`](ClientBuilder::connect_timeout).
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The default of [`max_response_len`](ClientBuilder::max_response_len): 64 MiB.
    pub const DEFAULT_MAX_RESPONSE_LEN: usize = 64 << 20;
    /// The default of [`user_agent`](ClientBuilder::user_agent).
    pub const DEFAULT_USER_AGENT: &'static str = concat!("gettickets/", env!("CARGO_PKG_VERSION"));

    pub(crate) fn new(address: String) -> ClientBuilder {
        ClientBuilder {
            address: Zeroizing::new(address),
            credentials: None,
            timeout: None,
            connect_timeout: ClientBuilder::DEFAULT_CONNECT_TIMEOUT,
            max_response_len: ClientBuilder::DEFAULT_MAX_RESPONSE_LEN,
            retries: RetryPolicy::default(),
            response_type: ResponseType::Json,
            strict: false,
            allow_plain_http: false,
            proxy: ProxySetting::default(),
            root_certificates: None,
            user_agent: ClientBuilder::DEFAULT_USER_AGENT.to_owned(),
            transport: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// The credentials. Required.
    pub fn credentials(mut self, credentials: Credentials) -> ClientBuilder {
        self.credentials = Some(credentials);
        self
    }

    /// The time limit of one attempt, from resolving the host to the last byte, and of all attempts with the waits
    /// between them, unless [`RetryPolicy::total_timeout`] sets another limit for these. To retry after an attempt that
    /// timed out, set both. `Duration::MAX` means no limit.
    ///
    /// Default: 60 seconds for an attempt, 120 for all.
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.timeout = Some(timeout);
        self
    }

    /// The time limit for connecting, including TLS. `Duration::MAX` means no separate limit.
    /// Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.connect_timeout = timeout;
        self
    }

    /// The limit of a reply in bytes, after decompression. Default: 64 MiB; a larger value than
    /// [`Decoder::LARGEST_MAX_LEN`] is reduced to that.
    ///
    /// A reply larger than 1 MiB is also rejected if decompression made it more than 200 times larger.
    pub fn max_response_len(mut self, len: usize) -> ClientBuilder {
        self.max_response_len = len.min(Decoder::LARGEST_MAX_LEN);
        self
    }

    /// When to retry. Default: [`RetryPolicy::default`].
    pub fn retries(mut self, retries: RetryPolicy) -> ClientBuilder {
        self.retries = retries;
        self
    }

    /// Disables retries.
    pub fn no_retries(self) -> ClientBuilder {
        self.retries(RetryPolicy::none())
    }

    /// The format of replies: JSON or XML. Default: JSON.
    pub fn response_type(mut self, response_type: ResponseType) -> ClientBuilder {
        self.response_type = response_type;
        self
    }

    /// Refuses replies that deviate from the documented format, even in known ways. Default: `false`.
    pub fn strict(mut self, strict: bool) -> ClientBuilder {
        self.strict = strict;
        self
    }

    /// Allows sending credentials over plain http to another machine. Default: `false`; to this machine it is always
    /// allowed.
    pub fn allow_plain_http(mut self, allow: bool) -> ClientBuilder {
        self.allow_plain_http = allow;
        self
    }

    /// The proxy, such as `http://proxy.example.com:3128` or `socks5h://proxy.example.com:1080`, or `None` for a direct
    /// connection. Supported schemes are `http`, `https`, `socks4`, `socks4a`, `socks5` and `socks5h`; with the last
    /// and with `socks4a`, `http` and `https` the proxy looks up the server's name.
    ///
    /// Default: from the environment. The variables are `https_proxy` and `HTTPS_PROXY` for https, `http_proxy` and
    /// `HTTP_PROXY` for plain http, then `all_proxy` and `ALL_PROXY`, except for the hosts in `no_proxy` or `NO_PROXY`.
    /// They are not used for this machine itself, nor in a CGI program, whose environment comes from its visitors. An
    /// invalid address is an error when the client is built.
    pub fn proxy(mut self, proxy: Option<&str>) -> ClientBuilder {
        self.proxy = match proxy {
            Some(address) => ProxySetting::Address(Zeroizing::new(address.to_owned())),
            None => ProxySetting::Direct,
        };
        self
    }

    /// Trusts these certificates, in PEM, and no others: authorities, and a server's own certificate, such as a
    /// self-signed one, if its names and dates are right. Default: the authorities that this machine trusts.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> ClientBuilder {
        self.root_certificates = Some(pem.into());
        self
    }

    /// The `User-Agent` header; some firewalls accept only certain ones. Default: `gettickets/` and the version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> ClientBuilder {
        self.user_agent = user_agent.into();
        self
    }

    /// Replaces the HTTP library, ureq, of a blocking client. The settings for proxy, root certificates, user agent and
    /// connect timeout then have no effect.
    pub fn transport(mut self, transport: impl Transport + 'static) -> ClientBuilder {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Replaces the clock of a blocking client, for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> ClientBuilder {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the proxy that requests will go through, such as `http://proxy.example.com:3128`, without its
    /// credentials; `None` for a direct connection. A custom
    /// [transport](ClientBuilder::transport) may use another one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the address of the install or of the proxy is invalid.
    pub fn effective_proxy(&self) -> Result<Option<String>, crate::Error> {
        let endpoint = Endpoint::parse(&self.address, self.allow_plain_http).map_err(ConfigError::Address)?;
        let proxy = Proxy::resolve(&self.proxy, &endpoint, environment)?;
        Ok(proxy.map(|proxy| proxy.to_string()))
    }

    /// The transport of a client with these settings, for other requests to the host of this address, without
    /// credentials and retries.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the address, the proxy or the root certificates can't be
    /// used.
    #[doc(hidden)]
    pub fn build_transport(self) -> Result<Arc<dyn Transport>, crate::Error> {
        let placeholder = self.credentials(Credentials::api("none", "none"));
        let checked = placeholder.check()?;
        Ok(match checked.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new(checked.http)?),
        })
    }

    /// Checks the settings.
    pub(crate) fn check(self) -> Result<Checked, ConfigError> {
        let endpoint = Endpoint::parse(&self.address, self.allow_plain_http).map_err(ConfigError::Address)?;
        let credentials = self.credentials.ok_or(ConfigError::NoCredentials)?;
        credentials.check().map_err(ConfigError::EmptyCredentials)?;
        let limits = [self.timeout, Some(self.connect_timeout), self.retries.total()];
        if limits.into_iter().flatten().any(|limit| limit.is_zero()) {
            return Err(ConfigError::ZeroTimeout);
        }
        if self.retries.attempts() == 0 {
            return Err(ConfigError::ZeroAttempts);
        }
        if self.response_type == ResponseType::Nvp {
            return Err(ConfigError::NoListInNvp);
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            return Err(ConfigError::UserAgent);
        }
        // A custom transport does not use the proxy and the certificates.
        let (proxy, roots) = match &self.transport {
            Some(_) => (None, Roots::System),
            None => {
                let proxy = Proxy::resolve(&self.proxy, &endpoint, environment)?;
                if let Some(proxy) = &proxy {
                    log::debug!("{endpoint}: requests go through the proxy {proxy}");
                }
                (proxy, self.root_certificates.as_deref().map_or(Ok(Roots::System), Roots::from_pem)?)
            }
        };
        let total = self.retries.total().or(self.timeout).unwrap_or(RetryPolicy::DEFAULT_TOTAL_TIMEOUT);
        let redactor = credentials.redactor();
        let decoder = Decoder::new().strict(self.strict).max_len(self.max_response_len);
        Ok(Checked {
            settings: CallSettings {
                endpoint,
                credentials,
                response_type: self.response_type,
                decoder: decoder.redactor(redactor.clone()),
                redactor,
                max_response_len: self.max_response_len,
                retries: self.retries,
                attempt_timeout: self.timeout.unwrap_or(ClientBuilder::DEFAULT_TIMEOUT),
                total_timeout: total,
            },
            http: HttpSettings {
                connect_timeout: self.connect_timeout,
                proxy,
                roots,
                user_agent: self.user_agent,
            },
            transport: self.transport,
            clock: self.clock,
        })
    }
}

/// A variable of this process. A value that is not Unicode is not skipped: it is an address that can't be parsed.
fn environment(name: &str) -> Option<String> {
    Some(std::env::var_os(name)?.to_string_lossy().into_owned())
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address and the proxy are not shown: they are not parsed yet, and may contain a password.
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// Settings of a client that uses the Local API of an install on this machine; made by
/// [`Client::local`](crate::Client::local).
///
/// ```no_run
/// use gettickets::{Client, GetTickets};
/// let client = Client::local("/var/www/whmcs").admin("admin").build()?;
/// let page = client.get_tickets(&GetTickets::default())?;
/// # Ok::<(), gettickets::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LocalBuilder {
    local: Local,
}

impl LocalBuilder {
    pub(crate) fn new(path: PathBuf) -> LocalBuilder {
        // The path may also be that of `init.php`.
        let path = match path.file_name() {
            Some(name) if name == "init.php" => path.parent().map(Path::to_owned).unwrap_or_default(),
            _ => path,
        };
        LocalBuilder {
            local: Local {
                path,
                php: "php".into(),
                hidden_variables: Vec::new(),
                admin: None,
                timeout: ClientBuilder::DEFAULT_TIMEOUT,
                max_response_len: ClientBuilder::DEFAULT_MAX_RESPONSE_LEN,
                strict: false,
            },
        }
    }

    /// The PHP program. Default: `php`, searched in `PATH`.
    pub fn php(mut self, program: impl Into<OsString>) -> LocalBuilder {
        self.local.php = program.into();
        self
    }

    /// Environment variables that PHP does not inherit, besides those that begin with `GETTICKETS_`: those with the secrets of
    /// other installs, for example. Default: none.
    pub fn hide_variables(mut self, names: impl IntoIterator<Item = impl Into<OsString>>) -> LocalBuilder {
        self.local.hidden_variables.extend(names.into_iter().map(Into::into));
        self
    }

    /// The user name of the admin to call as. Servers before 7.2 need one; later ones use the first admin. Default:
    /// none.
    pub fn admin(mut self, username: impl Into<String>) -> LocalBuilder {
        self.local.admin = Some(username.into());
        self
    }

    /// The time limit for PHP, which is then killed with every process that it started. `Duration::MAX` means no
    /// limit. Default: 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> LocalBuilder {
        self.local.timeout = timeout;
        self
    }

    /// The limit of a reply in bytes. Default: 64 MiB; a larger value than [`Decoder::LARGEST_MAX_LEN`] is reduced to
    /// that.
    pub fn max_response_len(mut self, len: usize) -> LocalBuilder {
        self.local.max_response_len = len.min(Decoder::LARGEST_MAX_LEN);
        self
    }

    /// Refuses replies that deviate from the documented format, even in known ways. Default: `false`.
    pub fn strict(mut self, strict: bool) -> LocalBuilder {
        self.local.strict = strict;
        self
    }

    /// Checks the settings.
    pub(crate) fn check(self) -> Result<Local, ConfigError> {
        match self.local.timeout.is_zero() {
            true => Err(ConfigError::ZeroTimeout),
            false => Ok(self.local),
        }
    }
}
