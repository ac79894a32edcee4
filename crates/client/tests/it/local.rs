//! The Local API through a real PHP, against a fake install. These tests fail without `php`: building this
//! project requires php-cli.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gettickets::local::{LocalError, LocalErrorKind, Stage};
use gettickets::scan::FetchContext;
use gettickets::{Cancellation, Client, Error, ErrorKind, GetTickets};
use tempfile::TempDir;

#[cfg(target_os = "linux")]
use crate::machine::{again, is_child};

/// A copy of the fake install with this behavior.
fn install(behavior: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let init = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/install/init.php");
    fs::copy(init, folder.path().join("init.php")).unwrap();
    // An `init.php` of another program.
    let other = match behavior {
        "no-local-api" => Some("<?php $answer = 42;"),
        "complains" => Some("<?php fwrite(STDERR, 'The disk is full'); exit(1);"),
        _ => None,
    };
    if let Some(other) = other {
        fs::write(folder.path().join("init.php"), other).unwrap();
    }
    fs::write(folder.path().join("behavior"), behavior).unwrap();
    folder
}

fn about(subject: &str) -> GetTickets {
    let subject = Some(subject).filter(|subject| !subject.is_empty()).map(str::to_owned);
    GetTickets { subject, ..GetTickets::default() }
}

fn ask(behavior: &str, subject: &str) -> Result<gettickets::Page, Error> {
    let install = install(behavior);
    Client::local(install.path()).timeout(Duration::from_secs(20)).build()?.get_tickets(&about(subject))
}

