//! `classify train`: labelled articles to a bundle.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use super::batch::ColumnArgs;
use super::files::Output;
use super::{Common, Ended, tables};
use crate::analyzer::{document, lines};
use crate::article::{Article, Segments, segment};
use crate::encoder::{Document, Embeddings, Encoder};
use crate::evaluate::{average_precision, f1, precision, recall};
use crate::model::{Bundle, CONFIG, ENCODER, HEADS, TOKENIZER};
use crate::records::{POSITIVE, Row, is_marked};
use crate::summary::features;
use crate::topics::{Definitions, Topic, rows};
use crate::train::{self, Heads, summary, topics};

/// Flags of `train`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labelled articles: a table with grades (topic to 0-3) or labels (a list)
    #[arg(value_name = "TABLE")]
    articles: PathBuf,
    /// Articles with marked summary sentences (best, alternates: lists of sentences, or of
    /// [start, end) character offsets); without them the model's own scorer stays
    #[arg(long, value_name = "TABLE")]
    summaries: Option<PathBuf>,
    /// Topics to fit, as TOML: [[topic]] with id, name, definition
    /// [default: all that the articles name]
    #[arg(long, value_name = "TOPICS.toml")]
    topics: Option<PathBuf>,
    /// Folder of the new bundle; must not exist
    #[arg(short, long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Name of the new model
    #[arg(long, value_name = "NAME", default_value = "custom")]
    name: String,
    /// Version of the new model
    #[arg(long = "as-version", value_name = "VERSION", default_value = "1.0.0")]
    version: String,
    /// Seed of every random choice: the same seed gives the same model
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder to keep the embeddings in, so that a second run need not compute them
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicList {
    topic: Vec<TopicEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    id: String,
    name: Option<String>,
    definition: Option<String>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let target = args.output.display();
    if args.output.exists() {
        bail!("{target}: exists already; name a new folder, or delete this one first");
    }
    let base = common.bundle()?;
    let trainer = Trainer {
        encoder: Encoder::load(&base, common.engine()?)?,
        base,
        args,
        common,
        ended: Cell::new(Ended::Well),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(common.threads().unwrap_or(0))
        .build()?;
    // On a thread of the pool, so that everything below it runs there.
    let (bundle, ended) = pool.install(move || {
        let bundle = trainer.train()?;
        anyhow::Ok((bundle, trainer.ended.get()))
    })?;
    bundle
        .write(&args.output)
        .with_context(|| format!("{target}: cannot be written"))?;
    if !common.quiet {
        super::say(
            "done",
            format!("{target}; use it with `classify -m {target} FILE…`"),
        );
    }
    Ok(ended)
}

/// What a training run works with.
struct Trainer<'a> {
    base: Bundle,
    encoder: Encoder,
    args: &'a Args,
    common: &'a Common,
    ended: Cell<Ended>,
}

/// The articles of a table that have sentences.
struct Set {
    rows: Vec<Row>,
    articles: Vec<Article>,
    segments: Vec<Segments>,
}

impl Set {
    fn documents(&self) -> Vec<Document<'_>> {
        let pairs = self.articles.iter().zip(&self.segments);
        pairs
            .map(|(article, segments)| document(article, segments))
            .collect()
    }
}

