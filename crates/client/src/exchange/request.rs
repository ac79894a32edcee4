//! From a `GetTickets` request to the HTTP request that is sent.

use std::fmt;
use std::time::Duration;

use gettickets_protocol::{Credentials, Decoder, GetTickets, Redactor, ResponseType};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use super::retry::RetryPolicy;
use crate::cancellation::Cancellation;
use crate::endpoint::Endpoint;
use crate::error::{ConfigError, Error};
use crate::transport::TransportRequest;

/// The longest status that is logged; installs choose their names.
const MAX_SHOWN_STATUS: usize = 60;

/// The settings of all calls of a client over HTTP.
pub(crate) struct Settings {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) response_type: ResponseType,
    /// Has the redactor too.
    pub(crate) decoder: Decoder,
    pub(crate) redactor: Redactor,
    pub(crate) max_response_len: usize,
    pub(crate) retries: RetryPolicy,
    /// The limit for one attempt.
    pub(crate) attempt_timeout: Duration,
    /// The limit for all attempts and the waits between them.
    pub(crate) total_timeout: Duration,
}

impl Settings {
    /// The HTTP request for one attempt.
    pub(crate) fn request(
        &self,
        request: &GetTickets,
        response_type: ResponseType,
        timeout: Duration,
        cancellation: &Cancellation,
    ) -> TransportRequest {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(GetTickets::CONTENT_TYPE));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        TransportRequest {
            uri: self.endpoint.uri().clone(),
            headers,
            body: request.encode(&self.credentials, response_type),
            timeout,
            max_response_len: self.max_response_len,
            cancellation: cancellation.clone(),
        }
    }
}

/// Fails on a filter that servers ignore, because they would list every ticket.
pub(crate) fn refuse_ignored_filter(request: &GetTickets) -> Result<(), Error> {
    match request.ignored_filter() {
        Some(parameter) => Err(ConfigError::IgnoredFilter { parameter }.into()),
        None => Ok(()),
    }
}

/// Displays a request for a log, without credentials. Of personal data, such as an address or words of a subject, it
/// shows only that they were given.
pub(super) struct RequestSummary<'a>(pub(super) &'a GetTickets, pub(super) ResponseType);

impl fmt::Display for RequestSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured, so that a new parameter can't be forgotten here.
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
            let shown: String = status.as_str().chars().take(MAX_SHOWN_STATUS).collect();
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
    use gettickets_protocol::StatusFilter;

    use super::*;

    #[test]
    fn a_log_shows_the_request_without_personal_data() {
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
            RequestSummary(&request, ResponseType::Xml).to_string(),
            "xml, limitstart 50, limitnum 25, deptid 1, clientid 7, status \"Odd\\u{1b}[2J\\n\", email given, \
             subject given, ignore_dept_assignments true"
        );
        assert_eq!(RequestSummary(&GetTickets::default(), ResponseType::Json).to_string(), "json");
    }
}
