//! The text of a table: a sample to decide by, and all of it as UTF-8.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::article::mostly_utf8;

/// What is read ahead to decide format and encoding.
const SAMPLE: u64 = 1 << 18;
const BUFFER: usize = 1 << 16;
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A stream whose first bytes are known.
pub struct Sampled {
    /// The first bytes; all of them when there are no more.
    pub start: Vec<u8>,
    rest: Box<dyn Read + Send>,
}

impl Sampled {
    /// Reads the sample. An error after the first bytes comes in its place.
    pub fn new(mut source: Box<dyn BufRead + Send>) -> Self {
        let mut start = Vec::new();
        let read = source.by_ref().take(SAMPLE).read_to_end(&mut start);
        let rest: Box<dyn Read + Send> = match read {
            Ok(_) => source,
            Err(error) => Box::new(Fails(Some(error))),
        };
        Self { start, rest }
    }

    /// The whole stream, from its first byte.
    pub fn whole(self) -> impl Read + Send {
        Cursor::new(self.start).chain(self.rest)
    }

    /// The whole stream as UTF-8 without a byte order mark. What the sample
    /// shows to be of another encoding is decoded, with a remark.
    pub fn text(mut self) -> io::Result<(Sampled, Option<String>)> {
        if self.start.starts_with(MARK) {
            self.start.drain(..MARK.len());
        }
        let (encoding, warning) = match Encoding::for_bom(&self.start) {
            Some((encoding, _)) => (encoding, None),
            None => self.guess(),
        };
        if encoding == UTF_8 {
            return Ok((self, warning));
        }
        let decoded = DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding))
            .strip_bom(true)
            .build(self.whole());
        let decoded = Self::new(Box::new(BufReader::with_capacity(BUFFER, decoded)));
        Ok((decoded, warning))
    }

    /// The encoding of bytes without a mark.
    fn guess(&self) -> (&'static Encoding, Option<String>) {
        let sample = self.whole_characters();
        // A damaged place or two makes no other encoding; rows that have one
        // are errors in their place.
        if std::str::from_utf8(sample).is_ok() || mostly_utf8(sample) {
            return (UTF_8, None);
        }
        let mut detector = EncodingDetector::new();
        detector.feed(&self.start, false);
        let encoding = detector.guess(None, false);
        let warning = format!("not UTF-8; read as {}", encoding.name());
        (encoding, Some(warning))
    }

    /// The sample without the character, if any, that its end cuts.
    fn whole_characters(&self) -> &[u8] {
        if (self.start.len() as u64) < SAMPLE {
            return &self.start;
        }
        let tail = self.start.len() - 3;
        match self.start[tail..].iter().rposition(|b| *b >= 0xc0) {
            Some(lead) => &self.start[..tail + lead],
            None => &self.start,
        }
    }
}

/// A stream that has failed.
struct Fails(Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id;text\n1;Käse für 5 €, “sagte” er\n";

    fn read(bytes: Vec<u8>) -> (String, Option<String>) {
        let sampled = Sampled::new(Box::new(Cursor::new(bytes)));
        let (text, warning) = sampled.text().unwrap();
        let mut read = String::new();
        text.whole().read_to_string(&mut read).unwrap();
        (read, warning)
    }

    #[test]
    fn every_usual_encoding_becomes_utf8() {
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}"
                .chars()
                .chain(TEXT.chars())
                .collect::<String>()
                .encode_utf16()
                .flat_map(order)
                .collect()
        };
        for bytes in [
            TEXT.as_bytes().to_vec(),
            [MARK, TEXT.as_bytes()].concat(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            assert_eq!(read(bytes), (TEXT.to_owned(), None));
        }
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(TEXT);
        let (text, warning) = read(bytes.into_owned());
        assert_eq!(text, TEXT);
        assert_eq!(warning.as_deref(), Some("not UTF-8; read as windows-1252"));
    }

    #[test]
    fn long_texts_come_whole_and_a_character_at_the_end_of_the_sample_is_no_damage() {
        for shift in 0..4 {
            let text = "x".repeat(shift) + &"🧀".repeat(100_000);
            assert_eq!(read(text.clone().into_bytes()), (text, None));
            let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(TEXT);
            let table = bytes.repeat(20_000);
            assert_eq!(read(table).0, TEXT.repeat(20_000));
        }
    }

    #[test]
    fn an_error_comes_after_what_could_be_read() {
        let torn = Cursor::new(b"id\n1\n".to_vec()).chain(Fails(Some(io::Error::other("torn"))));
        let (text, _) = Sampled::new(Box::new(BufReader::new(torn))).text().unwrap();
        let mut read = Vec::new();
        assert!(text.whole().read_to_end(&mut read).is_err());
        assert_eq!(read, b"id\n1\n");
    }
}
