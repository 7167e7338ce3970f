//! `classify eval`: how good labels, summaries and reading are, beside simple methods.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};

use super::batch::ColumnArgs;
use super::classify::{Shape, page_width};
use super::files::{Output, unwritable};
use super::tables;
use super::{Common, Ended, say};
use crate::analyzer::Analyzer;
use crate::evaluate::cases::Data;
use crate::evaluate::figures::Method;
use crate::evaluate::gates::{self, Gates};
use crate::evaluate::report::{self, Shown, Style};
use crate::evaluate::resample::Resampling;
use crate::evaluate::results::{self, DataRecord, ModelRecord, Results, SCHEMA, Task};
use crate::evaluate::suite::{self, Case, Event};
use crate::evaluate::topics::Training;
use crate::evaluate::{against, fixtures, labels::Labelling, reading};
use crate::model::Bundle;
use crate::records::{POSITIVE, Row};

/// Flags of `eval`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Table with what readers said: topics (grades or labels), summary sentences (best,
    /// alternates, extract), summaries (reference, references, summary, highlights), page junk
    /// (junk), sentences, or pages (html, article_body)
    /// [default: the made-up articles that come with topicwire]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Measure this alone [default: all that the columns allow]
    #[arg(long, value_name = "TASK")]
    task: Option<TaskName>,
    /// Labelled articles to fit the TF-IDF baseline on [default: the measured articles
    /// themselves, in five parts, each judged by a fit on the other four]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Also measure by the values of a column; repeatable [always: grade, length, year, and the
    /// columns kind, source, category and confidence]
    #[arg(long, value_name = "COLUMN")]
    slice: Vec<String>,
    /// Format of the results
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also write a page with charts and the worst mistakes
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// End with exit code 3 when a figure misses what the suite asks for on this data
    /// [default: the suite that comes with topicwire]
    #[arg(long, value_name = "SUITE.toml", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "a flag with a value or without")]
    gate: Option<Option<PathBuf>>,
    /// Least value of a figure, such as macro_f1=0.9 or brexit.recall=0.8, or exit code 3; repeatable
    #[arg(long, value_name = "FIGURE=VALUE")]
    min: Vec<Bound>,
    /// Greatest value of a figure, or exit code 3; repeatable
    #[arg(long, value_name = "FIGURE=VALUE")]
    max: Vec<Bound>,
    /// Say what has changed since results that -f json recorded on the same data
    #[arg(long, value_name = "OLD.json")]
    against: Option<PathBuf>,
    /// Bootstrap samples that the intervals are made of
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(100..=100_000))]
    resamples: u32,
    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    shape: Shape,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum TaskName {
    /// Topic labels
    Topics,
    /// Summary sentences
    Summaries,
    /// Article bodies found in web pages
    Extraction,
    /// Page junk found in plain text
    Junk,
    /// Sentence ends
    Sentences,
}

