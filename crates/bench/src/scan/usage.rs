//! CPU time and memory of a process, from the operating system's counters.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

/// The CPU time of this process so far, in seconds.
pub(super) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    Ok(cpu_of(&getrusage(UsageWho::RUSAGE_SELF)?))
}

fn cpu_of(usage: &Usage) -> f64 {
    let seconds = |time: TimeVal| {
        let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0)).as_secs_f64() + micros as f64 / 1e6
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// The resources that a program used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    /// The maximum resident memory.
    pub(super) peak_bytes: u64,
}

/// Runs a program and prints the resources that it used, as JSON. This process has no other child, so that the system's
/// counters for children are those of the program.
pub(super) fn run(command: &[String]) -> Result<(), Box<dyn Error>> {
    let (program, args) = command.split_first().ok_or("no program to run")?;
    let begin = Instant::now();
    let status = Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let seconds = begin.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{program} failed: {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    // Linux counts in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    let peak_bytes = u64::try_from(usage.max_rss()).unwrap_or(0) * unit;
    let taken = Taken { seconds, cpu_seconds: cpu_of(&usage), peak_bytes };
    println!("{}", serde_json::to_string(&taken)?);
    Ok(())
}
