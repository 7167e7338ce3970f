//! Topic labels beside keyword counts, TF-IDF and the most frequent answer.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::figures::{Figures, Measured, measure, measure_one};
use super::labels::{self, Labelling, Truth, confusion};
use super::logistic::{ClassWeight, Logistic};
use super::resample::{Resampling, folds};
use super::results::{Part, Slice, Task};
use super::tfidf::Vectorizer;
use super::{keywords, slices};
use crate::article::Article;
use crate::records::POSITIVE;

/// The name of the baseline that counts keywords.
pub const KEYWORDS: &str = "keyword counts";
/// The name of the TF-IDF baseline.
pub const TFIDF: &str = "TF-IDF + logistic regression";
/// Fewest articles that it is fitted on.
const FEWEST: usize = 8;
/// Inverse strength of the penalty of the TF-IDF baseline, chosen by
/// cross-validation on labelled news.
const LOGISTIC_C: f64 = 30.0;
/// Folds of the TF-IDF baseline.
const FOLDS: usize = 5;

/// A labelled article and what the model said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the simple methods read.
    pub text: Text,
    /// A reader's grade for each topic, 0 to 3.
    pub grades: Vec<u8>,
    /// Whether readers graded, and did not only list topics.
    pub graded: bool,
    /// Whether the model labels it with each topic, and the probability; a
    /// failed article is labelled with nothing.
    pub model: Vec<(bool, f64)>,
    /// In which slices it is, see [`cases::traits`](super::cases::traits).
    pub traits: BTreeMap<String, String>,
}

/// An article as the simple methods read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Title and text.
    pub words: String,
    /// What copies of it have in common: the text with single spaces.
    body: String,
}

impl Text {
    /// Takes it from an article.
    #[must_use]
    pub fn of(article: &Article) -> Self {
        let title = article.title.as_deref().unwrap_or_default();
        let body: Vec<&str> = article.text.split_whitespace().collect();
        Self {
            words: format!("{title}\n{}", article.text),
            body: body.join(" "),
        }
    }
}

/// Articles to fit the TF-IDF baseline on: texts, and whether each topic holds,
/// `[topics][articles]`.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// The articles.
    pub texts: Vec<Text>,
    /// Whether each topic holds.
    pub holds: Vec<Vec<bool>>,
}

/// The part, and what each method said, in the order of the part's methods.
#[must_use]
pub fn part(
    model: &str,
    topics: &[String],
    judged: &[Judged],
    training: Option<&Training>,
    resampling: Resampling,
) -> (Part, Vec<Labelling>) {
    let truth = truth(topics, judged);
    let mut labellings = vec![(model.to_owned(), own(topics.len(), judged))];
    let texts: Vec<&Text> = judged.iter().map(|j| &j.text).collect();
    if let Some(labelling) = keyword_counts(topics, &texts) {
        labellings.push((KEYWORDS.to_owned(), labelling));
    }
    let tfidf = match training {
        Some(training) => fitted_elsewhere(training, &texts),
        None => cross_fitted(&truth, &texts, resampling.seed),
    };
    labellings.extend(tfidf.map(|l| (TFIDF.to_owned(), l)));
    labellings.push(("majority".to_owned(), majority(&truth)));

    let methods: Vec<Measured> = labellings
        .iter()
        .map(|(name, labelling)| -> Measured {
            let truth = &truth;
            (
                name.clone(),
                Box::new(move |picked| labels::figures(labelling, truth, picked)),
            )
        })
        .collect();
    let measured = measure(&methods, judged.len(), resampling);
    drop(methods);
    let labellings: Vec<Labelling> = labellings.into_iter().map(|(_, l)| l).collect();
    let part = Part {
        task: Task::Topics,
        items: judged.len(),
        counts: topics.iter().cloned().zip(truth.positives()).collect(),
        methods: measured,
        confusion: Some(confusion(&labellings[0].labels, &truth)),
        slices: sliced(topics, judged, &labellings[0], &truth, resampling),
    };
    (part, labellings)
}

/// Which topics hold for which articles.
fn truth(topics: &[String], judged: &[Judged]) -> Truth {
    Truth::new(topics, judged.len(), |topic, i| {
        judged[i].grades[topic] >= POSITIVE
    })
}

/// What the model said.
fn own(topics: usize, judged: &[Judged]) -> Labelling {
    let column = |t: usize| judged.iter().map(move |j| j.model[t]);
    Labelling {
        labels: (0..topics)
            .map(|t| column(t).map(|m| m.0).collect())
            .collect(),
        probabilities: Some(
            (0..topics)
                .map(|t| column(t).map(|m| m.1).collect())
                .collect(),
        ),
    }
}

/// Keyword counts; `None` for topics that there are no keywords for.
fn keyword_counts(topics: &[String], texts: &[&Text]) -> Option<Labelling> {
    let known = |id: &String| keywords::TOPICS.iter().any(|t| t.name == *id);
    let holds = |id: &String| {
        let texts = texts.par_iter();
        texts.map(|t| keywords::holds(id, &t.words)).collect()
    };
    topics.iter().all(known).then(|| Labelling {
        labels: topics.iter().map(holds).collect(),
        probabilities: None,
    })
}

