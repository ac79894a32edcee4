//! Creates a client from the arguments: flags, environment and profile are merged into [`Settings`], from which a
//! [`Connection`] is made.

pub(crate) mod environment;
mod failure;
pub(crate) mod installs;
mod invalid;
pub(crate) mod profile;
pub(crate) mod secret;
pub(crate) mod settings;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gettickets::transport::Transport;
use gettickets::{Client, ClientBuilder, ConfigError, Credentials, DateTime, Error, ErrorKind, LocalBuilder};
use gettickets_sandbox::{Quirk, Sandbox};

use self::environment::Environment;
pub(crate) use self::failure::{exit_of, in_options as hint, of as failure_of, option as option_of};
pub(crate) use self::settings::{PublicSettings, Settings, Target};
use crate::args::{ConnectionArgs, Since};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::InstallContext;
use crate::output::clock::Clock;
use crate::output::names::Names;

/// A client, and what a command needs beside it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The install's clock.
    pub(crate) clock: Clock,
    /// Whether a flag or the profile set the time zone.
    pub(crate) zone_is_known: bool,
    /// A description of the server, without secrets.
    pub(crate) place: String,
    /// Names of departments and admins.
    pub(crate) names: Names,
    /// The environment variables that hold its secrets.
    pub(crate) secret_variables: Vec<String>,
    /// The sandbox, which stops when the connection is dropped.
    _sandbox: Option<Sandbox>,
}

impl Connection {
    /// The output's context of the install, under this name.
    pub(crate) fn context(&self, name: Option<String>) -> InstallContext {
        InstallContext {
            name,
            clock: self.clock.clone(),
            zone_is_known: self.zone_is_known,
            names: self.names.clone(),
        }
    }

    /// Resolves a time that may be relative to now, on the install's clock.
    pub(crate) fn resolve(&self, since: Since) -> DateTime {
        since.resolve(self.clock.timestamp(), self.clock.zone())
    }
}

/// Opens the connection that the flags, the environment or a profile describe, without sending anything.
pub(crate) fn open(args: &ConnectionArgs) -> Outcome<Connection> {
    Settings::of(args, &Environment::process())?.connect()
}

/// As [`open`]; the tickets of a sandbox change over time.
pub(crate) fn open_changing(args: &ConnectionArgs) -> Outcome<Connection> {
    Settings::of(args, &Environment::process())?.connect_to(&[Quirk::Shifting])
}

/// The environment variables that a child process must not inherit: those with the secrets of a connection, and of all profiles.
pub(crate) fn secret_variables(own: &[String]) -> Vec<String> {
    own.iter().cloned().chain(settings::secret_variables_of_profiles(&Environment::process())).collect()
}

/// The transport for requests to a server other than the install, with the proxy and certificates of the arguments.
pub(crate) fn transport_to(address: &str, args: &ConnectionArgs) -> Outcome<Arc<dyn Transport>> {
    let mut builder = Client::builder(address).allow_plain_http(true);
    if let Some(proxy) = &args.proxy {
        builder = builder.proxy(Some(proxy));
    }
    if let Some(file) = &args.ca_file {
        builder = builder.root_certificates(read_certificates(file)?);
    }
    builder.build_transport().map_err(|error| failure_of(&error))
}

impl Settings {
    /// Creates the client of these settings.
    pub(crate) fn connect(&self) -> Outcome<Connection> {
        self.connect_to(&[])
    }

    fn connect_to(&self, quirks: &[Quirk]) -> Outcome<Connection> {
        let clock = Clock::new(self.time_zone.as_deref())?;
        let now = clock.now();
        let connection = |client, place, sandbox| Connection {
            client,
            clock: clock.clone(),
            zone_is_known: self.time_zone.is_some() || self.target == Target::Sandbox,
            place,
            names: self.names.clone(),
            secret_variables: self.secret_variables.clone(),
            _sandbox: sandbox,
        };
        match &self.target {
            Target::Sandbox => {
                let sandbox = start_sandbox(now, quirks)?;
                let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
                let client =
                    self.http(&sandbox.url(), credentials)?.build().map_err(|error| failure_of(&error))?;
                let place = format!("the sandbox at {}", sandbox.url());
                Ok(connection(client, place, Some(sandbox)))
            }
            Target::Http { url } => {
                let credentials = self.credentials.clone();
                let credentials = credentials.ok_or_else(|| Failure::usage("the credentials are missing"))?;
                let client = self.http(url, credentials)?.build().map_err(|error| self.unusable(&error))?;
                Ok(connection(client, url.clone(), None))
            }
            Target::Local { path, admin_user, php } => {
                let local = self.local(path, admin_user.as_deref(), php.as_deref());
                let client = local.build().map_err(|error| self.unusable(&error))?;
                Ok(connection(client, path.display().to_string(), None))
            }
        }
    }

    /// Settings for a client of the install in this directory.
    pub(crate) fn local(&self, path: &Path, admin_user: Option<&str>, php: Option<&Path>) -> LocalBuilder {
        let mut local =
            Client::local(path).strict(self.strict).hide_variables(secret_variables(&self.secret_variables));
        if let Some(admin) = admin_user {
            local = local.admin(admin);
        }
        if let Some(php) = php {
            local = local.php(php);
        }
        if let Some(timeout) = self.timeout {
            local = local.timeout(timeout);
        }
        local
    }

    /// Settings for a client of this address.
    pub(crate) fn http(&self, url: &str, credentials: Credentials) -> Outcome<ClientBuilder> {
        let mut builder = Client::builder(url)
            .credentials(credentials)
            .response_type(self.responsetype)
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

    /// The failure for an invalid setting, with the setting's source.
    fn unusable(&self, error: &Error) -> Failure {
        let failure = failure_of(error);
        // The source of the proxy and of the certificates may differ from that of the address.
        let is_of_target = !matches!(
            error.kind(),
            ErrorKind::Config(ConfigError::Proxy { .. } | ConfigError::RootCertificates { .. })
        );
        if failure.exit == Exit::Usage && is_of_target {
            failure.at(format!("from {}", self.named_by))
        } else {
            failure
        }
    }
}

fn read_certificates(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Failure::usage(format!("the certificates in {} cannot be read: {error}", file.display()))
            .hint("Check the name of the file and who may read it")
    })
}

/// Starts the sandbox of `--sandbox`. Its newest ticket is from the current time, so that ages look realistic.
pub(crate) fn start_sandbox(now: DateTime, quirks: &[Quirk]) -> Outcome<Sandbox> {
    Sandbox::builder().newest(now).quirks(quirks.iter().copied()).start().map_err(|error| {
        Failure::new(Exit::Unreached, format!("the sandbox did not start: {error}"))
            .hint("Check that programs may listen on 127.0.0.1")
    })
}
