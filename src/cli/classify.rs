//! `classify FILE…`: the main job.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;

use super::files::{Output, unwritable};
use super::{Common, Ended, say};
use crate::analysis::Analysis;
use crate::analyzer::{AnalyzeError, Analyzer, TOGETHER};
use crate::article::{Article, Articles, DEFAULT_MAX_BYTES, ReadError, read};
use crate::options::{DEFAULT_SUMMARY, Focus, Options};
use crate::output::{Format, Outcome, Page, Printer};
use crate::summary::Length;

/// Flags of the main job.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Articles: text, Markdown, HTML, PDF, Word, e-mail or feed, also as .gz, .zst or .bz2;
    /// - for standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format of the results
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: FormatName,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    summary: Summary,
    #[command(flatten)]
    text: Text,
}

/// What of an analysis can be set by flags.
#[derive(Debug, clap::Args)]
pub struct Shape {
    /// Most sentences of the summary; 0 for none [default: 3, or any number with another bound]
    #[arg(short = 'n', long, value_name = "N")]
    sentences: Option<usize>,
    #[command(flatten)]
    pub labels: Labels,
}

/// What decides about topics.
#[derive(Debug, clap::Args)]
pub struct Labels {
    /// Probability from which on a topic holds, for all topics or for one; repeatable
    #[arg(long, value_name = "[TOPIC=]P")]
    threshold: Vec<Threshold>,
    #[command(flatten)]
    pub own: super::topics::Own,
}

/// How long the summary is and how it is ordered; every bound holds.
#[derive(Debug, clap::Args)]
pub struct Summary {
    /// Most words of the summary
    #[arg(long, value_name = "N")]
    words: Option<usize>,
    /// Most characters of the summary
    #[arg(long, value_name = "N")]
    chars: Option<usize>,
    /// Most words of the summary, as a share of the article's: 0.2
    #[arg(long, value_name = "P", value_parser = share)]
    ratio: Option<f32>,
    /// Summarise what the article says about one topic of the model
    #[arg(long, value_name = "TOPIC", conflicts_with = "query")]
    summary_for: Option<String>,
    /// Summarise what the article says about anything: "customs checks"
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// Order of the summary's sentences
    #[arg(long, value_name = "ORDER", default_value = "article")]
    order: Order,
    /// No summary, which saves a little time
    #[arg(long, conflicts_with_all = ["sentences", "words", "chars", "ratio", "order", "summary_for", "query"])]
    no_summary: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// As in the article
    Article,
    /// The best first
    Rank,
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("give a share above 0 and up to 1, such as 0.2".to_owned()),
    }
}

impl Summary {
    /// Sets the options that these flags decide.
    ///
    /// # Errors
    /// When the model cannot tell the topic that the summary is about, or answer a query.
    pub fn set(
        &self,
        shape: &Shape,
        analyzer: &Analyzer,
        options: &mut Options,
    ) -> anyhow::Result<()> {
        let length = &mut options.summary;
        if self.words.or(self.chars).is_some() || self.ratio.is_some() {
            length.sentences = shape.sentences.unwrap_or(usize::MAX);
        }
        length.words = self.words.unwrap_or(length.words);
        length.chars = self.chars.unwrap_or(length.chars);
        length.ratio = self.ratio.unwrap_or(length.ratio);
        if self.no_summary {
            length.sentences = 0;
        }
        options.by_rank = self.order == Order::Rank;
        if let Some(topic) = &self.summary_for {
            known(analyzer, "--summary-for", topic)?;
            options.focus = Some(Focus::Topic(topic.clone()));
        }
        if let Some(query) = &self.query {
            if !query.chars().any(char::is_alphanumeric) {
                bail!("--query: has no word in it");
            }
            options.focus = Some(Focus::Query(analyzer.query(query)?));
        }
        Ok(())
    }
}

/// What is read of an article and what of it is passed on.
#[derive(Debug, clap::Args)]
pub struct Text {
    /// Most bytes of an article's text; files with markup or pictures may have 16 times as many
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_BYTES)]
    pub max_bytes: u64,
    /// Add the article's text to JSON
    #[arg(long)]
    pub with_text: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// A page for people
    Text,
    /// One object for one input, an array for several
    Json,
    /// One object a line
    Jsonl,
    /// For notes and issue trackers
    Markdown,
}

#[derive(Debug, Clone, PartialEq)]
struct Threshold {
    topic: Option<String>,
    value: f32,
}

impl std::str::FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (topic, value) = match text.split_once('=') {
            Some((topic, value)) => (Some(topic.trim().to_owned()), value),
            None => (None, text),
        };
        match value.trim().parse() {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(Self { topic, value }),
            _ => Err(format!("\"{value}\" is no probability between 0 and 1")),
        }
    }
}

impl Shape {
    /// Sentences of the summary.
    pub fn sentences(&self) -> usize {
        self.sentences.unwrap_or(DEFAULT_SUMMARY)
    }

    /// The options for an analyzer.
    ///
    /// # Errors
    /// When a threshold names a topic that the model does not have.
    pub fn options(&self, analyzer: &Analyzer) -> anyhow::Result<Options> {
        Ok(Options {
            summary: Length::sentences(self.sentences()),
            ..self.labels.options(analyzer)?
        })
    }
}

impl Labels {
    /// The options for an analyzer, as far as topics go.
    ///
    /// # Errors
    /// When a threshold names a topic that the model does not have.
    pub fn options(&self, analyzer: &Analyzer) -> anyhow::Result<Options> {
        let mut options = Options::default();
        for threshold in &self.threshold {
            let Some(topic) = &threshold.topic else {
                options.threshold = Some(threshold.value);
                continue;
            };
            known(analyzer, "--threshold", topic)?;
            options.thresholds.insert(topic.clone(), threshold.value);
        }
        Ok(options)
    }
}

