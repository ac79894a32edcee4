//! [`Crossing`]: steps over unreadable tickets.
//!
//! The page is halved until the ticket is alone, and the ticket is stepped over. No page can hold the rows before the
//! ticket and those behind it, so no common row joins them. Instead, the row before the ticket is read again, to see
//! that the list did not move.

use crate::protocol::{ApiErrorClass, DecodeErrorKind};
use crate::{Error, ErrorKind};

/// How many unreadable tickets a scan steps over before it aborts.
pub(super) const MOST_UNREADABLE: usize = 100;
/// How many it steps over at the front of a list of which no ticket was readable.
pub(super) const MOST_UNREADABLE_AT_FRONT: usize = 12;
/// How many tickets are requested first behind an unreadable one.
pub(super) const LIMIT_BEHIND: u64 = 4;

/// The state while consecutive unreadable tickets are stepped over.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// The offset of the first of them.
    pub(super) start: u64,
    /// The id of the row before it.
    pub(super) before: Option<u64>,
    /// The offset to read next.
    pub(super) at: u64,
    pub(super) limit: u64,
    /// How many replies in a row were empty.
    pub(super) empty: u32,
}

impl Crossing {
    pub(super) fn new(start: u64, before: Option<u64>) -> Crossing {
        Crossing { start, before, at: start + 1, limit: LIMIT_BEHIND, empty: 0 }
    }

    /// The page behind was unreadable too. Returns the offset of another unreadable ticket if the page had only one.
    pub(super) fn narrow(&mut self, limit: u64) -> Option<u64> {
        self.empty = 0;
        if limit > 1 {
            self.limit = limit / 2;
            return None;
        }
        let offset = self.at;
        self.at += 1;
        self.limit = LIMIT_BEHIND;
        Some(offset)
    }
}

/// Whether the error concerns a single ticket of the page, so that the others may be readable on a smaller page.
pub(super) fn is_unreadable(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(error) => error.class() == ApiErrorClass::Encoding,
        ErrorKind::Decode(error) => match error.kind() {
            DecodeErrorKind::InvalidUtf8 | DecodeErrorKind::LoneSurrogate | DecodeErrorKind::Entity => true,
            // If the value of `tickets.ticket` is an object without an id, it is a single ticket.
            DecodeErrorKind::MissingId => {
                error.path().is_some_and(|path| is_in_a_ticket(path) || path == "tickets.ticket")
            }
            DecodeErrorKind::TooDeep { .. }
            | DecodeErrorKind::InvalidInteger { .. }
            | DecodeErrorKind::InvalidBoolean { .. }
            | DecodeErrorKind::WrongType { .. } => error.path().is_some_and(is_in_a_ticket),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a path of a decode error is that of a ticket or of a value in one.
///
/// The paths of a ticket's id are, for example, `tickets.ticket[3].id` (the documented list, and XML),
/// `tickets.ticket.id` (a single ticket in place of the list), `tickets.ticket.3.id` (a list with numeric keys),
/// `tickets[3].id` and `tickets.3.id` (a list in place of the object).
fn is_in_a_ticket(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("tickets") else { return false };
    let list = rest.strip_prefix(".ticket").unwrap_or_default();
    let key = rest.strip_prefix('.').and_then(|rest| rest.split(['.', '[']).next()).unwrap_or_default();
    rest.starts_with('[')
        || list.starts_with(['[', '.'])
        || (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::{ApiError, Decoder};

    use super::*;

    #[test]
    fn errors_that_concern_one_ticket_are_recognized() {
        let ticket = |fields: &str| {
            format!("{{\"result\":\"success\",\"tickets\":{{\"ticket\":[{{{fields}}}]}}}}").into_bytes()
        };
        let strict = |body: &[u8]| match Decoder::new().strict(true).decode(body) {
            Err(error) => is_unreadable(&Error::new(ErrorKind::Decode(error))),
            Ok(_) => panic!("{}", String::from_utf8_lossy(body)),
        };
        let entity = "<whmcsapi><result>success</result><tickets><ticket><id>1</id><tid>&unknown;</tid></ticket></tickets></whmcsapi>";
        let mut not_utf8 = ticket("\"id\":1,\"tid\":\"?\"");
        not_utf8.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xe9);
        let deep = format!("\"id\":1,\"tid\":{}1{}", "[".repeat(100), "]".repeat(100));
        for body in [
            not_utf8,
            ticket(r#""id":1,"tid":"\ud83d""#),
            entity.as_bytes().to_vec(),
            ticket(r#""tid":"1""#),
            ticket(r#""id":"x""#),
            ticket(r#""id":1,"tid":{}"#),
            ticket(&deep),
        ] {
            assert!(strict(&body), "{}", String::from_utf8_lossy(&body));
        }
        for body in [
            &b"{\"result\":\"success\"}"[..],
            b"<html>",
            b"",
            br#"{"result":"success","totalresults":"x","tickets":{}}"#,
        ] {
            assert!(!strict(body), "{}", String::from_utf8_lossy(body));
        }
        let of_api = |message: &str| is_unreadable(&Error::new(ErrorKind::Api(ApiError::new(message))));
        assert!(of_api(
            "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded"
        ));
        assert!(!of_api("Authentication Failed") && !is_unreadable(&Error::new(ErrorKind::Cancelled)));
    }

    #[test]
    fn a_crossing_halves_its_pages_and_then_steps_over_a_ticket() {
        let mut crossing = Crossing::new(7, Some(1));
        crossing.empty = 3;
        assert_eq!((crossing.at, crossing.limit), (8, LIMIT_BEHIND));
        assert_eq!(crossing.narrow(8), None);
        assert_eq!((crossing.at, crossing.limit, crossing.empty), (8, 4, 0));
        assert_eq!(crossing.narrow(2), None);
        assert_eq!(crossing.limit, 1);
        assert_eq!(crossing.narrow(1), Some(8));
        assert_eq!((crossing.at, crossing.limit), (9, LIMIT_BEHIND));
    }

    #[test]
    fn paths_in_tickets_are_recognized_in_every_shape_of_the_list() {
        for path in [
            "tickets.ticket[3].id",
            "tickets.ticket[3]",
            "tickets.ticket[0].ticket[1].id",
            "tickets.ticket[0][1].id",
            "tickets.ticket.id",
            "tickets.ticket.3.id",
            "tickets.ticket.ticket[3].id",
            "tickets[3].id",
            "tickets[3]",
            "tickets.3.id",
            "tickets.3",
        ] {
            assert!(is_in_a_ticket(path), "{path}");
        }
        for path in [
            "",
            "id",
            "totalresults",
            "tickets",
            "tickets.ticket",
            "tickets.tickets.id",
            "tickets.id",
            "tickets.3x.id",
            "ticketsX[3].id",
            "x.tickets[3].id",
        ] {
            assert!(!is_in_a_ticket(path), "{path}");
        }
    }
}
