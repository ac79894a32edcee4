//! [`Encoder`]: tickets as the bytes of a partial file, to which more can be added after an interruption.
//!
//! Text formats are already what they will be. Parquet and Arrow files have an end that is only known at
//! the end, so their partial file is an Arrow IPC *stream*, whose messages stand alone one after another;
//! the file is put together from it when all tickets are there.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamEncoder};
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_protocol::{Tickets, Version};

use crate::args::ExportFormat;
use crate::output::TicketWriter;
use crate::output::arrow::{Gathered, failed};
use crate::output::csv::CsvWriter;
use crate::output::json::JsonWriter;
use crate::output::ndjson::NdjsonWriter;

/// Turns tickets into bytes, which are then taken.
pub(super) struct Encoder {
    bytes: Bytes,
    kind: Kind,
}

enum Kind {
    Text(Box<dyn TicketWriter>),
    Batches { stream: Box<StreamEncoder>, gathered: Gathered },
}

/// Where a writer writes to and the encoder takes from.
#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoder {
    /// Goes on after this many tickets; what stands at the beginning is written where there is none yet.
    pub(super) fn after(tickets: u64, begun: bool, format: ExportFormat) -> io::Result<Encoder> {
        let bytes = Bytes::default();
        let out = bytes.clone();
        // The columns of CSV are those of the newest version, whatever the server sends.
        let version = Version::MILESTONES.last().copied().unwrap_or(Version::V8_0);
        let kind = match format {
            ExportFormat::Csv if begun => Kind::Text(Box::new(CsvWriter::resumed(out, version))),
            ExportFormat::Csv => Kind::Text(Box::new(CsvWriter::new(out, version))),
            ExportFormat::Ndjson => Kind::Text(Box::new(NdjsonWriter::new(out))),
            ExportFormat::Json if begun => Kind::Text(Box::new(JsonWriter::resumed(out, tickets))),
            ExportFormat::Json => Kind::Text(Box::new(JsonWriter::new(out))),
            ExportFormat::Parquet | ExportFormat::Arrow => {
                let mut stream = stream()?;
                // The schema comes with the first batch, so an empty one brings it out.
                let head =
                    stream.encode(&RecordBatch::new_empty(gettickets_arrow::schema())).map_err(failed)?;
                if !begun {
                    head.iter().try_for_each(|part| bytes.clone().write_all(part))?;
                }
                Kind::Batches { stream: Box::new(stream), gathered: Gathered::default() }
            }
        };
        Ok(Encoder { bytes, kind })
    }

    /// Adds a page.
    pub(super) fn push(&mut self, tickets: &Tickets) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text(writer) => writer.write(tickets),
            Kind::Batches { stream, gathered } => {
                let batch = gathered.push(tickets).map_err(failed)?;
                encode(&mut self.bytes, stream, batch)
            }
        }
    }

    /// Makes bytes of everything that was added.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text(_) => Ok(()),
            Kind::Batches { stream, gathered } => {
                let batch = gathered.take().map_err(failed)?;
                encode(&mut self.bytes, stream, batch)
            }
        }
    }

    /// Adds what stands at the end of a text format. A stream of batches needs none.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match &mut self.kind {
            Kind::Text(writer) => writer.finish(),
            Kind::Batches { .. } => Ok(()),
        }
    }

    /// How many rows wait for their batch.
    #[cfg(test)]
    pub(super) fn gathered_rows(&self) -> usize {
        match &self.kind {
            Kind::Text(_) => 0,
            Kind::Batches { gathered, .. } => gathered.rows(),
        }
    }

    /// The bytes since they were last taken.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes.0.borrow_mut())
    }
}

fn stream() -> io::Result<StreamEncoder> {
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).map_err(failed)?;
    StreamEncoder::try_new_with_options(&gettickets_arrow::schema(), options).map_err(failed)
}

fn encode(bytes: &mut Bytes, stream: &mut StreamEncoder, batch: Option<RecordBatch>) -> io::Result<()> {
    let Some(batch) = batch else { return Ok(()) };
    let parts = stream.encode(&batch).map_err(failed)?;
    parts.iter().try_for_each(|part| bytes.write_all(part))
}
