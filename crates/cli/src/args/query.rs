//! The eight parameters of the call, each under its name on the wire.

use clap::Args;
use gettickets_protocol::{GetTickets, StatusFilter};

/// Which tickets to ask for, one page of them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which tickets")]
pub(crate) struct QueryArgs {
    /// Offset of the first ticket [server's default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) limitstart: Option<u64>,
    /// Number of tickets in a page [server's default: 25]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limitnum: Option<u64>,
    #[command(flatten)]
    filter: FilterArgs,
}

/// Which tickets to ask for, every one of them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which tickets")]
pub(crate) struct WholeArgs {
    /// Number of tickets to ask for at a time [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limitnum: Option<u64>,
    #[command(flatten)]
    filter: FilterArgs,
}

/// What tickets have in common.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which tickets")]
struct FilterArgs {
    /// Only tickets of this department
    #[arg(long, value_name = "ID")]
    deptid: Option<u64>,
    /// Only tickets of this client
    #[arg(long, value_name = "ID")]
    clientid: Option<u64>,
    /// Only tickets of this address, which belongs to no client
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Only tickets of this status, or 'Awaiting Reply', 'All Active Tickets' or 'My Flagged Tickets'
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<StatusFilter>,
    /// Only tickets whose subject contains this, roughly
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// Also tickets of departments that the API user is not a member of
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

/// Special words are found without regard to case: a shell history has them in every spelling.
fn status(word: &str) -> Result<StatusFilter, String> {
    if word.trim().is_empty() {
        return Err("a status is a word such as Open".to_owned());
    }
    let special =
        StatusFilter::SPECIAL.into_iter().find(|special| special.as_str().eq_ignore_ascii_case(word.trim()));
    Ok(special.unwrap_or_else(|| StatusFilter::from(word)))
}

impl QueryArgs {
    /// The same as a request.
    pub(crate) fn to_request(&self) -> GetTickets {
        GetTickets { limitstart: self.limitstart, limitnum: self.limitnum, ..self.filter.to_request() }
    }
}

impl WholeArgs {
    /// The same as a request.
    pub(crate) fn to_request(&self) -> GetTickets {
        GetTickets { limitnum: self.limitnum, ..self.filter.to_request() }
    }
}

impl FilterArgs {
    fn to_request(&self) -> GetTickets {
        let FilterArgs { deptid, clientid, email, status, subject, ignore_dept_assignments } = self.clone();
        GetTickets {
            deptid,
            clientid,
            email,
            status,
            subject,
            ignore_dept_assignments,
            ..GetTickets::default()
        }
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
    fn each_of_the_eight_becomes_the_parameter_of_its_name() {
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
    fn what_the_wire_cannot_carry_is_refused() {
        for arguments in [["--limitnum", "0"], ["--limitstart", "-1"], ["--deptid", "x"], ["--status", ""]] {
            assert!(Only::try_parse_from([&["x"], &arguments[..]].concat()).is_err(), "{arguments:?}");
        }
    }
}
