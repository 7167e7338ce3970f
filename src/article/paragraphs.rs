//! Text to paragraphs.

use std::ops::Range;

/// Splits a text into paragraphs: at every line end, or, where lines are
/// wrapped at a fixed width, at blank lines only. Gives byte ranges, trimmed.
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let lines = lines(text);
    let wrapped = is_hard_wrapped(text, &lines);
    let mut paragraphs: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        if line.is_empty() {
            goes_on = false;
            continue;
        }
        match paragraphs.last_mut() {
            Some(last) if goes_on => last.end = line.end,
            _ => paragraphs.push(line),
        }
        goes_on = wrapped;
    }
    paragraphs
}

/// The lines of a text, trimmed; a blank line is an empty range.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    // The carriage return of a Windows line end is white space before its line feed.
    let breaks = |c: char| matches!(c, '\n' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let old_mac = !text.contains('\n');
    for line in text.split(|c| breaks(c) || (old_mac && c == '\r')) {
        let trimmed = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        lines.push(if trimmed.is_empty() {
            start..start
        } else {
            from..from + trimmed.len()
        });
        start += line.len();
        start += text[start..].chars().next().map_or(0, char::len_utf8);
    }
    lines
}

/// Whether lines are wrapped at a fixed width, as in e-mail and press releases:
/// of the lines that another follows, most are of about the same length and
/// break off in the middle of a sentence.
fn is_hard_wrapped(text: &str, lines: &[Range<usize>]) -> bool {
    let followed: Vec<&str> = lines
        .windows(2)
        .filter(|pair| !pair[0].is_empty() && !pair[1].is_empty())
        .map(|pair| &text[pair[0].clone()])
        .collect();
    if followed.len() < 4 {
        return false;
    }
    let width = lines.iter().map(|l| text[l.clone()].chars().count()).max();
    let width = width.unwrap_or(0);
    let broken = followed
        .iter()
        .filter(|line| {
            line.chars().count() * 10 > width * 6 && !line.ends_with(['.', '!', '?', '”', '"', ':'])
        })
        .count();
    (40..=120).contains(&width) && broken * 10 > followed.len() * 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        paragraphs(text).into_iter().map(|p| &text[p]).collect()
    }

    #[test]
    fn each_line_is_a_paragraph() {
        assert_eq!(
            split("One here.\r\n\r\n  Two there. \nThree\n"),
            ["One here.", "Two there.", "Three"]
        );
    }

    #[test]
    fn wrapped_lines_are_joined() {
        let text = "The harbour authority said on Monday that two of its\n\
                    cranes had been idle since the spring and would now\n\
                    be sold to a yard in Gdansk. The yard confirmed the\n\
                    purchase, but gave no price and named no date for it.\n\
                    \n\
                    A spokesman for the union said that nobody had asked\n\
                    the crane drivers, of whom eleven are left at work in\n\
                    the port.\n";
        assert_eq!(split(&text.replace('\n', "\r\n")).len(), 2);
        let paragraphs = split(text);
        assert_eq!(paragraphs.len(), 2);
        assert!(paragraphs[1].ends_with("the port."));
    }

    proptest! {
        #[test]
        fn no_character_of_text_is_lost(text in "[a-z.\n\r \u{2028}é]{0,200}") {
            let kept: String = split(&text).concat();
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text));
        }
    }
}
