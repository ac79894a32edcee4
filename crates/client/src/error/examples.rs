//! One error of every kind, from which the documentation of the errors is generated.

use std::time::Duration;

use gettickets_protocol::{ApiError, Decoder, InvalidCredentials, PageKind, cloudflare_status};
use http::StatusCode;

use super::address::InvalidAddress;
use super::config::{ConfigError, InvalidProxy};
use super::details::Error;
use super::incomplete::ScanIncomplete;
use super::kind::ErrorKind;
use super::local::{LocalError, LocalErrorKind, Stage};
use super::tls::TlsReason;
use super::transport::{TimeoutPhase, TransportError, TransportErrorKind};

/// Returns at least one error of every kind, related ones together, with typical texts of servers.
///
/// The documentation pages about errors are generated from this list, and a test of the crate `site` reports missing
/// kinds.
#[doc(hidden)]
pub fn error_examples() -> Vec<Error> {
    let mut errors = Vec::new();
    errors.extend(api().into_iter().map(|kind| Error::new(kind).with_attempts(1)));
    errors.extend(unexpected_responses());
    errors.extend(decode());
    errors.extend(transport().into_iter().map(|kind| Error::from(TransportError::new(kind))));
    errors.extend(config().into_iter().map(Error::from));
    errors.push(ScanIncomplete::new("the server counts 55 matching tickets and sends 40").into());
    errors.extend(local().into_iter().map(Error::from));
    errors.push(Error::new(ErrorKind::Cancelled));
    errors
}

fn api() -> Vec<ErrorKind> {
    let messages = [
        "Authentication Failed",
        "Invalid or missing credentials",
        "Administrator Account Disabled",
        "Invalid IP 203.0.113.7",
        "Invalid Permissions: API action \"gettickets\" is not allowed",
        "Access Denied",
        "Action not found",
        "The requested API Action could not be found.",
        "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded",
        "No matching admin user found",
        "An unexpected error occurred",
    ];
    let errors = messages.map(ApiError::new).into_iter().chain([ApiError::without_message()]);
    errors.map(ErrorKind::Api).collect()
}

/// Responses that are not from the API, and limits of the rate and the size.
fn unexpected_responses() -> Vec<Error> {
    let pages = [
        (200, "text/html", "", ""),
        (401, "text/html", "401 Authorization Required", "Authorization Required"),
        (404, "text/html", "404 Not Found", "Not Found"),
        (408, "text/html", "", "Request Time-out"),
        (500, "text/html", "", "Internal Server Error"),
        (503, "text/html", "", "Service Unavailable"),
        (500, "text/html", "", "Fatal error: Allowed memory size of 134217728 bytes exhausted"),
        (500, "text/html", "", "Fatal error: Maximum execution time of 30 seconds exceeded"),
        (500, "text/html", "", "Output has been emitted previously in /srv/billing/hook.php:27"),
        (500, "text/html", "", "Fatal error: Uncaught Error: Call to undefined function example()"),
        (200, "text/html", "", "License Invalid"),
        (503, "text/html", "", "Down for Maintenance (Err 2)"),
        (200, "text/html", "Log In", "Please log in: <input type=\"password\">"),
        (403, "text/html", "Just a moment...", "Checking your browser"),
        (522, "text/html", "", cloudflare_status(522).unwrap_or_default()),
    ];
    let mut errors: Vec<Error> = pages
        .into_iter()
        .map(|(status, content_type, title, text)| {
            let text_of = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let kind = ErrorKind::UnexpectedResponse {
                status,
                content_type: text_of(content_type),
                page_kind: PageKind::detect(Some(status.as_u16()), &format!("<title>{title}</title>{text}")),
                title: text_of(title),
                excerpt: text_of(text.split_once(": <").map_or(text, |(text, _)| text)),
            };
            Error::new(kind).with_http_status(status).with_attempts(1)
        })
        .collect();
    let moved = Some("https://www.example.com/includes/api.php".to_owned());
    for to in [moved, None] {
        let redirect = ErrorKind::Redirect { status: StatusCode::FOUND, to };
        errors.push(Error::new(redirect).with_http_status(StatusCode::FOUND).with_attempts(1));
    }
    for retry_after in [Some(Duration::from_secs(120)), None] {
        let limited = ErrorKind::RateLimited { retry_after, message: None };
        errors.push(Error::new(limited).with_http_status(StatusCode::TOO_MANY_REQUESTS).with_attempts(3));
    }
    errors.push(Error::new(ErrorKind::TooLarge { limit: 64 << 20 }).with_attempts(1));
    errors
}

