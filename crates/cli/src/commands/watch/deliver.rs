//! Delivers events to a command and to a webhook.

use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gettickets::Cancellation;
use gettickets::transport::{Transport, TransportRequest};
use http::{HeaderName, HeaderValue, Uri};
use jiff::Timestamp;
use ring::hmac;

use super::event::Record;
use crate::args::ConnectionArgs;
use crate::connect;
use crate::exit::{Failure, Outcome};
use crate::files;

/// The time limit of a command for an event.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);
/// The time limit of one request to a webhook.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);
/// The maximum number of bytes to read of a webhook's response, whose content is not used.
const MAX_RESPONSE_LEN: usize = 1 << 20;
/// The maximum number of attempts to deliver an event before the next poll.
const ATTEMPTS: u32 = 3;
/// The wait before the second attempt; it doubles, and half of it is random.
const BACKOFF: Duration = Duration::from_secs(1);
/// The minimum length of a signing secret, in bytes.
const MIN_SECRET_LEN: usize = 16;
/// The prefix of a Base64 secret in the Standard Webhooks convention.
const ENCODED: &str = "whsec_";
/// Variables that hold secrets and are removed from the command's environment.
const SECRETS: [&str; 5] = [
    "GETTICKETS_SECRET",
    "GETTICKETS_PASSWORD",
    "GETTICKETS_PASSWORD_MD5",
    "GETTICKETS_ACCESS_KEY",
    "GETTICKETS_WEBHOOK_SECRET",
];

/// Runs a command for each event.
pub(super) struct Exec {
    command: String,
    /// The names of further variables that hold secrets.
    secrets: Vec<String>,
}

impl Exec {
    /// Removes the variables with these names, and those of [`SECRETS`], from the command's environment.
    pub(super) fn new(command: String, secrets: Vec<String>) -> Exec {
        Exec { command, secrets }
    }

    /// Runs the command through the shell, with the event on its standard input. Text of a ticket is never part of the
    /// command line.
    pub(super) fn run(&self, record: &Record, stop: &Cancellation) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("the command could not be run: {error}");
        // A file rather than a pipe, so that a command that does not read its input does not block.
        let mut input = tempfile::tempfile().map_err(failed)?;
        input
            .write_all((record.json() + "\n").as_bytes())
            .and_then(|()| input.seek(SeekFrom::Start(0)).map(|_| ()))
            .map_err(failed)?;
        let mut command = shell(&self.command);
        command
            .stdin(input)
            // Standard output carries only events.
            .stdout(Stdio::from(std::io::stderr()))
            .env("GETTICKETS_EVENT", record.event.word())
            .env("GETTICKETS_EVENT_ID", &record.event_id)
            .env("GETTICKETS_TICKET_ID", record.id.to_string());
        let secrets = SECRETS.into_iter().chain(self.secrets.iter().map(String::as_str));
        secrets.for_each(|name| {
            command.env_remove(name);
        });
        let mut child = command.spawn().map_err(failed)?;
        let deadline = Instant::now() + COMMAND_LIMIT;
        let mut pause = Duration::from_millis(1);
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("the command ended with {status}")),
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) => {
                    kill(&mut child);
                    return Err(format!(
                        "the command ran for more than {} s and was killed",
                        COMMAND_LIMIT.as_secs()
                    ));
                }
                Err(error) => return Err(failed(error)),
            }
            // Ctrl-C does not interrupt the command for an event.
            if stop.is_cancelled() {
                thread::sleep(pause);
            } else {
                stop.wait(pause);
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("sh");
    // A process group of its own, so that all of it can be killed.
    shell.arg("-c").arg(command).process_group(0);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// Kills a command and the processes that it started.
fn kill(child: &mut std::process::Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Why an event was not delivered to a webhook.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// The delivery may succeed later.
    Later(String),
    /// The webhook refused this event.
    Refused(String),
}

/// Posts each event to an address, signed as in Standard Webhooks: `webhook-signature` is the HMAC-SHA256 of
/// `webhook-id`, `webhook-timestamp` and the body, joined by dots.
pub(super) struct Webhook {
    transport: Arc<dyn Transport>,
    uri: Uri,
    key: hmac::Key,
    backoff: Duration,
}

impl Webhook {
    pub(super) fn new(url: &str, secret: &str, args: &ConnectionArgs) -> Outcome<Webhook> {
        let hint = "Give an address such as https://example.com/hook";
        let uri: Uri =
            url.parse().map_err(|error| Failure::usage(format!("--webhook: {error}")).hint(hint))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            _ if host.is_empty() => return Err(Failure::usage("--webhook has no host").hint(hint)),
            Some("https") => {}
            Some("http") if is_loopback || args.allow_plain_http => {}
            Some("http") => {
                return Err(Failure::usage(
                    "--webhook is http://: anyone on the network could read the tickets",
                )
                .hint("Use https, or give --allow-plain-http if the network is trusted"));
            }
            _ => return Err(Failure::usage("--webhook is neither https:// nor http://").hint(hint)),
        }
        // The transport depends only on the host.
        let origin = format!(
            "{}://{}/",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |authority| authority.as_str().rsplit('@').next().unwrap_or_default())
        );
        let transport = connect::transport_to(&origin, args).map_err(|failure| failure.at("--webhook"))?;
        Ok(Webhook { transport, uri, key: key(secret)?, backoff: BACKOFF })
    }

    /// Delivers an event with at most [`ATTEMPTS`] requests.
    pub(super) fn send(&self, record: &Record, stop: &Cancellation) -> Result<(), Undelivered> {
        let body = record.json();
        let mut backoff = self.backoff;
        for attempt in 1.. {
            let why = match self.post(record, &body, stop) {
                Err(Undelivered::Later(why)) => why,
                outcome => return outcome,
            };
            let wait = backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
            if attempt == ATTEMPTS || stop.wait(wait) {
                return Err(Undelivered::Later(why));
            }
            backoff *= 2;
        }
        Ok(())
    }

    fn post(&self, record: &Record, body: &str, stop: &Cancellation) -> Result<(), Undelivered> {
        let time = Timestamp::now().as_second().to_string();
        let signature = signature(&self.key, &record.event_id, &time, body);
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", &record.event_id),
            ("webhook-timestamp", &time),
            ("webhook-signature", &signature),
        ];
        let mut request = TransportRequest::new(self.uri.clone(), body);
        request.timeout = REQUEST_LIMIT;
        request.max_response_len = MAX_RESPONSE_LEN;
        request.cancellation = stop.clone();
        for (name, value) in headers {
            let value = value.parse::<HeaderValue>();
            let value = value.map_err(|_| Undelivered::Refused(format!("the header {name} is not ASCII")))?;
            request.headers.insert(HeaderName::from_static(name), value);
        }
        match self.transport.send(&request) {
            Ok(response) => status_result(response.status().as_u16()),
            Err(error) => Err(Undelivered::Later(error.to_string())),
        }
    }
}

