//! Bytes to text.

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that no text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotText;

/// A decoded text and what had to be guessed.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// A remark for the user when the encoding was guessed or bytes were replaced.
    pub warning: Option<String>,
}

/// Decodes a text of any usual encoding: UTF-8 or UTF-16 with or without a
/// byte order mark, else the legacy encoding that its bytes look like.
pub fn decode(bytes: &[u8]) -> Result<Decoded, NotText> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let (text, damaged) = encoding.decode_with_bom_removal(bytes);
        return plain(text.into_owned(), damaged.then(|| replaced(encoding)));
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(bytes);
        return plain(text.into_owned(), damaged.then(|| replaced(encoding)));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return plain(text.to_owned(), None);
    }
    // No legacy encoding of text uses zero bytes.
    if bytes.contains(&0) {
        return Err(NotText);
    }
    if mostly_utf8(bytes) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        return plain(text, Some(replaced(UTF_8)));
    }
    if let Some(encoding) = declared(bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(bytes);
        return plain(text.into_owned(), damaged.then(|| replaced(encoding)));
    }
    let mut detector = EncodingDetector::new();
    detector.feed(bytes, true);
    let encoding = detector.guess(None, false);
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    let warning = if damaged {
        replaced(encoding)
    } else {
        format!("not UTF-8; read as {}", encoding.name())
    };
    plain(text.into_owned(), Some(warning))
}

/// The encoding that markup names near its start: `<meta charset=…>`,
/// `<?xml encoding=…?>`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    if !start.trim_start().starts_with('<') {
        return None;
    }
    let at = ["charset=", "encoding="]
        .iter()
        .find_map(|name| Some(start.find(name)? + name.len()))?;
    let label = start[at..].trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c))?;
    // What is declared as UTF-8 and is not is a guess like any other, and where
    // a declaration can be read byte by byte there is no UTF-16.
    Encoding::for_label(&label.as_bytes()[..end])
        .filter(|e| ![UTF_8, UTF_16LE, UTF_16BE].contains(e))
}

fn replaced(encoding: &'static Encoding) -> String {
    format!(
        "some bytes are not valid {} and were replaced",
        encoding.name()
    )
}

/// Refuses what decodes but is no text: too many control characters.
fn plain(text: String, warning: Option<String>) -> Result<Decoded, NotText> {
    let controls = text
        .chars()
        .filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{85}'))
        .count();
    let replacements = text.matches('\u{fffd}').count();
    // One stray character in fifty is a damaged text, more is none.
    if (controls + replacements) * 50 > text.chars().count() {
        return Err(NotText);
    }
    Ok(Decoded { text, warning })
}

/// Recognises UTF-16 of a Western text by its zero bytes, which stand in
/// every other place.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|b| **b == 0);
    let (first, second) = (zeros(0).count(), zeros(1).count());
    let many = sample.len() / 2 * 7 / 10;
    match sample.len() {
        0..4 => None,
        _ if second > many && first * 20 < second => Some(UTF_16LE),
        _ if first > many && second * 20 < first => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the bytes are UTF-8 with a few damaged places: more well-formed
/// multi-byte characters than broken bytes.
pub fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "“Naïve,” said the café’s owner – and paid £5.\nNothing else was said.\n";

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn utf8_and_utf16_come_out_the_same_with_and_without_marks() {
        let with_mark = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        let le = utf16(TEXT, u16::to_le_bytes);
        let be = utf16(TEXT, u16::to_be_bytes);
        for bytes in [
            TEXT.as_bytes().to_vec(),
            with_mark(b"\xef\xbb\xbf", TEXT.as_bytes().to_vec()),
            with_mark(b"\xff\xfe", le.clone()),
            with_mark(b"\xfe\xff", be.clone()),
            le,
            be,
        ] {
            let decoded = decode(&bytes).unwrap();
            assert_eq!(decoded.text, TEXT);
            assert_eq!(decoded.warning, None);
        }
    }

    #[test]
    fn windows_1252_is_read_with_a_remark() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(TEXT);
        let decoded = decode(&bytes).unwrap();
        assert_eq!(decoded.text, TEXT);
        assert!(decoded.warning.unwrap().contains("windows-1252"));
    }

    #[test]
    fn markup_says_its_encoding() {
        for start in [
            "<meta charset=koi8-r>",
            "<?xml version='1.0' encoding='KOI8-R'?>",
        ] {
            let page = format!("{start}<p>Паром снова ходит.</p>");
            let (bytes, _, _) = encoding_rs::KOI8_R.encode(&page);
            let decoded = decode(&bytes).unwrap();
            assert_eq!((decoded.text, decoded.warning), (page, None));
        }
        let decoded = decode(b"<meta charset=utf-16><p>Caf\xe9 by the pier</p>").unwrap();
        assert!(decoded.text.contains("Café by the pier"));
    }

    #[test]
    fn damaged_utf8_stays_utf8() {
        let mut bytes = TEXT.as_bytes().repeat(4);
        bytes.truncate(bytes.len() - 2);
        bytes.push(0xe2);
        let decoded = decode(&bytes).unwrap();
        assert!(decoded.text.starts_with("“Naïve,”"));
        assert!(decoded.warning.unwrap().contains("UTF-8"));
    }

    #[test]
    fn noise_is_no_text() {
        let noise: Vec<u8> = (0..4000u32).map(|i| ((i * 7919) >> 3) as u8).collect();
        assert_eq!(decode(&noise).unwrap_err(), NotText);
        assert_eq!(decode(&[0; 512]).unwrap_err(), NotText);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode(&bytes);
        }
    }
}
