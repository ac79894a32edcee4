//! Measures a sandbox with a million tickets: how long it takes to start, and each kind of page over HTTP.
//!
//! `cargo run --release -p gettickets-sandbox --example million [TICKETS]`
//! A list is read once and cached until a ticket changes, so "cold" is a page requested right after a change, and
//! "warm" is the same page requested again; both are medians of eight.
//! "warm" the same page requested again; both are medians of eight.

#![allow(clippy::print_stdout, reason = "a table for people")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gettickets_protocol::{Credentials, GetTickets, ResponseType, Status, StatusFilter, decode};
use gettickets_sandbox::Sandbox;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let begin = Instant::now();
    let sandbox = Sandbox::builder().tickets(count).start()?;
    println!("{count} tickets stored in {:.2} s", begin.elapsed().as_secs_f64());

    let page = GetTickets::default;
    let status = |status: StatusFilter| GetTickets { status: Some(status), ..page() };
    let at = |offset, request: GetTickets| GetTickets { limitstart: Some(offset), ..request };
    let guest = sandbox.store().ids()?.into_iter().find_map(|id| {
        let ticket = sandbox.store().get(id).ok()??;
        (ticket.userid == 0).then_some(ticket.email)
    });
    let subject = |text: &str, request: GetTickets| GetTickets { subject: Some(text.into()), ..request };
    let department = |deptid| GetTickets { deptid: Some(deptid), ..page() };
    let awaiting = || status(StatusFilter::AwaitingReply);
    let closed = || status(StatusFilter::Is("Closed".into()));
    let mut requests = vec![
        ("first page".to_owned(), page()),
        ("middle".into(), at(count / 2, page())),
        ("90 % in".into(), at(count / 10 * 9, page())),
        ("last page".into(), at(count.saturating_sub(25), page())),
        ("100 tickets, 90 % in".into(), GetTickets { limitnum: Some(100), ..at(count / 10 * 9, page()) }),
        ("department 4".into(), department(4)),
        ("department 4, deep".into(), at(count / 25, department(4))),
        ("Awaiting Reply".into(), awaiting()),
        ("Closed, deep".into(), at(count / 10 * 8, closed())),
        ("On Hold, deep".into(), at(count / 1_000, status(StatusFilter::Is("On Hold".into())))),
        ("My Flagged Tickets".into(), status(StatusFilter::MyFlagged)),
        ("one client".into(), GetTickets { clientid: Some(7), ..page() }),
        ("one address".into(), GetTickets { email: guest, ..page() }),
    ];
    for text in ["e", "in", "ing", " for ", "invoice", "ssl certificate", "no such words"] {
        let total = decode(ask(&sandbox, &subject(text, page()))?)?.into_page()?.totalresults().unwrap_or(0);
        let name = |what: &str| format!("subject {text:?}, {what}");
        requests.extend([
            (name("first"), subject(text, page())),
            (name("middle"), at(total / 2, subject(text, page()))),
            (name("last"), at(total.saturating_sub(25), subject(text, page()))),
            (name("Awaiting Reply"), subject(text, awaiting())),
            (name("Closed, deep"), at(total / 10 * 9, subject(text, closed()))),
            (name("department 1"), subject(text, department(1))),
        ]);
    }
    println!("{:<42} {:>10} {:>10} {:>10}", "page", "matching", "cold ms", "warm ms");
    for (name, request) in requests {
        let (mut cold, mut warm, mut total) = (Vec::new(), Vec::new(), None);
        for _ in 0..8 {
            sandbox.store().reply(count / 2, Status::Closed)?;
            for times in [&mut cold, &mut warm] {
                let begin = Instant::now();
                let body = ask(&sandbox, &request)?;
                times.push(begin.elapsed());
                total = decode(body)?.into_page()?.totalresults();
            }
        }
        let [cold, warm] = [cold, warm].map(|times| median(times).as_secs_f64() * 1e3);
        println!("{name:<42} {:>10} {cold:>10.2} {warm:>10.2}", total.unwrap_or(0));
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
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
