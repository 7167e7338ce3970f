//! Figures of article bodies that were extracted from web pages.

use std::collections::HashMap;

/// Words in a row that are compared.
const SHINGLE: usize = 4;

/// How well the body of a page was found, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PageScores {
    /// Share of the extracted text that belongs to the body.
    pub precision: f64,
    /// Share of the body that was extracted.
    pub recall: f64,
}

/// Means over pages, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExtractionFigures {
    /// Mean precision.
    pub precision: f64,
    /// Mean recall.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Judges an extracted text by the true body, as the public benchmark of article
/// extraction does (Scrapinghub, "Article Extraction Benchmark", 2020): by the
/// multisets of runs of four words.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of words")]
pub fn judge(body: &str, found: &str) -> PageScores {
    let (body, found) = (shingles(body), shingles(found));
    let shared: usize = body
        .iter()
        .map(|(shingle, count)| count.min(found.get(shingle).unwrap_or(&0)))
        .sum();
    let share = |of: &HashMap<Vec<&str>, usize>, other: &HashMap<Vec<&str>, usize>| {
        match of.values().sum::<usize>() {
            // Nothing found where nothing is to be found is right.
            0 => f64::from(u8::from(other.is_empty())),
            all => shared as f64 / all as f64,
        }
    };
    PageScores {
        precision: share(&found, &body),
        recall: share(&body, &found),
    }
}

/// The means over pages.
#[must_use]
pub fn mean(pages: impl Iterator<Item = PageScores>) -> ExtractionFigures {
    let (mut precision, mut recall, mut count) = (0.0, 0.0, 0.0f64);
    for page in pages {
        precision += page.precision;
        recall += page.recall;
        count += 1.0;
    }
    let (precision, recall) = (precision / count.max(1.0), recall / count.max(1.0));
    let f1 = if precision + recall > 0.0 {
        2.0 * precision * recall / (precision + recall)
    } else {
        0.0
    };
    ExtractionFigures {
        precision,
        recall,
        f1,
    }
}

/// The runs of words of a text and how often each occurs. A text of fewer
/// words is one run.
fn shingles(text: &str) -> HashMap<Vec<&str>, usize> {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .collect();
    let mut shingles = HashMap::new();
    for run in words.windows(SHINGLE.min(words.len()).max(1)) {
        *shingles.entry(run.to_vec()).or_default() += 1;
    }
    shingles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(body: &str, found: &str) -> (f64, f64) {
        let f = judge(body, found);
        (f.precision, f.recall)
    }

    #[test]
    fn runs_of_four_words_are_compared() {
        assert_eq!(figures("a b c d e", "A b c d e"), (0.5, 0.5));
        assert_eq!(figures("a b c d e", "a b, c d"), (1.0, 0.5));
        assert_eq!(figures("a b c d", "a b c d a b c d"), (0.2, 1.0));
        assert_eq!(figures("one two", "one two"), (1.0, 1.0));
        assert_eq!(figures("", ""), (1.0, 1.0));
        assert_eq!(figures("a b c d", ""), (0.0, 0.0));
        assert_eq!(figures("", "a b c d"), (0.0, 0.0));
    }

    #[test]
    fn f1_is_of_the_means() {
        let pages = [("a b c d", "a b c d"), ("a b c d", "a b c d e")];
        let f = mean(pages.into_iter().map(|(body, found)| judge(body, found)));
        assert_eq!((f.precision, f.recall), (0.75, 1.0));
        assert!((f.f1 - 1.5 / 1.75).abs() < 1e-12);
    }
}
