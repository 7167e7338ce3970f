//! ROUGE-N and summary-level ROUGE-L.
//!
//! C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", ACL
//! workshop Text Summarization Branches Out, 2004: section 2 (ROUGE-N) and
//! section 3.2 (summary-level ROUGE-L). Details follow Python's `rouge_score`
//! 0.1.2 with `use_stemmer=True`, the implementation papers report. All
//! figures are shares from 0 to 1.

use std::collections::HashMap;

use crate::summary::porter;

/// Precision (share of the candidate that is matched), recall (share of the
/// reference that is matched) and their harmonic mean, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Share of the candidate that is in the reference.
    pub precision: f64,
    /// Share of the reference that is in the candidate.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

impl Score {
    /// Units: tokens or n-grams. A share of nothing is 0.
    fn from_counts(hits: usize, candidate: usize, reference: usize) -> Self {
        let precision = hits as f64 / candidate.max(1) as f64;
        let recall = hits as f64 / reference.max(1) as f64;
        let f1 = if hits == 0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        };
        Self {
            precision,
            recall,
            f1,
        }
    }
}

/// A text as ROUGE reads it: stemmed words, by lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    lines: Vec<Vec<String>>,
}

impl Words {
    /// Reads a text; for [`rouge_lsum`] with a sentence on each line.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            lines: text.split('\n').map(tokens).collect(),
        }
    }

    /// Texts one after the other, as if joined by line ends.
    #[must_use]
    pub fn join<'a>(texts: impl IntoIterator<Item = &'a Self>) -> Self {
        let lines = texts.into_iter().flat_map(|t| t.lines.iter().cloned());
        Self {
            lines: lines.collect(),
        }
    }

    /// The words in a row.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().flatten().map(String::as_str)
    }

    /// The number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// ROUGE-N: overlap of n-grams, each counted at most as often as it occurs in
/// both texts. N-grams run across sentence ends. `n` = 0 scores 0.
#[must_use]
pub fn rouge_n(reference: &Words, candidate: &Words, n: usize) -> Score {
    if n == 0 {
        return Score::default();
    }
    let reference: Vec<&str> = reference.iter().collect();
    let candidate: Vec<&str> = candidate.iter().collect();
    let in_reference = counts(reference.windows(n));
    let in_candidate = counts(candidate.windows(n));
    let hits = in_reference
        .iter()
        .map(|(gram, count)| in_candidate.get(gram).map_or(0, |other| *count.min(other)))
        .sum();
    let grams = |words: &[&str]| (words.len() + 1).saturating_sub(n);
    Score::from_counts(hits, grams(&candidate), grams(&reference))
}

/// ROUGE-Lsum: for each reference sentence the union of its longest common
/// subsequences with every candidate sentence. Sentences stand on lines.
///
/// As in ROUGE-1.5.5, and unlike the paper, a word's hits are limited by how
/// often it occurs in the whole reference and in the whole candidate.
#[must_use]
pub fn rouge_lsum(reference: &Words, candidate: &Words) -> Score {
    let mut left_in_reference = counts(reference.iter());
    let mut left_in_candidate = counts(candidate.iter());
    let mut hits = 0;
    for sentence in &reference.lines {
        let mut in_union = vec![false; sentence.len()];
        for other in &candidate.lines {
            mark_lcs(sentence, other, &mut in_union);
        }
        for (word, matched) in sentence.iter().zip(in_union) {
            if matched
                && let Some(r) = left_in_reference.get_mut(word.as_str())
                && let Some(c) = left_in_candidate.get_mut(word.as_str())
                && *r > 0
                && *c > 0
            {
                hits += 1;
                *r -= 1;
                *c -= 1;
            }
        }
    }
    Score::from_counts(hits, candidate.len(), reference.len())
}

/// Lower-case runs of a-z and 0-9, stemmed where longer than 3 characters.
fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        .filter(|token| !token.is_empty())
        .map(|token| match token.len() {
            0..=3 => token.to_string(),
            _ => porter::stem(token),
        })
        .collect()
}

/// How often each item occurs.
fn counts<T: Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

