//! [`Sandbox`]: an embedded GetTickets endpoint on loopback.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gettickets::{Status, TicketRef, Tickets, Version};
use gettickets_sandbox::{ConfiguredStatus, Quirk, SandboxBuilder, Store, StoreError};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::building;
use crate::errors;
use crate::home::Home;
use crate::making;
use crate::moment;
use crate::page::Page;
use crate::recent::Recent;
use crate::request;
use crate::ticket::Ticket;
use crate::vocabulary;

/// Every quirk's name and description.
#[pyfunction]
pub(crate) fn quirks() -> Vec<(&'static str, &'static str)> {
    Quirk::ALL.iter().map(|quirk| (quirk.name(), quirk.description())).collect()
}

/// A running server. The class `gettickets.Sandbox` wraps it.
#[pyclass(frozen, module = "gettickets._native")]
pub(crate) struct Sandbox {
    running: Home<Running>,
    url: String,
    identifier: String,
    secret: String,
    version: Version,
}

/// The values that belong to the process that started the server.
struct Running {
    /// `None` when it is closed.
    sandbox: Mutex<Option<gettickets_sandbox::Sandbox>>,
    store: Store,
}

impl Sandbox {
    fn sandbox(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Option<gettickets_sandbox::Sandbox>>> {
        let running = self.running.get(py, "sandbox")?;
        Ok(running.sandbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn changed<T: Send>(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&Store) -> Result<T, StoreError> + Send,
    ) -> PyResult<T> {
        let store = &self.running.get(py, "sandbox")?.store;
        py.detach(|| change(store)).map_err(|error| errors::sandbox(py, &error))
    }
}

#[pymethods]
impl Sandbox {
    /// Starts a server.
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Sandbox> {
        let mut builder = gettickets_sandbox::Sandbox::builder();
        for (name, value) in settings.into_iter().flatten() {
            let name: String = name.extract()?;
            if !value.is_none() {
                builder = set(builder, &name, &value)?;
            }
        }
        let sandbox = py.detach(|| builder.start()).map_err(|error| errors::sandbox(py, &error))?;
        Ok(Sandbox {
            url: sandbox.url(),
            identifier: sandbox.identifier().to_owned(),
            secret: sandbox.secret().to_owned(),
            version: sandbox.server_version(),
            running: Home::new(Running { store: sandbox.store(), sandbox: Mutex::new(Some(sandbox)) }),
        })
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn identifier(&self) -> &str {
        &self.identifier
    }

    #[getter]
    fn secret(&self) -> &str {
        &self.secret
    }

    #[getter]
    fn server_version<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        vocabulary::to_python(py, self.version)
    }

    #[getter]
    fn is_running(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.sandbox(py)?.is_some())
    }

    /// Whether this process started the server.
    #[getter]
    fn is_here(&self) -> bool {
        self.running.here().is_some()
    }

    #[getter]
    fn request_count(&self, py: Python<'_>) -> PyResult<u64> {
        let sandbox = self.sandbox(py)?;
        sandbox.as_ref().map(|sandbox| sandbox.request_count()).ok_or_else(|| errors::closed(py, "sandbox"))
    }

    /// Stops the server. In a child process this does nothing: the server is its parent's.
    fn close(&self, py: Python<'_>) {
        if let Ok(mut sandbox) = self.sandbox(py) {
            let ended = sandbox.take();
            drop(sandbox);
            py.detach(|| drop(ended));
        }
    }

    #[pyo3(signature = (**fields))]
    fn open(&self, py: Python<'_>, fields: Option<&Bound<'_, PyDict>>) -> PyResult<u64> {
        let ticket = building::ticket(fields)?;
        self.changed(py, |store| store.open(ticket))
    }

    fn reply(&self, py: Python<'_>, id: u64, status: String) -> PyResult<bool> {
        self.changed(py, |store| store.reply(id, Status::from(status)))
    }

    fn set_status(&self, py: Python<'_>, id: u64, status: String) -> PyResult<bool> {
        self.changed(py, |store| store.set_status(id, Status::from(status)))
    }

    fn set_department(&self, py: Python<'_>, id: u64, deptid: u64) -> PyResult<bool> {
        self.changed(py, |store| store.set_department(id, deptid))
    }

    fn delete(&self, py: Python<'_>, id: u64) -> PyResult<bool> {
        self.changed(py, |store| store.delete(id))
    }

    fn merge(&self, py: Python<'_>, id: u64, into: u64) -> PyResult<bool> {
        self.changed(py, |store| store.merge(id, into))
    }

    fn churn(&self, py: Python<'_>, seed: u64) -> PyResult<()> {
        self.changed(py, |store| store.churn(seed))
    }

    fn get(&self, py: Python<'_>, id: u64) -> PyResult<Option<Py<Ticket>>> {
        let Some(ticket) = self.changed(py, |store| store.get(id))? else { return Ok(None) };
        let page = gettickets::Page::from(Tickets::new(&[ticket], self.version));
        let page = Py::new(py, Page::new(page, None))?;
        making::ticket(py, &page, 0, &mut Recent::new())
    }

    fn ids(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        self.changed(py, Store::ids)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(usize::try_from(self.changed(py, Store::len)?).unwrap_or(usize::MAX))
    }
}

/// Applies one setting of a sandbox.
fn set(builder: SandboxBuilder, name: &str, value: &Bound<'_, PyAny>) -> PyResult<SandboxBuilder> {
    Ok(match name {
        "tickets" => builder.tickets(number(name, value)?),
        "seed" => builder.seed(number(name, value)?),
        "newest" => builder.newest(moment::of_the_install(name, value)?),
        "load" => builder.load(loaded(value)?),
        "server_version" => builder.server_version(vocabulary::from_python(value)?),
        "credentials" => {
            let (identifier, secret): (String, String) = value.extract()?;
            builder.api_credentials(identifier, secret)
        }
        "admin" => {
            let (username, password): (String, String) = value.extract()?;
            builder.admin(username, &password)
        }
        "access_key" => builder.access_key(value.extract::<String>()?),
        "allow_from" => builder.allow_from(each(value, |one| address(&one.extract::<String>()?))?),
        "departments" => builder.departments(each(value, |one| one.extract::<u64>())?),
        "admin_id" => builder.admin_id(number(name, value)?),
        "statuses" => builder.statuses(each(value, status)?),
        "quirks" => builder.quirks(each(value, |one| {
            one.extract::<String>()?
                .parse()
                .map_err(|error: gettickets_sandbox::UnknownQuirk| errors::argument(error))
        })?),
        "host" => builder.host(address(&value.extract::<String>()?)?),
        "port" => builder.port(number(name, value)?),
        "latency" => builder.latency(
            Duration::try_from_secs_f64(request::seconds(name, value)?)
                .map_err(|_| errors::argument("latency is too long"))?,
        ),
        _ => return Err(PyTypeError::new_err(format!("a sandbox has no setting {name:?}"))),
    })
}

fn number<T: TryFrom<u64>>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T> {
    let number = request::integer(name, value)?;
    T::try_from(number).map_err(|_| errors::argument(format!("{name} is too large: {number}")))
}

fn each<'py, T>(
    values: &Bound<'py, PyAny>,
    read: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    values.try_iter()?.map(|value| read(&value?)).collect()
}

fn address(text: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| errors::argument(format!("{text:?} is not an IP address")))
}

/// A status: its title, whether it is active and whether it awaits a reply.
fn status(value: &Bound<'_, PyAny>) -> PyResult<ConfiguredStatus> {
    let (title, active, awaiting): (String, bool, bool) = value.extract()?;
    let status = ConfiguredStatus::new(title);
    let status = if active { status.active() } else { status };
    Ok(if awaiting { status.awaiting_reply() } else { status })
}

/// Tickets to load: a page, or tickets one by one, each a Ticket or a mapping.
fn loaded(value: &Bound<'_, PyAny>) -> PyResult<Vec<gettickets::Ticket>> {
    if let Ok(page) = value.cast::<Page>() {
        return Ok(page.get().tickets().iter().map(|ticket: TicketRef<'_>| ticket.to_ticket()).collect());
    }
    each(value, |one| match one.cast::<Ticket>() {
        Ok(ticket) => Ok(ticket.get().inside()?.to_ticket()),
        Err(_) => {
            let fields = value.py().get_type::<PyDict>().call1((one,))?;
            building::ticket(Some(fields.cast::<PyDict>()?))
        }
    })
}
