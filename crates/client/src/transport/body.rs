//! [`BodyReader`]: the body of a response, decompressed, with limits on its size and on how much it was compressed.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::error::{TransportError, TransportErrorKind};

/// How many bytes one compressed byte may become, beyond [`FREE_LEN`]. A page of tickets reaches some tens.
const MAX_RATIO: usize = 200;
/// How many bytes a body may become however small it was.
const FREE_LEN: usize = 1 << 20;

/// Collects the chunks of a body as they arrive.
pub(super) struct BodyReader {
    encoding: Encoding,
    limit: usize,
    /// How many bytes arrived, before decompression.
    received: usize,
}

enum Encoding {
    Identity(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Sink>>),
}

/// Where a decompressor writes to: up to a limit.
struct Sink {
    out: Vec<u8>,
    limit: usize,
    /// The limit that follows from the bytes that arrived.
    allowed: usize,
}

/// Why a sink refuses more bytes, as the cause of an I/O error.
#[derive(Clone, Copy, Debug)]
enum Refused {
    TooLarge,
    Ratio,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body is too large")
    }
}

impl std::error::Error for Refused {}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.out.len().saturating_add(bytes.len());
        if len > self.limit {
            return Err(io::Error::other(Refused::TooLarge));
        }
        if len > self.allowed {
            return Err(io::Error::other(Refused::Ratio));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BodyReader {
    /// A reader for a response with these headers, whose body may have this many bytes once decompressed.
    pub(super) fn new(headers: &HeaderMap, limit: usize) -> Result<BodyReader, TransportError> {
        let encoding = headers.get(CONTENT_ENCODING).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
        let encoding = match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Encoding::Identity(Vec::new()),
            "gzip" | "x-gzip" => Encoding::Gzip(Box::new(MultiGzDecoder::new(Sink {
                out: Vec::new(),
                limit,
                allowed: FREE_LEN,
            }))),
            _ => {
                let detail = "the response is compressed in a way that was not requested";
                return Err(TransportError::new(TransportErrorKind::Protocol).with_detail(detail));
            }
        };
        Ok(BodyReader { encoding, limit, received: 0 })
    }

    /// Takes the next bytes as they arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.received = self.received.saturating_add(bytes.len());
        let limit = self.limit;
        match &mut self.encoding {
            // Compressed bytes that become nothing count too.
            _ if self.received > limit.saturating_add(FREE_LEN) => Err(too_large(limit)),
            Encoding::Identity(out) if out.len().saturating_add(bytes.len()) > limit => Err(too_large(limit)),
            Encoding::Identity(out) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Encoding::Gzip(decoder) => {
                decoder.get_mut().allowed = FREE_LEN.saturating_add(self.received.saturating_mul(MAX_RATIO));
                decoder.write_all(bytes).map_err(|error| undecodable(&error, limit))
            }
        }
    }

    /// The whole body.
    pub(super) fn finish(self) -> Result<Vec<u8>, TransportError> {
        let limit = self.limit;
        let mut out = match self.encoding {
            Encoding::Identity(out) => out,
            // A response without a body may have the header all the same.
            Encoding::Gzip(_) if self.received == 0 => Vec::new(),
            Encoding::Gzip(decoder) => match decoder.finish() {
                Ok(sink) => sink.out,
                // At the end, an error means that the rest or a part of the checksum is missing.
                Err(error) if error.get_ref().is_none_or(|cause| !cause.is::<Refused>()) => {
                    return Err(TransportError::new(TransportErrorKind::Truncated));
                }
                Err(error) => return Err(undecodable(&error, limit)),
            },
        };
        // It grew by doubling, and a page keeps it.
        out.shrink_to_fit();
        Ok(out)
    }
}

fn too_large(limit: usize) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge { limit })
}