fn local_error(error: Error) -> LocalError {
    assert!(error.hint().is_some() && !error.is_retryable(), "{error}");
    match error.kind() {
        ErrorKind::Local(local) => {
            assert_eq!(local.may_have_been_called(), error.may_have_been_sent());
            local.clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn output_of_hooks_does_not_disturb_a_page() {
    let install = install("");
    let client = Client::local(install.path()).admin("ada").build().unwrap();
    assert_eq!(client.endpoint(), install.path().display().to_string());
    let request = GetTickets {
        limitstart: Some(50),
        ignore_dept_assignments: Some(true),
        email: Some("\"';$(x)\n@example.com".into()),
        ..GetTickets::default()
    };
    let page = client.get_tickets(&request).unwrap();
    let ticket = page.get(0).unwrap();
    assert_eq!((page.startnumber(), ticket.id(), ticket.name()), (Some(50), 7, "GetTickets as 'ada'"));
    let sent = ticket.subject().strip_prefix("café ").unwrap();
    assert_eq!(
        sent.replace("\\/", "/"),
        r#"{"email":"\"';$(x)\n@example.com","ignore_dept_assignments":true,"limitstart":50}"#
    );
    assert!(page.findings().iter().all(|finding| finding.kind.code() == "missing-field"), "{page:?}");
    // The path may be that of `init.php`, and the admin is optional.
    let client = Client::local(install.path().join("init.php")).build().unwrap();
    let page = client.get_tickets(&GetTickets::default()).unwrap();
    assert_eq!(page.get(0).unwrap().name(), "GetTickets as NULL");
}

#[test]
fn a_reply_larger_than_a_pipe_buffer_is_read() {
    assert_eq!(ask("", "many").unwrap().len(), 20_000);
}

#[test]
fn text_that_is_not_utf8_is_replaced_and_its_place_is_reported() {
    let page = ask("", "latin1").unwrap();
    let ticket = page.get(0).unwrap();
    assert_eq!((ticket.id(), ticket.subject(), ticket.tid()), (7, "caf\u{fffd} <&>", "516757"));
    assert_eq!(ticket.attachments().map(|list| list.len()), Some(1));
    let finding = page.findings().iter().find(|finding| finding.kind.code() == "replaced-bytes");
    assert_eq!(
        finding.map(|finding| finding.places.clone()),
        Some(vec!["tickets.ticket[0].subject".to_owned()])
    );
}

#[test]
fn each_failure_of_an_install_has_its_kind_and_its_stage() {
    use LocalErrorKind::*;
    for (behavior, subject, kind, stage, says) in [
        ("exit", "", Exited, Some(Stage::Init), "License invalid"),
        ("complains", "", Exited, Some(Stage::Init), "it printed: The disk is full"),
        ("fatal", "", Exception, Some(Stage::Init), "undefined function no_such_function()"),
        ("parse", "", Exception, Some(Stage::Init), "ParseError"),
        ("memory", "", Fatal, Some(Stage::Init), "Allowed memory size"),
        ("no-local-api", "", NoLocalApi, Some(Stage::Call), ""),
        ("", "exit", Exited, Some(Stage::Call), ""),
        ("", "throw", Exception, Some(Stage::Call), "RuntimeException: The database has gone"),
        ("", "string", NotAnArray, Some(Stage::Call), "string"),
        ("", "nan", Encoding, Some(Stage::Call), "Inf and NaN cannot be JSON encoded"),
        ("killed", "", Died, None, "signal: 9"),
    ] {
        let error = ask(behavior, subject).unwrap_err();
        assert_eq!(
            error.may_be_due_to_size(),
            matches!(behavior, "memory" | "killed"),
            "{behavior}: {error}"
        );
        let error = local_error(error);
        assert_eq!((error.kind(), error.stage()), (&kind, stage), "{behavior} {subject}: {error}");
        assert!(error.to_string().contains(says), "{behavior} {subject}: {error}");
        // What PHP throws has a place. PHP also prints a fatal error, which is reported once.
        let is_thrown = matches!(kind, Exception | Fatal);
        assert_eq!(error.location().is_some_and(|place| place.contains(".php")), is_thrown, "{error}");
        let text = error.to_string();
        assert_eq!(text.contains(&format!("(at {}", error.location().unwrap_or("-"))), is_thrown, "{text}");
        assert!(kind != Fatal || error.output().is_none(), "{text}");
        let stage = [" while loading init.php", " during the call"].map(|stage| text.contains(stage));
        let shown = if kind == NoLocalApi { None } else { error.stage() };
        assert_eq!(stage, [shown == Some(Stage::Init), shown == Some(Stage::Call)], "{text}");
    }
}

#[test]
fn an_error_of_the_api_is_an_api_error() {
    let error = ask("", "error").unwrap_err();
    assert_eq!(error.api_class(), Some(gettickets::ApiErrorClass::UnknownAction), "{error}");
}

#[test]
fn missing_programs_and_installs_are_reported() {
    let empty = TempDir::new().unwrap();
    let whole = install("");
    let ask = |path: &Path, php: &str| {
        let client = Client::local(path).php(php).build().unwrap();
        local_error(client.get_tickets(&GetTickets::default()).unwrap_err()).kind().clone()
    };
    assert_eq!(ask(empty.path(), "php"), LocalErrorKind::NoInit);
    let client = Client::local(empty.path()).build().unwrap();
    let error = local_error(client.get_tickets(&GetTickets::default()).unwrap_err());
    assert!(!error.to_string().contains(" while loading"), "{error}");
    assert_eq!(ask(&empty.path().join("nowhere"), "php"), LocalErrorKind::NoInstall);
    let program = "no-such-php".to_owned();
    assert_eq!(ask(whole.path(), "no-such-php"), LocalErrorKind::NoPhp { program });
    let program = whole.path().join("init.php").to_str().unwrap().to_owned();
    assert_eq!(ask(whole.path(), &program), LocalErrorKind::PhpNotRun { program });
    // A program other than PHP.
    assert_eq!(ask(whole.path(), "true"), LocalErrorKind::Died);
}

#[test]
fn the_time_limit_ends_php_and_its_children() {
    let install = install("");
    let client = Client::local(install.path()).timeout(Duration::from_millis(700)).build().unwrap();
    let began = Instant::now();
    let error = local_error(client.get_tickets(&about("slow")).unwrap_err());
    assert!(matches!(error.kind(), LocalErrorKind::TimedOut { .. }), "{error}");
    // Not a timing assertion: the child would sleep for 15 minutes.
    assert!(began.elapsed() < Duration::from_secs(60));
}

/// Ctrl-C may end the program that uses the client. PHP is in its own process group and does not get the signal.
#[test]
fn php_ends_when_its_caller_is_gone() {
    let error = ask("", "limit").unwrap_err();
    assert!(error.to_string().contains("limit 25"), "five seconds past the limit of 20: {error}");
}

#[test]
fn processes_left_by_hooks_do_not_delay_the_reply() {
    assert_eq!(ask("", "background").unwrap().len(), 1);
}

#[test]
fn output_without_end_is_cut_off() {
    let install = install("flood");
    let client = Client::local(install.path()).max_response_len(1 << 20).build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit, .. } if *limit == 1 << 20), "{error}");
}

