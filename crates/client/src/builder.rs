//! [`ClientBuilder`]: from settings to a [`Client`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::Error;
use crate::address::Endpoint;
use crate::client::{Backend, Client, Http, Inner};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::protocol::{Credentials, Decoder, ResponseType};
use crate::retry::RetryPolicy;
use crate::transport::{HttpSettings, HttpTransport, ProxyChoice, Transport};

/// Settings of a client that asks over HTTP; begun by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    address: Zeroizing<String>,
    credentials: Option<Credentials>,
    timeout: Duration,
    connect_timeout: Duration,
    max_response_len: usize,
    retries: RetryPolicy,
    response_type: ResponseType,
    strict: bool,
    allow_plain_http: bool,
    proxy: ProxyChoice,
    root_certificates: Option<Vec<u8>>,
    user_agent: String,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    /// How long one exchange may take unless told otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    /// How long a connection may take to come about unless told otherwise.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How many bytes a reply may have unless told otherwise: 64 MiB.
    pub const DEFAULT_MAX_RESPONSE_LEN: usize = 64 << 20;
    /// What a client calls itself unless told otherwise.
    pub const DEFAULT_USER_AGENT: &'static str = concat!("gettickets/", env!("CARGO_PKG_VERSION"));

    pub(crate) fn new(address: String) -> ClientBuilder {
        ClientBuilder {
            address: Zeroizing::new(address),
            credentials: None,
            timeout: ClientBuilder::DEFAULT_TIMEOUT,
            connect_timeout: ClientBuilder::DEFAULT_CONNECT_TIMEOUT,
            max_response_len: ClientBuilder::DEFAULT_MAX_RESPONSE_LEN,
            retries: RetryPolicy::default(),
            response_type: ResponseType::Json,
            strict: false,
            allow_plain_http: false,
            proxy: ProxyChoice::default(),
            root_certificates: None,
            user_agent: ClientBuilder::DEFAULT_USER_AGENT.to_owned(),
            transport: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// What to be let in with. Required.
    pub fn credentials(mut self, credentials: Credentials) -> ClientBuilder {
        self.credentials = Some(credentials);
        self
    }

    /// How long one exchange may take from the first look-up to the last byte. Default: 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.timeout = timeout;
        self
    }

    /// How long a connection, encryption included, may take to come about. Default: 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.connect_timeout = timeout;
        self
    }

    /// How many bytes a reply may have once decompressed. Default: 64 MiB; anything above
    /// [`Decoder::LARGEST_MAX_LEN`] counts as that.
    pub fn max_response_len(mut self, len: usize) -> ClientBuilder {
        self.max_response_len = len.min(Decoder::LARGEST_MAX_LEN);
        self
    }

    /// When to ask again. Default: [`RetryPolicy::default`].
    pub fn retries(mut self, retries: RetryPolicy) -> ClientBuilder {
        self.retries = retries;
        self
    }

    /// Asks once.
    pub fn no_retries(self) -> ClientBuilder {
        self.retries(RetryPolicy::none())
    }

    /// The format to ask for: JSON or XML. Default: JSON.
    pub fn response_type(mut self, response_type: ResponseType) -> ClientBuilder {
        self.response_type = response_type;
        self
    }

    /// Refuses replies that depart from the documented shape, even in ways that are known. Default:
    /// `false`.
    pub fn strict(mut self, strict: bool) -> ClientBuilder {
        self.strict = strict;
        self
    }

    /// Lets credentials go over plain http to another machine. Default: `false`; to this machine they may
    /// always.
    pub fn allow_plain_http(mut self, allow: bool) -> ClientBuilder {
        self.allow_plain_http = allow;
        self
    }

    /// The proxy to go through, such as `http://proxy.example.com:3128`, or `None` for none. Default: as
    /// the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), but none to this machine itself, and
    /// none in a CGI program, whose environment its visitors write.
    pub fn proxy(mut self, proxy: Option<&str>) -> ClientBuilder {
        self.proxy = match proxy {
            Some(address) => ProxyChoice::At(Zeroizing::new(address.to_owned())),
            None => ProxyChoice::None,
        };
        self
    }

    /// Trusts these authorities, in PEM, and no others. Default: those that this machine trusts.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> ClientBuilder {
        self.root_certificates = Some(pem.into());
        self
    }

    /// What the client calls itself; firewalls before a server may insist on a name they know. Default:
    /// `gettickets/` and the version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> ClientBuilder {
        self.user_agent = user_agent.into();
        self
    }

    /// Replaces HTTP by ureq. Proxy, root certificates, user agent and the time to connect are then this
    /// transport's own affair.
    pub fn transport(mut self, transport: impl Transport + 'static) -> ClientBuilder {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Replaces the clock that retries wait by; for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> ClientBuilder {
        self.clock = Arc::new(clock);
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where a setting can't be used.
    pub fn build(self) -> Result<Client, Error> {
        let endpoint = Endpoint::parse(&self.address, self.allow_plain_http).map_err(ConfigError::Address)?;
        let credentials = self.credentials.ok_or(ConfigError::NoCredentials)?;
        credentials.check().map_err(ConfigError::EmptyCredentials)?;
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return Err(ConfigError::ZeroTimeout.into());
        }
        if self.retries.max_attempts() == 0 {
            return Err(ConfigError::ZeroAttempts.into());
        }
        if self.response_type == ResponseType::Nvp {
            return Err(ConfigError::NoListInNvp.into());
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            return Err(ConfigError::UserAgent.into());
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new(&HttpSettings {
                connect_timeout: self.connect_timeout,
                proxy: &self.proxy,
                is_loopback: endpoint.is_loopback(),
                root_certificates: self.root_certificates.as_deref(),
                user_agent: &self.user_agent,
            })?),
        };
        let http = Http {
            endpoint,
            credentials,
            transport,
            response_type: self.response_type,
            decoder: Decoder::new().strict(self.strict).max_len(self.max_response_len),
            timeout: self.timeout,
            max_response_len: self.max_response_len,
        };
        let backend = Backend::Http(Box::new(http));
        Ok(Client::from_inner(Inner { backend, retries: self.retries, clock: self.clock }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the address nor the proxy is shown: until it is read, either may hold a password.
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
