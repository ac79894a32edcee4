//! How much more memory an export takes than a run that exports nothing.
//!
//! By default with few tickets, to be quick. The documented limit is for a million tickets; test it with
//! `EXPORT_TICKETS=1000000 cargo test --release -p gettickets-cli --test it memory -- --nocapture`.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use gettickets_faults::check::memory_kib;
use gettickets_sandbox::Sandbox;

use crate::program::{asking, text};

/// The most additional memory that an export may take, in kilobytes.
const MOST: u64 = 64 << 10;

/// The peak memory of a running process.
fn peak_of(child: &mut Child) -> u64 {
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(memory_kib(Some(child.id()), "VmHWM").unwrap_or(0));
        thread::sleep(Duration::from_millis(1));
    }
    peak
}

fn export(sandbox: &Sandbox, output: &Path, status: Option<&str>) -> u64 {
    let mut command = asking(sandbox);
    command.args(["export", "--ignore-dept-assignments", "--restart", "--output", text(output)]);
    command.args(status.into_iter().flat_map(|status| ["--status", status]));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let peak = peak_of(&mut child);
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
fn the_memory_of_an_export_does_not_depend_on_the_number_of_tickets() {
    let tickets = std::env::var("EXPORT_TICKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let sandbox = Sandbox::builder().tickets(tickets).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for format in ["csv", "ndjson", "json", "parquet", "arrow"] {
        let output = directory.path().join(format!("t.{format}"));
        let empty = export(&sandbox, &output, Some("No such status"));
        let whole = export(&sandbox, &output, None);
        println!("{format}: {tickets} tickets in {whole} kB, none in {empty} kB");
        assert!(empty > 0, "a run that ends before it can be looked at would prove nothing");
        assert!(whole.saturating_sub(empty) < MOST, "{format}: {whole} kB, and {empty} kB for nothing");
        fs::remove_file(&output).unwrap();
    }
}
