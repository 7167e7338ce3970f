//! `classify batch`: folders and tables of articles into one report.

use std::collections::HashSet;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};

use super::classify::{Shape, Summary, Text, known};
use super::files::{Content, Output, part_of, place, unwritable};
use super::progress::Meter;
use super::{Common, Ended, say};
use crate::analyzer::Analyzer;
use crate::batch::filter::{Filter, Only};
use crate::batch::journal::{self, Journal, JournalError, Settings};
use crate::batch::sources::{Inputs, Patterns, Reading, find};
use crate::batch::{self, BatchError, Counts, Event, Plan};
use crate::options::{Focus, Options};
use crate::output::{Column, Extra, PageMeta, PageTopic, Report, ReportFormat};
use crate::records::Columns;

/// Errors of inputs that are told one by one; all are in the report.
const TOLD: usize = 20;

/// Flags of `batch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Articles, folders of them, patterns such as 'archive/**/*.html', and tables (JSON Lines,
    /// JSON, CSV, TSV, Parquet, Arrow), all also as .gz, .zst or .bz2; - for a table on standard
    /// input
    #[arg(value_name = "SOURCE", required_unless_present = "files_from")]
    sources: Vec<PathBuf>,
    /// More sources, one a line; - for standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,
    /// Format of the report [default: by the suffix of --output, else jsonl]
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Write to a file instead of standard output; what is done is kept beside it until it is
    /// complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with a run that was stopped, by whatever; begin it when nothing was done
    #[arg(long, requires = "output", conflicts_with = "restart")]
    resume: bool,
    /// Begin anew although a run of this report was not finished
    #[arg(long, requires = "output")]
    restart: bool,
    /// Of folders and patterns only files that fit, in the patterns of .gitignore; repeatable
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Of folders and patterns no files and folders that fit, in the patterns of .gitignore;
    /// repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read every file as a table, whatever its name
    #[arg(long)]
    table: bool,
    #[command(flatten)]
    report: ReportArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    summary: Summary,
    #[command(flatten)]
    text: Text,
}

/// Flags that decide what is in the report.
#[derive(Debug, clap::Args)]
struct ReportArgs {
    /// Only articles with this topic, or a probability of it: brexit, or 'brexit>=0.3'; repeatable
    #[arg(long, value_name = "TOPIC[>=P]")]
    only: Vec<Only>,
    /// Only articles with a topic
    #[arg(long)]
    labelled: bool,
    /// Only articles of which the model is uncertain
    #[arg(long)]
    uncertain: bool,
    /// Tell copies: syndicated, cut or edited; rows of one cluster are copies of one another
    #[arg(long)]
    cluster: bool,
    /// Columns of the tables to pass on; repeatable, or with commas between. One that is called
    /// like a column of the report gets input_ before its name
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = name_of_column)]
    keep: Vec<String>,
    /// Columns of a CSV, Parquet or Arrow report, in this order; an unknown one tells all
    #[arg(
        long = "columns",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = name_of_column
    )]
    chosen: Vec<String>,
    /// Begin a CSV report with the mark by which Excel knows UTF-8
    #[arg(long)]
    excel: bool,
}

/// Flags that name the columns.
#[derive(Debug, clap::Args)]
pub struct ColumnArgs {
    /// Column with the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_column: String,
    /// Column with the title
    #[arg(long, value_name = "NAME", default_value = "title")]
    title_column: String,
    /// Column with the identifier
    #[arg(long, value_name = "NAME", default_value = "id")]
    id_column: String,
    /// Column with the author
    #[arg(long, value_name = "NAME", default_value = "author")]
    author_column: String,
    /// Column with the site or publication
    #[arg(long, value_name = "NAME", default_value = "source")]
    source_column: String,
    /// Column with the date of publication
    #[arg(long, value_name = "NAME", default_value = "date")]
    date_column: String,
    /// Column with the address
    #[arg(long, value_name = "NAME", default_value = "url")]
    url_column: String,
}

