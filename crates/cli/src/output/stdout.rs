//! Stdout, which carries data and nothing else, and a terminal nothing that acts on it.

use std::io::{self, BufWriter, LineWriter, Write};

use anstream::AutoStream;

use super::{sanitise, style};
use crate::args::Format;

/// Stdout for tickets in this format.
///
/// A table is clean already and may be coloured. Everything else goes out byte for byte, except to a
/// terminal, where characters that act are escaped (JSON) or shown (CSV).
pub(crate) fn for_format(format: Format) -> Box<dyn Write> {
    match format {
        // Whole lines, between which the progress is shown.
        Format::Table if style::stdout_is_terminal() => {
            Box::new(LineWriter::new(AutoStream::auto(io::stdout())))
        }
        Format::Table => Box::new(BufWriter::new(AutoStream::auto(io::stdout()))),
        _ if !style::stdout_is_terminal() => Box::new(BufWriter::with_capacity(64 << 10, io::stdout())),
        Format::Json | Format::Ndjson => shown_as_json(io::stdout()),
        Format::Csv => shown_as_text(io::stdout()),
    }
}

/// A terminal for JSON: characters that act on a terminal are escaped.
pub(crate) fn shown_as_json(terminal: impl Write + Send + 'static) -> Box<dyn Write + Send> {
    Box::new(LineWriter::new(Guard::new(terminal, sanitise::json)))
}

/// A terminal for text of several lines: characters that act on a terminal are replaced.
pub(crate) fn shown_as_text(terminal: impl Write + Send + 'static) -> Box<dyn Write + Send> {
    Box::new(LineWriter::new(Guard::new(terminal, sanitise::lines)))
}

/// Writes a whole text to stdout; on a terminal what `clean` makes of it.
pub(crate) fn write_text(text: &str, clean: fn(&str) -> std::borrow::Cow<'_, str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if style::stdout_is_terminal() {
        out.write_all(clean(text).as_bytes())?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

/// Passes UTF-8 on line by line, cleaned. A character is never looked at in halves, as a line is whole.
struct Guard<W: Write> {
    out: W,
    clean: fn(&str) -> std::borrow::Cow<'_, str>,
    line: Vec<u8>,
}

impl<W: Write> Guard<W> {
    fn new(out: W, clean: fn(&str) -> std::borrow::Cow<'_, str>) -> Guard<W> {
        Guard { out, clean, line: Vec::new() }
    }

    fn pass(&mut self, end: usize) -> io::Result<()> {
        let line: Vec<u8> = self.line.drain(..end).collect();
        self.out.write_all((self.clean)(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(last) = self.line.iter().rposition(|byte| *byte == b'\n') {
            self.pass(last + 1)?;
        }
        Ok(bytes.len())
    }

    /// Keeps back what may be half a character: everything after the last line feed goes with its line.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Drop for Guard<W> {
    fn drop(&mut self) {
        // The last line had no end. An error was already reported by the flush before.
        let _ = self.pass(self.line.len());
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_halves_is_put_together_before_it_is_looked_at() {
        let mut out = Vec::new();
        let mut guard = Guard::new(&mut out, sanitise::json);
        for byte in "\"é\u{9b}31m\"\nrest\u{9b}".bytes() {
            guard.write_all(&[byte]).unwrap();
        }
        drop(guard);
        assert_eq!(String::from_utf8(out).unwrap(), "\"é\\u009b31m\"\nrest\\u009b");
    }
}
