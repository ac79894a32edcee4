//! Classifies I/O errors: of this machine, of the connection.

use std::io;

use crate::error::TransportErrorKind;

/// Whether this machine or process, and not the server, is out of something.
pub(crate) fn is_local_resources(error: &io::Error) -> bool {
    if matches!(error.kind(), io::ErrorKind::OutOfMemory | io::ErrorKind::AddrNotAvailable) {
        return true;
    }
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let code = error.raw_os_error().map(Errno::from_raw_os_error);
        let local = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL];
        code.is_some_and(|code| local.contains(&code))
    }
    #[cfg(not(unix))]
    false
}

/// Whether this process can't open a socket at all. Looking up a name fails then, in words that blame the name servers.
pub(super) fn no_socket_left() -> Option<io::Error> {
    let probe = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0));
    probe.err().filter(is_local_resources)
}

/// What an I/O error means that ended an exchange, `Connect` during its setup.
pub(super) fn classify(error: &io::Error, in_setup: bool, in_body: bool) -> TransportErrorKind {
    if is_local_resources(error) {
        return TransportErrorKind::LocalResources;
    }
    match error.kind() {
        _ if in_setup => TransportErrorKind::Connect,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => match in_body {
            true => TransportErrorKind::Truncated,
            false => TransportErrorKind::Interrupted,
        },
        // Libraries report framing that is not valid like this.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => TransportErrorKind::Protocol,
        _ => TransportErrorKind::Other,
    }
}

/// Whether the other end of a connection was not reached, by what the system reports.
pub(super) fn is_unreached(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::UnexpectedEof
    )
}

/// The operating system's words for an error, without the number behind them.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn shortages_of_this_machine_are_not_blamed_on_the_server() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(classify(&error, true, false), TransportErrorKind::LocalResources, "{error}");
        }
        let refused = io::Error::from_raw_os_error(Errno::CONNREFUSED.raw_os_error());
        assert_eq!(classify(&refused, true, false), TransportErrorKind::Connect);
        assert_eq!(words(&refused), "Connection refused");
    }

    #[test]
    fn a_broken_exchange_is_classified_by_its_stage() {
        use io::ErrorKind;
        let of = |kind: ErrorKind, in_setup, in_body| classify(&io::Error::from(kind), in_setup, in_body);
        for kind in [
            ErrorKind::UnexpectedEof,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe,
        ] {
            assert_eq!(of(kind, true, false), TransportErrorKind::Connect);
            assert_eq!(of(kind, false, false), TransportErrorKind::Interrupted);
            assert_eq!(of(kind, false, true), TransportErrorKind::Truncated);
        }
        for kind in [ErrorKind::InvalidData, ErrorKind::InvalidInput] {
            assert_eq!(of(kind, false, true), TransportErrorKind::Protocol);
        }
        assert_eq!(of(ErrorKind::Other, false, true), TransportErrorKind::Other);
        assert_eq!(of(ErrorKind::OutOfMemory, false, true), TransportErrorKind::LocalResources);
    }

    #[test]
    fn errors_of_the_system_show_whether_the_other_end_was_reached() {
        use io::ErrorKind;
        for (kind, unreached) in [
            (ErrorKind::ConnectionRefused, true),
            (ErrorKind::HostUnreachable, true),
            (ErrorKind::NetworkUnreachable, true),
            (ErrorKind::TimedOut, true),
            (ErrorKind::ConnectionReset, true),
            (ErrorKind::UnexpectedEof, true),
            (ErrorKind::InvalidData, false),
            (ErrorKind::PermissionDenied, false),
        ] {
            assert_eq!(is_unreached(&io::Error::from(kind)), unreached, "{kind}");
        }
        assert_eq!(words(&io::Error::other("as it is")), "as it is");
    }
}
