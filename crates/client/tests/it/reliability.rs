//! Runs the client against every quirk of the sandbox. Writes RELIABILITY.md, and checks that it is up to date.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use gettickets::transport::TransportErrorKind;
use gettickets::{Cancellation, Client, Clock, Credentials, Error, ErrorKind, GetTickets, Page, RetryPolicy};
use gettickets_faults::table;
use gettickets_sandbox::{Quirk, Sandbox};

const TICKETS: u64 = 120;
/// The time limit of an attempt, long enough for a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The time limit with a server that is slow by its quirk.
const SHORT_TIMEOUT: Duration = Duration::from_millis(1500);
const MAX_RESPONSE: usize = 4 << 20;
/// The maximum number of requests of a scan, more than any of them needs, so that the test always ends.
const MOST_REQUESTS: u64 = 400;

const HEAD: &str = "\
# Reliability

## How a client deals with a server that deviates

This page is written by a test (`crates/client/tests/it/reliability.rs`) that runs the client against the sandbox's quirks.
`UPDATE_RELIABILITY=1 cargo test -p gettickets --test it reliability` updates it. Each server has
120 tickets. An attempt may take 60 seconds (1.5 with `slow` and `hang`), there are three attempts, and a reply may have 4 MiB;
no scan needed more than 400 requests. *One page* is `get_tickets` with a `limitnum` of 40, *every ticket* is `scan`.

| quirk | what the server does | one page | every ticket |
|---|---|---|---|
";

const FAULTS: &str = "
## Faults on the wire

Faults of servers, proxies and networks below the level of replies, and the outcome of a request with one attempt: a page, or
the name of the error. The outcome is the same in Rust (blocking and asynchronous), C, Python (`Client` and `AsyncClient`) and
the program, except for three endless responses, which the HTTP library of the asynchronous clients handles differently. The
program is not run with the faults of a second request. Every interface is tested with the same catalog (`crates/faults`):
`cargo test -p gettickets --test faults` and `cargo test -p gettickets-cli --test it faults`, and the steps `c` and `python`
of `cargo xtask test`.

An attempt may take 1 second if it is expected to time out, and 4 or 20 seconds otherwise. The tests fail if a call takes 20
seconds more than that, if a process uses more than 320 MiB of memory, or if a message, a log, a debug output, a pickle or a
file contains a credential in one of the encodings in `crates/faults/src/mark.rs`.

After a *retryable* error a client with retries repeats the request. The server cannot have received a request that was *not
sent*. A number in parentheses is the number of faults in a family.

";

const BOUNDS: &str = "
## What is promised against hostile servers, files and local users

| from | what is bounded | bound |
|---|---|---|
| server | a reply, decompressed | 64 MiB (`max_response_len`), and 1 MiB plus 200 times the compressed bytes |
| server | headers | 64 KiB |
| server | time of a call | 60 s for an attempt and 120 s in all, waits included; connecting 10 s |
| server | wait for `Retry-After` | 60 s; a longer one is an error that names it |
| server | memory of decoding | under 16 times the body plus 4 MiB; 1 to 2 times for documented replies |
| server | nesting; different names of unknown fields | 64 levels; 65,536 |
| server | text in an error | message 1,000 characters, readable text of a page 300, excerpt 80; the program prints at most 2,000 |
| server | a scan | 1,000,000 requests (`max_requests`), tickets by `max_tickets`; memory of ids at most 170 bytes each |
| install (Local API) | output around the reply; its time | 1 MiB; the time limit, after which its processes are killed |
| file | configuration; cursor | 1 MiB; memory in proportion to its length |
| file | checkpoint; reply or line for `decode`; `--load` | 256 MiB; 256 MiB; 64 MiB |
| local user | files of an export | new ones, for the owner alone, never through a symbolic link; an existing file keeps owner and mode |
| local user | secrets | not in arguments, nor in the environment of PHP |

Decoding a reply and matching its rows take time linear in its size and are not interrupted by the time limit.

## What is promised against a disk that fails

An exported file, all files of one run of a lake, and everything that a run of a mirror writes for an install are each written
completely or not at all. If a run is interrupted, the last good state is kept; the next run continues from it, removes what the
interrupted run left behind, and prints a note.