/// TF-IDF fitted on other articles, less copies of those that are judged;
/// `None` when too few are left.
fn fitted_elsewhere(training: &Training, texts: &[&Text]) -> Option<Labelling> {
    let judged: HashSet<&str> = texts.iter().map(|t| t.body.as_str()).collect();
    let kept: Vec<usize> = (0..training.texts.len())
        .filter(|i| !judged.contains(training.texts[*i].body.as_str()))
        .collect();
    let known: Vec<&Text> = kept.iter().map(|i| &training.texts[*i]).collect();
    let of = |holds: &Vec<bool>| kept.iter().map(|i| holds[*i]).collect();
    let holds: Vec<Vec<bool>> = training.holds.iter().map(of).collect();
    (kept.len() >= FEWEST).then(|| labelled(fit_and_score(&known, &holds, texts)))
}

/// TF-IDF fitted on the judged articles themselves, each judged by a model that
/// has seen neither it nor a copy of it; `None` when they are too few.
fn cross_fitted(truth: &Truth, texts: &[&Text], seed: u64) -> Option<Labelling> {
    // Copies of a text go into one fold.
    let mut distinct: Vec<&str> = texts.iter().map(|t| t.body.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < FEWEST {
        return None;
    }
    let fold_of_distinct = folds(distinct.len(), FOLDS, seed);
    let fold: Vec<usize> = texts
        .iter()
        .map(|t| {
            let found = distinct.binary_search(&t.body.as_str());
            found.map_or(0, |i| fold_of_distinct[i])
        })
        .collect();
    let mut probabilities = vec![vec![0.0; texts.len()]; truth.topics.len()];
    for out in 0..FOLDS {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..texts.len()).partition(|i| fold[*i] == out);
        let pick = |of: &[usize]| -> Vec<&Text> { of.iter().map(|i| texts[*i]).collect() };
        let of = |holds: &Vec<bool>| train.iter().map(|i| holds[*i]).collect();
        let known: Vec<Vec<bool>> = truth.holds.iter().map(of).collect();
        let scores = fit_and_score(&pick(&train), &known, &pick(&test));
        for (all, fold) in probabilities.iter_mut().zip(scores) {
            for (i, p) in test.iter().zip(fold) {
                all[*i] = p;
            }
        }
    }
    Some(labelled(probabilities))
}

/// Probabilities of `test`, `[topics][articles]`.
fn fit_and_score(train: &[&Text], known: &[Vec<bool>], test: &[&Text]) -> Vec<Vec<f64>> {
    let words: Vec<&str> = train.iter().map(|t| t.words.as_str()).collect();
    let vectorizer = Vectorizer::fit(&words);
    let vectors = |texts: &[&Text]| -> Vec<_> {
        let texts = texts.par_iter();
        texts.map(|t| vectorizer.transform(&t.words)).collect()
    };
    let (rows, test) = (vectors(train), vectors(test));
    known
        .par_iter()
        .map(|known| {
            let weight = ClassWeight::Balanced;
            let model = Logistic::fit(&rows, known, vectorizer.len(), LOGISTIC_C, weight);
            test.iter().map(|row| model.probability(row)).collect()
        })
        .collect()
}

fn labelled(probabilities: Vec<Vec<f64>>) -> Labelling {
    Labelling {
        labels: probabilities
            .iter()
            .map(|p| p.iter().map(|p| *p >= 0.5).collect())
            .collect(),
        probabilities: Some(probabilities),
    }
}

/// For each topic what most articles have, with the share of those that have it.
#[expect(clippy::cast_precision_loss, reason = "counts of articles")]
fn majority(truth: &Truth) -> Labelling {
    let shares: Vec<f64> = truth
        .positives()
        .into_iter()
        .map(|count| count as f64 / truth.articles().max(1) as f64)
        .collect();
    let filled = shares.iter().map(|share| vec![*share; truth.articles()]);
    labelled(filled.collect())
}

/// The model's figures on parts of the data: for each grade of each topic the
/// share that is `labelled`; else `accuracy`, the share of right decisions, and
/// `micro_f1`.
fn sliced(
    topics: &[String],
    judged: &[Judged],
    model: &Labelling,
    truth: &Truth,
    resampling: Resampling,
) -> Vec<Slice> {
    let mut slices = Vec::new();
    for (topic, id) in topics.iter().enumerate() {
        for grade in 0..=3 {
            let of_grade = |i: &usize| judged[*i].graded && judged[*i].grades[topic] == grade;
            let members: Vec<usize> = (0..judged.len()).filter(of_grade).collect();
            if members.is_empty() {
                continue;
            }
            let labels = &model.labels[topic];
            #[expect(clippy::cast_precision_loss, reason = "counts of articles")]
            let figures = measure_one(members.len(), resampling, |picked| {
                let held = picked.iter().filter(|i| labels[members[**i]]).count();
                let share = held as f64 / picked.len().max(1) as f64;
                vec![("labelled".to_owned(), share)]
            });
            slices.push(Slice {
                by: format!("{id} grade"),
                value: grade.to_string(),
                items: members.len(),
                figures,
            });
        }
    }
    let traits: Vec<_> = judged.iter().map(|j| &j.traits).collect();
    slices.extend(slices::cut(&traits, |members| -> Figures {
        measure_one(members.len(), resampling, |picked| {
            let picked: Vec<usize> = picked.iter().map(|i| members[*i]).collect();
            decisions(model, truth, &picked)
        })
    }));
    slices
}

