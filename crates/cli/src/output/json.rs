//! Canonical JSON: a page as one document, or many pages as one document of the same structure.

use std::io::{self, Write};

use gettickets_protocol::{Page, Tickets};

use super::TicketWriter;

/// Writes one page as a canonical document on one line.
pub(crate) fn write_page(mut out: impl Write, page: &Page) -> io::Result<()> {
    out.write_all(page.to_json().as_bytes())?;
    out.write_all(b"\n")
}

/// Writes the tickets of many pages as one canonical document while they arrive.
///
/// The count is at the end, where it is known. If the scan fails, the end of the document is not written, so that the
/// output is recognizably incomplete.
pub(crate) struct JsonWriter<W> {
    out: W,
    written: u64,
    begun: bool,
}

impl<W: Write> JsonWriter<W> {
    pub(crate) fn new(out: W) -> JsonWriter<W> {
        JsonWriter { out, written: 0, begun: false }
    }

    /// Continues after an earlier writer that wrote this many tickets.
    pub(crate) fn resumed(out: W, written: u64) -> JsonWriter<W> {
        JsonWriter { out, written, begun: true }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.out.write_all(br#"{"result":"success","tickets":["#)?;
        }
        Ok(())
    }
}

impl<W: Write> TicketWriter for JsonWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        self.begin()?;
        for ticket in tickets {
            if self.written > 0 {
                self.out.write_all(b",\n")?;
            }
            serde_json::to_writer(&mut self.out, &ticket)?;
            self.written += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        let count = self.written;
        writeln!(self.out, r#"],"totalresults":{count},"startnumber":0,"numreturned":{count}}}"#)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::{Ticket, Version};

    #[test]
    fn many_pages_make_one_canonical_document() {
        let page = |id| Tickets::new(&[Ticket { id, ..Ticket::default() }], Version::V1_0);
        let mut out = Vec::new();
        let mut json = JsonWriter::new(&mut out);
        json.write(&page(1)).unwrap();
        json.write(&page(2)).unwrap();
        json.finish().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["numreturned"], 2);
        assert_eq!(document["tickets"][1]["id"], 2);

        let mut out = Vec::new();
        JsonWriter::new(&mut out).finish().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["tickets"], serde_json::json!([]));
    }
}
