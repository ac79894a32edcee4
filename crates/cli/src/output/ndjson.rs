//! NDJSON: each ticket's canonical JSON on a line of its own.

use std::io::{self, Write};

use gettickets_protocol::{TicketRef, Tickets};

use super::TicketWriter;

/// Writes tickets as NDJSON.
pub(crate) struct NdjsonWriter<W> {
    out: W,
}

impl<W: Write> NdjsonWriter<W> {
    pub(crate) fn new(out: W) -> NdjsonWriter<W> {
        NdjsonWriter { out }
    }

    fn line(&mut self, ticket: &TicketRef<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, ticket)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> TicketWriter for NdjsonWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        tickets.iter().try_for_each(|ticket| self.line(&ticket))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
