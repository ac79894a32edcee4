//! [`Client`]: requests that wait without the interpreter's lock, and listen to Ctrl-C while they do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gettickets::{Credentials, RetryPolicy};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::errors;
use crate::home::Home;
use crate::logging;
use crate::moment;
use crate::page::Page;
use crate::request;
use crate::scan::Scan;

/// How long is waited before signals are looked at: Ctrl-C takes effect within this.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);
/// Time limits beyond this, some thirty years, are as good as none.
const LONGEST: f64 = 1e9;

/// A client of one install. The class `gettickets.Client` wraps it.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Client {
    client: gettickets::Client,
    zone: Option<Py<PyAny>>,
    home: Home,
}

/// Settings by name; what is `None` is left as it is.
struct Settings<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Settings<'_, 'py> {
    fn get(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    fn text(&self, name: &str) -> PyResult<Option<String>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let text =
            value.cast::<PyString>().map_err(|_| PyTypeError::new_err(format!("{name} must be a str")))?;
        Ok(Some(text.to_str()?.to_owned()))
    }

    fn truth(&self, name: &str) -> PyResult<Option<bool>> {
        self.get(name)?.map(|value| value.is_truthy()).transpose()
    }

    fn size(&self, name: &str) -> PyResult<Option<usize>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        Ok(Some(usize::try_from(request::integer(name, &value)?).unwrap_or(usize::MAX)))
    }

    fn time(&self, name: &str) -> PyResult<Option<Duration>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        let seconds: f64 = value
            .extract()
            .map_err(|_| PyTypeError::new_err(format!("{name} must be a number of seconds")))?;
        let no_time = || PyValueError::new_err(format!("{name} is no time: it is below 0, or no number"));
        if seconds.is_nan() {
            return Err(no_time());
        }
        Duration::try_from_secs_f64(seconds.min(LONGEST)).map(Some).map_err(|_| no_time())
    }

    fn credentials(&self) -> PyResult<Option<Credentials>> {
        let given =
            ["identifier", "secret", "username", "password", "password_md5"].map(|name| self.text(name));
        let [identifier, secret, username, password, password_md5] = given;
        let login = match (identifier?, secret?, username?, password?, password_md5?) {
            (Some(identifier), Some(secret), None, None, None) => Credentials::api(identifier, secret),
            (None, None, Some(username), Some(password), None) => Credentials::admin(username, password),
            (None, None, Some(username), None, Some(md5)) => {
                Credentials::admin_md5(username, md5).map_err(errors::value)?
            }
            (None, None, None, None, None) => return Ok(None),
            _ => {
                let kinds = "identifier and secret, username and password, or username and password_md5";
                return Err(PyTypeError::new_err(format!("credentials are {kinds}")));
            }
        };
        match self.text("access_key")? {
            Some(key) => login.with_access_key(key).map(Some).map_err(errors::value),
            None => Ok(Some(login)),
        }
    }

    fn retries(&self) -> PyResult<RetryPolicy> {
        let mut policy = RetryPolicy::default();
        if let Some(attempts) = self.size("attempts")? {
            policy = policy.max_attempts(u32::try_from(attempts).unwrap_or(u32::MAX));
        }
        if let Some(budget) = self.time("budget")? {
            policy = policy.total_timeout(budget);
        }
        Ok(policy)
    }
}

