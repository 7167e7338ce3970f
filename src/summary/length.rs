//! How long a summary may be.

use super::features::Line;

/// A sentence of fewer words is not taken to fill what room is left: "Pick one."
const FILLER: usize = 6;

/// Bounds of a summary; all of them hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// Most sentences.
    pub sentences: usize,
    /// Most words, told apart by white space.
    pub words: usize,
    /// Most Unicode characters, sentences joined by a space.
    pub chars: usize,
    /// Largest share of the article's words, 0 to 1.
    pub ratio: f32,
}

impl Length {
    /// So many sentences, however long.
    #[must_use]
    pub fn sentences(sentences: usize) -> Self {
        Self {
            sentences,
            words: usize::MAX,
            chars: usize::MAX,
            ratio: 1.0,
        }
    }
}

/// What is left of a length while sentences are chosen.
#[derive(Debug, Clone)]
pub struct Room {
    sentences: usize,
    words: usize,
    chars: usize,
    /// Words and characters of each sentence; empty when they do not matter.
    sizes: Vec<(usize, usize)>,
    begun: bool,
    /// Words that a sentence needs: some, where no number of sentences is asked for.
    least: usize,
}

impl Room {
    /// Room for a summary of an article of these sentences.
    #[must_use]
    pub fn new(length: Length, lines: &[Line]) -> Self {
        let size = |line: &Line| {
            (
                line.text.split_whitespace().count(),
                line.text.chars().count(),
            )
        };
        let sizes: Vec<(usize, usize)> = lines.iter().map(size).collect();
        let all: usize = sizes.iter().map(|s| s.0).sum();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count of words"
        )]
        let share = (all as f64 * f64::from(length.ratio)).floor() as usize;
        Self {
            sentences: length.sentences,
            words: length.words.min(if length.ratio < 1.0 {
                share
            } else {
                usize::MAX
            }),
            chars: length.chars,
            sizes,
            begun: false,
            least: if length.sentences == usize::MAX {
                FILLER
            } else {
                0
            },
        }
    }

    /// Room for so many sentences, however long.
    #[must_use]
    pub fn sentences(sentences: usize) -> Self {
        let length = Length::sentences(sentences);
        Self::new(length, &[])
    }

    /// Whether a sentence has room.
    pub(super) fn holds(&self, sentence: usize) -> bool {
        let (words, chars) = self.size(sentence);
        self.sentences > 0 && (self.least..=self.words).contains(&words) && chars <= self.chars
    }

    /// Takes a sentence's room away.
    pub(super) fn take(&mut self, sentence: usize) {
        let (words, chars) = self.size(sentence);
        self.sentences -= 1;
        self.words -= words;
        self.chars -= chars;
        self.begun = true;
    }

    /// Words and characters that a sentence takes, with the space before it.
    fn size(&self, sentence: usize) -> (usize, usize) {
        let (words, chars) = self.sizes.get(sentence).copied().unwrap_or_default();
        (words, chars + usize::from(self.begun))
    }
}
