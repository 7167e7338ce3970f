//! Running heads, footers and page numbers.

use std::collections::HashMap;

use super::lines::Row;

/// Rows at either end of a page that may be furniture.
const DEPTH: usize = 3;
/// The outer part of a page where a small line alone is furniture.
const MARGIN: f32 = 0.09;

/// A page: its rows, and its upper and lower edge.
#[derive(Debug, Default)]
pub struct PageRows {
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Upper edge.
    pub top: f32,
    /// Lower edge.
    pub bottom: f32,
}

/// Where on their pages the rows of each text stand: as it is, and with its
/// numbers made alike.
#[derive(Debug, Default)]
struct Seen {
    same: HashMap<String, Vec<f32>>,
    alike: HashMap<String, Vec<f32>>,
}

impl Seen {
    fn add(&mut self, row: &Row) {
        self.same.entry(text(row)).or_default().push(y(row));
        self.alike.entry(key(row)).or_default().push(y(row));
    }

    /// Whether a row stands in its place on several pages. Body text may differ
    /// in its numbers alone, too, from page to page.
    fn repeats(&self, row: &Row, body_size: f32) -> bool {
        let several = |places: Option<&Vec<f32>>| {
            let here = |other: &&f32| (**other - y(row)).abs() < body_size * 0.3;
            places.is_some_and(|places| places.iter().filter(here).count() > 1)
        };
        several(self.same.get(&text(row)))
            || (several(self.alike.get(&key(row))) && !is_sentence(row))
    }
}

/// Takes the furniture off the pages.
pub fn remove(pages: &mut [PageRows]) {
    let mut seen = Seen::default();
    for page in pages.iter() {
        let inner = DEPTH..page.rows.len().saturating_sub(DEPTH);
        for (n, row) in page.rows.iter().enumerate() {
            if !inner.contains(&n) {
                seen.add(row);
            }
        }
    }
    let body_size = body_size(pages);
    for page in pages {
        for at_top in [true, false] {
            strip(page, at_top, body_size, &seen);
        }
    }
}

fn ends(rows: &[Row], at_top: bool) -> Vec<&Row> {
    match at_top {
        true => rows.iter().take(DEPTH).collect(),
        false => rows.iter().rev().take(DEPTH).collect(),
    }
}

fn strip(page: &mut PageRows, at_top: bool, body_size: f32, seen: &Seen) {
    for _ in 0..DEPTH {
        let mut outer = ends(&page.rows, at_top).into_iter();
        let Some(row) = outer.next().filter(|_| page.rows.len() > 1) else {
            return;
        };
        let gap = outer
            .next()
            .map_or(f32::MAX, |next| (y(row) - y(next)).abs());
        let repeated = seen.repeats(row, body_size);
        let edge = if at_top { page.top } else { page.bottom };
        let in_margin = (edge - y(row)).abs() < (page.top - page.bottom).abs() * MARGIN;
        let apart = gap > body_size * 2.0;
        let small = row.iter().all(|line| line.size < body_size * 0.93);
        if !(repeated || apart && is_page_number(row) || apart && in_margin && small) {
            return;
        }
        if at_top {
            page.rows.remove(0);
        } else {
            page.rows.pop();
        }
    }
}

fn y(row: &Row) -> f32 {
    row[0].y
}

/// The size of most of the text.
fn body_size(pages: &[PageRows]) -> f32 {
    let mut letters: HashMap<i32, usize> = HashMap::new();
    for line in pages.iter().flat_map(|p| &p.rows).flatten() {
        *letters.entry((line.size * 4.0).round() as i32).or_default() += line.text.len();
    }
    let usual = letters
        .into_iter()
        .max_by_key(|(size, count)| (*count, *size));
    usual.map_or(0.0, |(size, _)| size as f32 / 4.0)
}

fn text(row: &Row) -> String {
    let texts: Vec<&str> = row.iter().map(|line| line.text.as_str()).collect();
    texts.join(" ")
}