impl TaskName {
    fn task(self) -> Task {
        match self {
            Self::Topics => Task::Topics,
            Self::Summaries => Task::Summaries,
            Self::Extraction => Task::Extraction,
            Self::Junk => Task::Junk,
            Self::Sentences => Task::Sentences,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// Tables for people
    Text,
    /// All figures, and what the model said of each article
    Json,
    /// Tables for notes and issue trackers
    Markdown,
}

const TASKS: [Task; 5] = [
    Task::Topics,
    Task::Summaries,
    Task::Extraction,
    Task::Junk,
    Task::Sentences,
];

/// The columns that a task compares with.
fn columns(task: Task) -> &'static str {
    match task {
        Task::Topics => "grades or labels",
        Task::Summaries => "best, extract, reference, references, summary or highlights",
        Task::Extraction => "html and article_body",
        Task::Junk => "junk (a list)",
        Task::Sentences => "sentences (a list of texts)",
    }
}

/// A figure and what it must reach.
#[derive(Debug, Clone)]
struct Bound(String, f64);

impl std::str::FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (figure, value) = text.split_once('=').ok_or("say FIGURE=VALUE")?;
        match value.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Self(figure.trim().to_owned(), value)),
            _ => Err(format!("\"{value}\" is no number")),
        }
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let (data, mut ended) = data(args, common)?;
    let tasks: Vec<Task> = TASKS
        .into_iter()
        .filter(|task| args.task.is_none_or(|asked| asked.task() == *task))
        .filter(|task| data.rows.iter().any(|row| suite::fits(*task, row)))
        .collect();
    if tasks.is_empty() {
        let wanted = match args.task {
            Some(task) => columns(task.task()).to_owned(),
            None => TASKS.map(columns).join("; "),
        };
        bail!(
            "{}: no row has {wanted}; there is nothing to compare with",
            data.name
        );
    }
    // What can go wrong without the run is tried before it.
    let gates = gates(args, &data)?;
    let old = args.against.as_deref().map(recorded).transpose()?;
    let inputs: Vec<PathBuf> = args.data.iter().chain(&args.against).cloned().collect();
    let mut out = Output::open(args.output.as_deref(), &inputs)?;
    let report = match &args.report {
        Some(path) => Some(Output::open(Some(path), &inputs)?),
        None => None,
    };

    let mut run = Run {
        args,
        common,
        data: &data,
        tasks: &tasks,
        failed: false,
    };
    let mut measured = run.measure()?;
    if run.failed {
        ended = Ended::InputFailed;
    }
    measured.results.round();
    let results = &measured.results;
    let changes = match (&old, &args.against) {
        (Some(old), Some(path)) => {
            let changes = against::compare(results, old, run.resampling());
            Some(changes.map_err(|e| anyhow!("{}: {e}", path.display()))?)
        }
        _ => None,
    };
    let checked = gates.check(results).map_err(|e| anyhow!("gate: {e}"))?;

    let since = args.against.as_ref().map(|p| p.display().to_string());
    let changes = changes.as_deref().zip(since.as_deref());
    print(&mut out, args, common, results, changes)
        .map_err(|e| unwritable(e, args.output.as_deref()))?;
    out.complete()?;
    if let Some(mut page) = report {
        let lines: Vec<(String, bool)> = checked
            .iter()
            .map(|(gate, reached)| (gate.to_string(), *reached))
            .collect();
        let shown = Shown {
            results,
            topics: &measured.topics,
            cases: &measured.cases,
            labellings: &measured.labellings,
            gates: &lines,
            changes,
        };
        report::html(&mut page, &shown).map_err(|e| unwritable(e, args.report.as_deref()))?;
        page.complete()?;
    }
    let missed = checked.iter().filter(|(_, reached)| !reached);
    for (gate, _) in missed.clone() {
        say("error", format!("gate missed: {gate}"));
    }
    if missed.count() > 0 {
        return Ok(Ended::GateMissed);
    }
    if !gates.is_empty() && !common.quiet {
        say("done", format!("all {} gates are reached", gates.len()));
    }
    Ok(ended)
}

fn print(
    out: &mut Output,
    args: &Args,
    common: &Common,
    results: &Results,
    changes: Option<(&[Method], &str)>,
) -> std::io::Result<()> {
    let style = match args.format {
        FormatName::Json => return report::json(out, results),
        FormatName::Markdown => Style::Markdown,
        FormatName::Text => {
            let width = page_width(args.output.is_some());
            Style::Terminal(u16::try_from(width).ok())
        }
    };
    // People look at the whole first.
    let sliced = style == Style::Markdown || common.verbose;
    let mut blocks = report::blocks(results, sliced);
    blocks.extend(changes.and_then(|(methods, old)| report::against(methods, old)));
    if style == Style::Markdown {
        let model = results.model.as_ref();
        let model = model.map_or("topicwire".to_owned(), |m| {
            format!("{} {}", m.name, m.version)
        });
        writeln!(out, "## {model} on {}\n", results.data.name)?;
    }
    report::write(out, &blocks, style)?;
    if !sliced && results.parts.iter().any(|part| !part.slices.is_empty()) {
        writeln!(
            out,
            "\nBy kind of article: -v, -f markdown or --report FILE.html."
        )?;
    }
    Ok(())
}

/// The rows to measure on.
fn data(args: &Args, common: &Common) -> anyhow::Result<(Data, Ended)> {
    let Some(path) = &args.data else {
        return Ok((fixtures::data()?, Ended::Well));
    };
    let (rows, ended) = tables::rows(path, common)?;
    let file = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let name = match file.as_ref() {
        "-" => "standard input",
        file => file
            .split('.')
            .find(|part| !part.is_empty())
            .unwrap_or(file),
    };
    Ok((
        Data {
            name: name.to_owned(),
            rows,
            columns: args.columns.columns(),
        },
        ended,
    ))
}

