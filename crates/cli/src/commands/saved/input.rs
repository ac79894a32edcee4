//! Reads and decompresses a file or standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use gettickets_protocol::Decoder;

/// The maximum length of a reply or a line after decompression, in bytes.
pub(super) const MAX_LEN: u64 = Decoder::DEFAULT_MAX_LEN as u64;
/// The number of bytes from which the format of a file is detected.
pub(super) const HEAD: usize = 64 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd";

/// The decompressed bytes of a file.
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

/// Decompresses the bytes, if they are compressed.
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

/// Adds the name of the compression to the errors of a decoder.
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

/// Reads up to this many bytes. Returns them, and a reader that returns them again before the rest.
pub(super) fn head(input: &mut Input, length: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    input.take(length as u64).read_to_end(&mut head)?;
    Ok((head.clone(), head))
}
