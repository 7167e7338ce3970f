//! Glyphs to the lines of a page.

use super::content::Glyph;
use super::initials;
use super::letters::{accented, tidy};

/// A gap as wide as this, in the size of the letters, parts words.
const WORD_GAP: f32 = 0.16;
/// A gap as wide as this may be the gutter between two columns.
const COLUMN_GAP: f32 = 0.75;

/// A stretch of text on one base line without a wide gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Left and right end.
    pub x0: f32,
    /// See `x0`.
    pub x1: f32,
    /// The base line; it grows upwards.
    pub y: f32,
    /// Size of most of its letters.
    pub size: f32,
    /// Its words, a space apart.
    pub text: String,
}

/// What stands on one base line, from left to right.
pub type Row = Vec<Line>;

/// Whether two lines are of about the same size.
pub fn alike(a: &Line, b: &Line) -> bool {
    (0.87..1.15).contains(&(a.size / b.size.max(0.1)))
}

/// The rows of a page from top to bottom, of the text that stands as most of
/// the page does.
pub fn rows(glyphs: Vec<Glyph>) -> Vec<Row> {
    let turn = usual_turn(&glyphs);
    let mut glyphs: Vec<Glyph> = glyphs.into_iter().filter(|g| g.turn == turn).collect();
    initials::lower(&mut glyphs);
    glyphs.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut rows = Vec::new();
    let mut rest = glyphs.into_iter().peekable();
    while let Some(first) = rest.next() {
        let (top, mut reach) = (first.y, first.size * 0.5);
        let mut row = vec![first];
        while let Some(next) = rest.next_if(|g| top - g.y < reach.min(g.size * 0.5).max(0.1)) {
            reach = reach.min(next.size * 0.5);
            row.push(next);
        }
        let lines = split(row);
        if !lines.is_empty() {
            rows.push(lines);
        }
    }
    rows
}

fn usual_turn(glyphs: &[Glyph]) -> u8 {
    let count = |turn: u8| glyphs.iter().filter(|g| g.turn == turn).count();
    (0..4).rev().max_by_key(|turn| count(*turn)).unwrap_or(0)
}

/// Splits the glyphs of a row at its wide gaps.
fn split(mut row: Vec<Glyph>) -> Row {
    row.sort_by(|a, b| a.x.total_cmp(&b.x));
    drop_doubles(&mut row);
    set_accents(&mut row);
    let tracking = tracking(&row);
    let mut lines: Row = Vec::new();
    let mut open: Vec<Glyph> = Vec::new();
    let mut end = f32::MIN;
    for glyph in row {
        if glyph.text.trim().is_empty() && !glyph.text.is_empty() {
            // How far a space reaches is shown by what follows it.
            if let Some(last) = open.last_mut() {
                last.text.push(' ');
            }
            continue;
        }
        if let Some(last) = open.last_mut() {
            let gap = glyph.x - end;
            let size = glyph.size.min(last.size);
            if gap > size * COLUMN_GAP + tracking {
                lines.extend(line(&open));
                open.clear();
            } else if gap > size * WORD_GAP + tracking && !last.text.ends_with(' ') {
                last.text.push(' ');
            }
        }
        end = end.max(glyph.end);
        open.push(glyph);
    }
    lines.extend(line(&open));
    lines
}

/// The usual gap between the letters of a row, where they are spaced out.
fn tracking(row: &[Glyph]) -> f32 {
    let mut gaps: Vec<f32> = row.windows(2).map(|p| p[1].x - p[0].end).collect();
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 2).map_or(0.0, |gap| gap.max(0.0))
}

/// Bold letters are at times the same letter drawn twice.
fn drop_doubles(row: &mut Vec<Glyph>) {
    row.dedup_by(|next, kept| {
        next.text == kept.text && (next.x - kept.x) < (kept.end - kept.x) * 0.3
    });
}

/// Some fonts have no accented letters, so that the accent is drawn over the
/// letter, before or after it.
fn set_accents(row: &mut Vec<Glyph>) {
    row.dedup_by(|next, kept| {
        let shared = kept.end.min(next.end) - next.x;
        if shared < (kept.end - kept.x).min(next.end - next.x) * 0.6 {
            return false;
        }
        let both = accented(&kept.text, &next.text).or_else(|| accented(&next.text, &kept.text));
        let Some(both) = both else { return false };
        kept.text = both.into();
        kept.end = kept.end.max(next.end);
        true
    });
}

fn line(glyphs: &[Glyph]) -> Option<Line> {
    if glyphs.is_empty() {
        return None;
    }
    let middle = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    let y = middle(glyphs.iter().map(|g| g.y).collect());
    let size = middle(glyphs.iter().map(|g| g.size).collect());
    let mut text = String::new();
    for glyph in glyphs {
        let raised = glyph.y > y + size * 0.2 && glyph.size < size * 0.9;
        if !(raised && is_note_mark(&glyph.text, &text)) {
            text.push_str(&glyph.text);
        } else if glyph.text.ends_with(' ') {
            text.push(' ');
        }
    }
    let text = tidy(&text);
    (!text.is_empty()).then(|| Line {
        x0: glyphs.iter().map(|g| g.x).fold(f32::MAX, f32::min),
        x1: glyphs.iter().map(|g| g.end).fold(f32::MIN, f32::max),
        y,
        size,
        text,
    })
}

/// Whether a small raised glyph is the mark of a note: a digit behind a word or
/// a punctuation mark, but not behind a unit, as in `km²`.
fn is_note_mark(glyph: &str, before: &str) -> bool {
    let letters = before
        .chars()
        .rev()
        .take_while(|c| c.is_alphabetic())
        .count();
    let punctuation = before.ends_with(['.', ',', ';', ':', '!', '?', '”', '"', ')', '’']);
    glyph.trim().chars().all(|c| c.is_ascii_digit()) && (letters > 2 || punctuation)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of a font whose every glyph is half as wide as high.
    fn typed(text: &str, x: f32, y: f32) -> Vec<Glyph> {
        let place = |(i, c): (usize, char)| Glyph {
            text: c.into(),
            x: x + i as f32 * 5.0,
            end: x + (i + 1) as f32 * 5.0,
            y,
            size: 10.0,
            turn: 0,
        };
        text.chars().enumerate().map(place).collect()
    }

    fn texts(rows: &[Row]) -> Vec<Vec<String>> {
        let texts = |row: &Row| row.iter().map(|l| l.text.clone()).collect();
        rows.iter().map(texts).collect()
    }

    #[test]
    fn gaps_part_words_and_columns() {
        let mut glyphs = typed("right", 300.0, 100.0);
        glyphs.extend(typed("below", 0.0, 88.0));
        glyphs.extend(typed("two", 0.0, 101.0));
        glyphs.extend(typed("words", 18.0, 100.0));
        assert_eq!(
            texts(&rows(glyphs)),
            [vec!["two words", "right"], vec!["below"]]
        );
    }

    #[test]
    fn marks_of_notes_go() {
        assert!(is_note_mark("1", "on Thursday"));
        assert!(is_note_mark("12 ", "on Thursday.”"));
        assert!(!is_note_mark("2", "40 km"));
        assert!(!is_note_mark("th", "on the 10"));
    }
}