fn undecodable(error: &io::Error, limit: usize) -> TransportError {
    match error.get_ref().and_then(|cause| cause.downcast_ref::<Refused>()) {
        Some(Refused::TooLarge) => return too_large(limit),
        Some(Refused::Ratio) => return TransportError::new(TransportErrorKind::CompressionRatio),
        None => {}
    }
    TransportError::new(TransportErrorKind::Protocol).with_detail(format!("gzip: {error}"))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn read(encoding: &str, chunks: &[&[u8]], limit: usize) -> Result<Vec<u8>, TransportErrorKind> {
        let mut headers = HeaderMap::new();
        if !encoding.is_empty() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_str(encoding).unwrap());
        }
        let body = BodyReader::new(&headers, limit).and_then(|mut reader| {
            for chunk in chunks {
                reader.push(chunk)?;
            }
            reader.finish()
        });
        body.map_err(|error| error.kind().clone())
    }

    #[test]
    fn a_body_does_not_depend_on_how_it_is_split() {
        let text = "some text, again and again; ".repeat(1000);
        let compressed = gzip(text.as_bytes());
        let single: Vec<&[u8]> = compressed.chunks(1).collect();
        for chunks in [&[compressed.as_slice()][..], &single] {
            for encoding in ["gzip", "X-GZIP"] {
                assert_eq!(read(encoding, chunks, 1 << 20), Ok(text.clone().into_bytes()));
            }
        }
        assert_eq!(read("", &[b"ab", b"", b"c"], 3), Ok(b"abc".to_vec()));
        assert_eq!(read("gzip", &[], 3), Ok(Vec::new()));
    }

    #[test]
    fn every_cut_of_a_compressed_body_is_truncated() {
        let compressed = gzip("0123456789 and some more".repeat(20).as_bytes());
        for end in 1..compressed.len() {
            assert_eq!(
                read("gzip", &[&compressed[..end]], 1 << 20),
                Err(TransportErrorKind::Truncated),
                "{end}"
            );
        }
    }

    #[test]
    fn a_body_larger_than_the_limit_is_refused_and_one_of_its_size_is_not() {
        let text = vec![b'x'; 1000];
        for (encoding, body) in [("", text.clone()), ("gzip", gzip(&text))] {
            assert_eq!(read(encoding, &[&body], 1000).map(|body| body.len()), Ok(1000));
            assert_eq!(read(encoding, &[&body], 999), Err(TransportErrorKind::TooLarge { limit: 999 }));
        }
    }

    #[test]
    fn a_compression_ratio_above_200_is_refused_beyond_the_first_mib() {
        let bomb = gzip(&vec![b' '; 20 << 20]);
        assert!(bomb.len() < 100 << 10, "{}", bomb.len());
        assert_eq!(read("gzip", &[&bomb], 64 << 20), Err(TransportErrorKind::CompressionRatio));
        let small = gzip(&vec![b' '; 1 << 20]);
        assert_eq!(read("gzip", &[&small], 64 << 20).map(|body| body.len()), Ok(1 << 20));
    }

    #[test]
    fn a_sink_takes_as_many_bytes_as_its_limits() {
        for (limit, allowed, refused) in [(4, 9, "TooLarge"), (9, 4, "Ratio")] {
            let mut sink = Sink { out: Vec::new(), limit, allowed };
            assert_eq!(sink.write(b"ab").unwrap(), 2);
            assert_eq!(sink.write(b"cd").unwrap(), 2);
            let error = sink.write(b"e").unwrap_err();
            assert_eq!(error.to_string(), "the body is too large");
            assert_eq!(format!("{:?}", error.get_ref().unwrap()), refused);
            assert_eq!(sink.out, b"abcd");
        }
    }

    #[test]
    fn compressed_bytes_without_content_are_bounded() {
        // Empty blocks, which become nothing.
        let mut stream = gzip(b"")[..10].to_vec();
        stream.extend(std::iter::repeat_n([0x00, 0x00, 0x00, 0xff, 0xff], 1 << 19).flatten());
        assert_eq!(read("gzip", &[&stream], 1000), Err(TransportErrorKind::TooLarge { limit: 1000 }));
    }

    #[test]
    fn compressed_bytes_are_counted_up_to_their_limit() {
        let limit = 1000;
        let head = &gzip(b"")[..10];
        let fillers = vec![[0x00, 0x00, 0x00, 0xff, 0xff]; 209_910].concat();
        for (content, fits) in [("abc", true), ("abcd", false)] {
            let len = content.len() as u16;
            let block = [&[0x01][..], &len.to_le_bytes(), &(!len).to_le_bytes(), content.as_bytes()].concat();
            let mut crc = flate2::Crc::new();
            crc.update(content.as_bytes());
            let trailer = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
            let stream = [head, &fillers, &block, &trailer].concat();
            assert_eq!(stream.len(), limit + FREE_LEN + usize::from(!fits));
            let expected = match fits {
                true => Ok(content.as_bytes().to_vec()),
                false => Err(TransportErrorKind::TooLarge { limit }),
            };
            assert_eq!(read("gzip", &[&stream], limit), expected);
        }
    }

    #[test]
    fn invalid_gzip_and_other_encodings_are_protocol_errors() {
        assert_eq!(read("gzip", &[b"this is not gzip at all"], 1000), Err(TransportErrorKind::Protocol));
        assert_eq!(read("br", &[b"xx"], 1000), Err(TransportErrorKind::Protocol));
    }
}