/// Sets `marked[i]` for the reference tokens i of one longest common
/// subsequence. Several may be equally long, and the choice changes the union:
/// we walk back from both ends, and where dropping either last token keeps the
/// length, drop the reference's (as `rouge_score` does).
fn mark_lcs(reference: &[String], candidate: &[String], marked: &mut [bool]) {
    let width = candidate.len() + 1;
    // length[i * width + j]: LCS of the first i and the first j tokens.
    let mut length = vec![0usize; (reference.len() + 1) * width];
    for (i, r) in reference.iter().enumerate() {
        for (j, c) in candidate.iter().enumerate() {
            length[(i + 1) * width + j + 1] = if r == c {
                length[i * width + j] + 1
            } else {
                length[i * width + j + 1].max(length[(i + 1) * width + j])
            };
        }
    }
    let (mut i, mut j) = (reference.len(), candidate.len());
    while i > 0 && j > 0 {
        if reference[i - 1] == candidate[j - 1] {
            marked[i - 1] = true;
            i -= 1;
            j -= 1;
        } else if length[i * width + j - 1] > length[(i - 1) * width + j] {
            j -= 1;
        } else {
            i -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference, candidate, and [precision, recall, F1] of ROUGE-1, ROUGE-2 and
    /// ROUGE-Lsum, recorded from `rouge_score` 0.1.2 with `use_stemmer=True`.
    const RECORDED: &[(&str, &str, [[f64; 3]; 3])] = &[
        (
            "The minister resigned on Monday.",
            "The minister resigned on Monday.",
            [
                [1.00000000, 1.00000000, 1.00000000],
                [1.00000000, 1.00000000, 1.00000000],
                [1.00000000, 1.00000000, 1.00000000],
            ],
        ),
        (
            "Engineers patched the flawed routers overnight.",
            "Overnight the engineers were patching a router's flaws.",
            [
                [0.66666667, 1.00000000, 0.80000000],
                [0.00000000, 0.00000000, 0.00000000],
                [0.33333333, 0.50000000, 0.40000000],
            ],
        ),
        (
            "The vote was close.\nBoth sides claimed victories.",
            "Both sides are claiming victory.\nThe voting was close.",
            [
                [0.88888889, 1.00000000, 0.94117647],
                [0.62500000, 0.71428571, 0.66666667],
                [0.88888889, 1.00000000, 0.94117647],
            ],
        ),
        (
            "the bridge the bridge the bridge",
            "the bridge\nthe tower",
            [
                [0.75000000, 0.50000000, 0.60000000],
                [0.66666667, 0.40000000, 0.50000000],
                [0.75000000, 0.50000000, 0.60000000],
            ],
        ),
        (
            "One ferry sank near the port.\nNobody was hurt.\nThe port stayed closed for two days.",
            "The port closed for two days after one ferry sank.\nNobody on the ferry was hurt, the port said.",
            [
                [0.73684211, 0.87500000, 0.80000000],
                [0.50000000, 0.60000000, 0.54545455],
                [0.73684211, 0.87500000, 0.80000000],
            ],
        ),
        (
            "a b c d e",
            "e d c b a",
            [
                [1.00000000, 1.00000000, 1.00000000],
                [0.00000000, 0.00000000, 0.00000000],
                [0.20000000, 0.20000000, 0.20000000],
            ],
        ),
        (
            "Prices rose 3.5% in May; rents didn't.",
            "Rents did not rise, but prices rose 3.5 % in May",
            [
                [0.63636364, 0.77777778, 0.70000000],
                [0.50000000, 0.62500000, 0.55555556],
                [0.54545455, 0.66666667, 0.60000000],
            ],
        ),
        (
            "Café owners in Zürich protested.",
            "Cafe owner protests in Zurich",
            [
                [0.60000000, 0.50000000, 0.54545455],
                [0.00000000, 0.00000000, 0.00000000],
                [0.40000000, 0.33333333, 0.36363636],
            ],
        ),
        (
            "Rain fell.\n\nRivers swelled and the town's old mill flooded.",
            "\nThe old mill of the town was flooding\nas rivers swelled\nand rain fell, falling for hours.",
            [
                [0.58823529, 0.90909091, 0.71428571],
                [0.31250000, 0.50000000, 0.38461538],
                [0.52941176, 0.81818182, 0.64285714],
            ],
        ),
        (
            "Talks continue.",
            "Nothing matches here at all",
            [
                [0.00000000, 0.00000000, 0.00000000],
                [0.00000000, 0.00000000, 0.00000000],
                [0.00000000, 0.00000000, 0.00000000],
            ],
        ),
    ];

    #[test]
    fn recorded_from_rouge_score() {
        for (reference, candidate, expected) in RECORDED {
            let (reference, words) = (&Words::new(reference), &Words::new(candidate));
            let scores = [
                rouge_n(reference, words, 1),
                rouge_n(reference, words, 2),
                rouge_lsum(reference, words),
            ];
            for (score, expected) in scores.iter().zip(expected) {
                let got = [score.precision, score.recall, score.f1];
                for (a, b) in got.iter().zip(expected) {
                    assert!(
                        (a - b).abs() < 1e-6,
                        "{candidate:?}: {got:?} is not {expected:?}"
                    );
                }
            }
        }
    }

    /// Summaries of made-up articles beside readers' best sentences, recorded likewise.
    #[test]
    fn recorded_on_real_summaries() {
        #[derive(serde::Deserialize)]
        struct Recorded {
            reference: String,
            candidate: String,
            rouge: [[f64; 3]; 3],
        }
        let lines = include_str!("rouge/recorded.jsonl").lines();
        let recorded: Vec<Recorded> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
        assert!(recorded.len() >= 30);
        for pair in recorded {
            let (reference, candidate) =
                (&Words::new(&pair.reference), &Words::new(&pair.candidate));
            let scores = [
                rouge_n(reference, candidate, 1),
                rouge_n(reference, candidate, 2),
                rouge_lsum(reference, candidate),
            ];
            for (score, expected) in scores.iter().zip(pair.rouge) {
                let got = [score.precision, score.recall, score.f1];
                let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
                assert!(near, "{:?}: {got:?} is not {expected:?}", pair.candidate);
            }
        }
    }

    /// Worked by hand: the candidate's 3 words match 3 of the reference's 6, in
    /// order; of its 2 pairs one ("red boat") is in the reference.
    #[test]
    fn by_hand() {
        let (reference, candidate) = ("a red boat on blue water", "red boat water");
        let (reference, candidate) = (&Words::new(reference), &Words::new(candidate));
        let one = rouge_n(reference, candidate, 1);
        assert_eq!((one.precision, one.recall), (1.0, 0.5));
        assert!((one.f1 - 2.0 / 3.0).abs() < 1e-12);
        let two = rouge_n(reference, candidate, 2);
        assert_eq!((two.precision, two.recall), (0.5, 0.2));
        assert_eq!(rouge_lsum(reference, candidate), one);
    }

    #[test]
    fn joined_texts_are_lines() {
        let parts = [
            Words::new("One ferry sank."),
            Words::new("Nobody was hurt."),
        ];
        let whole = Words::new("One ferry sank.\nNobody was hurt.");
        assert_eq!(Words::join(&parts), whole);
        assert_eq!((whole.len(), Words::new("?!").is_empty()), (6, true));
    }

    #[test]
    fn odd_input() {
        for (reference, candidate) in [("", ""), ("a", ""), ("", "a"), ("!?", "\n\n"), ("é", "é")]
        {
            let (reference, candidate) = (&Words::new(reference), &Words::new(candidate));
            for n in 0..3 {
                assert_eq!(rouge_n(reference, candidate, n), Score::default());
            }
            assert_eq!(rouge_lsum(reference, candidate), Score::default());
        }
        assert_eq!(
            rouge_n(&Words::new("a b"), &Words::new("a b"), 3),
            Score::default()
        );
        assert_eq!(
            rouge_n(&Words::new("a"), &Words::new("a"), usize::MAX),
            Score::default()
        );
    }
}
