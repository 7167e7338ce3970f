//! The pipeline: article, sentences, embeddings, topics and summary.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use crate::analysis::{Analysis, Evidence, ModelId, Place, SummarySentence, TopicResult};
use crate::article::{Article, Language, Segments, Sentence, segment};
use crate::encoder::{Document, Embeddings, Encoder, EngineOptions};
use crate::model::{Bundle, HEADS, ModelError, TOPICS};
use crate::options::{Focus, Options, Query};
use crate::summary::{Line, Redundancy, Room, SummaryScorer, focus, leans, select};
use crate::topics::{
    Background, Definitions, OwnTopic, OwnTopics, Platt, Reading, Topic, TopicFile, TopicScore,
    TopicScorer, by_sections,
};

/// Articles that are analysed together. Enough to keep all cores busy, few enough
/// that memory stays flat and results come soon.
pub const TOGETHER: usize = 32;

/// Probability below which an article is said not to speak of a query.
const UNHEARD: f32 = 0.3;

/// Why an article could not be analysed.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// The text has no sentence.
    #[error("has no sentence in it, only numbers, marks or page furniture")]
    NoSentence,
    /// The engine failed.
    #[error("the engine failed: {0}")]
    Engine(#[from] candle_core::Error),
}

/// Why a model cannot tell topics of the user's own, or answer a query.
#[derive(Debug, thiserror::Error)]
pub enum OwnTopicsError {
    /// Nothing to measure them against.
    #[error(
        "model {0} has no background of general news, which topics of your own and queries are \
         measured against; use the built-in model, or give `classify train` a --background"
    )]
    NoBackground(String),
    /// The model has a topic of that id.
    #[error(
        "topic \"{0}\" is one of the model's own; choose another id, or leave the model's \
         topics out with builtin = false"
    )]
    Taken(String),
    /// The engine failed.
    #[error("the engine failed: {0}")]
    Engine(#[from] candle_core::Error),
}

/// A model that is ready to analyse articles.
///
/// ```no_run
/// use topicwire::{Analyzer, Article, EngineOptions, Options, model::ModelSource};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let analyzer = Analyzer::new(&ModelSource::Embedded.load(false)?, EngineOptions::default(), None)?;
/// let article = Article::new(None, std::fs::read_to_string("article.txt")?);
/// let analysis = analyzer.analyze(&article, &Options::default())?;
/// println!("{:?}", analysis.labels().collect::<Vec<_>>());
/// # Ok(()) }
/// ```
pub struct Analyzer {
    model: ModelId,
    digest: String,
    encoder: Encoder,
    trained: Option<TopicScorer>,
    background: Option<Background>,
    own: Option<OwnTopics>,
    topics: Vec<Topic>,
    summary: SummaryScorer,
    pool: rayon::ThreadPool,
}

