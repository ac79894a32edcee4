//! [`Encoder`]: encodes tickets as the bytes of a partial file, to which more can be appended after an interruption.
//!
//! In text formats the partial file contains the final bytes. Parquet and Arrow files end in a footer that depends on
//! all tickets, so their partial file is an Arrow IPC *stream*, a sequence of independent messages; the final file is
//! created from it after the last ticket.
//!
//! A compressed file is a sequence of gzip members or Zstandard frames. One ends at each checkpoint, so that the file
//! can be read and continued from there.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamEncoder};
use flate2::write::GzEncoder;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_schema::Schema;
use gettickets_protocol::Tickets;

use super::contents::Contents;
use crate::args::Compression;
use crate::output::TicketWriter;
use crate::output::batches::Gathered;
use crate::output::batches::failed;

/// Encodes tickets. The caller writes the bytes that [`take`](Encoder::take) returns.
pub(super) struct Encoder {
    bytes: Bytes,
    kind: Kind,
    compressor: Option<Compressor>,
}

/// Compresses bytes into members or frames.
struct Compressor {
    compression: Compression,
    member: Option<Member>,
    /// Whether the file has at least one member.
    begun: bool,
}

/// A member that has not ended. Compressed bytes go into the vector.
enum Member {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Member {
    fn new(compression: Compression) -> io::Result<Member> {
        Ok(match compression {
            Compression::Gzip => Member::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::default())),
            Compression::Zstd => Member::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 0)?),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Member::Gzip(member) => member.write_all(bytes),
            Member::Zstd(member) => member.write_all(bytes),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Member::Gzip(member) => member.get_mut(),
            Member::Zstd(member) => member.get_mut(),
        })
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Member::Gzip(member) => member.finish(),
            Member::Zstd(member) => member.finish(),
        }
    }
}

impl Compressor {
    /// Compresses some bytes; returns the compressed bytes so far.
    fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let mut member = match self.member.take() {
            Some(member) => member,
            None => Member::new(self.compression)?,
        };
        self.begun = true;
        member.write(bytes)?;
        let compressed = member.take();
        self.member = Some(member);
        Ok(compressed)
    }

    /// Ends the member.
    fn settle(&mut self) -> io::Result<Vec<u8>> {
        self.member.take().map_or(Ok(Vec::new()), Member::finish)
    }

    /// Ends the file. A file without content has one member.
    fn finish(&mut self) -> io::Result<Vec<u8>> {
        if !self.begun {
            self.begun = true;
            self.member = Some(Member::new(self.compression)?);
        }
        self.settle()
    }
}

enum Kind {
    Text(Box<dyn TicketWriter>),
    Batches { stream: Box<StreamEncoder>, gathered: Box<Gathered> },
}

/// The buffer between a writer and the encoder.
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
    /// Continues after this many tickets. Unless the file has `begun`, the header of the format is written first.
    pub(super) fn after(tickets: u64, begun: bool, contents: &Contents) -> io::Result<Encoder> {
        let bytes = Bytes::default();
        let kind = if contents.encoding.format.is_columnar() {
            let mut stream = stream(&contents.schema())?;
            // The schema precedes the first batch, so an empty batch writes it.
            let head = stream.encode(&RecordBatch::new_empty(contents.schema())).map_err(failed)?;
            if !begun {
                head.iter().try_for_each(|part| bytes.clone().write_all(part))?;
            }
            Kind::Batches { stream: Box::new(stream), gathered: Box::new(contents.gathered()) }
        } else {
            Kind::Text(contents.text_writer(bytes.clone(), begun.then_some(tickets)))
        };
        let compression = contents.encoding.compression;
        let compressor = compression.map(|compression| Compressor { compression, member: None, begun });
        Ok(Encoder { bytes, kind, compressor })
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

    /// Ends the member or frame, and returns its last bytes. More tickets can be added afterwards.
    pub(super) fn settle(&mut self) -> io::Result<Vec<u8>> {
        if let Kind::Batches { stream, gathered } = &mut self.kind {
            let batch = gathered.take().map_err(failed)?;
            encode(&mut self.bytes, stream, batch)?;
        }
        self.ended(Compressor::settle)
    }

    /// Ends the format, and returns its last bytes. A stream of batches has no end marker.
    pub(super) fn finish(&mut self) -> io::Result<Vec<u8>> {
        if let Kind::Text(writer) = &mut self.kind {
            writer.finish()?;
        }
        self.ended(Compressor::finish)
    }

    fn ended(&mut self, end: fn(&mut Compressor) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
        let mut bytes = self.take()?;
        if let Some(compressor) = &mut self.compressor {
            bytes.append(&mut end(compressor)?);
        }
        Ok(bytes)
    }

    /// The number of rows that are not in a batch yet.
    #[cfg(test)]
    pub(super) fn gathered_rows(&self) -> usize {
        match &self.kind {
            Kind::Text(_) => 0,
            Kind::Batches { gathered, .. } => gathered.rows(),
        }
    }

    /// Returns the bytes since the last call.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = self.bytes.0.borrow_mut();
        // The next page is about as long; reserving its length avoids copies as the buffer grows.
        let next = Vec::with_capacity(bytes.len());
        let bytes = std::mem::replace(&mut *bytes, next);
        match &mut self.compressor {
            None => Ok(bytes),
            Some(compressor) => compressor.push(&bytes),
        }
    }
}

fn stream(schema: &Schema) -> io::Result<StreamEncoder> {
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).map_err(failed)?;
    StreamEncoder::try_new_with_options(schema, options).map_err(failed)
}

fn encode(bytes: &mut Bytes, stream: &mut StreamEncoder, batch: Option<RecordBatch>) -> io::Result<()> {
    let Some(batch) = batch else { return Ok(()) };
    let parts = stream.encode(&batch).map_err(failed)?;
    parts.iter().try_for_each(|part| bytes.write_all(part))
}