/// The decoding errors of bodies that cannot be read.
fn decode() -> Vec<Error> {
    let ticket = |fields: &str| {
        format!("{{\"result\":\"success\",\"tickets\":{{\"ticket\":[{{\"id\":1,{fields}}}]}}}}").into_bytes()
    };
    // More distinct names than a page may have.
    let names: Vec<String> = (0..70_000).map(|number| format!("\"x{number}\":0")).collect();
    let bodies = [
        Vec::new(),
        b"<title>Log In</title><input type=\"password\">".to_vec(),
        br#"{"result":"success","clients":{"client":[]}}"#.to_vec(),
        br#"{"result":"success"}"#.to_vec(),
        ticket(&format!("\"x\":{}{}", "[".repeat(100), "]".repeat(100))),
        ticket(&names.join(",")),
        br#"{"result":"success","tickets":{"ticket":[{"id":1,"subj"#.to_vec(),
        br#"{"result":"success","tickets":{"ticket":[{"id":1 "tid":"1"}]}}"#.to_vec(),
        b"{\"result\":\"success\",\"tickets\":{\"ticket\":[{\"id\":1,\"subject\":\"caf\xe9\"}]}}".to_vec(),
        br#"{"result":"success","tickets":{"ticket":[]}}{"result":"success"}"#.to_vec(),
        ticket(r#""subject":"\ud83d""#),
        b"<?xml version=\"1.0\"?><whmcsapi><action>gettickets</action><result>success</result><tickets><ticket><id>1</id>\
          <subject>&unknown;</subject></ticket></tickets></whmcsapi>"
            .to_vec(),
        b"<?xml version=\"1.0\" encoding=\"x-unknown\"?><whmcsapi><action>gettickets</action><result>success</result>\
          </whmcsapi>"
            .to_vec(),
        br#"{"result":"success","tickets":{"ticket":[{"tid":"123456"}]}}"#.to_vec(),
        ticket(r#""deptid":"many""#),
        ticket(r#""attachments_removed":"perhaps""#),
        ticket(r#""subject":{"text":"Hello"}"#),
        br#"{"result":"perhaps","tickets":{"ticket":[]}}"#.to_vec(),
        b"result=success;totalresults=1;numreturned=1;".to_vec(),
    ];
    let mut errors: Vec<Error> = bodies
        .into_iter()
        .filter_map(|body| gettickets_protocol::decode(body).err())
        .map(Error::from)
        .collect();
    let notice = "Notice: Undefined variable {\"result\":\"success\",\"tickets\":{\"ticket\":[]}}";
    errors.extend(Decoder::new().strict(true).decode(notice).err().map(Error::from));
    errors.extend(Decoder::new().max_len(20).decode(notice).err().map(Error::from));
    errors
}

fn transport() -> Vec<TransportErrorKind> {
    let tls = [
        TlsReason::Expired,
        TlsReason::NotYetValid,
        TlsReason::WrongName { presented: vec!["www.example.com".to_owned()] },
        TlsReason::SelfSigned,
        TlsReason::UnknownIssuer,
        TlsReason::Version1,
        TlsReason::Revoked,
        TlsReason::Refused { alert: "HandshakeFailure".to_owned() },
        TlsReason::NotTls,
        TlsReason::Other { problem: "the peer is incompatible".to_owned() },
    ];
    let timeouts = [
        TimeoutPhase::Resolve,
        TimeoutPhase::Connect,
        TimeoutPhase::Send,
        TimeoutPhase::Response,
        TimeoutPhase::Body,
        TimeoutPhase::Total,
    ];
    let mut kinds = vec![TransportErrorKind::Dns, TransportErrorKind::Connect, TransportErrorKind::Proxy];
    kinds.extend(tls.map(TransportErrorKind::Tls));
    kinds.extend(timeouts.map(TransportErrorKind::Timeout));
    kinds.extend([
        TransportErrorKind::Interrupted,
        TransportErrorKind::Truncated,
        TransportErrorKind::Protocol,
        TransportErrorKind::HeadersTooLarge,
        TransportErrorKind::CompressionRatio,
        TransportErrorKind::LocalResources,
        TransportErrorKind::Thread,
        TransportErrorKind::Other,
    ]);
    kinds
}

fn config() -> Vec<ConfigError> {
    let addresses = [
        InvalidAddress::Empty,
        InvalidAddress::HasCredentials,
        InvalidAddress::HasQuery,
        InvalidAddress::Scheme { scheme: "ftp".to_owned() },
        InvalidAddress::NotAscii,
        InvalidAddress::IsAPage { page: "clientarea.php".to_owned() },
        InvalidAddress::PlainHttp { host: "billing.example.com".to_owned() },
        InvalidAddress::Malformed { problem: "invalid port".to_owned() },
    ];
    let credentials = [
        InvalidCredentials::Empty { what: "secret" },
        InvalidCredentials::NotAnMd5,
        InvalidCredentials::EmptyAccessKey,
        InvalidCredentials::AccessKeyCharacter { position: 3 },
    ];
    let proxies = [
        (Some("HTTPS_PROXY"), InvalidProxy::Malformed),
        (None, InvalidProxy::Malformed),
        (None, InvalidProxy::Scheme),
    ];
    let mut errors: Vec<ConfigError> = addresses.into_iter().map(ConfigError::Address).collect();
    errors.push(ConfigError::NoCredentials);
    errors.extend(credentials.map(ConfigError::EmptyCredentials));
    errors.extend(proxies.map(|(variable, problem)| ConfigError::Proxy { variable, problem }));
    errors.extend([
        ConfigError::RootCertificates { problem: "no certificate was found".to_owned() },
        ConfigError::TlsSetup { problem: "no root certificates were found".to_owned() },
        ConfigError::UserAgent,
        ConfigError::ZeroTimeout,
        ConfigError::ZeroAttempts,
        ConfigError::NoListInNvp,
        ConfigError::IgnoredFilter { parameter: "deptid" },
        ConfigError::BlockingTransport,
        ConfigError::LocalResources { problem: "Too many open files".to_owned() },
    ]);
    errors
}

fn local() -> Vec<LocalError> {
    let plain = [
        LocalErrorKind::NoPhp { program: "php".to_owned() },
        LocalErrorKind::PhpNotRun { program: "/usr/bin/php".to_owned() },
        LocalErrorKind::NoInstall,
        LocalErrorKind::PathNotUtf8,
        LocalErrorKind::NoInit,
        LocalErrorKind::NoLocalApi,
        LocalErrorKind::NotAnArray,
        LocalErrorKind::Encoding,
        LocalErrorKind::Died,
        LocalErrorKind::TimedOut { limit: Duration::from_secs(60) },
        LocalErrorKind::LocalResources,
        LocalErrorKind::Unsupported,
    ];
    let mut errors: Vec<LocalError> = plain.into_iter().map(LocalError::new).collect();
    errors.extend([
        LocalError::new(LocalErrorKind::Fatal)
            .with_stage(Some(Stage::Init))
            .with_message("Call to undefined function ioncube_loader_version()"),
        LocalError::new(LocalErrorKind::Exception)
            .with_stage(Some(Stage::Call))
            .with_message("Table not found"),
        LocalError::new(LocalErrorKind::Exited).with_output("License Invalid"),
    ]);
    errors
}
