//! Which tokens go into which window.

use std::ops::Range;

/// A text, or a part of a long one, inside a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of the text within its article.
    pub text: usize,
    /// Which of the text's tokens.
    pub tokens: Range<usize>,
}

/// Packs an article's texts, given by their token counts, into windows of at
/// most `room` tokens, in order. Texts stay whole where they fit into a window;
/// the windows are filled evenly, so that the last one is no short remainder
/// whose sentences see little context.
pub fn pack(lengths: &[usize], room: usize) -> Vec<Vec<Piece>> {
    let total: usize = lengths.iter().sum();
    let even = total.div_ceil(total.div_ceil(room).max(1));
    let mut windows = Vec::new();
    let mut window = Vec::new();
    let mut filled = 0;
    for (text, &length) in lengths.iter().enumerate() {
        let mut start = 0;
        while start < length {
            let rest = length - start;
            let fits = filled + rest <= room;
            if filled > 0 && (filled >= even || (!fits && rest <= room)) {
                windows.push(std::mem::take(&mut window));
                filled = 0;
            }
            let end = start + rest.min(room - filled);
            window.push(Piece {
                text,
                tokens: start..end,
            });
            filled += end - start;
            start = end;
            if filled == room {
                windows.push(std::mem::take(&mut window));
                filled = 0;
            }
        }
    }
    if !window.is_empty() {
        windows.push(window);
    }
    windows
}

/// Windows ready for an engine: their tokens packed one after the other.
#[derive(Debug, Default)]
pub struct Windows {
    ids: Vec<u32>,
    windows: Vec<Range<usize>>,
    spans: Vec<Range<usize>>,
}

/// Consecutive windows that an engine runs together.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Their numbers.
    pub windows: Range<usize>,
    /// Their rows.
    pub rows: Range<usize>,
    /// The numbers of the spans in them.
    pub spans: Range<usize>,
}

impl Windows {
    /// Begins a window with tokens of which no sum is wanted.
    pub fn begin(&mut self, prefix: &[u32]) {
        let start = self.ids.len();
        self.ids.extend(prefix);
        self.windows.push(start..self.ids.len());
    }

    /// Adds tokens to the last window, as a span of which the sum is wanted.
    pub fn add_span(&mut self, ids: &[u32]) {
        let start = self.ids.len();
        self.end(ids);
        self.spans.push(start..self.ids.len());
    }

    /// Adds tokens of which no sum is wanted to the last window.
    pub fn end(&mut self, suffix: &[u32]) {
        self.ids.extend(suffix);
        if let Some(window) = self.windows.last_mut() {
            window.end = self.ids.len();
        }
    }

    /// All tokens.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Which tokens belong to which window.
    pub fn windows(&self) -> &[Range<usize>] {
        &self.windows
    }

    /// The spans of which sums are wanted, in order; each lies in one window.
    pub fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    /// Splits the windows into groups of at most `rows` rows, or of one window.
    pub fn groups(&self, rows: usize) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut span = 0;
        for (number, window) in self.windows.iter().enumerate() {
            match groups.last_mut() {
                Some(group) if window.end - group.rows.start <= rows => {
                    group.windows.end = number + 1;
                    group.rows.end = window.end;
                }
                _ => groups.push(Group {
                    windows: number..number + 1,
                    rows: window.clone(),
                    spans: span..span,
                }),
            }
            while self.spans.get(span).is_some_and(|s| s.end <= window.end) {
                span += 1;
            }
            if let Some(group) = groups.last_mut() {
                group.spans.end = span;
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_token_is_in_exactly_one_window_in_order(
            lengths in proptest::collection::vec(0usize..700, 0..60),
            room in 1usize..300,
        ) {
            let windows = pack(&lengths, room);
            let mut next = vec![0; lengths.len()];
            let mut last = 0;
            for window in &windows {
                let size: usize = window.iter().map(|p| p.tokens.len()).sum();
                prop_assert!(size > 0 && size <= room);
                for piece in window {
                    prop_assert!(piece.text >= last);
                    last = piece.text;
                    prop_assert_eq!(piece.tokens.start, next[piece.text]);
                    next[piece.text] = piece.tokens.end;
                }
            }
            prop_assert_eq!(next, lengths);
        }

        #[test]
        fn a_text_that_fits_is_never_split(
            lengths in proptest::collection::vec(1usize..100, 1..60),
        ) {
            let pieces: usize = pack(&lengths, 100).iter().map(Vec::len).sum();
            prop_assert_eq!(pieces, lengths.len());
        }
    }

    #[test]
    fn windows_are_filled_evenly() {
        let sizes: Vec<usize> = pack(&[20; 15], 254)
            .iter()
            .map(|w| w.iter().map(|p| p.tokens.len()).sum())
            .collect();
        assert_eq!(sizes, [160, 140]);
    }

    #[test]
    fn groups_hold_whole_windows_with_their_spans() {
        let mut windows = Windows::default();
        for spans in [&[3, 2][..], &[6], &[], &[1, 1, 1]] {
            windows.begin(&[101]);
            for length in spans {
                windows.add_span(&vec![7; *length]);
            }
            windows.end(&[102]);
        }
        assert_eq!(windows.windows(), [0..7, 7..15, 15..17, 17..22]);
        assert_eq!(windows.spans(), [1..4, 4..6, 8..14, 18..19, 19..20, 20..21]);
        let group = |windows, rows, spans| Group {
            windows,
            rows,
            spans,
        };
        let expected = [
            group(0..1, 0..7, 0..2),
            group(1..3, 7..17, 2..3),
            group(3..4, 17..22, 3..6),
        ];
        assert_eq!(windows.groups(10), expected);
        assert_eq!(windows.groups(1).len(), 4, "a window is never split");
        assert_eq!(Windows::default().groups(10), []);
    }
}