/// The gates that the flags ask for.
fn gates(args: &Args, data: &Data) -> anyhow::Result<Gates> {
    let mut gates = match &args.gate {
        None => Gates::default(),
        Some(None) => gates::read(gates::SUITE, &data.name).map_err(|e| {
            anyhow!("--gate: the suite {e}; name another with --gate SUITE.toml, or use --min")
        })?,
        Some(Some(path)) => {
            let suite = std::fs::read_to_string(path)
                .with_context(|| format!("{}: cannot be read", path.display()))?;
            gates::read(&suite, &data.name).map_err(|e| anyhow!("{}: {e}", path.display()))?
        }
    };
    let pairs = |bounds: &[Bound]| bounds.iter().map(|b| (b.0.clone(), b.1)).collect();
    gates.extend(Gates {
        min: pairs(&args.min),
        max: pairs(&args.max),
    });
    Ok(gates)
}

/// Results that an earlier run recorded.
fn recorded(path: &Path) -> anyhow::Result<Results> {
    let name = path.display();
    let json = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    let results: Results = serde_json::from_slice(&json)
        .with_context(|| format!("{name}: holds no results of `classify eval -f json`"))?;
    if results.schema != SCHEMA {
        bail!(
            "{name}: has results of version {}, not {SCHEMA}; record them anew",
            results.schema
        );
    }
    Ok(results)
}

/// What a run found, with what the page shows beside the figures.
struct Measured {
    results: Results,
    topics: Vec<(String, String)>,
    cases: Vec<Case>,
    labellings: Vec<Labelling>,
}

struct Run<'a> {
    args: &'a Args,
    common: &'a Common,
    data: &'a Data,
    tasks: &'a [Task],
    failed: bool,
}

