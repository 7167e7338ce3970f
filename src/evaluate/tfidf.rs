//! The classical baseline: TF-IDF features and logistic regression.
//!
//! Texts are vectorised once, by [`Vectorizer::fit`]; then comes
//! [`Logistic::fit`](super::Logistic::fit) for each label. Everything is deterministic.

use std::collections::HashMap;

use super::logistic::Row;
use crate::topics::for_each_gram;

/// Word 1- and 2-grams weighted by TF-IDF, by scikit-learn's definitions
/// (`TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)`):
/// (1 + ln tf) x (ln((1 + n) / (1 + df)) + 1), then scaled to Euclidean length 1.
#[derive(Clone, Debug)]
pub struct Vectorizer {
    /// N-gram, words joined by a space, to its feature number.
    features: HashMap<String, u32>,
    /// Inverse document frequency of each feature.
    idf: Vec<f64>,
}

impl Vectorizer {
    /// N-grams in fewer texts than this are dropped.
    const MIN_DOCUMENT_FREQUENCY: usize = 2;

    /// Takes the n-grams and their document frequencies from `texts`.
    pub fn fit(texts: &[&str]) -> Self {
        Self::fit_most_frequent(texts, usize::MAX)
    }

    /// The same with at most so many n-grams: those that the most texts hold.
    pub fn fit_most_frequent(texts: &[&str], most: usize) -> Self {
        let mut frequency: HashMap<String, usize> = HashMap::new();
        for text in texts {
            for gram in counted_grams(text).into_keys() {
                *frequency.entry(gram).or_insert(0) += 1;
            }
        }
        let mut kept: Vec<(String, usize)> = frequency
            .into_iter()
            .filter(|(_, df)| *df >= Self::MIN_DOCUMENT_FREQUENCY)
            .collect();
        kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        kept.truncate(most);
        // Numbered by the alphabet, so that sums run in the same order always.
        kept.sort_unstable();
        let n = texts.len() as f64;
        Self {
            idf: kept
                .iter()
                .map(|(_, df)| ((1.0 + n) / (1.0 + *df as f64)).ln() + 1.0)
                .collect(),
            features: (0..).zip(kept).map(|(i, (gram, _))| (gram, i)).collect(),
        }
    }

    /// The n-grams with their inverse document frequencies, by feature number.
    pub fn grams(&self) -> (Vec<&str>, &[f64]) {
        let mut grams = vec![""; self.idf.len()];
        for (gram, &feature) in &self.features {
            grams[feature as usize] = gram;
        }
        (grams, &self.idf)
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.idf.len()
    }

    /// Whether no n-gram was frequent enough.
    pub fn is_empty(&self) -> bool {
        self.idf.is_empty()
    }

    /// The features of one text, of unit length; empty where it holds no known n-gram.
    pub fn transform(&self, text: &str) -> Row {
        let mut row: Row = counted_grams(text)
            .into_iter()
            .filter_map(|(gram, count)| Some((*self.features.get(&gram)?, count)))
            .map(|(i, count)| (i, (1.0 + f64::from(count).ln()) * self.idf[i as usize]))
            .collect();
        row.sort_unstable_by_key(|(feature, _)| *feature);
        let length = row.iter().map(|(_, x)| x * x).sum::<f64>().sqrt();
        row.iter_mut().for_each(|(_, x)| *x /= length);
        row
    }
}

/// The text's word 1- and 2-grams with their counts.
fn counted_grams(text: &str) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for_each_gram(text, |gram| match counts.get_mut(gram) {
        Some(count) => *count += 1,
        None => {
            counts.insert(gram.to_owned(), 1);
        }
    });
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::logistic::{ClassWeight, Logistic};

    fn fit(texts: &[&str], labels: &[bool], c: f64, weight: ClassWeight) -> impl Fn(&str) -> f64 {
        let vectorizer = Vectorizer::fit(texts);
        let rows: Vec<Row> = texts.iter().map(|t| vectorizer.transform(t)).collect();
        let model = Logistic::fit(&rows, labels, vectorizer.len(), c, weight);
        move |text| model.probability(&vectorizer.transform(text))
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn features() {
        let texts = ["Red car, red bus", "a red car", "blue sky!"];
        let vectorizer = Vectorizer::fit(&texts);
        // In two texts or more: "car", "red", "red car"; "a" is too short.
        assert_eq!(vectorizer.len(), 3);
        let row = vectorizer.transform(texts[0]);
        // All have the same idf; tf is 1, 2 and 1.
        let red = 1.0 + 2f64.ln();
        let length = (2.0 + red * red).sqrt();
        close(row[0].1, 1.0 / length);
        close(row[1].1, red / length);
        close(row[2].1, 1.0 / length);
        assert!(vectorizer.transform("nothing known").is_empty());
        assert!(vectorizer.transform("").is_empty());
    }

    /// Recorded from scikit-learn 1.9 (`class_weight="balanced"`, C = 3, solved
    /// to 1e-12), whose `token_pattern` was set to `[^\W_]{2,}`.
    #[test]
    fn recorded_from_scikit_learn() {
        let texts = [
            "hackers stole the passwords",
            "the hackers stole data",
            "the council fixed the road",
            "the road to the coast is open",
            "passwords and data on the coast",
            "the council met the hackers",
        ];
        let labels = [true, true, false, false, false, false];
        let asked = [
            "the hackers met on the open road",
            "stole passwords",
            "unknown",
        ];
        let balanced = fit(&texts, &labels, 3.0, ClassWeight::Balanced);
        for (text, expected) in asked.iter().zip([0.416094581, 0.642275407, 0.407315230]) {
            close(balanced(text), expected);
        }
        let equal = fit(&texts, &labels, 3.0, ClassWeight::Equal);
        for (text, expected) in asked.iter().zip([0.308590621, 0.519488412, 0.301462873]) {
            close(equal(text), expected);
        }
    }

    #[test]
    fn missing_class_and_odd_input() {
        let balanced = ClassWeight::Balanced;
        let model = fit(&["one two", "one two"], &[true, true], 1.0, balanced);
        close(model("one two"), 0.75);
        close(fit(&[], &[], 1.0, balanced)("x"), 0.5);
        for c in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
            let texts = ["up up", "down up", "down"];
            let model = fit(&texts, &[true, false, false], c, balanced);
            assert!((0.0..=1.0).contains(&model("up down")));
        }
    }
}
