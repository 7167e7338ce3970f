//! `classify train`: labelled articles to a bundle.

mod card;
mod data;
mod fit;
mod tuned;

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::data::{Data, Reader, Summaries};
use self::fit::Fitter;
use super::batch::ColumnArgs;
use super::files::Output;
use super::{Common, Ended};
use crate::analyzer::definitions;
use crate::encoder::Encoder;
use crate::model::Bundle;
use crate::train::EMBEDDINGS;
use crate::train::finetune::PREFIX;

/// Flags of `train`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Labelled articles: a table with grades (topic to 0-3) or labels (a list)
    /// [default: none, with --summaries: the model's own topics stay]
    #[arg(value_name = "TABLE", required_unless_present = "summaries")]
    articles: Option<PathBuf>,
    /// More labelled articles, picked because they are hard or rare: the words in them teach,
    /// but they set no threshold, since they are no fair sample
    #[arg(long, value_name = "TABLE", requires = "articles")]
    also: Option<PathBuf>,
    /// Labels of the articles of --also, in a table of their own: id, and grades or labels;
    /// articles that it does not name are left out
    #[arg(long, value_name = "TABLE", requires = "also")]
    also_labels: Option<PathBuf>,
    /// Articles with marked summary sentences (best, alternates: lists of sentences, or of
    /// [start, end) character offsets) or with written summaries (references); may be given
    /// several times. Without them the model's own scorer stays, or after --finetune one that
    /// looks at no embeddings
    #[arg(long, value_name = "TABLE")]
    summaries: Vec<PathBuf>,
    /// Marks of articles of --summaries, in a table of their own: id, best, alternates;
    /// articles that have neither these nor their own are left out
    #[arg(long, value_name = "TABLE", requires = "summaries")]
    summary_marks: Option<PathBuf>,
    /// Articles of general news, to measure topics of your own against; may be given several
    /// times, each table has the same weight [default: what the model has]
    #[arg(long, value_name = "TABLE", requires = "articles")]
    background: Vec<PathBuf>,
    /// Topics to fit, as TOML: [[topic]] with id, name, definition
    /// [default: all that the articles name]
    #[arg(long, value_name = "TOPICS.toml", requires = "articles")]
    topics: Option<PathBuf>,
    /// Teach the encoder as well, not only what stands on it: better with few articles, and
    /// many times slower; needs --background where topics have fewer than 100 articles
    #[arg(long, requires = "articles")]
    finetune: bool,
    /// Folder of the new bundle; must not exist. While the run lasts, BUNDLE.part beside it
    /// keeps what is done: interrupted, the same command goes on from there
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
    /// Folder to keep embeddings in for other runs [default: BUNDLE.part, until the run is done]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    // Without a slash at the end, so that what stands beside it is not within.
    let output: PathBuf = args.output.components().collect();
    let target = output.display();
    if output.exists() {
        bail!("{target}: exists already; name a new folder, or delete this one first");
    }
    let part = PathBuf::from(format!("{target}.part"));
    if args
        .cache
        .as_ref()
        .is_some_and(|cache| cache.components().eq(part.components()))
    {
        bail!(
            "{}: is not kept when the run is done; name another --cache",
            part.display()
        );
    }
    if args.finetune {
        tuned::device()?;
    }
    let begun = part.exists();
    // Before hours of work, not after.
    std::fs::create_dir_all(&part).with_context(|| format!("{target}: cannot be written"))?;
    if !common.quiet {
        super::say(
            "note",
            match begun {
                true => format!("goes on from {}", part.display()),
                false => "when interrupted, the same command goes on where it was".to_owned(),
            },
        );
    }
    let base = common.bundle()?;
    let fitter = Fitter {
        encoder: Encoder::load(&base, common.engine()?)?,
        base,
        args,
        common,
        cache: args.cache.as_ref().unwrap_or(&part),
        part: &part,
    };
    let reader = Reader {
        args,
        common,
        ended: Cell::new(Ended::Well),
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(common.threads().unwrap_or(0))
        .build()?;
    // On a thread of the pool, so that everything below it runs there.
    let made = pool.install(move || {
        let general = fitter.has_background()?;
        let data = (args.articles.as_ref()).map(|path| reader.read(path, general));
        let (data, summaries) = (data.transpose()?, reader.summaries()?);
        let model = match &data {
            Some(data) => train(&fitter, data, summaries.as_ref()),
            None => train_summaries(&fitter, summaries.as_ref()),
        };
        anyhow::Ok((model?, reader.ended.get()))
    });
    if made.is_err() {
        // Only when nothing was kept in it.
        let _ = std::fs::remove_dir(&part);
    }
    let (model, ended) = made?;
    place(&model, &part, &output).with_context(|| format!("{target}: cannot be written"))?;
    clear(&part);
    let mut out = Output::open(None, &[])?;
    write!(out, "{}", model.figures)?;
    out.complete()?;
    if !common.quiet {
        super::say(
            "done",
            format!("{target}; use it with `classify -m {target} FILE…`"),
        );
    }
    Ok(ended)
}

