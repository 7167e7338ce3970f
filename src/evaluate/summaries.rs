//! Figures of summaries against sentences that a reader marked and summaries
//! that somebody wrote.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::rouge::{Words, rouge_lsum, rouge_n};
use crate::article::{Article, Sentence, segment};
use crate::records::is_marked;

/// An article with what its summaries are judged by.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The article's sentences, junk left out.
    pub sentences: Vec<Sentence>,
    /// Their words.
    pub words: Vec<Words>,
    /// Words of each sentence.
    lengths: Vec<usize>,
    /// For each sentence whether it is among the best, and whether it is among the
    /// best or the alternates; `None` when none are marked.
    marks: Option<Vec<(bool, bool)>>,
    /// Whether alternates are marked.
    has_alternates: bool,
    /// For each whether it is marked as junk; `None` when the data mark none.
    junk: Option<Vec<bool>>,
    references: Vec<Words>,
    /// Lines of the first reference.
    pub reference: Vec<String>,
}

/// What a reader marked in an article, in characters of its text, and what was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gold {
    /// The best sentences; `None` when the article has no marks.
    pub best: Option<Vec<Range<usize>>>,
    /// Those that are nearly as good; `None` when nobody looked for any.
    pub alternates: Option<Vec<Range<usize>>>,
    /// Junk; `None` when nobody looked for any.
    pub junk: Option<Vec<Range<usize>>>,
    /// Summaries to compare with, sentences on lines; one at least.
    pub references: Vec<String>,
}

/// How one summary fares. Averages over draws may have fractions of sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Sentences.
    pub chosen: f64,
    /// Of them among the best; `None` without marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
    /// Of them among the best and the alternates; `None` without alternates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub either: Option<f64>,
    /// Of them marked as junk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub junk: Option<f64>,
    /// ROUGE-1, -2 and -Lsum, F1 in percent; of several references the best.
    pub rouge: [f64; 3],
    /// Mean ROUGE-1 F1 of each two of its sentences, 0 to 1.
    pub redundancy: f64,
    /// Its words as a share of the article's.
    pub compression: f64,
}

impl Judge {
    /// Makes an article ready to judge summaries of it.
    #[must_use]
    pub fn new(article: &Article, gold: &Gold) -> Self {
        let sentences = segment(article).sentences;
        let text = |s: &Sentence| &article.text[s.bytes.clone()];
        let marked = |s: &Sentence, spans: &[Range<usize>]| is_marked(&s.chars, spans);
        Self {
            // A sentence is one line, however its text is wrapped.
            words: sentences
                .iter()
                .map(|s| Words::new(&text(s).replace('\n', " ")))
                .collect(),
            lengths: sentences
                .iter()
                .map(|s| text(s).split_whitespace().count())
                .collect(),
            marks: gold.best.as_ref().map(|best| {
                let marks = sentences.iter().map(|s| {
                    let is_best = marked(s, best);
                    let alternates = gold.alternates.as_deref().unwrap_or_default();
                    (is_best, is_best || marked(s, alternates))
                });
                marks.collect()
            }),
            has_alternates: gold.alternates.is_some(),
            junk: gold
                .junk
                .as_ref()
                .map(|junk| sentences.iter().map(|s| marked(s, junk)).collect()),
            references: gold.references.iter().map(|r| Words::new(r)).collect(),
            reference: gold
                .references
                .first()
                .map(|r| r.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
            sentences,
        }
    }

    /// Whether a reader marked sentences.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.marks.is_some()
    }

    /// Whether a sentence, by its number, is among the best.
    #[must_use]
    pub fn is_best(&self, sentence: usize) -> bool {
        self.marks.as_ref().is_some_and(|m| m[sentence].0)
    }

    /// Whether a sentence, by its number, is among the best or the alternates.
    #[must_use]
    pub fn is_alternate(&self, sentence: usize) -> bool {
        self.marks.as_ref().is_some_and(|m| m[sentence].1)
    }

