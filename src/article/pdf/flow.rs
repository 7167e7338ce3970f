//! Blocks of lines to paragraphs.

use std::collections::HashSet;

use super::columns::Block;
use super::lines::{Line, alike};

/// A gap between lines that is larger than usual by this factor parts paragraphs.
const WIDE_LEADING: f32 = 1.25;
/// How many lines before one show how far the text there reaches.
const NEAR: usize = 5;
/// First parts of words that are written with a hyphen wherever they stand.
const HYPHENATED: [&str; 13] = [
    "well", "self", "half", "two", "three", "twenty", "thirty", "forty", "fifty", "sixty",
    "seventy", "eighty", "ninety",
];
/// Words that go on after a first part whose end was left out: `Kinder- und`.
const AFTER_SUSPENDED: [&str; 8] = ["and", "or", "to", "und", "oder", "bis", "et", "och"];

/// What is known of a run of lines of one size as a whole.
#[derive(Clone, Copy)]
struct Shape {
    x0: f32,
    x1: f32,
    leading: f32,
    /// Its lines end at the same place.
    justified: bool,
}

/// Joins the lines of the pages to paragraphs.
pub fn paragraphs(pages: &[Vec<Block>]) -> Vec<String> {
    let leading = usual_leading(pages);
    let words = words(pages);
    let mut paragraphs: Vec<String> = Vec::new();
    let mut last: Option<(&Line, Shape)> = None;
    let mut indents = false;
    for (number, blocks) in pages.iter().enumerate() {
        let runs = blocks.iter().flat_map(|b| b.lines.chunk_by(alike));
        for (index, lines) in runs.enumerate() {
            let shape = shape(lines, leading);
            for (n, line) in lines.iter().enumerate() {
                let goes_on = match (&last, n) {
                    (None, _) => false,
                    (Some((before, shape_before)), 0) => {
                        let new_page = index == 0 && number > 0;
                        (new_page || line.y > before.y)
                            && goes_on_elsewhere(before, shape_before, line, &shape, indents)
                    }
                    (Some((before, _)), _) => {
                        let indented = is_indented(before, line, &shape);
                        indents |= indented;
                        let near = &lines[n.saturating_sub(NEAR)..lines.len().min(n + 2)];
                        !indented && !is_parted(before, line, &shape, near)
                    }
                };
                match paragraphs.last_mut() {
                    Some(paragraph) if goes_on => {
                        let justified = last.as_ref().is_some_and(|(_, s)| s.justified);
                        append(paragraph, &line.text, justified, &words);
                    }
                    _ => paragraphs.push(line.text.clone()),
                }
                last = Some((line, shape));
            }
        }
    }
    for paragraph in &mut paragraphs {
        paragraph.retain(|c| c != '\u{ad}');
    }
    paragraphs
}

/// The usual step from line to line, in the size of the letters.
fn usual_leading(pages: &[Vec<Block>]) -> f32 {
    let pairs = pages.iter().flatten().flat_map(|b| b.lines.windows(2));
    let mut steps: Vec<f32> = pairs.filter_map(|pair| step(&pair[0], &pair[1])).collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.2)
}

fn step(above: &Line, below: &Line) -> Option<f32> {
    alike(above, below).then(|| (above.y - below.y) / above.size.max(below.size).max(0.1))
}

fn shape(lines: &[Line], usual_leading: f32) -> Shape {
    let x1 = lines.iter().map(|l| l.x1).fold(f32::MIN, f32::max);
    let mut starts: Vec<f32> = lines.iter().map(|l| l.x0).collect();
    starts.sort_by(f32::total_cmp);
    // Where a quarter of the lines start further left, that is the margin.
    let x0 = starts[starts.len() / 4];
    let mut steps: Vec<f32> = lines
        .windows(2)
        .filter_map(|p| step(&p[0], &p[1]))
        .collect();
    steps.sort_by(f32::total_cmp);
    // In a block of short paragraphs the gaps between them are the most common.
    let own = steps.get(steps.len() / 3).copied().unwrap_or(usual_leading);
    Shape {
        x0,
        x1,
        leading: own.min(usual_leading),
        justified: is_justified(lines),
    }
}

