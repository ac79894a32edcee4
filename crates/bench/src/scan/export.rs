//! Exports by the command line: time, CPU time and memory from 10,000 tickets to a million.

use std::error::Error;
use std::ffi::OsStr;

use super::process::{self, Served};
use super::report::Exported;
use super::usage;
use crate::external;
use crate::options::Options;

/// The environment variable with the path of the command line; `cargo xtask bench` builds it and sets it.
pub(crate) const PROGRAM: &str = "GETTICKETS_BENCH_CLI";

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
            let args = [OsStr::new("export"), OsStr::new("--output"), file.as_os_str()];
            let environment = [
                ("GETTICKETS_URL", OsStr::new(&address.url)),
                ("GETTICKETS_IDENTIFIER", OsStr::new(&address.identifier)),
                ("GETTICKETS_SECRET", OsStr::new(&address.secret)),
            ];
            let taken = usage::measured(&program, args, &environment);
            let after: Served = server.ask(&())?;
            let bytes = std::fs::metadata(&file).map(|data| data.len());
            let _ = std::fs::remove_file(&file);
            let taken = taken.map_err(|error| format!("the export to {format}: {error}"))?;
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