| output | a failed call, or a full disk | `kill -9` | a power failure |
|---|---|---|---|
| an export into a file | exit code 6; the message says what is kept, and whether `--resume` continues it | `--resume` continues from the last checkpoint, at most five seconds earlier | as `kill -9`; if the export had reported success, the file is complete under its final name |
| an export of several installs into one file | exit code 6, and nothing is kept | nothing is kept; the next run removes the temporary file | as `kill -9` |
| a run of a lake | exit code 6; no file of the run is kept, or the message says that the next run finishes it | the next run removes its files, or renames them to their final names if all were complete | as `kill -9` |
| a mirror in SQLite | an error; each install keeps its last state | the same; installs that were committed are kept | the same; a run that had reported success is in the database |
| a directory that is removed during a run | an error, even if the system reports none | | |

The tests are in `crates/cli/tests/it/disk`. A library for `LD_PRELOAD` counts the calls that create, write, truncate, sync, rename
and remove files. It makes one call fail (once with EIO, or with ENOSPC for all later calls too), or kills the process before the
call, also while a run resumes or recovers. For power failures the calls are logged and replayed; of the changes that were not
synced, the replay keeps none, all, only the names, or a random part. `cargo xtask test` selects 5 to 24 random moments for each
kind of fault. With `GETTICKETS_DISK_FAULTS=200` each test selects 200 moments, or every moment if there are fewer. A test run with
this setting killed exports 239 times, and killed lakes and mirrors at every call. Nothing was lost, no incomplete file had its
final name, and every following run continued.

In `disk/random.rs` a mirror of two sandboxes runs for 1,000 random steps, and the program is killed in about 90 runs. The changes
that each run records equal the difference of the states before and after it, and after each full run the mirror equals the
installs.

## What is promised if several threads are used

The models in `crates/models` check each promise, under shuttle in random schedules and under loom in all schedules with at
most three preemptions; \"Threads\" in `DESIGN.md` describes how. `cargo xtask test models` runs each random model in 1,000
schedules.

| part | promise |
|---|---|
| a scan | each ticket is yielded once, whichever thread fetches its page; no consumer waits for a notification that is lost; at most `concurrency` requests are in flight |
| report, cursor and status of a scan | can be read at any time; the numbers do not decrease, and the report is never behind the tickets yielded |
| cancellation | ends a consumer that waits, even if the source of pages ignores it |
| a scan that is dropped or closed | sends no further request, and its threads end; at the end of a scan, drop waits for them |
| a request in progress (`Pending`) | its outcome is returned once; dropping it ends its thread |
| a Python scan | threads and readers of Arrow streams that share it get each ticket once; closing it ends all of them, with an error |
| log messages in Python | each queued message is logged once, even if no Python thread waits |
| the end of the Python interpreter | no thread of the library is in Python afterwards |
| the log function in C | once `gettickets_set_log_function` has returned, the previous function is not running and is not called again |

The models are worth something only if they fail when the code is wrong. The code was broken in the following ways, one at a
time, and in each case a model failed (the first column names one of them, in `crates/models/tests`).

| model that fails | what was broken |
|---|---|
| `scan::each_ticket_is_yielded_once_and_the_report_is_consistent_at_any_time` | a thread does not notify the consumer of a page; a page that is queued notifies no thread; a thread that finds no page to fetch, or a consumer that finds no ticket, releases the lock before it waits; a page stays in the queue while it is fetched, so that two threads fetch it; the report is copied before the page is added to it; a ticket is counted twice; the status counts too many requests |
| `scan::a_scan_that_is_dropped_ends_its_threads_and_sends_nothing_more` | drop does not close the scan; closing sets no cancellation, or notifies no thread; a thread does not check whether the scan is closed |
| `scan::a_scan_that_is_dropped_at_its_end_has_no_threads_left` | drop does not wait for the threads, or does not join them; the end of the scan, or of a thread, is not notified |
| `scan::cancellation_ends_a_consumer_although_the_source_ignores_it` | the consumer does not read the flag; drop joins a thread that is still in the source |
| `scan::an_error_cancels_the_requests_in_flight` | the end of the scan sets no cancellation |
| `cancellation::every_wait_ends_when_the_flag_is_set` | the flag is set without the lock; only one of the waiting threads is notified |
| `cancellation::every_future_is_woken_when_the_flag_is_set` | a future reads the flag before it takes the lock; the flag is set after the lock is released; two futures have the same number |
| `pending::a_request_that_is_dropped_ends_its_thread` | drop sets no cancellation |
| `pending::the_outcome_is_available_when_ready_is_called_and_is_returned_once` | `ready` is called before the outcome is sent; the channel has no room for the outcome |
| `python::two_python_threads_and_a_stream_share_the_tickets` | a reservation is ignored, or is not ended; the number of a page is not compared, or does not change when the page is taken |
| `python::closing_ends_every_reader_and_does_not_look_like_the_end` | closing sets no cancellation; the end after closing is not distinguished (200 schedules missed this, 1,000 did not) |
| `python::a_table_that_failed_ends_every_reader_at_its_cursor` | readers do not check whether a table failed |
| `python_list::two_threads_that_take_share_the_values` | the exchange in `push` or in `take` is Relaxed; a failed exchange is repeated with the old value |
| `python_log::a_python_thread_and_the_background_thread_share_the_messages` | the exchange in `push` is Relaxed; `begin` stores instead of exchanging, or announces itself after it looked at the queue |
| `python_visits::no_thread_is_in_python_once_the_interpreter_has_ended` | one of the two fences is missing; the end is checked before the thread is counted; the count is Relaxed when a visit ends, or when it is read |
| `c_log::a_function_that_was_removed_is_not_called` | one of the two fences is missing; the slot is not checked again; `replace` does not wait; the count is Relaxed when a call ends, or when it is read |
| `c_log::a_function_is_replaced_as_a_whole_also_twice_in_a_row` | the current slot is stored or read Relaxed |
| `c_log::two_threads_that_replace_the_function_take_turns` | the threads do not take turns |