    /// Judges the summary of these sentences, by their numbers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of words")]
    pub fn judge(&self, chosen: &[usize]) -> Scores {
        let count =
            |flag: &dyn Fn(usize) -> bool| chosen.iter().filter(|s| flag(**s)).count() as f64;
        let words = Words::join(chosen.iter().map(|s| &self.words[*s]));
        let pairs: Vec<f64> = chosen
            .iter()
            .enumerate()
            .flat_map(|(i, a)| chosen[..i].iter().map(move |b| (*a, *b)))
            .map(|(a, b)| rouge_n(&self.words[a], &self.words[b], 1).f1)
            .collect();
        let length: usize = chosen.iter().map(|s| self.lengths[*s]).sum();
        let marks = self.marks.as_ref();
        Scores {
            chosen: chosen.len() as f64,
            best: marks.map(|m| count(&|s| m[s].0)),
            either: marks
                .filter(|_| self.has_alternates)
                .map(|m| count(&|s| m[s].1)),
            junk: self.junk.as_ref().map(|junk| count(&|s| junk[s])),
            rouge: self.rouge(&words),
            redundancy: pairs.iter().sum::<f64>() / pairs.len().max(1) as f64,
            compression: length as f64 / self.lengths.iter().sum::<usize>().max(1) as f64,
        }
    }

    /// The scores of an article without a summary where `count` sentences were
    /// asked for: all of them count as wrong.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of sentences")]
    pub fn failed(&self, count: usize) -> Scores {
        Scores {
            chosen: self.sentences.len().clamp(1, count.max(1)) as f64,
            ..self.judge(&[])
        }
    }

    /// ROUGE-1, -2 and -Lsum of a candidate, F1 in percent; each the best over
    /// the references, as in `rouge_score`'s `score_multi`.
    fn rouge(&self, candidate: &Words) -> [f64; 3] {
        let mut most = [0f64; 3];
        for reference in &self.references {
            let scores = [
                rouge_n(reference, candidate, 1),
                rouge_n(reference, candidate, 2),
                rouge_lsum(reference, candidate),
            ];
            for (most, score) in most.iter_mut().zip(scores) {
                *most = most.max(100.0 * score.f1);
            }
        }
        most
    }

    /// The first sentences.
    #[must_use]
    pub fn lead(&self, count: usize) -> Vec<usize> {
        (0..self.sentences.len().min(count)).collect()
    }

    /// Sentences one by one, each the one that raises ROUGE-1 + ROUGE-2 (F1)
    /// most, as long as one does: what no choice of sentences is much better than
    /// (Nallapati et al., AAAI 2017, section 3). Of several references the one
    /// that is reached best.
    #[must_use]
    pub fn oracle(&self, count: usize) -> Vec<usize> {
        let chosen = self.references.iter().map(|r| self.towards(r, count));
        let best = chosen.max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or_else(Vec::new, |(chosen, _)| chosen)
    }

    /// The oracle's sentences for one reference, and what they reach.
    fn towards(&self, reference: &Words, count: usize) -> (Vec<usize>, f64) {
        let value = |chosen: &[usize]| {
            let words = Words::join(chosen.iter().map(|s| &self.words[*s]));
            rouge_n(reference, &words, 1).f1 + rouge_n(reference, &words, 2).f1
        };
        let (mut chosen, mut reached) = (Vec::new(), 0.0);
        while chosen.len() < count {
            let with = |s: usize| {
                let mut with = chosen.clone();
                with.push(s);
                with.sort_unstable();
                with
            };
            let next = (0..self.sentences.len())
                .filter(|s| !chosen.contains(s))
                .map(|s| (value(&with(s)), s))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            match next {
                Some((better, s)) if better > reached => (chosen, reached) = (with(s), better),
                _ => break,
            }
        }
        (chosen, reached)
    }
}

