//! Streams unpacked within limits.

use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro_syntax::Filter;
use hayro_syntax::object::{Dict, Stream};

/// Most bytes that one stream may unpack to.
const STREAM_LIMIT: usize = 32 << 20;
/// Most bytes that all streams of a document may unpack to.
const TOTAL_LIMIT: usize = 256 << 20;
/// How far a kilobyte can unpack in the densest of the filters.
const DENSEST: usize = 1400;

/// Most bytes of the object streams of an encrypted document, which cannot be
/// looked at beforehand.
const ENCRYPTED_LIMIT: usize = 1 << 20;

/// What a document may still unpack.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    /// Whether a stream was refused for its size.
    pub refused: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            left: TOTAL_LIMIT,
            refused: false,
        }
    }
}

impl Budget {
    /// Takes that many bytes off what is left; false when there are too few.
    pub fn spend(&mut self, bytes: usize) -> bool {
        let enough = bytes <= self.left;
        self.left = self.left.saturating_sub(bytes);
        self.refused |= !enough;
        enough
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Unpacks a stream. None when it is too large, damaged or a picture.
    pub fn unpack(&mut self, stream: &Stream) -> Option<Vec<u8>> {
        self.unpack_up_to(stream, STREAM_LIMIT)
    }

    /// Unpacks a stream of at most that many bytes.
    pub fn unpack_up_to(&mut self, stream: &Stream, limit: usize) -> Option<Vec<u8>> {
        let raw = stream.raw_data();
        if !self.spend(raw.len() + 64) {
            return None;
        }
        let limit = limit.min(self.left);
        let filters = stream.filters();
        let simple = !has_predictor(stream.dict());
        let plain = if *filters == [Filter::FlateDecode] && simple {
            inflate(&raw, limit).0
        } else if *filters == [Filter::Ascii85Decode, Filter::FlateDecode] && simple {
            inflate(&ascii85(&raw), limit).0
        } else {
            let packings = filters.iter().filter(|f| packs(**f)).count();
            let most = raw
                .len()
                .saturating_mul(DENSEST.pow(packings.min(4) as u32));
            if packings == 0 || most <= limit {
                Some(stream.decoded_data().ok()?.into_owned())
            } else {
                None
            }
        };
        let spent = plain.as_ref().map_or(limit, Vec::len);
        self.refused |= plain.is_none();
        self.spend(spent);
        plain
    }
}

fn packs(filter: Filter) -> bool {
    use Filter::{FlateDecode, LzwDecode, RunLengthDecode};
    matches!(filter, FlateDecode | LzwDecode | RunLengthDecode)
}

fn has_predictor(dict: &Dict) -> bool {
    dict.get::<Dict>("DecodeParms")
        .or_else(|| dict.get::<Dict>("DP"))
        .is_some_and(|parms| parms.get::<i32>("Predictor").is_some_and(|p| p > 1))
}

/// Bytes from ASCII in base 85 (ISO 32000-1, 7.4.3); what does not belong there
/// is skipped.
fn ascii85(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    let (mut value, mut digits) = (0u32, 0);
    let mut add = |value: u32, length: usize| bytes.extend(&value.to_be_bytes()[..length]);
    for c in text.iter().take_while(|c| **c != b'~') {
        match c {
            b'z' if digits == 0 => add(0, 4),
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(c - b'!'));
                digits += 1;
                if digits == 5 {
                    add(value, 4);
                    (value, digits) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if digits > 1 {
        for _ in digits..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        add(value, digits - 1);
    }
    bytes
}

/// Inflates up to the limit, and tells how many bytes that took. A torn stream
/// gives what could be had of it.
fn inflate(bytes: &[u8], limit: usize) -> (Option<Vec<u8>>, usize) {
    let read = |source: &mut dyn Read| {
        let mut plain = Vec::new();
        // What was read before an error stays in the buffer.
        let _ = source.take(limit as u64 + 1).read_to_end(&mut plain);
        plain
    };
    let mut zlib = ZlibDecoder::new(bytes);
    let mut plain = read(&mut zlib);
    let mut taken = zlib.total_in();
    if plain.is_empty() {
        // Some writers leave the two bytes of the header out or wrong.
        let mut deflate = DeflateDecoder::new(bytes.get(2..).unwrap_or_default());
        plain = read(&mut deflate);
        taken += deflate.total_in();
    }
    ((plain.len() <= limit).then_some(plain), taken as usize)
}

/// Whether the objects or streams of a file lie within one another, so that
/// looking for the end of each takes too long.
pub fn is_tangled(file: &[u8]) -> bool {
    let ends = count(file, b"endobj");
    if count(file, b" obj").saturating_sub(ends) > MAX_OPEN_OBJECTS {
        return true;
    }
    // The parser reads the resources of each page anew, shared or not.
    let pages = file.windows(6).filter(|w| {
        // Not /Pages or /PageLabels.
        w.starts_with(b"/Page") && !w[5].is_ascii_alphabetic()
    });
    let pages = pages.count();
    if largest_dictionary(file).saturating_mul(pages) > MAX_PAGE_RESOURCES {
        return true;
    }
    let (mut open, mut covered) = (Vec::new(), 0);
    let mut from = 0;
    while let Some(found) = find(&file[from..], b"stream") {
        let at = from + found;
        from = at + b"stream".len();
        if file[..at].ends_with(b"end") {
            covered += open.drain(..).map(|start| at - start).sum::<usize>();
        } else {
            open.push(at);
        }
    }
    covered += open.iter().map(|start| file.len() - start).sum::<usize>();
    covered > file.len() * 4 + MIN_COVERED
}

/// Bytes from the start of an object to its stream or end, at most.
fn largest_dictionary(file: &[u8]) -> usize {
    let (mut from, mut largest) = (0, 0);
    while let Some(found) = find(&file[from..], b" obj") {
        from += found + b" obj".len();
        let rest = &file[from..];
        let end = rest
            .windows(6)
            .position(|w| matches!(w, b"stream" | b"endobj"));
        let length = end.unwrap_or(rest.len());
        largest = largest.max(length);
        from += length;
    }
    largest
}

/// Whether a stream that the parser itself unpacks, of objects or of the
/// cross-reference table, would unpack beyond the limit.
pub fn has_bomb(file: &[u8]) -> bool {
    unpacks_beyond(file, STREAM_LIMIT)
}

fn unpacks_beyond(file: &[u8], limit: usize) -> bool {
    let encrypted = find(file, b"/Encrypt").is_some();
    let (mut taken, mut unpacked, mut from) = (0, 0, 0);
    while let Some(found) = find(&file[from..], b"stream") {
        let at = from + found;
        from = at + b"stream".len();
        let head = &file[at.saturating_sub(HEAD)..at];
        let head = &head[rfind(head, b" obj").unwrap_or(0)..];
        if find(head, b"ObjStm").is_none() && find(head, b"XRef").is_none() {
            continue;
        }
        if PACKINGS.iter().map(|name| count(head, name)).sum::<usize>() > 1 {
            return true;
        }
        let packed = file[from..].trim_ascii_start();
        if encrypted && find(head, b"ObjStm").is_some() {
            let window = &packed[..packed.len().min(ENCRYPTED_LIMIT)];
            taken += find(window, b"endstream").unwrap_or(ENCRYPTED_LIMIT + 1);
            if taken > ENCRYPTED_LIMIT {
                return true;
            }
            continue;
        }
        let (plain, of) = inflate(packed, limit);
        let Some(plain) = plain else { return true };
        unpacked += plain.len();
        taken += of;
        // Streams that overlap would be gone through again and again.
        if unpacked > limit * 4 || taken > file.len() * 2 + HEAD {
            return true;
        }
    }
    false
}

/// Most bytes that may be read for the resources of all pages.
const MAX_PAGE_RESOURCES: usize = 4_000_000_000;
/// Objects whose end may be missing.
const MAX_OPEN_OBJECTS: usize = 5_000;
/// What the streams of a small file may cover, however they lie.
const MIN_COVERED: usize = 16 << 20;
/// How far before a stream its dictionary is looked for.
const HEAD: usize = 1024;
/// The filters that pack, by their long and short names.
const PACKINGS: [&[u8]; 7] = [
    b"FlateDecode",
    b"LZWDecode",
    b"RunLengthDecode",
    b"/Fl ",
    b"/Fl]",
    b"/RL",
    b"/LZW ",
];

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|w| w == needle)
}

fn count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack
        .windows(needle.len())
        .filter(|w| *w == needle)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(plain).unwrap();
        zlib.finish().unwrap()
    }

    fn objects(packed: &[u8]) -> Vec<u8> {
        let head = b"7 0 obj <</Type/ObjStm/Filter/FlateDecode>> stream\n";
        [head, packed, b"\nendstream endobj"].concat()
    }

    #[test]
    fn inflating_stops_at_the_limit_and_keeps_what_is_torn() {
        let packed = packed(&[b'a'; 1000]);
        assert_eq!(inflate(&packed, 1000).0.unwrap().len(), 1000);
        assert_eq!(inflate(&packed, 999).0, None);
        assert!(
            !inflate(&packed[..packed.len() - 5], 1000)
                .0
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn base_85_gives_its_bytes() {
        assert_eq!(ascii85(b"87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(ascii85(b" 87 cU\nRDZ~>"), b"Hello");
        assert_eq!(ascii85(b"zz!!~>"), [0; 9]);
        assert!(ascii85(b"\xffv~87").is_empty());
    }

    #[test]
    fn bombs_are_seen_before_they_go_off() {
        let bomb = |file: &[u8]| unpacks_beyond(file, 1000);
        assert!(!bomb(&objects(&packed(&[b'a'; 1000]))));
        assert!(bomb(&objects(&packed(&[b'a'; 1001]))));
        let twice = b"7 0 obj <</Type/XRef/Filter[/FlateDecode/FlateDecode]>> stream\nendstream";
        assert!(bomb(twice));
        // Many small ones make a large one.
        assert!(bomb(&objects(&packed(&[b'a'; 1000])).repeat(5)));
    }

    #[test]
    fn streams_follow_one_another() {
        let one = b"1 0 obj << >> stream\n.........\nendstream endobj\n";
        assert!(!is_tangled(&one.repeat(20_000)));
        assert!(is_tangled(&b"1 0 obj <</A ".repeat(6_000)));
        let resources = [b"1 0 obj <<", &*b"/A 1".repeat(200_000), b">> endobj"].concat();
        let pages = b"2 0 obj <</Type/Page/Resources 1 0 R>> endobj ".repeat(6_000);
        assert!(is_tangled(&[resources, pages].concat()));
        assert!(is_tangled(&b"<< >> stream\n".repeat(20_000)));
    }
}
