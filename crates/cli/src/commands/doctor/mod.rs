//! `gettickets doctor`: the way to the server, step by step.
//!
//! Each step says what was seen and, where something is wrong, what to do. The steps go from this machine
//! outwards, and what stands behind a broken one is not guessed at. Nothing secret is in the output: the
//! look at the network sends no credentials, and what the API says passes through the client, which strikes
//! them out.

mod api;
mod certificate;
mod http;
mod network;
mod report;

use std::sync::{Arc, Mutex, PoisonError};

use gettickets::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use gettickets::{Client, ClientBuilder, Credentials, ErrorKind, GetTickets, ResponseType};

use self::report::{Report, Step};
use crate::args::DoctorArgs;
use crate::connect::environment::Environment;
use crate::connect::{self, Settings, Target};
use crate::exit::{Failure, Outcome};
use crate::output::clock;

pub(crate) fn run(args: &DoctorArgs) -> Outcome {
    let settings = Settings::of(&args.connection, &Environment::process())?;
    let now = clock::now(settings.time_zone.as_deref())?;
    let mut report = Report::start();
    match &settings.target {
        Target::Sandbox => {
            let sandbox = connect::start_sandbox(now, &[])?;
            let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
            report.add(Step::good("settings", format!("the sandbox, started for this at {}", sandbox.url())));
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
            match settings.connect() {
                Ok(connection) => api::look(&mut report, &connection.client, None, now),
                Err(failure) => report.add(Step::failed("local API", failure)),
            }
        }
    }
    report.end()
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
    let build = |xml: bool| -> Outcome<Client> {
        let builder = client()?;
        let builder = if xml { builder.response_type(ResponseType::Xml) } else { builder };
        builder.build().map_err(|error| connect::failure_of(&error))
    };
    let (json, xml) = (build(false)?, build(true)?);
    match proxy(settings, &endpoint) {
        Some(proxy) => {
            report.add(Step::skipped("network", format!("not looked at, as the way leads through {proxy}")))
        }
        None => network::look(report, &endpoint, settings, &|| why_not_encrypted(&json)),
    }
    // Even where the look got no further: what stops it may let the client through.
    let now = clock::now(settings.time_zone.as_deref())?;
    api::look(report, &json, Some(&xml), now);
    Ok(())
}

/// The client's own words for a broken handshake. Nothing is sent where there is no encryption.
fn why_not_encrypted(client: &Client) -> Option<(String, String)> {
    let error = client.get_tickets(&GetTickets::default()).err()?;
    let ErrorKind::Transport(transport) = error.kind() else { return None };
    let TransportErrorKind::Tls(reason) = transport.kind() else { return None };
    Some((reason.to_string(), connect::failure_of(&error).hint.unwrap_or_default()))
}

/// Where requests go.
pub(super) struct Endpoint {
    /// The full address of `api.php`.
    address: String,
    host: String,
    port: u16,
    tls: bool,
    path: String,
}

/// Asks the client where it would send a request, so that there is one reading of addresses.
fn endpoint(builder: ClientBuilder) -> Result<Endpoint, Failure> {
    let asked = Arc::new(Asked::default());
    let client =
        builder.transport(Arc::clone(&asked)).build().map_err(|error| connect::failure_of(&error))?;
    // Fails always, after the transport has seen the address; nothing leaves this process.
    let _ = client.get_tickets(&GetTickets::default());
    let seen = asked.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    seen.ok_or_else(|| Failure::usage("the address leads nowhere"))
}

/// A transport that remembers where a request would have gone.
#[derive(Default)]
struct Asked(Mutex<Option<Endpoint>>);

impl Transport for Asked {
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

/// The proxy that the client would go through, without what may be secret in its address.
fn proxy(settings: &Settings, endpoint: &Endpoint) -> Option<&'static str> {
    if settings.proxy.is_some() {
        return Some("the proxy that was named");
    }
    let loopback = endpoint.host == "localhost"
        || endpoint.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];
    (!loopback && names.into_iter().any(set)).then_some("the environment's proxy")
}