/// Figures of summaries on a choice of the articles, by their numbers: `best`
/// and `best_or_alternate` and `junk_rate` as shares of all chosen sentences,
/// `rouge_1`, `rouge_2`, `rouge_lsum`, `redundancy` and `compression` as means
/// over articles. What the data do not tell is left out.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of articles")]
pub fn figures(scores: &[Scores], picked: &[usize]) -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    let mut add = |name: &str, value| figures.push((name.to_owned(), value));
    let share = |of: &dyn Fn(&Scores) -> Option<f64>| {
        // Only where somebody marked, if anywhere.
        let counted = picked.iter().map(|i| &scores[*i]);
        let counted: Vec<(f64, f64)> = counted.filter_map(|s| Some((of(s)?, s.chosen))).collect();
        let chosen: f64 = counted.iter().map(|(_, n)| n).sum();
        let hits: f64 = counted.iter().map(|(hits, _)| hits).sum();
        (!counted.is_empty()).then(|| hits / chosen.max(1.0))
    };
    for (name, value) in [
        ("best", share(&|s| s.best)),
        ("best_or_alternate", share(&|s| s.either)),
        ("junk_rate", share(&|s| s.junk)),
    ] {
        if let Some(value) = value {
            add(name, value);
        }
    }
    let mean = |of: &dyn Fn(&Scores) -> f64| {
        picked.iter().map(|i| of(&scores[*i])).sum::<f64>() / picked.len().max(1) as f64
    };
    add("rouge_1", mean(&|s| s.rouge[0]));
    add("rouge_2", mean(&|s| s.rouge[1]));
    add("rouge_lsum", mean(&|s| s.rouge[2]));
    add("redundancy", mean(&|s| s.redundancy));
    add("compression", mean(&|s| s.compression));
    figures
}

