//! Fonts: from the bytes of a shown string to letters and widths.

use std::collections::HashMap;

use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};

use super::cmap::CMap;
use super::encoding::{self, BaseEncoding};
use super::metrics;
use super::stream::Budget;

/// Most bytes of a character map.
const MAX_MAP: usize = 4 << 20;
/// What a letter or width of a font counts in the budget of a document.
const ENTRY: usize = 64;

/// A font, as far as reading needs it.
#[derive(Debug, Default)]
pub struct Font {
    /// Letters of the codes, where the document gives them.
    to_unicode: Option<CMap>,
    kind: Kind,
    /// Widths by code or, in a composite font, by glyph number.
    widths: HashMap<u32, f64>,
    /// The width of what has none: of the font, not of a glyph.
    missing_width: f64,
    /// From the units of the widths to the size of the text.
    scale: f64,
}

#[derive(Debug)]
enum Kind {
    /// One byte a code.
    Simple(Vec<Option<String>>),
    /// Codes of several bytes; without a map two bytes are a glyph number.
    Composite {
        codes: Option<CMap>,
        /// The codes are themselves UTF-16.
        unicode: bool,
    },
}

impl Default for Kind {
    fn default() -> Self {
        Self::Simple(vec![None; 256])
    }
}

/// A code of a shown string.
#[derive(Debug)]
pub struct Shown {
    /// Its letters; none when the font does not tell.
    pub letters: Option<String>,
    /// How far it moves on, for a size of one.
    pub width: f64,
    /// Whether word spacing applies to it.
    pub is_space: bool,
}

impl Font {
    /// Reads a font from its dictionary.
    pub fn read(dict: &Dict, budget: &mut Budget) -> Self {
        let to_unicode = dict
            .get::<Stream>("ToUnicode")
            .and_then(|s| budget.unpack_up_to(&s, MAX_MAP))
            .map(|source| CMap::parse(&source));
        if !budget.spend(256 * ENTRY) {
            return Self::default();
        }
        let font = match name(dict, "Subtype").as_slice() {
            b"Type0" => composite(dict, budget),
            subtype => simple(dict, subtype, budget),
        };
        Self { to_unicode, ..font }
    }

    /// Goes through the codes of a shown string.
    pub fn for_each(&self, mut bytes: &[u8], mut act: impl FnMut(Shown)) {
        while !bytes.is_empty() {
            let (code, length) = match &self.kind {
                Kind::Simple(_) => (u32::from(bytes[0]), 1),
                Kind::Composite {
                    codes: Some(codes), ..
                } => codes.next_code(bytes),
                Kind::Composite { .. } => CMap::default().next_code(bytes),
            };
            act(Shown {
                letters: self.letters(code),
                width: self.width(code) * self.scale,
                is_space: length == 1 && code == 32,
            });
            bytes = &bytes[length.min(bytes.len())..];
        }
    }

    fn letters(&self, code: u32) -> Option<String> {
        let mapped = self.to_unicode.as_ref().and_then(|m| m.letters(code));
        let telling = |s: &String| !s.is_empty() && s.chars().all(is_letter_like);
        mapped.filter(telling).or_else(|| match &self.kind {
            Kind::Simple(letters) => letters.get(code as usize).cloned().flatten(),
            Kind::Composite { unicode: true, .. } => char::from_u32(code).map(String::from),
            Kind::Composite { .. } => None,
        })
    }

    fn width(&self, code: u32) -> f64 {
        let key = match &self.kind {
            Kind::Composite {
                codes: Some(codes), ..
            } => codes.glyph(code).unwrap_or(code),
            _ => code,
        };
        self.widths.get(&key).copied().unwrap_or(self.missing_width)
    }
}

/// Not a control character, a private one or the mark of an unknown one.
fn is_letter_like(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fffd}')
}

fn name(dict: &Dict, key: &str) -> Vec<u8> {
    dict.get::<Name>(key)
        .map(|n| n.to_vec())
        .unwrap_or_default()
}

fn number(dict: &Dict, key: &str) -> Option<f64> {
    dict.get::<Number>(key).map(|n| n.as_f64())
}

fn composite(dict: &Dict, budget: &mut Budget) -> Font {
    let encoding = name(dict, "Encoding");
    let codes = dict
        .get::<Stream>("Encoding")
        .and_then(|s| budget.unpack_up_to(&s, MAX_MAP));
    let unicode = encoding.windows(4).any(|w| w == b"UCS2" || w == b"UTF1");
    let descendant = dict
        .get::<Array>("DescendantFonts")
        .and_then(|a| a.flex_iter().next::<Dict>())
        .unwrap_or_default();
    Font {
        kind: Kind::Composite {
            codes: codes.map(|source| CMap::parse(&source)),
            unicode,
        },
        widths: descendant
            .get::<Array>("W")
            .map(|w| glyph_widths(&w, budget))
            .unwrap_or_default(),
        missing_width: number(&descendant, "DW").unwrap_or(1000.0),
        scale: 0.001,
        to_unicode: None,
    }
}

