//! Saved tickets: server replies and exports of this program, from files or standard input.
//!
//! A file may be compressed with gzip or Zstandard, and may be UTF-8 or UTF-16. NDJSON is read in pieces, so its length
//! is not limited; every other format is read at once, up to [`MAX_LEN`].

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use gettickets_protocol::{DecodeError, DecodeErrorKind, Decoder, Page, PageKind, Reply};
use serde::de::IgnoredAny;

use crate::commands::{canonical, reply_hints};
use crate::exit::{Exit, Failure, Outcome};
use crate::files;

/// The maximum size of a reply or a line after decompression, in bytes.
const MAX_LEN: u64 = Decoder::DEFAULT_MAX_LEN as u64;
/// The minimum number of bytes of NDJSON that are decoded at once.
const PIECE: usize = 1 << 20;
/// The number of bytes at the beginning of a file from which its format is detected.
const HEAD: usize = 64 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd";

/// The files of these paths. A directory contributes its files in the order of their names, without hidden ones.
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
    /// Tickets, one on each line.
    Lines(Lines),
    End,
}

impl Saved {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(file: &Path, decoder: Decoder) -> Outcome<Saved> {
        let name = name(file);
        let content = open(file).and_then(content).map_err(|error| {
            // The argument is not repeated in the message: a reply may hold access keys.
            if file.to_string_lossy().trim_start().starts_with(['{', '<']) {
                return Failure::usage("FILE is a reply, not the name of a file")
                    .hint("Pass the reply on standard input, and - as FILE");
            }
            if error.kind() == io::ErrorKind::FileTooLarge {
                return Failure::new(Exit::Unreadable, format!("{name}: {error}"))
                    .hint("Only NDJSON may have any length: export with --format ndjson");
            }
            if error.kind() == io::ErrorKind::InvalidData {
                return Failure::new(Exit::Unreadable, format!("{name}: {error}"));
            }
            Failure::usage(format!("{name} cannot be read: {error}"))
                .hint("Give the name of a saved reply, or - for standard input")
        })?;
        Ok(Saved { decoder, content, name })
    }

    /// Whether this is NDJSON, whose tickets are read in pieces.
    pub(crate) fn is_ndjson(&self) -> bool {
        matches!(self.content, Content::Lines(_))
    }

    /// Returns the next reply: the only one, or the next piece of NDJSON as a page.
    pub(crate) fn next(&mut self) -> Option<Outcome<Reply>> {
        match std::mem::replace(&mut self.content, Content::End) {
            Content::End => None,
            Content::Reply(body) => Some(self.decode(body)),
            Content::Lines(mut lines) => match lines.piece(&self.decoder, PIECE) {
                Ok(None) => None,
                Ok(Some(page)) => {
                    self.content = Content::Lines(lines);
                    Some(Ok(Reply::Tickets(page)))
                }
                Err(failure) => Some(Err(failure.at(&self.name))),
            },
        }
    }

    /// Returns the only reply, or all NDJSON as one page.
    pub(crate) fn whole(&mut self) -> Outcome<Reply> {
        match std::mem::replace(&mut self.content, Content::End) {
            Content::Lines(mut lines) => {
                let page =
                    lines.piece(&self.decoder, usize::MAX).map_err(|failure| failure.at(&self.name))?;
                Ok(Reply::Tickets(page.unwrap_or_default()))
            }
            Content::Reply(body) => self.decode(body),
            Content::End => Ok(Reply::Tickets(Page::default())),
        }
    }

    fn decode(&self, body: Vec<u8>) -> Outcome<Reply> {
        let kind = ForeignKind::of(&body);
        let body = match canonical::reply(&body) {
            Cow::Owned(rewritten) => rewritten,
            Cow::Borrowed(_) => body,
        };
        self.decoder.decode(body).map_err(|error| match kind {
            Some(kind) => Failure::new(Exit::Unreadable, format!("this is {}", kind.name()))
                .hint("Give a saved reply, or an export as JSON or NDJSON")
                .at(&self.name),
            None => unreadable(&error).at(&self.name),
        })
    }
}

fn unreadable(error: &DecodeError) -> Failure {
    let hint = match error.kind() {
        // A file without any sign of a server was rarely sent by one.
        DecodeErrorKind::NotAReply { title: None, .. }
            if error.page_kind().is_none_or(|kind| kind == PageKind::Other) =>
        {
            "Give a saved reply, or an export as JSON or NDJSON".to_owned()
        }
        _ => reply_hints::decode_error(error),
    };
    Failure::new(Exit::Unreadable, error).hint(hint)
}

/// Formats that this program writes and cannot read.
#[derive(Clone, Copy)]
enum ForeignKind {
    Csv,
    Parquet,
    Arrow,
}

impl ForeignKind {
    fn of(body: &[u8]) -> Option<ForeignKind> {
        [
            (&b"id,tid,"[..], ForeignKind::Csv),
            (b"PAR1", ForeignKind::Parquet),
            (b"ARROW1", ForeignKind::Arrow),
        ]
        .into_iter()
        .find(|(magic, _)| body.starts_with(magic))
        .map(|(_, kind)| kind)
    }

    fn name(self) -> &'static str {
        match self {
            ForeignKind::Csv => "a CSV file",
            ForeignKind::Parquet => "a Parquet file",
            ForeignKind::Arrow => "an Arrow file",
        }
    }
}

type Input = Box<dyn BufRead>;

fn open(file: &Path) -> io::Result<Input> {
    let input: Input = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file)?))
    };
    decompressed(input)
}