Before, no model failed with nine of them: the threads that were not joined, the cancellation that the end of a scan or closing
a Python scan did not set, the single notification of a cancellation, the early `ready`, and the Relaxed counts of the visits and
of the log function. The models now notice them.

No model fails with these changes. Two are faults only in theory: if a Python scan sets its cancellation before its closed flag,
a reader may take that for the end, but 200,000 schedules did not show it; and the flag by which threads take turns at
replacing the log function may be released Relaxed, because a fence precedes it. The others break no promise: a thread is
started for each page, a closed scan keeps its queue, and the next pages are requested only when the consumer asks.

## What fuzzing has run

The table has the number of executions of each fuzz target, added up over runs of `cargo xtask fuzz --record`; `fuzz/README.md`
describes the targets. Findings were fixed before the commit in the table.

";

/// The line after each table that a task writes.
const WRITTEN_END: &str = "<!-- end of what is written -->";

/// The lines between which `cargo xtask fuzz --record` writes its table.
const FUZZING: [&str; 2] = ["<!-- written by `cargo xtask fuzz --record` -->", WRITTEN_END];

const COVERAGE: &str = "
## Coverage

`cargo xtask coverage` runs the tests of the protocol and of the client (with 20,000 histories of the scan) and prints for each
file how many of its lines they execute, with `--lines` also every other line. `--write` writes the table. The unit tests at the
end of a file do not count as lines; doc tests, and the tests of the other crates, are not run.

50 lines of the scan, the exchange, decoding and redaction are not executed:

- 22 are functions that the compiler evaluates, for the names and kinds of the fields.
- 12 are texts for developers: those that serde requires and that no error shows (`expecting`), and `Debug` of the state machine.
- 9 are arms that a `match` needs and no value reaches, such as the end of a document before its first value.
- 4 are a `debug_assert!` and what follows it, for a defect of the crate itself.
- 2 redact a whole text if its patterns are too large for the automaton, which takes credentials of hundreds of megabytes.
- 1 ends a scan whose pages fail at every size, after more than 24 halvings, which takes a `limitnum` of hundreds of millions.

";

/// The lines between which `cargo xtask coverage --write` writes its table.
const COVERED: [&str; 2] = ["<!-- written by `cargo xtask coverage --write` -->", WRITTEN_END];

/// What mutation testing has found, before the table.
const MUTANTS: &str = "
## Long runs

`soak` (`crates/cli/tests/it/soak.rs`) runs `watch --full` and `mirror --full`, a run every 10 ms, against a list of 400 tickets that
changes at every third request, and compares the memory, the open files and the threads of the first 1,500 requests with those of
the last. Each `cargo xtask test` does it for 6,000 requests, `GETTICKETS_SOAK_MINUTES=60` for an hour. An hour on a busy machine,
216,206 requests: `watch` 32 MB at first and 35 MB at last, `mirror` 34 and 52 MB; no more open files than one and no more threads.
The mirror keeps up to 32 MiB of its database in memory, which grows with every change that is recorded.

