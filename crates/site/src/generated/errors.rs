//! Generates the entries of errors: message, cause and hint.
//!
//! Messages and hints are those of example errors of every kind, which the client crate creates for this purpose.
//! Causes are the documentation comments of the kinds.

use std::fmt::{Debug, Write};

use gettickets::transport::TransportErrorKind;
use gettickets::{ConfigError, Error, ErrorKind, error_examples};
use gettickets_cli::reference;
use gettickets_protocol::HINT_SETTINGS;
use gettickets_warehouse::MirrorErrorKind;
use gettickets_warehouse::singer::TapError;

use crate::markdown::{self, code, escaped, prose};
use crate::repository::Result;
use crate::source::{self, Documented};

/// An enum whose variants are kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kinds {
    path: &'static str,
    name: &'static str,
}

const API: Kinds = Kinds { path: "crates/protocol/src/reply.rs", name: "ApiErrorClass" };
const PAGE: Kinds = Kinds { path: "crates/protocol/src/page_kind.rs", name: "PageKind" };
const DECODE: Kinds = Kinds { path: "crates/protocol/src/error.rs", name: "DecodeErrorKind" };
const CREDENTIALS: Kinds = Kinds { path: "crates/protocol/src/credentials.rs", name: "InvalidCredentials" };
const CLIENT: Kinds = Kinds { path: "crates/client/src/error/kind.rs", name: "ErrorKind" };
const TRANSPORT: Kinds = Kinds { path: "crates/client/src/error/transport.rs", name: "TransportErrorKind" };
const TIMEOUT: Kinds = Kinds { path: "crates/client/src/error/transport.rs", name: "TimeoutPhase" };
const TLS: Kinds = Kinds { path: "crates/client/src/error/tls.rs", name: "TlsReason" };
const CONFIG: Kinds = Kinds { path: "crates/client/src/error/config.rs", name: "ConfigError" };
const PROXY: Kinds = Kinds { path: "crates/client/src/error/config.rs", name: "InvalidProxy" };
const ADDRESS: Kinds = Kinds { path: "crates/client/src/error/address.rs", name: "InvalidAddress" };
const LOCAL: Kinds = Kinds { path: "crates/client/src/error/local.rs", name: "LocalErrorKind" };
const MIRROR: Kinds = Kinds { path: "crates/warehouse/src/mirror/error.rs", name: "MirrorErrorKind" };
const TAP: Kinds = Kinds { path: "crates/warehouse/src/singer/error.rs", name: "TapError" };

/// Returns the name of a variant, which is the first word of its debug output.
fn variant(value: &impl Debug) -> String {
    format!("{value:?}").chars().take_while(|at| at.is_alphanumeric()).collect()
}

/// Returns the variant that describes an error most precisely.
fn kind_of(error: &Error) -> (Kinds, String) {
    match error.kind() {
        ErrorKind::Api(error) => (API, variant(&error.class())),
        ErrorKind::UnexpectedResponse { page_kind, .. } => (PAGE, variant(page_kind)),
        ErrorKind::Decode(error) => (DECODE, variant(error.kind())),
        ErrorKind::Transport(error) => match error.kind() {
            TransportErrorKind::Tls(reason) => (TLS, variant(reason)),
            TransportErrorKind::Timeout(phase) => (TIMEOUT, variant(phase)),
            kind => (TRANSPORT, variant(kind)),
        },
        ErrorKind::Config(error) => match error {
            ConfigError::Address(error) => (ADDRESS, variant(error)),
            ConfigError::EmptyCredentials(error) => (CREDENTIALS, variant(error)),
            ConfigError::Proxy { problem, .. } => (PROXY, variant(problem)),
            error => (CONFIG, variant(error)),
        },
        ErrorKind::Local(error) => (LOCAL, variant(error.kind())),
        kind => (CLIENT, variant(kind)),
    }
}

/// The entry of one kind of error.
struct Entry {
    code: String,
    /// The messages that errors of this kind can have.
    messages: Vec<String>,
    /// Markdown; empty if the messages are sufficient.
    cause: String,
    /// Plain text.
    hint: Option<String>,
    /// The exit code of the command line, if it is known.
    exit: Option<u8>,
    is_retried: bool,
}

impl Entry {
    /// Whether two entries differ at most in their messages.
    fn is_like(&self, other: &Entry) -> bool {
        let of = |entry: &Entry| (entry.hint.clone(), entry.exit, entry.is_retried);
        (&self.code, &self.cause, of(self)) == (&other.code, &other.cause, of(other))
    }

    /// Whether a message contains the text of the cause.
    fn cause_is_in_a_message(&self) -> bool {
        let cause = self.cause.to_lowercase().replace('`', "");
        self.messages.iter().any(|message| message.to_lowercase().contains(cause.trim_end_matches('.')))
    }

