//! What a request asks for, as a log may tell it: never credentials, and of what is people's own, an address or words
//! of a subject, only that it was given.

use std::fmt;

use crate::protocol::{GetTickets, ResponseType};

/// The most of a status that is shown; installs give theirs any name.
const SHOWN_STATUS: usize = 60;

/// A request on its way to a log.
pub(crate) struct Asked<'a>(pub(crate) &'a GetTickets, pub(crate) ResponseType);

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Taken apart, so that a parameter which is new is thought of here.
        let GetTickets {
            limitstart,
            limitnum,
            deptid,
            clientid,
            email,
            status,
            subject,
            ignore_dept_assignments,
        } = self.0;
        write!(f, "{}", self.1)?;
        let numbers =
            [("limitstart", limitstart), ("limitnum", limitnum), ("deptid", deptid), ("clientid", clientid)];
        for (name, number) in numbers {
            if let Some(number) = number {
                write!(f, ", {name} {number}")?;
            }
        }
        if let Some(status) = status {
            let shown: String = status.as_str().chars().take(SHOWN_STATUS).collect();
            write!(f, ", status {shown:?}")?;
        }
        for (name, text) in [("email", email), ("subject", subject)] {
            if text.is_some() {
                write!(f, ", {name} given")?;
            }
        }
        match ignore_dept_assignments {
            Some(ignore) => write!(f, ", ignore_dept_assignments {ignore}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::StatusFilter;

    #[test]
    fn what_was_asked_is_told_and_of_people_only_that_it_was() {
        let request = GetTickets {
            limitstart: Some(50),
            limitnum: Some(25),
            deptid: Some(1),
            clientid: Some(7),
            email: Some("who@example.com".to_owned()),
            status: Some(StatusFilter::from("Odd\u{1b}[2J\n")),
            subject: Some("a private matter".to_owned()),
            ignore_dept_assignments: Some(true),
        };
        assert_eq!(
            Asked(&request, ResponseType::Xml).to_string(),
            "xml, limitstart 50, limitnum 25, deptid 1, clientid 7, status \"Odd\\u{1b}[2J\\n\", email given, \
             subject given, ignore_dept_assignments true"
        );
        assert_eq!(Asked(&GetTickets::default(), ResponseType::Json).to_string(), "json");
    }
}
