//! [`Client`]: sends requests, which wait without the interpreter's lock and can be interrupted by signals.

use std::time::Duration;

use gettickets::scan::{Cursor, InvalidCursor};
use gettickets::{Credentials, DateTime, GetTickets, RetryPolicy, StatusFilter};
use gettickets_cli::profiles::{self, Builder};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::async_source::AsyncSource;
use crate::errors;
use crate::home::Home;
use crate::imports;
use crate::logging;
use crate::moment;
use crate::page::Page;
use crate::request;
use crate::runtime::Job;
use crate::scan::{Scan, Shared};
use crate::signals::SIGNAL_INTERVAL;
use crate::source::Source;

/// The maximum of a time setting, in seconds: about thirty years.
const MAX_SECONDS: f64 = 1e9;
/// The value for no time limit.
const NO_LIMIT: Duration = Duration::MAX;

/// A client of one install. The class `gettickets.Client` wraps it.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Client {
    backend: Home<Backend>,
    zone: Option<Py<PyAny>>,
    endpoint: String,
}

/// The Rust client: blocking for `gettickets.Client`, asynchronous for `AsyncClient`.
enum Backend {
    Blocking(gettickets::Client),
    Asynchronous(gettickets::AsyncClient),
}

/// Settings by name. A setting that is `None` keeps its default, except for time limits: for these, `None` disables the limit.
struct Settings<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Settings<'_, 'py> {
    fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    fn text(&self, name: &str) -> PyResult<Option<String>> {
        self.get(name)?.map(|value| request::text(name, &value)).transpose()
    }

    fn truth(&self, name: &str) -> PyResult<Option<bool>> {
        self.get(name)?.map(|value| request::truth(name, &value)).transpose()
    }

    fn size(&self, name: &str) -> PyResult<Option<usize>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        Ok(Some(usize::try_from(request::integer(name, &value)?).unwrap_or(usize::MAX)))
    }

    /// A time; infinity becomes the maximum.
    fn time(&self, name: &str) -> PyResult<Option<Duration>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let seconds = request::seconds(name, &value)?;
        Ok(Some(Duration::try_from_secs_f64(seconds.min(MAX_SECONDS)).unwrap_or(NO_LIMIT)))
    }

    /// A time limit; `None` disables it. An absent setting keeps its default.
    fn time_limit(&self, name: &str) -> PyResult<Option<Duration>> {
        match self.0.get_item(name)? {
            Some(value) if value.is_none() => Ok(Some(NO_LIMIT)),
            _ => self.time(name),
        }
    }

    fn credentials(&self) -> PyResult<Option<Credentials>> {
        let py = self.0.py();
        let names = ["identifier", "secret", "username", "password", "password_md5"];
        let [identifier, secret, username, password, password_md5] = names.map(|name| self.text(name));
        let access_key = self.text("access_key")?;
        let login = match (identifier?, secret?, username?, password?, password_md5?) {
            (Some(identifier), Some(secret), None, None, None) => Credentials::api(identifier, secret),
            (None, None, Some(username), Some(password), None) => Credentials::admin(username, password),
            (None, None, Some(username), None, Some(md5)) => Credentials::admin_md5(username, md5)
                .map_err(|error| errors::config(py, &error.to_string(), "password-md5", KINDS))?,
            (None, None, None, None, None) if access_key.is_none() => return Ok(None),
            (identifier, secret, username, password, password_md5) => {
                let given = [identifier, secret, username, password, password_md5];
                let given: Vec<&str> =
                    names.into_iter().zip(given).filter_map(|(name, value)| value.map(|_| name)).collect();
                let why = match &given[..] {
                    ["identifier"] => "identifier= is given without secret=".to_owned(),
                    ["secret"] => "secret= is given without identifier=".to_owned(),
                    ["username"] => "username= is given without password= or password_md5=".to_owned(),
                    ["password"] | ["password_md5"] => {
                        format!("{}= is given without username=", given.concat())
                    }
                    [] => "access_key= is given without credentials".to_owned(),
                    given => format!("these cannot be used together: {}=", given.join("=, ")),
                };
                return Err(errors::config(py, &why, "credentials", KINDS));
            }
        };
        match access_key {
            Some(key) => login.with_access_key(key).map(Some).map_err(|error| {
                let hint = "It has letters, digits and ! @ # $ % . ( ) * [ ] - _ only.";
                errors::config(py, &error.to_string(), "access-key", hint)
            }),
            None => Ok(Some(login)),
        }
    }

    fn retries(&self) -> PyResult<RetryPolicy> {
        let mut policy = RetryPolicy::default();
        if let Some(attempts) = self.size("max_attempts")? {
            policy = policy.max_attempts(u32::try_from(attempts).unwrap_or(u32::MAX));
        }
        if let Some(backoff) = self.time("initial_backoff")? {
            policy = policy.initial_backoff(backoff);
        }
        if let Some(backoff) = self.time("max_backoff")? {
            policy = policy.max_backoff(backoff);
        }
        if let Some(wait) = self.time("max_retry_after")? {
            policy = policy.max_retry_after(wait);
        }
        if let Some(time) = self.time_limit("total_timeout")? {
            policy = policy.total_timeout(time);
        }
        Ok(policy)
    }
}

