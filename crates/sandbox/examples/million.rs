//! Measures a sandbox of a million tickets: how long filling it takes, and each kind of page.
//!
//! `cargo run --release -p gettickets-sandbox --example million [TICKETS]`
//!
//! Each page is asked for over HTTP; the first time and the median of the rest are told apart, as some
//! lists are found once and kept for the pages after.

#![allow(clippy::print_stdout, reason = "a table for people")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gettickets_protocol::{Credentials, GetTickets, ResponseType, StatusFilter, decode};
use gettickets_sandbox::Sandbox;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let begin = Instant::now();
    let sandbox = Sandbox::builder().tickets(count).start()?;
    println!("{count} tickets filled in {:.2} s", begin.elapsed().as_secs_f64());

    let page = GetTickets::default;
    let status = |status: StatusFilter| GetTickets { status: Some(status), ..page() };
    let at = |offset, request: GetTickets| GetTickets { limitstart: Some(offset), ..request };
    let guest = sandbox.store().ids()?.into_iter().find_map(|id| {
        let ticket = sandbox.store().get(id).ok()??;
        (ticket.userid == 0).then_some(ticket.email)
    });
    let requests = [
        ("first page", page()),
        ("middle", at(count / 2, page())),
        ("90 % in", at(count / 10 * 9, page())),
        ("last page", at(count.saturating_sub(25), page())),
        ("100 tickets, 90 % in", GetTickets { limitnum: Some(100), ..at(count / 10 * 9, page()) }),
        ("department 4", GetTickets { deptid: Some(4), ..page() }),
        ("department 4, deep", at(count / 25, GetTickets { deptid: Some(4), ..page() })),
        ("Awaiting Reply", status(StatusFilter::AwaitingReply)),
        ("Closed, deep", at(count / 10 * 8, status(StatusFilter::Is("Closed".into())))),
        ("On Hold, deep", at(count / 1_000, status(StatusFilter::Is("On Hold".into())))),
        ("My Flagged Tickets", status(StatusFilter::MyFlagged)),
        ("one client", GetTickets { clientid: Some(7), ..page() }),
        ("one address", GetTickets { email: guest, ..page() }),
        ("subject, often", GetTickets { subject: Some("invoice".into()), ..page() }),
        ("subject, two letters", GetTickets { subject: Some("in".into()), ..page() }),
        ("subject, one letter", GetTickets { subject: Some("e".into()), ..page() }),
        (
            "subject and status",
            GetTickets { subject: Some("invoice".into()), ..status(StatusFilter::AwaitingReply) },
        ),
        ("subject, never", GetTickets { subject: Some("no such words".into()), ..page() }),
    ];
    println!("{:<24} {:>10} {:>10} {:>10}", "page", "matching", "first ms", "then ms");
    for (name, request) in requests {
        let (mut times, mut total) = (Vec::new(), None);
        for _ in 0..9 {
            let begin = Instant::now();
            let body = ask(&sandbox, &request)?;
            times.push(begin.elapsed());
            total = decode(body)?.into_page()?.totalresults();
        }
        let first = times.remove(0);
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{name:<24} {:>10} {:>10.2} {:>10.2}", total.unwrap_or(0), ms(first), ms(median));
    }
    Ok(())
}

fn ask(sandbox: &Sandbox, request: &GetTickets) -> Result<String, Box<dyn Error>> {
    let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
    let body = request.encode(&credentials, ResponseType::Json);
    let mut stream = TcpStream::connect(sandbox.address())?;
    write!(
        stream,
        "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
        GetTickets::CONTENT_TYPE,
        body.len(),
        *body
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let (_, body) = reply.split_once("\r\n\r\n").ok_or("no body")?;
    Ok(body.to_owned())
}
