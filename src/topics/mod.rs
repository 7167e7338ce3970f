//! Embeddings to probabilities, labels and evidence.
//!
//! This room sees embeddings as numbers and knows no encoder.

mod background;
mod definitions;
mod evidence;
mod file;
mod head;
mod own;
mod sections;
mod words;

pub use background::{Background, ROWS};
pub use definitions::{Band, Definitions, Platt, Topic};
pub use file::{Entry, Problem, TopicFile};
pub use head::{GRADES, Head, HeadInput, HeadOutput, POOLS};
pub use own::{CALIBRATION, Few, OwnTopic, phrases};
pub use sections::by_sections;
pub use words::{Words, for_each_gram};

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

/// The topic heads of a model: a word model, an ensemble of [`Head`]s whose
/// logits are averaged, and a calibration per topic.
pub struct TopicScorer {
    definitions: Definitions,
    words: Words,
    members: Vec<Head>,
}

/// What topics are told by: the texts of an article and their embeddings.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The title and its embedding `[dim]`, when there is one.
    pub title: Option<(&'a str, &'a Tensor)>,
    /// The sentences, one or more.
    pub sentences: &'a [&'a str],
    /// Their embeddings `[sentences, dim]`.
    pub embeddings: &'a Tensor,
    /// How many sentences of the article come before them, when they are a section of it.
    pub before: usize,
}

impl<'a> Reading<'a> {
    /// The texts of the rows that a head sees: the title's, when there is one,
    /// then the sentences'.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        let title = self.title.map(|(text, _)| text);
        title.into_iter().chain(self.sentences.iter().copied())
    }

    /// The embeddings of the rows, `[rows, dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn rows(&self) -> Result<Tensor> {
        match self.title {
            Some((_, title)) => Tensor::cat(&[&title.unsqueeze(0)?, self.embeddings], 0),
            None => Ok(self.embeddings.clone()),
        }
    }

    /// Rows before the first sentence: 1 with a title, else 0.
    #[must_use]
    pub fn first(&self) -> usize {
        usize::from(self.title.is_some())
    }
}

/// What a topic scorer says of one article, for one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicScore {
    /// What the topic's probability is calibrated from.
    pub logit: f32,
    /// Calibrated probability that the topic holds.
    pub probability: f32,
    /// How much each sentence speaks for the topic: of trained topics what attention and
    /// the highest sentence logits add, times how plainly the sentence speaks by itself; of
    /// others how far it is above what general news has.
    pub contributions: Vec<f32>,
}

impl TopicScore {
    /// Sentences that speak for the topic, strongest first, with their share of what all
    /// of them say.
    #[must_use]
    pub fn evidence(&self) -> Vec<(usize, f32)> {
        evidence::strongest(&self.contributions)
    }
}

impl TopicScorer {
    /// Loads the heads under `vars`, for embeddings of length `dim`.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(definitions: Definitions, dim: usize, vars: &VarBuilder) -> Result<Self> {
        let topics = definitions.topics.len();
        let members = (0..definitions.members)
            .map(|member| Head::load(dim, topics, vars.pp(member)))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: Words::load(topics, &vars.pp("words"))?,
            definitions,
            members,
        })
    }

    /// The topics in order.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.definitions.topics
    }

    /// Scores one article. The title takes part in the decision, but only
    /// sentences are evidence.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(&self, reading: &Reading) -> Result<Vec<TopicScore>> {
        let rows = reading.rows()?;
        let first = reading.first();
        let count = rows.dims()[0];
        let device = &Device::Cpu;
        let row_words: Vec<f32> = reading
            .texts()
            .flat_map(|text| self.words.logits(text))
            .collect();
        let whole = reading.texts().collect::<Vec<_>>().join(" ");
        let plain: Vec<Vec<f32>> = (0..self.topics().len())
            .map(|topic| {
                let of_topic = row_words.iter().skip(topic).step_by(self.topics().len());
                let words = of_topic.skip(first).copied();
                evidence::plainness(reading.sentences, words, reading.before)
            })
            .collect();
        let input = HeadInput {
            rows: rows.unsqueeze(0)?,
            mask: Tensor::ones((1, count), DType::F32, device)?,
            row_words: Tensor::from_vec(row_words, (1, count, self.topics().len()), device)?,
            words: Tensor::new(self.words.logits(&whole), device)?.unsqueeze(0)?,
        };
        let topics = self.topics().len();
        let mut logits = vec![0.0; topics];
        let mut shares = vec![vec![0.0; count - first]; topics];
        #[expect(clippy::cast_precision_loss, reason = "a handful of members")]
        let members = self.members.len() as f32;
        for member in &self.members {
            let output = member.forward(&input)?;
            let member_logits = output.positive()?.get(0)?.to_vec1::<f32>()?;
            for (logit, value) in logits.iter_mut().zip(member_logits) {
                *logit += value / members;
            }
            for (topic, share) in shares.iter_mut().enumerate() {
                let own = evidence::contributions(member, &output, topic)?;
                for (total, value) in share.iter_mut().zip(&own[first..]) {
                    *total += value / members;
                }
            }
        }
        for (share, plain) in shares.iter_mut().zip(&plain) {
            for (value, plain) in share.iter_mut().zip(plain) {
                *value = evidence::convincing(*value, *plain);
            }
        }
        Ok(self
            .topics()
            .iter()
            .zip(logits.into_iter().zip(shares))
            .map(|(topic, (logit, contributions))| TopicScore {
                logit,
                probability: topic.calibration.probability(logit),
                contributions,
            })
            .collect())
    }
}

