//! Character maps: how a font's codes are laid out and what they stand for.

use std::collections::{BTreeMap, HashMap};

/// A character map, to letters or to the glyph numbers of a composite font.
#[derive(Debug, Default)]
pub struct CMap {
    /// Length in bytes, first and last code of each code space.
    spaces: Vec<(usize, u32, u32)>,
    /// By first code: the last code and what the first stands for.
    ranges: BTreeMap<u32, (u32, Target)>,
    /// What single codes stand for, whatever range they are in.
    singles: HashMap<u32, Target>,
}

#[derive(Debug, Clone)]
enum Target {
    /// Letters, in UTF-16; the last unit counts up along the range.
    Letters(Vec<u16>),
    /// A glyph number, which counts up along the range.
    Glyph(u32),
}

#[derive(Debug, Clone)]
enum Token<'a> {
    Code(Vec<u8>),
    Number(u32),
    Open,
    Close,
    Word(&'a [u8]),
}

impl CMap {
    /// Reads the map from its source; what is not understood is left out.
    pub fn parse(source: &[u8]) -> Self {
        let mut map = Self::default();
        let mut operands = Vec::new();
        let mut rest = source;
        while let Some(token) = next_token(&mut rest) {
            match token {
                Token::Word(word) => {
                    match word {
                        b"endcodespacerange" => map.code_spaces(&operands),
                        b"endbfchar" | b"endcidchar" => map.singles(&operands),
                        b"endbfrange" | b"endcidrange" => map.ranges(&operands),
                        _ => {}
                    }
                    operands.clear();
                }
                operand => operands.push(operand),
            }
        }
        map
    }

    /// Takes the next code off the bytes: its value and length.
    pub fn next_code(&self, bytes: &[u8]) -> (u32, usize) {
        for length in 1..=bytes.len().min(4) {
            let code = number(&bytes[..length]);
            let fits =
                |&(l, low, high): &(usize, u32, u32)| l == length && (low..=high).contains(&code);
            if self.spaces.iter().any(fits) {
                return (code, length);
            }
        }
        let length = self.spaces.iter().map(|s| s.0).min().unwrap_or(2);
        let length = length.clamp(1, bytes.len().max(1));
        (number(&bytes[..length.min(bytes.len())]), length)
    }

    fn get(&self, code: u32) -> Option<(&Target, u32)> {
        if let Some(target) = self.singles.get(&code) {
            return Some((target, 0));
        }
        let (low, (high, target)) = self.ranges.range(..=code).next_back()?;
        (code <= *high).then_some((target, code - low))
    }

    /// The letters of a code.
    pub fn letters(&self, code: u32) -> Option<String> {
        let (Target::Letters(units), offset) = self.get(code)? else {
            return None;
        };
        let mut units = units.clone();
        let last = units.last_mut()?;
        *last = last.wrapping_add(offset as u16);
        Some(String::from_utf16_lossy(&units))
    }

    /// The glyph number of a code.
    pub fn glyph(&self, code: u32) -> Option<u32> {
        match self.get(code)? {
            (Target::Glyph(first), offset) => first.checked_add(offset),
            _ => None,
        }
    }

    fn code_spaces(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            if let [Token::Code(low), Token::Code(high)] = pair {
                self.spaces.push((low.len(), number(low), number(high)));
            }
        }
    }

    fn singles(&mut self, operands: &[Token]) {
        for pair in operands.chunks_exact(2) {
            if let (Token::Code(code), Some(target)) = (&pair[0], target(&pair[1])) {
                self.singles.insert(number(code), target);
            }
        }
    }

    fn ranges(&mut self, operands: &[Token]) {
        let mut rest = operands;
        while let [Token::Code(low), Token::Code(high), more @ ..] = rest {
            let (low, high) = (number(low), number(high));
            if let [Token::Open, items @ ..] = more {
                let end = items.iter().position(|t| matches!(t, Token::Close));
                let end = end.unwrap_or(items.len());
                for (code, item) in (low..=high).zip(&items[..end]) {
                    if let Some(target) = target(item) {
                        self.ranges.insert(code, (code, target));
                    }
                }
                rest = items.get(end + 1..).unwrap_or_default();
            } else if let [item, after @ ..] = more {
                if let Some(target) = target(item) {
                    self.ranges.insert(low, (high, target));
                }
                rest = after;
            } else {
                break;
            }
        }
    }
}

