//! The bytes of a file or of standard input, without compression.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use gettickets_protocol::Decoder;

/// The most bytes of a reply or a line, after decompression.
pub(super) const MAX_LEN: u64 = Decoder::DEFAULT_MAX_LEN as u64;
/// How much of a file decides what it is.
pub(super) const HEAD: usize = 64 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd";

/// A file's bytes, without compression.
pub(super) type Input = Box<dyn BufRead>;

/// Opens a file; `-` is standard input.
pub(super) fn open(file: &Path) -> io::Result<Input> {
    let input: Input = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file)?))
    };
    decompressed(input)
}

/// Takes the compression off, if there is one.
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

/// Names the compression in the errors of a decoder.
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

/// Reads up to this many bytes, and returns them twice: to look at, and to read again.
pub(super) fn head(input: &mut Input, length: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    input.take(length as u64).read_to_end(&mut head)?;
    Ok((head.clone(), head))
}