/// Topics of the user's own, ready to score.
pub struct OwnTopics {
    topics: Vec<(Topic, OwnTopic)>,
}

impl OwnTopics {
    /// How a topic of the user's own is told in [`Topic::kind`] when it has a definition alone.
    pub const KIND: &'static str = "zero-shot";
    /// Threshold where the file sets none.
    const THRESHOLD: f32 = 0.5;
    /// Nobody has measured a topic that has only a definition: a wide band.
    const UNCERTAIN: Band = Band {
        from: 0.25,
        to: 0.75,
    };

    /// Makes the topics of a file ready. `embed` gives the embeddings of texts,
    /// `[texts, dim]`, each of unit length.
    ///
    /// # Errors
    /// When the encoder fails, or the background is of another one.
    pub fn new(
        entries: &[Entry],
        background: &Background,
        mut embed: impl FnMut(&[String]) -> Result<Tensor>,
    ) -> Result<Self> {
        let general = background.articles()?;
        let topics = entries.iter().map(|entry| {
            let phrases = phrases(&entry.name, &entry.definition, &entry.examples);
            let own = OwnTopic::new(&embed(&phrases)?, &general)?;
            let topic = Topic {
                id: entry.id.clone(),
                name: entry.name.clone(),
                definition: entry.definition.clone(),
                kind: Self::KIND.to_owned(),
                threshold: entry.threshold.unwrap_or(Self::THRESHOLD),
                uncertain: Self::UNCERTAIN,
                calibration: Platt::IDENTITY,
            };
            Ok((topic, own))
        });
        Ok(Self {
            topics: topics.collect::<Result<_>>()?,
        })
    }

    /// Loads topics that few labelled articles were learnt for, see
    /// [`crate::train::few`].
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(topics: &[Topic], background: &Background, vars: &VarBuilder) -> Result<Self> {
        let (general, center) = (background.articles()?, background.center()?);
        let own = topics.iter().enumerate().map(|(number, topic)| {
            let vars = vars.pp(number);
            let few = Few {
                center: center.clone(),
                weights: vars.get_unchecked("weights")?.to_vec1()?,
                bias: vars.get(1, "bias")?.to_vec1::<f32>()?[0],
            };
            if few.weights.len() != few.center.len() {
                candle_core::bail!("weights of topic {} have another length", topic.id);
            }
            let own = OwnTopic::new(&vars.get_unchecked("phrases")?, &general)?;
            let own = match vars.get(1, "defined")?.to_vec1::<f32>()?[0] > 0.0 {
                true => own,
                false => own.undefined(),
            };
            Ok((topic.clone(), own.with_few(few)))
        });
        Ok(Self {
            topics: own.collect::<Result<_>>()?,
        })
    }

    /// Adds the topics of another.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.topics.extend(more.topics);
        self
    }

    /// The topics in order.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter().map(|(topic, _)| topic)
    }

    /// Scores one article.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(&self, reading: &Reading) -> Result<Vec<TopicScore>> {
        let rows = reading.rows()?;
        self.topics
            .iter()
            .map(|(topic, own)| own.score(&rows, reading.first(), topic.calibration))
            .collect()
    }
}
