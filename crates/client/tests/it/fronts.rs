//! Real servers: nginx in front of the sandbox, and PHP's built-in server with an endpoint that sends documented replies.
//!
//! Without PHP these tests fail. Those with nginx are skipped where it is not installed; `cargo xtask test rust` installs it.

use std::collections::HashSet;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use gettickets::{
    ApiErrorClass, Client, ClientBuilder, Credentials, Error, ErrorKind, GetTickets, ResponseType,
    StatusFilter,
};
use gettickets_sandbox::{Quirk, Sandbox};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::server::builder;

const TICKETS: u64 = 300;

/// A server of another program. It ends when this is dropped.
struct Front {
    process: Child,
    _folder: TempDir,
}

impl Front {
    /// Starts a server, and waits until it accepts connections on this port.
    fn start(command: &mut Command, folder: TempDir, port: u16) -> Front {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut front = Front { process: command.spawn().unwrap(), _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || std::fs::read_to_string(front._folder.path().join("log")).unwrap_or_default();
            assert!(start.elapsed() < Duration::from_secs(60), "the server did not start: {}", log());
            if let Some(status) = front.process.try_wait().unwrap() {
                panic!("the server ended, {status}: {}", log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        front
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ports that nothing listens on. They are below those that systems choose for other sockets.
fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    [(); N].map(|()| {
        loop {
            let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
    })
}

fn every_id(client: &Client, request: GetTickets) -> HashSet<u64> {
    client.scan(request).map(|ticket| ticket.unwrap().get().id()).collect()
}

fn failure(builder: ClientBuilder) -> Error {
    builder.no_retries().build().unwrap().get_tickets(&GetTickets::default()).unwrap_err()
}

/// Debian does not put it on the path of users.
fn nginx() -> Option<PathBuf> {
    let found = ["nginx", "/usr/sbin/nginx"].into_iter().map(PathBuf::from).find(|nginx| {
        Command::new(nginx).arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    });
    if found.is_none() {
        eprintln!("skipped: nginx is not installed (in Debian: apt-get install nginx-light)");
    }
    found
}

/// nginx with these servers of its configuration, of which one listens on the port.
fn front(nginx: &Path, folder: TempDir, servers: &str, port: u16) -> Front {
    let path = folder.path().display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {path}/{name};\n"))
        .collect();
    // One process, which needs no other user where root runs it.
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         {paths}default_type application/octet-stream;\nlimit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;\n{servers}\n}}\n"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(folder.path()).arg("-c").arg(file).args(["-e", "stderr"]);
    Front::start(&mut command, folder, port)
}

#[test]
fn every_ticket_comes_through_nginx_however_it_is_set_up() {
    let Some(nginx) = nginx() else { return };
    let sandbox = Sandbox::builder().tickets(TICKETS).start().unwrap();
    let folder = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
    let settings = [
        ("with its defaults", ""),
        ("with keep-alive on both sides", "proxy_http_version 1.1; proxy_set_header Connection \"\";"),
        (
            "compressing",
            "gzip on; gzip_types application/json text/html; gzip_proxied any; gzip_min_length 1;",
        ),
        (
            "compressing without buffers",
            "proxy_buffering off; gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;",
        ),
        ("with tiny buffers", "proxy_buffer_size 1k; proxy_buffers 2 1k; proxy_busy_buffers_size 1k;"),
        ("with HTTP/1.0 to the server", "proxy_http_version 1.0;"),
        ("without keep-alive", "keepalive_timeout 0;"),
        ("closing after every second request", "keepalive_requests 2;"),
        ("in chunks of 512 bytes", "proxy_buffering off; output_buffers 1 512; postpone_output 0;"),
        ("with TLS", "ssl_certificate certificate.pem; ssl_certificate_key key.pem;"),
    ];
    let ports: [u16; 10] = free_ports();
    let servers: String = settings
        .iter()
        .zip(ports)
        .map(|((what, settings), port)| {
            let tls = if *what == "with TLS" { " ssl" } else { "" };
            let upstream = sandbox.url();
            format!("server {{ listen 127.0.0.1:{port}{tls}; {settings} location / {{ proxy_pass {upstream}; }} }}\n")
        })
        .collect();
    let _front = front(&nginx, folder, &servers, ports[9]);
    let all: HashSet<u64> = sandbox.store().ids().unwrap().into_iter().collect();
    for ((what, _), port) in settings.iter().zip(ports) {
        let address = match *what {
            "with TLS" => format!("https://localhost:{port}"),
            _ => format!("http://127.0.0.1:{port}"),
        };
        for response_type in [ResponseType::Json, ResponseType::Xml] {
            let client = Client::builder(&address)
                .credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
                .root_certificates(certificate.pem())
                .response_type(response_type)
                .strict(true)
                .no_retries()
                .build()
                .unwrap();
            let request = GetTickets {
                limitnum: Some(40),
                ignore_dept_assignments: Some(true),
                ..GetTickets::default()
            };
            assert_eq!(every_id(&client, request), all, "{what}, {response_type:?}");
        }
    }
}

#[test]
fn errors_of_nginx_are_named() {
    let Some(nginx) = nginx() else { return };
    let hanging = Sandbox::builder().tickets(1).quirk(Quirk::Hang).start().unwrap();
    let cut = Sandbox::builder().tickets(40).quirk(Quirk::Reset).start().unwrap();
    let [dead, small, refused, late, limited, closed, maintenance, truncated] = free_ports();
    let (hanging, cut) = (hanging.url(), cut.url());
    let servers = format!(
        "server {{ listen 127.0.0.1:{small}; client_max_body_size 10; location / {{ proxy_pass {hanging}; }} }}\n\
         server {{ listen 127.0.0.1:{refused}; location / {{ proxy_pass http://127.0.0.1:{dead}; }} }}\n\
         server {{ listen 127.0.0.1:{late}; proxy_read_timeout 500ms; location / {{ proxy_pass {hanging}; }} }}\n\
         server {{ listen 127.0.0.1:{limited}; limit_req zone=one; limit_req_status 429; location / {{ proxy_pass http://127.0.0.1:{dead}; }} }}\n\
         server {{ listen 127.0.0.1:{closed}; location / {{ return 444; }} }}\n\
         server {{ listen 127.0.0.1:{truncated}; location / {{ proxy_pass {cut}; }} }}\n\
         server {{ listen 127.0.0.1:{maintenance}; location / {{ add_header Retry-After 120 always; return 503; }} }}\n"
    );
    let _front = front(&nginx, TempDir::new().unwrap(), &servers, maintenance);
    let builder = |port| builder(&format!("http://127.0.0.1:{port}"));
    let unexpected = |port, retryable| {
        let error = failure(builder(port));
        assert!(matches!(error.kind(), ErrorKind::UnexpectedResponse { .. }), "{error:?}");
        assert_eq!(error.is_retryable(), retryable, "{error}");
        (error.http_status(), error.retry_after())
    };
    assert_eq!(unexpected(small, false), (Some(413), None));
    assert_eq!(unexpected(refused, true), (Some(502), None));
    assert_eq!(unexpected(late, true), (Some(504), None));
    assert_eq!(unexpected(maintenance, true), (Some(503), Some(Duration::from_secs(120))));
    // The first request is within the limit.
    failure(builder(limited));
    let error = failure(builder(limited));
    assert!(matches!(error.kind(), ErrorKind::RateLimited { .. }), "{error:?}");
    assert_eq!(failure(builder(closed)).code(), "interrupted");
    assert_eq!(failure(builder(truncated)).code(), "truncated");
}

/// PHP's built-in server with the endpoint.
fn php() -> (Front, ClientBuilder) {
    let [port] = free_ports();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fronts/api.php");
    let mut command = Command::new("php");
    command.args(["-d", "display_errors=0", "-S", &format!("127.0.0.1:{port}")]).arg(script);
    let front = Front::start(&mut command, TempDir::new().unwrap(), port);
    (front, builder(&format!("http://127.0.0.1:{port}")))
}

fn with_status(status: &str) -> GetTickets {
    GetTickets { status: Some(StatusFilter::from(status)), ..GetTickets::default() }
}

#[test]
fn every_ticket_comes_from_php() {
    for response_type in [ResponseType::Json, ResponseType::Xml] {
        let (_front, builder) = php();
        let client = builder.response_type(response_type).no_retries().build().unwrap();
        let request = GetTickets { limitnum: Some(40), ..GetTickets::default() };
        let ids = every_id(&client, request);
        assert_eq!(ids, (1..=TICKETS).collect::<HashSet<_>>(), "{response_type:?}");
        // The reply contains the parameter as PHP decoded it.
        let subject = "a+b & c=d; 100% \u{e9}\u{1f600} \"'<>\\";
        let request = GetTickets { subject: Some(subject.to_owned()), ..GetTickets::default() };
        assert_eq!(client.get_tickets(&request).unwrap().get(0).unwrap().subject(), subject);
    }
}

#[test]
fn what_php_prints_or_breaks_is_named() {
    let (_front, builder) = php();
    let client = builder.no_retries().build().unwrap();
    let page = client.get_tickets(&with_status("notice")).unwrap();
    assert!(page.len() == 25 && page.findings().iter().any(|finding| finding.kind.code() == "leading-text"));
    // A text that JSON can't represent is requested as XML.
    let page = client.get_tickets(&with_status("latin1")).unwrap();
    assert_eq!(page.get(0).unwrap().subject(), "caf\u{fffd}");
    let error = client.get_tickets(&with_status("fatal")).unwrap_err();
    assert!(error.may_be_due_to_size() && error.to_string().contains("memory"), "{error}");
    let error = client.get_tickets(&with_status("exception")).unwrap_err();
    assert_eq!((error.code(), error.http_status()), ("unexpected-response", Some(500)));
    let error = client.get_tickets(&with_status("exit")).unwrap_err();
    assert!(error.may_be_due_to_size(), "{error}");
    assert_eq!((error.code(), error.http_status()), ("unexpected-response", Some(200)));
    let (_front, builder) = php();
    let error = failure(builder.credentials(Credentials::api("my-identifier", "wrong")));
    assert_eq!((error.api_class(), error.http_status()), (Some(ApiErrorClass::Authentication), Some(403)));
}