/// Maps the status of a response to a result.
fn status_result(status: u16) -> Result<(), Undelivered> {
    match status {
        200..=299 => Ok(()),
        // These statuses concern only this event. Every other one, such as 404, concerns every event.
        400 | 406 | 409 | 411 | 413 | 415 | 422 => {
            Err(Undelivered::Refused(format!("the webhook answered HTTP {status}")))
        }
        _ => Err(Undelivered::Later(format!("the webhook answered HTTP {status}"))),
    }
}

fn key(secret: &str) -> Outcome<hmac::Key> {
    let secret = gettickets::secret::trim(secret).value;
    let bytes = match secret.strip_prefix(ENCODED) {
        None => secret.as_bytes().to_vec(),
        Some(encoded) => BASE64_STANDARD.decode(encoded).map_err(|_| {
            Failure::usage("the webhook secret begins with whsec_ but the rest is not Base64")
        })?,
    };
    if bytes.len() < MIN_SECRET_LEN {
        return Err(Failure::usage(format!("the webhook's secret is shorter than {MIN_SECRET_LEN} bytes"))
            .hint("Make one with: openssl rand -base64 32"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signature(key: &hmac::Key, id: &str, time: &str, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{time}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

/// The signing secret, from this file or from the environment.
pub(super) fn secret(file: Option<&std::path::Path>) -> Outcome<String> {
    const VARIABLE: &str = "GETTICKETS_WEBHOOK_SECRET";
    const MAX_LEN: u64 = 64 << 10;
    match file {
        Some(file) => {
            let failed = |error: std::io::Error| {
                Failure::usage(format!("the webhook's secret in {} cannot be read: {error}", file.display()))
            };
            let content = std::fs::File::open(file).and_then(|file| files::read_at_most(file, MAX_LEN));
            String::from_utf8(content.map_err(failed)?).map_err(|_| {
                Failure::usage(format!("the webhook's secret in {} is not UTF-8", file.display()))
            })
        }
        None => std::env::var(VARIABLE).map_err(|_| {
            Failure::usage("--webhook needs a secret, by which the receiver recognizes this sender")
                .hint(format!("Set {VARIABLE}, or give --webhook-secret-file"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::watch::known::{Event, EventKind};
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;

    fn record() -> Record {
        let ticket = serde_json::json!({"id": 7, "subject": "$(touch /tmp/owned); 'quoted'"});
        let event = Event { kind: EventKind::Opened, id: 7, tid: "T7".into(), changes: vec![], ticket };
        Record::new(event, 1, Timestamp::UNIX_EPOCH)
    }

    /// Starts a server that responds with these statuses in turn, and returns the requests: headers and bodies.
    fn server(statuses: &'static [u16]) -> (String, thread::JoinHandle<Vec<(String, String)>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let mut requests = Vec::new();
            for status in statuses {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    reader.read_line(&mut head).unwrap();
                }
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                let mut body = vec![0; length.parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                let mut stream = reader.into_inner();
                write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .unwrap();
                requests.push((head, String::from_utf8(body).unwrap()));
            }
            requests
        });
        (url, served)
    }

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn webhook(url: &str) -> Webhook {
        Webhook {
            backoff: Duration::from_millis(1),
            ..Webhook::new(url, SECRET, &ConnectionArgs::default()).unwrap()
        }
    }

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The example of the specification.
        let key = key(SECRET).unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_event_is_posted_signed_and_retried() {
        let (url, served) = server(&[500, 429, 204]);
        assert_eq!(webhook(&url).send(&record(), &Cancellation::new()), Ok(()));
        let requests = served.join().unwrap();
        assert_eq!(requests.len(), 3);
        for (head, body) in &requests {
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                line.unwrap().to_owned()
            };
            assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
            assert_eq!(*body, record().json());
            assert_eq!(header("webhook-id"), record().event_id, "a receiver recognizes a repeated event");
            let expected =
                signature(&key(SECRET).unwrap(), &record().event_id, &header("webhook-timestamp"), body);
            assert_eq!(header("webhook-signature"), expected);
        }
    }

    #[test]
    fn an_event_that_may_succeed_later_is_kept_and_a_refused_one_is_not() {
        let (url, served) = server(&[503, 503, 503]);
        let outcome = webhook(&url).send(&record(), &Cancellation::new());
        assert_eq!(outcome, Err(Undelivered::Later("the webhook answered HTTP 503".into())));
        assert_eq!(served.join().unwrap().len(), 3);
        let (url, served) = server(&[422]);
        let outcome = webhook(&url).send(&record(), &Cancellation::new());
        assert_eq!(outcome, Err(Undelivered::Refused("the webhook answered HTTP 422".into())));
        assert_eq!(served.join().unwrap().len(), 1);
        let nobody = webhook(&url).send(&record(), &Cancellation::new());
        assert!(matches!(nobody, Err(Undelivered::Later(_))), "{nobody:?}");
        for (status, later) in [(301, true), (401, true), (404, true), (410, true), (200, false)] {
            assert_eq!(matches!(status_result(status), Err(Undelivered::Later(_))), later, "{status}");
        }
    }

    #[test]
    fn an_insecure_address_and_a_weak_secret_are_refused() {
        let args = ConnectionArgs::default();
        let said =
            |url: &str, secret: &str| Webhook::new(url, secret, &args).err().map(|failure| failure.what);
        let secret = "0123456789abcdef";
        assert_eq!(said("https://example.com/hook", secret), None);
        assert_eq!(said("http://127.0.0.1:9/hook", secret), None);
        assert_eq!(said("http://[::1]:9/hook", secret), None);
        assert!(said("http://example.com/hook", secret).unwrap().contains("anyone on the network"));
        assert!(said("ftp://example.com", secret).unwrap().contains("neither"));
        assert!(said("example.com/hook", secret).is_some());
        assert!(said("https://example.com", "short").unwrap().contains("shorter than 16 bytes"));
        let args = ConnectionArgs { allow_plain_http: true, ..ConnectionArgs::default() };
        assert!(Webhook::new("http://example.com/hook", secret, &args).is_ok());
    }

    #[test]
    fn a_webhook_always_uses_the_proxy() {
        let args =
            |proxy: &str| ConnectionArgs { proxy: Some(proxy.to_owned()), ..ConnectionArgs::default() };
        let refused = Webhook::new("https://example.com/hook", SECRET, &args("gopher://127.0.0.1:9")).err();
        let refused = refused.unwrap();
        assert!(refused.what.contains("--webhook") && refused.what.contains("proxy"), "{}", refused.what);
        // A listener that was closed leaves a port on which nothing listens.
        let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let webhook =
            Webhook::new("https://example.com/hook", SECRET, &args(&format!("http://{dead}"))).unwrap();
        let Err(Undelivered::Later(why)) = webhook.post(&record(), "{}", &Cancellation::new()) else {
            panic!("it was delivered")
        };
        assert!(why.contains("proxy") && why.contains(&dead.to_string()), "{why}");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gets_the_event_on_its_input_and_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let (body, env) = (directory.path().join("body"), directory.path().join("env"));
        let command = format!("cat > '{}'; env > '{}'", body.display(), env.display());
        // A variable that is always set.
        Exec::new(command, vec!["CARGO_MANIFEST_DIR".to_owned()])
            .run(&record(), &Cancellation::new())
            .unwrap();
        assert_eq!(std::fs::read_to_string(body).unwrap(), record().json() + "\n");
        let env = std::fs::read_to_string(env).unwrap();
        assert!(
            env.contains("GETTICKETS_EVENT=opened\n") && env.contains("GETTICKETS_TICKET_ID=7\n"),
            "{env}"
        );
        assert!(SECRETS.iter().all(|name| !env.contains(&format!("{name}="))), "{env}");
        assert!(!env.contains("CARGO_MANIFEST_DIR="), "{env}");
        let failed = Exec::new("exit 3".into(), Vec::new()).run(&record(), &Cancellation::new()).unwrap_err();
        assert!(failed.contains('3'), "{failed}");
        // A command that does not read its input succeeds too.
        Exec::new("true".into(), Vec::new()).run(&record(), &Cancellation::new()).unwrap();
    }
}