/// Whether half of the lines end at the same place, some longer ones aside.
fn is_justified(lines: &[Line]) -> bool {
    let mut ends: Vec<f32> = lines.iter().map(|l| l.x1).collect();
    ends.sort_by(f32::total_cmp);
    let near = lines[0].size * 0.1;
    let together = ends.chunk_by(|a, b| b - a < near).map(<[f32]>::len).max();
    lines.len() > 1 && together.unwrap_or(0) * 2 >= lines.len()
}

fn is_parted(before: &Line, line: &Line, shape: &Shape, near: &[Line]) -> bool {
    let Some(step) = step(before, line) else {
        return true;
    };
    step > shape.leading * WIDE_LEADING
        || ends_short(before, line, near)
        || line.text.starts_with(['•', '▪', '◦', '‣'])
}

/// Whether the first word of the line would have had room on the line before,
/// which reaches as far as the lines near it: beside a picture less far.
fn ends_short(before: &Line, line: &Line, near: &[Line]) -> bool {
    if before.text.ends_with(['-', '\u{ad}', '‐']) || is_centred(before, line) {
        return false;
    }
    let x0 = near.iter().map(|l| l.x0).fold(f32::MAX, f32::min);
    let x1 = near.iter().map(|l| l.x1).fold(f32::MIN, f32::max);
    let letters = line.text.chars().count().max(1) as f32;
    let word = line.text.split(' ').next().unwrap_or_default();
    let width = (line.x1 - line.x0) / letters * word.chars().count() as f32;
    let room = x1 - before.x1;
    room > width + line.size * 0.6
        && (ends_sentence(&before.text)
            || room > (x1 - x0) * 0.4 && line.x1 - before.x1 > (x1 - x0) * 0.4)
}

fn is_indented(before: &Line, line: &Line, shape: &Shape) -> bool {
    line.x0 > shape.x0 + line.size * 0.8
        && before.x0 < shape.x0 + before.size * 0.5
        && !is_centred(before, line)
        && !before.text.starts_with(['•', '▪', '◦', '‣', '-', '–'])
}

fn is_centred(before: &Line, line: &Line) -> bool {
    let middle = |l: &Line| (l.x0 + l.x1) / 2.0;
    (middle(before) - middle(line)).abs() < line.size * 0.5
        && (before.x0 - line.x0).abs() > line.size * 0.8
}

/// Whether a paragraph goes on in another column or on another page.
fn goes_on_elsewhere(
    before: &Line,
    shape_before: &Shape,
    line: &Line,
    shape: &Shape,
    indents: bool,
) -> bool {
    let room = shape_before.x1 - before.x1;
    let full = room < before.size * 2.0 || before.text.ends_with(['-', '\u{ad}', '‐']);
    let indented = line.x0 > shape.x0 + line.size * 0.8;
    alike(before, line)
        && !indented
        && if ends_sentence(&before.text) {
            indents && full
        } else {
            full || room < (shape_before.x1 - shape_before.x0) * 0.4
        }
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['”', '"', '’', '\'', ')', '»', '“'])
        .ends_with(['.', '!', '?', ':', '…'])
}

/// The words of the document that stand within a line, in lower case.
fn words(pages: &[Vec<Block>]) -> HashSet<String> {
    let lines = pages.iter().flatten().flat_map(|b| &b.lines);
    lines
        .flat_map(|line| line.text.split(' '))
        .map(bare)
        .collect()
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase()
}

/// Appends a line to a paragraph, undoing what the end of the line did.
fn append(paragraph: &mut String, line: &str, justified: bool, words: &HashSet<String>) {
    let last = paragraph.rsplit(' ').next().unwrap_or_default();
    let next = line.split(' ').next().unwrap_or_default();
    match hyphen(last, next, justified, words) {
        Hyphen::None => paragraph.push(' '),
        Hyphen::Real => {}
        Hyphen::Breaking => {
            paragraph.pop();
        }
    }
    paragraph.push_str(line);
}

/// What the end of a line is.
#[derive(Debug, PartialEq)]
enum Hyphen {
    /// The end of a word.
    None,
    /// The hyphen, or dash, of a word that goes on.
    Real,
    /// A hyphen that stands for the line break only.
    Breaking,
}

