//! Saved tickets: server replies and exports of this program, from files or standard input.
//!
//! A text file may be compressed with gzip or Zstandard, and may be UTF-8 or UTF-16. Files with a ticket in each row
//! (NDJSON, CSV, Parquet and Arrow) are read in pieces, so their length is not limited. Every other format is read at
//! once, up to [`MAX_LEN`].

mod canonical;
mod csv;
mod input;
mod rows;
mod table;

use std::borrow::Cow;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use gettickets_protocol::{Decoder, Page, Reply};

use self::csv::CsvRows;
use self::input::{HEAD, Input, MAX_LEN, head, open};
use self::rows::{Lines, Pieces, is_ticket, unreadable};
use self::table::TableRows;
use crate::exit::{Exit, Failure, Outcome};
use crate::files;

/// The minimum number of bytes of rows that are decoded at once.
const PIECE: usize = 1 << 20;

/// Returns the files at these paths. A directory is replaced by its files in the order of their names, without hidden
/// ones.
pub(crate) fn files(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable =
            |error: io::Error| Failure::usage(format!("{} cannot be read: {error}", path.display()));
        let mut found = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_hidden && entry.path().is_file() {
                found.push(entry.path());
            }
        }
        if found.is_empty() {
            return Err(Failure::usage(format!("{} has no file in it", path.display()))
                .hint("Name a directory with saved replies"));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// A file's name for messages.
pub(crate) fn name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() }
}

/// An open file of saved tickets.
pub(crate) struct Saved {
    decoder: Decoder,
    content: Content,
    name: String,
}

enum Content {
    /// One reply.
    Reply(Vec<u8>),
    /// An export with a ticket in each row.
    Rows(Pieces),
    End,
}

impl Saved {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(file: &Path, decoder: Decoder) -> Outcome<Saved> {
        let name = name(file);
        let content = open(file).and_then(content).map_err(|error| {
            // The message does not repeat the argument, because a reply may contain access keys.
            if file.to_string_lossy().trim_start().starts_with(['{', '<']) {
                return Failure::usage("FILE is a reply, not the name of a file")
                    .hint("Pass the reply on standard input, and - as FILE");
            }
            if error.kind() == io::ErrorKind::FileTooLarge {
                return Failure::new(Exit::Unreadable, format!("{name}: {error}"))
                    .hint("Only NDJSON and CSV may have any length: export with --format ndjson");
            }
            if error.kind() == io::ErrorKind::InvalidData {
                return Failure::new(Exit::Unreadable, format!("{name}: {error}"));
            }
            Failure::usage(format!("{name} cannot be read: {error}"))
                .hint("Give the name of a saved reply, or - for standard input")
        })?;
        Ok(Saved { decoder, content, name })
    }

    /// Whether this is an export with a ticket in each row, whose pages are not pages of a server.
    pub(crate) fn has_rows(&self) -> bool {
        matches!(self.content, Content::Rows(_))
    }

    /// Returns the next reply: the only one, or the next rows as a page.
    pub(crate) fn next(&mut self) -> Option<Outcome<Reply>> {
        match std::mem::replace(&mut self.content, Content::End) {
            Content::End => None,
            Content::Reply(body) => Some(self.decode(body)),
            Content::Rows(mut rows) => match rows.piece(&self.decoder, PIECE) {
                Ok(None) => None,
                Ok(Some(page)) => {
                    self.content = Content::Rows(rows);
                    Some(Ok(Reply::Tickets(page)))
                }
                Err(failure) => Some(Err(failure.at(&self.name))),
            },
        }
    }

    /// Returns the only reply, or all rows as one page.
    pub(crate) fn whole(&mut self) -> Outcome<Reply> {
        match std::mem::replace(&mut self.content, Content::End) {
            Content::Rows(mut rows) => {
                let page = rows.piece(&self.decoder, usize::MAX).map_err(|failure| failure.at(&self.name))?;
                Ok(Reply::Tickets(page.unwrap_or_default()))
            }
            Content::Reply(body) => self.decode(body),
            Content::End => Ok(Reply::Tickets(Page::default())),
        }
    }

    fn decode(&self, body: Vec<u8>) -> Outcome<Reply> {
        let body = match canonical::reply(&body) {
            Cow::Owned(rewritten) => rewritten,
            Cow::Borrowed(_) => body,
        };
        self.decoder.decode(body).map_err(|error| unreadable(&error).at(&self.name))
    }
}

/// Detects the format of a file from its beginning.
fn content(mut input: Input) -> io::Result<Content> {
    let (start, again) = head(&mut input, HEAD)?;
    let input: Input = Box::new(BufReader::new(io::Cursor::new(again).chain(input)));
    if let Some(encoding) = utf_16(&start) {
        let body = files::read_at_most(input, MAX_LEN)?;
        let (text, _, _) = encoding.decode(&body);
        let text = text.into_owned().into_bytes();
        return if is_ndjson(&text) || csv::is_export(&text) {
            content(Box::new(io::Cursor::new(text)))
        } else {
            Ok(Content::Reply(text))
        };
    }
    if is_ndjson(&start) {
        return Ok(Content::Rows(Pieces::of(Lines::of(input))));
    }
    if csv::is_export(&start) {
        return Ok(Content::Rows(Pieces::of(CsvRows::of(input)?)));
    }
    if let Some(format) = table::Format::of(&start) {
        return Ok(Content::Rows(Pieces::of(TableRows::of(input, format)?)));
    }
    Ok(Content::Reply(files::read_at_most(input, MAX_LEN)?))
}

