//! `classify eval`: how good labels, summaries and reading are, beside simple methods.

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
use crate::evaluate::gates::{self, Gate, Gates};
use crate::evaluate::report::{self, Beside, Style};
use crate::evaluate::resample::Resampling;
use crate::evaluate::results::{ModelRecord, Results, SCHEMA, Task};
use crate::evaluate::suite::{self, Evaluation, Event, Model, Settings, Topics};
use crate::evaluate::topics::{TFIDF, Text, Training};
use crate::evaluate::{against, fixtures};
use crate::records::POSITIVE;

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

/// Fewer articles than this are remarked on.
const FEW: usize = 30;

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

/// The rows to measure on.
fn data(args: &Args, common: &Common) -> anyhow::Result<(Data, Ended)> {
    let Some(path) = &args.data else {
        return Ok((fixtures::data()?, Ended::Well));
    };
    let (rows, ended) = tables::rows(path, common)?;
    let data = Data {
        name: name(path),
        path: path.display().to_string(),
        rows,
        columns: args.columns.columns(),
    };
    Ok((data, ended))
}

/// A table's name: that of its file without what tells the format.
fn name(path: &Path) -> String {
    const FORMATS: [&str; 11] = [
        ".gz", ".zst", ".bz2", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".parquet",
        ".pq",
    ];
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    let file = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let mut name = file.as_ref();
    while let Some(short) = FORMATS.iter().find_map(|f| name.strip_suffix(f)) {
        name = short;
    }
    name.to_owned()
}

/// The gates of --gate.
fn gates(args: &Args, data: &Data) -> anyhow::Result<Gates> {
    let (gates, suite) = match &args.gate {
        None => return Ok(Gates::default()),
        Some(None) => {
            let gates = gates::read(gates::SUITE, &data.name).map_err(|e| {
                anyhow!("--gate: the suite {e}; name another with --gate SUITE.toml, or use --min")
            })?;
            (gates, "the suite".to_owned())
        }
        Some(Some(path)) => {
            let name = path.display().to_string();
            let suite =
                std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
            let gates = gates::read(&suite, &data.name).map_err(|e| anyhow!("{name}: {e}"))?;
            (gates, name)
        }
    };
    if gates.is_empty() {
        bail!(
            "{suite}: the table \"{}\" has neither min nor max",
            data.name
        );
    }
    Ok(gates)
}

/// The gates of --min and --max.
fn bounds(args: &Args) -> Gates {
    let pairs = |bounds: &[Bound]| bounds.iter().map(|b| (b.0.clone(), b.1)).collect();
    Gates {
        min: pairs(&args.min),
        max: pairs(&args.max),
    }
}

/// Results that an earlier run recorded on the same data.
fn recorded(path: &Path, args: &Args, data: &Data) -> anyhow::Result<Results> {
    let name = path.display();
    let json = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    let results: Results = serde_json::from_slice(&json)
        .with_context(|| format!("{name}: holds no results of `classify eval -f json`"))?;
    if results.schema != SCHEMA {
        let found = results.schema;
        bail!("{name}: has results of version {found}, not {SCHEMA}; record them anew");
    }
    against::comparable(&results, &data.record(), args.shape.sentences())
        .map_err(|e| anyhow!("{name}: {e}"))?;
    Ok(results)
}

fn resampling(args: &Args) -> Resampling {
    Resampling {
        count: args.resamples as usize,
        seed: args.seed,
    }
}

/// Runs the evaluation; also whether all rows could be used. Topics that do not
/// fit the model are taken off the tasks.
fn measure(
    args: &Args,
    common: &Common,
    data: &Data,
    tasks: &mut Vec<Task>,
) -> anyhow::Result<(Evaluation, bool)> {
    let needs_model = |task: &Task| matches!(task, Task::Topics | Task::Summaries);
    let mut settings = Settings {
        resampling: resampling(args),
        slices: args.slice.clone(),
        ..Settings::default()
    };
    let mut all_used = true;
    let mut training = None;
    let analyzer;
    let mut model = None;
    if tasks.iter().any(needs_model) {
        let start = Instant::now();
        let bundle = common.bundle()?;
        analyzer = Analyzer::new(&bundle, common.engine()?, common.threads())?;
        settings.options = args.shape.options(&analyzer)?;
        settings.options.all_evidence = args.report.is_some();
        let load_seconds = start.elapsed().as_secs_f64();
        let topics = match tasks.contains(&Task::Topics) {
            true => topics(&analyzer, common, data, tasks)?,
            false => Vec::new(),
        };
        if let (Some(path), true) = (&args.baseline, tasks.contains(&Task::Topics)) {
            let (articles, ended) = self::training(path, &topics, args, common)?;
            all_used &= ended == Ended::Well;
            training = Some(articles);
        }
        // Without topics that fit there may be nothing left for it to do.
        if tasks.iter().any(needs_model) {
            model = Some(Model {
                analyzer: &analyzer,
                record: ModelRecord {
                    name: bundle.manifest.name.clone(),
                    version: bundle.manifest.version.clone(),
                    sha256: bundle.manifest.digest(),
                },
                load_seconds,
                topics,
            });
        }
    }
    let mut progress = common.progress();
    let mut tell = |event: Event| match event {
        Event::Failed(row, error) => {
            all_used = false;
            say(
                "error",
                format!("{}: row {} {error}", data.path, row.number),
            );
        }
        Event::Analysed(done, all) => progress(&format!("{done} of {all} articles")),
        Event::Computing(task) => progress(&format!("computing figures of {task:?}")),
    };
    let evaluation = suite::run(
        data,
        model.as_ref(),
        tasks,
        training.as_ref(),
        &settings,
        &mut tell,
    );
    for part in &evaluation.results.parts {
        let few = part.items < FEW;
        if few && matches!(part.task, Task::Topics | Task::Summaries) {
            let (path, items) = (&data.path, part.items);
            common.warn(format!(
                "{path}: {items} articles are few; expect other figures on others"
            ));
            break;
        }
    }
    if evaluation.results.parts.is_empty() {
        bail!("{}: no row could be used", data.path);
    }
    let part = evaluation.results.part(Task::Topics);
    if part.is_some_and(|part| part.methods.iter().all(|m| m.name != TFIDF)) {
        common.warn("too few articles to fit TF-IDF on; it is left out");
    }
    Ok((evaluation, all_used))
}