impl Analyzer {
    /// Makes a model ready, to run on `threads` threads; by default as many as
    /// the machine, or the container's CPU quota, has cores.
    ///
    /// A bare encoder has no topics; where a model has no summary scorer of its
    /// own, summaries come from one that serves any encoder.
    ///
    /// # Errors
    /// When a file of the bundle is not what it should be.
    pub fn new(
        bundle: &Bundle,
        engine: EngineOptions,
        threads: Option<usize>,
    ) -> Result<Self, ModelError> {
        let encoder = Encoder::load(bundle, engine)?;
        let dim = encoder.dim();
        let heads = bundle.has_heads().then(|| heads(bundle)).transpose()?;
        let background = match &heads {
            Some(heads) if heads.contains_tensor("background.rows") => {
                let background = Background::load(dim, &heads.pp("background"));
                Some(background.map_err(|e| bundle.problem(HEADS, e))?)
            }
            _ => None,
        };
        let (mut trained, mut own, mut topics) = (None, None, Vec::new());
        if let Some(heads) = &heads {
            let definitions = definitions(bundle)?;
            topics.clone_from(&definitions.topics);
            let loaded = match (definitions.members, &background) {
                (0, Some(background)) => {
                    let vars = heads.pp("own");
                    let loaded = OwnTopics::load(&definitions.topics, background, &vars);
                    loaded.map(|loaded| own = Some(loaded))
                }
                (0, None) => Err(candle_core::Error::msg(
                    "topics without heads are told against a background of general news, \
                     which is missing",
                )),
                _ => {
                    let loaded = TopicScorer::load(definitions, dim, &heads.pp("topics"));
                    loaded.map(|loaded| trained = Some(loaded))
                }
            };
            loaded.map_err(|e| bundle.problem(HEADS, e))?;
        }
        let summary = match heads.filter(|heads| {
            // What older versions made, too, so that its error is seen.
            ["summary.0.mean", "summary.mean"]
                .iter()
                .any(|name| heads.contains_tensor(name))
        }) {
            Some(heads) => SummaryScorer::load(Some(dim), &heads.pp("summary"))
                .map_err(|e| bundle.problem(HEADS, e))?,
            None => summary_for_any_encoder()?,
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .build()
            .map_err(|e| bundle.problem("threads", e))?;
        Ok(Self {
            model: ModelId {
                name: bundle.manifest.name.clone(),
                version: bundle.manifest.version.clone(),
            },
            digest: bundle.manifest.digest(),
            encoder,
            topics,
            trained,
            background,
            own,
            summary,
            pool,
        })
    }

    /// Tells topics of the user's own as well, or alone where the file says so.
    ///
    /// # Errors
    /// When the model cannot: it has no background of general news to measure
    /// them against, or has a topic of the same id itself.
    pub fn with_own_topics(mut self, file: &TopicFile) -> Result<Self, OwnTopicsError> {
        let Some(background) = &self.background else {
            return Err(OwnTopicsError::NoBackground(self.model.name));
        };
        if !file.builtin {
            (self.trained, self.own) = (None, None);
            self.topics.clear();
        }
        if let Some(topic) = (file.topics.iter()).find(|t| self.topics.iter().any(|u| u.id == t.id))
        {
            return Err(OwnTopicsError::Taken(topic.id.clone()));
        }
        let embed = |phrases: &[String]| embed_phrases(&self.encoder, phrases);
        let own = self
            .pool
            .install(|| OwnTopics::new(&file.topics, background, embed))?;
        self.topics.extend(own.topics().cloned());
        self.own = Some(match self.own.take() {
            Some(first) => first.and(own),
            None => own,
        });
        Ok(self)
    }

    /// Makes a text ready that summaries can answer.
    ///
    /// # Errors
    /// When the model has no background of general news to measure sentences against.
    pub fn query(&self, text: &str) -> Result<Query, OwnTopicsError> {
        let Some(background) = &self.background else {
            return Err(OwnTopicsError::NoBackground(self.model.name.clone()));
        };
        let topic = self.pool.install(|| {
            let embedded = embed_phrases(&self.encoder, &[text.to_owned()])?;
            OwnTopic::new(&embedded, &background.articles()?)
        })?;
        Ok(Query {
            text: text.to_owned(),
            topic,
        })
    }

    /// The embeddings of texts, each by itself: `[texts, dim]`, rows of unit length.
    ///
    /// # Errors
    /// When there is no text or the engine fails.
    pub fn embed(&self, texts: &[String]) -> candle_core::Result<Tensor> {
        self.pool.install(|| embed_phrases(&self.encoder, texts))
    }

    /// Which model this is.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// SHA-256 over the model's files: what tells it from another of the same name.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Which engine runs the encoder, and on what.
    #[must_use]
    pub fn engine(&self) -> String {
        self.encoder.engine()
    }

    /// The topics of the model; none for a bare encoder.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Threads that the analyzer runs on.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does work on the analyzer's threads.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Analyses one article, on all threads.
    ///
    /// # Errors
    /// When the article has no sentence or the engine fails.
    pub fn analyze(&self, article: &Article, options: &Options) -> Result<Analysis, AnalyzeError> {
        self.analyze_all(&[article], options)
            .pop()
            .unwrap_or(Err(AnalyzeError::NoSentence))
    }

    /// Analyses articles together, on all threads. Results come in the order
    /// of the articles and do not depend on which others are in the call.
    pub fn analyze_all(
        &self,
        articles: &[&Article],
        options: &Options,
    ) -> Vec<Result<Analysis, AnalyzeError>> {
        self.pool.install(|| {
            let segments: Vec<Segments> = articles.par_iter().map(|a| segment(a)).collect();
            let documents: Vec<Document> = articles
                .iter()
                .zip(&segments)
                .map(|(article, segments)| document(article, segments))
                .collect();
            match self.encoder.encode(&documents) {
                Ok(embeddings) => articles
                    .par_iter()
                    .zip(segments)
                    .zip(&embeddings)
                    .map(|((article, segments), embeddings)| {
                        self.finish(article, segments, embeddings, options)
                    })
                    .collect(),
                // One article that the engine cannot take must not fail the others.
                Err(_) if articles.len() > 1 => articles
                    .iter()
                    .map(|article| self.analyze(article, options))
                    .collect(),
                Err(error) => vec![Err(error.into())],
            }
        })
    }

    /// The topics' logits for one article, before calibration: what a calibration is
    /// fitted on.
    ///
    /// # Errors
    /// When the article has no sentence or the engine fails.
    pub fn logits(&self, article: &Article) -> Result<Vec<f32>, AnalyzeError> {
        self.pool.install(|| {
            let segments = segment(article);
            let document = document(article, &segments);
            if document.sentences.is_empty() {
                return Err(AnalyzeError::NoSentence);
            }
            let mut embeddings = self.encoder.encode(std::slice::from_ref(&document))?;
            let embeddings = embeddings.remove(0);
            let reading = Reading {
                title: document.title.zip(embeddings.title.as_ref()),
                sentences: &document.sentences,
                embeddings: &embeddings.sentences,
                before: 0,
            };
            let scores = self.scores(&reading)?;
            Ok(scores.iter().map(|score| score.logit).collect())
        })
    }

    fn scores(&self, reading: &Reading) -> candle_core::Result<Vec<TopicScore>> {
        by_sections(reading, |part| self.scores_of_part(part))
    }

    fn scores_of_part(&self, reading: &Reading) -> candle_core::Result<Vec<TopicScore>> {
        let mut found: Vec<TopicScore> = Vec::with_capacity(self.topics.len());
        if let Some(trained) = &self.trained {
            found.extend(trained.score(reading)?);
        }
        if let Some(own) = &self.own {
            found.extend(own.score(reading)?);
        }
        Ok(found)
    }

    /// How much each sentence says about what a summary is to be about, or why the article
    /// says nothing about it.
    fn speaks_of(
        &self,
        about: &Focus,
        reading: &Reading,
        topics: &[TopicResult],
        scores: Vec<TopicScore>,
    ) -> candle_core::Result<Result<Vec<f32>, String>> {
        let nothing = |of: &str, probability: f32| {
            Err(format!(
                "no summary: it says too little about {of} (probability {probability})"
            ))
        };
        Ok(match about {
            Focus::Topic(id) => {
                match topics.iter().zip(scores).find(|(topic, _)| topic.id == *id) {
                    Some((topic, score)) if topic.label || topic.uncertain => {
                        Ok(score.contributions)
                    }
                    Some((topic, _)) => nothing(&topic.name, topic.probability),
                    None => Err(format!("no summary: the model has no topic \"{id}\"")),
                }
            }
            Focus::Query(query) => {
                let rows = reading.rows()?;
                let score = query.topic.score(&rows, reading.first(), Platt::IDENTITY)?;
                match round(score.probability) {
                    probability if probability < UNHEARD => {
                        nothing(&format!("\"{}\"", query.text), probability)
                    }
                    _ => Ok(score.contributions),
                }
            }
        })
    }

    fn finish(
        &self,
        article: &Article,
        segments: Segments,
        embeddings: &Embeddings,
        options: &Options,
    ) -> Result<Analysis, AnalyzeError> {
        let sentences = &segments.sentences;
        if sentences.is_empty() {
            return Err(AnalyzeError::NoSentence);
        }
        let title = embeddings.title.as_ref();
        let place = |number: usize| Place {
            sentence: number,
            start: sentences[number].chars.start,
            end: sentences[number].chars.end,
        };
        let text = |number: usize| article.text[sentences[number].bytes.clone()].to_owned();
        let lines = lines(article, sentences);
        let texts: Vec<&str> = lines.iter().map(|line| line.text).collect();
        let reading = Reading {
            title: article.title.as_deref().zip(title),
            sentences: &texts,
            embeddings: &embeddings.sentences,
            before: 0,
        };
        let scores = self.scores(&reading)?;
        let topics: Vec<TopicResult> = (self.topics.iter())
            .zip(&scores)
            .map(|(topic, score)| {
                let probability = round(score.probability);
                let threshold = options
                    .thresholds
                    .get(&topic.id)
                    .copied()
                    .or(options.threshold)
                    .unwrap_or(topic.threshold);
                let label = probability >= threshold;
                let evidence = if label || options.all_evidence {
                    score.evidence()
                } else {
                    Vec::new()
                };
                TopicResult {
                    id: topic.id.clone(),
                    name: topic.name.clone(),
                    probability,
                    label,
                    threshold,
                    uncertain: topic.uncertain.holds(probability),
                    evidence: evidence
                        .into_iter()
                        .map(|(sentence, weight)| Evidence {
                            place: place(sentence),
                            weight: round(weight),
                            text: text(sentence),
                        })
                        .collect(),
                }
            })
            .collect();
        let mut warnings = article.warnings.clone();
        // Nothing is scored that is not asked for.
        let mut summary = Vec::new();
        if options.summary.sentences > 0 {
            let mut values = self
                .summary
                .score(&lines, &embeddings.sentences, reading.title)?;
            if let Some(about) = &options.focus {
                match self.speaks_of(about, &reading, &topics, scores)? {
                    Ok(contributions) if contributions.iter().all(|c| *c <= 0.0) => {
                        warnings.push("no summary: no sentence speaks of it".to_owned());
                        values.fill(0.0);
                    }
                    Ok(contributions) => focus(&mut values, &contributions),
                    Err(warning) => {
                        warnings.push(warning);
                        values.fill(0.0);
                    }
                }
            }
            let room = Room::new(options.summary, &lines);
            let leaning: Vec<bool> = texts.iter().map(|text| leans(text)).collect();
            let mut chosen = select(
                &values,
                &leaning,
                &embeddings.sentences,
                room,
                Redundancy::ARTICLE,
            )?;
            if chosen.is_empty() && values.iter().any(|value| *value > 0.0) {
                warnings.push("no sentence is short enough for the summary asked for".to_owned());
            }
            if !options.by_rank {
                chosen.sort_unstable();
            }
            summary.extend(chosen.into_iter().map(|sentence| SummarySentence {
                place: place(sentence),
                score: round(values[sentence]),
                text: text(sentence),
            }));
        }
        warnings.extend(segments.warnings.clone());
        let mut meta = article.meta.clone();
        if let Some(language) = Language::of(texts.iter().copied()) {
            meta.language = Some(language.code().to_owned());
            if !language.is_english() {
                warnings.push(format!(
                    "language looks like {} ({:.2}); topics are trained on English",
                    language.name(),
                    language.confidence
                ));
            }
        }
        if self.topics.is_empty() {
            warnings.push(format!(
                "model {} is a bare encoder: no topics; train some with `classify train`",
                self.model.name
            ));
        }
        Ok(Analysis {
            title: article.title.clone(),
            meta,
            words: segments.words,
            sentences: sentences.len(),
            topics,
            summary,
            warnings,
            tokens: embeddings.tokens,
        })
    }
}

/// What the encoder reads of an article.
#[must_use]
pub fn document<'a>(article: &'a Article, segments: &Segments) -> Document<'a> {
    Document {
        title: article.title.as_deref(),
        sentences: segments
            .sentences
            .iter()
            .map(|s| &article.text[s.bytes.clone()])
            .collect(),
    }
}

