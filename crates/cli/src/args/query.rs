//! The eight parameters of the call, each with its wire name.

use clap::Args;
use gettickets::{Client, Scan};
use gettickets_protocol::{GetTickets, StatusFilter};

use super::ScanArgs;

/// The request for one page of tickets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tickets")]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Only tickets of this status, or 'Awaiting Reply', 'All Active Tickets' or 'My Flagged Tickets'
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<StatusFilter>,
    #[command(flatten)]
    filter: FilterArgs,
}

/// The request for all matching tickets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tickets")]
pub(crate) struct ScanQueryArgs {
    /// Largest number of tickets to request at a time
    #[arg(long, value_name = "N", value_parser = limitnum)]
    limitnum: Option<u64>,
    /// Only tickets of this status, or 'Awaiting Reply', 'All Active Tickets' or 'My Flagged Tickets'; may be given
    /// several times: each ticket is read once
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<StatusFilter>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}

/// The page to request.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tickets")]
pub(crate) struct PageArgs {
    /// Offset of the first ticket [server's default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) limitstart: Option<u64>,
    /// Number of tickets in a page [server's default: 25]
    #[arg(long, value_name = "N", value_parser = limitnum)]
    pub(crate) limitnum: Option<u64>,
}

/// Filters other than the status.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Tickets")]
pub(crate) struct FilterArgs {
    /// Only tickets of the department with this id
    #[arg(long, value_name = "ID", value_parser = department)]
    deptid: Option<u64>,
    /// Only tickets of the client with this id
    #[arg(long, value_name = "ID", value_parser = client)]
    clientid: Option<u64>,
    /// Only tickets opened by a non-client with this email address
    #[arg(long, value_name = "ADDRESS", value_parser = email)]
    email: Option<String>,
    /// Only tickets whose subject contains this text; the server's matching is approximate
    #[arg(long, value_name = "TEXT", value_parser = subject)]
    subject: Option<String>,
    /// Include tickets of departments that the API user is not assigned to
    #[arg(
        long,
        alias = "ignore_dept_assignments",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    ignore_dept_assignments: Option<bool>,
}

/// Parses a status. The special words are case-insensitive.
pub(crate) fn status(word: &str) -> Result<StatusFilter, String> {
    if word.trim().is_empty() {
        return Err(
            "the server ignores an empty status; omit --status to list tickets of every status".to_owned()
        );
    }
    let special =
        StatusFilter::SPECIAL.into_iter().find(|special| special.as_str().eq_ignore_ascii_case(word.trim()));
    Ok(special.unwrap_or_else(|| StatusFilter::from(word)))
}

fn limitnum(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1; omit --limitnum for the server's default".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("expected a whole number of tickets, 1 or more".to_owned()),
    }
}

/// Parses an id, which is 1 or more: the server ignores the filter if the id is 0.
fn id(text: &str, option: &str, what: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err(format!(
            "the server ignores the {what} id 0; omit {option} to list the tickets of every {what}"
        )),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("expected the id of a {what}: a whole number, 1 or more")),
    }
}

fn department(text: &str) -> Result<u64, String> {
    id(text, "--deptid", "department")
}

fn client(text: &str) -> Result<u64, String> {
    id(text, "--clientid", "client")
}

fn email(text: &str) -> Result<String, String> {
    filled(text, "--email", "address")
}

fn subject(text: &str) -> Result<String, String> {
    filled(text, "--subject", "subject")
}

/// Parses a filter that must not be empty: the server ignores an empty filter.
fn filled(text: &str, option: &str, what: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err(format!(
            "the server ignores an empty {what}; omit {option} to list tickets of every {what}"
        ));
    }
    Ok(text.to_owned())
}

impl QueryArgs {
    /// The request of these arguments.
    pub(crate) fn to_request(&self) -> GetTickets {
        let PageArgs { limitstart, limitnum } = self.page;
        GetTickets { limitstart, limitnum, status: self.status.clone(), ..self.filter.to_request() }
    }
}

