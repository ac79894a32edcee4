//! The Local API: the same call inside an install on this machine, through PHP, without HTTP and without
//! credentials.
//!
//! A small bridge of ours requires the install's `init.php` and calls `localAPI('GetTickets', …)`. The
//! request goes over standard input, so that nothing of it is on a command line.

mod error;
mod frame;
mod process;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use self::error::{LocalError, LocalErrorKind, Stage};
use self::frame::Frame;
use self::process::{Ended, Limits};
use crate::client::{Backend, Client, Inner};
use crate::clock::SystemClock;
use crate::error::ConfigError;
use crate::protocol::{Decoder, GetTickets, Page, Reply};
use crate::retry::RetryPolicy;
use crate::{ClientBuilder, Error, ErrorKind};

const BRIDGE: &str = include_str!("bridge.php");

/// Settings of a client that asks an install on this machine; begun by [`Client::local`].
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

/// What asking an install on this machine takes.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    path: PathBuf,
    php: OsString,
    admin: Option<String>,
    timeout: Duration,
    max_response_len: usize,
    strict: bool,
}

impl LocalBuilder {
    pub(crate) fn new(path: PathBuf) -> LocalBuilder {
        // The file itself is as good a way to name its folder.
        let path = match path.file_name() {
            Some(name) if name == "init.php" => path.parent().map(Path::to_owned).unwrap_or_default(),
            _ => path,
        };
        LocalBuilder {
            local: Local {
                path,
                php: "php".into(),
                admin: None,
                timeout: ClientBuilder::DEFAULT_TIMEOUT,
                max_response_len: ClientBuilder::DEFAULT_MAX_RESPONSE_LEN,
                strict: false,
            },
        }
    }

    /// The PHP program to run. Default: `php`, looked up on `PATH`.
    pub fn php(mut self, program: impl Into<OsString>) -> LocalBuilder {
        self.local.php = program.into();
        self
    }

    /// The user name of the admin to ask as. Servers before 7.2 need one; later ones take the first
    /// admin. Default: none is given.
    pub fn admin(mut self, username: impl Into<String>) -> LocalBuilder {
        self.local.admin = Some(username.into());
        self
    }

    /// How long PHP may run; it is ended then, with all that it started. Default: 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> LocalBuilder {
        self.local.timeout = timeout;
        self
    }

    /// How many bytes a reply may have. Default: 64 MiB.
    pub fn max_response_len(mut self, len: usize) -> LocalBuilder {
        self.local.max_response_len = len.min(Decoder::LARGEST_MAX_LEN);
        self
    }

    /// Refuses replies that depart from the documented shape, even in ways that are known. Default:
    /// `false`.
    pub fn strict(mut self, strict: bool) -> LocalBuilder {
        self.local.strict = strict;
        self
    }

    /// The client. PHP is not run yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the time limit is zero.
    pub fn build(self) -> Result<Client, Error> {
        if self.local.timeout.is_zero() {
            return Err(ConfigError::ZeroTimeout.into());
        }
        let backend = Backend::Local(Box::new(self.local));
        Ok(Client::from_inner(Inner { backend, retries: RetryPolicy::none(), clock: Arc::new(SystemClock) }))
    }
}

impl Local {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs PHP once.
    pub(crate) fn call(&self, request: &GetTickets) -> Result<Page, Error> {
        let nonce = nonce();
        let Some(root) = self.path.canonicalize().ok().filter(|root| root.is_dir()) else {
            return Err(LocalError::new(LocalErrorKind::NoInstall).into());
        };
        let Some(root) = root.to_str() else {
            return Err(LocalError::new(LocalErrorKind::PathNotUtf8).into());
        };
        let input = json!({
            "nonce": nonce,
            "root": root,
            "action": GetTickets::ACTION,
            "parameters": parameters(request),
            "admin": self.admin,
        })
        .to_string();
        let limits = Limits { timeout: self.timeout, max_reply: self.max_response_len };
        let ended = process::run(&self.php, code(), input, limits)?;
        self.read(&nonce, ended)
    }

    fn read(&self, nonce: &str, mut ended: Ended) -> Result<Page, Error> {
        let Some(frame) = frame::last(&ended.stdout, nonce) else {
            if ended.overflowed {
                return Err(Error::new(ErrorKind::TooLarge { limit: self.max_response_len }));
            }
            return Err(LocalError::died(&ended).into());
        };
        let payload = match frame {
            Frame::Reply { payload } => payload,
            Frame::Failure(failure) => return Err(LocalError::reported(failure, &ended).into()),
        };
        if payload.len() > self.max_response_len {
            return Err(Error::new(ErrorKind::TooLarge { limit: self.max_response_len }));
        }
        // The payload is what stdout ends with: it is taken over, not copied.
        ended.stdout.truncate(payload.end);
        ended.stdout.drain(..payload.start);
        let decoder = Decoder::new().strict(self.strict).max_len(self.max_response_len);
        match decoder.decode(ended.stdout) {
            Ok(Reply::Tickets(page)) => Ok(page),
            Ok(Reply::Error(error)) => Err(Error::new(ErrorKind::Api(error))),
            Err(error) => Err(Error::new(ErrorKind::Decode(error))),
        }
    }
}

/// The bridge as `php -r` takes it: without the opening tag.
fn code() -> &'static str {
    BRIDGE.strip_prefix("<?php").unwrap_or(BRIDGE)
}

/// The parameters as PHP code would write them: numbers as integers, the truth value as one.
fn parameters(request: &GetTickets) -> Value {
    let mut parameters = Map::new();
    for (name, value) in request.pairs() {
        let value = match (name, value.parse::<u64>()) {
            ("limitstart" | "limitnum" | "deptid" | "clientid", Ok(number)) => number.into(),
            ("ignore_dept_assignments", _) => (value == "1").into(),
            _ => value.into_owned().into(),
        };
        parameters.insert(name.to_owned(), value);
    }
    parameters.into()
}

/// A line that nothing in an install prints by chance.
fn nonce() -> String {
    format!("gettickets-{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_typed_as_php_code_would_write_them() {
        let request = GetTickets {
            limitstart: Some(25),
            subject: Some("007".into()),
            ignore_dept_assignments: Some(false),
            ..GetTickets::default()
        };
        let written = r#"{"ignore_dept_assignments":false,"limitstart":25,"subject":"007"}"#;
        assert_eq!(parameters(&request), serde_json::from_str::<Value>(written).unwrap());
        assert_eq!(parameters(&GetTickets::default()), json!({}));
    }
}
