//! `gettickets doctor`: checks the connection to the server, step by step.
//!
//! Each step shows what was seen and, if something is wrong, what to do. The steps lead from this machine to the
//! server; steps that follow a failed one are skipped. The output holds no secret: the network checks send no
//! credentials, and the client redacts them in texts from the API.

mod api;
mod certificate;
mod http;
mod network;
mod proxy;
mod report;
mod stream;
mod timed;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gettickets::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use gettickets::{Client, ClientBuilder, Credentials, ErrorKind, GetTickets, ResponseType};

use self::proxy::Proxy;
use self::report::{Report, Step};
use self::timed::Limits;
use crate::args::DoctorArgs;
use crate::connect::environment::Environment;
use crate::connect::{self, Settings, Target};
use crate::exit::{Failure, Outcome};
use crate::output::clock;

/// The time limit of a step, unless --timeout sets a shorter one.
const STEP_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &DoctorArgs) -> Outcome {
    let settings = Settings::of(&args.connection, &Environment::process())?;
    let now = clock::now(settings.time_zone.as_deref())?;
    let mut report = Report::start(args.format);
    match &settings.target {
        Target::Sandbox => {
            let sandbox = connect::start_sandbox(now, &[])?;
            let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
            report.add(Step::good("settings", format!("a sandbox started at {}", sandbox.url())));
            over_http(&mut report, &settings, &sandbox.url(), &credentials)?;
        }
        Target::Http { url } => {
            let Some(credentials) = settings.credentials.clone() else {
                return Err(Failure::usage("the credentials are missing"));
            };
            report.add(Step::good("settings", format!("from {}; {}", settings.named_by, credentials.kind())));
            over_http(&mut report, &settings, url, &credentials)?;
        }
        Target::Local { path, .. } => {
            let seen =
                format!("from {}; the install in {}, through its own PHP", settings.named_by, path.display());
            report.add(Step::good("settings", seen));
            let limits = limits(&settings);
            match settings.connect() {
                Ok(connection) => api::check(&mut report, &connection.client, None, now, limits),
                Err(failure) => report.add(Step::failed("local API", failure)),
            }
        }
    }
    report.end()
}

/// The time limits of the check.
fn limits(settings: &Settings) -> Limits {
    Limits::begin(settings.timeout.unwrap_or(STEP_LIMIT).min(STEP_LIMIT))
}

fn over_http(report: &mut Report, settings: &Settings, url: &str, credentials: &Credentials) -> Outcome {
    let client = || settings.http(url, credentials.clone()).map(ClientBuilder::no_retries);
    let endpoint = match endpoint(client()?) {
        Ok(endpoint) => endpoint,
        Err(failure) => {
            report.add(Step::failed("address", failure));
            return Ok(());
        }
    };
    report.add(Step::good("address", &endpoint.address));
    let build = |response_type: ResponseType| -> Outcome<Client> {
        client()?.response_type(response_type).build().map_err(|error| connect::failure_of(&error))
    };
    let (json, xml) = match (build(ResponseType::Json), build(ResponseType::Xml)) {
        (Ok(json), Ok(xml)) => (json, xml),
        (Err(failure), _) | (_, Err(failure)) => {
            report.add(Step::failed("settings", failure));
            return Ok(());
        }
    };
    let limits = limits(settings);
    let proxy = client()?.effective_proxy().map_err(|error| connect::failure_of(&error))?;
    match proxy.as_deref().and_then(Proxy::parse) {
        Some(proxy) => network::check_proxy(report, &proxy, settings, limits),
        None => network::check(report, &endpoint, settings, limits, &|| why_not_encrypted(&json)),
    }
    // Checked even if the network check failed: the client may succeed nevertheless.
    let now = clock::now(settings.time_zone.as_deref())?;
    api::check(report, &json, Some(&xml), now, limits);
    Ok(())
}

/// The client's own error for a failed handshake. Nothing is sent without encryption.
fn why_not_encrypted(client: &Client) -> Option<(String, String)> {
    let error = client.get_tickets(&GetTickets::default()).err()?;
    let ErrorKind::Transport(transport) = error.kind() else { return None };
    let TransportErrorKind::Tls(reason) = transport.kind() else { return None };
    Some((reason.to_string(), connect::failure_of(&error).hint.unwrap_or_default()))
}

/// The endpoint of the requests.
pub(super) struct Endpoint {
    /// The full address of `api.php`.
    address: String,
    host: String,
    port: u16,
    tls: bool,
    path: String,
}

/// The endpoint as the client parses it from the address.
fn endpoint(builder: ClientBuilder) -> Result<Endpoint, Failure> {
    let recorder = Arc::new(Recorder::default());
    let client =
        builder.transport(Arc::clone(&recorder)).build().map_err(|error| connect::failure_of(&error))?;
    // Always fails, after the transport has recorded the address; nothing is sent.
    let _ = client.get_tickets(&GetTickets::default());
    let seen = recorder.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    seen.ok_or_else(|| Failure::usage("the address has no endpoint"))
}

/// A transport that records the endpoint and sends nothing.
#[derive(Default)]
struct Recorder(Mutex<Option<Endpoint>>);

impl Transport for Recorder {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let uri = &request.uri;
        let tls = uri.scheme_str() != Some("http");
        let endpoint = Endpoint {
            address: uri.to_string(),
            host: uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            path: uri.path().to_owned(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint);
        Err(TransportError::new(TransportErrorKind::Other).not_sent())
    }
}