/// A row with its numbers made alike, as page numbers count up.
fn key(row: &Row) -> String {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let mut key: String = text(row).chars().map(digit).collect();
    while key.contains("00") {
        key = key.replace("00", "0");
    }
    key
}

/// Whether a row reads like a sentence, or the end of one, with a number in it.
fn is_sentence(row: &Row) -> bool {
    let text = text(row);
    let ends = text.trim_end_matches(['"', '”', '’', ')']);
    text.contains(|c: char| c.is_ascii_digit())
        && text.split_whitespace().count() >= 4
        && ends.ends_with(['.', '?', '!', ',', ';', ':'])
}

fn is_page_number(row: &Row) -> bool {
    let text = text(row).to_lowercase();
    let apart = |c: char| !c.is_alphanumeric() && !matches!(c, ',' | '.');
    let words: Vec<&str> = text.split(apart).filter(|w| !w.is_empty()).collect();
    let number = |w: &&str| {
        w.len() <= 4
            && (w.bytes().all(|b| b.is_ascii_digit()) || w.bytes().all(|b| b"ivxl".contains(&b)))
    };
    let around = |w: &&str| ["page", "p.", "of", "seite", "von", "s."].contains(w);
    (1..=4).contains(&words.len())
        && words.iter().any(number)
        && words.iter().all(|w| number(w) || around(w))
}

#[cfg(test)]
mod tests {
    use super::super::lines::Line;
    use super::*;

    fn row(text: &str, y: f32) -> Row {
        vec![Line {
            x0: 0.0,
            x1: 100.0,
            y,
            size: 10.0,
            text: text.into(),
        }]
    }

    fn page(texts: &[(&str, f32)]) -> PageRows {
        let rows = texts.iter().map(|(text, y)| row(text, *y)).collect();
        PageRows {
            rows,
            top: 800.0,
            bottom: 0.0,
        }
    }

    fn left(mut pages: Vec<PageRows>) -> Vec<String> {
        remove(&mut pages);
        pages.iter().flat_map(|p| &p.rows).map(text).collect()
    }

    #[test]
    fn repeated_heads_and_numbers_go() {
        let pages = vec![
            page(&[
                ("The Courier, 3 May", 780.0),
                ("Body one", 700.0),
                ("Body two", 690.0),
                ("9", 20.0),
            ]),
            page(&[
                ("The Courier, 3 May", 780.0),
                ("Body three", 700.0),
                ("Body four", 690.0),
                ("10", 20.0),
            ]),
        ];
        assert_eq!(
            left(pages),
            ["Body one", "Body two", "Body three", "Body four"]
        );
    }

    #[test]
    fn sentences_that_differ_in_a_number_are_text() {
        let day = |n: u32, rest: &str| {
            let line = format!("On day {n} of the trial the court heard two men.");
            page(&[
                (line.as_str(), 780.0),
                (rest, 700.0),
                ("Copyright 2024 The Courier. All rights reserved.", 20.0),
            ])
        };
        let left = left(vec![day(1, "They were calm"), day(2, "They left")]);
        assert_eq!(left.len(), 4, "{left:?}");
        assert!(left[2].starts_with("On day 2"));
    }

    #[test]
    fn a_page_alone_loses_its_number_but_no_text() {
        let pages = vec![page(&[
            ("12 of them left", 700.0),
            ("in May", 690.0),
            ("- 1 -", 20.0),
        ])];
        assert_eq!(left(pages), ["12 of them left", "in May"]);
        let pages = vec![page(&[("They left in", 700.0), ("1954", 688.0)])];
        assert_eq!(left(pages), ["They left in", "1954"]);
    }

    #[test]
    fn page_numbers() {
        let numbers = ["7", "Page 3 of 12", "- 4 -", "xii", "Seite 2 von 3", "1/2"];
        assert!(numbers.iter().all(|text| is_page_number(&row(text, 0.0))));
        let others = ["Page", "3 dead", "2026 in review", "12,400,123"];
        assert!(!others.iter().any(|text| is_page_number(&row(text, 0.0))));
    }
}