/// Whether the model has a topic that a flag names.
pub fn known(analyzer: &Analyzer, flag: &str, topic: &str) -> anyhow::Result<()> {
    let ids: Vec<&str> = analyzer.topics().iter().map(|t| t.id.as_str()).collect();
    if ids.contains(&topic) {
        return Ok(());
    }
    bail!(
        "{flag}: no topic \"{topic}\" in this model; it has {}",
        if ids.is_empty() {
            "none".to_owned()
        } else {
            ids.join(", ")
        }
    );
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    if args.files.is_empty() {
        bail!("no article given; try `classify article.txt`, `classify -` or `classify --help`");
    }
    if args.files.iter().filter(|f| is_stdin(f)).count() > 1 {
        bail!("- (standard input) can be given once only");
    }
    let start = Instant::now();
    let analyzer = args.shape.labels.own.analyzer(common)?;
    let mut options = args.shape.options(&analyzer)?;
    args.summary.set(&args.shape, &analyzer, &mut options)?;
    common.note(format!(
        "model {} {} ready in {:.0} ms on {} threads",
        analyzer.model().name,
        analyzer.model().version,
        start.elapsed().as_secs_f64() * 1e3,
        analyzer.threads()
    ));

    // Files are read one by one, but JSON needs to know from the first whether
    // there will be several results.
    let mut readings = args.files.iter().map(|f| read(f, args.text.max_bytes));
    let first = readings.next();
    let several =
        args.files.len() > 1 || matches!(&first, Some(Ok(articles)) if articles.len() > 1);
    let format = match args.format {
        FormatName::Text => Format::Text(Page {
            width: page_width(args.output.is_some()),
        }),
        FormatName::Json => Format::Json { array: several },
        FormatName::Jsonl => Format::Jsonl,
        FormatName::Markdown => Format::Markdown,
    };
    let inputs: Vec<PathBuf> = args
        .files
        .iter()
        .cloned()
        .chain(args.shape.labels.own.file())
        .collect();
    let output = Output::open(args.output.as_deref(), &inputs)?;
    let mut run = Run {
        printer: Printer::new(format, analyzer.model().clone(), output),
        analyzer: &analyzer,
        options: &options,
        args,
        common,
        ended: Ended::Well,
    };
    for (file, reading) in args.files.iter().zip(first.into_iter().chain(readings)) {
        run.file(file, reading)
            .map_err(|e| unwritable(e, args.output.as_deref()))?;
    }
    run.printer
        .finish()
        .map_err(|e| unwritable(e, args.output.as_deref()))?
        .complete()?;
    Ok(run.ended)
}

/// A run over files.
struct Run<'a> {
    printer: Printer<Output>,
    analyzer: &'a Analyzer,
    options: &'a Options,
    args: &'a Args,
    common: &'a Common,
    ended: Ended,
}

impl Run<'_> {
    /// Analyses the articles of one file and prints what comes of them.
    fn file(&mut self, file: &Path, reading: Result<Articles, ReadError>) -> io::Result<()> {
        let path = (!is_stdin(file)).then(|| file.display().to_string());
        let name = path.as_deref().unwrap_or("standard input");
        let articles = match reading {
            Ok(articles) => articles,
            Err(error) => {
                let error = error.to_string();
                return self.print(name, path.as_deref(), None, Err(&error));
            }
        };
        let several = articles.len() > 1;
        let mut number = 0;
        for chunk in articles.chunks(TOGETHER) {
            let start = Instant::now();
            let together: Vec<&Article> = chunk.iter().flatten().collect();
            let analyses = self.analyzer.analyze_all(&together, self.options);
            let tokens: usize = analyses.iter().flatten().map(|a| a.tokens).sum();
            let seconds = start.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "for display")]
            let speed = tokens as f64 / seconds;
            self.common.note(format!(
                "{name}: {tokens} tokens in {seconds:.2} s, {speed:.0} tokens/s"
            ));
            let mut analyses = analyses.into_iter();
            for article in chunk {
                number += 1;
                let name = match several {
                    true => format!("{name}, article {number}"),
                    false => name.to_owned(),
                };
                let analysis = match article {
                    Ok(_) => analyses.next().unwrap_or(Err(AnalyzeError::NoSentence)),
                    Err(error) => {
                        let error = error.to_string();
                        self.print(&name, path.as_deref(), None, Err(&error))?;
                        continue;
                    }
                };
                let analysis = analysis.map_err(|e| e.to_string());
                let result = analysis.as_ref().map_err(String::as_str);
                self.print(&name, path.as_deref(), article.as_ref().ok(), result)?;
            }
        }
        Ok(())
    }

    fn print(
        &mut self,
        name: &str,
        path: Option<&str>,
        article: Option<&Article>,
        result: Result<&Analysis, &str>,
    ) -> io::Result<()> {
        match result {
            Ok(analysis) => {
                for warning in &analysis.warnings {
                    self.common.warn(format!("{name}: {warning}"));
                }
            }
            Err(error) => {
                say("error", format!("{name}: {error}"));
                self.ended = Ended::InputFailed;
            }
        }
        let text = article.filter(|_| self.args.text.with_text);
        self.printer.print(&Outcome {
            path,
            id: article.and_then(|a| a.id.as_deref()),
            text: text.map(|article| article.text.as_str()),
            ..Outcome::of(result)
        })?;
        self.printer.flush()
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// The terminal's width within what reads well; 80 columns elsewhere.
pub fn page_width(to_file: bool) -> usize {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    match terminal_size::terminal_size() {
        Some((width, _)) if terminal && !to_file => usize::from(width.0).clamp(40, 100),
        _ => 80,
    }
}