fn target(token: &Token) -> Option<Target> {
    match token {
        Token::Code(bytes) if bytes.len() == 1 => Some(Target::Letters(vec![bytes[0].into()])),
        Token::Code(bytes) => Some(Target::Letters(utf16(bytes))),
        Token::Number(n) => Some(Target::Glyph(*n)),
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.chunks_exact(2);
    pairs.map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}

/// The value of up to four bytes, the first the highest.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}

fn next_token<'a>(rest: &mut &'a [u8]) -> Option<Token<'a>> {
    loop {
        *rest = rest.trim_ascii_start();
        match rest.first()? {
            b'%' => {
                let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
                *rest = &rest[end.unwrap_or(rest.len())..];
            }
            b'[' => return Some(symbol(rest, Token::Open)),
            b']' => return Some(symbol(rest, Token::Close)),
            b'<' if rest.get(1) != Some(&b'<') => {
                let end = rest.iter().position(|b| *b == b'>').unwrap_or(rest.len());
                let code = hex(&rest[1..end]);
                *rest = rest.get(end + 1..).unwrap_or_default();
                return Some(Token::Code(code));
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b"[]<%/".contains(b);
                let end = rest[1..]
                    .iter()
                    .position(ends)
                    .map_or(rest.len(), |n| n + 1);
                let (word, after) = rest.split_at(end);
                *rest = after;
                let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
                return Some(number.map_or(Token::Word(word), Token::Number));
            }
        }
    }
}

fn symbol<'a>(rest: &mut &[u8], token: Token<'a>) -> Token<'a> {
    *rest = &rest[1..];
    token
}

fn hex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .iter()
        .filter_map(|d| char::from(*d).to_digit(16))
        .map(|d| d as u8)
        .collect();
    let pairs = digits.chunks(2);
    pairs.map(|p| p[0] << 4 | p.get(1).unwrap_or(&0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_from_single_codes_ranges_and_lists() {
        let map = CMap::parse(
            b"/CIDInit /ProcSet findresource begin begincmap % a remark <00>\n\
              1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
              2 beginbfchar <0003> <0020> <00 10> <00660069> endbfchar\n\
              3 beginbfrange <0041><0043><0061> <0050> <0052> [<0078> <0079> <D83DDE00>]\n\
              <0060> <0061> <0031> endbfrange endcmap",
        );
        let all = |codes: &[u32]| {
            codes
                .iter()
                .filter_map(|c| map.letters(*c))
                .collect::<String>()
        };
        assert_eq!(all(&[0x10, 0x3, 0x41, 0x43, 0x50, 0x52, 0x61]), "fi acx😀2");
        assert_eq!(map.letters(0x44), None);
        let map = CMap::parse(
            b"1 beginbfrange <40> <50> <0061> endbfrange 1 beginbfchar <42> <0021> endbfchar",
        );
        let letters: String = (0x40..0x44).filter_map(|c| map.letters(c)).collect();
        assert_eq!(letters, "ab!d");
        assert_eq!(map.next_code(&[0, 0x41, 7]), (0x41, 2));
    }

    #[test]
    fn glyph_numbers_and_mixed_lengths() {
        let map = CMap::parse(
            b"2 begincodespacerange <00> <80> <8140> <9FFC> endcodespacerange\n\
              1 begincidrange <20> <7e> 1 endcidrange 1 begincidchar <8140> 700 endcidchar",
        );
        assert_eq!(map.glyph(0x21), Some(2));
        assert_eq!(map.glyph(0x8140), Some(700));
        assert_eq!(map.next_code(&[0x21, 0x81]), (0x21, 1));
        assert_eq!(map.next_code(&[0x81, 0x40]), (0x8140, 2));
    }

    #[test]
    fn nonsense_ends() {
        for source in [
            &b"<"[..],
            b"<<",
            b"[",
            b"<00> <01> [ endbfrange",
            b"/",
            b"%",
            b">>>",
            b"1 <2",
        ] {
            let map = CMap::parse(source);
            assert_eq!(map.letters(0), None);
            assert_eq!(map.next_code(&[1]), (1, 1));
        }
    }
}
