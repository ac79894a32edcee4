//! NDJSON: each ticket's canonical JSON on one line.

use std::io::{self, Write};

use gettickets_protocol::Tickets;

use super::TicketWriter;

/// Writes tickets as NDJSON.
pub(crate) struct NdjsonWriter<W> {
    out: W,
    /// The lines of a page. Many short writes to a vector are faster than to `out`.
    lines: Vec<u8>,
}

impl<W: Write> NdjsonWriter<W> {
    pub(crate) fn new(out: W) -> NdjsonWriter<W> {
        NdjsonWriter { out, lines: Vec::new() }
    }
}

impl<W: Write> TicketWriter for NdjsonWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        self.lines.clear();
        for ticket in tickets {
            serde_json::to_writer(&mut self.lines, &ticket)?;
            self.lines.push(b'\n');
        }
        self.out.write_all(&self.lines)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
