//! The Rust programs, as a separate process: `scan-worker`.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, BufRead};
use std::time::Instant;

use gettickets::{Client, Credentials, GetTickets};

use super::process::{Done, Order};
use super::usage;
use crate::json_peers::PeerReply;

pub(super) fn run(_: &[String]) -> Result<(), Box<dyn Error>> {
    // The peer's TLS library requires a provider, although no request uses TLS. An existing provider is sufficient.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let (cpu, begin) = (usage::cpu_seconds()?, Instant::now());
        let tickets = match order.run.as_str() {
            "blocking" => blocking(&order)?,
            "async" => runtime.block_on(asynchronous(&order))?,
            "reqwest" => runtime.block_on(reqwest_loop(&order))?,
            other => return Err(format!("{other:?} is not a program of this worker").into()),
        };
        let seconds = begin.elapsed().as_secs_f64();
        let done = Done { times: 1, seconds, cpu_seconds: usage::cpu_seconds()? - cpu, tickets };
        println!("{}", serde_json::to_string(&done)?);
    }
    Ok(())
}

fn blocking(order: &Order) -> Result<u64, Box<dyn Error>> {
    let client = Client::builder(&*order.url)
        .credentials(Credentials::api(&*order.identifier, &*order.secret))
        .build()?;
    let mut tickets = 0;
    for ticket in client.scan(GetTickets { limitnum: order.page, ..GetTickets::default() }) {
        black_box(ticket?.get().id());
        tickets += 1;
    }
    Ok(tickets)
}

async fn asynchronous(order: &Order) -> Result<u64, Box<dyn Error>> {
    let client = Client::builder(&*order.url)
        .credentials(Credentials::api(&*order.identifier, &*order.secret))
        .build_async()?;
    let mut scan = client.scan(GetTickets { limitnum: order.page, ..GetTickets::default() });
    let mut tickets = 0;
    while let Some(ticket) = scan.next().await {
        black_box(ticket?.id());
        tickets += 1;
    }
    Ok(tickets)
}

/// The code that a careful user writes without a client: sequential requests, typed structs.
async fn reqwest_loop(order: &Order) -> Result<u64, Box<dyn Error>> {
    let client = reqwest::Client::new();
    let url = format!("{}includes/api.php", order.url);
    let page = order.page.unwrap_or(100).to_string();
    let mut tickets = 0;
    loop {
        let start = tickets.to_string();
        let form = [
            ("action", "GetTickets"),
            ("identifier", &order.identifier),
            ("secret", &order.secret),
            ("responsetype", "json"),
            ("limitstart", &start),
            ("limitnum", &page),
        ];
        let body = client.post(&url).form(&form).send().await?.error_for_status()?.bytes().await?;
        let reply: PeerReply<String> = black_box(serde_json::from_slice(&body)?);
        if reply.is_empty() {
            return Ok(tickets);
        }
        tickets += reply.len();
    }
}
