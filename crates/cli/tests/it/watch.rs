//! `watch`: its events.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use gettickets_protocol::{Status, Ticket};
use gettickets_sandbox::{Quirk, Sandbox};
use serde_json::{Value, json};

use crate::program::{answering, ask, asking, asking_at, text};

/// More requests than a watch sends before its first poll.
const SETTLED: u64 = 8;

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a watch, calls a function after it has begun, and returns this many of its events.
fn events(sandbox: &Sandbox, flags: &[&str], act: impl FnOnce(), count: usize) -> Vec<Value> {
    let mut command = asking(sandbox);
    command.args(["watch", "--interval", "20ms"]).args(flags).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    wait_until(|| sandbox.request_count() >= SETTLED);
    act();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let events = lines.take(count).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    events
}

#[test]
fn opened_and_answered_tickets_are_events() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let act = || {
        store.open(Ticket { subject: "New here".into(), ..Ticket::default() }).unwrap();
    };
    let seen = events(&sandbox, &[], act, 1);
    assert_eq!((&seen[0]["event"], &seen[0]["ticket"]["subject"]), (&"opened".into(), &"New here".into()));
    assert!(seen[0]["ticket"].get("c").is_none(), "no access key");

    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let id = store.ids().unwrap()[20];
    let seen = events(&sandbox, &[], || assert!(store.reply(id, Status::Answered).unwrap()), 1);
    assert_eq!((&seen[0]["event"], &seen[0]["ticket"]["id"]), (&"replied".into(), &id.into()));
}

#[test]
fn a_full_poll_finds_changes_without_a_reply() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let ids = store.ids().unwrap();
    let moved = events(&sandbox, &["--full"], || assert!(store.set_department(ids[3], 99).unwrap()), 1);
    assert_eq!(moved[0]["event"], "changed");
    let changes = moved[0]["changes"].as_object().unwrap();
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["deptid"]);
    assert_eq!(changes["deptid"]["new"], 99);
    assert!(changes["deptid"]["old"].as_u64().unwrap() < 99);

    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let gone = events(&sandbox, &["--full"], || assert!(store.delete(ids[5]).unwrap()), 1);
    assert_eq!((&gone[0]["event"], &gone[0]["id"]), (&"gone".into(), &ids[5].into()));
}

#[test]
fn a_ticket_that_matches_a_filter_later_has_entered() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let ids = store.ids().unwrap();
    for id in &ids[..20] {
        assert!(store.set_department(*id, 77).unwrap());
    }
    let act = || {
        assert!(store.set_department(ids[30], 77).unwrap());
        let settled = sandbox.request_count() + SETTLED;
        wait_until(|| sandbox.request_count() >= settled);
        assert!(store.set_department(ids[30], 5).unwrap());
        wait_until(|| sandbox.request_count() >= settled + SETTLED);
        assert!(store.set_department(ids[30], 77).unwrap());
    };
    let seen = events(&sandbox, &["--full", "--deptid", "77"], act, 3);
    let seen: Vec<(&str, u64)> =
        seen.iter().map(|event| (event["event"].as_str().unwrap(), event["id"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("entered", ids[30]), ("gone", ids[30]), ("entered", ids[30])]);
}

