//! Figures of sentence splitting.

use std::collections::HashSet;
use std::ops::{AddAssign, Range};

/// Counts over texts with known sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SentenceFigures {
    /// Texts.
    pub texts: usize,
    /// Texts whose sentences were all found, and no others.
    pub exact: usize,
    /// Sentence ends in the texts.
    pub ends: usize,
    /// Sentence ends that were found.
    pub found: usize,
    /// Sentence ends that were found and are in the texts.
    pub right: usize,
}

impl AddAssign for SentenceFigures {
    fn add_assign(&mut self, other: Self) {
        self.texts += other.texts;
        self.exact += other.exact;
        self.ends += other.ends;
        self.found += other.found;
        self.right += other.right;
    }
}

impl SentenceFigures {
    /// Adds a text, its true sentences in order and those that were found, as
    /// ranges of bytes. A sentence's end counts, also the text's own; white
    /// space does not.
    pub fn add(&mut self, text: &str, truth: &[&str], found: &[Range<usize>]) {
        let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).count();
        let ends = |lengths: &mut dyn Iterator<Item = usize>| -> HashSet<usize> {
            let mut end = 0;
            lengths
                .filter(|length| *length > 0)
                .map(|length| {
                    end += length;
                    end
                })
                .collect()
        };
        let truth = ends(&mut truth.iter().map(|s| letters(s)));
        let found = ends(&mut found.iter().map(|s| letters(&text[s.clone()])));
        self.texts += 1;
        self.exact += usize::from(truth == found);
        self.ends += truth.len();
        self.found += found.len();
        self.right += truth.intersection(&found).count();
    }

    /// F1 of the sentence ends, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
    pub fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.ends + self.found).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_compared_without_white_space() {
        let text = "It rained.  Nobody came. At all.";
        let mut figures = SentenceFigures::default();
        figures.add(
            text,
            &["It rained.", "Nobody came.", "At all."],
            &[0..10, 12..24, 25..32],
        );
        assert_eq!((figures.exact, figures.f1()), (1, 1.0));
        figures.add(
            text,
            &["It rained.", "Nobody came.", "At all."],
            &[0..24, 25..32],
        );
        assert_eq!((figures.texts, figures.exact), (2, 1));
        assert_eq!((figures.ends, figures.found, figures.right), (6, 5, 5));
    }
}
