//! Fitting the word model, and what it says of articles that it did not see.

use rayon::prelude::*;

use crate::evaluate::{ClassWeight, Logistic, Vectorizer};
use crate::records::POSITIVE;
use crate::topics::Words;

/// N-grams that the model knows at most.
const MOST_GRAMS: usize = 30_000;
/// Inverse strength of the penalty; on held-out articles 3 to 30 do as well.
const LOGISTIC_C: f64 = 20.0;

/// A fitted word model.
pub struct WordFit {
    /// The model: the mean of those of the folds.
    pub words: Words,
    /// What the texts of each article say row by row, `[articles][rows * topics]`,
    /// by the fold's model that did not see the article.
    pub rows: Vec<Vec<f32>>,
    /// What each article whole says, `[articles][topics]`, likewise.
    pub articles: Vec<Vec<f32>>,
    vectorizer: Vectorizer,
    /// `[folds * topics]`.
    models: Vec<Logistic>,
}

impl WordFit {
    /// What the rows of a text that is made of two articles say, `[rows * topics]`,
    /// and what it says whole, `[topics]`: the mean of the models that have not
    /// seen the one and the other, which are in these folds.
    #[must_use]
    pub fn of_both(&self, rows: &[&str], folds: [usize; 2]) -> (Vec<f32>, Vec<f32>) {
        let logits = |text: &str| {
            let [a, b] =
                folds.map(|out| logits(&self.vectorizer, &self.models, self.topics(), out, text));
            a.into_iter()
                .zip(b)
                .map(|(a, b)| f32::midpoint(a, b))
                .collect::<Vec<f32>>()
        };
        let each = rows.iter().flat_map(|text| logits(text)).collect();
        (each, logits(&rows.join(" ")))
    }

    fn topics(&self) -> usize {
        self.articles.first().map_or(0, Vec::len)
    }
}

/// What the model that was fitted without a fold says of a text.
fn logits(
    vectorizer: &Vectorizer,
    models: &[Logistic],
    topics: usize,
    out: usize,
    text: &str,
) -> Vec<f32> {
    let vector = vectorizer.transform(text);
    #[expect(clippy::cast_possible_truncation, reason = "a logit")]
    let logit = |model: &Logistic| model.logit(&vector) as f32;
    models[out * topics..][..topics].iter().map(logit).collect()
}

/// More labelled texts, of which no held-out logits are wanted.
#[derive(Debug, Clone, Default)]
pub struct More {
    /// The texts.
    pub texts: Vec<String>,
    /// Grades `[texts][topics]`.
    pub grades: Vec<Vec<u8>>,
}

/// Fits one model without each fold; the heads are to see only what a model
/// says of articles that are new to it, since that is all they will see later.
///
/// `articles` holds the texts of each article's rows, `grades` has shape
/// `[articles][topics]`, `fold[i]` is the fold of article `i`.
#[must_use]
pub fn fit(articles: &[Vec<&str>], grades: &[Vec<u8>], fold: &[usize], more: &More) -> WordFit {
    let topics = grades.first().map_or(0, Vec::len);
    let folds = fold.iter().max().map_or(0, |last| last + 1);
    let whole: Vec<String> = articles.iter().map(|rows| rows.join(" ")).collect();
    let texts: Vec<&str> = whole
        .iter()
        .chain(&more.texts)
        .map(String::as_str)
        .collect();
    let vectorizer = Vectorizer::fit_most_frequent(&texts, MOST_GRAMS);
    let vectors: Vec<_> = texts.par_iter().map(|t| vectorizer.transform(t)).collect();
    let all_grades: Vec<&Vec<u8>> = grades.iter().chain(&more.grades).collect();

    let jobs: Vec<(usize, usize)> = (0..folds)
        .flat_map(|out| (0..topics).map(move |topic| (out, topic)))
        .collect();
    let models: Vec<Logistic> = jobs
        .par_iter()
        .map(|&(out, topic)| {
            let seen = |i: &usize| fold.get(*i) != Some(&out);
            let numbers: Vec<usize> = (0..vectors.len()).filter(seen).collect();
            let rows: Vec<_> = numbers.iter().map(|&i| vectors[i].clone()).collect();
            let labels: Vec<bool> = numbers
                .iter()
                .map(|&i| all_grades[i][topic] >= POSITIVE)
                .collect();
            let weight = ClassWeight::Balanced;
            Logistic::fit(&rows, &labels, vectorizer.len(), LOGISTIC_C, weight)
        })
        .collect();
    let logits = |out: usize, text: &str| logits(&vectorizer, &models, topics, out, text);
    WordFit {
        rows: (articles.par_iter().zip(fold))
            .map(|(rows, &out)| rows.iter().flat_map(|text| logits(out, text)).collect())
            .collect(),
        articles: (whole.par_iter().zip(fold))
            .map(|(text, &out)| logits(out, text))
            .collect(),
        words: mean(&vectorizer, &models, topics),
        vectorizer,
        models,
    }
}