/// Detects UTF-16 by its byte order mark, or by the zero byte next to the first character, which is ASCII in JSON and
/// XML.
fn utf_16(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [sign, 0, ..] if *sign != 0 => Some(UTF_16LE),
        [0, sign, ..] if *sign != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the first line is a ticket and not a reply: a JSON object with an id. If the first line is longer than the
/// inspected beginning, its first entry decides, which in canonical JSON is the id.
fn is_ndjson(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    match start.iter().position(|byte| *byte == b'\n') {
        Some(end) => start.get(..end).is_some_and(is_ticket),
        None => is_ticket(start) || (start.len() >= HEAD / 2 && start.starts_with(b"{\"id\":")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const REPLY: &str = r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":"7","tid":"ABC-1","subject":"é"}]}}"#;

    fn read(bytes: &[u8]) -> Outcome<Vec<u64>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut saved = Saved::open(file.path(), Decoder::new())?;
        let mut ids = Vec::new();
        while let Some(reply) = saved.next() {
            match reply? {
                Reply::Tickets(page) => ids.extend(page.iter().map(|ticket| ticket.id())),
                Reply::Error(error) => return Err(Failure::new(Exit::Server, error)),
            }
        }
        Ok(ids)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn utf_16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn a_reply_is_read_in_every_encoding() {
        for (form, bytes) in [
            ("plain", REPLY.as_bytes().to_vec()),
            ("gzip", gzip(REPLY.as_bytes())),
            ("two members", [gzip(&REPLY.as_bytes()[..20]), gzip(&REPLY.as_bytes()[20..])].concat()),
            ("Zstandard", zstd::encode_all(REPLY.as_bytes(), 0).unwrap()),
            ("UTF-16, little-endian", utf_16(REPLY, false, true)),
            ("UTF-16, big-endian", utf_16(REPLY, true, true)),
            ("UTF-16 without a mark", utf_16(REPLY, false, false)),
            ("UTF-16, big-endian, without a mark", utf_16(REPLY, true, false)),
            ("UTF-16 in gzip", gzip(&utf_16(REPLY, false, true))),
            ("canonical", br#"{"result":"success","tickets":[{"id":7,"tid":"A"}],"numreturned":1}"#.to_vec()),
            ("NDJSON", b"{\"id\":7,\"tid\":\"A\"}\n".to_vec()),
            ("NDJSON without an end", b"{\"id\":7}".to_vec()),
            ("NDJSON with a mark and CRLF", b"\xef\xbb\xbf{\"id\":7}\r\n\r\n".to_vec()),
            ("NDJSON in UTF-16", utf_16("{\"id\":7}\n", false, true)),
        ] {
            assert_eq!(read(&bytes).map_err(|failure| failure.what), Ok(vec![7]), "{form}");
        }
    }

    #[test]
    fn ndjson_in_many_pieces_has_every_ticket_in_order() {
        let long = "x".repeat(3_000);
        let text: String =
            (1..=2_000).map(|id| format!("{{\"id\":{id},\"subject\":\"{long}\"}}\n")).collect();
        assert!(text.len() > 4 * PIECE);
        assert_eq!(read(text.as_bytes()).unwrap(), (1..=2_000).collect::<Vec<u64>>());
        assert_eq!(read(&zstd::encode_all(text.as_bytes(), 0).unwrap()).unwrap().len(), 2_000);
    }

    #[test]
    fn unreadable_input_is_reported_with_its_line() {
        for (bytes, said) in [
            (&b"{\"id\":1}\n{\"id\":}\n"[..], "line 2: this is not JSON"),
            (b"{\"id\":1}\n\n[1]\n", "line 3: this is not a ticket"),
            (b"{\"id\":1}\n{\"id\":2}],\"tickets\":[{\"id\":3}\n", "line 2: this is not JSON"),
            (
                b"{\"id\":1}\n{\"result\":\"error\",\"message\":\"x\",\"id\":2}\n",
                "line 2: this is not a ticket",
            ),
            (b"id,tid,deptid\n1,2\n", "line 2: this row has 2 cells, but the header has 3"),
            (b"id,extra\n1,{\n", "line 2: a cell is not valid JSON"),
            (b"id,tid\n1,\xff\n", "line 2: this row is not UTF-8"),
            (b"PAR1\0\0", "the Parquet file is damaged"),
            (b"ARROW1\0\0", "the Arrow file is damaged"),
            (&gzip(REPLY.as_bytes())[..40], "the gzip data is damaged"),
            (b"", "the reply is empty"),
        ] {
            let failure = read(bytes).unwrap_err();
            assert_eq!(failure.exit, Exit::Unreadable, "{}", failure.what);
            assert!(failure.what.contains(said), "{}", failure.what);
        }
    }

    #[test]
    fn a_directory_is_replaced_by_its_files_in_order() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", ".hidden"] {
            fs::write(directory.path().join(name), REPLY).unwrap();
        }
        fs::create_dir(directory.path().join("deeper")).unwrap();
        let found = files(&[directory.path().to_owned(), "-".into()]).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.json", "b.json", "-"]);
        assert!(files(&[directory.path().join("deeper")]).is_err());
    }
}
