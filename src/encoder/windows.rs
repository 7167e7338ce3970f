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
}
