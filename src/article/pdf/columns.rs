//! The rows of a page to blocks in reading order.

use super::lines::{Line, Row, alike};

/// A column, or a part of one, from top to bottom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Columns within columns.
const MAX_DEPTH: usize = 3;
/// Gutters that are tried on a page.
const MAX_GUTTERS: usize = 16;
/// Two columns have at least so many lines, the shorter and the longer one.
const MIN_LINES: (usize, usize) = (2, 3);
/// The lines of a column are at least so wide on average, in the size of
/// their letters.
const MIN_WIDTH: f32 = 6.0;

/// Splits a page into blocks: a part in columns is read column by column,
/// what stands across the gutter on its own.
pub fn blocks(rows: Vec<Row>) -> Vec<Block> {
    let mut found = Vec::new();
    divide(rows, 0, &mut found);
    found
}

fn divide(rows: Vec<Row>, depth: usize, found: &mut Vec<Block>) {
    let gutter = if depth < MAX_DEPTH {
        gutter(&rows)
    } else {
        None
    };
    let Some(x) = gutter else {
        let (mut lines, mut beside) = (Vec::new(), Vec::new());
        for row in rows {
            let (own, other) = part_sizes(row);
            lines.extend(whole(own));
            beside.extend(whole(other));
        }
        for lines in [lines, beside] {
            if !lines.is_empty() {
                found.push(Block { lines });
            }
        }
        return;
    };
    let mut across = Vec::new();
    let mut rest = rows.into_iter().peekable();
    while let Some(row) = rest.next() {
        if crosses(&row, x) {
            across.push(row);
            continue;
        }
        if is_end_of_heading(&across, &row, rest.peek()) {
            across.push(row);
            continue;
        }
        let mut band = vec![row];
        while let Some(row) = rest.next_if(|row| !crosses(row, x)) {
            band.push(row);
        }
        if !in_columns(&band, x) {
            across.extend(band);
            continue;
        }
        // Nothing crosses any more, so that this ends.
        divide(std::mem::take(&mut across), depth + 1, found);
        let (left, right) = part(band, x);
        divide(left, depth + 1, found);
        divide(right, depth + 1, found);
    }
    divide(across, depth + 1, found);
}

/// Whether a short row is the last line of a heading that stands across the
/// columns: as large as the line above it, larger than the one below.
fn is_end_of_heading(across: &[Row], row: &Row, below: Option<&Row>) -> bool {
    let size = |row: &Row| row[0].size;
    let (Some(above), Some(below)) = (across.last(), below) else {
        return false;
    };
    row.len() == 1 && alike(&above[0], &row[0]) && size(row) > size(below) * 1.15
}

/// Parts what stands beside the text in another size, such as the caption of a
/// picture, from the text.
fn part_sizes(row: Row) -> (Row, Row) {
    let width = |line: &&Line| line.x1 - line.x0;
    let widest = row
        .iter()
        .max_by(|a, b| width(a).total_cmp(&width(b)))
        .cloned();
    row.into_iter()
        .partition(|line| widest.as_ref().is_none_or(|widest| alike(widest, line)))
}

/// The pieces of a row as one line.
fn whole(row: Row) -> Option<Line> {
    row.into_iter().reduce(|mut left, right| {
        left.text.push(' ');
        left.text.push_str(&right.text);
        left.x1 = left.x1.max(right.x1);
        left.size = left.size.max(right.size);
        left
    })
}

fn part(rows: Vec<Row>, x: f32) -> (Vec<Row>, Vec<Row>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in rows {
        let (l, r): (Row, Row) = row.into_iter().partition(|line| line.x0 < x);
        left.extend((!l.is_empty()).then_some(l));
        right.extend((!r.is_empty()).then_some(r));
    }
    (left, right)
}

fn crosses(row: &Row, x: f32) -> bool {
    row.iter().any(|line| line.x0 < x && line.x1 > x + 1.0)
}