/// The hint for credentials that are incomplete or mixed.
const KINDS: &str =
    "Give identifier= and secret=, or username= and password=, or username= and password_md5=.";

#[pymethods]
impl Client {
    /// A client that sends requests over HTTP.
    #[staticmethod]
    #[pyo3(signature = (asynchronous, url, timezone, **settings))]
    fn over_http(
        py: Python<'_>,
        asynchronous: bool,
        url: &Bound<'_, PyAny>,
        timezone: Option<Py<PyAny>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Client> {
        let none = PyDict::new(py);
        let settings = Settings(settings.unwrap_or(&none));
        let url = request::text("url", url)?;
        let mut builder = gettickets::Client::builder(url).retries(settings.retries()?);
        if let Some(credentials) = settings.credentials()? {
            builder = builder.credentials(credentials);
        }
        if let Some(timeout) = settings.time_limit("timeout")? {
            builder = builder.timeout(timeout);
        }
        if let Some(timeout) = settings.time_limit("connect_timeout")? {
            builder = builder.connect_timeout(timeout);
        }
        if let Some(len) = settings.size("max_response_len")? {
            builder = builder.max_response_len(len);
        }
        if let Some(word) = settings.text("response_type")? {
            builder =
                builder.response_type(word.parse().map_err(|error: gettickets::UnknownResponseType| {
                    let hint = "Give response_type=\"json\" or response_type=\"xml\".";
                    errors::config(py, &error.to_string(), "response-type", hint)
                })?);
        }
        if let Some(strict) = settings.truth("strict")? {
            builder = builder.strict(strict);
        }
        if let Some(allow) = settings.truth("allow_plain_http")? {
            builder = builder.allow_plain_http(allow);
        }
        match settings.get("proxy")? {
            Some(proxy) if proxy.is(PyBool::new(py, false)) => builder = builder.proxy(None),
            Some(proxy) if proxy.is_instance_of::<PyBool>() => {
                return Err(request::wrong_type("proxy", "a str, False or None", &proxy));
            }
            Some(_) => builder = builder.proxy(settings.text("proxy")?.as_deref()),
            None => {}
        }
        if let Some(pem) = settings.get("root_certificates")? {
            builder = builder.root_certificates(pem.extract::<Vec<u8>>()?);
        }
        if let Some(name) = settings.text("user_agent")? {
            builder = builder.user_agent(name);
        }
        // Reading this machine's trusted authorities takes some milliseconds.
        let backend = py.detach(|| match asynchronous {
            false => builder.build().map(Backend::Blocking),
            true => builder.build_async().map(Backend::Asynchronous),
        });
        Ok(Client::new(backend.map_err(|error| errors::raise(py, &error))?, timezone))
    }

    /// A client of an install on this machine, through PHP.
    #[staticmethod]
    #[pyo3(signature = (asynchronous, path, timezone, **settings))]
    fn on_this_machine(
        py: Python<'_>,
        asynchronous: bool,
        path: std::path::PathBuf,
        timezone: Option<Py<PyAny>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Client> {
        let none = PyDict::new(py);
        let settings = Settings(settings.unwrap_or(&none));
        let mut builder = gettickets::Client::local(path);
        if let Some(php) = settings.get("php")? {
            builder = builder.php(php.extract::<std::ffi::OsString>()?);
        }
        if let Some(admin) = settings.text("admin")? {
            builder = builder.admin(admin);
        }
        if let Some(timeout) = settings.time_limit("timeout")? {
            builder = builder.timeout(timeout);
        }
        if let Some(len) = settings.size("max_response_len")? {
            builder = builder.max_response_len(len);
        }
        if let Some(strict) = settings.truth("strict")? {
            builder = builder.strict(strict);
        }
        let backend = match asynchronous {
            false => builder.build().map(Backend::Blocking),
            true => builder.build_async().map(Backend::Asynchronous),
        };
        Ok(Client::new(backend.map_err(|error| errors::raise(py, &error))?, timezone))
    }

    /// A client with the settings of a profile of the configuration file.
    #[staticmethod]
    fn from_profile(py: Python<'_>, asynchronous: bool, name: &Bound<'_, PyAny>) -> PyResult<Client> {
        let name = request::text("profile", name)?;
        let profile = py.detach(|| profiles::open(&name)).map_err(|error| errors::profile(py, &error))?;
        let zone = match &profile.time_zone {
            Some(zone) => Some(imports::ZONE.get(py)?.call1((zone,))?.unbind()),
            None => None,
        };
        let backend = py.detach(|| match (profile.builder, asynchronous) {
            (Builder::Http(builder), false) => builder.build().map(Backend::Blocking),
            (Builder::Http(builder), true) => builder.build_async().map(Backend::Asynchronous),
            (Builder::Local(builder), false) => builder.build().map(Backend::Blocking),
            (Builder::Local(builder), true) => builder.build_async().map(Backend::Asynchronous),
        });
        Ok(Client::new(backend.map_err(|error| errors::raise(py, &error))?, zone))
    }

    /// The endpoint, without credentials.
    #[getter]
    fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The time zone of the install, a tzinfo, or None.
    #[getter]
    fn timezone(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.zone.as_ref().map(|zone| zone.clone_ref(py))
    }

    /// Requests one page and waits for it.
    #[pyo3(signature = (**parameters))]
    fn get_tickets(&self, py: Python<'_>, parameters: Option<&Bound<'_, PyDict>>) -> PyResult<Page> {
        let client = self.blocking(py)?;
        let request = request::from_python(parameters)?;
        logging::update_level(py)?;
        let mut pending = client.start(request);
        loop {
            let waited = py.detach(move || (pending.wait_for(SIGNAL_INTERVAL), pending));
            logging::flush(py)?;
            if let (Some(outcome), _) = waited {
                return self.page(py, outcome);
            }
            pending = waited.1;
            // If a signal handler raises, the request is dropped, which cancels it.
            py.check_signals()?;
        }
    }

    /// Requests one page, and calls `ready` without arguments on another thread when it is available.
    #[pyo3(signature = (ready, **parameters))]
    fn start(
        slf: Py<Client>,
        py: Python<'_>,
        ready: Py<PyAny>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Pending> {
        let client = slf.get().asynchronous(py)?.clone();
        let request = request::from_python(parameters)?;
        logging::update_level(py)?;
        let job = Job::start(async move { client.get_tickets(&request).await }, ready)?;
        Ok(Pending { job: Home::new(job), client: slf })
    }

    /// A scan over every page.
    #[pyo3(signature = (settings, progress, **parameters))]
    fn scan(
        &self,
        py: Python<'_>,
        settings: &Bound<'_, PyDict>,
        progress: Option<Py<PyAny>>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Scan> {
        let client = self.blocking(py)?;
        self.begin(py, settings, progress, parameters, |settings, request| {
            Ok(Box::new(settings.blocking(client.scan(request))?))
        })
    }

    /// A scan over every page, for `AsyncScan`.
    #[pyo3(signature = (settings, progress, **parameters))]
    fn scan_async(
        &self,
        py: Python<'_>,
        settings: &Bound<'_, PyDict>,
        progress: Option<Py<PyAny>>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Scan> {
        let client = self.asynchronous(py)?;
        self.begin(py, settings, progress, parameters, |settings, request| {
            Ok(Box::new(AsyncSource::new(settings.asynchronous(client.scan(request))?)))
        })
    }
}

/// Both kinds of scan have the same settings.
macro_rules! configure {
    ($($(#[$doc:meta])* $name:ident $scan:ty;)*) => {$(
        $(#[$doc])*
        fn $name(self, mut scan: $scan) -> Result<$scan, InvalidCursor> {
            scan = scan
                .statuses(self.statuses)
                .full(self.full)
                .skip_unreadable(self.skip_unreadable)
                .allow_count_mismatch(self.allow_count_mismatch);
            if let Some(time) = self.updated_since {
                scan = scan.updated_since(time);
            }
            if let Some(most) = self.concurrency {
                scan = scan.concurrency(most);
            }
            if let Some(most) = self.max_requests {
                scan = scan.max_requests(most);
            }
            if let Some(most) = self.max_tickets {
                scan = scan.max_tickets(most);
            }
            match self.resume {
                Some(cursor) => scan.resume(&cursor),
                None => Ok(scan),
            }
        }
    )*};
}

/// The settings of a scan.
struct ScanSettings {
    /// Empty unless several statuses were given.
    statuses: Vec<StatusFilter>,
    updated_since: Option<DateTime>,
    full: bool,
    concurrency: Option<usize>,
    skip_unreadable: bool,
    allow_count_mismatch: bool,
    max_requests: Option<u64>,
    max_tickets: Option<u64>,
    resume: Option<Cursor>,
}

impl ScanSettings {
    fn from_python(settings: &Bound<'_, PyDict>, zone: Option<&Py<PyAny>>) -> PyResult<ScanSettings> {
        let py = settings.py();
        let settings = Settings(settings);
        let number = |name: &str| settings.get(name)?.map(|value| request::integer(name, &value)).transpose();
        let positive = |name: &str| match number(name)? {
            Some(0) => Err(errors::argument(format!("{name} must be at least 1"))),
            number => Ok(number),
        };
        let concurrency = match positive("concurrency")? {
            Some(number) if number > gettickets::Scan::MAX_CONCURRENCY as u64 => {
                let most = gettickets::Scan::MAX_CONCURRENCY;
                return Err(errors::argument(format!("concurrency must be at most {most}, not {number}")));
            }
            number => number.map(|number| number as usize),
        };
        let updated_since = settings.get("updated_since")?;
        let skip_unreadable = match settings.text("on_unreadable")?.as_deref() {
            None | Some("raise") => false,
            Some("skip") => true,
            Some(other) => {
                let why = format!("on_unreadable must be \"raise\" or \"skip\", not {other:?}");
                return Err(errors::argument(why));
            }
        };
        let resume = match settings.text("resume")? {
            None => None,
            Some(text) => Some(text.parse().map_err(|error: InvalidCursor| errors::cursor(py, error))?),
        };
        Ok(ScanSettings {
            statuses: Vec::new(),
            updated_since: updated_since
                .map(|time| moment::from_python("updated_since", &time, zone))
                .transpose()?,
            full: settings.truth("full")?.unwrap_or_default(),
            concurrency,
            skip_unreadable,
            allow_count_mismatch: settings.truth("allow_count_mismatch")?.unwrap_or_default(),
            max_requests: positive("max_requests")?,
            max_tickets: positive("max_tickets")?,
            resume,
        })
    }

    configure! {
        /// Applies the settings to a blocking scan.
        blocking gettickets::Scan;
        /// Applies the settings to an asynchronous scan.
        asynchronous gettickets::AsyncScan;
    }
}

/// The names of the profiles in the configuration file that match these names and patterns.
#[pyfunction]
pub(crate) fn profile_names(py: Python<'_>, patterns: Vec<String>) -> PyResult<Vec<String>> {
    py.detach(|| profiles::names(&patterns)).map_err(|error| errors::profile(py, &error))
}

impl Client {
    fn new(backend: Backend, zone: Option<Py<PyAny>>) -> Client {
        let endpoint = match &backend {
            Backend::Blocking(client) => client.endpoint(),
            Backend::Asynchronous(client) => client.endpoint(),
        };
        Client { backend: Home::new(backend), zone, endpoint }
    }

    /// The time zone of the install, a `tzinfo`.
    pub(crate) fn zone(&self) -> Option<&Py<PyAny>> {
        self.zone.as_ref()
    }

    /// A scan of a blocking client. The settings are checked, and nothing is sent.
    pub(crate) fn rust_scan(
        &self,
        py: Python<'_>,
        settings: &Bound<'_, PyDict>,
        request: GetTickets,
        statuses: Vec<StatusFilter>,
    ) -> PyResult<gettickets::Scan> {
        let client = self.blocking(py)?;
        let settings = ScanSettings { statuses, ..ScanSettings::from_python(settings, self.zone())? };
        settings.blocking(client.scan(request)).map_err(|error| errors::cursor(py, error))
    }

    pub(crate) fn blocking(&self, py: Python<'_>) -> PyResult<&gettickets::Client> {
        match self.backend.get(py, "client")? {
            Backend::Blocking(client) => Ok(client),
            Backend::Asynchronous(_) => Err(errors::internal("an asynchronous client can't block")),
        }
    }

    fn asynchronous(&self, py: Python<'_>) -> PyResult<&gettickets::AsyncClient> {
        match self.backend.get(py, "client")? {
            Backend::Asynchronous(client) => Ok(client),
            Backend::Blocking(_) => Err(errors::internal("a blocking client can't be awaited")),
        }
    }

    /// Begins a scan of either kind; `open` makes its source from the settings and the request.
    fn begin(
        &self,
        py: Python<'_>,
        settings: &Bound<'_, PyDict>,
        progress: Option<Py<PyAny>>,
        parameters: Option<&Bound<'_, PyDict>>,
        open: impl FnOnce(ScanSettings, GetTickets) -> Result<Box<dyn Source>, InvalidCursor>,
    ) -> PyResult<Scan> {
        let (request, statuses) = request::of_scan(parameters)?;
        let settings = ScanSettings { statuses, ..ScanSettings::from_python(settings, self.zone.as_ref())? };
        let total_is_a_limit = settings.updated_since.is_some();
        let source = open(settings, request).map_err(|error| errors::cursor(py, error))?;
        logging::update_level(py)?;
        let zone = self.zone.as_ref().map(|zone| zone.clone_ref(py));
        Ok(Scan::new(Shared::new(source, total_is_a_limit, progress), zone, self.endpoint.clone()))
    }

    fn page(&self, py: Python<'_>, outcome: Result<gettickets::Page, gettickets::Error>) -> PyResult<Page> {
        match outcome {
            Ok(page) => Ok(Page::new(page, self.zone.as_ref().map(|zone| zone.clone_ref(py)))),
            Err(error) => Err(errors::raise(py, &error)),
        }
    }
}

/// A request of an `AsyncClient`.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Pending {
    job: Home<Job<Result<gettickets::Page, gettickets::Error>>>,
    client: Py<Client>,
}

#[pymethods]
impl Pending {
    /// The page or its exception, if it is available and was not taken before; else None.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Page>> {
        let outcome = self.job.get(py, "request")?.take()?;
        logging::flush(py)?;
        outcome.map(|outcome| self.client.get().page(py, outcome)).transpose()
    }

    /// Cancels the request: its connection is closed, and nothing further is sent.
    fn cancel(&self) {
        if let Some(job) = self.job.here() {
            job.cancel();
        }
    }
}