/// `accuracy`, the share of right decisions, and `micro_f1`.
#[expect(clippy::cast_precision_loss, reason = "counts of decisions")]
fn decisions(model: &Labelling, truth: &Truth, picked: &[usize]) -> Vec<(String, f64)> {
    let (mut right, mut found, mut either) = (0, 0, 0);
    for (labels, holds) in model.labels.iter().zip(&truth.holds) {
        for i in picked {
            right += usize::from(labels[*i] == holds[*i]);
            found += usize::from(labels[*i] && holds[*i]);
            either += usize::from(labels[*i]) + usize::from(holds[*i]);
        }
    }
    let all = picked.len() * truth.topics.len();
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    vec![
        ("accuracy".to_owned(), share(right, all)),
        ("micro_f1".to_owned(), share(2 * found, either)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, grades: [u8; 2], model: [f64; 2]) -> Judged {
        Judged {
            text: Text::of(&Article::new(None, text.to_owned())),
            grades: grades.to_vec(),
            graded: true,
            model: model.iter().map(|p| (*p >= 0.5, *p)).collect(),
            traits: BTreeMap::from([("kind".to_owned(), text[..4].to_owned())]),
        }
    }

    fn set() -> Vec<Judged> {
        let mut set = Vec::new();
        for i in 0..20 {
            let sea = format!("wire: the ferry and the harbour number {i} sank at sea");
            set.push(judged(&sea, [3, 0], [0.9, 0.1]));
            let land = format!("blog: the council and the budget number {i} on land");
            set.push(judged(&land, [0, 2], [0.2, if i == 0 { 0.4 } else { 0.8 }]));
        }
        set
    }

    fn topics() -> Vec<String> {
        ["sea", "land"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_model_stands_beside_honest_baselines() {
        let resampling = Resampling { count: 50, seed: 1 };
        let (part, labellings) = part("own 1", &topics(), &set(), None, resampling);
        let names: Vec<&str> = part.methods.iter().map(|m| m.name.as_str()).collect();
        // No keywords are known for these topics.
        assert_eq!(names, ["own 1", "TF-IDF + logistic regression", "majority"]);
        assert_eq!(
            (part.items, part.counts["sea"], labellings.len()),
            (40, 20, 3)
        );
        assert_eq!(part.methods[0].figures["land.recall"].value, 0.95);
        assert!(part.methods[1].figures["macro_f1"].value > 0.95);
        assert_eq!(part.methods[2].figures["sea.auroc"].value, 0.5);
        assert!(part.methods[2].behind.contains_key("macro_f1"));
        let grades: Vec<(&str, &str, f64)> = part
            .slices
            .iter()
            .filter(|s| s.by == "land grade")
            .map(|s| (s.by.as_str(), s.value.as_str(), s.figures["labelled"].value))
            .collect();
        assert_eq!(
            grades,
            [("land grade", "0", 0.0), ("land grade", "2", 0.95)]
        );
        let kinds: Vec<_> = part.slices.iter().filter(|s| s.by == "kind").collect();
        assert_eq!((kinds.len(), kinds[0].items), (2, 20));
    }

    /// Labels that have nothing to do with the texts cannot be learnt from other
    /// texts; only a model that has seen the article or its copy knows them.
    #[test]
    fn the_fitted_baseline_never_sees_what_it_is_judged_on() {
        let text = |i: usize| format!("word{i} other{i} third{i} and fourth{i}");
        let random: Vec<Judged> = (0..60)
            .flat_map(|i| {
                let grade = if i % 3 == 0 { 3 } else { 0 };
                // Twice, so that a copy could give the label away.
                [
                    judged(&text(i), [grade, 0], [0.5; 2]),
                    judged(&text(i), [grade, 0], [0.5; 2]),
                ]
            })
            .collect();
        let truth = truth(&topics(), &random);
        let texts: Vec<&Text> = random.iter().map(|j| &j.text).collect();
        let crossed = cross_fitted(&truth, &texts, 1).unwrap();
        let auroc = |l: &Labelling| {
            super::super::auroc(&l.probabilities.as_ref().unwrap()[0], &truth.holds[0])
        };
        assert!(auroc(&crossed) < 0.65, "{}", auroc(&crossed));
        let training = Training {
            texts: random.iter().map(|j| j.text.clone()).collect(),
            holds: truth.holds.clone(),
        };
        // All of it is judged too, so nothing is left to learn from.
        assert_eq!(fitted_elsewhere(&training, &texts), None);
        assert_eq!(
            cross_fitted(&truth, &texts[..9], 1),
            None,
            "five texts, four of them twice"
        );
    }
}