#[pymethods]
impl Client {
    /// A client that asks over HTTP.
    #[staticmethod]
    #[pyo3(signature = (url, timezone, **settings))]
    fn over_http(
        py: Python<'_>,
        url: String,
        timezone: Option<Py<PyAny>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Client> {
        let none = PyDict::new(py);
        let settings = Settings(settings.unwrap_or(&none));
        let mut builder = gettickets::Client::builder(url).retries(settings.retries()?);
        if let Some(credentials) = settings.credentials()? {
            builder = builder.credentials(credentials);
        }
        if let Some(timeout) = settings.time("timeout")? {
            builder = builder.timeout(timeout);
        }
        if let Some(timeout) = settings.time("connect_timeout")? {
            builder = builder.connect_timeout(timeout);
        }
        if let Some(len) = settings.size("max_response_len")? {
            builder = builder.max_response_len(len);
        }
        if let Some(word) = settings.text("response_type")? {
            builder = builder.response_type(
                word.parse().map_err(|error: gettickets::UnknownResponseType| errors::value(error))?,
            );
        }
        if let Some(strict) = settings.truth("strict")? {
            builder = builder.strict(strict);
        }
        if let Some(allow) = settings.truth("allow_plain_http")? {
            builder = builder.allow_plain_http(allow);
        }
        match settings.get("proxy")? {
            Some(proxy) if proxy.is(pyo3::types::PyBool::new(py, false).as_any()) => {
                builder = builder.proxy(None)
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
        // Reading this machine's trusted authorities takes milliseconds.
        let client = py.detach(|| builder.build()).map_err(|error| errors::raise(py, &error))?;
        Ok(Client { client, zone: timezone, home: Home::here() })
    }

    /// A client that asks an install on this machine, through PHP.
    #[staticmethod]
    #[pyo3(signature = (path, timezone, **settings))]
    fn on_this_machine(
        py: Python<'_>,
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
        if let Some(timeout) = settings.time("timeout")? {
            builder = builder.timeout(timeout);
        }
        if let Some(len) = settings.size("max_response_len")? {
            builder = builder.max_response_len(len);
        }
        if let Some(strict) = settings.truth("strict")? {
            builder = builder.strict(strict);
        }
        let client = builder.build().map_err(|error| errors::raise(py, &error))?;
        Ok(Client { client, zone: timezone, home: Home::here() })
    }

    /// Who is asked, without credentials.
    #[getter]
    fn place(&self) -> String {
        self.client.endpoint()
    }

    /// Asks for one page and waits for it.
    #[pyo3(signature = (**parameters))]
    fn get_tickets(&self, py: Python<'_>, parameters: Option<&Bound<'_, PyDict>>) -> PyResult<Page> {
        self.home.check("client")?;
        let request = request::from_python(parameters)?;
        logging::listen(py)?;
        let mut pending = self.client.start(request);
        loop {
            let waited = py.detach(move || (pending.wait_for(PATIENCE), pending));
            logging::tell(py)?;
            if let (Some(outcome), _) = waited {
                return self.page(py, outcome);
            }
            pending = waited.1;
            // Where a signal raises, the request is dropped, which gives it up.
            py.check_signals()?;
        }
    }

    /// Asks for one page, and calls `ready`, without arguments and on another thread, once it can be taken.
    #[pyo3(signature = (ready, **parameters))]
    fn start(
        slf: Py<Client>,
        py: Python<'_>,
        ready: Py<PyAny>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Pending> {
        slf.get().home.check("client")?;
        let request = request::from_python(parameters)?;
        logging::listen(py)?;
        let pending = slf.get().client.start_then(request, move || call(ready));
        Ok(Pending { pending: Mutex::new(Some(pending)), client: slf })
    }

    /// A scan over every page.
    #[pyo3(signature = (updated_since, resume, max_requests, **parameters))]
    fn scan(
        &self,
        py: Python<'_>,
        updated_since: Option<&Bound<'_, PyAny>>,
        resume: Option<&str>,
        max_requests: Option<u64>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Scan> {
        self.home.check("client")?;
        logging::listen(py)?;
        let zone = self.zone.as_ref();
        let mut scan = self.client.scan(request::from_python(parameters)?);
        if let Some(moment) = updated_since {
            scan = scan.updated_since(moment::from_python("updated_since", moment, zone)?);
        }
        if let Some(most) = max_requests {
            scan = scan.max_requests(most);
        }
        if let Some(cursor) = resume {
            let cursor =
                cursor.parse().map_err(|error: gettickets::scan::InvalidCursor| errors::value(error))?;
            scan = scan.resume(&cursor).map_err(errors::value)?;
        }
        Ok(Scan::new(scan, zone.map(|zone| zone.clone_ref(py)), self.client.endpoint()))
    }
}

impl Client {
    fn page(&self, py: Python<'_>, outcome: Result<gettickets::Page, gettickets::Error>) -> PyResult<Page> {
        match outcome {
            Ok(page) => Ok(Page::new(page, self.zone.as_ref().map(|zone| zone.clone_ref(py)))),
            Err(error) => Err(errors::raise(py, &error)),
        }
    }
}

/// A request that is under way.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Pending {
    pending: Mutex<Option<gettickets::Pending>>,
    client: Py<Client>,
}

#[pymethods]
impl Pending {
    /// The page or its exception, if it has come and was not taken before; else None.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Page>> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = pending.as_ref().and_then(|pending| pending.wait_for(Duration::ZERO));
        drop(pending);
        logging::tell(py)?;
        outcome.map(|outcome| self.client.get().page(py, outcome)).transpose()
    }

    /// Nobody waits for it any more, and it is not repeated.
    fn give_up(&self) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Calls back into Python from a thread that is none of its own. What the callback raises is told as Python
/// tells of exceptions in threads; an interpreter that has ended is not called.
pub(crate) fn call(callback: Py<PyAny>) {
    Python::try_attach(|py| {
        let callback = callback.into_bound(py);
        if let Err(error) = callback.call0() {
            error.write_unraisable(py, Some(&callback));
        }
    });
}
