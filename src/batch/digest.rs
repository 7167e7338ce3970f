//! One summary of many articles.

use std::cmp::Ordering;

use candle_core::{Result, Tensor};
use chrono::{DateTime, NaiveDate, NaiveTime};

use super::copies::{Sketch, originals};
use crate::analysis::{Analysis, SummarySentence};
use crate::analyzer::Analyzer;
use crate::article::{Article, Meta, article_date};
use crate::summary::{Length, Line, Redundancy, Room, centrality, leans, select};

/// How much the score of a sentence rises when it says what all articles say.
const CENTRALITY: f32 = 4.0;
/// Sentences of different articles that are so alike say the same thing twice.
const REDUNDANCY: Redundancy = Redundancy {
    from: 0.6,
    cost: 10.0,
    never: 0.9,
};
/// What the logit of a sentence loses that leans on one before it.
const LEANING: f32 = 1.0;
/// Sentences that are embedded at once.
const TOGETHER: usize = 256;

/// An article that a digest may draw on.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file or table it is from.
    pub path: Option<String>,
    /// Number of its row in the table or of the article in the file, from 1, where there are
    /// several.
    pub number: Option<usize>,
    /// Its identifier, when it has one.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// What its source says of it.
    pub meta: Meta,
    /// How many copies of it were left out.
    pub copies: usize,
}

/// A sentence of a digest.
#[derive(Debug, Clone)]
pub struct DigestSentence {
    /// Number of its article in [`Digest::sources`].
    pub source: usize,
    /// The sentence; its score is that of its article's own summary.
    pub sentence: SummarySentence,
}

/// A summary of many articles.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    /// Articles that were read.
    pub read: usize,
    /// Those that it draws on: about the topic, when one is set, and no copies.
    pub sources: Vec<Source>,
    /// The sentences, the best first.
    pub sentences: Vec<DigestSentence>,
}

impl Digest {
    /// Puts the sentences in the order of their articles' dates, where all have one, or else
    /// of the articles as they came; in one article as they stand there. When only some have
    /// one, gives the number of sentences whose articles have none.
    pub fn in_order(&mut self) -> Option<usize> {
        let undated = self.sentences.iter().filter(|s| self.date(s).is_none());
        let (undated, all) = (undated.count(), self.sentences.len());
        let dated = undated == 0;
        let mut sentences = std::mem::take(&mut self.sentences);
        sentences.sort_by(|a, b| {
            let dates = match dated {
                true => self.date(a).cmp(&self.date(b)),
                false => Ordering::Equal,
            };
            let place = |s: &DigestSentence| (s.source, s.sentence.place.start);
            dates.then(place(a).cmp(&place(b)))
        });
        self.sentences = sentences;
        (0 < undated && undated < all).then_some(undated)
    }

    /// When the sentence's article was published: the day, and where the source tells it the
    /// time, both in UTC.
    fn date(&self, sentence: &DigestSentence) -> Option<(NaiveDate, Option<NaiveTime>)> {
        let date = article_date(self.sources[sentence.source].meta.date.as_deref()?)?;
        match DateTime::parse_from_rfc3339(&date) {
            Ok(time) => Some((time.to_utc().date_naive(), Some(time.to_utc().time()))),
            Err(_) => Some((date.get(..10)?.parse().ok()?, None)),
        }
    }

    /// Copies that were left out.
    #[must_use]
    pub fn copies(&self) -> usize {
        self.sources.iter().map(|source| source.copies).sum()
    }
}

/// Gathers what a digest is made of, article by article: of each a few sentences, not its
/// text.
#[derive(Debug, Default)]
pub struct Gathering {
    read: usize,
    sources: Vec<Source>,
    sketches: Vec<Sketch>,
    summaries: Vec<Vec<SummarySentence>>,
}

impl Gathering {
    /// Adds an article with its analysis. When it is to be about a topic, one that is not is
    /// only counted.
    pub fn add(
        &mut self,
        (path, number): (Option<&str>, Option<usize>),
        article: &Article,
        analysis: Analysis,
        topic: Option<&str>,
    ) {
        self.read += 1;
        if topic.is_some_and(|topic| analysis.labels().all(|label| label != topic)) {
            return;
        }
        self.sources.push(Source {
            path: path.map(str::to_owned),
            number,
            id: article.id.clone(),
            title: analysis.title,
            meta: analysis.meta,
            copies: 0,
        });
        self.sketches
            .push(Sketch::new(&super::without_junk(article)));
        self.summaries.push(analysis.summary);
    }

    /// Chooses the sentences: those that are good in their own article and near to what all
    /// articles say (centroid, Radev et al. 2004, "Centroid-based summarization of multiple
    /// documents", section 3), and do not repeat one another. Of copies the longest is used.
    /// `progress` is told of how many sentences of all are embedded.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn digest(
        self,
        analyzer: &Analyzer,
        length: Length,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Digest> {
        let originals = originals(&self.sketches);
        let mut copies = vec![0; originals.len()];
        for (number, original) in originals.iter().enumerate() {
            copies[*original] += usize::from(*original != number);
        }
        let mut digest = Digest {
            read: self.read,
            ..Digest::default()
        };
        let mut candidates: Vec<DigestSentence> = Vec::new();
        let articles = self.sources.into_iter().zip(self.summaries).enumerate();
        for (number, (source, summary)) in articles.filter(|(i, _)| originals[*i] == *i) {
            let of_source = |sentence| DigestSentence {
                source: digest.sources.len(),
                sentence,
            };
            candidates.extend(summary.into_iter().map(of_source));
            digest.sources.push(Source {
                copies: copies[number],
                ..source
            });
        }
        if candidates.is_empty() {
            return Ok(digest);
        }
        let texts: Vec<String> = candidates.iter().map(|c| c.sentence.text.clone()).collect();
        let mut embedded = Vec::new();
        for part in texts.chunks(TOGETHER) {
            embedded.push(analyzer.embed(part)?);
            progress(embedded.len() * TOGETHER, texts.len());
        }
        let embeddings = Tensor::cat(&embedded, 0)?;
        let scores: Vec<f32> = (candidates.iter().zip(centrality(&embeddings)?))
            .map(|(c, central)| {
                let leaning = if leans(&c.sentence.text) {
                    LEANING
                } else {
                    0.0
                };
                raised(c.sentence.score, CENTRALITY * central - leaning)
            })
            .collect();
        let lines: Vec<Line> = (texts.iter())
            .map(|text| Line { text, paragraph: 0 })
            .collect();
        let room = Room::new(length, &lines);
        let chosen = select(&scores, &[], &embeddings, room, REDUNDANCY)?;
        digest.sentences = chosen.into_iter().map(|i| candidates[i].clone()).collect();
        Ok(digest)
    }
}

/// A probability whose logit is raised.
fn raised(p: f32, by: f32) -> f32 {
    let odds = p / (1.0 - p).max(1e-6) * by.exp();
    odds / (1.0 + odds)
}
