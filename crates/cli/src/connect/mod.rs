//! From what was said to a client: flags, environment and profile become [`Settings`], and those a
//! [`Connection`].

pub(crate) mod environment;
mod failure;
pub(crate) mod profile;
pub(crate) mod secret;
pub(crate) mod settings;

use std::fs;
use std::path::Path;

use gettickets::{Client, ClientBuilder, Credentials, DateTime, Error};
use gettickets_sandbox::{Quirk, Sandbox};

use self::environment::Environment;
pub(crate) use self::failure::of as failure_of;
pub(crate) use self::settings::{Settings, Target};
use crate::args::ConnectionArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::clock::Clock;

/// A client, and what else lives as long as it is used.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The install's clock.
    pub(crate) clock: Clock,
    /// Who is asked, in words; nothing secret.
    pub(crate) place: String,
    /// Serves until the connection is dropped.
    _sandbox: Option<Sandbox>,
}

/// Opens the connection that the flags, the environment or a profile describe. Nothing is sent yet.
pub(crate) fn open(args: &ConnectionArgs) -> Outcome<Connection> {
    Settings::of(args, &Environment::process())?.connect()
}

/// As [`open`], where a sandbox is one in which tickets are opened, answered, closed and deleted.
pub(crate) fn open_living(args: &ConnectionArgs) -> Outcome<Connection> {
    Settings::of(args, &Environment::process())?.connect_to(&[Quirk::Shifting])
}

impl Settings {
    /// The client of these settings.
    pub(crate) fn connect(&self) -> Outcome<Connection> {
        self.connect_to(&[])
    }

    fn connect_to(&self, quirks: &[Quirk]) -> Outcome<Connection> {
        let clock = Clock::new(self.time_zone.as_deref())?;
        match &self.target {
            Target::Sandbox => {
                let sandbox = start_sandbox(clock.now(), quirks)?;
                let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
                let client =
                    self.http(&sandbox.url(), credentials)?.build().map_err(|error| failure_of(&error))?;
                let place = format!("the sandbox at {}", sandbox.url());
                Ok(Connection { client, clock, place, _sandbox: Some(sandbox) })
            }
            Target::Http { url } => {
                let credentials = self.credentials.clone();
                let credentials = credentials.ok_or_else(|| Failure::usage("the credentials are missing"))?;
                let client = self.http(url, credentials)?.build().map_err(|error| self.unusable(&error))?;
                Ok(Connection { client, clock, place: url.clone(), _sandbox: None })
            }
            Target::Local { path, admin_user } => {
                let mut local = Client::local(path).strict(self.strict);
                if let Some(admin) = admin_user {
                    local = local.admin(admin);
                }
                if let Some(timeout) = self.timeout {
                    local = local.timeout(timeout);
                }
                let client = local.build().map_err(|error| self.unusable(&error))?;
                Ok(Connection { client, clock, place: path.display().to_string(), _sandbox: None })
            }
        }
    }

    /// A client of this address with everything that was said.
    pub(crate) fn http(&self, url: &str, credentials: Credentials) -> Outcome<ClientBuilder> {
        let mut builder = Client::builder(url)
            .credentials(credentials)
            .strict(self.strict)
            .allow_plain_http(self.allow_plain_http);
        if let Some(timeout) = self.timeout {
            builder =
                builder.timeout(timeout).connect_timeout(timeout.min(ClientBuilder::DEFAULT_CONNECT_TIMEOUT));
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(Some(proxy));
        }
        if let Some(file) = &self.ca_file {
            builder = builder.root_certificates(read_certificates(file)?);
        }
        if !self.retries {
            builder = builder.no_retries();
        }
        Ok(builder)
    }

    /// A setting that cannot be used is told with where it was said.
    fn unusable(&self, error: &Error) -> Failure {
        let failure = failure_of(error);
        if failure.exit == Exit::Usage { failure.at(format!("from {}", self.named_by)) } else { failure }
    }
}

fn read_certificates(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Failure::usage(format!("the certificates in {} cannot be read: {error}", file.display()))
            .hint("Check the file's name and who may read it")
    })
}

/// The sandbox of `--sandbox`: its newest ticket is as new as now, so that ages look as they do in life.
pub(crate) fn start_sandbox(now: DateTime, quirks: &[Quirk]) -> Outcome<Sandbox> {
    Sandbox::builder().newest(now).quirks(quirks.iter().copied()).start().map_err(|error| {
        Failure::new(Exit::Unreached, format!("the sandbox did not start: {error}"))
            .hint("It listens on loopback; does something keep programs from that?")
    })
}