impl Trainer<'_> {
    fn train(&self) -> anyhow::Result<Bundle> {
        let mut out = Output::open(None, &[])?;
        let mut heads = Heads::default();
        let definitions = self.fit_topics(&mut heads, &mut out)?;
        match &self.args.summaries {
            Some(path) => self.fit_summary(path, &mut heads, &mut out)?,
            None if self.base.has_heads() => {
                let own = candle_core::safetensors::load_buffer(
                    self.base.file(HEADS)?,
                    &candle_core::Device::Cpu,
                )?;
                heads.take_over("summary", &own);
                heads.take_over("summary_any_encoder", &own);
            }
            None => {}
        }
        out.complete()?;
        let made_by = format!("classify train, seed {}", self.args.seed);
        Ok(self.base.with_heads(
            &self.args.name,
            &self.args.version,
            heads.serialise()?,
            toml::to_string(&definitions)?,
            &made_by,
        ))
    }

    fn set(&self, path: &Path) -> anyhow::Result<Set> {
        let table = tables::read(path, &self.args.columns.columns(), self.common)?;
        let (mut rows, mut articles, mut segments) = (Vec::new(), Vec::new(), Vec::new());
        if table.ended == Ended::InputFailed {
            self.ended.set(Ended::InputFailed);
        }
        for (row, article) in table.articles {
            let found = segment(&article);
            if found.sentences.is_empty() {
                let (name, number) = (path.display(), row.number);
                self.common
                    .warn(format!("{name}: row {number} has no sentence; left out"));
                continue;
            }
            rows.push(row);
            articles.push(article);
            segments.push(found);
        }
        Ok(Set {
            rows,
            articles,
            segments,
        })
    }

    fn embed(&self, documents: &[Document]) -> anyhow::Result<Vec<Embeddings>> {
        // Whatever decides the embeddings beside the texts.
        let hashes = &self.base.manifest.sha256;
        let key = [ENCODER, TOKENIZER, CONFIG]
            .map(|file| hashes[file].as_str())
            .join(" ");
        Ok(train::embed(
            &self.encoder,
            &key,
            documents,
            self.args.cache.as_deref(),
            &mut self.common.progress(),
        )?)
    }

    fn fit_topics(&self, heads: &mut Heads, out: &mut Output) -> anyhow::Result<Definitions> {
        let set = self.set(&self.args.articles)?;
        let entries = self.entries(&set.rows)?;
        let grades: Vec<Vec<u8>> = set
            .rows
            .iter()
            .map(|row| {
                let grades = entries.iter().map(|topic| row.grade(&topic.id));
                let table = self.args.articles.display();
                grades
                    .collect::<Result<_, _>>()
                    .map_err(|e| anyhow!("{table}: row {} {e}", row.number))
            })
            .collect::<anyhow::Result<_>>()?;
        let documents = set.documents();
        let example = |embeddings: &Embeddings, grades: &[u8]| -> anyhow::Result<_> {
            Ok(topics::Example {
                rows: rows(&embeddings.sentences, embeddings.title.as_ref())?,
                grades: grades.to_vec(),
            })
        };
        let examples: Vec<topics::Example> = self
            .embed(&documents)?
            .iter()
            .zip(&grades)
            .map(|(embeddings, grades)| example(embeddings, grades))
            .collect::<anyhow::Result<_>>()?;
        let passages = train::passages(&documents, &grades, self.args.seed);
        let made: Vec<Document> = passages.iter().map(|p| p.document.clone()).collect();
        let derived: Vec<topics::Derived> = self
            .embed(&made)?
            .iter()
            .zip(&passages)
            .map(|(embeddings, passage)| {
                Ok(topics::Derived {
                    example: example(embeddings, &passage.grades)?,
                    sources: passage.sources,
                })
            })
            .collect::<anyhow::Result<_>>()?;
        for (index, topic) in entries.iter().enumerate() {
            let positive = examples
                .iter()
                .filter(|e| e.grades[index] >= POSITIVE)
                .count();
            if positive < 10 {
                self.common.warn(format!(
                    "topic {}: {positive} articles have it; expect little of it",
                    topic.id
                ));
            }
        }
        let settings = topics::Settings {
            seed: self.args.seed,
            ..topics::Settings::default()
        };
        let fitted = topics::fit(&examples, &derived, &settings, &mut self.common.progress())?;
        for (member, vars) in fitted.members.iter().enumerate() {
            heads.add(&format!("topics.{member}"), vars);
        }
        report(out, &entries, &examples, &fitted)?;
        let topics = entries
            .into_iter()
            .zip(&fitted.calibrations)
            .map(|(entry, calibration)| Topic {
                name: entry.name.unwrap_or_else(|| entry.id.clone()),
                definition: entry.definition.unwrap_or_default(),
                id: entry.id,
                kind: "trained".to_owned(),
                threshold: (calibration.threshold * 1e4).round() / 1e4,
                calibration: calibration.platt,
            })
            .collect();
        Ok(Definitions {
            members: fitted.members.len(),
            topics,
        })
    }

    fn entries(&self, rows: &[Row]) -> anyhow::Result<Vec<TopicEntry>> {
        let named: BTreeSet<String> = rows.iter().flat_map(Row::topics).collect();
        let entries = match &self.args.topics {
            Some(path) => {
                let name = path.display();
                let text = std::fs::read_to_string(path).with_context(|| name.to_string())?;
                let list: TopicList = toml::from_str(&text).with_context(|| name.to_string())?;
                if let Some(absent) = list.topic.iter().find(|t| !named.contains(&t.id)) {
                    bail!(
                        "{name}: topic \"{}\" is in no row of the articles",
                        absent.id
                    );
                }
                list.topic
            }
            None => named
                .into_iter()
                .map(|id| TopicEntry {
                    id,
                    name: None,
                    definition: None,
                })
                .collect(),
        };
        if entries.is_empty() {
            bail!(
                "{}: no row names a topic, in grades or labels",
                self.args.articles.display()
            );
        }
        Ok(entries)
    }

    fn fit_summary(&self, path: &Path, heads: &mut Heads, out: &mut Output) -> anyhow::Result<()> {
        let set = self.set(path)?;
        let embeddings = self.embed(&set.documents())?;
        let mut examples = Vec::new();
        for (i, row) in set.rows.iter().enumerate() {
            let text = &set.articles[i].text;
            let marked = |column| {
                let spans = row.spans(column, text);
                spans.map_err(|e| anyhow!("{}: row {} {e}", path.display(), row.number))
            };
            let Some(best) = marked("best")? else {
                bail!(
                    "{}: row {} marks no sentences in \"best\"",
                    path.display(),
                    row.number
                );
            };
            let alternates = marked("alternates")?.unwrap_or_default();
            let sentences = &set.segments[i].sentences;
            let embeddings = &embeddings[i];
            let lines = lines(&set.articles[i], sentences);
            examples.push(summary::Example {
                features: features(&lines, &embeddings.sentences, embeddings.title.as_ref())?,
                embeddings: embeddings.sentences.clone(),
                targets: sentences
                    .iter()
                    .map(|s| match () {
                        () if is_marked(&s.chars, &best) => 1.0,
                        () if is_marked(&s.chars, &alternates) => summary::ALTERNATE,
                        () => 0.0,
                    })
                    .collect(),
            });
        }
        let settings = summary::Settings {
            seed: self.args.seed,
            ..summary::Settings::default()
        };
        writeln!(
            out,
            "\n| summary scorer, held out | best | best or alternate |\n| --- | ---: | ---: |"
        )?;
        for (prefix, name, with_embeddings) in [
            ("summary", "features and embedding", true),
            ("summary_any_encoder", "features alone", false),
        ] {
            let quality = summary::cross_validate(&examples, with_embeddings, &settings)?;
            let (best, either) = (quality.best, quality.best_or_alternate);
            writeln!(out, "| {name} | {best:.3} | {either:.3} |")?;
            heads.add(
                prefix,
                &summary::fit(&examples, with_embeddings, &settings)?,
            );
        }
        Ok(())
    }
}

