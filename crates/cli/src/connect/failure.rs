//! Maps the client's errors to exit codes, messages and hints.

use gettickets::local::LocalErrorKind;
use gettickets::{Error, ErrorKind};
use gettickets_protocol::spell_settings;

use crate::exit::{Exit, Failure};

/// The failure of a command for an error of the client.
pub(crate) fn of(error: &Error) -> Failure {
    let failure = Failure::new(exit_of(error.kind()), error).code(error.code());
    match error.hint() {
        Some(hint) => failure.hint(in_options(&hint)),
        None => failure,
    }
}

/// Rewrites a library's hint for users of the command line: settings become options.
pub(crate) fn in_options(hint: &str) -> String {
    // No option sets the limit of a reply.
    let hint = hint.replace(", or raise the limit (max_response_len)", "");
    let hint = hint.replace(", or allow larger replies (max_response_len)", "");
    spell_settings(&hint, option).replace("strict mode off", "strict mode off (omit --strict)")
}

/// The option that corresponds to a setting in a hint.
pub(crate) fn option(setting: &str) -> Option<&'static str> {
    Some(match setting {
        "allow_count_mismatch" => "--allow-count-mismatch",
        "allow_plain_http" => "--allow-plain-http",
        "ignore_dept_assignments" => "--ignore-dept-assignments",
        "limitnum" => "--limitnum",
        "max_requests" => "--max-requests",
        "max_tickets" => "--max-tickets",
        "php" => "--php",
        "proxy" => "--proxy",
        "responsetype" => "--responsetype",
        "root_certificates" => "--ca-file",
        "skip_unreadable" => "--skip-unreadable",
        "timeout" => "--timeout",
        _ => return None,
    })
}

pub(crate) fn exit_of(kind: &ErrorKind) -> Exit {
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

    #[test]
    fn every_setting_in_a_hint_has_an_option() {
        for setting in gettickets_protocol::HINT_SETTINGS {
            assert!(option(setting).is_some() || setting == "max_response_len", "{setting}");
        }
        assert_eq!(in_options("Less, or raise the limit (max_response_len)."), "Less.");
        assert_eq!(in_options("More (limitnum); (other)."), "More (--limitnum); (other).");
    }

    fn hint(error: &Error) -> String {
        of(error).hint.unwrap_or_default()
    }

    #[test]
    fn hints_name_command_line_options() {
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
