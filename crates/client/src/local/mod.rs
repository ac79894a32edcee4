//! The Local API: the same call inside an install on this machine, through PHP, without HTTP and without credentials.
//!
//! A small bridge in PHP requires the install's `init.php` and calls `localAPI('GetTickets', …)`. The request goes over
//! standard input, so that nothing of it is on a command line. PHP does not inherit the environment variables that
//! begin with `GETTICKETS_`, which may hold credentials, nor those that the builder names.
//!
//! PHP and every process that it started are killed when the time limit passes or the call is canceled: its process
//! group, and on Linux also processes that left the group, as long as they kept their environment. A process that both
//! left the group and cleared its environment is not found. After a successful call, processes that a hook
//! started continue to run.

mod frame;
#[cfg(unix)]
mod process;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gettickets_protocol::{Decoder, GetTickets, Page, Reply};
use serde_json::{Map, Value, json};

use self::frame::{Failure, FailureKind, Frame};
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind};
pub use crate::error::{LocalError, LocalErrorKind, Stage};

const BRIDGE: &str = include_str!("bridge.php");

/// Settings of the Local API.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) path: PathBuf,
    pub(crate) php: OsString,
    pub(crate) hidden_variables: Vec<OsString>,
    pub(crate) admin: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) max_response_len: usize,
    pub(crate) strict: bool,
}

/// How a run of PHP ended.
enum Outcome {
    Ended(Ended),
    TimedOut { stderr: String },
    Cancelled,
}

/// The output of a run of PHP.
struct Ended {
    /// The exit status as text.
    status: String,
    stdout: Vec<u8>,
    stderr: String,
    /// More was printed than the limit.
    overflowed: bool,
}

impl Local {
    /// The install's path.
    pub(crate) fn endpoint(&self) -> String {
        self.path.display().to_string()
    }

    /// Runs PHP once. Returns the page and how long it took.
    pub(crate) fn call(
        &self,
        request: &GetTickets,
        cancellation: &Cancellation,
    ) -> Result<(Page, Duration), Error> {
        let attempts = |error: Error| error.at(self.endpoint());
        if cancellation.is_cancelled() {
            return Err(attempts(Error::new(ErrorKind::Cancelled)));
        }
        let began = Instant::now();
        let page = self.run(request, cancellation).map_err(|error| attempts(error).with_attempts(1))?;
        Ok((page, began.elapsed()))
    }

    fn run(&self, request: &GetTickets, cancellation: &Cancellation) -> Result<Page, Error> {
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
        match self.php(&nonce, input, cancellation)? {
            Outcome::Ended(ended) => self.read(&nonce, ended),
            Outcome::TimedOut { stderr } => {
                let error = LocalError::new(LocalErrorKind::TimedOut { limit: self.timeout });
                Err(error.with_output(&stderr).into())
            }
            Outcome::Cancelled => Err(Error::new(ErrorKind::Cancelled)),
        }
    }

    #[cfg(unix)]
    fn php(&self, nonce: &str, input: String, cancellation: &Cancellation) -> Result<Outcome, LocalError> {
        process::run(
            &process::Program {
                php: &self.php,
                hidden_variables: &self.hidden_variables,
                code: code(),
                marker: nonce,
            },
            input,
            &process::Limits { timeout: self.timeout, max_reply: self.max_response_len },
            cancellation,
        )
    }

    #[cfg(not(unix))]
    fn php(&self, _: &str, _: String, _: &Cancellation) -> Result<Outcome, LocalError> {
        Err(LocalError::new(LocalErrorKind::Unsupported))
    }

    fn read(&self, nonce: &str, mut ended: Ended) -> Result<Page, Error> {
        let too_large = || Error::new(ErrorKind::TooLarge { limit: self.max_response_len });
        let payload = match frame::last(&ended.stdout, nonce) {
            Some(Frame::Reply { payload }) => payload,
            Some(Frame::Failure(failure)) => return Err(reported(failure, &ended).into()),
            None if ended.overflowed => return Err(too_large()),
            None => return Err(died(&ended).into()),
        };
        if payload.len() > self.max_response_len {
            return Err(too_large());
        }
        // The buffer is reused, not copied.
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

/// The error if PHP ended without a frame.
fn died(ended: &Ended) -> LocalError {
    let printed = String::from_utf8_lossy(ended.stdout.get(..2000).unwrap_or(&ended.stdout));
    let output = if ended.stderr.is_empty() { printed.trim() } else { &ended.stderr };
    LocalError::new(LocalErrorKind::Died).with_message(ended.status.as_str()).with_output(output)
}

/// The error if the bridge reported a failure.
fn reported(failure: Failure, ended: &Ended) -> LocalError {
    let Failure { kind, details } = failure;
    let kind = match kind {
        FailureKind::NoInit => LocalErrorKind::NoInit,
        FailureKind::NoLocalApi => LocalErrorKind::NoLocalApi,
        FailureKind::Fatal => LocalErrorKind::Fatal,
        FailureKind::Exception => LocalErrorKind::Exception,
        FailureKind::Exited => LocalErrorKind::Exited,
        FailureKind::NotAnArray => LocalErrorKind::NotAnArray,
        FailureKind::Encoding => LocalErrorKind::Encoding,
    };
    let output = match details.output.trim() {
        // A fatal error is also printed there, and is already the message.
        "" if kind != LocalErrorKind::Fatal => &ended.stderr,
        output => output,
    };
    let stage = match details.stage.as_str() {
        "init" => Some(Stage::Init),
        "call" => Some(Stage::Call),
        _ => None,
    };
    let location = (!details.file.is_empty()).then(|| format!("{}:{}", details.file, details.line));
    let error = LocalError::new(kind).with_message(details.message.as_str()).with_output(output);
    error.with_stage(stage).with_location(location)
}

/// The bridge for `php -r`, without the opening tag.
#[cfg(unix)]
fn code() -> &'static str {
    BRIDGE.strip_prefix("<?php").unwrap_or(BRIDGE)
}

/// The parameters with the types of PHP code: integers, and a boolean.
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

/// A line that nothing in an install prints by accident.
fn nonce() -> String {
    format!("gettickets-{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_the_types_of_php_code() {
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

    #[test]
    fn a_reply_of_exactly_the_limit_is_read_and_a_larger_one_is_not() {
        let reply = r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":[]}"#;
        let read = |max_response_len| {
            let local = Local {
                path: PathBuf::new(),
                php: "php".into(),
                hidden_variables: Vec::new(),
                admin: None,
                timeout: Duration::MAX,
                max_response_len,
                strict: false,
            };
            let ended = Ended {
                status: String::new(),
                stdout: format!("a notice\nN json {}\n{reply}", reply.len()).into_bytes(),
                stderr: String::new(),
                overflowed: false,
            };
            local.read("N", ended)
        };
        assert!(read(reply.len()).unwrap().is_empty());
        for limit in [reply.len() - 1, reply.len() - 2] {
            let error = read(limit).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::TooLarge { limit });
        }
    }

    #[test]
    fn every_call_has_a_line_of_its_own_that_cannot_be_guessed() {
        let (nonce, other) = (nonce(), nonce());
        assert_ne!(nonce, other);
        assert!(nonce.len() >= 32 && !nonce.contains(char::is_whitespace), "{nonce}");
    }
}