fn hyphen(last: &str, next: &str, justified: bool, words: &HashSet<String>) -> Hyphen {
    let Some(first_part) = last.strip_suffix(['-', '‐', '\u{ad}']) else {
        let glued = last.ends_with('—') && last.chars().count() > 1;
        return if glued { Hyphen::Real } else { Hyphen::None };
    };
    if !first_part.ends_with(char::is_alphanumeric) || AFTER_SUSPENDED.contains(&next) {
        return Hyphen::None;
    }
    if last.ends_with('\u{ad}') {
        return Hyphen::Breaking;
    }
    let compound = bare(&format!("{first_part}-{next}"));
    let joined = bare(&format!("{first_part}{next}"));
    if !next.starts_with(char::is_lowercase)
        || !first_part.ends_with(char::is_alphabetic)
        || words.contains(&compound)
    {
        return Hyphen::Real;
    }
    let usual = first_part.contains('-')
        || HYPHENATED.contains(&bare(first_part).as_str())
        || !justified && !last.ends_with('‐');
    if usual && !words.contains(&joined) {
        Hyphen::Real
    } else {
        Hyphen::Breaking
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, x0: f32, x1: f32, y: f32) -> Line {
        Line {
            x0,
            x1,
            y,
            size: 10.0,
            text: text.into(),
        }
    }

    fn of(lines: Vec<Line>) -> Vec<String> {
        paragraphs(&[vec![Block { lines }]])
    }

    #[test]
    fn indents_gaps_and_short_lines_part_paragraphs() {
        let indented = vec![
            line("One long line of text that", 10.0, 200.0, 90.0),
            line("fills it up to here again.", 0.0, 199.0, 80.0),
            line("Two", 10.0, 200.0, 70.0),
            line("goes on.", 0.0, 80.0, 60.0),
        ];
        assert_eq!(of(indented).len(), 2);
        let gap = vec![
            line("One", 0.0, 200.0, 90.0),
            line("more.", 0.0, 200.0, 78.0),
            line("Two", 0.0, 200.0, 60.0),
            line("more.", 0.0, 200.0, 48.0),
        ];
        assert_eq!(of(gap), ["One more.", "Two more."]);
        let short = vec![
            line("One", 0.0, 200.0, 90.0),
            line("ends.", 0.0, 60.0, 78.0),
            line("Two starts with a short word", 0.0, 200.0, 66.0),
        ];
        assert_eq!(of(short).len(), 2);
    }

    #[test]
    fn a_paragraph_goes_on_in_the_next_column_and_page() {
        let block = |text: &str, x: f32| Block {
            lines: vec![
                line(text, x, x + 100.0, 90.0),
                line("and so on to the", x, x + 100.0, 78.0),
            ],
        };
        let pages = [
            vec![block("First", 0.0), block("second", 120.0)],
            vec![block("third", 0.0)],
        ];
        assert_eq!(paragraphs(&pages).len(), 1);
    }

    #[test]
    fn hyphens() {
        let known = HashSet::from(["ferry-boat".into(), "cooperate".into()]);
        for (last, next, justified, expected) in [
            ("govern-", "ment", true, Hyphen::Breaking),
            ("govern‐", "ment", false, Hyphen::Breaking),
            ("govern\u{ad}", "ment", false, Hyphen::Breaking),
            ("well-", "known", true, Hyphen::Real),
            ("ferry-", "boat,", true, Hyphen::Real),
            ("crane-", "driver", false, Hyphen::Real),
            ("state-of-", "the-art", true, Hyphen::Real),
            ("Rhein-", "Main", true, Hyphen::Real),
            ("co-", "operate", false, Hyphen::Breaking),
            ("Kinder-", "und", true, Hyphen::None),
            ("-", "said", true, Hyphen::None),
            ("dash—", "and", true, Hyphen::Real),
            ("word", "word", true, Hyphen::None),
        ] {
            assert_eq!(
                hyphen(last, next, justified, &known),
                expected,
                "{last} {next}"
            );
        }
    }
}