impl ColumnArgs {
    pub fn columns(&self) -> Columns {
        Columns {
            text: self.text_column.clone(),
            title: self.title_column.clone(),
            id: self.id_column.clone(),
            author: self.author_column.clone(),
            source: self.source_column.clone(),
            date: self.date_column.clone(),
            url: self.url_column.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// One object a line
    Jsonl,
    /// A row of cells for each article, for spreadsheets and scripts
    Csv,
    /// A Parquet file
    Parquet,
    /// An Arrow IPC stream
    Arrow,
    /// A page for people: topics over time, a table to sort and filter, each article with its
    /// evidence
    Html,
}

impl FormatName {
    fn of_suffix(path: &Path) -> Option<Self> {
        let suffix = path.extension()?.to_str()?.to_lowercase();
        Some(match suffix.as_str() {
            "jsonl" | "ndjson" => Self::Jsonl,
            "csv" => Self::Csv,
            "parquet" | "pq" => Self::Parquet,
            "arrow" | "arrows" | "ipc" => Self::Arrow,
            "html" | "htm" => Self::Html,
            _ => return None,
        })
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let format = format(args)?;
    let analyzer = args.shape.labels.own.analyzer(common)?;
    let mut options = args.shape.options(&analyzer)?;
    args.summary.set(&args.shape, &analyzer, &mut options)?;
    let filter = filter(&args.report, &analyzer)?;
    let columns = columns(args, format, &analyzer)?;
    let reading = Reading {
        columns: args.columns.columns(),
        keep: args.report.keep.clone(),
        max_bytes: args.text.max_bytes,
        tables: args.table,
    };
    let settings = settings(args, &analyzer, &options, &reading)?;
    let file = args
        .output
        .as_deref()
        .filter(|path| is_file(path))
        .map(place);
    if file.is_none() && (args.resume || args.restart) {
        bail!("--resume and --restart: only a report in a file can be gone on with");
    }
    if let Some(folder) = file.as_deref().and_then(Path::parent)
        && !folder.is_dir()
    {
        bail!(
            "{}: there is no such folder; make it first",
            folder.display()
        );
    }
    let (mut journal, sources) = match &file {
        Some(file) => {
            let (journal, sources) = go_on_or_begin(args, common, file, settings)?;
            (Some(journal), sources)
        }
        None => (None, sources(args, None)?),
    };
    let inputs: Vec<PathBuf> = (sources.iter().cloned())
        .chain(args.shape.labels.own.file())
        .collect();
    let content = match file {
        Some(_) => Content::Alone,
        None => Content::Plain,
    };
    let report = Output::of(content, args.output.as_deref(), &inputs).and_then(|output| {
        let report = Report::new(format, columns, page(args, &analyzer, &filter), output);
        report.map_err(|e| unwritable(e, args.output.as_deref()))
    });
    let mut report = match report {
        Ok(report) => report,
        Err(error) => {
            // Nothing was done that would be worth keeping.
            if let Some(journal) = journal.filter(|_| !args.resume) {
                journal.remove()?;
            }
            return Err(error);
        }
    };

    let start = Instant::now();
    let stop = stop_on_signal()?;
    let mut meter = Meter::new(common.quiet);
    let mut failed = 0;
    // A table without the column of the text would say so for each row.
    let mut said = (usize::MAX, String::new());
    let plan = Plan {
        analyzer: &analyzer,
        options: &options,
        filter: &filter,
        with_text: args.text.with_text,
        cluster: args.report.cluster,
    };
    let inputs = Inputs::new(sources, reading);
    let journal_of_run = journal.as_mut();
    let ran = batch::run(
        inputs,
        &plan,
        journal_of_run,
        &mut report,
        &stop,
        |event| match event {
            Event::Failed(input, error) if said.0 == input.source && said.1 == error => {}
            Event::Failed(input, error) => {
                failed += 1;
                said = (input.source, error.to_owned());
                if failed <= TOLD {
                    meter.say("error", format!("{}: {error}", input.name()));
                } else if failed == TOLD + 1 {
                    meter.say("error", "more inputs failed; the report says why for each");
                }
            }
            Event::Warning(warning) if !common.quiet => meter.say("warning", warning),
            Event::Warning(_) => {}
            Event::Progress(counts, share) => {
                meter.update(counts.rows, counts.rows - counts.kept, share);
            }
        },
    );
    drop(meter);
    let counts = match ran {
        Ok(counts) => counts,
        Err(error) => return Err(ended_early(error, args, journal)),
    };
    if let Some(journal) = &mut journal {
        journal
            .sync()
            .map_err(|e| unwritable(e, Some(journal.path())))?;
    }
    if counts.stopped {
        say("stopped", format!("after {} articles", counts.rows));
        hint_of_resume(journal.as_ref());
        return Ok(Ended::Stopped);
    }
    let finished = report
        .finish()
        .map_err(|e| unwritable(e, args.output.as_deref()))
        .and_then(Output::complete);
    if let Err(error) = finished {
        hint_of_resume(journal.as_ref());
        return Err(error);
    }
    if let Some(journal) = journal {
        done_with(journal, common);
    }
    let seconds = start.elapsed().as_secs_f64();
    if !common.quiet {
        say(
            "done",
            told(&counts, &analyzer, args.report.cluster, seconds),
        );
    }
    if counts.copies > 0 {
        common.note(format!("{} exact copies were encoded once", counts.copies));
    }
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    common.note(format!("{:.0} tokens/s", counts.tokens as f64 / seconds));
    Ok(if counts.failed > 0 {
        Ended::InputFailed
    } else {
        Ended::Well
    })
}

/// The journal of a report in a file, and the sources of the run that it is of.
fn go_on_or_begin(
    args: &Args,
    common: &Common,
    file: &Path,
    settings: Settings,
) -> anyhow::Result<(Journal, Vec<PathBuf>)> {
    let resumed = match args.resume {
        true => Journal::resume(file, &settings)?,
        false => None,
    };
    let Some(journal) = resumed else {
        let sources = sources(args, Some(file))?;
        let part = part_of(file);
        // A run of classify never leaves one without the other.
        if part.exists() && !journal::beside(file).exists() {
            bail!(
                "{}: stands where the report is written until it is complete; move it, or name \
                 the report otherwise",
                part.display()
            );
        }
        let journal = Journal::begin(file, args.restart, settings, sources.clone());
        let journal = journal.map_err(|error| match error {
            JournalError::Io { path, error } => unwritable(error, Some(&path)),
            other => other.into(),
        });
        return Ok((journal?, sources));
    };
    common.note(format!("{} articles are done", journal.done()));
    if journal.spoiled() > 0 {
        common.warn(format!(
            "{}: {} spoiled; what they kept is done again",
            journal.path().display(),
            number(journal.spoiled(), "line")
        ));
    }
    let begun = journal.sources().to_vec();
    // A list on standard input was read by the run that began.
    let now = match args.files_from.as_deref() == Some(Path::new("-")) {
        true => Vec::new(),
        false => sources(args, Some(file)).unwrap_or_default(),
    };
    let had: HashSet<&PathBuf> = begun.iter().collect();
    let new = now.iter().filter(|path| !had.contains(path)).count();
    if new > 0 {
        common.warn(format!(
            "{} new since the run began; not in this report",
            number(new, "file")
        ));
    }
    Ok((journal, begun))
}

/// Removes the journal of a report that is complete, or keeps it for inputs that are worth
/// another try. The report is complete whatever becomes of it.
fn done_with(mut journal: Journal, common: &Common) {
    let path = journal.path().to_owned();
    let ended = match journal.passing() {
        0 => journal.remove(),
        passing => {
            say(
                "note",
                format!(
                    "{} could not be read for now; once that is mended, the same command with \
                     --resume tries them again and takes the rest from {}",
                    number(passing, "input"),
                    path.display()
                ),
            );
            journal.complete()
        }
    };
    if let Err(error) = ended {
        common.warn(format!("{}: {error}", path.display()));
    }
}

fn format(args: &Args) -> anyhow::Result<ReportFormat> {
    let file = args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let name = match (args.format, file) {
        (Some(name), _) => name,
        (None, None) => FormatName::Jsonl,
        (None, Some(file)) => FormatName::of_suffix(file).with_context(|| {
            format!(
                "{}: no format has this suffix; name the file .csv, .jsonl, .parquet, .arrow or \
                 .html, or give --format",
                file.display()
            )
        })?,
    };
    if args.report.excel && name != FormatName::Csv {
        bail!("--excel: is for CSV reports only");
    }
    let in_columns = matches!(
        name,
        FormatName::Csv | FormatName::Parquet | FormatName::Arrow
    );
    if !args.report.chosen.is_empty() && !in_columns {
        bail!(
            "--columns: JSON Lines and HTML have all of them; they are for CSV, Parquet and Arrow"
        );
    }
    let binary = matches!(name, FormatName::Parquet | FormatName::Arrow);
    if binary && file.is_none() && std::io::stdout().is_terminal() {
        bail!("this format is not for a terminal; give --output, or send it on to a program");
    }
    Ok(match name {
        FormatName::Jsonl => ReportFormat::Jsonl,
        FormatName::Csv => ReportFormat::Csv {
            excel: args.report.excel,
        },
        FormatName::Parquet => ReportFormat::Parquet,
        FormatName::Arrow => ReportFormat::Arrow,
        FormatName::Html => ReportFormat::Html,
    })
}

fn filter(args: &ReportArgs, analyzer: &Analyzer) -> anyhow::Result<Filter> {
    for only in &args.only {
        known(analyzer, "--only", &only.topic)?;
    }
    Ok(Filter {
        only: args.only.clone(),
        labelled: args.labelled,
        uncertain: args.uncertain,
    })
}

fn columns(args: &Args, format: ReportFormat, analyzer: &Analyzer) -> anyhow::Result<Vec<Column>> {
    if matches!(format, ReportFormat::Jsonl | ReportFormat::Html) {
        return Ok(Vec::new());
    }
    let topics: Vec<&str> = analyzer.topics().iter().map(|t| t.id.as_str()).collect();
    let extra = Extra {
        kept: args.report.keep.clone(),
        cluster: args.report.cluster,
        text: args.text.with_text,
    };
    let chosen = (!args.report.chosen.is_empty()).then_some(&args.report.chosen[..]);
    Column::choose(chosen, &topics, &extra).context("--columns and --keep")
}

fn page(args: &Args, analyzer: &Analyzer, filter: &Filter) -> PageMeta {
    let topics = analyzer.topics().iter().map(|topic| PageTopic {
        id: topic.id.clone(),
        name: topic.name.clone(),
        threshold: topic.threshold,
    });
    PageMeta {
        model: analyzer.model().clone(),
        topics: topics.collect(),
        columns: args.report.keep.clone(),
        filters: filter.told(),
    }
}

/// A name as it is meant where a space follows a comma.
fn name_of_column(name: &str) -> Result<String, &'static str> {
    match name.trim() {
        "" => Err("a name is empty"),
        name => Ok(name.to_owned()),
    }
}

/// Whether a report goes to a file, not to a stream, a device or a pipe.
fn is_file(path: &Path) -> bool {
    path != Path::new("-") && path.metadata().map_or(true, |metadata| metadata.is_file())
}

/// The sources as they are found. The report is none of them, nor what stands beside it.
///
/// # Errors
/// When one of those is named as a source, which it would destroy.
fn sources(args: &Args, report: Option<&Path>) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = args.sources.clone();
    let stream = Path::new("-");
    if let Some(list) = &args.files_from {
        let mut bytes = Vec::new();
        match list == stream {
            true => std::io::stdin().lock().read_to_end(&mut bytes),
            false => std::fs::File::open(list).and_then(|mut file| file.read_to_end(&mut bytes)),
        }
        .with_context(|| list.display().to_string())?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        paths.extend(
            lines
                .filter(|line| !line.trim_ascii().is_empty())
                .map(path_of),
        );
        if paths.is_empty() {
            bail!("--files-from {}: has no line in it", list.display());
        }
    }
    let streams = paths
        .iter()
        .chain(&args.files_from)
        .filter(|p| *p == stream);
    if streams.count() > 1 {
        bail!("- (standard input) can be given once only");
    }
    let patterns = Patterns {
        include: args.include.clone(),
        exclude: args.exclude.clone(),
    };
    let found = find(&paths, &patterns)?;
    let Some(report) = report else {
        return Ok(found);
    };
    let own = [report.to_owned(), journal::beside(report), part_of(report)];
    // Names first: looking where each of many files is takes time.
    let is_own = |path: &PathBuf| {
        let same_name = |own: &PathBuf| own.file_name() == path.file_name();
        own.iter().any(same_name) && own.contains(&place(path))
    };
    if let Some(path) = paths.iter().chain(&args.files_from).find(|p| is_own(p)) {
        bail!(
            "{}: is an input, and this run would write to it; name the report otherwise",
            path.display()
        );
    }
    Ok(found.into_iter().filter(|path| !is_own(path)).collect())
}

/// A path as a list has it.
fn path_of(line: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(line).into()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(line).into_owned().into()
    }
}

