//! Runs the program without the settings of this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use gettickets_sandbox::{Quirk, Sandbox};

/// Every command.
pub(crate) const COMMANDS: [&str; 13] = [
    "list",
    "export",
    "stats",
    "watch",
    "mirror",
    "singer",
    "decode",
    "request",
    "doctor",
    "profiles",
    "sandbox",
    "completions",
    "man",
];

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Stdout of a run that must have succeeded and written nothing to stderr.
    #[track_caller]
    pub(crate) fn quietly(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// Stdout of a run that must have succeeded and written nothing but notes to stderr.
    #[track_caller]
    pub(crate) fn noting(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        assert!(self.err.lines().all(|line| line.starts_with("note: ")), "{}", self.err);
        self.out
    }
}

/// The program with an environment without settings of this machine.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gettickets"));
    command.env_clear().env("HOME", "/nonexistent").env("TZ", "UTC");
    command
}

/// The program with this sandbox's address and credentials in its environment.
pub(crate) fn asking(sandbox: &Sandbox) -> Command {
    let mut command = program();
    command
        .env("GETTICKETS_URL", sandbox.url())
        .env("GETTICKETS_IDENTIFIER", sandbox.identifier())
        .env("GETTICKETS_SECRET", sandbox.secret());
    command
}

/// The program with this address and some credentials in its environment.
pub(crate) fn asking_at(url: &str) -> Command {
    let mut command = program();
    command.env("GETTICKETS_URL", url).env("GETTICKETS_IDENTIFIER", "i").env("GETTICKETS_SECRET", "s");
    command
}

/// Starts a server that answers every request with the status and the JSON that `answer` returns. It ends with the
/// test. Returns its address.
pub(crate) fn answering(answer: impl Fn() -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Reads the complete request, as closing a connection with unread bytes resets it.
            let mut reader = BufReader::new(&mut stream);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {
                let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let (status, body) = answer();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

pub(crate) fn run(command: &mut Command) -> Ran {
    run_with(command, b"")
}

/// Runs with this on standard input.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input may have closed it.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A run with these arguments and no input.
pub(crate) fn gettickets(arguments: &[&str]) -> Ran {
    run(program().args(arguments))
}

/// A run with these arguments against this sandbox.
pub(crate) fn ask(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    run(asking(sandbox).args(arguments))
}

/// A sandbox with this quirk.
pub(crate) fn sandbox_with(quirk: Quirk) -> Sandbox {
    Sandbox::builder().tickets(60).quirk(quirk).start().unwrap()
}

/// The name of a file, for an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
