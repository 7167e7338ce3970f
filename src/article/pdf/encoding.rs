//! The letters behind the codes and glyph names of simple fonts.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};

/// The predefined encodings of simple fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseEncoding {
    /// Adobe's own.
    Standard,
    /// Windows code page 1252.
    WinAnsi,
    /// The old encoding of the Macintosh.
    MacRoman,
}

/// Glyph names with their letters, one a line.
static GLYPHS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    include_str!("glyphs.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// What the upper half of Adobe's standard encoding holds, from 0xa1.
const STANDARD_UPPER: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\0–†‡·\0¶•‚„”»…‰\0¿\0`´ˆ˜¯˘˙¨\0˚¸\0˝˛ˇ—\
                              \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0Æ\0ª\0\0\0\0ŁØŒº\0\0\0\0\0æ\0\0\0ı\
                              \0\0łøœß";

impl BaseEncoding {
    /// The encoding of that name.
    pub fn of_name(name: &[u8]) -> Option<Self> {
        match name {
            b"StandardEncoding" => Some(Self::Standard),
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            b"MacRomanEncoding" => Some(Self::MacRoman),
            _ => None,
        }
    }

    /// The character of a code.
    pub fn decode(self, code: u8) -> Option<char> {
        let found = match (self, code) {
            (_, 0..0x20 | 0x7f) => None,
            (Self::Standard, 0x27) => Some('’'),
            (Self::Standard, 0x60) => Some('‘'),
            (_, 0x20..0x7f) => Some(char::from(code)),
            (Self::Standard, _) => {
                let index = usize::from(code).checked_sub(0xa1);
                index.and_then(|i| STANDARD_UPPER.chars().nth(i))
            }
            (Self::WinAnsi, _) => single_byte(WINDOWS_1252, code),
            (Self::MacRoman, _) => single_byte(MACINTOSH, code),
        };
        found.filter(|c| !c.is_control())
    }
}

fn single_byte(encoding: &'static Encoding, code: u8) -> Option<char> {
    encoding
        .decode_without_bom_handling(&[code])
        .0
        .chars()
        .next()
}

/// The letters that a glyph name stands for, by the rules of the Adobe Glyph
/// List: `adieresis`, `f_i`, `a.sc`, `uni00E4`, `u1F600`.
pub fn letters(name: &str) -> Option<String> {
    let name = match name.split_once('.') {
        Some(("", _)) | None => name,
        Some((stem, _)) => stem,
    };
    let mut letters = String::new();
    for part in name.split('_') {
        if let Some(known) = GLYPHS.get(part) {
            letters.push_str(known);
        } else if part.chars().count() == 1 {
            letters.push_str(part);
        } else {
            letters.push_str(&by_number(part)?);
        }
    }
    Some(letters)
}

/// The letters of a glyph that TeX drew as a bitmap: it is named by its code,
/// in TeX's own encoding of European letters.
pub fn tex_bitmap(name: &str, code: usize) -> Option<String> {
    let code = u8::try_from(code).ok()?;
    if name.strip_prefix('a')?.parse() != Ok(code) {
        return None;
    }
    let letters = match code {
        0x0b | 0x1b => "ff",
        0x0c | 0x1c => "fi",
        0x0d | 0x1d => "fl",
        0x0e | 0x1e => "ffi",
        0x0f | 0x1f => "ffl",
        0x10 => "“",
        0x11 => "”",
        0x12 => "„",
        0x13 => "«",
        0x14 => "»",
        0x15 => "–",
        0x16 => "—",
        0x27 => "’",
        0x60 => "‘",
        0x7f => "-",
        0xd7 => "Œ",
        0xf7 => "œ",
        0xff => "ß",
        0x20..0x7f | 0xc0..=0xff => return Some(char::from(code).into()),
        _ => return None,
    };
    Some(letters.into())
}

fn by_number(name: &str) -> Option<String> {
    let scalar = |hex: &str| u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    let name = name.is_ascii().then_some(name)?;
    match name.strip_prefix("uni") {
        Some(hex) if hex.len() >= 4 && hex.len() % 4 == 0 => (0..hex.len())
            .step_by(4)
            .map(|i| scalar(&hex[i..i + 4]))
            .collect(),
        _ => {
            let hex = name.strip_prefix('u')?;
            (4..=6)
                .contains(&hex.len())
                .then(|| scalar(hex))?
                .map(String::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters() {
        for (name, text) in [
            ("adieresis", "ä"),
            ("fi", "fi"),
            ("f_f_i", "ffi"),
            ("a.sc", "a"),
            ("A", "A"),
            ("quotedblleft", "“"),
            ("uni00E400DF", "äß"),
            ("u1F600", "😀"),
            ("afii10017", "А"),
        ] {
            assert_eq!(letters(name).as_deref(), Some(text), "{name}");
        }
        for name in ["", "g123", "uniXYZW", "uniéé", ".notdef"] {
            assert_eq!(letters(name), None, "{name}");
        }
    }

    #[test]
    fn bitmaps_of_tex_are_named_by_their_code() {
        assert_eq!(tex_bitmap("a28", 28).as_deref(), Some("fi"));
        assert_eq!(tex_bitmap("a248", 248).as_deref(), Some("ø"));
        assert_eq!(tex_bitmap("a28", 29), None);
        assert_eq!(tex_bitmap("acute", 28), None);
    }

    #[test]
    fn codes_are_characters() {
        use BaseEncoding::{MacRoman, Standard, WinAnsi};
        for (encoding, code, c) in [
            (Standard, b'\'', '’'),
            (Standard, 0xa1, '¡'),
            (Standard, 0xae, 'ﬁ'),
            (Standard, 0xd0, '—'),
            (Standard, 0xe1, 'Æ'),
            (Standard, 0xfb, 'ß'),
            (WinAnsi, 0x93, '“'),
            (WinAnsi, b'\'', '\''),
            (MacRoman, 0x8a, 'ä'),
        ] {
            assert_eq!(encoding.decode(code), Some(c), "{encoding:?} {code:x}");
        }
        assert_eq!(Standard.decode(0xb0), None);
        assert_eq!(Standard.decode(0x80), None);
        assert_eq!(Standard.decode(0xff), None);
        assert_eq!(WinAnsi.decode(0x0c), None);
    }
}