#[test]
fn the_bridge_is_valid_php() {
    let bridge = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/local/bridge.php");
    let lint = std::process::Command::new("php").arg("-l").arg(bridge).output().unwrap();
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
}

/// Whether a process with these arguments runs.
#[cfg(target_os = "linux")]
fn is_running(arguments: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).replace('\0', " ").trim_end() == arguments)
}

/// Waits until a condition is true.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_time_limit_ends_children_that_left_the_process_group() {
    let install = install("");
    let client = Client::local(install.path()).timeout(Duration::from_secs(2)).build().unwrap();
    let error = local_error(client.get_tickets(&about("setsid")).unwrap_err());
    assert!(matches!(error.kind(), LocalErrorKind::TimedOut { .. }), "{error}");
    let pid = fs::read_to_string(install.path().join("started")).expect("the child was started");
    let arguments = PathBuf::from("/proc").join(pid.trim()).join("cmdline");
    // One that has ended and was not waited for has no arguments.
    eventually("the child has ended", || fs::read(&arguments).unwrap_or_default().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_holds_the_pipes_leaves_no_thread_behind() {
    let install = install("");
    let client = Client::local(install.path()).build().unwrap();
    for _ in 0..3 {
        client.get_tickets(&about("holds")).unwrap();
    }
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("gettickets-php")).count()
    };
    assert!(is_running("sleep 43210"), "a hook left it running");
    eventually("no thread is left", || threads() == 0);
    std::process::Command::new("pkill").args(["-f", "^sleep 43210$"]).status().unwrap();
}

#[test]
fn canceling_ends_php() {
    let install = install("");
    let client = Client::local(install.path()).timeout(Duration::MAX).build().unwrap();
    let cancellation = Cancellation::new();
    let context = FetchContext::new(cancellation.clone());
    let error = std::thread::scope(|scope| {
        let call = scope.spawn(|| client.fetch(&about("slow"), &context));
        eventually("PHP has begun", || install.path().join("started").exists());
        cancellation.cancel();
        call.join().unwrap().unwrap_err()
    });
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    let error = client.fetch(&about("slow"), &context).unwrap_err();
    assert_eq!((error.code(), error.attempts(), error.may_have_been_sent()), ("cancelled", 0, false));
}

/// A write to a pipe that PHP has closed must not end a program that does not ignore this signal.
#[test]
#[cfg(target_os = "linux")]
fn the_thread_that_writes_to_php_blocks_the_signal_of_closed_pipes() {
    if !is_child() {
        again("local::the_thread_that_writes_to_php_blocks_the_signal_of_closed_pipes", &[]);
        return;
    }
    const SIGPIPE: u32 = 13;
    // The number of threads that block the signal, of those whose name is that of the thread, and of the others.
    let threads = || {
        let mut counts = [(0, 0); 2];
        for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
            let read = |file| fs::read_to_string(task.path().join(file)).unwrap();
            let status = read("status");
            let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
            let blocks = u64::from_str_radix(mask.trim(), 16).unwrap() >> (SIGPIPE - 1) & 1;
            let (all, blocking) = &mut counts[usize::from(read("comm").trim() != "gettickets-php")];
            *all += 1;
            *blocking += blocks;
        }
        counts
    };
    let install = install("");
    let client = Client::local(install.path()).timeout(Duration::MAX).build().unwrap();
    let cancellation = Cancellation::new();
    let context = FetchContext::new(cancellation.clone());
    let [writer, others] = std::thread::scope(|scope| {
        let call = scope.spawn(|| client.fetch(&about("slow"), &context));
        // PHP has read its input, which the thread writes.
        eventually("PHP has begun", || install.path().join("started").exists());
        let counts = threads();
        cancellation.cancel();
        call.join().unwrap().unwrap_err();
        counts
    });
    assert_eq!((writer, others.1), ((1, 1), 0), "{others:?}");
}