/// The left edge of a column that the most rows respect.
fn gutter(rows: &[Row]) -> Option<f32> {
    let mut edges: Vec<i32> = rows.iter().flatten().map(|l| l.x0.round() as i32).collect();
    edges.sort_unstable();
    let mut edges: Vec<(usize, i32)> = edges
        .chunk_by(|a, b| b - a <= 1)
        .map(|group| (group.len(), group[0]))
        .filter(|(count, _)| *count >= MIN_LINES.0)
        .collect();
    edges.sort_unstable_by(|a, b| b.cmp(a));
    edges.truncate(MAX_GUTTERS);
    edges
        .into_iter()
        .map(|(_, edge)| edge as f32 - 1.5)
        .map(|x| (rows_in_columns(rows, x), x))
        .filter(|(count, _)| *count > 0)
        .max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(_, x)| x)
}

fn rows_in_columns(rows: &[Row], x: f32) -> usize {
    rows.split(|row| crosses(row, x))
        .filter(|band| in_columns(band, x))
        .map(<[Row]>::len)
        .sum()
}

fn in_columns(band: &[Row], x: f32) -> bool {
    let left = column_lines(band, |line| line.x0 < x);
    let right = column_lines(band, |line| line.x0 >= x);
    left.min(right) >= MIN_LINES.0 && left.max(right) >= MIN_LINES.1
}

/// How many lines the column on one side of a gutter has; none when they are
/// too narrow for one.
fn column_lines(band: &[Row], on_side: impl Fn(&Line) -> bool) -> usize {
    let width = |row: &Row| {
        let side = || row.iter().filter(|line| on_side(line));
        let x0 = side().map(|l| l.x0).reduce(f32::min)?;
        let x1 = side().map(|l| l.x1).reduce(f32::max)?;
        let size = side().map(|l| l.size).reduce(f32::max)?;
        Some((x1 - x0) / size.max(0.1))
    };
    let widths: Vec<f32> = band.iter().filter_map(width).collect();
    let wide = widths.iter().sum::<f32>() >= MIN_WIDTH * widths.len() as f32;
    if wide { widths.len() } else { 0 }
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

    fn texts(rows: Vec<Row>) -> Vec<String> {
        let text = |b: Block| {
            b.lines
                .into_iter()
                .map(|l| l.text)
                .collect::<Vec<_>>()
                .join("|")
        };
        blocks(rows).into_iter().map(text).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let rows = vec![
            vec![line("Title", 60.0, 260.0, 100.0)],
            vec![line("a", 0.0, 150.0, 80.0), line("d", 170.0, 320.0, 80.0)],
            vec![line("b", 0.0, 150.0, 70.0)],
            vec![line("e", 170.0, 320.0, 68.0)],
            vec![line("c", 0.0, 90.0, 60.0)],
            vec![line("across", 0.0, 320.0, 40.0)],
        ];
        assert_eq!(texts(rows), ["Title", "a|b|c", "d|e", "across"]);
    }

    #[test]
    fn three_columns() {
        let row = |y: f32, texts: [&str; 3]| -> Row {
            (0..3)
                .map(|i| line(texts[i], i as f32 * 110.0, i as f32 * 110.0 + 100.0, y))
                .collect()
        };
        let rows = vec![
            row(30.0, ["a", "d", "g"]),
            row(20.0, ["b", "e", "h"]),
            row(10.0, ["c", "f", "i"]),
        ];
        assert_eq!(texts(rows), ["a|b|c", "d|e|f", "g|h|i"]);
    }

    #[test]
    fn a_table_stays_in_rows() {
        let row = |y: f32, texts: [&str; 2]| -> Row {
            vec![
                line(texts[0], 0.0, 40.0, y),
                line(texts[1], 100.0, 130.0, y),
            ]
        };
        let rows = vec![row(30.0, ["Fish", "3"]), row(20.0, ["Bread", "4"])];
        assert_eq!(texts(rows), ["Fish 3|Bread 4"]);
    }
}
