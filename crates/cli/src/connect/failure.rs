//! From the client's errors to exit codes, messages and hints.

use gettickets::local::LocalErrorKind;
use gettickets::transport::{TimeoutPhase, TlsReason, TransportErrorKind};
use gettickets::{ConfigError, Error, ErrorKind, InvalidAddress};

use crate::exit::{Exit, Failure};

/// The failure of a command for an error of the client. The error says what happened and where.
pub(crate) fn of(error: &Error) -> Failure {
    let failure = Failure::new(exit_of(error.kind()), error).code(error.code());
    match hint_of(error.kind()).map(str::to_owned).or_else(|| error.hint().map(|hint| in_options(&hint))) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A hint of a library for users of the command line: settings are named as the options that they are here.
pub(crate) fn in_options(hint: &str) -> String {
    let mut hint = hint.to_owned();
    for (setting, option) in SETTINGS {
        hint = hint.replace(setting, option);
    }
    hint
}

/// How the libraries' hints name settings, and the options for them.
const SETTINGS: [(&str, &str); 9] = [
    ("(limitnum)", "(--limitnum)"),
    ("(max_requests)", "(--max-requests)"),
    ("(max_tickets)", "(--max-tickets)"),
    ("(skip_unreadable)", "(--skip-unreadable)"),
    ("(allow_count_mismatch)", "(--allow-count-mismatch)"),
    ("(ignore_dept_assignments)", "(--ignore-dept-assignments)"),
    ("responsetype xml", "--responsetype xml"),
    ("responsetype json", "--responsetype json"),
    ("without strict", "without --strict"),
];

/// The hint, where an option of this program is better advice than the library's words.
fn hint_of(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Config(ConfigError::Address(InvalidAddress::PlainHttp { .. })) => {
            Some("Use https, or give --allow-plain-http if the network is trusted.")
        }
        ErrorKind::Config(ConfigError::RootCertificates { .. }) => {
            Some("Give --ca-file a file of certificates in PEM.")
        }
        ErrorKind::Config(ConfigError::Proxy { .. }) => Some(
            "Give --proxy, or the variable HTTPS_PROXY or ALL_PROXY, an address such as http://proxy.example.com:3128 or \
             socks5://proxy.example.com:1080.",
        ),
        ErrorKind::Transport(error) => match error.kind() {
            TransportErrorKind::Tls(TlsReason::UnknownIssuer) => Some(
                "Have the server send its whole chain of certificates, or name its authority's certificate with --ca-file.",
            ),
            TransportErrorKind::Tls(TlsReason::SelfSigned) => Some(
                "If it is the server's own certificate, name the file of that certificate with --ca-file.",
            ),
            TransportErrorKind::Timeout(
                TimeoutPhase::Send | TimeoutPhase::Response | TimeoutPhase::Body | TimeoutPhase::Total,
            ) => Some("Allow more time with --timeout, or request fewer tickets per page with --limitnum."),
            _ => None,
        },
        ErrorKind::TooLarge { .. } => Some("Request fewer tickets per page with --limitnum."),
        ErrorKind::Local(error) => match error.kind() {
            LocalErrorKind::NoPhp { .. } => {
                Some("Install PHP's command line program, or name the one to run with --php.")
            }
            LocalErrorKind::TimedOut { .. } => {
                Some("Allow more time with --timeout, or request fewer tickets per page with --limitnum.")
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
    fn hints_name_options_of_this_program() {
        let client = Client::local(env!("CARGO_MANIFEST_DIR")).php("no-such-php").build().unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Local(local) if matches!(local.kind(), LocalErrorKind::NoPhp { .. }))
        );
        assert!(hint(&error).contains("--php"), "{}", hint(&error));

        let sandbox = gettickets_sandbox::Sandbox::builder().tickets(9).start().unwrap();
        let credentials = gettickets::Credentials::api(sandbox.identifier(), sandbox.secret());
        let client = Client::builder(sandbox.url()).credentials(credentials).max_response_len(100);
        let error = client.build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{error}");
        assert!(hint(&error).contains("--limitnum"), "{}", hint(&error));
    }
}
