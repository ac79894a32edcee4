//! From the client's errors to exit codes and paragraphs.

use std::borrow::Cow;

use gettickets::local::LocalErrorKind;
use gettickets::transport::{TimeoutPhase, TlsReason, TransportErrorKind};
use gettickets::{ConfigError, Error, ErrorKind, InvalidAddress};

use crate::exit::{Exit, Failure};

/// The failure that an error of the client is. The error tells what, where and why, and what to try.
pub(crate) fn of(error: &Error) -> Failure {
    let failure = Failure::new(exit_of(error.kind()), error).code(error.code());
    match flag_for(error.kind()).map(Cow::Borrowed).or(error.hint()) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What to try, where it is a flag of this program that the client knows nothing of.
fn flag_for(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Config(ConfigError::Address(InvalidAddress::PlainHttp { .. })) => {
            Some("Use https, or say --allow-plain-http if the way there is trusted.")
        }
        ErrorKind::Config(ConfigError::RootCertificates { .. }) => {
            Some("Give --ca-file a file of certificates in PEM.")
        }
        ErrorKind::Transport(error) => match error.kind() {
            TransportErrorKind::Tls(TlsReason::UnknownIssuer) => Some(
                "Have the server send its whole chain of certificates, or name its authority's with --ca-file.",
            ),
            TransportErrorKind::Timeout(
                TimeoutPhase::Send | TimeoutPhase::Response | TimeoutPhase::Body | TimeoutPhase::Total,
            ) => Some("Allow more time with --timeout, or ask for fewer tickets a page with --limitnum."),
            _ => None,
        },
        ErrorKind::TooLarge { .. } => Some("Ask for fewer tickets a page with --limitnum."),
        ErrorKind::Local(error) => match error.kind() {
            LocalErrorKind::NoPhp { .. } => Some("Install PHP's command line program, and have it on PATH."),
            LocalErrorKind::TimedOut { .. } => {
                Some("Allow more time with --timeout, or ask for fewer tickets a page with --limitnum.")
            }
            _ => None,
        },
        _ => None,
    }
}

fn exit_of(kind: &ErrorKind) -> Exit {
    match kind {
        ErrorKind::Api(_) | ErrorKind::RateLimited { .. } => Exit::Server,
        ErrorKind::Config(_) => Exit::Usage,
        ErrorKind::Transport(_) => Exit::Unreached,
        ErrorKind::ScanIncomplete(_) => Exit::Incomplete,
        ErrorKind::Local(error) => match error.kind() {
            LocalErrorKind::NoInstall
            | LocalErrorKind::NoInit
            | LocalErrorKind::PathNotUtf8
            | LocalErrorKind::NoPhp { .. }
            | LocalErrorKind::PhpNotRun { .. } => Exit::Usage,
            LocalErrorKind::NotAnArray | LocalErrorKind::Encoding => Exit::Unreadable,
            _ => Exit::Unreached,
        },
        _ => Exit::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use gettickets::{Client, GetTickets};

    use super::*;

    fn hint(error: &Error) -> String {
        of(error).hint.unwrap_or_default()
    }

    #[test]
    fn what_to_try_is_what_this_program_can_do() {
        let client = Client::local(env!("CARGO_MANIFEST_DIR")).php("no-such-php").build().unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Local(local) if matches!(local.kind(), LocalErrorKind::NoPhp { .. }))
        );
        assert!(hint(&error).ends_with("on PATH."), "{}", hint(&error));

        let sandbox = gettickets_sandbox::Sandbox::builder().tickets(9).start().unwrap();
        let credentials = gettickets::Credentials::api(sandbox.identifier(), sandbox.secret());
        let client = Client::builder(sandbox.url()).credentials(credentials).max_response_len(100);
        let error = client.build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{error}");
        assert!(hint(&error).contains("--limitnum"), "{}", hint(&error));
    }
}
