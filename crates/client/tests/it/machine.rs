//! Errors of this machine and this process, each in a process of its own.

use std::process::Command;

use gettickets::transport::TransportErrorKind;
use gettickets::{Client, Credentials, ErrorKind, GetTickets};

/// The variable that marks the child.
const TASK: &str = "TASK_OF_A_TEST";

/// Runs this test again in a process with these variables. Returns what it printed.
pub(crate) fn again(test: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(TASK, "child");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(TASK).is_some()
}

#[test]
#[cfg(unix)]
fn too_many_open_files_are_not_blamed_on_the_server() {
    if !is_child() {
        again("machine::too_many_open_files_are_not_blamed_on_the_server", &[]);
        return;
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    for address in ["http://127.0.0.1:9", "https://billing.example.com"] {
        let client = Client::builder(address).credentials(Credentials::api("identifier", "secret"));
        let client = client.proxy(None).no_retries().build().unwrap();
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..limit }).unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        setrlimit(Resource::Nofile, limit).unwrap();
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{error:?}") };
        assert_eq!(transport.kind(), &TransportErrorKind::LocalResources, "{error}");
        assert!(error.hint().unwrap().contains("the server is not the cause"), "{error}");
        assert!(!error.may_have_been_sent(), "{error}");
    }
}

#[test]
fn the_proxy_is_that_of_the_environment() {
    if !is_child() {
        let variables = [
            ("https_proxy", "http://user:hunter2@proxy.example.com:3128"),
            ("no_proxy", "other.example"),
            // Set in a CGI program, which does not use these variables. Empty is the same as unset.
            ("REQUEST_METHOD", ""),
        ];
        again("machine::the_proxy_is_that_of_the_environment", &variables);
        return;
    }
    let proxy = |address: &str| Client::builder(address).effective_proxy().unwrap();
    assert_eq!(proxy("https://billing.example.com").as_deref(), Some("http://proxy.example.com:3128"));
    assert_eq!(proxy("https://billing.other.example"), None);
}

#[test]
fn php_does_not_inherit_credentials() {
    if !is_child() {
        let variables = [
            ("GETTICKETS_SECRET", "hunter2"),
            ("GETTICKETS_PASSWORD", "hunter2"),
            ("GETTICKETS_ACCESS_KEY", "hunter2"),
            ("gettickets_secret", "hunter2"),
            ("INSTALL_NEEDS_THIS", "kept"),
        ];
        again("machine::php_does_not_inherit_credentials", &variables);
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let init = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/install/init.php");
    std::fs::copy(init, folder.path().join("init.php")).unwrap();
    let request = GetTickets { subject: Some("environment".into()), ..GetTickets::default() };
    let error = Client::local(folder.path()).build().unwrap().get_tickets(&request).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("INSTALL_NEEDS_THIS") && text.contains("PATH"), "{text}");
    for name in ["SECRET", "PASSWORD", "ACCESS_KEY", "secret"] {
        assert!(!text.contains(name), "{text}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_cannot_be_started_is_its_own_error() {
    if !is_child() {
        // A stack as large as the address space, for every thread of the child.
        let variables = [("RUST_MIN_STACK", (1_u64 << 47).to_string())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        again("machine::a_thread_that_cannot_be_started_is_its_own_error", &variables);
        return;
    }
    let client = crate::server::builder("http://127.0.0.1:9").build().unwrap();
    let outcome = client.start(GetTickets::default()).wait_for(std::time::Duration::ZERO);
    let error = outcome.expect("the outcome is there at once").unwrap_err();
    assert_eq!((error.code(), error.may_have_been_sent()), ("thread", false), "{error}");
    assert!(error.hint().unwrap().contains("the server is not the cause"), "{error}");
}