/// Decompresses the input if it is compressed.
fn decompressed(mut input: Input) -> io::Result<Input> {
    let (head, input_again) = head(&mut input, ZSTANDARD.len())?;
    let input: Input = Box::new(io::Cursor::new(input_again).chain(input));
    Ok(if head.starts_with(GZIP) {
        Box::new(BufReader::with_capacity(HEAD, Named { inner: MultiGzDecoder::new(input), name: "gzip" }))
    } else if head.starts_with(ZSTANDARD) {
        let inner = zstd::stream::read::Decoder::with_buffer(input)?;
        Box::new(BufReader::with_capacity(HEAD, Named { inner, name: "Zstandard" }))
    } else {
        input
    })
}

/// Adds the name of the compression to errors of its decoder.
struct Named<R> {
    inner: R,
    name: &'static str,
}

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the {} data is damaged: {error}", self.name))
        })
    }
}

/// Reads up to this many bytes, and returns them twice: to inspect, and to read again.
fn head(input: &mut Input, length: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    input.take(length as u64).read_to_end(&mut head)?;
    Ok((head.clone(), head))
}

/// Detects the format of a file from its beginning.
fn content(mut input: Input) -> io::Result<Content> {
    let (start, again) = head(&mut input, HEAD)?;
    let input: Input = Box::new(BufReader::new(io::Cursor::new(again).chain(input)));
    if let Some(encoding) = utf_16(&start) {
        let body = files::read_at_most(input, MAX_LEN)?;
        let (text, _, _) = encoding.decode(&body);
        let text = text.into_owned().into_bytes();
        return if is_ndjson(&text) {
            content(Box::new(io::Cursor::new(text)))
        } else {
            Ok(Content::Reply(text))
        };
    }
    if is_ndjson(&start) {
        return Ok(Content::Lines(Lines { input, number: 0, read_ahead: VecDeque::new() }));
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

/// Whether a line is one JSON object with an id, and not a reply.
fn is_ticket(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Probe {
        id: Option<IgnoredAny>,
        result: Option<IgnoredAny>,
    }
    // serde would accept a sequence of the two fields.
    line.starts_with(b"{")
        && serde_json::from_slice::<Probe>(line)
            .is_ok_and(|found| found.id.is_some() && found.result.is_none())
}

/// NDJSON: a ticket on each line.
struct Lines {
    input: Input,
    /// The number of the last line read.
    number: u64,
    /// Lines that were read and are not decoded.
    read_ahead: VecDeque<(u64, Vec<u8>)>,
}

impl Lines {
    /// Returns the next tickets as a page: lines with at least `least` bytes together. `None` at the end.
    fn piece(&mut self, decoder: &Decoder, least: usize) -> Outcome<Option<Page>> {
        let mut length = 0;
        while length < least {
            let Some((number, line)) = self.line()? else { break };
            length += line.len();
            if length as u64 > MAX_LEN {
                return Err(Failure::new(
                    Exit::Unreadable,
                    format!("there are more than {} MiB of tickets", MAX_LEN >> 20),
                )
                .hint("Use the format table, ndjson or csv, which are written while the file is read"));
            }
            self.read_ahead.push_back((number, line));
        }
        if self.read_ahead.is_empty() {
            return Ok(None);
        }
        let lines = std::mem::take(&mut self.read_ahead);
        // Each line must be valid by itself: concatenated, one line could close the list of another.
        if lines.iter().all(|(_, line)| is_ticket(line))
            && let Ok(Reply::Tickets(page)) =
                decoder.decode(page_of(lines.iter().map(|(_, line)| line.as_slice())))
        {
            return Ok(Some(page));
        }
        Err(first_failure(decoder, &lines))
    }

    /// Returns the next line that is not empty, without its line ending.
    fn line(&mut self) -> Outcome<Option<(u64, Vec<u8>)>> {
        loop {
            let mut line = Vec::new();
            let read = self.input.by_ref().take(MAX_LEN + 1).read_until(b'\n', &mut line);
            let count = read.map_err(|error| Failure::new(Exit::Unreadable, error))?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 > MAX_LEN {
                return Err(Failure::new(
                    Exit::Unreadable,
                    format!("line {} is longer than {} MiB", self.number, MAX_LEN >> 20),
                ));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
            if !text.is_empty() {
                return Ok(Some((self.number, canonical::ticket(text).into_owned())));
            }
        }
    }
}

/// Joins tickets as the body of a reply.
fn page_of<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Vec<u8> {
    let mut body = br#"{"result":"success","tickets":["#.to_vec();
    for (index, line) in lines.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(line);
    }
    body.extend_from_slice(b"]}");
    body
}

/// The error for the first of these lines that is not a ticket.
fn first_failure(decoder: &Decoder, lines: &VecDeque<(u64, Vec<u8>)>) -> Failure {
    for (number, line) in lines {
        let at = format!("line {number}");
        if !is_ticket(line) {
            let failure = match serde_json::from_slice::<IgnoredAny>(line) {
                Err(error) => Failure::new(Exit::Unreadable, format!("this is not JSON: {error}")),
                Ok(_) => Failure::new(Exit::Unreadable, "this is not a ticket"),
            };
            return failure.at(at);
        }
        if let Err(error) = decoder.decode(page_of([line.as_slice()].into_iter())) {
            return unreadable(&error).at(at);
        }
    }
    Failure::new(Exit::Unreadable, "the lines are not tickets")
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
            (b"id,tid,deptid\n1,2,3\n", "this is a CSV file"),
            (b"PAR1\0\0", "this is a Parquet file"),
            (&gzip(REPLY.as_bytes())[..40], "the gzip data is damaged"),
            (b"", "the reply is empty"),
        ] {
            let failure = read(bytes).unwrap_err();
            assert_eq!(failure.exit, Exit::Unreadable, "{}", failure.what);
            assert!(failure.what.contains(said), "{}", failure.what);
        }
    }

    #[test]
    fn a_directory_contributes_its_files_by_name() {
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
