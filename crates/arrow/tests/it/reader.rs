//! Streams of batches over pages.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use gettickets_arrow::arrow_array::RecordBatchReader;
use gettickets_arrow::arrow_array::cast::AsArray;
use gettickets_arrow::{ArrowError, TableInstall, TableSchema, TicketReader, schema};
use gettickets_protocol::{Ticket, Tickets, Version};

fn page(len: usize) -> Tickets {
    Tickets::new(&vec![Ticket::default(); len], Version::V8_0)
}

fn rows(pages: &[usize], min_rows: usize) -> Vec<usize> {
    let pages = pages.iter().map(|len| Ok::<_, io::Error>(page(*len)));
    TicketReader::new(pages).min_rows(min_rows).map(|batch| batch.unwrap().num_rows()).collect()
}

#[test]
fn pages_are_combined_until_a_batch_is_large_enough() {
    let cases: [(&[usize], usize, &[usize]); 7] = [
        (&[], 1, &[]),
        (&[0, 0], 1, &[]),
        (&[25, 0, 25], 1, &[25, 25]),
        (&[25, 25, 25], 50, &[50, 25]),
        (&[25, 25], 1_000, &[50]),
        (&[100, 1], 50, &[100, 1]),
        (&[3], 0, &[3]),
    ];
    for (pages, min_rows, expected) in cases {
        assert_eq!(rows(pages, min_rows), expected, "{pages:?} by {min_rows}");
    }
}

#[test]
fn a_failed_page_ends_the_stream_after_the_tickets_before_it() {
    let pages = [Ok(page(2)), Ok(page(3)), Err(io::Error::other("gone")), Ok(page(9))];
    let mut reader = TicketReader::new(pages).min_rows(100);
    assert_eq!(reader.next().unwrap().unwrap().num_rows(), 5);
    let Some(Err(ArrowError::ExternalError(error))) = reader.next() else { panic!("the error comes next") };
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "gone");
    assert!(reader.next().is_none() && reader.next().is_none());
}

#[test]
fn pages_of_several_installs_are_combined_with_their_installs() {
    let install = |name: &str| Arc::new(TableInstall { name: Some(name.into()), zone: None });
    let (eu, us) = (install("eu"), install("us"));
    let pages = [(&eu, 2), (&us, 1), (&eu, 1), (&us, 3)];
    let pages = pages.map(|(install, len)| Ok::<_, io::Error>((Arc::clone(install), page(len))));
    let reader = TicketReader::with_schema(pages, TableSchema::default().with_install()).min_rows(4);
    let batches: Vec<Vec<String>> = reader
        .map(|batch| {
            batch.unwrap()["install"].as_string::<i32>().iter().flatten().map(str::to_owned).collect()
        })
        .collect();
    assert_eq!(batches, [vec!["eu", "eu", "us", "eu"], vec!["us", "us", "us"]]);
}

#[test]
fn no_page_is_requested_before_its_batch() {
    let asked = Cell::new(0);
    let pages = (0..10).map(|_| {
        asked.set(asked.get() + 1);
        Ok::<_, io::Error>(page(10))
    });
    let mut reader = TicketReader::new(pages).min_rows(20);
    assert_eq!((reader.schema(), asked.get()), (schema(), 0));
    reader.next();
    assert_eq!(asked.get(), 2);
}
