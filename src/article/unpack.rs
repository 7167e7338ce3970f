//! Compressed streams, recognised by their first bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

/// Memory that a Zstandard frame may ask for: 2 to this power in bytes, the
/// window of `zstd --ultra -22`.
const ZSTD_WINDOW: u32 = 27;
const BUFFER: usize = 1 << 16;

/// How a stream was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstandard,
    /// `.bz2`
    Bzip2,
}

impl Compression {
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }
}

/// The suffix of a file's name in lower case, that of a compression left out.
#[must_use]
pub fn suffix(path: &Path) -> Option<String> {
    let last = |path: &Path| Some(path.extension()?.to_str()?.to_lowercase());
    match last(path)?.as_str() {
        "gz" | "zst" | "bz2" => last(Path::new(path.file_stem()?)),
        other => Some(other.to_owned()),
    }
}

/// Opens a stream that may be compressed; what is not is passed through.
/// Nothing is read ahead beyond a buffer, so that who reads sets the limit.
///
/// # Errors
/// When the first bytes cannot be read.
pub fn unpack(
    source: impl Read + Send + 'static,
) -> io::Result<(Box<dyn BufRead + Send>, Option<Compression>)> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let compression = Compression::of(source.fill_buf()?);
    let plain: Box<dyn Read + Send> = match compression {
        None => return Ok((Box::new(source), None)),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(source)),
        Some(Compression::Bzip2) => Box::new(MultiBzDecoder::new(source)),
        Some(Compression::Zstandard) => {
            let mut decoder = zstd::Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW)?;
            Box::new(decoder)
        }
    };
    Ok((
        Box::new(BufReader::with_capacity(BUFFER, plain)),
        compression,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    const TEXT: &[u8] = b"The ferry sails again on Monday.\n";

    fn packed(compression: Compression) -> Vec<u8> {
        let mut bytes = Vec::new();
        match compression {
            Compression::Gzip => {
                let mut gz = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
                gz.write_all(TEXT).unwrap();
                gz.finish().unwrap();
            }
            Compression::Bzip2 => {
                let mut bz = bzip2::write::BzEncoder::new(&mut bytes, bzip2::Compression::fast());
                bz.write_all(TEXT).unwrap();
                bz.finish().unwrap();
            }
            Compression::Zstandard => bytes = zstd::encode_all(TEXT, 1).unwrap(),
        }
        bytes
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        unpack(Cursor::new(bytes))?.0.read_to_end(&mut text)?;
        Ok(text)
    }

    const ALL: [Compression; 3] = [
        Compression::Gzip,
        Compression::Zstandard,
        Compression::Bzip2,
    ];

    #[test]
    fn each_compression_is_known_by_its_content() {
        for compression in ALL {
            let bytes = packed(compression);
            assert_eq!(
                unpack(Cursor::new(bytes.clone())).unwrap().1,
                Some(compression)
            );
            // Two members in a row, as log rotation and `cat` make them.
            assert_eq!(read(bytes.repeat(2)).unwrap(), TEXT.repeat(2));
        }
        assert_eq!(read(TEXT.to_vec()).unwrap(), TEXT);
        assert_eq!(read(Vec::new()).unwrap(), b"");
    }

    #[test]
    fn a_suffix_is_that_of_what_is_compressed() {
        let of = |name: &str| suffix(Path::new(name));
        assert_eq!(of("a.b.JSONL"), Some("jsonl".to_owned()));
        assert_eq!(of("a.Csv.GZ"), Some("csv".to_owned()));
        for none in ["-", "a", "a.zst", ".csv", "a.b/c"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_torn_stream_is_an_error() {
        for compression in ALL {
            let bytes = packed(compression);
            for length in [5, bytes.len() / 2, bytes.len() - 1] {
                let torn = read(bytes[..length].to_vec());
                assert!(torn.is_err(), "{compression:?} cut at {length}");
            }
        }
    }
}