/// All that the results depend on.
fn settings(
    args: &Args,
    analyzer: &Analyzer,
    options: &Options,
    reading: &Reading,
) -> anyhow::Result<Settings> {
    let model = analyzer.model();
    let folder = std::env::current_dir().unwrap_or_default();
    let paths = args.sources.iter().map(|path| path.display().to_string());
    let mut settings = vec![
        ("classify", env!("CARGO_PKG_VERSION").to_owned()),
        ("the model", format!("{} {}", model.name, model.version)),
        ("the model's files", analyzer.digest().to_owned()),
        ("the engine", analyzer.engine()),
        ("the folder", folder.display().to_string()),
        ("the sources", paths.collect::<Vec<_>>().join(", ")),
        (
            "--files-from",
            (args.files_from.as_deref())
                .map_or_else(|| "nothing".to_owned(), |list| list.display().to_string()),
        ),
        ("--include", listed(&args.include)),
        ("--exclude", listed(&args.exclude)),
        ("--max-bytes", reading.max_bytes.to_string()),
        ("--table", reading.tables.to_string()),
        ("--keep", listed(&reading.keep)),
        (
            "most sentences of the summary",
            most(options.summary.sentences),
        ),
        ("most words of the summary", most(options.summary.words)),
        (
            "most characters of the summary",
            most(options.summary.chars),
        ),
        ("--ratio", options.summary.ratio.to_string()),
        ("the summary's order by rank", options.by_rank.to_string()),
    ];
    let columns = reading.columns.flags();
    settings.extend(columns.map(|(flag, name)| (flag, name.to_owned())));
    let focus = match &options.focus {
        None => "nothing".to_owned(),
        Some(Focus::Topic(topic)) => format!("topic {topic}"),
        Some(Focus::Query(query)) => format!("query {}", query.text),
    };
    settings.push(("the summary's focus", focus));
    let mut thresholds: Vec<String> = (options.thresholds.iter())
        .map(|(topic, p)| format!("{topic}={p}"))
        .collect();
    thresholds.sort();
    thresholds.extend(options.threshold.map(|p| p.to_string()));
    if !thresholds.is_empty() {
        settings.push(("--threshold", thresholds.join(", ")));
    }
    if let Some(file) = args.shape.labels.own.file() {
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        settings.push(("--topics", crate::model::sha256_hex(&bytes)));
    }
    Ok((settings.into_iter())
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

fn listed(values: &[String]) -> String {
    match values {
        [] => "nothing".to_owned(),
        _ => values.join(", "),
    }
}

fn most(count: usize) -> String {
    match count {
        usize::MAX => "any number".to_owned(),
        count => count.to_string(),
    }
}

/// A flag that is set by the first Ctrl-C; the second ends the process.
fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            #[expect(clippy::exit, reason = "asked for twice")]
            std::process::exit(i32::from(super::STOPPED));
        }
        say(
            "stopping",
            "the articles under way are finished; again to end at once",
        );
    })?;
    Ok(stop)
}