impl ScanQueryArgs {
    /// The query of these arguments.
    pub(crate) fn to_query(&self) -> Query {
        Query::new(GetTickets { limitnum: self.limitnum, ..self.filter.to_request() }, &self.status)
    }
}

/// A request for the tickets of these statuses, or of all statuses if there are none.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The request without a status.
    request: GetTickets,
    /// The statuses, each once.
    statuses: Vec<StatusFilter>,
}

impl Query {
    pub(crate) fn new(request: GetTickets, statuses: &[StatusFilter]) -> Query {
        let mut distinct: Vec<StatusFilter> = Vec::new();
        for status in statuses {
            if !distinct.contains(status) {
                distinct.push(status.clone());
            }
        }
        Query { request, statuses: distinct }
    }

    /// The requests for one page: one for each status, or a single one without a status.
    pub(crate) fn requests(&self) -> Vec<GetTickets> {
        if self.statuses.is_empty() {
            return vec![self.request.clone()];
        }
        let with =
            |status: &StatusFilter| GetTickets { status: Some(status.clone()), ..self.request.clone() };
        self.statuses.iter().map(with).collect()
    }

    /// The scan of all matching tickets.
    pub(crate) fn scan(&self, client: &Client) -> Scan {
        client.scan(self.request.clone()).statuses(self.statuses.iter().cloned())
    }

    /// The filters as request parameters, without the page size.
    pub(crate) fn parameters(&self) -> String {
        let parameters = |request| GetTickets { limitnum: None, ..request }.parameters();
        self.requests().into_iter().map(parameters).collect::<Vec<_>>().join(" or ")
    }
}

impl FilterArgs {
    /// The request with only these filters.
    pub(crate) fn to_request(&self) -> GetTickets {
        let FilterArgs { deptid, clientid, email, subject, ignore_dept_assignments } = self.clone();
        GetTickets { deptid, clientid, email, subject, ignore_dept_assignments, ..GetTickets::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        query: QueryArgs,
    }

    fn pairs(arguments: &[&str]) -> String {
        let only = Only::try_parse_from([&["x"], arguments].concat()).unwrap();
        only.query.to_request().parameters()
    }

    #[test]
    fn each_option_sets_the_parameter_of_its_name() {
        for (arguments, parameters) in [
            (&["--limitstart", "50"][..], "limitstart=50"),
            (&["--limitnum", "10"], "limitnum=10"),
            (&["--deptid", "2"], "deptid=2"),
            (&["--clientid=18446744073709551615"], "clientid=18446744073709551615"),
            (&["--email", "a@example.com"], "email=a%40example.com"),
            (&["--status", "Closed"], "status=Closed"),
            (&["--status", "awaiting reply"], "status=Awaiting+Reply"),
            (&["--subject", "50% off"], "subject=50%25+off"),
            (&["--ignore-dept-assignments"], "ignore_dept_assignments=1"),
            (&["--ignore-dept-assignments=false"], "ignore_dept_assignments=0"),
            (&["--ignore_dept_assignments"], "ignore_dept_assignments=1"),
            (&[], ""),
        ] {
            assert_eq!(pairs(arguments), parameters);
        }
    }

    #[test]
    fn filters_that_the_server_ignores_are_errors() {
        for (arguments, reason) in [
            (["--limitnum", "0"], "at least 1"),
            (["--limitnum", "many"], "expected a whole number"),
            (["--limitstart", "-1"], ""),
            (["--deptid", "0"], "list the tickets of every department"),
            (["--deptid", "x"], "expected the id of a department"),
            (["--clientid", "0"], "list the tickets of every client"),
            (["--email", ""], "list tickets of every address"),
            (["--email", " "], "list tickets of every address"),
            (["--subject", ""], "list tickets of every subject"),
            (["--status", ""], "list tickets of every status"),
        ] {
            let refused = Only::try_parse_from([&["x"], &arguments[..]].concat()).err().unwrap().to_string();
            assert!(refused.contains(reason), "{arguments:?}: {refused}");
        }
    }
}