    fn write(&self, out: &mut String, with_exit: bool) {
        for message in &self.messages {
            // Writing to a string cannot fail.
            let _ = write!(out, "> {}\n\n", escaped(message));
        }
        if !self.cause_is_in_a_message() {
            let _ = write!(out, "{}\n\n", self.cause);
        }
        if let Some(hint) = &self.hint {
            let _ = write!(out, "**What to do:** {}\n\n", prose(hint));
        }
        let exit = self.exit.filter(|_| with_exit).map(|exit| format!("Exit code {exit}."));
        let retried = self
            .is_retried
            .then(|| "The client retries the request before it reports this error.".to_owned());
        let remarks: Vec<String> = exit.into_iter().chain(retried).collect();
        if !remarks.is_empty() {
            let _ = write!(out, "{}\n\n", remarks.join(" "));
        }
    }
}

/// Returns the entries for one kind of the client's errors, such as `Transport`, or for `ScanIncomplete`, `Mirror` or
/// `Tap`.
pub(super) fn of_kind(kind: &str) -> Result<String> {
    let entries = match kind {
        "ScanIncomplete" => scan()?,
        "Mirror" => mirror()?,
        "Tap" => tap()?,
        kind => client(kind)?,
    };
    if entries.is_empty() {
        return Err(format!("there are no errors of the kind {kind:?}"));
    }
    let mut text = String::new();
    // An exit code that all entries share is stated once.
    let exit = entries.first().and_then(|entry| entry.exit);
    let same_exit = entries.iter().all(|entry| entry.exit == exit);
    if let Some(exit) = exit.filter(|_| same_exit) {
        let _ = write!(text, "The exit code of the command line is {exit}.\n\n");
    }
    let mut last = None;
    for entry in &entries {
        if last != Some(&entry.code) && !entry.code.is_empty() {
            let _ = write!(text, "### {}\n\n", code(&entry.code));
        }
        last = Some(&entry.code);
        entry.write(&mut text, !same_exit);
    }
    Ok(text)
}

fn client(kind: &str) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    for error in error_examples().iter().filter(|error| variant(error.kind()) == kind) {
        let (kinds, name) = kind_of(error);
        let entry = Entry {
            code: error.code().to_owned(),
            messages: vec![error.to_string()],
            cause: cause(&source::variants(kinds.path, kinds.name)?, kinds, &name)?,
            hint: error.hint().map(|hint| hint.into_owned()),
            exit: Some(reference::exit_code(error)),
            is_retried: error.is_retryable(),
        };
        match entries.iter_mut().find(|other| other.is_like(&entry)) {
            Some(other) if !other.messages.contains(&error.to_string()) => {
                other.messages.extend(entry.messages)
            }
            Some(_) => {}
            None => entries.push(entry),
        }
    }
    // Entries of the same code are grouped, in the order of the first entry of each code.
    let codes: Vec<String> = entries.iter().map(|entry| entry.code.clone()).collect();
    entries.sort_by_key(|entry| codes.iter().position(|code| *code == entry.code));
    Ok(entries)
}

/// Returns the documentation of a variant; empty for the variant of all other causes.
fn cause(documented: &[Documented], kinds: Kinds, name: &str) -> Result<String> {
    match documented.iter().find(|item| item.name == name) {
        Some(item) if item.text == "Anything else." => Ok(String::new()),
        Some(item) => Ok(item.text.clone()),
        None => Err(format!("{}: {}::{name} has no documentation", kinds.path, kinds.name)),
    }
}

/// The entries for the problems with which a scan can end.
fn scan() -> Result<Vec<Entry>> {
    let mut problems = Vec::new();
    for file in ["pass", "verify", "machine", "delivery"] {
        problems.extend(source::problems(&format!("crates/client/src/scan/{file}.rs"))?);
    }
    let examples = error_examples();
    let example = examples.iter().find(|error| matches!(error.kind(), ErrorKind::ScanIncomplete(_)));
    let example = example.ok_or("the client has no example of an incomplete scan")?;
    let entries = problems.into_iter().map(|(problem, hint)| Entry {
        code: example.code().to_owned(),
        messages: vec![format!("the scan is not complete: {problem}")],
        cause: String::new(),
        hint: Some(hint),
        exit: Some(reference::exit_code(example)),
        is_retried: false,
    });
    Ok(entries.collect())
}

fn mirror() -> Result<Vec<Entry>> {
    let documented = source::variants(MIRROR.path, MIRROR.name)?;
    let entries = MirrorErrorKind::ALL.iter().map(|kind| {
        Ok(Entry {
            code: kind.code().to_owned(),
            messages: Vec::new(),
            cause: cause(&documented, MIRROR, &variant(kind))?,
            hint: Some(kind.hint().to_owned()),
            exit: Some(reference::mirror_exit_code(*kind)),
            is_retried: false,
        })
    });
    entries.collect()
}

