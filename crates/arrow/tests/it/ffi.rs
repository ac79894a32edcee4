//! What crosses the C data interface comes out as it went in.

use std::io;

use gettickets_arrow::arrow_array::ffi_stream::RecordBatchStreamReader;
use gettickets_arrow::{TicketReader, ffi, record_batch, schema};
use gettickets_protocol::{Ticket, Tickets, Version};

#[test]
fn a_stream_gives_the_same_batches_on_the_other_side() {
    let tickets = Tickets::new(&[Ticket { id: 7, ..Ticket::default() }, Ticket::default()], Version::V8_0);
    let pages = vec![Ok::<_, io::Error>(tickets.clone()), Ok(tickets.clone())];
    let mut stream = RecordBatchStreamReader::try_new(ffi::stream(TicketReader::new(pages))).unwrap();
    assert_eq!(stream.next().unwrap().unwrap(), record_batch(&tickets).unwrap());
    assert_eq!(stream.count(), 1);
}

#[test]
fn a_failed_page_is_told_on_the_other_side() {
    let pages = vec![Err::<Tickets, _>(io::Error::other("the server went away"))];
    let mut stream = RecordBatchStreamReader::try_new(ffi::stream(TicketReader::new(pages))).unwrap();
    let error = stream.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("the server went away"), "{error}");
}

#[test]
fn a_batch_crosses_as_one_struct() {
    let (array, c_schema) = ffi::batch(record_batch(&Tickets::default()).unwrap()).unwrap();
    assert_eq!(array.num_children(), schema().fields().len());
    assert_eq!(c_schema.format(), "+s");
}