impl Run<'_> {
    fn resampling(&self) -> Resampling {
        Resampling {
            count: self.args.resamples as usize,
            seed: self.args.seed,
        }
    }

    fn measure(&mut self) -> anyhow::Result<Measured> {
        let needs_model = |task: &Task| matches!(task, Task::Topics | Task::Summaries);
        let mut measured = Measured {
            results: Results {
                schema: SCHEMA,
                topicwire: env!("CARGO_PKG_VERSION").to_owned(),
                model: None,
                data: DataRecord {
                    name: self.data.name.clone(),
                    rows: self.data.rows.len(),
                    sha256: self.data.digest(),
                },
                settings: results::Settings {
                    sentences: 0,
                    thresholds: std::collections::BTreeMap::new(),
                    resamples: self.args.resamples as usize,
                    seed: self.args.seed,
                },
                parts: Vec::new(),
                speed: None,
                articles: Vec::new(),
            },
            topics: Vec::new(),
            cases: Vec::new(),
            labellings: Vec::new(),
        };
        if self.tasks.iter().any(needs_model) {
            self.measure_model(&mut measured)?;
        }
        let name = self.data.name.clone();
        let failed = &mut self.failed;
        let mut report = |row: &Row, error: &str| {
            *failed = true;
            say("error", format!("{name}: row {} {error}", row.number));
        };
        let resampling = Resampling {
            count: self.args.resamples as usize,
            seed: self.args.seed,
        };
        for task in self.tasks {
            measured.results.parts.extend(match task {
                Task::Topics | Task::Summaries => None,
                Task::Extraction => reading::extraction(self.data, resampling, &mut report),
                Task::Junk => reading::junk(self.data, resampling, &mut report),
                Task::Sentences => reading::sentences(self.data, resampling),
            });
        }
        Ok(measured)
    }

    /// Topics and summaries.
    fn measure_model(&mut self, measured: &mut Measured) -> anyhow::Result<()> {
        let start = Instant::now();
        let bundle = self.common.bundle()?;
        let analyzer = Analyzer::new(&bundle, self.common.engine()?, self.common.threads())?;
        let load_seconds = start.elapsed().as_secs_f64();
        let settings = suite::Settings {
            options: self.args.shape.options(&analyzer)?,
            resampling: self.resampling(),
            slices: self.args.slice.clone(),
        };
        let mut tasks = self.tasks.to_vec();
        if tasks.contains(&Task::Topics) && !self.topics_fit(&analyzer, tasks.len() > 1)? {
            tasks.retain(|task| *task != Task::Topics);
        }
        let topics = analyzer.topics().iter();
        measured.topics = topics.map(|t| (t.id.clone(), t.name.clone())).collect();
        let ids: Vec<String> = measured.topics.iter().map(|(id, _)| id.clone()).collect();
        // Read before the run: a table that cannot be read should not cost one.
        let training = match &self.args.baseline {
            Some(path) if tasks.contains(&Task::Topics) => Some(self.training(path, &ids)?),
            _ => None,
        };

        let mut progress = self.common.progress();
        let (name, mut failed) = (&self.data.name, false);
        let (cases, speed) =
            suite::analyze(
                self.data,
                &analyzer,
                &settings,
                &tasks,
                |event| match event {
                    Event::Failed(row, error) => {
                        failed = true;
                        say("error", format!("{name}: row {} {error}", row.number));
                    }
                    Event::Progress(done, all) => progress(&format!("{done} of {all} articles")),
                },
            );
        self.failed |= failed;
        if cases.is_empty() {
            bail!("{name}: no row gives an article");
        }
        progress("computing figures and intervals");
        let results = &mut measured.results;
        results.model = Some(model_record(&bundle));
        results.settings.sentences = settings.options.summary_sentences;
        let threshold = |a: &crate::Analysis| {
            a.topics
                .iter()
                .map(|t| (t.id.clone(), t.threshold))
                .collect()
        };
        results.settings.thresholds = cases
            .iter()
            .find_map(|c| c.analysis.as_ref())
            .map(threshold)
            .unwrap_or_default();
        results.speed = Some(results::Speed {
            load_seconds,
            ..speed
        });
        let model = format!("{} {}", bundle.manifest.name, bundle.manifest.version);
        if tasks.contains(&Task::Topics)
            && let Some((part, labellings)) =
                suite::topics(&model, &ids, &cases, training.as_ref(), &settings)
        {
            results.parts.push(part);
            measured.labellings = labellings;
        }
        if tasks.contains(&Task::Summaries) {
            results
                .parts
                .extend(suite::summaries(&model, &cases, &settings));
        }
        results.articles = suite::records(&ids, &cases, &self.data.columns);
        measured.cases = cases;
        Ok(())
    }

    /// Whether the model knows topics that the rows speak of. Those that it
    /// does not know are named.
    fn topics_fit(&self, analyzer: &Analyzer, others: bool) -> anyhow::Result<bool> {
        let named: BTreeSet<String> = self.data.rows.iter().flat_map(Row::topics).collect();
        let known: BTreeSet<String> = analyzer.topics().iter().map(|t| t.id.clone()).collect();
        let list = |ids: &mut dyn Iterator<Item = &String>| {
            let ids: Vec<&str> = ids.map(String::as_str).take(10).collect();
            ids.join(", ")
        };
        let unknown = list(&mut named.difference(&known));
        if !named.is_empty() && named.is_disjoint(&known) || known.is_empty() {
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => list(&mut known.iter()),
            };
            let problem = format!(
                "{}: the labels name topics ({unknown}) that this model does not have; it has {known}",
                self.data.name
            );
            if !others {
                bail!("{problem}");
            }
            self.common
                .warn(format!("{problem}; topics are not measured"));
            return Ok(false);
        }
        if !unknown.is_empty() {
            self.common.warn(format!(
                "{}: topics that this model does not have are left out: {unknown}",
                self.data.name
            ));
        }
        Ok(true)
    }

    /// The articles that the TF-IDF baseline is fitted on.
    fn training(&self, path: &Path, ids: &[String]) -> anyhow::Result<Training> {
        let table = tables::read(path, &self.args.columns.columns(), self.common)?;
        let holds = |id: &String| -> anyhow::Result<Vec<bool>> {
            let grades = table.articles.iter().map(|(row, _)| match row.grade(id) {
                Ok(grade) => Ok(grade >= POSITIVE),
                Err(e) => Err(anyhow!("{}: row {} {e}", path.display(), row.number)),
            });
            grades.collect()
        };
        Ok(Training {
            texts: table
                .articles
                .iter()
                .map(|(_, a)| suite::with_title(a))
                .collect(),
            holds: ids.iter().map(holds).collect::<anyhow::Result<_>>()?,
        })
    }
}

fn model_record(bundle: &Bundle) -> ModelRecord {
    ModelRecord {
        name: bundle.manifest.name.clone(),
        version: bundle.manifest.version.clone(),
        sha256: bundle.manifest.digest(),
    }
}
