//! CPU time and memory of a process, from the operating system's counters.

use std::error::Error;
use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use super::process;

/// The CPU time of this process so far, in seconds.
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    Ok(cpu_of(&getrusage(UsageWho::RUSAGE_SELF)?))
}

fn cpu_of(usage: &Usage) -> f64 {
    let seconds = |time: TimeVal| {
        let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0)).as_secs_f64() + micros as f64 / 1e6
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// The unit in which Linux counts writes, in bytes.
const WRITTEN_UNIT: u64 = 512;

/// The resources that a program used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// The maximum resident memory.
    pub(crate) peak_bytes: u64,
    /// What was written to file systems, as the system counts it: in pages of files, also those that are removed later.
    pub(crate) written_bytes: u64,
}

/// Runs a program in a process of its own that measures it.
pub(crate) fn measured(
    program: &OsStr,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    environment: &[(&str, &OsStr)],
) -> Result<Taken, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(process::MEASURED).arg(program).args(args).envs(environment.iter().copied());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", program.to_string_lossy(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs a program and prints the resources that it used, as JSON. This process has no other child, so that the system's
/// counters for children are those of the program.
pub(crate) fn run(command: &[String]) -> Result<(), Box<dyn Error>> {
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
    let written_bytes = u64::try_from(usage.block_writes()).unwrap_or(0) * WRITTEN_UNIT;
    let taken = Taken { seconds, cpu_seconds: cpu_of(&usage), peak_bytes, written_bytes };
    println!("{}", serde_json::to_string(&taken)?);
    Ok(())
}