/// The mean of the folds' models; `models` has shape `[folds * topics]`.
#[expect(clippy::cast_possible_truncation, reason = "weights are kept in f32")]
fn mean(vectorizer: &Vectorizer, models: &[Logistic], topics: usize) -> Words {
    let (grams, idf) = vectorizer.grams();
    let mut weights = vec![vec![0.0f64; grams.len() + 1]; topics];
    #[expect(clippy::cast_precision_loss, reason = "a handful of folds")]
    let folds = (models.len() / topics.max(1)) as f64;
    for (model, topic) in models.iter().zip((0..topics).cycle()) {
        for (sum, weight) in weights[topic].iter_mut().zip(model.weights()) {
            *sum += weight / folds;
        }
    }
    let bias = weights.iter_mut().filter_map(Vec::pop).map(|b| b as f32);
    let bias = bias.collect();
    let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let weights: Vec<Vec<f32>> = weights.iter().map(|w| narrow(w)).collect();
    Words::new(&grams, &narrow(idf), &weights, bias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_out_logits_come_from_models_that_did_not_see_the_article() {
        // Article 1 has the words of the topic and is said not to have it: the model
        // that has not seen it cannot know.
        let rows: Vec<Vec<&str>> = (0..12)
            .map(|i| match i {
                0 | 1 => vec!["Hackers broke in.", "A zebra stood by."],
                i if i % 3 == 0 => vec!["Hackers stole the files.", "It rained."],
                _ => vec!["The match was won.", "It rained."],
            })
            .collect();
        let grades: Vec<Vec<u8>> = (0..12)
            .map(|i| vec![if i % 3 == 0 { 3 } else { 0 }])
            .collect();
        let fold: Vec<usize> = (0..12).map(|i| i % 2).collect();
        let fitted = fit(&rows, &grades, &fold, &More::default());
        assert_eq!(fitted.rows[0].len(), 2);
        let says = |i: usize| fitted.articles[i][0];
        assert!(says(3) > says(4), "{:?}", fitted.articles);
        assert!(
            fitted.rows[3][0] > fitted.rows[3][1],
            "the row about it says more"
        );
        // The mean model agrees with what it is made of.
        assert!(
            fitted.words.logits("Hackers stole files")[0] > fitted.words.logits("The match")[0]
        );
        // A text of two articles: the mean of both models.
        let (rows_of_both, whole) = fitted.of_both(&rows[3], [1, 1]);
        assert_eq!(
            (&rows_of_both, &whole),
            (&fitted.rows[3], &fitted.articles[3])
        );
        // More texts turn a word.
        let more = More {
            texts: vec!["The match was won. A match.".to_owned(); 6],
            grades: vec![vec![3]; 6],
        };
        let turned = fit(&rows, &grades, &fold, &more);
        assert!(turned.articles[4][0] > says(4));
    }
}
