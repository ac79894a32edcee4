//! The client, blocking and asynchronous, against every fault of the catalog; and the catalog in RELIABILITY.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report of a test"
)]

use std::path::Path;

use gettickets::{Client, ClientBuilder, Credentials, Error, ErrorKind, GetTickets, Page};
use gettickets_faults::check::{MAX_MEMORY, Seen, each, peak_memory, problems};
use gettickets_faults::driver::MAX_RESPONSE_LEN;
use gettickets_faults::{Interface, Outcome, Row, Server, catalog, mark, table};

#[path = "../it/logged.rs"]
mod logged;

fn settings(row: &Row, roots: &str) -> ClientBuilder {
    let credentials = match row.admin {
        true => Credentials::admin(mark::USERNAME, mark::PASSWORD),
        false => Credentials::api(mark::IDENTIFIER, mark::SECRET),
    };
    Client::builder(&row.url)
        .credentials(credentials.with_access_key(mark::ACCESS_KEY).unwrap())
        .timeout(row.timeout)
        .connect_timeout(row.timeout)
        .no_retries()
        .max_response_len(MAX_RESPONSE_LEN)
        .root_certificates(roots)
        .proxy(row.proxy.as_deref())
}

/// The result of the calls of a client, with the debug output of the client.
fn seen(result: Result<Page, Error>, client: String) -> Seen {
    let (outcome, kind, shown) = match result {
        Ok(page) => {
            (Outcome::page(page.len()).to_string(), "Page", format!("{page:?} {:?}", page.findings()))
        }
        Err(error) => {
            let shown = format!("{error}\n{error:?} {error:#?} {:?}", error.hint());
            (outcome(&error).to_string(), kind(&error), shown)
        }
    };
    Seen { outcome, kind: kind.to_owned(), shown: format!("{shown} {client}"), ..Seen::default() }
}

fn outcome(error: &Error) -> Outcome {
    let wait = match error.kind() {
        ErrorKind::RateLimited { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
        _ => None,
    };
    Outcome {
        status: error.http_status(),
        wait,
        retryable: error.is_retryable(),
        sent: error.may_have_been_sent(),
        ..Outcome::error(error.code())
    }
}

fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Api(_) => "Api",
        ErrorKind::UnexpectedResponse { .. } => "UnexpectedResponse",
        ErrorKind::RateLimited { .. } => "RateLimited",
        ErrorKind::Decode(_) => "Decode",
        ErrorKind::TooLarge { .. } => "TooLarge",
        ErrorKind::Transport(_) => "Transport",
        ErrorKind::Redirect { .. } => "Redirect",
        _ => "another",
    }
}

fn holds(interface: Interface, run: impl Fn(&Row, &str) -> Seen + Sync) {
    logged::listen();
    let faults = catalog::all();
    let server = Server::start(&faults);
    let roots = server.roots();
    let mut problems = problems(interface, &faults, &each(&server.rows, |row| run(row, &roots)));
    let logged = logged::logged();
    assert!(logged.contains("requests go through the proxy"), "there is a log to search");
    problems.extend(mark::find(&logged).map(|found| format!("the log has {found}")));
    // This process also runs the servers, and possibly the other test.
    let memory = peak_memory(None).unwrap_or(0);
    if memory > 2 * MAX_MEMORY {
        problems.push(format!("the process had {memory} MiB"));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_blocking_client_has_the_outcome_of_the_catalog() {
    holds(Interface::Blocking, |row, roots| {
        let client = settings(row, roots).build().unwrap();
        let call = || client.get_tickets(&GetTickets::default());
        for _ in 1..row.calls {
            call().unwrap();
        }
        seen(call(), format!("{client:?} {:?}", settings(row, roots)))
    });
}

#[cfg(feature = "async")]
#[test]
fn the_asynchronous_client_has_the_outcome_of_the_catalog() {
    holds(Interface::Asynchronous, |row, roots| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = settings(row, roots).build_async().unwrap();
            for _ in 1..row.calls {
                client.get_tickets(&GetTickets::default()).await.unwrap();
            }
            seen(client.get_tickets(&GetTickets::default()).await, format!("{client:?}"))
        })
    });
}

#[test]
fn the_page_on_reliability_has_the_catalog() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../RELIABILITY.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let [begin, end] = table::MARKERS;
    let (before, rest) = page.split_once(begin).expect("the first marker");
    let (committed, after) = rest.split_once(end).expect("the second marker");
    let table = format!("\n\n{}", table::markdown(&catalog::sections()));
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        std::fs::write(&file, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert!(committed == table, "RELIABILITY.md is out of date; UPDATE_RELIABILITY=1 rewrites it:\n{table}");
}