/// Prints what the heads reach on the articles that each did not see.
fn report(
    out: &mut Output,
    entries: &[TopicEntry],
    examples: &[topics::Example],
    fitted: &topics::Fitted,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "| topic, held out | articles | precision | recall | F1 | AP | threshold |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    let mut macro_f1 = 0.0;
    for (index, topic) in entries.iter().enumerate() {
        let calibration = fitted.calibrations[index];
        let labels: Vec<bool> = examples
            .iter()
            .map(|e| e.grades[index] >= POSITIVE)
            .collect();
        let scores: Vec<f64> = fitted
            .held_out
            .iter()
            .map(|l| f64::from(calibration.platt.probability(l[index])))
            .collect();
        let holds: Vec<bool> = scores
            .iter()
            .map(|p| *p >= f64::from(calibration.threshold))
            .collect();
        let score = f1(&holds, &labels);
        #[expect(clippy::cast_precision_loss, reason = "a count of topics")]
        let share = 1.0 / entries.len() as f64;
        macro_f1 += share * score;
        writeln!(
            out,
            "| {} | {} | {:.3} | {:.3} | {score:.3} | {:.3} | {:.3} |",
            topic.id,
            labels.iter().filter(|l| **l).count(),
            precision(&holds, &labels),
            recall(&holds, &labels),
            average_precision(&scores, &labels),
            calibration.threshold
        )?;
    }
    writeln!(out, "| macro | | | | {macro_f1:.3} | | |")?;
    Ok(())
}