/// The means of several summaries' scores of one article.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count of summaries")]
pub fn mean(scores: &[Scores]) -> Scores {
    let of = |get: &dyn Fn(&Scores) -> f64| {
        scores.iter().map(get).sum::<f64>() / scores.len().max(1) as f64
    };
    let some = |get: &dyn Fn(&Scores) -> Option<f64>| {
        let given = scores.iter().all(|s| get(s).is_some()) && !scores.is_empty();
        given.then(|| of(&|s| get(s).unwrap_or_default()))
    };
    Scores {
        chosen: of(&|s| s.chosen),
        best: some(&|s| s.best),
        either: some(&|s| s.either),
        junk: some(&|s| s.junk),
        rouge: [0, 1, 2].map(|i| of(&|s| s.rouge[i])),
        redundancy: of(&|s| s.redundancy),
        compression: of(&|s| s.compression),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The ferry sank on Monday off the northern pier.\n\nNobody was hurt, the \
        harbour master said.\n\nThe ferry sank on Monday, an owner said of the northern pier.\n\n\
        The council will meet about new boats in spring.";

    fn span(part: &str) -> Range<usize> {
        let start = TEXT.find(part).unwrap();
        start..start + part.len()
    }

    fn judge() -> Judge {
        let article = Article::new(None, TEXT.to_owned());
        let gold = Gold {
            best: Some(vec![
                span("The ferry sank on Monday off the northern pier."),
                span("The council will meet about new boats in spring."),
            ]),
            alternates: Some(vec![span("Nobody was hurt, the harbour master said.")]),
            junk: Some(vec![span("The ferry sank on Monday, an")]),
            references: vec![
                "A ship went down.".to_owned(),
                "The ferry sank on Monday off the northern pier.\nNew boats come in spring."
                    .to_owned(),
            ],
        };
        Judge::new(&article, &gold)
    }

    #[test]
    fn a_summary_is_judged_by_marks_and_references() {
        let judge = judge();
        assert_eq!(judge.sentences.len(), 4);
        let scores = judge.judge(&[0, 1]);
        assert_eq!(
            (scores.chosen, scores.best, scores.either),
            (2.0, Some(1.0), Some(2.0))
        );
        assert_eq!(scores.junk, Some(0.0));
        // 9 of 16 words of the summary and of 14 of the better reference.
        assert!(
            (scores.rouge[0] - 100.0 * 18.0 / 30.0).abs() < 1e-9,
            "{scores:?}"
        );
        assert!(
            (scores.compression - 16.0 / 37.0).abs() < 1e-12,
            "{scores:?}"
        );
        let twice = judge.judge(&[0, 2]);
        assert!(twice.redundancy > scores.redundancy + 0.3);
        assert_eq!(twice.junk, Some(1.0));
        let none = judge.judge(&[]);
        assert_eq!(
            (none.chosen, none.best, none.rouge),
            (0.0, Some(0.0), [0.0; 3])
        );
        let failed = judge.failed(3);
        assert_eq!((failed.chosen, failed.best), (3.0, Some(0.0)));
    }

    #[test]
    fn a_wrapped_sentence_is_one_line() {
        let wrapped = "The ferry sank off the northern pier on Monday morning after its engine\n\
            had failed twice in the heavy swell, the harbour master told the council\n\
            of the old town on Tuesday evening. Nobody was hurt, but the boats of\n\
            three families were lost when the quay gave way beneath the last of the\n\
            passengers, who had waited there for news of the others since the early\n\
            afternoon without so much as a blanket or a cup of tea from the owners.\n";
        let first = "The ferry sank off the northern pier on Monday morning after its engine had \
            failed twice in the heavy swell, the harbour master told the council of the old town \
            on Tuesday evening.";
        let gold = Gold {
            references: vec![first.to_owned()],
            ..Gold::default()
        };
        let judge = Judge::new(&Article::new(None, wrapped.to_owned()), &gold);
        assert_eq!(judge.sentences.len(), 2);
        assert_eq!(judge.judge(&[0]).rouge, [100.0; 3]);
    }

    #[test]
    fn shares_are_of_all_sentences_and_what_is_not_marked_is_left_out() {
        let judge = judge();
        let scores = [judge.judge(&[0, 1]), judge.judge(&[0])];
        let named = figures(&scores, &[0, 1]);
        let value = |name| named.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        assert_eq!(value("best"), Some(2.0 / 3.0));
        assert_eq!(value("best_or_alternate"), Some(1.0));
        assert_eq!(value("junk_rate"), Some(0.0));
        let written = Gold {
            references: vec!["A ship went down.".to_owned()],
            ..Gold::default()
        };
        let judge = Judge::new(&Article::new(None, TEXT.to_owned()), &written);
        let named = figures(&[judge.judge(&[0])], &[0]);
        let names: Vec<&str> = named.iter().map(|(n, _)| n.as_str()).collect();
        let expected = [
            "rouge_1",
            "rouge_2",
            "rouge_lsum",
            "redundancy",
            "compression",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_oracle_takes_what_helps_and_no_more() {
        let article = Article::new(None, TEXT.to_owned());
        let gold = Gold {
            references: vec!["The council meets in spring.\nNobody was hurt.".to_owned()],
            ..Gold::default()
        };
        let judge = Judge::new(&article, &gold);
        assert_eq!(judge.oracle(3), [1, 3]);
        assert_eq!(judge.oracle(1), [3]);
        assert_eq!(judge.oracle(0), [0usize; 0]);
        assert_eq!(judge.lead(3), [0, 1, 2]);
        assert_eq!(judge.lead(9), [0, 1, 2, 3]);
    }

    #[test]
    fn means_of_draws() {
        let judge = judge();
        let m = mean(&[judge.judge(&[0]), judge.judge(&[1])]);
        assert_eq!((m.chosen, m.best, m.either), (1.0, Some(0.5), Some(1.0)));
        assert_eq!(mean(&[]).best, None);
    }
}
