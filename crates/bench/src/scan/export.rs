//! Exports by the command line: time, CPU time and memory from 10,000 tickets to a million.

use std::error::Error;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::process::{self, Served};
use super::report::Exported;
use super::usage::Taken;
use crate::external;
use crate::options::Options;

/// The environment variable with the path of the command line; `cargo xtask bench` builds it and sets it.
const PROGRAM: &str = "GETTICKETS_BENCH_CLI";

const SIZES: [u64; 2] = [10_000, 100_000];
const MILLION: u64 = 1_000_000;

pub(super) fn measure(options: &Options) -> Result<Vec<Exported>, Box<dyn Error>> {
    let formats: Vec<&str> = ["ndjson", "parquet"]
        .into_iter()
        .filter(|format| options.wants_contender(&format!("export to {format}")))
        .collect();
    let mut exported = Vec::new();
    if formats.is_empty() {
        return Ok(exported);
    }
    let program = external::word(PROGRAM, "scan")?;
    let sizes = SIZES.into_iter().chain(options.million().then_some(MILLION));
    for tickets in sizes {
        eprintln!("export of {tickets} tickets");
        let (mut server, address) = process::start_server(tickets, 0)?;
        for format in &formats {
            let file = std::env::temp_dir()
                .join(format!("gettickets-bench-{}-{tickets}.{format}", std::process::id()));
            let before: Served = server.ask(&())?;
            let output = Command::new(std::env::current_exe()?)
                .arg(process::MEASURED)
                .args([&program, &OsString::from("export"), &OsString::from("--output")])
                .arg(&file)
                .env("GETTICKETS_URL", &address.url)
                .env("GETTICKETS_IDENTIFIER", &address.identifier)
                .env("GETTICKETS_SECRET", &address.secret)
                .stdin(Stdio::null())
                .stderr(Stdio::inherit())
                .output()?;
            let after: Served = server.ask(&())?;
            let bytes = std::fs::metadata(&file).map(|data| data.len());
            let _ = std::fs::remove_file(&file);
            if !output.status.success() {
                return Err(format!("the export to {format} failed: {}", output.status).into());
            }
            let taken: Taken = serde_json::from_slice(&output.stdout)?;
            exported.push(Exported {
                format: (*format).to_owned(),
                tickets,
                bytes: bytes?,
                seconds: taken.seconds,
                cpu_seconds: taken.cpu_seconds,
                server_cpu_seconds: after.cpu_seconds - before.cpu_seconds,
                peak_bytes: taken.peak_bytes,
                requests: after.requests - before.requests,
            });
        }
    }
    Ok(exported)
}
