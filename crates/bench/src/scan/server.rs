//! The sandbox as a separate process: `scan-server TICKETS LATENCY_MS`.

use std::error::Error;
use std::io::{self, BufRead};
use std::time::Duration;

use gettickets_sandbox::Sandbox;

use super::process::{Address, Served};
use super::usage;

pub(super) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let [tickets, latency] = args else { return Err("expected TICKETS LATENCY_MS".into()) };
    let sandbox = Sandbox::builder()
        .tickets(tickets.parse()?)
        .latency(Duration::from_millis(latency.parse()?))
        .start()?;
    let address = Address {
        url: sandbox.url(),
        identifier: sandbox.identifier().to_owned(),
        secret: sandbox.secret().to_owned(),
    };
    println!("{}", serde_json::to_string(&address)?);
    for line in io::stdin().lock().lines() {
        line?;
        let served = Served { cpu_seconds: usage::cpu_seconds()?, requests: sandbox.request_count() };
        println!("{}", serde_json::to_string(&served)?);
    }
    Ok(())
}