fn ended_early(error: BatchError, args: &Args, journal: Option<Journal>) -> anyhow::Error {
    let error = match error {
        BatchError::Report(error) => unwritable(error, args.output.as_deref()),
        BatchError::Journal(error) => unwritable(error, journal.as_ref().map(Journal::path)),
        changed @ BatchError::Changed(_) => return changed.into(),
    };
    hint_of_resume(journal.as_ref());
    error
}

fn hint_of_resume(journal: Option<&Journal>) {
    if let Some(journal) = journal {
        say(
            "note",
            format!(
                "what is done is kept in {}; the same command with --resume goes on from there",
                journal.path().display()
            ),
        );
    }
}

fn number(count: usize, of: &str) -> String {
    match count {
        1 => format!("1 {of}"),
        _ => format!("{count} {of}s"),
    }
}

/// What a run came to.
fn told(counts: &Counts, analyzer: &Analyzer, cluster: bool, seconds: f64) -> String {
    let mut parts = vec![format!(
        "{}: {} failed, {} uncertain",
        number(counts.rows, "article"),
        counts.failed,
        counts.uncertain
    )];
    if counts.left_out > 0 {
        parts[0] += &format!(", {} left out", counts.left_out);
    }
    let labels = analyzer.topics().iter().map(|topic| {
        let count = counts.labels.get(&topic.id).unwrap_or(&0);
        format!("{count} {}", topic.id)
    });
    let labels: Vec<String> = labels.collect();
    if !labels.is_empty() {
        parts.push(labels.join(", "));
    }
    if cluster {
        parts.push(number(counts.clusters, "cluster"));
    }
    parts.push(format!("{seconds:.1} s"));
    parts.join("; ")
}
