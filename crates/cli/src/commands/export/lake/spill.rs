//! [`Spill`]: a temporary file with the batches of all partitions.
//!
//! Tickets arrive in the order of the server's list, but each Parquet file is written as a whole. With a temporary file
//! for each partition, thousands of files would be open at once, so all partitions share one file. It has no name, and
//! the operating system removes it when the process ends.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamEncoder};
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_schema::SchemaRef;

use crate::output::batches::failed;

/// Batches of numbered partitions.
pub(super) struct Spill {
    file: File,
    encoder: StreamEncoder,
    /// The bytes that precede the batches of a stream: the schema.
    head: Vec<u8>,
    len: u64,
    /// The position of each partition's batches.
    segments: Vec<Vec<Segment>>,
}

#[derive(Clone, Copy)]
struct Segment {
    start: u64,
    len: u64,
}

impl Spill {
    /// Creates an empty file in this directory, for batches of this schema.
    pub(super) fn new(directory: &Path, schema: SchemaRef) -> io::Result<Spill> {
        let options =
            IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).map_err(failed)?;
        let mut encoder = StreamEncoder::try_new_with_options(&schema, options).map_err(failed)?;
        // The schema precedes the first batch, so an empty batch writes it.
        let head = encoded(&mut encoder, &RecordBatch::new_empty(schema))?;
        let file = tempfile::tempfile_in(directory)?;
        Ok(Spill { file, encoder, head, len: 0, segments: Vec::new() })
    }

    /// Adds a batch of a partition.
    pub(super) fn push(&mut self, partition: usize, batch: &RecordBatch) -> io::Result<()> {
        let bytes = encoded(&mut self.encoder, batch)?;
        self.file.write_all(&bytes)?;
        let segment = Segment { start: self.len, len: bytes.len() as u64 };
        self.len += segment.len;
        if self.segments.len() <= partition {
            self.segments.resize_with(partition + 1, Vec::new);
        }
        if let Some(segments) = self.segments.get_mut(partition) {
            segments.push(segment);
        }
        Ok(())
    }

    /// The batches of a partition, in the order in which they were added.
    pub(super) fn batches(
        &self,
        partition: usize,
    ) -> io::Result<impl Iterator<Item = io::Result<RecordBatch>>> {
        let segments = self.segments.get(partition).cloned().unwrap_or_default();
        let source = Segments {
            head: Cursor::new(self.head.clone()),
            file: self.file.try_clone()?,
            segments: segments.into_iter(),
            left: 0,
        };
        let reader =
            StreamReader::try_new(BufReader::with_capacity(64 << 10, source), None).map_err(failed)?;
        Ok(reader.map(|batch| batch.map_err(failed)))
    }
}

fn encoded(encoder: &mut StreamEncoder, batch: &RecordBatch) -> io::Result<Vec<u8>> {
    let parts = encoder.encode(batch).map_err(failed)?;
    let mut bytes = Vec::new();
    parts.iter().try_for_each(|part| bytes.write_all(part))?;
    Ok(bytes)
}

/// Reads the schema and some segments of the file as one stream.
struct Segments {
    head: Cursor<Vec<u8>>,
    file: File,
    segments: std::vec::IntoIter<Segment>,
    /// The number of unread bytes of the current segment.
    left: u64,
}

impl Read for Segments {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.head.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        while self.left == 0 {
            let Some(segment) = self.segments.next() else { return Ok(0) };
            self.file.seek(SeekFrom::Start(segment.start))?;
            self.left = segment.len;
        }
        let count = (&self.file).take(self.left).read(buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_arrow::arrow_array::cast::AsArray;
    use gettickets_arrow::arrow_array::types::Int64Type;
    use gettickets_protocol::{Ticket, Tickets, Version};

    #[test]
    fn batches_of_a_partition_are_read_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(directory.path(), gettickets_arrow::schema()).unwrap();
        let batch = |ids: std::ops::Range<u64>| {
            let tickets: Vec<_> = ids.map(|id| Ticket { id, ..Ticket::default() }).collect();
            gettickets_arrow::record_batch(&Tickets::new(&tickets, Version::V8_0)).unwrap()
        };
        for (partition, ids) in [(2, 0..10), (0, 10..11), (2, 11..500), (2, 500..501), (0, 501..502)] {
            spill.push(partition, &batch(ids)).unwrap();
        }
        let ids = |partition| -> Vec<i64> {
            let batches = spill.batches(partition).unwrap();
            batches
                .flat_map(|batch| batch.unwrap()["id"].as_primitive::<Int64Type>().values().to_vec())
                .collect()
        };
        assert_eq!(ids(0), [10, 501]);
        assert_eq!(ids(1), [0; 0]);
        assert_eq!(ids(2), (0..10).chain(11..501).collect::<Vec<_>>());
        assert_eq!(ids(3), [0; 0]);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the file has no name");
    }
}