/// What a run makes.
struct Model {
    bundle: Bundle,
    card: String,
    figures: String,
}

/// A model with the topics of the base and another summary scorer.
fn train_summaries(fitter: &Fitter, summaries: Option<&Summaries>) -> anyhow::Result<Model> {
    let base = &fitter.base;
    if !base.has_heads() {
        bail!(
            "{} is a bare encoder: give a table of labelled articles for its topics, too",
            base.manifest.name
        );
    }
    let mut heads = fitter.heads_but_summaries()?;
    let mut figures = String::new();
    fitter.summary(summaries, &mut heads, &mut figures)?;
    let definitions = definitions(base)?;
    let bundle = base.with_heads(
        &fitter.args.name,
        &fitter.args.version,
        heads.serialise()?,
        toml::to_string(&definitions)?,
        &format!(
            "{}; summary scorer: classify train, seed {}",
            base.manifest.provenance.heads, fitter.args.seed
        ),
    );
    Ok(Model {
        card: card::of_summaries(&bundle.manifest, &base.manifest, &definitions, &figures),
        bundle,
        figures,
    })
}

fn train(fitter: &Fitter, data: &Data, summaries: Option<&Summaries>) -> anyhow::Result<Model> {
    let args = fitter.args;
    let (tuned, mut topics);
    let fitter = if args.finetune {
        let embedded = fitter.embed(&data.set.documents())?;
        let held_out = fitter.held_out_of_tuned(data, &embedded)?;
        tuned = fitter.tuned(data, &embedded, "last encoder")?;
        topics = tuned.topics(data)?;
        let group = |topic| data.group(topic);
        topics.fitted.calibrate(held_out, &data.grades, group);
        &tuned
    } else {
        topics = fitter.topics(data)?;
        fitter
    };
    for (entry, calibration) in data.entries.iter().zip(&mut topics.fitted.calibrations) {
        if let Some(threshold) = entry.threshold {
            calibration.threshold = threshold;
        }
    }
    let mut figures = card::topics(data, &topics.fitted);
    fitter.summary(summaries, &mut topics.heads, &mut figures)?;
    let definitions = fit::definitions(data, topics.kind, &topics.fitted);
    let made_by = format!("classify train, seed {}", args.seed);
    let bundle = fitter.base.with_heads(
        &args.name,
        &args.version,
        topics.heads.serialise()?,
        toml::to_string(&definitions)?,
        &made_by,
    );
    Ok(Model {
        card: card::card(&bundle.manifest, data, topics.kind, &figures),
        bundle,
        figures,
    })
}

/// Where the bundle is written before it takes its place.
const WHOLE: &str = "bundle";

/// Writes the bundle in the folder of the run, and gives it its place when it is whole.
fn place(model: &Model, part: &Path, output: &Path) -> anyhow::Result<()> {
    let whole = part.join(WHOLE);
    if whole.exists() {
        std::fs::remove_dir_all(&whole)?;
    }
    model.bundle.write(&whole)?;
    std::fs::write(whole.join("MODEL_CARD.md"), &model.card)?;
    std::fs::rename(&whole, output)?;
    Ok(())
}

/// Removes what runs kept in the folder, and the folder when nothing else is in it. What
/// cannot be removed does no harm.
fn clear(part: &Path) {
    for file in std::fs::read_dir(part).into_iter().flatten().flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(EMBEDDINGS) || name.starts_with(PREFIX) {
            let _ = std::fs::remove_file(file.path());
        }
    }
    let _ = std::fs::remove_dir(part);
}
