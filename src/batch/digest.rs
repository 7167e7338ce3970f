//! One summary of many articles.

use candle_core::{Result, Tensor};

use super::copies::{Sketch, first_copies};
use crate::analysis::{Analysis, SummarySentence};
use crate::analyzer::Analyzer;
use crate::article::{Article, Meta};
use crate::summary::{Length, Line, Redundancy, Room, select};

/// How much the score of a sentence rises when it says what all articles say.
const CENTRALITY: f32 = 4.0;
/// Sentences of different articles that are so alike say the same thing twice.
const REDUNDANCY: Redundancy = Redundancy {
    from: 0.6,
    cost: 10.0,
};

/// An article that a digest may draw on.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file or table it is from.
    pub path: Option<String>,
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
    /// of the articles as they came; in one article as they stand there.
    pub fn in_order(&mut self) {
        let dated = self.sentences.iter().all(|s| self.date(s).is_some());
        let mut sentences = std::mem::take(&mut self.sentences);
        sentences.sort_by(|a, b| {
            let dates = match dated {
                true => self.date(a).cmp(&self.date(b)),
                false => std::cmp::Ordering::Equal,
            };
            let place = |s: &DigestSentence| (s.source, s.sentence.place.start);
            dates.then(place(a).cmp(&place(b)))
        });
        self.sentences = sentences;
    }

    fn date(&self, sentence: &DigestSentence) -> Option<&str> {
        self.sources[sentence.source].meta.date.as_deref()
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
        path: Option<&str>,
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
            id: article.id.clone(),
            title: analysis.title,
            meta: analysis.meta,
            copies: 0,
        });
        self.sketches.push(Sketch::new(&article.text));
        self.summaries.push(analysis.summary);
    }

    /// Chooses the sentences: those that are good in their own article and near to what all
    /// articles say (centroid, Radev et al. 2004, "Centroid-based summarization of multiple
    /// documents", section 3), and do not repeat one another. Of copies the first is used.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn digest(self, analyzer: &Analyzer, length: Length) -> Result<Digest> {
        let first = first_copies(&self.sketches);
        let mut sources: Vec<Source> = Vec::new();
        let mut place = vec![0; first.len()];
        let mut candidates: Vec<DigestSentence> = Vec::new();
        let articles = self.sources.into_iter().zip(self.summaries).enumerate();
        for (number, (source, summary)) in articles {
            if first[number] != number {
                sources[place[first[number]]].copies += 1;
                continue;
            }
            place[number] = sources.len();
            let of_source = |sentence| DigestSentence {
                source: sources.len(),
                sentence,
            };
            candidates.extend(summary.into_iter().map(of_source));
            sources.push(source);
        }
        let mut digest = Digest {
            read: self.read,
            sources,
            sentences: Vec::new(),
        };
        if candidates.is_empty() {
            return Ok(digest);
        }
        let texts: Vec<String> = candidates.iter().map(|c| c.sentence.text.clone()).collect();
        let embeddings = analyzer.embed(&texts)?;
        let scores: Vec<f32> = (candidates.iter().zip(centrality(&embeddings)?))
            .map(|(c, central)| raised(c.sentence.score, CENTRALITY * central))
            .collect();
        let lines: Vec<Line> = (texts.iter())
            .map(|text| Line { text, paragraph: 0 })
            .collect();
        let chosen = select(&scores, &embeddings, Room::new(length, &lines), REDUNDANCY)?;
        digest.sentences = chosen.into_iter().map(|i| candidates[i].clone()).collect();
        Ok(digest)
    }
}

/// How near each row of `[rows, dim]` is to the mean of all: the cosine.
fn centrality(rows: &Tensor) -> Result<Vec<f32>> {
    let mean = rows.mean_keepdim(0)?;
    let length = mean.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt().max(1e-6);
    let cosines = rows.broadcast_mul(&mean)?.sum(1)?;
    (cosines / f64::from(length))?.to_vec1()
}

/// A probability whose logit is raised.
fn raised(p: f32, by: f32) -> f32 {
    let odds = p / (1.0 - p).max(1e-6) * by.exp();
    odds / (1.0 + odds)
}
