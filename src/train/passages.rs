//! Made-up training articles in which a topic holds only one passage.
//!
//! Real articles of that kind are the ones that heads miss most and the rarest
//! in training data. Each is put together from the opening of an article that
//! has nothing of the topic and one or two sentences of one that is all about it.

use rand::Rng;
use rand::seq::IndexedRandom;

use crate::encoder::Document;
use crate::evaluate::{ClassWeight, Logistic, Vectorizer, resample};
use crate::records::POSITIVE;

/// Most made-up articles for each topic; never more than real ones about it.
const PER_TOPIC: usize = 200;
/// Sentences that are taken of the article without the topic.
const OPENING: usize = 12;
/// Most sentences that are taken of the article about it.
const PASSAGE: usize = 2;
/// The passage begins after at most this many sentences.
const BEFORE: usize = 6;
/// The grade of the topic in the result: substantive, not the main subject.
const GRADE: u8 = POSITIVE;
/// Inverse strength of the penalty of the model that finds telling sentences.
const LOGISTIC_C: f64 = 10.0;

/// A made-up article.
#[derive(Debug, Clone)]
pub struct Passage<'a> {
    /// The sentences of both articles.
    pub document: Document<'a>,
    /// Grade of each topic.
    pub grades: Vec<u8>,
    /// Numbers of the two articles that it is made of.
    pub sources: [usize; 2],
}

/// Makes articles with passages for every topic. The sentences that go into
/// another article must speak of the topic by themselves; a linear model over
/// words, which knows no context, finds them.
#[must_use]
pub fn passages<'a>(documents: &[Document<'a>], grades: &[Vec<u8>], seed: u64) -> Vec<Passage<'a>> {
    let topics = grades.first().map_or(0, Vec::len);
    let texts: Vec<String> = documents.iter().map(|d| d.sentences.join(" ")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectorizer = Vectorizer::fit(&texts);
    let vectors: Vec<_> = texts.iter().map(|t| vectorizer.transform(t)).collect();
    let mut made = Vec::new();
    for topic in 0..topics {
        let with = |grade: u8| -> Vec<usize> {
            (0..documents.len())
                .filter(|&i| grades[i][topic] == grade && documents[i].sentences.len() > PASSAGE)
                .collect()
        };
        let (without, about) = (with(0), with(3));
        let labels: Vec<bool> = grades.iter().map(|g| g[topic] >= GRADE).collect();
        let weight = ClassWeight::Balanced;
        let words = Logistic::fit(&vectors, &labels, vectorizer.len(), LOGISTIC_C, weight);
        let telling = |sentence: &str| words.probability(&vectorizer.transform(sentence));
        let mut rng = resample::generator(seed, 1_000 + topic as u64);
        for _ in 0..PER_TOPIC.min(about.len()) {
            let (Some(&base), Some(&donor)) = (without.choose(&mut rng), about.choose(&mut rng))
            else {
                break;
            };
            let mut ranked: Vec<(f64, usize)> = documents[donor]
                .sentences
                .iter()
                .enumerate()
                .map(|(i, sentence)| (telling(sentence), i))
                .collect();
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let count = rng.random_range(1..=PASSAGE);
            let mut chosen: Vec<usize> = ranked.iter().take(count).map(|r| r.1).collect();
            chosen.sort_unstable();

            let mut document = Document {
                title: documents[base].title,
                sentences: documents[base]
                    .sentences
                    .iter()
                    .take(OPENING)
                    .copied()
                    .collect(),
            };
            let at = rng.random_range(1..=document.sentences.len().min(BEFORE));
            for sentence in chosen.into_iter().rev() {
                document
                    .sentences
                    .insert(at, documents[donor].sentences[sentence]);
            }
            let mut grades = grades[base].clone();
            grades[topic] = GRADE;
            made.push(Passage {
                document,
                grades,
                sources: [base, donor],
            });
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_joins_an_article_without_the_topic_and_one_about_it() {
        let sport = [
            "The match was won.",
            "A goal fell late.",
            "The fans sang.",
            "They went home.",
        ];
        let hack = [
            "It rained.",
            "Hackers stole the files.",
            "The malware spread.",
            "Tea was served.",
        ];
        let document = |sentences: [&'static str; 4]| Document {
            title: Some("Title"),
            sentences: sentences.to_vec(),
        };
        let documents: Vec<Document> = (0..8)
            .map(|i| document(if i % 2 == 0 { sport } else { hack }))
            .collect();
        let grades: Vec<Vec<u8>> = (0..8)
            .map(|i| vec![if i % 2 == 0 { 0 } else { 3 }])
            .collect();
        let made = passages(&documents, &grades, 1);
        assert_eq!(made.len(), 4, "as many as articles about the topic");
        for passage in &made {
            assert_eq!(passage.grades, [GRADE]);
            assert!([5, 6].contains(&passage.document.sentences.len()));
            assert_eq!(passage.document.sentences[0], sport[0]);
            assert!(passage.sources[0] % 2 == 0 && passage.sources[1] % 2 == 1);
        }
        let again = passages(&documents, &grades, 1);
        assert_eq!(made[3].document.sentences, again[3].document.sentences);
    }

    #[test]
    fn a_topic_that_no_article_is_about_gives_none() {
        let document = Document {
            title: None,
            sentences: vec!["One.", "Two.", "Three."],
        };
        assert!(passages(&[document.clone(), document], &[vec![0], vec![0]], 1).is_empty());
        assert!(passages(&[], &[], 1).is_empty());
    }
}
