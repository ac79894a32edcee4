//! The processes of a measurement, and the JSON lines that they exchange.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The first arguments with which this program becomes one of the processes.
pub(crate) const SERVER: &str = "scan-server";
pub(crate) const WORKER: &str = "scan-worker";
pub(crate) const MEASURED: &str = "scan-measured";

/// A job for a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The worker's program to run.
    pub(crate) run: String,
    /// Tickets per page, or `None` for the program's default.
    pub(crate) page: Option<u64>,
    pub(crate) url: String,
    pub(crate) identifier: String,
    pub(crate) secret: String,
}

/// A worker's reply to an order.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The number of times that the job was done; the times are the sum of all.
    pub(crate) times: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// How many tickets one job returned.
    pub(crate) tickets: u64,
}

/// The line that a server prints when it starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) identifier: String,
    pub(crate) secret: String,
}

/// A server's reply to every line: its counters so far.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) cpu_seconds: f64,
    pub(crate) requests: u64,
}

/// Starts a server with this many tickets.
pub(crate) fn start_server(tickets: u64, latency_ms: u64) -> Result<(Process, Address), Box<dyn Error>> {
    let args = [SERVER.to_owned(), tickets.to_string(), latency_ms.to_string()];
    let mut server = Process::start_self(&args)?;
    let address = server.read()?;
    Ok((server, address))
}

/// A process that replies to each line with a line. It ends when this is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    name: String,
}

impl Process {
    pub(crate) fn start<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Process, Box<dyn Error>> {
        let name = program.as_ref().to_string_lossy().into_owned();
        let mut child =
            Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the process has no output")?;
        let input = child.stdin.take();
        Ok(Process { child, input, output: BufReader::new(output), name })
    }

    /// Starts this program as one of the helper processes.
    pub(crate) fn start_self(args: &[String]) -> Result<Process, Box<dyn Error>> {
        Process::start(std::env::current_exe()?, args)
    }

    /// Reads the next line.
    pub(crate) fn read<T: DeserializeOwned>(&mut self) -> Result<T, Box<dyn Error>> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("{} ended early", self.name).into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Sends a line and reads the reply.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, order: &impl Serialize) -> Result<T, Box<dyn Error>> {
        let input = self.input.as_mut().ok_or("the process has no input")?;
        writeln!(input, "{}", serde_json::to_string(order)?)?;
        input.flush()?;
        self.read()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process ends when its input ends.
        self.input = None;
        let _ = self.child.wait();
    }
}