fn tap() -> Result<Vec<Entry>> {
    let documented = source::variants(TAP.path, TAP.name)?;
    let errors = tap_examples().map(|error| {
        Ok(Entry {
            code: String::new(),
            messages: vec![error.to_string()],
            cause: cause(&documented, TAP, &variant(&error))?,
            hint: Some(error.hint().to_owned()),
            exit: None,
            is_retried: false,
        })
    });
    errors.into_iter().collect()
}

fn tap_examples() -> [TapError; 3] {
    [
        TapError::Catalog("the stream tickets is missing".to_owned()),
        TapError::State("it is not JSON".to_owned()),
        TapError::Output(std::io::ErrorKind::BrokenPipe.into()),
    ]
}

/// The settings that hints name, with their options on the command line.
pub(super) fn settings() -> String {
    let rows = HINT_SETTINGS.into_iter().map(|setting| {
        let option = reference::option(setting).map_or("not available".to_owned(), code);
        [code(setting), option]
    });
    markdown::table(["setting", "option of the command line"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository;

    /// The enums whose variants the pages explain, each with the variants that have no entry.
    const EXPLAINED: [(Kinds, &[&str]); 14] = [
        (API, &[]),
        (PAGE, &[]),
        (DECODE, &[]),
        (CREDENTIALS, &[]),
        // Another enum describes these more precisely.
        (CLIENT, &["Api", "UnexpectedResponse", "Decode", "Transport", "Config", "Local"]),
        // The first two as above; for the third, the client has a separate error kind.
        (TRANSPORT, &["Tls", "Timeout", "TooLarge"]),
        (TIMEOUT, &[]),
        (TLS, &[]),
        (CONFIG, &["Address", "EmptyCredentials", "Proxy"]),
        (PROXY, &[]),
        (ADDRESS, &[]),
        (LOCAL, &[]),
        (MIRROR, &[]),
        (TAP, &[]),
    ];

    #[test]
    fn every_kind_of_error_has_an_entry() {
        let mut explained: Vec<(Kinds, String)> = error_examples().iter().map(kind_of).collect();
        explained.extend(MirrorErrorKind::ALL.iter().map(|kind| (MIRROR, variant(kind))));
        explained.extend(tap_examples().iter().map(|error| (TAP, variant(error))));
        for (kinds, except) in EXPLAINED {
            for item in source::variants(kinds.path, kinds.name).unwrap() {
                let is_explained = explained.contains(&(kinds, item.name.clone()));
                let is_exception = except.contains(&&*item.name);
                assert!(
                    is_explained != is_exception,
                    "{}::{}: add an example to error_examples() in {}",
                    kinds.name,
                    item.name,
                    "crates/client/src/error/examples.rs"
                );
            }
        }
    }

    #[test]
    fn every_error_with_a_hint_shows_it() {
        let kinds: Vec<String> = source::variants(CLIENT.path, CLIENT.name)
            .unwrap()
            .into_iter()
            .map(|item| item.name)
            .filter(|name| name != "ScanIncomplete")
            .collect();
        for kind in kinds {
            let text = of_kind(&kind).unwrap();
            for error in error_examples().iter().filter(|error| variant(error.kind()) == kind) {
                assert!(text.contains(&format!("### `{}`\n", error.code())), "{error}");
                assert!(text.contains(&escaped(&error.to_string())), "{error}");
                assert!(error.hint().is_none_or(|hint| text.contains(&prose(&hint))), "{error}");
            }
        }
        let scan = of_kind("ScanIncomplete").unwrap();
        assert!(scan.matches("**What to do:**").count() >= 10, "{scan}");
        assert!(scan.contains("the server counts … matching tickets and sends …"), "{scan}");
    }

    #[test]
    fn every_kind_has_a_code_in_c_and_an_exception_in_python() {
        let codes = super::super::part("c-codes").unwrap();
        let exceptions = super::super::exceptions::all().unwrap();
        for item in source::variants(CLIENT.path, CLIENT.name).unwrap() {
            let mut constant = String::new();
            for at in item.name.chars() {
                if at.is_ascii_uppercase() {
                    constant.push('_');
                }
                constant.push(at.to_ascii_uppercase());
            }
            assert!(codes.contains(&format!("`GETTICKETS_ERROR{constant}`")), "{constant}");
            let exception = match &*item.name {
                "Local" => "LocalApiError".to_owned(),
                "Cancelled" => "StateError".to_owned(),
                name => format!("{name}Error"),
            };
            assert!(exceptions.iter().any(|other| other.name == exception), "{exception}");
        }
        assert!(repository::exists(super::super::exceptions::SOURCE));
    }
}
