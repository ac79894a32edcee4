//! Stdout: carries only data, and on a terminal no control characters.

use std::io::{self, BufWriter, LineWriter, Write};

use anstream::AutoStream;

use super::{sanitize, style};
use crate::args::Format;

/// Stdout for tickets in this format.
///
/// A table is already sanitized and may be colored. Every other format is written unchanged, except to a terminal,
/// where unprintable characters are escaped (JSON) or replaced (CSV).
pub(crate) fn for_format(format: Format) -> Box<dyn Write> {
    match format {
        // Whole lines, so that the progress line can be shown in between.
        Format::Table if style::stdout_is_terminal() => {
            Box::new(LineWriter::new(AutoStream::auto(io::stdout())))
        }
        Format::Table => Box::new(BufWriter::new(AutoStream::auto(io::stdout()))),
        _ if !style::stdout_is_terminal() => Box::new(BufWriter::with_capacity(64 << 10, io::stdout())),
        Format::Json | Format::Ndjson => shown_as_json(io::stdout()),
        Format::Csv => shown_as_text(io::stdout()),
    }
}

/// Stdout on a terminal for JSON: unprintable characters are escaped.
pub(crate) fn shown_as_json(terminal: impl Write + Send + 'static) -> Box<dyn Write + Send> {
    Box::new(LineWriter::new(Guard::new(terminal, sanitize::json)))
}

/// Stdout on a terminal for text of several lines: unprintable characters are replaced.
pub(crate) fn shown_as_text(terminal: impl Write + Send + 'static) -> Box<dyn Write + Send> {
    Box::new(LineWriter::new(Guard::new(terminal, sanitize::lines)))
}

/// Writes a text to stdout; `clean` sanitizes it for a terminal.
pub(crate) fn write_text(text: &str, clean: fn(&str) -> std::borrow::Cow<'_, str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if style::stdout_is_terminal() {
        out.write_all(clean(text).as_bytes())?;
    } else {
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

/// Sanitizes UTF-8 line by line. A line is complete, so no character is split.
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

    /// Holds back everything after the last line feed, which may end with an incomplete character.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Drop for Guard<W> {
    fn drop(&mut self) {
        // The last line has no line feed. Errors were already reported by `flush`.
        let _ = self.pass(self.line.len());
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_character_is_joined_before_it_is_sanitized() {
        let mut out = Vec::new();
        let mut guard = Guard::new(&mut out, sanitize::json);
        for byte in "\"é\u{9b}31m\"\nrest\u{9b}".bytes() {
            guard.write_all(&[byte]).unwrap();
        }
        drop(guard);
        assert_eq!(String::from_utf8(out).unwrap(), "\"é\\u009b31m\"\nrest\\u009b");
    }
}