/// Ids of the topics that can be measured. Where there are none and nothing
/// else is left to measure, that is an error.
fn topics(
    analyzer: &Analyzer,
    common: &Common,
    data: &Data,
    tasks: &mut Vec<Task>,
) -> anyhow::Result<Vec<String>> {
    let known: Vec<String> = analyzer.topics().iter().map(|t| t.id.clone()).collect();
    let topics = Topics::new(&known, &data.rows);
    let alike = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    for unknown in &topics.unknown {
        if let Some(known) = known.iter().find(|known| alike(known, unknown)) {
            bail!(
                "{}: the labels say \"{unknown}\"; write the topic \"{known}\"",
                data.path
            );
        }
    }
    let blank = data.rows.iter().filter(|row| row.is_blank()).count();
    if blank > 0 {
        common.warn(format!(
            "{}: {blank} rows have blank labels and count as having no topic",
            data.path
        ));
    }
    let list = |ids: &[String]| match ids {
        [] => "none".to_owned(),
        ids => ids
            .iter()
            .take(10)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let path = &data.path;
    if topics.measured.is_empty() {
        let problem = format!(
            "{path}: the labels name topics ({}) that this model does not have; it has {}",
            list(&topics.unknown),
            list(&known)
        );
        tasks.retain(|task| *task != Task::Topics);
        if tasks.is_empty() {
            bail!("{problem}");
        }
        common.warn(format!("{problem}; topics are not measured"));
        return Ok(topics.measured);
    }
    if !topics.unknown.is_empty() {
        let unknown = list(&topics.unknown);
        common.warn(format!(
            "{path}: left out, as this model does not have them: {unknown}"
        ));
    }
    if !topics.unlabelled.is_empty() {
        let unlabelled = list(&topics.unlabelled);
        common.warn(format!(
            "{path}: left out, as no row names them: {unlabelled}"
        ));
    }
    Ok(topics.measured)
}

/// The articles that the TF-IDF baseline is fitted on: those that are labelled.
fn training(
    path: &Path,
    ids: &[String],
    args: &Args,
    common: &Common,
) -> anyhow::Result<(Training, Ended)> {
    let mut table = tables::read(path, &args.columns.columns(), common)?;
    table.articles.retain(|(row, _)| row.is_labelled());
    if table.articles.is_empty() {
        bail!(
            "{}: no row has grades or labels to fit TF-IDF on",
            path.display()
        );
    }
    let holds = |id: &String| -> anyhow::Result<Vec<bool>> {
        let grades = table.articles.iter().map(|(row, _)| match row.grade(id) {
            Ok(grade) => Ok(grade >= POSITIVE),
            Err(e) => Err(anyhow!("{}: row {} {e}", path.display(), row.number)),
        });
        grades.collect()
    };
    if table.articles.iter().all(|(row, _)| {
        ids.iter()
            .all(|id| row.grade(id).is_ok_and(|g| g < POSITIVE))
    }) {
        bail!(
            "{}: no row has one of the measured topics; TF-IDF cannot be fitted on it",
            path.display()
        );
    }
    let training = Training {
        texts: table.articles.iter().map(|(_, a)| Text::of(a)).collect(),
        holds: ids.iter().map(holds).collect::<anyhow::Result<_>>()?,
    };
    Ok((training, table.ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_called_like_its_file() {
        let named = |path: &str| name(Path::new(path));
        assert_eq!(named("a/dev.jsonl.gz"), "dev");
        assert_eq!(named("news.2024.csv"), "news.2024");
        assert_eq!(
            (named("-"), named("plain")),
            ("standard input".to_owned(), "plain".to_owned())
        );
    }
}