## What mutation testing has found

A mutant is a small change of the code, such as `<=` for `<`. It is *missed* if no test fails, and *caught* otherwise; a test that
does not end in its time has *timed out* and counts as failed. The score is the share of the mutants that compile and are
caught. cargo-mutants lists them, and builds the crate again for each. `cargo xtask mutants --one-build PACKAGE` compiles all of
them into one build instead, of which each run selects one, and runs the unit and integration tests of the package that call
the changed function, except for tests that take longer than `--limit` and documentation examples. Mutants in constants, in
functions that only the compiler evaluates, and in functions that return an `impl` type are not tried. `.cargo/mutants.toml`
excludes mutants that change no result, with the reasons; `.cargo/survivors` lists those that are tried and missed, also with the
reasons, and the table counts the missed ones that it does not list.

The mutants are tried in a random order, so a run that is ended early has tried a sample. For each, the tests run first that have
caught other mutants of the same function or file, then the fastest, up to the time of `--budget`: 20 seconds for the client and the
protocol, 10 for the tables. The longest tests, such as those over HTTP with many changes, and the tests of other packages run for
few mutants or for none; on the other hand, a mutant that changes nothing may time out on a busy machine, as this one was. The goal
of 95 % for the protocol and the client is met.

Many of the client's mutants are in the scan, at a limit of one of its heuristics (`>` for `>=`): how far to step back, when to
take a sample, how often to try again. They lead to another request in rare lists, which were searched for and recorded
(`tests/scan/traces.rs`, `tests/scan/unusual.rs`). Conditions that no list made false were removed. The listed mutants of the
protocol are mostly in the fast decoder: with the change it reserves other memory, or compares bytes that cannot occur there. Of
25 mutants of the client that had timed out, chosen at random and tried again without a limit, a test detected 24; the other one
has a test now.

";

/// The lines between which `cargo xtask mutants --record` writes its table.
const SCORES: [&str; 2] =
    ["<!-- written by `cargo xtask mutants --one-build PACKAGE --record` -->", WRITTEN_END];

#[test]
fn every_quirk_is_handled_or_reported() {
    let rows = run_all();
    let mut table = HEAD.to_owned();
    for (quirk, page, scan) in rows {
        writeln!(table, "| `{quirk}` | {} | {page} | {scan} |", quirk.description().replace('|', "\\|"))
            .unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../RELIABILITY.md");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    for part in [
        FAULTS,
        &kept(&committed, table::MARKERS),
        BOUNDS,
        &kept(&committed, FUZZING),
        COVERAGE,
        &kept(&committed, COVERED),
        MUTANTS,
        &kept(&committed, SCORES),
    ] {
        table.push_str(part);
    }
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == table,
        "RELIABILITY.md differs from the results; UPDATE_RELIABILITY=1 rewrites it. It would be:\n{table}"
    );
}

/// Returns the part of the existing file between these lines, which is copied.
fn kept(committed: &str, [begin, end]: [&str; 2]) -> String {
    let table = committed.split_once(begin).and_then(|(_, rest)| rest.split_once(end));
    format!("{begin}{}{end}\n", table.map_or("\n\n", |(table, _)| table))
}

/// The quirks wait for timeouts and slow bodies, so they are run concurrently.
fn run_all() -> Vec<(Quirk, String, String)> {
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for (start, chunk) in Quirk::ALL.chunks(Quirk::ALL.len().div_ceil(6)).enumerate() {
            let sender = sender.clone();
            scope.spawn(move || {
                for (index, quirk) in chunk.iter().enumerate() {
                    sender.send(((start, index), (*quirk, one_page(*quirk), every_ticket(*quirk)))).unwrap();
                }
            });
        }
    });
    drop(sender);
    let mut rows: Vec<_> = receiver.iter().collect();
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn serve(quirk: Quirk) -> (Sandbox, Client) {
    let sandbox = Sandbox::builder().tickets(TICKETS).seed(7).quirk(quirk).start().unwrap();
    let client = Client::builder(sandbox.url())
        .credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
        .timeout(match quirk {
            Quirk::Slow | Quirk::Hang => SHORT_TIMEOUT,
            _ => TIMEOUT,
        })
        // With the default, an attempt that times out would be the last one.
        .retries(RetryPolicy::default().total_timeout(Duration::MAX))
        .max_response_len(MAX_RESPONSE)
        .clock(NeverWaits)
        .build()
        .unwrap();
    (sandbox, client)
}

