//! `classify eval`: how good labels, summaries and reading are, beside simple methods.

mod inputs;
mod measure;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use super::batch::ColumnArgs;
use super::classify::{Shape, page_width};
use super::files::{Output, unwritable};
use super::{Common, Ended, say};
use crate::evaluate::against;
use crate::evaluate::cases::Data;
use crate::evaluate::gates::Gate;
use crate::evaluate::report::{self, Beside, Style};
use crate::evaluate::results::{Results, Task};
use crate::evaluate::suite;
use inputs::{bounds, data, gates, recorded};
use measure::{measure, resampling};

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
    let mut tasks = tasks(args, &data)?;
    // What can go wrong without the run is tried before it.
    let mut gates = gates(args, &data)?;
    let old = match &args.against {
        Some(path) => Some((recorded(path, args, &data)?, path.display().to_string())),
        None => None,
    };
    let suite = args.gate.iter().flatten();
    let inputs = args.data.iter().chain(&args.against).chain(&args.baseline);
    let inputs: Vec<PathBuf> = inputs.chain(suite).cloned().collect();
    match (&args.report, &args.output) {
        (Some(report), _) if report == Path::new("-") => {
            bail!("--report: name a file; standard output has the tables");
        }
        (Some(report), Some(output)) if report == output => {
            bail!("--report and --output name the same file; name two");
        }
        _ => {}
    }
    for bounds in [&args.min, &args.max] {
        for (i, Bound(figure, _)) in bounds.iter().enumerate() {
            if bounds[..i].iter().any(|earlier| earlier.0 == *figure) {
                bail!("a bound for {figure} is given twice; give it once");
            }
        }
    }
    let mut out = Output::open(args.output.as_deref(), &inputs)?;
    let report = match &args.report {
        Some(path) => Some((Output::open(Some(path), &inputs)?, path)),
        None => None,
    };

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(common.threads().unwrap_or(0))
        .build()?;
    // On a thread of the pool, so that everything below it runs there.
    let (mut evaluation, all_used) = pool.install(|| measure(args, common, &data, &mut tasks))?;
    if !all_used {
        ended = Ended::InputFailed;
    }
    if let Some((old, path)) = &old {
        let new = &evaluation.results;
        let changes = pool.install(|| against::compare(new, old, resampling(args)));
        evaluation.results.against = changes.map_err(|e| anyhow!("{path}: {e}"))?;
        evaluation.results.round();
    }
    let results = &evaluation.results;
    let since = old.as_ref().map(|(_, path)| path.as_str());
    if args.task.is_some() {
        // A suite speaks of all tasks.
        gates.keep_measured(results);
    }
    gates.extend(bounds(args));
    print(&mut out, args, common, results, since)
        .map_err(|e| unwritable(e, args.output.as_deref()))?;
    out.complete()?;

    let checked = gates.check(results);
    if let Some((mut page, path)) = report {
        let line = |(gate, reached): &(Gate, bool)| (gate.to_string(), *reached);
        let gates: Vec<(String, bool)> = checked.iter().flatten().map(line).collect();
        let beside = Beside {
            gates: &gates,
            since,
        };
        report::html(&mut page, &evaluation, &beside).map_err(|e| unwritable(e, Some(path)))?;
        page.complete()?;
    }
    let checked = checked.map_err(|e| anyhow!("gate: {e}"))?;
    let mut missed = checked.iter().filter(|(_, reached)| !reached).peekable();
    if missed.peek().is_some() {
        missed.for_each(|(gate, _)| say("error", format!("gate missed: {gate}")));
        return Ok(Ended::GateMissed);
    }
    if !gates.is_empty() && !common.quiet {
        say("done", format!("all {} gates are reached", gates.len()));
    }
    Ok(ended)
}

/// What can be measured on the rows, as far as it is asked for.
fn tasks(args: &Args, data: &Data) -> anyhow::Result<Vec<Task>> {
    if data.rows.is_empty() {
        bail!("{}: has no rows that can be read", data.path);
    }
    let fits = |task: &Task| {
        data.rows
            .iter()
            .any(|row| suite::fits(*task, row, &data.columns))
    };
    let asked = TASKS
        .into_iter()
        .filter(|task| args.task.is_none_or(|a| a.task() == *task));
    let tasks: Vec<Task> = asked.filter(fits).collect();
    if tasks.is_empty() {
        let wanted = match args.task {
            Some(task) => columns(task.task()).to_owned(),
            None => TASKS.map(columns).join("; "),
        };
        bail!(
            "{}: no row has {wanted}; there is nothing to compare with",
            data.path
        );
    }
    for column in &args.slice {
        if !data.rows.iter().any(|row| row.text_of(column).is_some()) {
            bail!(
                "{}: --slice: no row has a column \"{column}\" with text",
                data.path
            );
        }
    }
    Ok(tasks)
}

fn print(
    out: &mut Output,
    args: &Args,
    common: &Common,
    results: &Results,
    since: Option<&str>,
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
    blocks.extend(since.and_then(|old| report::against(results, old, sliced)));
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