/// The embeddings of a topic's phrases, `[phrases, dim]`; each is encoded by itself.
///
/// # Errors
/// When the engine fails.
pub fn embed_phrases(encoder: &Encoder, phrases: &[String]) -> candle_core::Result<Tensor> {
    let alone = |phrase| Document {
        title: None,
        sentences: vec![phrase],
    };
    let documents: Vec<Document> = phrases.iter().map(String::as_str).map(alone).collect();
    let embedded = encoder.encode(&documents)?;
    let rows: Vec<&Tensor> = embedded.iter().map(|e| &e.sentences).collect();
    Tensor::cat(&rows, 0)
}

/// What the summary reads of an article.
#[must_use]
pub fn lines<'a>(article: &'a Article, sentences: &[Sentence]) -> Vec<Line<'a>> {
    sentences
        .iter()
        .map(|s| Line {
            text: &article.text[s.bytes.clone()],
            paragraph: s.paragraph,
        })
        .collect()
}

/// Four decimals: more would be noise, and output stays the same where the
/// last bits of a float differ between machines.
#[must_use]
pub fn round(value: f32) -> f32 {
    (value * 1e4).round() / 1e4
}

/// The embedded scorer that looks at features alone.
fn summary_for_any_encoder() -> Result<SummaryScorer, ModelError> {
    let default = Bundle::embedded()?;
    SummaryScorer::load(None, &heads(&default)?.pp("summary_any_encoder"))
        .map_err(|e| default.problem(HEADS, e))
}

fn heads(bundle: &Bundle) -> Result<VarBuilder<'static>, ModelError> {
    let tensors: HashMap<String, Tensor> =
        candle_core::safetensors::load_buffer(bundle.file(HEADS)?, &Device::Cpu)
            .map_err(|e| bundle.problem(HEADS, e))?;
    Ok(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
}

/// The topic definitions of a bundle.
///
/// # Errors
/// When the bundle has none or they cannot be read.
pub fn definitions(bundle: &Bundle) -> Result<Definitions, ModelError> {
    let text = std::str::from_utf8(bundle.file(TOPICS)?).map_err(|e| bundle.problem(TOPICS, e))?;
    let definitions: Definitions = toml::from_str(text).map_err(|e| bundle.problem(TOPICS, e))?;
    let sound = |t: &Topic| (0.0..=1.0).contains(&t.threshold) && !t.id.trim().is_empty();
    if !definitions.topics.iter().all(sound) {
        let problem = "each topic needs an id and a threshold from 0 to 1";
        return Err(bundle.problem(TOPICS, problem));
    }
    Ok(definitions)
}