#[test]
fn it_ends_after_the_requested_number_of_polls() {
    let sandbox = Sandbox::builder().tickets(5).start().unwrap();
    let ran = ask(&sandbox, &["watch", "--interval", "10ms", "--count", "2"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
}

#[test]
fn a_state_continues_after_a_restart_without_a_missing_or_a_repeated_event() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let ids = store.ids().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for full in [&[][..], &["--full"]] {
        let state = directory.path().join(format!("state{}", full.len()));
        let watch = |polls: &str| {
            let flags = ["watch", "--interval", "1ms", "--count", polls, "--state", text(&state)];
            let ran = ask(&sandbox, &[&flags[..], full].concat());
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
            ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(watch("1"), Vec::<Value>::new());
        assert!(store.reply(ids[7], Status::Answered).unwrap());
        let opened = store.open(Ticket { subject: "Meanwhile".into(), ..Ticket::default() }).unwrap();
        let _ = opened;
        let seen = watch("1");
        let mut words: Vec<&str> = seen.iter().map(|event| event["event"].as_str().unwrap()).collect();
        words.sort_unstable();
        assert_eq!(words, ["opened", "replied"], "{full:?}");
        assert_eq!(watch("2"), Vec::<Value>::new(), "none is repeated");
    }
    let other = ask(
        &sandbox,
        &["watch", "--count", "0", "--status", "Open", "--state", text(&directory.path().join("state0"))],
    );
    assert_eq!(other.code, 2);
    assert!(other.err.contains("this is the state of another watch"), "{}", other.err);
}

#[test]
fn a_state_with_more_polls_than_a_watch_has_is_refused() {
    let sandbox = Sandbox::builder().tickets(5).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let watch = || ask(&sandbox, &["watch", "--interval", "1ms", "--count", "1", "--state", text(&state)]);
    assert_eq!(watch().code, 0);
    let saved = fs::read_to_string(&state).unwrap();
    let (head, tickets) = saved.split_once('\n').unwrap();
    let mut head: Value = serde_json::from_str(head).unwrap();
    assert_eq!(head["mark"]["polls"], 2);
    head["mark"]["polls"] = u64::MAX.into();
    fs::write(&state, format!("{head}\n{tickets}")).unwrap();
    let ran = watch();
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    let refusal = "this is not a state of a watch: it counts 18446744073709551615 polls";
    assert!(ran.err.contains(refusal), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_command_runs_for_each_event_without_the_secrets() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let command = format!("{{ cat; env; }} >> '{}'; echo to stdout", log.display());
    let hostile = "'; touch owned; $(touch owned) `touch owned`";
    let act = || {
        store.open(Ticket { subject: hostile.into(), ..Ticket::default() }).unwrap();
        wait_until(|| fs::read_to_string(&log).is_ok_and(|log| log.contains("GETTICKETS_TICKET_ID=")));
    };
    let seen = events(&sandbox, &["--exec", &command], act, 1);
    let log = fs::read_to_string(log).unwrap();
    let (event, env) = log.split_once('\n').unwrap();
    assert_eq!(serde_json::from_str::<Value>(event).unwrap(), seen[0]);
    assert!(env.contains("GETTICKETS_EVENT=opened\n"), "{env}");
    assert!(!env.contains("sandbox-secret"), "{env}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// A server in front of a sandbox, which forwards requests or answers all of them with one status.
struct Front {
    url: String,
    /// 0 forwards requests.
    status: Arc<AtomicU16>,
}

impl Front {
    fn of(sandbox: &Sandbox) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let behind = sandbox.url().trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let status = Arc::new(AtomicU16::new(0));
        let now = Arc::clone(&status);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (behind, status) = (behind.clone(), now.load(Ordering::SeqCst));
                thread::spawn(move || Front::serve(stream.unwrap(), &behind, status));
            }
        });
        Front { url, status }
    }

    /// Serves one request of one connection. A client that disconnects does not fail the test.
    fn serve(stream: TcpStream, behind: &str, status: u16) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        let mut body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        let mut stream = reader.into_inner();
        if status > 0 {
            let reply = r#"{"result":"error","message":"Authentication Failed"}"#;
            let reply = if status == 403 { reply } else { "" };
            return write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{reply}",
                reply.len()
            )
            .ok();
        }
        let mut server = TcpStream::connect(behind).ok()?;
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        server.write_all(head.as_bytes()).ok()?;
        server.write_all(&body).ok()?;
        let mut reply = Vec::new();
        server.read_to_end(&mut reply).ok()?;
        stream.write_all(&reply).ok()
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn watch(&self, sandbox: &Sandbox, flags: &[&str]) -> Child {
        let mut command = asking(sandbox);
        command
            .env("GETTICKETS_URL", &self.url)
            .args(["watch", "--interval", "10ms", "--no-retries"])
            .args(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

#[test]
fn an_outage_is_two_warnings_and_no_event_is_missed() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let front = Front::of(&sandbox);
    for status in [429, 503] {
        let begun = sandbox.request_count() + SETTLED;
        let mut child = front.watch(&sandbox, &[]);
        let mut err = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        wait_until(|| sandbox.request_count() >= begun);
        front.answer(status);
        let began = err.next().unwrap().unwrap();
        assert!(began.contains("polling fails and is retried: "), "{began}");
        sandbox.store().open(Ticket { subject: "In the outage".into(), ..Ticket::default() }).unwrap();
        thread::sleep(Duration::from_millis(100));
        front.answer(0);
        let ended = err.next().unwrap().unwrap();
        assert!(ended.contains("polling works again; it failed "), "{ended}");
        let event: Value = serde_json::from_str(&out.next().unwrap().unwrap()).unwrap();
        assert_eq!(event["ticket"]["subject"], "In the outage");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(err.next().is_none(), "nothing else was printed");
    }
}

#[test]
fn a_permanent_error_ends_it() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let front = Front::of(&sandbox);
    let child = front.watch(&sandbox, &[]);
    wait_until(|| sandbox.request_count() >= SETTLED);
    front.answer(403);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("Authentication Failed"), "{err}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_once_and_keeps_the_state() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let mut command = asking(&sandbox);
    command.args(["watch", "--interval", "1h", "--state", text(&state)]).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until(|| state.exists());
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    assert!(fs::read_to_string(&state).unwrap().starts_with("{\"gettickets_watch\":1,"));
}

#[test]
fn an_undelivered_event_is_kept_in_the_state_and_delivered_by_the_next_run() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let watch = |polls: &str| {
        let mut command = asking(&sandbox);
        command.env("GETTICKETS_WEBHOOK_SECRET", "0123456789abcdef0123456789abcdef\n");
        command.args(["watch", "--interval", "1ms", "--count", polls, "--state", text(&state)]);
        crate::program::run(command.args(["--webhook", &url]))
    };
    assert_eq!(watch("0").code, 0);
    sandbox.store().open(Ticket { subject: "For the webhook".into(), ..Ticket::default() }).unwrap();

    // Nothing listens there.
    drop(listener);
    let failed = watch("1");
    assert_eq!(failed.code, 0, "{}", failed.err);
    assert!(failed.err.contains("the webhook fails and is retried"), "{}", failed.err);
    let printed: Value = serde_json::from_str(failed.out.trim()).unwrap();

    let listener = TcpListener::bind(url.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        write!(reader.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        (head, serde_json::from_slice::<Value>(&body).unwrap())
    });
    assert_eq!(watch("1").quietly(), "", "it is printed once");
    let (head, delivered) = served.join().unwrap();
    assert_eq!(delivered, printed);
    assert!(head.contains(&format!("webhook-id: {}\r\n", printed["event_id"].as_str().unwrap())), "{head}");
    assert!(head.contains("webhook-signature: v1,"), "{head}");
    assert_eq!(json!(printed["ticket"]["subject"]), "For the webhook");
}

#[test]
fn a_permanent_error_ends_it_and_an_unreadable_ticket_does_not() {
    let sandbox = Sandbox::builder().tickets(60).quirk(Quirk::MalformedUtf8Deep).start().unwrap();
    let ran = ask(&sandbox, &["watch", "--count", "1", "--interval", "1ms"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("cannot be read; no events are reported for"), "{}", ran.err);

    // The install is moved away during the watch.
    let (url, status) = empty_list();
    let mut command = asking_at(&url);
    command.args(["watch", "--interval", "20ms", "--no-retries"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    status.store(404, Ordering::SeqCst);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("404"), "{err}");
}

/// A server of an empty list that answers with the status that is stored.
fn empty_list() -> (String, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let current = Arc::clone(&status);
    let body = r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}"#;
    (answering(move || (current.load(Ordering::SeqCst), body.to_owned())), status)
}
