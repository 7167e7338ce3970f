//! `classify train`: labelled articles to a bundle.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

use super::batch::ColumnArgs;
use super::files::Output;
use super::{Common, Ended, tables};
use crate::analyzer::{document, embed_phrases, lines, round};
use crate::article::{Article, Segments, segment};
use crate::encoder::{Document, Embeddings, Encoder};
use crate::evaluate::{average_precision, f1, precision, recall};
use crate::model::{Bundle, CONFIG, ENCODER, HEADS, TOKENIZER};
use crate::records::{POSITIVE, Row, is_marked};
use crate::summary::features;
use crate::topics::{
    Background, Band, Definitions, Entry, OwnTopic, ROWS, Reading, Topic, phrases,
};
use crate::train::{self, Heads, few, summary, topics, words};

/// Articles of general news that a model keeps.
const BACKGROUND: usize = 200;

/// Fewer say nothing of what is usual.
const LEAST_BACKGROUND: usize = 50;

/// Flags of `train`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labelled articles: a table with grades (topic to 0-3) or labels (a list)
    #[arg(value_name = "TABLE")]
    articles: PathBuf,
    /// More labelled articles, picked because they are hard or rare: the words in them teach,
    /// but they set no threshold, since they are no fair sample
    #[arg(long, value_name = "TABLE")]
    also: Option<PathBuf>,
    /// Labels of the articles of --also, in a table of their own: id, and grades or labels;
    /// articles that it does not name are left out
    #[arg(long, value_name = "TABLE", requires = "also")]
    also_labels: Option<PathBuf>,
    /// Articles with marked summary sentences (best, alternates: lists of sentences, or of
    /// [start, end) character offsets); without them the model's own scorer stays
    #[arg(long, value_name = "TABLE")]
    summaries: Option<PathBuf>,
    /// Articles of general news, to measure topics of your own against; may be given several
    /// times, each table has the same weight [default: what the model has]
    #[arg(long, value_name = "TABLE")]
    background: Vec<PathBuf>,
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
        let of_base = if self.base.has_heads() {
            candle_core::safetensors::load_buffer(
                self.base.file(HEADS)?,
                &candle_core::Device::Cpu,
            )?
        } else {
            HashMap::new()
        };
        let background = if !self.args.background.is_empty() {
            Some(self.background()?)
        } else if of_base.contains_key("background.rows") {
            let vars = VarBuilder::from_tensors(of_base.clone(), DType::F32, &Device::Cpu);
            let dim = self.encoder.dim();
            Some(Background::load(dim, &vars.pp("background"))?)
        } else {
            None
        };
        if let Some(background) = &background {
            for (name, tensor) in background.tensors()? {
                heads.put(format!("background.{name}"), tensor);
            }
        }
        let definitions = self.fit_topics(background.as_ref(), &mut heads, &mut out)?;
        match &self.args.summaries {
            Some(path) => self.fit_summary(path, &mut heads, &mut out)?,
            None => {
                heads.take_over("summary", &of_base);
                heads.take_over("summary_any_encoder", &of_base);
            }
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

    fn fit_topics(
        &self,
        background: Option<&Background>,
        heads: &mut Heads,
        out: &mut Output,
    ) -> anyhow::Result<Definitions> {
        let set = self.set(&self.args.articles)?;
        let entries = self.entries(&set.rows)?;
        let grades = grades(&self.args.articles, &set.rows, &entries)?;
        let mut fewest = usize::MAX;
        for (index, topic) in entries.iter().enumerate() {
            let positive = grades.iter().filter(|g| g[index] >= POSITIVE).count();
            fewest = fewest.min(positive);
            if positive < 8 {
                self.common.warn(format!(
                    "topic {}: {positive} articles have it; expect little of it",
                    topic.id
                ));
            } else if positive == grades.len() {
                self.common.warn(format!(
                    "topic {}: all articles have it; add some that have not, or nothing can be \
                     learnt of it",
                    topic.id
                ));
            }
        }
        let documents = set.documents();
        let embedded = self.embed(&documents)?;
        let readings: Vec<Reading> = (documents.iter().zip(&embedded))
            .map(|(document, embeddings)| Reading {
                title: document.title.zip(embeddings.title.as_ref()),
                sentences: &document.sentences,
                embeddings: &embeddings.sentences,
            })
            .collect();
        let (members, kind, mut fitted) = match background {
            Some(background) if fewest < few::ENOUGH => {
                self.common.warn(format!(
                    "a topic has {fewest} articles, fewer than {}: all topics are told by their \
                     definitions, which the articles correct{}",
                    few::ENOUGH,
                    match &self.args.also {
                        Some(_) => "; --also is left out",
                        None => "",
                    }
                ));
                let fitted = self.fit_few(&entries, &readings, &grades, background, heads)?;
                (0, few::KIND, fitted)
            }
            _ => {
                let fitted = self.fit_heads(&entries, &readings, &grades, heads)?;
                (fitted.members.len(), "trained", fitted)
            }
        };
        for (entry, calibration) in entries.iter().zip(&mut fitted.calibrations) {
            if let Some(threshold) = entry.threshold {
                calibration.threshold = threshold;
            }
        }
        report(out, &entries, &grades, &fitted)?;
        let topics = entries
            .into_iter()
            .zip(&fitted.calibrations)
            .map(|(entry, calibration)| Topic {
                name: entry.name,
                definition: entry.definition,
                id: entry.id,
                kind: kind.to_owned(),
                threshold: round(calibration.threshold),
                uncertain: Band {
                    from: round(calibration.uncertain.from),
                    to: round(calibration.uncertain.to),
                },
                calibration: calibration.platt,
            })
            .collect();
        Ok(Definitions { members, topics })
    }

    fn fit_heads(
        &self,
        entries: &[Entry],
        readings: &[Reading],
        grades: &[Vec<u8>],
        heads: &mut Heads,
    ) -> anyhow::Result<topics::Fitted> {
        let settings = topics::Settings {
            seed: self.args.seed,
            ..topics::Settings::default()
        };
        let fold = topics::folds(readings.len(), &settings);
        let more = match &self.args.also {
            Some(path) => self.more(path, entries)?,
            None => words::More::default(),
        };
        let texts: Vec<Vec<&str>> = readings.iter().map(|r| r.texts().collect()).collect();
        let said = words::fit(&texts, grades, &fold, &more);
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
                let reading = Reading {
                    title: passage.document.title.zip(embeddings.title.as_ref()),
                    sentences: &passage.document.sentences,
                    embeddings: &embeddings.sentences,
                };
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
        entries: &[Entry],
        readings: &[Reading],
        grades: &[Vec<u8>],
        background: &Background,
        heads: &mut Heads,
    ) -> anyhow::Result<topics::Fitted> {
        let rows: Vec<Tensor> = readings
            .iter()
            .map(Reading::rows)
            .collect::<Result<_, _>>()?;
        let mut fitted = topics::Fitted {
            members: Vec::new(),
            held_out: vec![Vec::new(); rows.len()],
            calibrations: Vec::new(),
        };
        let general = background.articles()?;
        for (index, entry) in entries.iter().enumerate() {
            let phrases = phrases(&entry.name, &entry.definition, &entry.examples);
            let phrases = embed_phrases(&self.encoder, &phrases)?;
            let mut topic = OwnTopic::new(&phrases, &general)?;
            if entry.definition.is_empty() && entry.examples.is_empty() {
                topic = topic.undefined();
            }
            let grades: Vec<u8> = grades.iter().map(|g| g[index]).collect();
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
            for (all, logit) in fitted.held_out.iter_mut().zip(learnt.held_out) {
                all.push(logit);
            }
            fitted.calibrations.push(learnt.calibration);
        }
        Ok(fitted)
    }

    /// The articles of `--also`.
    fn more(&self, path: &Path, entries: &[Entry]) -> anyhow::Result<words::More> {
        let set = self.set(path)?;
        let texts = set.documents().into_iter().map(|d| {
            let rows: Vec<&str> = d.title.into_iter().chain(d.sentences).collect();
            rows.join(" ")
        });
        let Some(path_of_labels) = &self.args.also_labels else {
            return Ok(words::More {
                texts: texts.collect(),
                grades: grades(path, &set.rows, entries)?,
            });
        };
        let id = self.args.columns.columns().id;
        let (rows, ended) = tables::rows(path_of_labels, self.common)?;
        if ended == Ended::InputFailed {
            self.ended.set(ended);
        }
        let all = grades(path_of_labels, &rows, entries)?;
        let mut by_id: HashMap<String, Vec<u8>> = rows
            .iter()
            .zip(all)
            .filter_map(|(row, grades)| Some((row.text_of(&id)?, grades)))
            .collect();
        if by_id.is_empty() {
            bail!(
                "{}: no row has \"{id}\"; name the column with --id-column",
                path_of_labels.display()
            );
        }
        let mut more = words::More::default();
        for (row, text) in set.rows.iter().zip(texts) {
            if let Some(grades) = row.text_of(&id).and_then(|id| by_id.remove(&id)) {
                more.texts.push(text);
                more.grades.push(grades);
            }
        }
        if !by_id.is_empty() {
            self.common.warn(format!(
                "{}: {} labelled articles are not in {}",
                path_of_labels.display(),
                by_id.len(),
                path.display()
            ));
        }
        Ok(more)
    }

    /// General news of the tables of `--background`, drawn evenly from each.
    fn background(&self) -> anyhow::Result<Background> {
        let mut articles = Vec::new();
        for path in &self.args.background {
            let set = self.set(path)?;
            let each = BACKGROUND / self.args.background.len();
            let count = set.articles.len();
            let mut documents = set.documents();
            let drawn = (0..each.min(count)).map(|i| i * count / each.min(count));
            let documents: Vec<Document> = drawn
                .map(|i| {
                    let mut document = std::mem::take(&mut documents[i]);
                    document.sentences.truncate(ROWS);
                    document
                })
                .collect();
            for (document, embeddings) in documents.iter().zip(self.embed(&documents)?) {
                let reading = Reading {
                    title: document.title.zip(embeddings.title.as_ref()),
                    sentences: &document.sentences,
                    embeddings: &embeddings.sentences,
                };
                articles.push(reading.rows()?);
            }
        }
        if articles.len() < LEAST_BACKGROUND {
            bail!(
                "the tables of --background give {} articles; give {LEAST_BACKGROUND} or more",
                articles.len()
            );
        }
        Ok(Background::new(&articles)?)
    }

    fn entries(&self, rows: &[Row]) -> anyhow::Result<Vec<Entry>> {
        let named: BTreeSet<String> = rows.iter().flat_map(Row::topics).collect();
        let entries = match &self.args.topics {
            Some(path) => {
                let name = path.display();
                let list = super::topics::read(path)?;
                if let Some(absent) = list.topics.iter().find(|t| !named.contains(&t.id)) {
                    bail!(
                        "{name}: topic \"{}\" is in no row of the articles",
                        absent.id
                    );
                }
                list.topics
            }
            None => named
                .into_iter()
                .map(|id| Entry {
                    name: id.clone(),
                    id,
                    ..Entry::default()
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

/// The grades of each row for each topic.
fn grades(path: &Path, rows: &[Row], entries: &[Entry]) -> anyhow::Result<Vec<Vec<u8>>> {
    rows.iter()
        .map(|row| {
            let grades = entries.iter().map(|topic| row.grade(&topic.id));
            grades
                .collect::<Result<_, _>>()
                .map_err(|e| anyhow!("{}: row {} {e}", path.display(), row.number))
        })
        .collect()
}

/// Prints what the heads reach on the articles that each did not see.
fn report(
    out: &mut Output,
    entries: &[Entry],
    grades: &[Vec<u8>],
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
        let labels: Vec<bool> = grades.iter().map(|g| g[index] >= POSITIVE).collect();
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
