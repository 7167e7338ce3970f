//! Letters as they are drawn to letters as they are written.

/// Accents that stand alone, the letters that they go with, and both in one.
const ACCENTS: [(char, &str, &str); 8] = [
    ('`', "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
    ('´', "aeiouyAEIOUYcnszCNSZ", "áéíóúýÁÉÍÓÚÝćńśźĆŃŚŹ"),
    ('ˆ', "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
    ('˜', "anoANO", "ãñõÃÑÕ"),
    ('¨', "aeiouyAEIOU", "äëïöüÿÄËÏÖÜ"),
    ('˚', "auAU", "åůÅŮ"),
    ('ˇ', "cdenrstzCDENRSTZ", "čďěňřšťžČĎĚŇŘŠŤŽ"),
    ('¸', "cstCST", "çşţÇŞŢ"),
];

/// Tidies a stretch of text: ligatures as letters, one space between words,
/// nothing invisible but a soft hyphen at the end.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ﬀ' => tidy.push_str("ff"),
            'ﬁ' => tidy.push_str("fi"),
            'ﬂ' => tidy.push_str("fl"),
            'ﬃ' => tidy.push_str("ffi"),
            'ﬄ' => tidy.push_str("ffl"),
            'ﬅ' | 'ﬆ' => tidy.push_str("st"),
            c if c.is_whitespace() => {
                if !tidy.is_empty() && !tidy.ends_with(' ') {
                    tidy.push(' ');
                }
            }
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            c if c.is_control() => {}
            c => tidy.push(c),
        }
    }
    tidy.truncate(tidy.trim_end().len());
    let soft = tidy.ends_with('\u{ad}');
    let mut tidy = tidy.replace('\u{ad}', "");
    if soft && !tidy.is_empty() {
        tidy.push('\u{ad}');
    }
    tidy
}

/// A letter with an accent that is drawn over it.
pub fn accented(accent: &str, letter: &str) -> Option<char> {
    let one = |s: &str| {
        let mut chars = s.chars();
        chars.next().filter(|_| chars.next().is_none())
    };
    let (accent, letter) = (one(accent)?, one(letter)?);
    let letter = if letter == 'ı' { 'i' } else { letter };
    let (_, bare, both) = ACCENTS.iter().find(|(a, ..)| *a == accent)?;
    both.chars().nth(bare.chars().position(|c| c == letter)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_and_spaces() {
        assert_eq!(
            tidy(" The  of\u{ad}ﬁcial\u{a0}ﬂoor \u{200b}"),
            "The official floor"
        );
        assert_eq!(tidy("govern\u{ad}"), "govern\u{ad}");
        assert_eq!(tidy("\u{ad} \u{7}"), "");
    }

    #[test]
    fn accents_find_their_letter() {
        assert_eq!(accented("¨", "o"), Some('ö'));
        assert_eq!(accented("´", "ı"), Some('í'));
        assert_eq!(accented("ˇ", "Ž"), None);
        assert_eq!(accented("x", "o"), None);
        for (_, bare, both) in ACCENTS {
            assert_eq!(bare.chars().count(), both.chars().count());
        }
    }
}