fn request() -> GetTickets {
    GetTickets { limitnum: Some(40), ignore_dept_assignments: Some(true), ..GetTickets::default() }
}

fn one_page(quirk: Quirk) -> String {
    let (sandbox, client) = serve(quirk);
    match client.get_tickets(&request()) {
        Ok(page) => page_outcome(&page),
        Err(error) => {
            let shown = format!("{error} {error:?} {}", error.hint().unwrap_or_default());
            assert!(!shown.contains(sandbox.secret()), "{quirk} shows the secret: {shown}");
            error_outcome(&error)
        }
    }
}

fn page_outcome(page: &Page) -> String {
    let findings: HashSet<&str> = page.findings().iter().map(|finding| finding.kind.code()).collect();
    let mut findings: Vec<_> = findings.into_iter().map(|code| format!("`{code}`")).collect();
    findings.sort();
    let found =
        if findings.is_empty() { String::new() } else { format!("; findings {}", findings.join(", ")) };
    format!("{} tickets{found}", page.len())
}

fn every_ticket(quirk: Quirk) -> String {
    let (sandbox, client) = serve(quirk);
    let (mut ids, mut error) = (HashSet::new(), None);
    let before = sandbox.store().ids().unwrap();
    let mut scan = client.scan(request());
    if matches!(quirk, Quirk::Shifting | Quirk::ClockSetBack) {
        // The list changes before every reply, so the result depends on the order in which concurrent requests arrive.
        scan = scan.concurrency(1);
    }
    for ticket in scan.by_ref() {
        match ticket {
            Ok(ticket) => assert!(ids.insert(ticket.get().id()), "{quirk}: {} twice", ticket.get().id()),
            Err(failure) => error = Some(failure),
        }
    }
    let report = scan.report();
    assert!(report.requests <= MOST_REQUESTS, "{quirk}: {report:?}");
    match error {
        // The server never mentions the middle half of its tickets.
        None if quirk == Quirk::HiddenRowsUncounted => {
            assert_eq!(ids.len() as u64, TICKETS / 2, "{quirk}: every ticket that is sent");
            "all that are ever sent".to_owned()
        }
        None => {
            // If tickets are deleted and opened during the scan, the tickets that existed all the time must be yielded.
            let after: HashSet<_> = sandbox.store().ids().unwrap().into_iter().collect();
            let all_along = before.iter().filter(|id| after.contains(id));
            let lost: Vec<_> = all_along.filter(|id| !ids.contains(id)).collect();
            assert!(lost.is_empty(), "{quirk}: a scan that ends without an error is complete; lost {lost:?}");
            "all of them".to_owned()
        }
        Some(error) if ids.is_empty() => error_outcome(&error),
        Some(error) => format!("{} of them, then: {}", ids.len(), error_outcome(&error)),
    }
}

fn error_outcome(error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::Api(_) => {
            format!("API error, {}", error.api_class().map_or("unclassified", |class| class.code()))
        }
        ErrorKind::UnexpectedResponse { status, title, .. } => {
            let title = title.as_ref().map(|title| format!(", “{title}”")).unwrap_or_default();
            format!("not the API: HTTP {status}{title}")
        }
        ErrorKind::Decode(error) => format!("cannot be read: {}", error.kind()),
        ErrorKind::TooLarge { .. } => "too large".to_owned(),
        ErrorKind::Redirect { status, .. } => format!("redirect, HTTP {status}, reported and not followed"),
        ErrorKind::ScanIncomplete(_) => "scan incomplete, and why".to_owned(),
        ErrorKind::Transport(error) => match error.kind() {
            // At which part a slow reply is interrupted depends on the speed of the machine.
            TransportErrorKind::Timeout(_) => "timed out".to_owned(),
            TransportErrorKind::HeadersTooLarge => "headers too large".to_owned(),
            kind => format!("transport: {kind:?}"),
        },
        kind => format!("{kind:?}"),
    };
    match error.attempts() {
        0 | 1 => what,
        attempts => format!("{what}, after {attempts} attempts"),
    }
}

/// A clock whose sleeps return at once.
struct NeverWaits;

impl Clock for NeverWaits {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, _: Duration, _: &Cancellation) {}

    fn random(&self) -> f64 {
        0.5
    }
}
