//! The C data interface does not change batches.

use std::io;

use gettickets_arrow::arrow_array::ffi_stream::RecordBatchStreamReader;
use gettickets_arrow::{TicketReader, ffi, record_batch, schema};
use gettickets_protocol::{Ticket, Tickets, Version};

#[test]
fn a_consumer_receives_the_same_batches() {
    let tickets = Tickets::new(&[Ticket { id: 7, ..Ticket::default() }, Ticket::default()], Version::V8_0);
    let pages = vec![Ok::<_, io::Error>(tickets.clone()), Ok(tickets.clone())];
    let mut stream = RecordBatchStreamReader::try_new(ffi::stream(TicketReader::new(pages))).unwrap();
    assert_eq!(stream.next().unwrap().unwrap(), record_batch(&tickets).unwrap());
    assert_eq!(stream.count(), 1);
}

#[test]
fn a_stream_that_failed_stays_failed() {
    let page = Tickets::new(&[Ticket::default()], Version::V8_0);
    let pages = vec![Ok(page.clone()), Err(io::Error::other("the server\0went away")), Ok(page)];
    let mut stream = RecordBatchStreamReader::try_new(ffi::stream(TicketReader::new(pages))).unwrap();
    assert_eq!(stream.next().unwrap().unwrap().num_rows(), 1);
    for _ in 0..3 {
        let error = stream.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("the server") && !error.contains("External"), "{error}");
    }
}

#[test]
fn a_binding_chooses_the_errno_of_an_error() {
    let hooks = ffi::StreamHooks { errno: |_| 5, ..ffi::StreamHooks::default() };
    let pages = vec![Err::<Tickets, _>(io::Error::other("gone"))];
    let stream = ffi::stream_with(TicketReader::new(pages), hooks);
    let error = RecordBatchStreamReader::try_new(stream).unwrap().next().unwrap().unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
}

#[test]
fn a_panic_of_the_reader_is_an_error_that_stays() {
    let pages = std::iter::once_with(|| -> io::Result<Tickets> { panic!("out of tickets") });
    let mut stream = RecordBatchStreamReader::try_new(ffi::stream(TicketReader::new(pages))).unwrap();
    for _ in 0..2 {
        let error = stream.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("internal error of gettickets: out of tickets"), "{error}");
    }
}

#[test]
fn a_batch_is_exported_as_one_struct() {
    let (array, c_schema) = ffi::batch(record_batch(&Tickets::default()).unwrap()).unwrap();
    assert_eq!(array.num_children(), schema().fields().len());
    assert_eq!(c_schema.format(), "+s");
}
