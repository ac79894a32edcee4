//! Runs sandboxes in a separate process: `warehouse-servers COUNT TICKETS LATENCY_MS`.

use std::error::Error;
use std::io::{self, BufRead};
use std::time::Duration;

use gettickets_protocol::Ticket;
use gettickets_sandbox::{Sandbox, generate};
use serde::{Deserialize, Serialize};

use crate::scan::process::{Address, Process, Served};
use crate::scan::usage;

/// The first argument with which this program runs the servers.
pub(super) const SERVERS: &str = "warehouse-servers";

/// A command for the process of the servers.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Order {
    /// Moves this many tickets of each server to another department first.
    pub(super) moved: u64,
}

/// Servers that are running.
pub(super) struct Servers {
    process: Process,
    pub(super) addresses: Vec<Address>,
}

impl Servers {
    /// Starts a number of servers with this many tickets each.
    pub(super) fn start(count: u64, tickets: u64, latency_ms: u64) -> Result<Servers, Box<dyn Error>> {
        let args = [SERVERS.to_owned(), count.to_string(), tickets.to_string(), latency_ms.to_string()];
        let mut process = Process::start_self(&args)?;
        let addresses = process.read()?;
        Ok(Servers { process, addresses })
    }

    /// Returns the totals of all servers so far.
    pub(super) fn served(&mut self) -> Result<Served, Box<dyn Error>> {
        self.process.ask(&Order::default())
    }

    /// Moves this many tickets of each server to another department.
    pub(super) fn move_tickets(&mut self, moved: u64) -> Result<(), Box<dyn Error>> {
        self.process.ask::<Served>(&Order { moved }).map(drop)
    }
}

/// Returns tickets that each have a reply, so that the list is in the order of the last reply. A mirror of such an
/// install reads one page if nothing has changed.
fn regular(seed: u64, tickets: u64) -> Vec<Ticket> {
    let is_regular = |ticket: &Ticket| ticket.lastreply.is_some() && ticket.date <= ticket.lastreply;
    let wanted = usize::try_from(tickets).unwrap_or(usize::MAX);
    generate(seed, tickets * 2).filter(is_regular).take(wanted).collect()
}

pub(super) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let [count, tickets, latency] = args else { return Err("expected COUNT TICKETS LATENCY_MS".into()) };
    let (count, tickets): (u64, u64) = (count.parse()?, tickets.parse()?);
    let latency = Duration::from_millis(latency.parse()?);
    let start = |seed| Sandbox::builder().load(regular(seed, tickets)).latency(latency).start();
    let sandboxes: Vec<Sandbox> = (1..=count).map(start).collect::<Result<_, _>>()?;
    let addresses: Vec<Address> = sandboxes
        .iter()
        .map(|sandbox| Address {
            url: sandbox.url(),
            identifier: sandbox.identifier().to_owned(),
            secret: sandbox.secret().to_owned(),
        })
        .collect();
    println!("{}", serde_json::to_string(&addresses)?);
    let mut department = 1_000;
    for line in io::stdin().lock().lines() {
        let Order { moved } = serde_json::from_str(&line?)?;
        let moved = usize::try_from(moved)?;
        department += 1;
        for sandbox in sandboxes.iter().filter(|_| moved > 0) {
            let ids = sandbox.store().ids()?;
            let every = ids.len().checked_div(moved).unwrap_or(1).max(1);
            for id in ids.iter().step_by(every).take(moved) {
                sandbox.store().set_department(*id, department)?;
            }
        }
        let requests = sandboxes.iter().map(Sandbox::request_count).sum();
        println!("{}", serde_json::to_string(&Served { cpu_seconds: usage::cpu_seconds()?, requests })?);
    }
    Ok(())
}
