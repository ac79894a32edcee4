//! `gettickets list`: one page of tickets, or every one.

use gettickets::{Page, Version};

use crate::args::{Format, ListArgs};
use crate::commands::{misspelt, whole};
use crate::connect::{self, Connection};
use crate::exit::{self, Outcome};
use crate::output::{self, Shape, TicketWriter, json, stdout};

pub(crate) fn run(args: &ListArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    if args.all || args.updated_since.is_some() {
        list_all(args, &connection)
    } else {
        list_page(args, &connection)
    }
}

fn writer(args: &ListArgs, connection: &Connection) -> Box<dyn TicketWriter> {
    let format = args.format.format;
    let shape = Shape {
        width: output::table_width(args.format.width),
        clock: connection.clock.clone(),
        version: Version::LATEST,
    };
    output::writer(format, stdout::for_format(format), shape)
}

/// One request, one page.
fn list_page(args: &ListArgs, connection: &Connection) -> Outcome {
    let request = args.query.to_request();
    let page = connection.client.get_tickets(&request).map_err(|error| connect::failure_of(&error))?;
    if args.format.format == Format::Json {
        json::write_page(stdout::for_format(Format::Json), &page)?;
    } else {
        let mut writer = writer(args, connection);
        writer.write(page.tickets())?;
        writer.finish()?;
    }
    if args.format.format == Format::Table {
        exit::remark(summary(&page));
    }
    if page.is_empty() && page.totalresults() == Some(0) {
        misspelt::tell(&request);
    }
    tell_replaced(&page);
    Ok(())
}

/// How much of the whole this is, and how to see the rest.
fn summary(page: &Page) -> String {
    let counted = output::counted(page);
    let next = page.startnumber().unwrap_or(0) + page.len() as u64;
    match page.totalresults() {
        Some(total) if !page.is_empty() && next < total => {
            format!("{counted}; --limitstart {next} for the next, --all for every one")
        }
        _ => counted,
    }
}

/// Text that was no text is not passed over in silence.
fn tell_replaced(page: &Page) {
    for finding in page.findings() {
        if finding.kind == gettickets::FindingKind::ReplacedBytes {
            exit::warn(finding);
        }
    }
}

/// A scan over all pages, written as it goes.
fn list_all(args: &ListArgs, connection: &Connection) -> Outcome {
    let request = args.query.to_request();
    let mut scan = connection.client.scan(request.clone());
    if let Some(since) = args.updated_since {
        scan = scan.updated_since(since.0);
    }
    let mut writer = writer(args, connection);
    let mut whole = whole::Whole::of(scan);
    while let Some(tickets) = whole.next() {
        match tickets {
            Ok(tickets) => writer.write(&tickets)?,
            // What came is good: dropping the writer shows it before it is told why there is no more.
            Err(failure) => return Err(failure),
        }
    }
    writer.finish()?;
    let count = whole.delivered();
    if args.format.format == Format::Table {
        exit::remark(if count == 0 {
            "no ticket matches".to_owned()
        } else {
            format!("{count} {}", output::tickets(count))
        });
    }
    if count == 0 {
        misspelt::tell(&request);
    }
    whole.end()
}
