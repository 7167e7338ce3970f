//! Fitting on one encoder: topics, summary scorer, background.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

use super::data::{Data, Summaries};
use super::{Args, card};
use crate::analyzer::{embed_phrases, lines, round};
use crate::cli::Common;
use crate::encoder::{Document, Embeddings, Encoder};
use crate::evaluate::summaries::Judge;
use crate::model::{Bundle, CONFIG, ENCODER, HEADS, TOKENIZER};
use crate::options::DEFAULT_SUMMARY;
use crate::summary::features;
use crate::topics::{Background, Band, Definitions, OwnTopic, Reading, Topic, phrases};
use crate::train::{self, Heads, few, summary, topics, words};

/// A model's encoder, and what is fitted on it.
pub struct Fitter<'a> {
    pub base: Bundle,
    pub encoder: Encoder,
    pub args: &'a Args,
    pub common: &'a Common,
    /// Folder of embeddings.
    pub cache: &'a Path,
    /// Folder of what is kept until the run is done.
    pub part: &'a Path,
}

/// Topics as they were fitted.
pub struct Topics {
    pub fitted: topics::Fitted,
    /// How they are told.
    pub kind: &'static str,
    pub heads: Heads,
}

impl Fitter<'_> {
    /// What decides about embeddings beside the texts.
    pub fn key(&self) -> String {
        let hashes = &self.base.manifest.sha256;
        let mut key = [ENCODER, TOKENIZER, CONFIG]
            .map(|file| hashes[file].as_str())
            .join(" ");
        if self.encoder.engine().starts_with("candle") {
            key.push_str(" candle");
        }
        key
    }

    pub fn embed(&self, documents: &[Document]) -> anyhow::Result<Vec<Embeddings>> {
        let mut progress = self.common.progress();
        let (key, cache) = (self.key(), self.cache);
        let embedded = train::embed(&self.encoder, &key, documents, cache, &mut progress);
        Ok(embedded?)
    }

    /// Whether the model has general news of its own.
    pub fn has_background(&self) -> anyhow::Result<bool> {
        Ok(self.heads_of_base()?.contains_key("background.rows"))
    }

    /// The heads of the base, by name; a fine-tuned encoder has none, since its
    /// embeddings are others.
    fn heads_of_base(&self) -> anyhow::Result<HashMap<String, Tensor>> {
        if !self.base.has_heads() {
            return Ok(HashMap::new());
        }
        let file = self.base.file(HEADS)?;
        Ok(candle_core::safetensors::load_buffer(file, &Device::Cpu)?)
    }

    /// General news: what the run names, or else what the model has.
    pub fn background(&self, data: &Data) -> anyhow::Result<Option<Background>> {
        let Some(documents) = data.general() else {
            let heads = self.heads_of_base()?;
            if !heads.contains_key("background.rows") {
                return Ok(None);
            }
            let vars = VarBuilder::from_tensors(heads, DType::F32, &Device::Cpu);
            let background = Background::load(self.encoder.dim(), &vars.pp("background"))?;
            return Ok(Some(background));
        };
        let embedded = self.embed(&documents)?;
        let rows: Vec<Tensor> = (documents.iter().zip(&embedded))
            .map(|(document, embeddings)| reading(document, embeddings).rows())
            .collect::<Result<_, _>>()?;
        Ok(Some(Background::new(&rows)?))
    }

    /// Fits the topics.
    pub fn topics(&self, data: &Data) -> anyhow::Result<Topics> {
        let mut heads = Heads::default();
        let background = self.background(data)?;
        if let Some(background) = &background {
            for (name, tensor) in background.tensors()? {
                heads.put(format!("background.{name}"), tensor);
            }
        }
        let documents = data.set.documents();
        let embedded = self.embed(&documents)?;
        let readings: Vec<Reading> = (documents.iter().zip(&embedded))
            .map(|(document, embeddings)| reading(document, embeddings))
            .collect();
        let (kind, fitted) = match &background {
            Some(background) if data.few => {
                let fitted = self.fit_few(data, &readings, background, &mut heads)?;
                (few::KIND, fitted)
            }
            _ => ("trained", self.fit_heads(data, &readings, &mut heads)?),
        };
        Ok(Topics {
            fitted,
            kind,
            heads,
        })
    }

    fn fit_heads(
        &self,
        data: &Data,
        readings: &[Reading],
        heads: &mut Heads,
    ) -> anyhow::Result<topics::Fitted> {
        let grades = &data.grades;
        let settings = topics::Settings {
            seed: self.args.seed,
            ..topics::Settings::default()
        };
        let fold = topics::folds(readings.len(), &settings);
        let texts: Vec<Vec<&str>> = readings.iter().map(|r| r.texts().collect()).collect();
        let said = words::fit(&texts, grades, &fold, &data.more);
        for (name, tensor) in said.words.tensors()? {
            heads.put(format!("topics.words.{name}"), tensor);
        }
        let examples: Vec<topics::Example> = readings
            .iter()
            .enumerate()
            .map(|(i, reading)| {
                Ok(topics::Example {
                    rows: reading.rows()?,
                    row_words: said.rows[i].clone(),
                    words: said.articles[i].clone(),
                    grades: grades[i].clone(),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let derived = self.passages(readings, grades, &fold, &said)?;
        let progress = &mut self.common.progress();
        let fitted = topics::fit(&examples, &derived, &fold, &settings, progress)?;
        for (member, vars) in fitted.members.iter().enumerate() {
            heads.add(&format!("topics.{member}"), vars);
        }
        Ok(fitted)
    }

    /// Made-up articles with the topics in one passage.
    fn passages(
        &self,
        readings: &[Reading],
        grades: &[Vec<u8>],
        fold: &[usize],
        said: &words::WordFit,
    ) -> anyhow::Result<Vec<topics::Derived>> {
        let documents: Vec<Document> = readings
            .iter()
            .map(|reading| Document {
                title: reading.title.map(|(title, _)| title),
                sentences: reading.sentences.to_vec(),
            })
            .collect();
        let passages = train::passages(&documents, grades, self.args.seed);
        let made: Vec<Document> = passages.iter().map(|p| p.document.clone()).collect();
        self.embed(&made)?
            .iter()
            .zip(passages)
            .map(|(embeddings, passage)| {
                let reading = reading(&passage.document, embeddings);
                let texts: Vec<&str> = reading.texts().collect();
                let (row_words, words) = said.of_both(&texts, passage.sources.map(|s| fold[s]));
                Ok(topics::Derived {
                    example: topics::Example {
                        rows: reading.rows()?,
                        row_words,
                        words,
                        grades: passage.grades,
                    },
                    sources: passage.sources,
                })
            })
            .collect()
    }

    fn fit_few(
        &self,
        data: &Data,
        readings: &[Reading],
        background: &Background,
        heads: &mut Heads,
    ) -> anyhow::Result<topics::Fitted> {
        let rows: Vec<Tensor> = readings
            .iter()
            .map(Reading::rows)
            .collect::<Result<_, _>>()?;
        let mut fitted = topics::Fitted {
            members: Vec::new(),
            held_out: Vec::new(),
            calibrations: Vec::new(),
        };
        let mut held_out = vec![Vec::new(); rows.len()];
        let general = background.articles()?;
        for (index, entry) in data.entries.iter().enumerate() {
            let phrases = phrases(&entry.name, &entry.definition, &entry.examples);
            let phrases = embed_phrases(&self.encoder, &phrases)?;
            let mut topic = OwnTopic::new(&phrases, &general)?;
            if !entry.is_defined() {
                topic = topic.undefined();
            }
            let grades: Vec<u8> = data.grades.iter().map(|g| g[index]).collect();
            let learnt = few::fit(&topic, &rows, &grades, background, self.args.seed)?;
            let device = &Device::Cpu;
            let defined = f32::from(u8::from(topic.is_defined()));
            for (name, tensor) in [
                ("phrases", phrases),
                ("weights", Tensor::new(learnt.few.weights, device)?),
                ("bias", Tensor::new(&[learnt.few.bias], device)?),
                ("defined", Tensor::new(&[defined], device)?),
            ] {
                heads.put(format!("own.{index}.{name}"), tensor);
            }
            for (all, logit) in held_out.iter_mut().zip(learnt.held_out) {
                all.push(logit);
            }
        }
        fitted.calibrate(held_out, &data.grades, |topic| data.group(topic));
        Ok(fitted)
    }

    /// All heads of the base but its summary scorer.
    pub fn heads_but_summaries(&self) -> anyhow::Result<Heads> {
        let of_base = self.heads_of_base()?;
        let mut heads = Heads::default();
        for prefix in ["topics", "own", "background"] {
            heads.take_over(prefix, &of_base);
        }
        Ok(heads)
    }

    /// The summary scorer: fitted when the run has articles for it, else the model's own; a
    /// fine-tuned encoder has none, and the command falls back to one that serves any.
    pub fn summary(
        &self,
        summaries: Option<&Summaries>,
        heads: &mut Heads,
        figures: &mut String,
    ) -> anyhow::Result<()> {
        match summaries {
            Some(summaries) => self.fit_summary(summaries, heads, figures),
            None => {
                let of_base = self.heads_of_base()?;
                heads.take_over("summary", &of_base);
                heads.take_over("summary_any_encoder", &of_base);
                Ok(())
            }
        }
    }

    fn fit_summary(
        &self,
        summaries: &Summaries,
        heads: &mut Heads,
        figures: &mut String,
    ) -> anyhow::Result<()> {
        let Summaries { set, golds } = summaries;
        let embeddings = self.embed(&set.documents())?;
        let mut examples = Vec::new();
        for (i, (article, gold)) in set.articles.iter().zip(golds).enumerate() {
            let (sentences, embeddings) = (&set.segments[i].sentences, &embeddings[i]);
            let title = article.title.as_deref().zip(embeddings.title.as_ref());
            let features = features(&lines(article, sentences), &embeddings.sentences, title)?;
            let judge = Judge::new(article, gold);
            let rows = embeddings.sentences.clone();
            examples.push(summary::Example::new(features, rows, judge));
        }
        let settings = summary::Settings {
            seed: self.args.seed,
            ..summary::Settings::default()
        };
        let lead = examples.iter().map(|e| e.judge.lead(DEFAULT_SUMMARY));
        let mut scorers = vec![("first sentences", lead.collect::<Vec<_>>())];
        for (prefix, name, with_embeddings) in [
            ("summary", "features and embedding", true),
            ("summary_any_encoder", "features alone", false),
        ] {
            let progress = &mut self.common.progress();
            let chosen = summary::held_out(&examples, with_embeddings, &settings, progress)?;
            scorers.push((name, chosen));
            let members = summary::fit(&examples, with_embeddings, &settings, progress)?;
            for (number, member) in members.iter().enumerate() {
                heads.add(&format!("{prefix}.{number}"), member);
            }
        }
        figures.push_str(&card::summaries(&examples, &scorers));
        Ok(())
    }
}

/// A bundle's definitions of the topics.
pub fn definitions(data: &Data, kind: &str, fitted: &topics::Fitted) -> Definitions {
    let topics = data.entries.iter().zip(&fitted.calibrations);
    let topics = topics.map(|(entry, calibration)| Topic {
        id: entry.id.clone(),
        name: entry.name.clone(),
        definition: entry.definition.clone(),
        kind: kind.to_owned(),
        threshold: round(calibration.threshold),
        uncertain: Band {
            from: round(calibration.uncertain.from),
            to: round(calibration.uncertain.to),
        },
        calibration: calibration.platt,
    });
    Definitions {
        members: fitted.members.len(),
        topics: topics.collect(),
    }
}

/// What topics are told by.
pub fn reading<'a>(document: &'a Document<'a>, embeddings: &'a Embeddings) -> Reading<'a> {
    Reading {
        title: document.title.zip(embeddings.title.as_ref()),
        sentences: &document.sentences,
        embeddings: &embeddings.sentences,
        before: 0,
    }
}