/// Widths of a composite font: `first [w w …]` and `first last w` in turn.
fn glyph_widths(array: &Array, budget: &mut Budget) -> HashMap<u32, f64> {
    let mut widths = HashMap::new();
    let mut pending: Vec<u32> = Vec::new();
    for object in array.iter::<Object>() {
        match (object, pending.as_slice()) {
            (Object::Array(list), [first]) => {
                for (glyph, w) in (*first..).zip(list.iter::<f64>()) {
                    if !budget.spend(ENTRY) {
                        return widths;
                    }
                    widths.insert(glyph, w);
                }
                pending.clear();
            }
            (Object::Number(w), [first, last]) => {
                // Glyph numbers have two bytes.
                for glyph in *first..=(*last).min(0xffff) {
                    if !budget.spend(ENTRY) {
                        return widths;
                    }
                    widths.insert(glyph, w.as_f64());
                }
                pending.clear();
            }
            (Object::Number(n), _) => pending.push(n.as_f64() as u32),
            _ => pending.clear(),
        }
    }
    widths
}

fn simple(dict: &Dict, subtype: &[u8], budget: &mut Budget) -> Font {
    let font_name = String::from_utf8_lossy(&name(dict, "BaseFont")).into_owned();
    let descriptor = dict.get::<Dict>("FontDescriptor").unwrap_or_default();
    let letters = simple_letters(dict, &descriptor, subtype, budget);
    let first = number(dict, "FirstChar").unwrap_or(0.0) as u32;
    let mut widths: HashMap<u32, f64> = match dict.get::<Array>("Widths") {
        Some(list) => (first..256).zip(list.iter::<f64>()).collect(),
        None => HashMap::new(),
    };
    if widths.is_empty() {
        for (code, letter) in (0..).zip(&letters) {
            let c = letter.as_ref().and_then(|l| l.chars().next());
            let width = c.map_or(0, |c| metrics::width(&font_name, c));
            widths.insert(code, f64::from(width));
        }
    }
    let scale = match (subtype, dict.get::<Array>("FontMatrix")) {
        (b"Type3", Some(matrix)) => matrix.iter::<f64>().next().unwrap_or(0.001).abs(),
        _ => 0.001,
    };
    Font {
        kind: Kind::Simple(letters),
        widths,
        missing_width: number(&descriptor, "MissingWidth").unwrap_or(0.0),
        scale,
        to_unicode: None,
    }
}

/// The letters of a simple font's codes: its base encoding, then the names
/// that differ from it.
fn simple_letters(
    dict: &Dict,
    descriptor: &Dict,
    subtype: &[u8],
    budget: &mut Budget,
) -> Vec<Option<String>> {
    let encoding = dict.get::<Dict>("Encoding");
    let named = BaseEncoding::of_name(&name(dict, "Encoding")).or_else(|| {
        encoding
            .as_ref()
            .and_then(|e| BaseEncoding::of_name(&name(e, "BaseEncoding")))
    });
    let base = named.unwrap_or(match subtype {
        b"TrueType" => BaseEncoding::WinAnsi,
        _ => BaseEncoding::Standard,
    });
    let mut letters: Vec<Option<String>> = (0..=255)
        .map(|code| base.decode(code).map(String::from))
        .collect();
    if named.is_none() {
        let program = descriptor
            .get::<Stream>("FontFile")
            .and_then(|s| budget.unpack(&s));
        for (code, name) in built_in(&program.unwrap_or_default()) {
            letters[usize::from(code)] = encoding::letters(&name);
        }
    }
    let mut code = 0;
    for object in encoding
        .and_then(|e| e.get::<Array>("Differences"))
        .iter()
        .flat_map(|a| a.iter::<Object>())
    {
        match object {
            Object::Number(n) => code = n.as_f64() as usize,
            Object::Name(name) => {
                if let Some(letter) = letters.get_mut(code) {
                    *letter = encoding::letters(name.as_str())
                        .or_else(|| encoding::tex_bitmap(name.as_str(), code));
                }
                code += 1;
            }
            _ => {}
        }
    }
    letters
}

/// The encoding within a Type 1 font program: `dup 12 /fi put`.
fn built_in(program: &[u8]) -> Vec<(u8, String)> {
    // The rest is encrypted.
    let end = program
        .windows(5)
        .position(|w| w == b"eexec")
        .unwrap_or(program.len());
    let text = String::from_utf8_lossy(&program[..end]);
    let Some((_, text)) = text.split_once("/Encoding") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        match word {
            "dup" => {
                let code = words.next().and_then(|w| w.parse().ok());
                let name = words.next().and_then(|w| w.strip_prefix('/'));
                if let (Some(code), Some(name)) = (code, name) {
                    found.push((code, name.to_owned()));
                }
            }
            "def" | "readonly" => break,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_font_program() {
        let program = b"%!PS-AdobeFont-1.0: CMR10\n/Encoding 256 array\n\
                        0 1 255 {1 index exch /.notdef put} for\ndup 12 /fi put\n\
                        dup 65 /A put\nreadonly def\ndup 66 /B put\ncurrentfile eexec ...";
        let names: Vec<_> = built_in(program)
            .into_iter()
            .map(|(c, n)| format!("{c}={n}"))
            .collect();
        assert_eq!(names, ["12=fi", "65=A"]);
        assert!(built_in(b"/Encoding StandardEncoding def").is_empty());
        assert!(built_in(b"").is_empty());
    }
}
